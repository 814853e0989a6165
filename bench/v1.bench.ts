import net from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { stopChild } from './children.js'
import { residentBytes } from './machine.js'
import { Marks, markOf } from './marks.js'
import { benchSession } from './names.js'
import { hello, hubLine, hubPublisher } from './speech.js'
import { quantile } from './stats.js'
import { interleave, type Bench, type Effort, type Row } from './suite.js'
import { Tap } from './tap.js'
import * as v1 from './v1-client.js'
import { delta, statusState, SteadyPlace, type Company } from './v1-load.js'
import { seqOf } from './watcher.js'

const deltasPerSecond = 1_000
/** Long enough that each change comes into a hub at rest. */
const pauseMs = 15
const settleMs = 700
const retryMs = 2
const limitMs = 10_000
const pane = '7'

/** What v1 clients cost a hub, beside the same hub without them. */
export const v1Shim: Bench = {
  name: 'v1',
  about:
    'what a v1 subscriber costs ten Pulse ones; v1 latency and throughput; start and memory with the door',
  run: async (effort) => [
    ...(await beside(effort)),
    ...(await across(effort)),
    ...(await throughput(effort)),
    ...(await start(effort)),
    ...(await memory(effort)),
  ],
}

/** Ten Pulse subscribers without a v1 one, with one that reads, with one that does not. */
async function beside({ isQuick, rounds, say }: Effort): Promise<Row[]> {
  say('beside a v1 subscriber')
  const note = `bare: no v1 subscriber; ${deltasPerSecond} deltas/s of 4 KB to 10 Pulse subscribers, each of which changes what v1 is told`
  const rowsOf = (who: string, cpuBelow: number): Record<'p50' | 'p99' | 'cpu', Row> => ({
    p50: {
      name: `${who}: Pulse delivery, p50`,
      unit: 'us',
      rounds: { ours: [], bare: [] },
      target: { kind: 'ratio', to: 'bare', below: 1.25 },
      note,
    },
    // Of so busy a place p99 says more of the machine's other programs than of the hub: it has no target.
    p99: { name: `${who}: Pulse delivery, p99`, unit: 'us', rounds: { ours: [], bare: [] } },
    cpu: {
      name: `${who}: processor time of the hub`,
      unit: 'percent',
      rounds: { ours: [], bare: [] },
      target: { kind: 'ratio', to: 'bare', below: cpuBelow },
    },
  })
  const rows = { reader: rowsOf('a v1 reader', 1.6), mute: rowsOf('a v1 client that reads nothing', 1.25) }
  const count = deltasPerSecond * (isQuick ? 1 : 2)
  const places: { company: Company; place: SteadyPlace }[] = []
  try {
    for (const company of ['none', 'reader', 'mute'] as const)
      places.push({ company, place: await SteadyPlace.open(company) })
    for (const { place } of places) await place.publish(2 * deltasPerSecond, deltasPerSecond)
    await interleave(rounds * 3, places, async ({ company, place }) => {
      const { times, cpuPercent } = await place.publish(count, deltasPerSecond)
      const numbers = {
        p50: quantile(times, 0.5) * 1_000,
        p99: quantile(times, 0.99) * 1_000,
        cpu: cpuPercent,
      }
      for (const who of ['reader', 'mute'] as const)
        for (const what of ['p50', 'p99', 'cpu'] as const) {
          if (company === 'none') rows[who][what].rounds.bare!.push(numbers[what])
          if (company === who) rows[who][what].rounds.ours.push(numbers[what])
        }
    })
    for (const { place } of places) await place.check()
    return [...Object.values(rows.reader), ...Object.values(rows.mute)]
  } finally {
    await Promise.all(places.map(({ place }) => place.close()))
  }
}

