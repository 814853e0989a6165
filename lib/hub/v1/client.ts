import { decodeV1Message, skimV1Message } from '../../wire/decode.js'
import { WireError } from '../../wire/errors.js'
import { helloWaitMs, lineBytesMax } from '../../wire/limits.js'
import type { V1Envelope, V1Message } from '../../wire/v1.js'
import { ErrorBudget } from '../client.js'
import { hubSenderId } from '../frames.js'
import { identityOf, type V1Identity } from './identity.js'
import type { V1Around } from './around.js'
import { printV1 } from './print.js'
import { tooLarge, type V1Publisher } from './publisher.js'
import type { V1Socket } from './socket.js'
import type { V1Subscriber } from './subscriber.js'

/** What a websocket has turned out to be. */
type Role =
  | { kind: 'silent' }
  /** `agent` is null for one that represents none: it passes on tasks and errors. */
  | { kind: 'publisher'; senderId: string; agent: V1Publisher | null }
  | { kind: 'subscriber'; senderId: string; subscriber: V1Subscriber }

/** What a client is given of the shim. */
export interface V1Company {
  newPublisher(who: V1Identity, socket: V1Socket, refuse: (error: WireError) => void): V1Publisher
  newSubscriber(
    hello: V1Message<'hello'>['payload'],
    socket: V1Socket,
    refuse: (error: WireError) => void,
  ): V1Subscriber
  /** Passes on what a client says to all v1 subscribers but itself. */
  passOn(from: V1Subscriber | null, message: V1Envelope): void
  publisherGone(publisher: V1Publisher): void
  subscriberGone(subscriber: V1Subscriber): void
}

/** The message that a refusal is about. */
interface About {
  type?: unknown
  requestId?: string | undefined
}

/**
 * One v1 client, from its first message on: what it says is checked, and answered when it is wrong. The websocket is
 * kept whatever comes, unless its hello is refused. Seed 000, "hello", "Security Constraints".
 */
export class V1Client {
  #role: Role = { kind: 'silent' }
  readonly #errors: ErrorBudget
  /** Its hello is waited for since then. */
  #openedMs: number
  #isClosed = false

  constructor(
    private readonly socket: V1Socket,
    private readonly around: V1Around,
    private readonly company: V1Company,
  ) {
    this.#openedMs = around.uptime()
    this.#errors = new ErrorBudget(this.#openedMs)
  }

  get kind(): Role['kind'] {
    return this.#role.kind
  }

  /** The text of a websocket message. */
  message(text: Buffer): void {
    if (this.#isClosed) return
    this.around.counts.messagesIn++
    let about: About = {}
    try {
      if (text.length > lineBytesMax)
        throw new WireError(
          'frame_too_large',
          `the message has ${text.length} bytes; at most ${lineBytesMax} are taken`,
        )
      const message = decodeV1Message(text)
      about = { type: message.type, requestId: message.request_id ?? undefined }
      this.#take(message)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#refusedAnswer(text, error)
      this.#refuse(error, { ...aboutOf(error), ...about })
    }
  }

  /** Time has passed. */
  tick(): void {
    if (this.#role.kind !== 'silent' || this.#isClosed) return
    if (this.around.uptime() - this.#openedMs < helloWaitMs) return
    this.#refuse(new WireError('hello_timeout', `no hello within ${helloWaitMs / 1_000} s`), {
      type: 'hello',
    })
  }

  /** Nobody could be heard for a while. */
  restartWait(): void {
    this.#openedMs = this.around.uptime()
  }

  /** The websocket is gone. */
  closed(): void {
    this.#isClosed = true
    const role = this.#role
    if (role.kind === 'publisher' && role.agent !== null) this.company.publisherGone(role.agent)
    if (role.kind === 'subscriber') this.company.subscriberGone(role.subscriber)
  }

  /** An answer that is refused is waited for: whoever asked is told at once. */
  #refusedAnswer(text: Buffer, { code, message }: WireError): void {
    const role = this.#role
    if (role.kind !== 'publisher' || !role.agent?.isAsked) return
    const { type, requestId } = skimV1Message(text)
    if (type !== 'diff_patch_response') return
    const why = code === 'frame_too_large' ? tooLarge : `error: The agent answered wrongly: ${message}`
    role.agent.answerWithout(requestId, why)
  }

