import { startHub, stopCandidates } from './candidates.js'
import { FrameCounter } from './counter.js'
import { deltaLines } from './delta.js'
import { hubLine, hubPublisher } from './speech.js'
import type { Bench, Row } from './suite.js'
import { Tap, type Address } from './tap.js'
import { openWatcher, seqOf } from './watcher.js'

const replayDeltas = 2_000
const snapshotAgents = 1_000

/** From `subscribe` to the last byte of the answer: the deltas that were missed, or all states. */
export const resume: Bench = {
  name: 'resume',
  about: `time to the last byte of a replay of ${replayDeltas} deltas and of a snapshot of ${snapshotAgents} agents`,
  async run({ rounds, say }) {
    const replay: Row = { name: 'replay of 2,000 deltas', unit: 'ms', rounds: { ours: [] } }
    const snapshot: Row = { name: 'snapshot of 1,000 agents', unit: 'ms', rounds: { ours: [] } }
    // Five times as many rounds: each takes a few milliseconds, and the first ones come from a cold program.
    const times = rounds * 5

    say('replay')
    const small = await startHub()
    // They stay: the hub would tell of those that go.
    const idle: Tap[] = []
    try {
      // A replay that is longer than a snapshot is not sent: some large states make the snapshot the longer one.
      for (let pane = 100; pane < 110; pane++)
        idle.push(await openPublisher(small.address, largeState(String(pane)), String(pane)))
      const missed = deltaLines(replayDeltas).flatMap((line) => [line, Buffer.from('\n')])
      idle.push(await openPublisher(small.address, Buffer.concat(missed), '7'))
      const seq = await seqOf(small.address)
      for (let i = 0; i < times; i++) replay.rounds.ours.push(await timeReplay(small.address, seq))
    } finally {
      for (const tap of idle) tap.close()
      await stopCandidates([small])
    }

    say('snapshot')
    const full = await startHub()
    const publishers: Tap[] = []
    try {
      for (let agent = 1; agent <= snapshotAgents; agent++) {
        const pane = String(agent).padStart(4, '0')
        const { bytes, isReady } = hubPublisher(pane)
        const tap = await Tap.open(full.address, bytes, isReady)
        publishers.push(tap)
        tap.write(Buffer.concat([...deltaLines(1, pane), Buffer.from('\n')]))
      }
      while ((await seqOf(full.address)) < snapshotAgents)
        await new Promise((resolve) => setTimeout(resolve, 5))
      for (let i = 0; i < times; i++) snapshot.rounds.ours.push(await timeSnapshot(full.address))
    } finally {
      for (const tap of publishers) tap.close()
      await stopCandidates([full])
    }
    return [replay, snapshot]
  },
}

/** A delta with a state of some 200 KB. */
function largeState(pane: string): Buffer {
  const state = { lifecycle: 'idle', source: { log: 'x'.repeat(200_000) } }
  return hubLine('delta', { changes: [{ op: 'upsert', agent_id: `bench::${pane}`, state }] })
}

/** Connects a publisher, publishes some lines and waits until the hub has taken them. */
async function openPublisher(address: Address, lines: Buffer, pane: string): Promise<Tap> {
  const { bytes, isReady } = hubPublisher(pane)
  const tap = await Tap.open(address, bytes, isReady)
  await tap.ask(
    Buffer.concat([lines, hubLine('command', { command: 'refresh', args: {} }, 'last')]),
    (heard) => heard.includes('"last"'),
  )
  return tap
}

/** @throws when anything but the deltas that were missed is sent. */
async function timeReplay(address: Address, seq: number): Promise<number> {
  const { tap } = await openWatcher(address)
  const asked = hubLine('subscribe', { topics: ['agent_state'], since_seq: seq - replayDeltas })
  const counter = new FrameCounter()
  let head = ''
  const beginMs = performance.now()
  const ms = await tap.during<number>(
    (done) => {
      tap.hear = (chunk, length) => {
        if (head === '') head = chunk.toString('latin1', 0, 400)
        counter.take(chunk, length)
        if (counter.frames >= replayDeltas) done(performance.now() - beginMs)
      }
      tap.write(asked)
    },
    () => `${counter.frames} of ${replayDeltas} deltas came; the first: ${head}`,
  )
  tap.close()
  if (!head.includes('"mode":"replay"')) throw new Error(`not a replay: ${head}`)
  return ms
}

/** @throws when the snapshot does not come with all its parts. */
async function timeSnapshot(address: Address): Promise<number> {
  const { tap } = await openWatcher(address)
  const asked = hubLine('subscribe', { topics: ['agent_state'] })
  const counter = new FrameCounter()
  let frames = Number.POSITIVE_INFINITY
  /** The end of the first frame, which says how many follow. */
  let tail = ''
  const beginMs = performance.now()
  const ms = await tap.during<number>(
    (done) => {
      tap.hear = (chunk, length) => {
        if (counter.frames === 0) tail = tail.slice(-40) + chunk.toString('latin1', 0, length)
        counter.take(chunk, length)
        if (counter.frames > 0 && !Number.isFinite(frames))
          frames = 1 + Number(/"parts":(\d+)\}\}\n/.exec(tail)?.[1] ?? 0)
        if (counter.frames >= frames) done(performance.now() - beginMs)
      }
      tap.write(asked)
    },
    () => `${counter.frames} frames of the snapshot came`,
  )
  tap.close()
  return ms
}
