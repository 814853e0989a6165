import { fileURLToPath } from 'node:url'
import { setTimeout as wait } from 'node:timers/promises'
import { versionOf } from './candidates.js'
import { startChild, stopChild, waitForOutput } from './children.js'
import { FleetPlace } from './fleet-place.js'
import { cpuMs, residentBytes } from './machine.js'
import type { Screen } from './screen.js'
import { quantile } from './stats.js'
import { interleave, type Bench, type Effort, type Row } from './suite.js'

const agents = 500
const deltasPerSecond = 1_000
/** The share of the deltas that a fleet on a busy machine may fail to publish. */
const shortfallMax = 0.05
const large = { cols: 200, rows: 50 }
const small = { cols: 80, rows: 24 }
/** After this long at a load it is as it stays. */
const settledMs = 1_500
const firstPictureMs = 400
/** What a bare Node takes on this kind of machine, at rest: as in `startup`. */
const bareStartMs = 77

const modes = { Overview: '1', Work: '2', Diff: '3', Health: '4' } as const
const modeNames = Object.keys(modes) as (keyof typeof modes)[]
const bareReader = fileURLToPath(new URL('bare-reader.js', import.meta.url))

/** What the full screen costs, and how soon it is there and answers. */
export const pulse: Bench = {
  name: 'pulse',
  about: 'first picture, and processor time, memory and key to picture with 500 agents at 1,000 deltas/s',
  async run(effort) {
    return [...(await measureFirstPicture(effort)), ...(await measureFleet(effort))]
  },
}

/** From the start to the picture that shows the agents there are. */
async function measureFirstPicture({ rounds, say }: Effort): Promise<Row[]> {
  const place = await FleetPlace.open(8)
  const hasHtop = versionOf('htop') !== null
  const rowOf = ({ cols, rows }: typeof large): Row => ({
    name: `start to first picture, ${cols}×${rows}`,
    unit: 'ms',
    rounds: { ours: [], bare: [], ...(hasHtop && { htop: [] }) },
    target: { kind: 'value', below: firstPictureMs, belowBare: firstPictureMs / bareStartMs },
    note: 'bare: node -e 0, start to end',
  })
  const sizes = [large, small].map((size) => ({ size, row: rowOf(size) }))
  const sides = (['ours', 'bare', 'htop'] as const).filter((side) => side !== 'htop' || hasHtop)
  const time = async (side: (typeof sides)[number], size: typeof large): Promise<number> => {
    const beginMs = performance.now()
    if (side === 'bare') {
      const child = startChild(process.execPath, ['-e', '0'])
      await new Promise((resolve) => child.once('exit', resolve))
      return performance.now() - beginMs
    }
    const screen = side === 'ours' ? place.show(size) : place.show(size, ['htop'])
    const last = side === 'ours' ? 'claude-0' : 'F10'
    await screen.until(`${side} showed no picture`, () => screen.text.includes(last))
    const ms = performance.now() - beginMs
    await place.hide(screen)
    return ms
  }
  try {
    say('first picture')
    for (const side of sides) await time(side, large)
    await interleave(rounds * 2, sizes, async ({ size, row }) => {
      for (const side of sides) row.rounds[side]!.push(await time(side, size))
    })
    return sizes.map(({ row }) => row)
  } finally {
    await place.close()
  }
}

async function measureFleet(effort: Effort): Promise<Row[]> {
  effort.say(`a fleet of ${agents}`)
  const place = await FleetPlace.open(agents)
  const bare = startChild(process.execPath, [bareReader, place.socket])
  try {
    await waitForOutput(bare, 'ready')
    const screen = place.show(large)
    await screen.until('Pulse did not show the fleet', () => screen.text.includes(`/${agents}`))
    const rows = [
      ...(await measureLoad(place, screen, bare.pid!, effort)),
      ...(await measureKeys(place, screen, effort)),
      ...(await measureRest(screen, bare.pid!, effort)),
    ]
    return [...rows, await measureMemory(screen)]
  } finally {
    await stopChild(bare)
    await place.close()
  }
}

/** Processor time under load, in each mode, beside a program that only parses what comes. */
async function measureLoad(
  place: FleetPlace,
  screen: Screen,
  bare: number,
  { isQuick, rounds, say }: Effort,
): Promise<Row[]> {
  const rows = modeNames.map((mode): Row => ({
    name: `processor time at load, ${mode}`,
    unit: 'percent',
    rounds: { ours: [], bare: [] },
    target: { kind: 'value', below: 50 },
    note: 'of one core; bare: Node that parses each line',
  }))
  const written: Row = { name: 'shown in a second of load, Overview', unit: 'bytes', rounds: { ours: [] } }
  await interleave(rounds, modeNames, async (mode) => {
    say(`processor time, ${mode}`)
    await turnTo(screen, mode)
    await underLoad(place, async () => {
      const used = await measureUse(screen, bare, isQuick ? 2_000 : 4_000)
      const row = rows[modeNames.indexOf(mode)]!
      row.rounds.ours.push(used.ours)
      row.rounds.bare!.push(used.bare)
      if (mode === 'Overview') written.rounds.ours.push((used.bytes / used.ms) * 1_000)
    })
  })
  return [...rows, written]
}

