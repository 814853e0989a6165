import { WireError } from '../../wire/errors.js'
import { agentId, paneOf } from '../../wire/identity.js'
import { agentsMax, lineBytesMax } from '../../wire/limits.js'
import type { StateChange } from '../../wire/messages.js'
import type { V1Envelope } from '../../wire/v1.js'
import type { Beat } from '../machine.js'
import type { V1Around, V1Counts } from './around.js'
import { V1Client, type V1Company } from './client.js'
import { Feed } from './feed.js'
import { printV1 } from './print.js'
import { representedBy, V1Publisher, type Represented } from './publisher.js'
import { Queue } from './queue.js'
import type { V1Socket } from './socket.js'
import { V1Subscriber } from './subscriber.js'

export interface V1ShimOptions extends Omit<V1Around, 'counts'> {
  /** Does something later: after so many milliseconds, and never within this turn. */
  later: (ms: number, run: () => void) => void
}

/** What comes so soon after a round waits for the next one, so that many changes go in one write. */
const closeMs = 5
const roundMs = 25
/** What is worked on in one turn of the event loop, so that the hub is not held up for long. */
const itemsPerTurnMax = 16
/**
 * All v1 clients of a hub: a translator at its edge. Publishers and subscribers are connections of the core like any
 * other; what subscribers are told comes from the feed, which follows the core while one of them is there. It knows no
 * websocket and no clock. Seed 000; design: v1 websocket shim.
 */
export class V1Shim {
  readonly counts: V1Counts = { messagesIn: 0, messagesOut: 0, errors: 0, queueDrops: 0, resyncs: 0 }
  readonly #around: V1Around
  readonly #clients = new Set<V1Client>()
  readonly #subscribers = new Set<V1Subscriber>()
  /** Publishers by the agent id that they say, the newest last. */
  readonly #said = new Map<string, V1Publisher[]>()
  /** By the hub's agent id. */
  readonly #represented = new Map<string, Represented>()
  #feed: Feed
  #isFollowing = false
  /** What the feed has not been given yet, and the heartbeats of the round. */
  readonly #queue = new Queue()
  readonly #beats = new Map<string, Beat>()
  #isDue = false
  #toldMs = 0

  constructor(private readonly options: V1ShimOptions) {
    this.#around = { ...options, counts: this.counts }
    this.#feed = new Feed(options.sessionId)
  }

