import { agentId, paneOf } from '../../wire/identity.js'
import { agentsMax } from '../../wire/limits.js'
import type { ClientEnvelope } from '../../wire/messages.js'
import type { V1Envelope } from '../../wire/v1.js'
import type { Bus, Link } from '../bus.js'
import { hubSenderId } from '../frames.js'
import type { V1Around, V1Counts } from './around.js'
import { V1Client, type V1Company } from './client.js'
import { bytesOf, framesIn } from './core-lines.js'
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
}

/**
 * All v1 clients of a hub: a translator at its edge. Publishers and subscribers are connections of the core like any
 * other; what subscribers are told comes from one more, the feed, which is there while one of them is. It knows no
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
  #feedConn: number | null = null

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
    for (const subscriber of this.#subscribers) if (subscriber !== from) subscriber.passOn(printed)
  }

  #openFeed(): void {
    if (this.#feedConn !== null) return
    const { bus, sessionId } = this.options
    const link: Link = {
      write: (lines) => this.#told(lines),
      end: () => this.#lost(),
      destroy: () => this.#lost(),
    }
    const conn = bus.connect(link, true)
    this.#feedConn = conn
    const say = (frame: { type: 'hello' | 'subscribe'; payload: object }): void => {
      const envelope = { session_id: sessionId, ...frame } as ClientEnvelope
      bus.step({ kind: 'frame', conn, envelope, line: Buffer.alloc(0) })
    }
    const client_id = `${hubSenderId}/v1`
    say({ type: 'hello', payload: { client_id, role: 'subscriber', capabilities: ['subscribe'] } })
    say({ type: 'subscribe', payload: { topics: ['agent_state', 'health'] } })
    bus.spoken()
  }

  #closeFeed(): void {
    if (this.#feedConn !== null) this.options.bus.disconnect(this.#feedConn)
    this.#feedConn = null
    this.#feed = new Feed(this.options.sessionId)
  }

  /** The core has let go of the feed: subscribers connect anew, and are told everything. */
  #lost(): void {
    const subscribers = [...this.#subscribers]
    for (const subscriber of subscribers) subscriber.destroy()
  }

  #told(lines: Buffer[]): void {
    const { bus, now } = this.options
    const messages: Buffer[] = []
    const passing: Buffer[] = []
    for (const frame of framesIn(lines)) {
      const told = this.#feed.take(frame, now())
      messages.push(...told.messages)
      passing.push(...told.passing)
    }
    for (const subscriber of this.#subscribers) subscriber.follow(messages, passing)
    // Who keeps up has been told who is gone; of those who do not, not for ever.
    const isToldAll = [...this.#subscribers].every((subscriber) => subscriber.isLive)
    this.#feed.forgetGone(isToldAll ? 0 : agentsMax)
    if (this.#feedConn !== null) bus.step({ kind: 'written', conn: this.#feedConn, bytes: bytesOf(lines) })
  }
}
