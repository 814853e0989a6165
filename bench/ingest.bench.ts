import { HubCore } from '../lib/hub/core.js'
import { decodeClientLine } from '../lib/wire/decode.js'
import * as limits from '../lib/wire/limits.js'
import { LineReader } from '../lib/wire/lines.js'
import { startHub, stopCandidates, type Candidate } from './candidates.js'
import { deltaLines } from './delta.js'
import { benchSession } from './names.js'
import { hubLine, hubPublisher } from './speech.js'
import { interleave, type Bench, type Row } from './suite.js'
import { Tap } from './tap.js'
import { seqOf } from './watcher.js'

/** What a socket gives at once. */
const chunkBytes = 65_536
const lineCount = 512
/**
 * 180,000 deltas/s were asked for; how much that is depends on the machine. A bare `JSON.parse` of the same line ran
 * 400,000 times a second where the number comes from, and no hub can be quicker than that: so the same share of what
 * this machine parses is asked of it.
 */
const shareOfParse = 180_000 / 400_000

const lines = deltaLines(lineCount)

/** Deltas a second through the hub's own parts in this process, and through a hub's socket. */
export const ingest: Bench = {
  name: 'ingest',
  about: 'deltas/s parsed, validated, cached and kept; in process and over the socket',
  async run({ isQuick, rounds, say }) {
    const inProcess: Row = {
      name: 'deltas taken in process',
      unit: 'per_second',
      rounds: { ours: [], bare: [] },
      target: { kind: 'ratio', to: 'bare', atLeast: shareOfParse },
      note: 'bare: JSON.parse of the same line',
    }
    const overSocket: Row = { name: 'deltas taken over the socket', unit: 'per_second', rounds: { ours: [] } }
    const deltas = lineCount * (isQuick ? 100 : 300)
    const forMs = isQuick ? 300 : 800

    const hub = await startHub()
    try {
      const sides = {
        ours: async () => void inProcess.rounds.ours.push(takeInProcess(deltas)),
        bare: async () => void inProcess.rounds.bare!.push(parseBare(deltas)),
        socket: async () => void overSocket.rounds.ours.push(await takeOverSocket(hub, forMs)),
      }
      const names = ['ours', 'bare', 'socket'] as const
      say('ingest')
      for (const name of names) await sides[name]()
      inProcess.rounds = { ours: [], bare: [] }
      overSocket.rounds = { ours: [] }
      await interleave(rounds, names, (name) => sides[name]())
      return [inProcess, overSocket]
    } finally {
      await stopCandidates([hub])
    }
  },
}

/** Reads chunks, as a socket gives them, into a core; it is flushed after each, as a server does. */
function takeInProcess(deltas: number): number {
  const core = new HubCore({
    sessionId: benchSession,
    epoch: 'bench',
    seqStart: 0,
    seqReserved: deltas + limits.seqBlock,
    version: '0',
    pid: process.pid,
    startedMs: 0,
    staleMs: 0,
    subscriberBudgetBytes: limits.subscriberBudgetBytes,
    random: Math.random,
  })
  const reader = new LineReader()
  const take = (): void => {
    for (let line = reader.next(); line !== null; line = reader.next()) {
      if (line.kind === 'too_long') throw new Error('a line was too long')
      const envelope = decodeClientLine(line.bytes)
      core.step({ kind: 'frame', conn: 1, envelope, line: line.bytes }, 1_000)
    }
    core.flush(1_000)
  }
  core.step({ kind: 'connected', conn: 1 }, 1_000)
  reader.push(hubPublisher('7').bytes)
  take()

  const all = Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]))
  const beginMs = performance.now()
  for (let pass = 0; pass < deltas / lineCount; pass++)
    for (let at = 0; at < all.length; at += chunkBytes) {
      reader.push(all.subarray(at, at + chunkBytes))
      take()
    }
  const ms = performance.now() - beginMs
  if (core.health().deltas_out !== deltas)
    throw new Error(`${core.health().deltas_out} of ${deltas} deltas were taken`)
  return (deltas / ms) * 1_000
}

function parseBare(times: number): number {
  const texts = lines.map((line) => line.toString())
  let objects = 0
  const beginMs = performance.now()
  for (let i = 0; i < times; i++) if (JSON.parse(texts[i % lineCount]!) !== null) objects++
  return (objects / (performance.now() - beginMs)) * 1_000
}

/** Writes as fast as the hub reads; its answer to a last frame tells that all before it were taken. */
async function takeOverSocket({ address }: Candidate, forMs: number): Promise<number> {
  const before = await seqOf(address)
  const { bytes, isReady } = hubPublisher('7')
  const tap = await Tap.open(address, bytes, isReady)
  try {
    const batch = Buffer.concat(lines.slice(0, 64).flatMap((line) => [line, Buffer.from('\n')]))
    let sent = 0
    const beginMs = performance.now()
    await tap.during<void>(
      (done) => {
        const write = (): void => {
          while (performance.now() - beginMs < forMs) {
            sent += 64
            if (!tap.write(batch)) return tap.onceDrained(write)
          }
          done()
        }
        write()
      },
      () => 'the hub did not read all',
    )
    // A publisher may give no command: the hub says so, in its turn.
    await tap.ask(hubLine('command', { command: 'refresh', args: {} }, 'last'), (heard) =>
      heard.includes('"last"'),
    )
    const ms = performance.now() - beginMs
    const taken = (await seqOf(address)) - before
    if (taken !== sent) throw new Error(`${taken} of ${sent} deltas were taken over the socket`)
    return (sent / ms) * 1_000
  } finally {
    tap.close()
  }
}
