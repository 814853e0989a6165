import { WireError } from '../../wire/errors.js'
import type { ClientEnvelope, HubFrame } from '../../wire/messages.js'
import type { V1Message } from '../../wire/v1.js'
import type { Link } from '../bus.js'
import type { V1Around } from './around.js'
import { bytesOf, framesIn, Passage } from './core-lines.js'
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
export class V1Subscriber implements Link {
  readonly #conn: number
  readonly #place = atTheStart()
  #standing: 'live' | 'behind' | 'lagging' = 'behind'
  readonly #asked = new Map<string, PatchAsked>()
  #askedCount = 0
  #lastCode = 'closed'

  constructor(private readonly options: V1SubscriberOptions) {
    this.#conn = options.around.bus.connect(this)
    this.#step({
      type: 'hello',
      payload: { client_id: options.clientId, role: 'subscriber', capabilities: ['subscribe'] },
    })
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
      if (socket.unsent > around.budgetBytes) {
        around.counts.queueDrops++
        this.#standing = 'lagging'
        return
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
    this.options.around.bus.disconnect(this.#conn)
  }

  write(lines: Buffer[]): void {
    const passage = new Passage(() =>
      this.options.around.bus.step({ kind: 'written', conn: this.#conn, bytes: bytesOf(lines) }),
    )
    for (const frame of framesIn(lines)) {
      if (frame.type === 'command_result') this.#result(frame, passage)
      else if (frame.type === 'error') {
        this.#lastCode = frame.payload.code
        this.options.refuse(new WireError(frame.payload.code as WireError['code'], frame.payload.message))
      }
    }
    passage.end()
  }

  end(): void {
    this.options.socket.close(1008, this.#lastCode)
  }

  destroy(): void {
    this.options.socket.terminate()
  }

  #send(messages: readonly Buffer[]): void {
    this.options.socket.send(messages, () => this.catchUp())
  }

  #ask(asked: PatchAsked, next: NextPart | null): void {
    // An id of our own: the hub gives one that comes again the first one's results.
    const requestId = `v1-${this.#conn}-${++this.#askedCount}`
    this.#asked.set(requestId, asked)
    this.#step({ type: 'command', payload: patchCommand(asked, next) }, requestId)
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
      senderId: asked.agentId,
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

  #step(frame: { type: 'hello' | 'command'; payload: object }, requestId?: string): void {
    const { around, clientId } = this.options
    const envelope = {
      version: '1',
      session_id: around.sessionId,
      sender_id: clientId,
      ...(requestId !== undefined && { request_id: requestId }),
      ...frame,
    } as ClientEnvelope
    around.bus.step({ kind: 'frame', conn: this.#conn, envelope, line: emptyLine })
  }
}

/** The core reads the bytes of deltas only. */
const emptyLine = Buffer.alloc(0)
