import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { stopCandidates } from './candidates.js'
import { startChild, stopChild } from './children.js'
import { writeOutput } from './compiler-output.js'
import { residentBytes } from './machine.js'
import { hello } from './speech.js'
import { quantile } from './stats.js'
import { interleave, type Bench, type Effort, type Row } from './suite.js'
import { Tap } from './tap.js'
import type { Terminal } from './terminal.js'
import { measureOutput } from './wrapped-output.js'
import { openWorkplace, settledMs, type Workplace } from './wrapped.js'

const sides = ['ours', 'bare'] as const

/** What a wrapped command feels of the wrapper, beside the same command on a terminal without one. */
export const wrapper: Bench = {
  name: 'wrapper',
  about: 'output, echo, first byte and memory of a wrapped command, beside a bare one',
  async run(effort) {
    const place = await openWorkplace()
    try {
      return [
        ...(await measureOutput(place, effort)),
        ...(await measureEcho(place, effort)),
        await measureFirstByte(place, effort),
        await measureMemory(place, effort),
      ]
    } finally {
      await stopCandidates([place.hub])
    }
  },
}

/** From a key to its echo by a program in raw mode, one key at a time. */
async function measureEcho(place: Workplace, { isQuick, rounds, say }: Effort): Promise<Row[]> {
  const p50: Row = { name: 'key to echo, p50', unit: 'us', rounds: { ours: [], bare: [] } }
  const p99: Row = {
    name: 'key to echo, p99',
    unit: 'us',
    rounds: { ours: [], bare: [] },
    target: { kind: 'added', below: 2_000 },
  }
  say('key to echo')
  const script = 'stty raw -echo; printf ready; exec cat'
  const terminals = { ours: place.start('ours', script), bare: place.start('bare', script) }
  try {
    await Promise.all(sides.map((side) => terminals[side].see('ready')))
    await wait(settledMs)
    const keys = isQuick ? 200 : 400
    for (const side of sides) await timeEchoes(terminals[side], keys)
    await interleave(rounds, sides, async (side) => {
      const times = await timeEchoes(terminals[side], keys)
      p50.rounds[side]!.push(quantile(times, 0.5))
      p99.rounds[side]!.push(quantile(times, 0.99))
    })
    return [p50, p99]
  } finally {
    await Promise.all(sides.map((side) => terminals[side].close()))
  }
}

/** @returns microseconds of each. */
function timeEchoes(terminal: Terminal, count: number): Promise<number[]> {
  const times: number[] = []
  return terminal.during<number[]>((done) => {
    let typedMs = 0
    const type = (): void => {
      typedMs = performance.now()
      terminal.type('x')
    }
    terminal.hear = () => {
      times.push((performance.now() - typedMs) * 1_000)
      if (times.length === count) done(times)
      else setTimeout(type, 1)
    }
    type()
  }, 'a key was not echoed')
}

/** From the start to the first byte that the command shows. */
async function measureFirstByte(place: Workplace, { rounds, say }: Effort): Promise<Row> {
  const row: Row = {
    name: 'start to first byte',
    unit: 'ms',
    rounds: { ours: [], bare: [] },
    target: { kind: 'added', below: 150 },
  }
  say('first byte')
  const time = async (side: 'ours' | 'bare'): Promise<number> => {
    const beginMs = performance.now()
    const terminal = place.start(side, 'printf x; read -r _')
    try {
      return await terminal.during<number>((done) => {
        terminal.hear = () => done(performance.now() - beginMs)
      }, 'no first byte')
    } finally {
      await terminal.close()
    }
  }
  for (const side of sides) await time(side)
  await interleave(rounds * 2, sides, async (side) => void row.rounds[side]!.push(await time(side)))
  return row
}

/** A wrapper that has reported for some seconds an agent that has filled its screen. */
async function measureMemory(place: Workplace, { isQuick, say }: Effort): Promise<Row> {
  const row: Row = {
    name: 'resident memory of a wrapper',
    unit: 'bytes',
    rounds: { ours: [], bare: [] },
    target: { kind: 'value', below: 70e6 },
    note: 'bare: node -e with a timer',
  }
  const screenful = writeOutput(path.join(place.dir, 'screen.out'), 'colored', 8_192)
  for (let round = 0; round < (isQuick ? 1 : 3); round++) {
    say('memory of a wrapper')
    const bare = startChild(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'])
    const terminal = place.start('ours', 'cat "$1"; printf ready; read -r _', screenful.file)
    try {
      await terminal.see('ready')
      await wait(5_000)
      row.rounds.ours.push(await residentBytes(terminal.pid))
      row.rounds.bare!.push(await residentBytes(bare.pid!))
      await checkReport(place)
    } finally {
      await Promise.all([terminal.close(), stopChild(bare)])
    }
  }
  return row
}

/** @throws unless the hub knows what is shown and what was changed: a wrapper that reports nothing is small. */
async function checkReport({ hub }: Workplace): Promise<void> {
  const tap = await Tap.open(hub.address, hello({ role: 'subscriber' }), (heard) => heard.endsWith('\n'))
  tap.close()
  for (const wanted of ['"snippet":"', '"files":[{'])
    if (!tap.answer.includes(wanted)) throw new Error(`the hub was not told ${wanted}: ${tap.answer}`)
}