  /** A websocket was opened. @returns what takes its messages. */
  open(socket: V1Socket): V1Client {
    const counting: V1Socket = {
      get unsent() {
        return socket.unsent
      },
      send: (messages, gone) => {
        this.counts.messagesOut += messages.length
        socket.send(messages, gone)
      },
      close: (code, reason) => socket.close(code, reason),
      terminate: () => socket.terminate(),
    }
    const client = new V1Client(counting, this.#around, this.#company)
    this.#clients.add(client)
    return client
  }

  /** It was closed. */
  closed(client: V1Client): void {
    this.#clients.delete(client)
    client.closed()
  }

  /** Time has passed: about a second. */
  tick(): void {
    for (const client of this.#clients) client.tick()
  }

  /** Nobody could be heard for a while: who has said nothing yet has as long again. */
  restartWaits(): void {
    for (const client of this.#clients) client.restartWait()
  }

  /** How many clients there are of each kind. */
  get clients(): { connections: number; publishers: number; subscribers: number } {
    let [publishers, subscribers] = [0, 0]
    for (const { kind } of this.#clients) {
      if (kind === 'publisher') publishers++
      else if (kind === 'subscriber') subscribers++
    }
    return { connections: this.#clients.size, publishers, subscribers }
  }

  readonly #company: V1Company = {
    newPublisher: (who, socket, refuse) => {
      const represented = this.#represented.get(who.agentId) ?? representedBy(who.agentId, this.#around)
      this.#represented.set(who.agentId, represented)
      const publisher = new V1Publisher(who, represented, socket, this.#around, refuse)
      represented.publishers.add(publisher)
      this.#said.set(who.saidId, [...(this.#said.get(who.saidId) ?? []), publisher])
      return publisher
    },
    newSubscriber: ({ client_id: clientId, capabilities }, socket, refuse) => {
      const subscriber = new V1Subscriber({
        clientId,
        capabilities: new Set(capabilities),
        socket,
        around: this.#around,
        feed: this.#feed,
        onReading: () => {
          if (!this.#queue.isEmpty) this.#tellSoon()
        },
        agentOf: (said) => this.#agentOf(said),
        refuse,
      })
      this.#subscribers.add(subscriber)
      this.#openFeed()
      subscriber.catchUp()
      return subscriber
    },
    passOn: (from, message) => this.#passOn(from, message),
    publisherGone: (publisher) => {
      const left = (this.#said.get(publisher.who.saidId) ?? []).filter((other) => other !== publisher)
      if (left.length > 0) this.#said.set(publisher.who.saidId, left)
      else this.#said.delete(publisher.who.saidId)
      publisher.gone()
      const { agentId: id } = publisher.who
      if (this.#represented.get(id)?.publishers.size === 0) this.#represented.delete(id)
    },
    subscriberGone: (subscriber) => {
      this.#subscribers.delete(subscriber)
      subscriber.gone()
      if (this.#subscribers.size === 0) this.#closeFeed()
    },
  }

  /** The hub's id of an agent that a v1 client names as its publisher does, or by its pane. */
  #agentOf(said: string): string {
    const { sessionId } = this.options
    if (paneOf(sessionId, said) !== null) return said
    return this.#said.get(said)?.at(-1)?.who.agentId ?? agentId(sessionId, said)
  }

  #passOn(from: V1Subscriber | null, { type, payload, ...head }: V1Envelope): void {
    if (this.#subscribers.size === 0) return
    const { session_id: sessionId, sender_id: senderId, timestamp, request_id: requestId } = head
    const printed = printV1(type, { sessionId, senderId, timestamp, requestId }, payload)
    // A number may be longer as it is printed than as it came.
    if (printed.length > lineBytesMax)
      throw new WireError('frame_too_large', `printed, the message has ${printed.length} bytes`)
    // It comes after what was said before it.
    this.options.bus.flush()
    this.#queue.push({ kind: 'said', message: printed, from })
    this.#tellSoon()
  }

  #openFeed(): void {
    if (this.#isFollowing) return
    this.#isFollowing = true
    const states = this.options.bus.follow({
      changed: (changes, bytes) => this.#changed(changes, bytes),
      beat: (beat) => {
        this.#beats.set(beat.agent_id, beat)
        this.#tellSoon()
      },
    })
    for (const state of states)
      this.#changed([{ op: 'upsert', agent_id: state.agent_id, state }], JSON.stringify(state).length)
  }

  #closeFeed(): void {
    this.#isFollowing = false
    this.options.bus.follow(null)
    this.#feed = new Feed(this.options.sessionId)
    this.#queue.take(Infinity)
    this.#beats.clear()
  }

  #changed(changes: readonly StateChange[], bytes: number): void {
    for (const change of changes) this.#queue.push({ kind: 'change', change, bytes: bytes / changes.length })
    this.#tellSoon()
  }

  /** A first change goes out at once, but after what the hub does now; what comes close behind it goes together. */
  #tellSoon(): void {
    if (this.#isDue) return
    this.#isDue = true
    const agoMs = this.options.uptime() - this.#toldMs
    this.options.later(agoMs < closeMs ? roundMs - agoMs : 0, () => this.#tell())
  }

  #tell(): void {
    this.#isDue = false
    this.#toldMs = this.options.uptime()
    // Nobody reads: the newest of each will do when somebody does.
    if (![...this.#subscribers].some((subscriber) => subscriber.isReading)) {
      this.#queue.cut()
      this.#beats.clear()
      return
    }
    this.#tellSome(itemsPerTurnMax)
    if (!this.#queue.isEmpty) {
      this.#isDue = true
      return this.options.later(0, () => this.#tell())
    }
    const { bus, now } = this.options
    const beats = [...this.#beats.values()].map((beat) =>
      this.#feed.beat(beat, bus.state(beat.agent_id), now()),
    )
    this.#beats.clear()
    for (const subscriber of this.#subscribers) subscriber.follow([], beats)
    // Who keeps up has been told who is gone; of those who do not, not for ever.
    const isToldAll = [...this.#subscribers].every((subscriber) => subscriber.isLive)
    this.#feed.forgetGone(isToldAll ? 0 : agentsMax)
  }

  /** Gives the feed so much of what waits, and those who keep up what it comes to. */
  #tellSome(count: number): void {
    const nowMs = this.options.now()
    let messages: Buffer[] = []
    const tell = (): void => {
      if (messages.length > 0) for (const subscriber of this.#subscribers) subscriber.follow(messages, [])
      messages = []
    }
    for (const item of this.#queue.take(count)) {
      if (item.kind === 'change') messages.push(...this.#feed.take(item.change, nowMs))
      else {
        tell()
        for (const subscriber of this.#subscribers)
          if (subscriber !== item.from) subscriber.passOn(item.message)
      }
    }
    tell()
  }
}
