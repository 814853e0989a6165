import { WireError } from '../../wire/errors.js'
import { agentId, paneOf } from '../../wire/identity.js'
import { agentsMax, lineBytesMax } from '../../wire/limits.js'
import type { StateChange } from '../../wire/messages.js'
import type { V1Envelope } from '../../wire/v1.js'
import type { Bus } from '../bus.js'
import type { Beat } from '../core.js'
import type { V1Around, V1Counts } from './around.js'
import { V1Client, type V1Company } from './client.js'
import { Feed } from './feed.js'
import { printV1 } from './print.js'
import { V1Publisher } from './publisher.js'
import type { V1Socket } from './socket.js'
import { V1Subscriber } from './subscriber.js'

export interface V1ShimOptions {
  sessionId: string
  bus: Bus
  /** Milliseconds since 1970. */
  now: () => number
  /** Unsent bytes past which a subscriber is behind. */
  budgetBytes: number
  staleMs: number
  /** A client was told of an error. */
  onError: V1Around['onError']
  /** Does something later: after so many milliseconds, and never within this turn. */
  later: (ms: number, run: () => void) => void
}

/** What comes so soon after a round waits for the next one, so that many changes go in one write. */
const closeMs = 5
const roundMs = 25
/** Changes that are worked on in one turn of the event loop, so that the hub is held up by none of them for long. */
const changesPerTurnMax = 16
/** Of more changes than these that wait, only each agent's last is told. */
const pendingMax = 1_024

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
  #feed: Feed
  #isFollowing = false
  /** Changes that the feed has not been given yet, and the heartbeats of the round. */
  #pending: StateChange[] = []
  #pendingMax = pendingMax
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
      const publisher = new V1Publisher(who, socket, this.#around, refuse)
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
          if (this.#pending.length > 0) this.#tellSoon()
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
    for (const subscriber of this.#subscribers) if (subscriber !== from) subscriber.passOn(printed)
  }

  #openFeed(): void {
    if (this.#isFollowing) return
    this.#isFollowing = true
    const states = this.options.bus.follow({
      changed: (changes) => this.#changed(changes),
      beat: (beat) => {
        this.#beats.set(beat.agent_id, beat)
        this.#tellSoon()
      },
    })
    this.#changed(states.map((state) => ({ op: 'upsert', agent_id: state.agent_id, state })))
  }

  #closeFeed(): void {
    this.#isFollowing = false
    this.options.bus.follow(null)
    this.#feed = new Feed(this.options.sessionId)
    this.#pending = []
    this.#beats.clear()
  }

  #changed(changes: readonly StateChange[]): void {
    this.#pending.push(...changes)
    if (this.#pending.length > this.#pendingMax) this.#cutPending()
    this.#tellSoon()
  }

  /** A first change goes out at once, but after what the hub does now; what comes close behind it goes together. */
  #tellSoon(): void {
    if (this.#isDue) return
    this.#isDue = true
    const agoMs = this.options.now() - this.#toldMs
    const isClose = agoMs >= 0 && agoMs < closeMs
    this.options.later(isClose ? roundMs - agoMs : 0, () => this.#tell())
  }

  #tell(): void {
    this.#isDue = false
    this.#toldMs = this.options.now()
    // Nobody reads: the newest of each will do when somebody does.
    if (![...this.#subscribers].some((subscriber) => subscriber.isReading)) return this.#cutPending()
    this.#feedSome(changesPerTurnMax)
    if (this.#pending.length > 0) {
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

  #cutPending(): void {
    this.#pending = lastOfEach(this.#pending)
    this.#pendingMax = Math.max(pendingMax, 2 * this.#pending.length)
    this.#beats.clear()
  }

  /** Gives the feed so many of the changes that wait, and those who keep up what they come to. */
  #feedSome(count: number): void {
    const nowMs = this.options.now()
    const messages = this.#pending.splice(0, count).flatMap((change) => this.#feed.take(change, nowMs))
    for (const subscriber of this.#subscribers) subscriber.follow(messages, [])
  }
}

/** The last change of each agent, in the order of these. */
function lastOfEach(changes: readonly StateChange[]): StateChange[] {
  const last = new Map<string, StateChange>()
  for (const change of changes) {
    last.delete(change.agent_id)
    last.set(change.agent_id, change)
  }
  return [...last.values()]
}