/** One change at a time, from one protocol to the other. */
async function across({ isQuick, rounds, say }: Effort): Promise<Row[]> {
  say('from v1 and to v1')
  const rowsOf = (name: string): { p50: Row; p99: Row } => ({
    p50: {
      name: `${name}, p50`,
      unit: 'us',
      rounds: { ours: [], bare: [] },
      note: `bare: from Pulse to Pulse; a change each ${pauseMs} ms`,
    },
    p99: { name: `${name}, p99`, unit: 'us', rounds: { ours: [], bare: [] } },
  })
  const rows = { in: rowsOf('v1 publisher to Pulse'), out: rowsOf('Pulse publisher to v1') }
  const ways = ['bare', 'in', 'out'] as const
  const count = isQuick ? 80 : 200
  const hub = await v1.startDoorHub('open')
  try {
    for (const way of ways) await trips(hub, way, count)
    await interleave(rounds, ways, async (way) => {
      const times = (await trips(hub, way, count)).map((ms) => ms * 1_000)
      const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)]
      for (const side of ['in', 'out'] as const)
        if (way === 'bare' || way === side) {
          rows[side].p50.rounds[way === 'bare' ? 'bare' : 'ours']!.push(p50)
          rows[side].p99.rounds[way === 'bare' ? 'bare' : 'ours']!.push(p99)
        }
    })
    return [...Object.values(rows.in), ...Object.values(rows.out)]
  } finally {
    await stopChild(hub.child)
  }
}

/** @returns milliseconds of each change: from Pulse to Pulse, from v1 to Pulse, or from Pulse to v1. */
async function trips(hub: v1.DoorHub, way: 'bare' | 'in' | 'out', count: number): Promise<number[]> {
  // The publisher first: with it there, the hub has nothing of its own to tell of its agent.
  const publisher = await (way === 'in' ? v1.openV1Publisher(hub, pane) : openPulsePublisher(hub))
  const subscriber = await (way === 'out' ? v1.openV1Subscriber(hub) : openPulseSubscriber(hub))
  const frame = way === 'in' ? statusFrame : statusDelta
  try {
    const times: number[] = []
    return await subscriber.during<number[]>(
      (done) => {
        let marks: Marks
        let sentMs = 0
        const publish = (): void => {
          marks = new Marks(times.length, 1)
          const bytes = frame(markOf(times.length))
          sentMs = performance.now()
          publisher.write(bytes)
        }
        subscriber.hear = (chunk, length) =>
          marks.take(chunk, length, () => {
            times.push(performance.now() - sentMs)
            if (times.length === count) done(times)
            else setTimeout(publish, pauseMs)
          })
        publish()
      },
      () => `change ${times.length + 1} of ${count} was not delivered`,
    )
  } finally {
    publisher.close()
    subscriber.close()
  }
}

/** A status that changes with each message, said in v1 and published by Pulse. */
async function throughput({ isQuick, rounds, say }: Effort): Promise<Row[]> {
  say('v1 messages in')
  const row: Row = {
    name: 'v1 messages taken',
    unit: 'per_second',
    rounds: { ours: [], bare: [] },
    target: { kind: 'ratio', to: 'bare', atLeast: 0.25 },
    note: 'agent_status, each of which changes the agent; bare: the same in deltas over the Unix socket',
  }
  const forMs = isQuick ? 500 : 1_000
  const sides = ['ours', 'bare'] as const
  const hub = await v1.startDoorHub('open')
  try {
    for (const side of sides) await flood(hub, side, forMs)
    await interleave(rounds, sides, async (side) => {
      row.rounds[side]!.push(await flood(hub, side, forMs))
    })
    return [row]
  } finally {
    await stopChild(hub.child)
  }
}

/** Writes as fast as the hub reads. @returns messages a second. @throws when one was not taken. */
async function flood(hub: v1.DoorHub, side: 'ours' | 'bare', forMs: number): Promise<number> {
  const isV1 = side === 'ours'
  const tap = await (isV1 ? v1.openV1Publisher(hub, pane) : openPulsePublisher(hub))
  try {
    const perBatch = 64
    const frames = Array.from({ length: perBatch }, (_, i) => (isV1 ? statusFrame : statusDelta)(markOf(i)))
    const batch = Buffer.concat(frames)
    const before = await seqOf(hub.address)
    let sent = 0
    const beginMs = performance.now()
    await tap.during<void>(
      (done) => {
        const write = (): void => {
          while (performance.now() - beginMs < forMs) {
            sent += perBatch
            if (!tap.write(batch)) return tap.onceDrained(write)
          }
          done()
        }
        write()
      },
      () => 'the hub did not read all',
    )
    await tap.ask(isV1 ? v1.v1Last : hubLine('command', { command: 'refresh', args: {} }, 'last'), v1.hasLast)
    const ms = performance.now() - beginMs
    const taken = (await seqOf(hub.address)) - before
    if (taken !== sent) throw new Error(`${taken} of ${sent} messages were taken`)
    return (sent / ms) * 1_000
  } finally {
    tap.close()
  }
}