/** Processor time of Pulse and of the bare program in percent of one core, and the bytes that were shown meanwhile. */
async function measureUse(
  screen: Screen,
  bare: number,
  windowMs: number,
): Promise<{ ours: number; bare: number; bytes: number; ms: number }> {
  const before = [await cpuMs(screen.pid), await cpuMs(bare)] as const
  const bytes = screen.bytes
  const beginMs = performance.now()
  await wait(windowMs)
  const ms = performance.now() - beginMs
  const [ours, others] = [await cpuMs(screen.pid), await cpuMs(bare)]
  return {
    ours: ((ours - before[0]) / ms) * 100,
    bare: ((others - before[1]) / ms) * 100,
    bytes: screen.bytes - bytes,
    ms,
  }
}

/** From a key to the picture it asks for. */
async function measureKeys(
  place: FleetPlace,
  screen: Screen,
  { isQuick, rounds, say }: Effort,
): Promise<Row[]> {
  const p50: Row = {
    name: 'key to picture at load, p50',
    unit: 'ms',
    rounds: { ours: [], bare: [] },
  }
  const p99: Row = {
    name: 'key to picture at load, p99',
    unit: 'ms',
    rounds: { ours: [], bare: [] },
    // On a busy machine nobody is quicker than the bare one.
    target: { kind: 'added', below: 50 },
    note: 'until a terminal has it on its screen; bare: the echo of cat',
  }
  say('key to picture')
  await turnTo(screen, 'Overview')
  const echo = place.show(small, ['sh', '-c', 'stty raw -echo; printf ready; exec cat'])
  await echo.until('cat was not ready', () => echo.text.includes('ready'))
  await underLoad(place, async () => {
    for (let round = 0; round < rounds; round++) {
      const times = { ours: [] as number[], bare: [] as number[] }
      for (let i = 0; i < (isQuick ? 30 : 60); i++) {
        times.ours.push(await timeKey(screen, i % 2 === 0 ? 'j' : 'k', () => screen.selectedRow))
        times.bare.push(await timeKey(echo, 'x', () => echo.text))
        // At any moment between two pictures.
        await wait(40 + ((i * 13) % 50))
      }
      for (const side of ['ours', 'bare'] as const) {
        p50.rounds[side]!.push(quantile(times[side], 0.5))
        p99.rounds[side]!.push(quantile(times[side], 0.99))
      }
    }
  })
  await place.hide(echo)
  return [p50, p99]
}

/** @returns milliseconds from a key until what is looked at has changed. */
async function timeKey(screen: Screen, key: string, look: () => unknown): Promise<number> {
  const before = look()
  const beginMs = performance.now()
  screen.terminal.type(key)
  await screen.until('a key was not answered', () => look() !== before)
  return performance.now() - beginMs
}

/** What is written and worked when the fleet does nothing but live. */
async function measureRest(screen: Screen, bare: number, { isQuick, rounds, say }: Effort): Promise<Row[]> {
  const work: Row = {
    name: 'processor time at rest',
    unit: 'percent',
    rounds: { ours: [], bare: [] },
    // A hundred heartbeats a second are a hundred times to wake up, whatever is made of them.
    target: { kind: 'value', below: 1, belowBare: 3 },
    note: `${agents} agents that give a heartbeat every 5 s; of one core; bare: Node that parses each line`,
  }
  const written: Row = {
    name: 'shown at rest',
    unit: 'bytes',
    rounds: { ours: [] },
    target: { kind: 'value', below: 1 },
    note: 'in 5 s in which no age changes',
  }
  say('rest')
  await turnTo(screen, 'Overview')
  // After a key the rows keep their places for a while, which is told.
  await wait(6_000)
  for (let round = 0; round < (isQuick ? 1 : rounds); round++) {
    const used = await measureUse(screen, bare, 5_000)
    work.rounds.ours.push(used.ours)
    work.rounds.bare!.push(used.bare)
    written.rounds.ours.push(used.bytes)
  }
  return [work, written]
}

async function measureMemory(screen: Screen): Promise<Row> {
  const row: Row = {
    name: `resident memory, ${agents} agents`,
    unit: 'bytes',
    rounds: { ours: [await residentBytes(screen.pid)], bare: [] },
    note: 'after the load; bare: node -e with a timer',
  }
  const bare = startChild(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'])
  try {
    await wait(700)
    row.rounds.bare!.push(await residentBytes(bare.pid!))
    return row
  } finally {
    await stopChild(bare)
  }
}

async function turnTo(screen: Screen, mode: keyof typeof modes): Promise<void> {
  screen.terminal.type(modes[mode])
  await wait(500)
}

/** Does something while the fleet publishes. @throws when it published less than it should. */
async function underLoad(place: FleetPlace, act: () => Promise<void>): Promise<void> {
  await place.publish(deltasPerSecond)
  const beginMs = performance.now()
  await wait(settledMs)
  await act()
  const wanted = ((performance.now() - beginMs) / 1_000) * deltasPerSecond
  const sent = await place.publish(0)
  if (sent < wanted * (1 - shortfallMax))
    throw new Error(`${sent} deltas were published instead of ${Math.round(wanted)}: the machine is too busy`)
}
