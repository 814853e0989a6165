import { WireError } from '../wire/errors.js'
import {
  baselineTopics,
  topicOf,
  type HubFrame,
  type HubHealth,
  type LayoutState,
  type SubscribeInput,
  type Topic,
} from '../wire/messages.js'
import type { Client } from './client.js'
import type { Frames } from './frames.js'

/** What a `subscribe` is granted, and what is to be said to the words that are no topics. Seed 001, "subscribe". */
export function grant({ topics: words }: SubscribeInput): {
  topics: ReadonlySet<Topic>
  error: WireError | null
} {
  const asked = words?.length ? words : baselineTopics
  const unknown = asked.filter((word) => !Object.hasOwn(topicOf, word))
  const topics = new Set(asked.flatMap((word) => (Object.hasOwn(topicOf, word) ? [topicOf[word]!] : [])))
  if (unknown.length === 0) return { topics, error: null }
  const message = `no topic ${unknown.map((word) => JSON.stringify(word)).join(', ')}; there are: ${Object.keys(topicOf).join(', ')}`
  return { topics, error: new WireError('unknown_topic', message, { unknown, granted: [...topics] }) }
}

/**
 * What subscribers are told besides states: heartbeats and the hub's health, which are worth nothing late, and the
 * layout, of which a subscriber that reads slowly gets the newest. Pure.
 */
export class Told {
  /** Who is told the layout, and the number of the one it was told last. */
  readonly #watchers = new Map<Client, number>()
  /** The layout seen last, as a line, and how many different ones there were. */
  #line: Buffer | null = null
  #number = 0
  #text = ''
  #isKnown = false

  /** @param backlogBytesMax nothing is queued behind more than that. */
  constructor(
    private readonly frames: Frames,
    private readonly backlogBytesMax: number,
    private readonly hubHealth: () => HubHealth,
  ) {}

  /** Whether anybody is to be told the layout. */
  get isLayoutWanted(): boolean {
    return this.#watchers.size > 0
  }

  /** A client has new topics. */
  subscribed(client: Client, nowMs: number): void {
    this.health(client, nowMs)
    if (hasTopic(client, 'layout_state') && client.capabilities.has('layout_state'))
      this.#watchers.set(client, 0)
    else this.#watchers.delete(client)
  }

  gone(client: Client): void {
    this.#watchers.delete(client)
  }

  /** Tells a client the hub's health, if it has asked for that. */
  health(client: Client, nowMs: number): void {
    if (!hasTopic(client, 'health') || !client.capabilities.has('health')) return
    if (client.outbox.unsent > this.backlogBytesMax) return
    client.outbox.reply(this.frames.frame('health', this.hubHealth(), nowMs))
  }

  /** Passes a publisher's heartbeat on to those who have asked for health. */
  heartbeat(
    from: Client,
    payload: HubFrame<'heartbeat'>['payload'],
    clients: Iterable<Client>,
    nowMs: number,
  ): void {
    let line: Buffer | null = null
    for (const client of clients) {
      if (!hasTopic(client, 'health') || this.#isBehind(client)) continue
      line ??= this.frames.frame('heartbeat', payload, nowMs, { senderId: from.senderId })
      client.outbox.reply(line)
    }
  }

  /** Takes the layout as it is now; null: it is not known any more, and nobody new is told an old one. */
  layoutSeen(layout: LayoutState | null, nowMs: number): void {
    this.#isKnown = layout !== null
    if (layout === null) return
    const text = JSON.stringify(layout)
    if (text === this.#text) return
    this.#text = text
    this.#line = this.frames.frame('layout_state', layout, nowMs)
    this.#number++
  }

  /** Tells the layout to those who have not been told this one and have room for it. */
  layout(): void {
    if (!this.#isKnown || this.#line === null) return
    for (const [client, number] of this.#watchers) {
      if (number === this.#number || client.ending === 'ending' || this.#isBehind(client)) continue
      client.outbox.reply(this.#line)
      this.#watchers.set(client, this.#number)
    }
  }

  #isBehind({ outbox }: Client): boolean {
    return outbox.unsent + outbox.replyBytes > this.backlogBytesMax
  }
}

function hasTopic({ role }: Client, topic: Topic): boolean {
  return role.kind === 'subscriber' && role.topics.has(topic)
}
