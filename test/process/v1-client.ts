import net from 'node:net'
import type { Test } from 'tap'
import { WebSocket, type ClientOptions, type RawData } from 'ws'
import { seedFaults } from './v1-seed.js'

/**
 * A client of version 1 of the protocol, made from seed 000 alone: it knows nothing of our code. Whatever it receives
 * is held against the seed.
 */

/** "fnv1a_32": the offset basis, then for each byte of UTF-8: xor, and times the prime. */
function fnv1a(text: string): number {
  let hash = 2_166_136_261
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 16_777_619) >>> 0
  return hash
}

/** "port = 42000 + (fnv1a_32(session_id) % 2000)". */
export const portOfSession = (session: string): number => 42_000 + (fnv1a(session) % 2_000)

/** Whether nobody listens on a port of 127.0.0.1. */
export async function isFree(port: number): Promise<boolean> {
  const server = net.createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

let sessions = 0

/** The name of a session whose port nobody has yet; tests run beside each other. */
export async function newSession(): Promise<string> {
  for (;;) {
    const session = `v1-${process.pid}-${++sessions}`
    if (await isFree(portOfSession(session))) return session
  }
}

/** An envelope as it was received; the payload's fields are the type's. */
export interface V1Message {
  version: string
  type: string
  session_id: string
  sender_id: string
  timestamp: string
  request_id?: string
  payload: Record<string, unknown>
}

/** How a connection ended. */
export interface V1End {
  code: number
  reason: string
}

export interface V1Options {
  /** Default: the session's own. */
  port?: number
  /** Which client it is: `client_id` of its hello and `sender_id` of what it says. */
  clientId?: string
  ws?: ClientOptions
}

/** What a subscriber and a publisher of the seed say they can do. */
const subscribed = ['agent_status', 'diff_summary', 'task_summary', 'task_update', 'heartbeat', 'error']
const published = ['agent_status', 'diff_summary', 'task_summary', 'heartbeat']

export class V1Client {
  /** All messages in order. */
  readonly received: V1Message[] = []
  /** What of them is not as the seed has it. */
  readonly faults: string[] = []
  end: V1End | null = null
  pings = 0
  readonly #waiting = new Set<() => void>()

  private constructor(
    readonly socket: WebSocket,
    readonly session: string,
    readonly id: string,
  ) {
    socket.on('error', () => {})
    socket.on('ping', () => this.pings++)
    socket.on('message', (data: RawData, isBinary: boolean) => {
      const bytes = data as Buffer
      this.faults.push(...seedFaults(bytes, session), ...(isBinary ? ['a binary message'] : []))
      this.received.push(parsed(bytes))
      this.#look()
    })
    socket.once('close', (code, reason) => {
      this.end = { code, reason: String(reason) }
      this.#look()
    })
  }

  /** Connects, and says nothing yet. Tries again while nobody listens, as clients do. */
  static async connect(t: Test, session: string, options: V1Options = {}): Promise<V1Client> {
    const { port = portOfSession(session), clientId = 'client', ws: more = {} } = options
    for (const untilMs = Date.now() + 15_000; ;) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, more)
      t.teardown(() => socket.terminate())
      // Before it is open, since the first message may come with the answer.
      const client = new V1Client(socket, session, clientId)
      const refused = await new Promise<Error | null>((resolve) => {
        socket.once('open', () => resolve(null))
        socket.once('error', resolve)
      })
      if (refused === null) return client
      if (Date.now() > untilMs || !/ECONNREFUSED|503/.test(String(refused))) throw refused
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  static async subscriber(
    t: Test,
    session: string,
    options: V1Options & { capabilities?: string[] } = {},
  ): Promise<V1Client> {
    const { capabilities = subscribed } = options
    const client = await V1Client.connect(t, session, { clientId: 'mission-control', ...options })
    client.hello({ role: 'subscriber', capabilities })
    return client
  }

  /** A publisher of the agent in a pane. It calls its agent as the seed's example does: by a name of its own. */
  static async publisher(t: Test, session: string, pane: string, options: V1Options = {}): Promise<V1Client> {
    const client = await V1Client.connect(t, session, { clientId: `agent-${pane}`, ...options })
    client.hello({
      role: 'publisher',
      capabilities: published,
      agent_id: client.id,
      pane_id: pane,
      project_root: '/home/user/dev/shop',
    })
    return client
  }

  hello(payload: object): void {
    this.send('hello', { client_id: this.id, ...payload })
  }

  /** Says something; `more` are other fields of the envelope, or another value of one. */
  send(type: string, payload: unknown, more: Record<string, unknown> & { request_id?: string } = {}): void {
    this.write(JSON.stringify(this.envelope(type, payload, more)))
  }

  /** The same without sending it. */
  envelope(type: string, payload: unknown, more: object = {}): Record<string, unknown> {
    return {
      version: '1',
      type,
      session_id: this.session,
      sender_id: this.id,
      timestamp: new Date().toISOString(),
      payload,
      ...more,
    }
  }

  write(text: string | Buffer): void {
    this.socket.send(text)
  }

  /** All messages of a type so far. */
  all(type: string, agent?: string): V1Message[] {
    return this.received.filter(
      (message) => message.type === type && (agent === undefined || message.payload['agent_id'] === agent),
    )
  }

  /**
   * Waits until something about what was received is so.
   * @throws with all that was received when it is not in time, when the connection ends first, or when a message was
   * not as the seed has it.
   */
  async until<T>(what: string, look: () => T, withinMs = 15_000): Promise<Exclude<NonNullable<T>, false>> {
    for (const untilMs = Date.now() + withinMs; ;) {
      if (this.faults.length > 0) throw this.#failure(`not as the seed has it: ${this.faults.join('; ')}`)
      const found = look()
      if (found !== undefined && found !== null && found !== false)
        return found as Exclude<NonNullable<T>, false>
      if (this.end !== null) throw this.#failure(`ended (${JSON.stringify(this.end)}) before ${what}`)
      if (Date.now() > untilMs) throw this.#failure(`not within ${withinMs} ms: ${what}`)
      await this.#changed(untilMs - Date.now())
    }
  }

  /** Waits until the hub has closed the connection. @throws with all that was received when it does not. */
  async ended(withinMs = 15_000): Promise<V1End> {
    return this.until('the end of the connection', () => this.end, withinMs)
  }

  /** Waits for a message of a type, the first one that is as asked for. */
  async get(type: string, isIt: (message: V1Message) => boolean = () => true): Promise<V1Message> {
    return this.until(`${type}: ${String(isIt)}`, () => this.all(type).find(isIt))
  }

  /** Waits for the answer to a request, in the envelope or in the payload. */
  async answer(type: string, requestId: string): Promise<V1Message> {
    return this.until(`${type} of ${requestId}`, () => this.answers(type, requestId)[0])
  }

  answers(type: string, requestId: string): V1Message[] {
    return this.all(type).filter(({ request_id: id, payload }) => (id ?? payload['request_id']) === requestId)
  }

  /** Waits for an error message. @returns its payload. */
  async error(code: string): Promise<Record<string, unknown>> {
    return (await this.get('error', ({ payload }) => payload['code'] === code)).payload
  }

  /** States that were told although they were told before, one after the other; there must be none. */
  repeats(): V1Message[] {
    const last = new Map<string, string>()
    return this.received.filter(({ type, payload }) => {
      if (!['agent_status', 'diff_summary', 'task_summary'].includes(type)) return false
      const key = JSON.stringify([type, payload['agent_id'], payload['tag']])
      const now = JSON.stringify(payload)
      const isRepeated = last.get(key) === now
      last.set(key, now)
      return isRepeated
    })
  }

  #changed(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, Math.max(0, withinMs) + 1)
      this.#waiting.add(done)
    })
  }

  #look(): void {
    for (const done of this.#waiting) done()
  }

  #failure(what: string): Error {
    const all = this.received.map((message) => JSON.stringify(message).slice(0, 600))
    return new Error(`${this.id}: ${what}\n${all.length} received:\n${all.slice(-200).join('\n')}`)
  }
}

function parsed(bytes: Buffer): V1Message {
  try {
    return JSON.parse(bytes.toString()) as V1Message
  } catch {
    // It is among the faults.
    return { version: '', type: '', session_id: '', sender_id: '', timestamp: '', payload: {} }
  }
}