  #take(message: V1Envelope): void {
    const { sessionId } = this.around
    if (message.session_id !== sessionId) {
      const text = `this is the hub of session ${JSON.stringify(sessionId)}, not of ${JSON.stringify(message.session_id)}`
      throw new WireError('session_mismatch', text)
    }
    const role = this.#role
    if (role.kind === 'silent') {
      if (message.type === 'hello') return this.#hello(message)
      throw new WireError('expected_hello', `say hello first; ${message.type} was dropped`)
    }
    if (message.type === 'hello')
      throw new WireError('unexpected_hello', 'hello was said already; connect again to be somebody else')
    if (message.sender_id !== role.senderId) {
      const text = `sender_id: hello was said by ${JSON.stringify(role.senderId)}, this is ${JSON.stringify(message.sender_id)}`
      throw new WireError('invalid_envelope', text)
    }
    if (role.kind === 'publisher') this.#publish(role.agent, message)
    else this.#subscribe(role.subscriber, message)
  }

  #hello({ sender_id: senderId, payload }: V1Message<'hello'>): void {
    const { client_id: clientId, role } = payload
    if (clientId !== senderId)
      throw new WireError('invalid_payload', 'payload.client_id: must be the same as sender_id')
    if (clientId === hubSenderId)
      throw new WireError('invalid_payload', `payload.client_id: ${hubSenderId} is the hub's own`)
    const refuse = (error: WireError): void => this.#refuse(error, {})
    if (role === 'subscriber') {
      const subscriber = this.company.newSubscriber(payload, this.socket, refuse)
      this.#role = { kind: 'subscriber', senderId, subscriber }
      return
    }
    const who = identityOf(payload, this.around.sessionId)
    if (who === 'foreign') {
      const wanted = JSON.stringify(`${this.around.sessionId}::<pane_id>`)
      const text = `payload.agent_id: ${JSON.stringify(payload.agent_id)} is of another session; give ${wanted}, or a pane_id`
      throw new WireError('agent_id_mismatch', text)
    }
    if (who === 'too_long')
      throw new WireError(
        'agent_id_mismatch',
        'payload.agent_id, pane_id: with the session before it it is too long',
      )
    const agent = who && this.company.newPublisher(who, this.socket, refuse)
    this.#role = { kind: 'publisher', senderId, agent }
  }

  #publish(agent: V1Publisher | null, message: Exclude<V1Envelope, { type: 'hello' }>): void {
    switch (message.type) {
      case 'diff_patch_request':
        throw new WireError('role_violation', 'only a subscriber asks for a patch; hello said "publisher"')
      case 'error':
      case 'task_update': {
        const own = message.type === 'task_update' && agent !== null ? this.#ofAgent(agent, message) : message
        agent?.take(own)
        if (own.type === 'error')
          agent?.answerWithout(own.request_id, `error: ${own.payload.code}: ${own.payload.message}`)
        return this.company.passOn(null, own)
      }
      case 'diff_patch_response':
        return this.#agentOf(agent, message).answer(message)
      case 'agent_status':
      case 'diff_summary':
      case 'task_summary':
      case 'heartbeat':
        return this.#agentOf(agent, message).take(message)
    }
  }

  #subscribe(subscriber: V1Subscriber, message: Exclude<V1Envelope, { type: 'hello' }>): void {
    switch (message.type) {
      case 'diff_patch_request':
        return subscriber.ask(message)
      case 'error':
        return this.company.passOn(subscriber, message)
      case 'heartbeat':
        // A sign of life, and nothing else.
        return
      case 'agent_status':
      case 'diff_summary':
      case 'task_summary':
      case 'task_update':
      case 'diff_patch_response':
        throw new WireError(
          'role_violation',
          `only a publisher sends ${message.type}; hello said "subscriber"`,
        )
    }
  }

  /** The agent that a message is of. @throws {WireError} when it is another's, or nobody's. */
  #agentOf(
    agent: V1Publisher | null,
    message: Extract<V1Envelope, { payload: { agent_id: string } }> & { type: string },
  ): V1Publisher {
    if (agent === null) {
      const text = `hello named no agent: give it an agent_id or a pane_id to send ${message.type}`
      throw new WireError('agent_id_mismatch', text)
    }
    this.#ofAgent(agent, message)
    return agent
  }

  #ofAgent<M extends { payload: { agent_id: string } }>({ who }: V1Publisher, message: M): M {
    const id = message.payload.agent_id
    if (id === who.saidId || id === who.agentId)
      return { ...message, payload: { ...message.payload, agent_id: who.agentId } }
    const text = `payload.agent_id: this connection publishes ${JSON.stringify(who.saidId)} and may change nothing else; it gave ${JSON.stringify(id)}`
    throw new WireError('agent_id_mismatch', text)
  }

  #refuse(error: WireError, { type, requestId }: About): void {
    const { sessionId, now, uptime, counts, onError } = this.around
    const isFatal = this.#role.kind === 'silent' && type === 'hello'
    counts.errors++
    const untold = this.#errors.spend(uptime())
    if (untold !== null) {
      const { code, message } = error
      const role = this.#role
      onError({ code, message, client_id: role.kind === 'silent' ? '' : role.senderId })
      const timestamp = new Date(now()).toISOString()
      const context = {
        ...(typeof type === 'string' && { type }),
        ...(untold > 0 && { errors_untold: untold }),
      }
      // What is sent last of all sees to it that a subscriber goes on.
      const gone = (): void => {
        if (this.#role.kind === 'subscriber') this.#role.subscriber.catchUp()
      }
      this.socket.send(
        [
          printV1(
            'error',
            { sessionId, senderId: hubSenderId, timestamp, requestId },
            {
              code,
              message,
              component: 'hub',
              fatal: isFatal,
              ...(Object.keys(context).length > 0 && { context }),
            },
          ),
        ],
        gone,
      )
    }
    if (!isFatal) return
    this.#isClosed = true
    this.socket.close(1008, error.code)
  }
}

function aboutOf({ context }: WireError): About {
  const { type, request_id: requestId } = context ?? {}
  return { type, requestId: typeof requestId === 'string' ? requestId : undefined }
}