/** From the start of the hub to its answer on the Unix socket. */
async function start({ rounds, say }: Effort): Promise<Row[]> {
  say('start with the door')
  const row: Row = {
    name: 'start to first answer, with the door',
    unit: 'ms',
    rounds: { ours: [], bare: [] },
    target: { kind: 'ratio', to: 'bare', below: 1.25 },
    note: 'bare: the door is shut',
  }
  await timeStart('open')
  await interleave(rounds * 2, ['ours', 'bare'] as const, async (side) => {
    row.rounds[side]!.push(await timeStart(side === 'ours' ? 'open' : 'shut'))
  })
  return [row]
}

async function timeStart(door: v1.Door): Promise<number> {
  const beginMs = performance.now()
  const { child, socket } = v1.startDoorChild(door)
  try {
    while (!(await answers(socket))) {
      if (performance.now() - beginMs > limitMs || child.exitCode !== null)
        throw new Error('the hub did not start')
      await wait(retryMs)
    }
    return performance.now() - beginMs
  } finally {
    await stopChild(child)
  }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ path: socketPath })
    const done = (isUp: boolean): void => {
      socket.destroy()
      resolve(isUp)
    }
    socket.once('connect', () => socket.write(hello({ role: 'subscriber', capabilities: ['hello'] })))
    socket.once('data', () => done(true)).once('error', () => done(false))
  })
}

/** Memory of a hub that does nothing: with the door, and once a v1 client has come and gone. */
async function memory({ rounds, say }: Effort): Promise<Row[]> {
  say('memory with the door')
  const rowOf = (name: string, below: number): Row => ({
    name,
    unit: 'bytes',
    rounds: { ours: [], bare: [] },
    target: { kind: 'ratio', to: 'bare', below },
    note: 'bare: the door is shut',
  })
  const idle = rowOf('resident memory with the door', 1.1)
  const used = rowOf('resident memory after the first v1 client', 1.2)
  for (let round = 0; round < rounds; round++) {
    const hubs = await Promise.all([v1.startDoorHub('open'), v1.startDoorHub('shut')])
    const [ours, bare] = hubs
    try {
      // A client has come and gone, so that the hub has done once all that it does without v1 clients.
      for (const hub of hubs) {
        const publisher = await openPulsePublisher(hub)
        publisher.write(statusDelta(markOf(0)))
        await seqOf(hub.address)
        publisher.close()
      }
      await wait(settleMs)
      idle.rounds.ours.push(await residentBytes(ours.child.pid!))
      idle.rounds.bare!.push(await residentBytes(bare.child.pid!))
      const taps = [await v1.openV1Subscriber(ours), await v1.openV1Publisher(ours, pane)]
      taps[1]!.write(statusFrame(markOf(1)))
      await taps[1]!.ask(v1.v1Last, v1.hasLast)
      for (const tap of taps) tap.close()
      await wait(settleMs)
      used.rounds.ours.push(await residentBytes(ours.child.pid!))
      used.rounds.bare!.push(await residentBytes(bare.child.pid!))
    } finally {
      await Promise.all(hubs.map(({ child }) => stopChild(child)))
    }
  }
  return [idle, used]
}

function openPulsePublisher(hub: v1.DoorHub): Promise<Tap> {
  const { bytes, isReady } = hubPublisher(pane)
  return Tap.open(hub.address, bytes, isReady)
}

function openPulseSubscriber(hub: v1.DoorHub): Promise<Tap> {
  return Tap.open(hub.address, hello({ role: 'subscriber' }), (heard) => heard.endsWith('\n'))
}

function statusDelta(mark: string): Buffer {
  return delta(pane, statusState(pane, mark))
}

function statusFrame(mark: string): Buffer {
  const agent_id = `${benchSession}::${pane}`
  const status = { agent_id, status: 'running', pane_id: pane, project_root: '/home/ada', message: mark }
  return v1.v1Frame('agent_status', status)
}
