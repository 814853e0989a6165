import type { WireError } from '../../wire/errors.js'
import { idCharsMax } from '../../wire/limits.js'
import type { HubFrame } from '../../wire/messages.js'
import type { V1Message } from '../../wire/v1.js'
import { hubSenderId } from '../frames.js'
import type { V1Around } from './around.js'
import { CoreConnection, type Passage } from './core-connection.js'
import { atTheStart, type Feed } from './feed.js'
import { fileStatus } from './messages-of.js'
import { patchAsked, patchCommand, patchResponse, type NextPart, type PatchAsked } from './patch.js'
import { printV1 } from './print.js'
import type { V1Socket } from './socket.js'

export interface V1SubscriberOptions {
  clientId: string
  capabilities: ReadonlySet<string>
  socket: V1Socket
  around: V1Around
  feed: Feed
  /** Called when it has read what it left unread: the feed may have waited for it. */
  onReading: () => void
  /** The hub's id of an agent that a v1 client names. */
  agentOf: (said: string) => string
  /** Tells the client of an error of the core's. */
  refuse: (error: WireError) => void
}

/**
 * A v1 subscriber: told each message of the feed as it comes while it keeps up, and what it has missed, newest first
 * of each kind, once it has read all when it did not. Its patches are commands of a connection of the core.
 */
export class V1Subscriber {
  readonly #core: CoreConnection
  readonly #place = atTheStart()
  #standing: 'live' | 'behind' | 'lagging' = 'behind'
  readonly #asked = new Map<string, PatchAsked>()
  #askedCount = 0

  constructor(private readonly options: V1SubscriberOptions) {
    const { clientId, socket, around, refuse } = options
    this.#core = new CoreConnection({
      clientId,
      socket,
      around,
      onFrame: (frame, passage) => {
        if (frame.type === 'command_result') this.#result(frame, passage)
      },
      refuse,
    })
    this.#core.say('hello', { client_id: clientId, role: 'subscriber', capabilities: ['subscribe'] })
  }

  /** Whether it could be told something now. */
  get isReading(): boolean {
    const { socket, around } = this.options
    return (
      this.#standing === 'live' || socket.unsent <= (this.#standing === 'lagging' ? 0 : around.budgetBytes)
    )
  }

  /** Whether it has been told everything. */
  get isLive(): boolean {
    return this.#standing === 'live'
  }

  /** Takes what the feed has new; `passing` is worth nothing late. */
  follow(messages: readonly Buffer[], passing: readonly Buffer[]): void {
    const { socket, around, feed } = this.options
    if (this.#standing !== 'live') return this.catchUp()
    if (messages.length > 0) {
      const bytes = messages.reduce((sum, message) => sum + message.length, 0)
      if (socket.unsent + bytes > around.budgetBytes) {
        // More than it may be sent at once: agent by agent, when it has read what it was sent before.
        const isLagging = socket.unsent > 0
        if (isLagging) around.counts.queueDrops++
        this.#standing = isLagging ? 'lagging' : 'behind'
        return this.catchUp()
      }
      this.#send(messages)
      this.#place.base = feed.version
    }
    if (passing.length > 0 && socket.unsent <= around.budgetBytes / 2) this.#send(passing)
  }

  /** Passes on what another client has said; who reads slowly does without. */
  passOn(message: Buffer): void {
    const { socket, around } = this.options
    if (socket.unsent <= around.budgetBytes) this.#send([message])
    else around.counts.queueDrops++
  }

  /** Tells what it has missed, as much as its budget allows; goes on when that has gone. */
  catchUp(): void {
    const { socket, around, feed } = this.options
    if (this.#standing === 'live' || !this.isReading) return
    for (const messages of feed.missing(this.#place, around.now())) {
      this.#send(messages)
      if (socket.unsent > around.budgetBytes) {
        this.#standing = 'behind'
        return
      }
    }
    if (this.#standing === 'lagging') around.counts.resyncs++
    this.#standing = 'live'
    this.options.onReading()
  }

  /** It wants a patch. */
  ask(message: V1Message<'diff_patch_request'>): void {
    const { agentOf, capabilities, around } = this.options
    const asked = patchAsked(message, agentOf(message.payload.agent_id), capabilities.has('diff_patch_parts'))
    this.#ask(asked, null)
    around.bus.spoken()
  }

  /** The websocket is gone. */
  gone(): void {
    this.#core.close()
  }

  #send(messages: readonly Buffer[]): void {
    this.options.socket.send(messages, () => this.catchUp())
  }

  #ask(asked: PatchAsked, next: NextPart | null): void {
    // An id of our own: the hub gives one that comes again the first one's results.
    const requestId = `v1-${this.#core.conn}-${++this.#askedCount}`
    this.#asked.set(requestId, { ...asked, part: next?.part ?? 1 })
    this.#core.say('command', patchCommand(asked, next), requestId)
  }

  #result({ payload, request_id: id }: HubFrame<'command_result'>, passage: Passage): void {
    const asked = this.#asked.get(id ?? '')
    if (asked === undefined || payload.status === 'accepted') return
    this.#asked.delete(id ?? '')
    const { socket, around } = this.options
    const told = patchResponse(asked, payload, fileStatus(around.bus.state(asked.agentId), asked.path))
    const gone = passage.one()
    const head = {
      sessionId: around.sessionId,
      // A name too long for an agent's id is nobody's.
      senderId: asked.agentId.length > idCharsMax ? hubSenderId : asked.agentId,
      timestamp: new Date(around.now()).toISOString(),
      requestId: asked.requestId,
    }
    socket.send([printV1('diff_patch_response', head, told.payload)], () => {
      gone()
      // The next piece only when there is room for it.
      if (told.next !== null) this.#ask(asked, told.next)
      this.catchUp()
    })
  }
}
