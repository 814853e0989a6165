import { setTimeout as wait } from 'node:timers/promises'
import { stopChild } from './children.js'
import { fleetState, paneOf } from './fleet-states.js'
import { cpuMs } from './machine.js'
import { Marks, markOf, marksMax } from './marks.js'
import { benchSession } from './names.js'
import { hello, hubLine, hubPublisher } from './speech.js'
import { Tap } from './tap.js'
import { doorHealth, openV1Mute, openV1Subscriber, startDoorHub, type DoorHub } from './v1-client.js'

/** Who is there beside the Pulse clients: nobody, or a v1 subscriber that reads, or one that reads nothing at all. */
export type Company = 'none' | 'reader' | 'mute'

const subscriberCount = 10
const publisherCount = 100
/** Characters of a status that fills the buffers before one who does not read; most of them are the kernel's. */
const fillChars = 15_000
const fillPauseMs = 20
const fillStepsMax = 500
const startedMs = Date.now()

/** What a load came to. */
export interface Load {
  /** Milliseconds of each delivery to a Pulse subscriber. */
  times: number[]
  /** Processor time of the hub, of one core. */
  cpuPercent: number
}

/** A hub with ten Pulse subscribers and a hundred publishers, which stay for as long as it is open. */
export class SteadyPlace {
  readonly #publishers: Tap[] = []
  readonly #subscribers: Tap[] = []
  #v1Reader: Tap | null = null
  #closeMute = (): void => {}
  #next = 0

  /** The v1 subscriber comes before the others: the hub gets to it first. */
  static async open(company: Company): Promise<SteadyPlace> {
    const place = new SteadyPlace(await startDoorHub('open'), company)
    try {
      await place.#gather()
      return place
    } catch (error) {
      await place.close()
      throw error
    }
  }

  private constructor(
    private readonly hub: DoorHub,
    private readonly company: Company,
  ) {}

  /**
   * Publishes `count` deltas, so many a second, each of which changes what a v1 client is told.
   * @throws when one is missing at a Pulse subscriber, or the last of an agent at the v1 one.
   */
  async publish(count: number, perSecond: number): Promise<Load> {
    if (this.#next + count > marksMax) this.#next = 0
    const first = this.#next
    this.#next += count
    const pid = this.hub.child.pid!
    const times: number[] = []
    const sentMs = new Float64Array(count)
    const beforeMs = await cpuMs(pid)
    const beginMs = performance.now()
    const waited: Marks[] = []
    await this.#publishers[0]!.during<void>(
      (done) => {
        const listen = (tap: Tap, marks: Marks, found: (number: number, nowMs: number) => void): void => {
          waited.push(marks)
          tap.hear = (chunk, length) => {
            const nowMs = performance.now()
            marks.take(chunk, length, (number) => found(number, nowMs))
            if (marks.left === 0 && waited.every(({ left }) => left === 0)) done()
          }
        }
        for (const tap of this.#subscribers)
          listen(tap, new Marks(first, count), (number, nowMs) => times.push(nowMs - sentMs[number - first]!))
        // A v1 client is owed the newest of each agent, and not what came before it.
        const newest = new Marks(first + count - publisherCount, publisherCount)
        if (this.#v1Reader !== null) listen(this.#v1Reader, newest, () => {})

        let sent = 0
        const publish = (): void => {
          const due = Math.min(count, Math.floor(((performance.now() - beginMs) / 1_000) * perSecond))
          for (; sent < due; sent++) {
            const index = (first + sent) % publisherCount
            const line = busyDelta(index, markOf(first + sent))
            sentMs[sent] = performance.now()
            this.#publishers[index]!.write(line)
          }
          if (sent < count) setTimeout(publish, 1)
        }
        publish()
      },
      () => `of ${count} deltas, ${waited.map(({ left }) => left).join(', ')} did not arrive`,
    )
    const ms = performance.now() - beginMs
    return { times, cpuPercent: (((await cpuMs(pid)) - beforeMs) / ms) * 100 }
  }

  /** @throws when the v1 subscriber was not what it should be. */
  async check(): Promise<void> {
    const { subscribers, queue_drops: drops } = await doorHealth(this.hub)
    const wanted = this.company === 'none' ? 0 : 1
    if (subscribers !== wanted)
      throw new Error(`${subscribers} v1 subscribers were there instead of ${wanted}`)
    if (drops > 0 !== (this.company === 'mute'))
      throw new Error(`${this.company}: a v1 subscriber lagged ${drops} times`)
  }

  async close(): Promise<void> {
    this.#closeMute()
    for (const tap of [...this.#publishers, ...this.#subscribers]) tap.close()
    this.#v1Reader?.close()
    await stopChild(this.hub.child)
  }

  async #gather(): Promise<void> {
    const { hub, company } = this
    for (let i = 0; i < publisherCount; i++) {
      const { bytes, isReady } = hubPublisher(paneOf(i))
      this.#publishers.push(await Tap.open(hub.address, bytes, isReady))
    }
    if (company === 'reader') this.#v1Reader = await openV1Subscriber(hub)
    if (company === 'mute') {
      this.#closeMute = openV1Mute(hub)
      await this.#fill()
    }
    for (let i = 0; i < subscriberCount; i++) {
      const greeting = hello({ role: 'subscriber' })
      this.#subscribers.push(await Tap.open(hub.address, greeting, (heard) => heard.endsWith('\n')))
    }
  }

  /** Publishes until the hub has given up telling the one that does not read. */
  async #fill(): Promise<void> {
    for (let step = 0; step < fillStepsMax; step++) {
      const status = `${step} ${'.'.repeat(fillChars)}`
      for (const [i, tap] of this.#publishers.entries())
        tap.write(delta(paneOf(i), statusState(paneOf(i), status)))
      await wait(fillPauseMs)
      if ((await doorHealth(this.hub)).queue_drops > 0) return
    }
    throw new Error('a v1 subscriber that reads nothing did not lag')
  }
}

/** A state that says no more than a status. */
export function statusState(pane: string, message: string): Record<string, unknown> {
  const agent_id = `${benchSession}::${pane}`
  const nowMs = Date.now()
  return {
    agent_id,
    session_id: benchSession,
    pane_id: pane,
    lifecycle: 'running',
    last_heartbeat_ms: nowMs,
    updated_at_ms: nowMs,
    source: {
      agent_status: { agent_id, status: 'running', pane_id: pane, project_root: '/home/ada', message },
    },
  }
}

/** A delta of one state. */
export function delta(pane: string, state: Record<string, unknown>): Buffer {
  const agent_id = `${benchSession}::${pane}`
  return hubLine('delta', { changes: [{ op: 'upsert', agent_id, state }] })
}

/** A delta as a wrapper publishes it, some 4 KB, whose status says the mark. */
function busyDelta(index: number, mark: string): Buffer {
  const state = fleetState(index, 0, startedMs, Date.now())
  const { status } = state['source'] as { status: Record<string, unknown> }
  status['detail'] = mark
  return delta(paneOf(index), state)
}
