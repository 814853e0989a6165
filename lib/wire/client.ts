import { randomBytes } from 'node:crypto'
import { openConnection, type Connection } from './connection.js'
import { encodeLine } from './encode.js'
import { WireError } from './errors.js'
import { reconnectFirstMs, reconnectMaxMs } from './limits.js'
import { noLog, type Log } from './log.js'
import type { ClientFrame, CommandResult, HelloInput, HubEnvelope } from './messages.js'

type ClientType = 'subscribe' | 'delta' | 'heartbeat' | 'command' | 'command_result'

export interface HubClientOptions {
  socketPath: string
  sessionId: string
  hello: HelloInput
  /** The connection stands and hello is said; say now what the hub has to know. */
  onUp?: () => void
  /** The connection is lost; the next attempt comes in `retryMs`. Called for each attempt that fails. */
  onDown?: (reason: string, retryMs: number) => void
  onFrame?: (frame: HubEnvelope) => void
  /** The socket has room again after `isFull`. */
  onDrain?: () => void
  /** Called before a retry when nobody listens; may start a hub. */
  startHub?: () => void
  log?: Log
}

/** Bytes unsent past which a client should wait with what can wait. */
const fullBytes = 256 * 1_024
/** The first attempt after a loss. */
const firstRetryMs = 50
/** How long a hub that was started may take to listen, and how often that is tried. */
const startingMs = 3_000
const startingRetryMs = 60
/** A connection that lasted this long is a success: the next wait is short again. */
const stableMs = 5_000

/**
 * A client that stays connected: it says hello, tells of frames, and connects again after a loss, at once the first
 * time and then after 1 s, doubling to 10 s. Nothing it does blocks; only `send` may throw.
 */
export class HubClient {
  #connection: Connection | null = null
  #isUp = false
  #upMs = 0
  #waitMs = 0
  #hubStartedMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | null = null
  #isClosed = false
  #refusal: string | null = null
  readonly #pending = new Map<string, (result: CommandResult | null) => void>()
  readonly #log: Log

  constructor(private readonly options: HubClientOptions) {
    this.#log = options.log ?? noLog
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** Whether the hub takes less than it is given: what can wait should. */
  get isFull(): boolean {
    return (this.#connection?.unsentBytes ?? 0) > fullBytes
  }

  /** Starts to connect. */
  open(): void {
    this.#connect()
  }

  /** Waits for the connection. @returns false when there is none within that time. */
  async whenUp(withinMs: number): Promise<boolean> {
    for (const untilMs = performance.now() + withinMs; !this.#isUp && performance.now() < untilMs;)
      await new Promise((resolve) => setTimeout(resolve, 10))
    return this.#isUp
  }

  /**
   * Sends a frame.
   * @returns false when there is no connection: nothing is kept for later.
   * @throws {WireError} `frame_too_large` when it fits no line.
   */
  send<T extends ClientType>(type: T, payload: ClientFrame<T>['payload'], requestId?: string): boolean {
    if (!this.#isUp || this.#connection === null) return false
    const { sessionId, hello } = this.options
    const head = { sessionId, senderId: hello.client_id, timestamp: new Date().toISOString(), requestId }
    this.#connection.send(encodeLine(type as 'delta', head, payload as ClientFrame<'delta'>['payload']))
    return true
  }

  /**
   * Gives a command and waits for its terminal result.
   * @returns null when the connection was lost before it came.
   */
  request(
    command: string,
    target: string | null,
    args: Record<string, unknown>,
    requestId = randomBytes(8).toString('hex'),
  ): Promise<CommandResult | null> {
    return new Promise((resolve) => {
      this.#pending.set(requestId, resolve)
      const payload = { command, args, ...(target !== null && { target_agent_id: target }) }
      try {
        if (!this.send('command', payload, requestId)) this.#settle(requestId, null)
      } catch (error) {
        if (!(error instanceof WireError)) throw error
        const { code, message } = error
        this.#settle(requestId, { command, status: 'error', message, error: { code, message } })
      }
    })
  }

  /** Connects now, if it waits for its next attempt; a hub that has refused it is not asked sooner. */
  retryNow(): void {
    if (this.#timer === null || this.#refusal !== null) return
    clearTimeout(this.#timer)
    this.#connect()
  }

  /** Drops the connection and makes a new one. */
  reconnect(reason: string): void {
    this.#log('info', 'reconnect', { reason })
    this.#refusal = reason
    this.#connection?.destroy()
  }

  /** Ends for good, once what was sent has gone (at most `withinMs`). */
  async close(withinMs = 500): Promise<void> {
    this.#isClosed = true
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    const connection = this.#connection
    if (connection === null) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => connection.destroy(), withinMs)
      this.#onClosed = () => {
        clearTimeout(timer)
        resolve()
      }
      if (this.#isUp) connection.end()
      else connection.destroy()
    })
  }

  #onClosed: (() => void) | null = null

  #connect(): void {
    this.#timer = null
    this.#refusal = null
    this.#connection = openConnection(this.options.socketPath, {
      onOpen: () => this.#opened(),
      onFrame: (frame) => this.#frame(frame),
      onBadLine: (error) => this.#log('warn', 'decode_error', { code: error.code, message: error.message }),
      onDrain: () => this.options.onDrain?.(),
      onClose: (error) => this.#lost(error),
    })
  }

  #opened(): void {
    const { sessionId, hello } = this.options
    const head = { sessionId, senderId: hello.client_id, timestamp: new Date().toISOString() }
    this.#connection?.send(encodeLine('hello', head, hello))
    this.#isUp = true
    this.#upMs = performance.now()
    this.#hubStartedMs = Number.NEGATIVE_INFINITY
    this.#log('info', 'connect', { socket: this.options.socketPath })
    this.options.onUp?.()
  }

  #frame(frame: HubEnvelope): void {
    if (frame.type === 'error') {
      this.#refusal = `${frame.payload.code}: ${frame.payload.message}`
      this.#log('warn', 'hub_error', { code: frame.payload.code, message: frame.payload.message })
    } else if (frame.type === 'command_result' && frame.payload.status !== 'accepted') {
      this.#settle(frame.request_id ?? '', frame.payload)
    }
    this.options.onFrame?.(frame)
  }

  #lost(error: NodeJS.ErrnoException | null): void {
    const wasStable = this.#isUp && performance.now() - this.#upMs >= stableMs
    const wasUp = this.#isUp
    this.#isUp = false
    this.#connection = null
    for (const requestId of this.#pending.keys()) this.#settle(requestId, null)
    this.#onClosed?.()
    if (this.#isClosed) return
    const reason = this.#refusal ?? error?.message ?? 'the hub closed the connection'
    if (wasStable) this.#waitMs = 0
    const waitMs = this.#isStartingHub(error) ? startingRetryMs : this.#nextWait()
    if (wasUp || waitMs === reconnectFirstMs) this.#log('info', 'disconnect', { reason, retry_ms: waitMs })
    this.#timer = setTimeout(() => this.#connect(), waitMs)
    this.options.onDown?.(reason, waitMs)
  }

  /** Starts a hub when nobody listens, once a while. @returns whether one should listen in a moment. */
  #isStartingHub(error: NodeJS.ErrnoException | null): boolean {
    const nobodyListens = error?.code === 'ENOENT' || error?.code === 'ECONNREFUSED'
    if (!nobodyListens || this.options.startHub === undefined) return false
    const sinceMs = performance.now() - this.#hubStartedMs
    if (sinceMs < startingMs) return true
    if (sinceMs < reconnectMaxMs) return false
    this.#hubStartedMs = performance.now()
    this.options.startHub()
    return true
  }

  #nextWait(): number {
    const waitMs = this.#waitMs
    this.#waitMs = Math.min(reconnectMaxMs, waitMs === 0 ? reconnectFirstMs : waitMs * 2)
    return waitMs === 0 ? firstRetryMs : waitMs
  }

  #settle(requestId: string, result: CommandResult | null): void {
    const settle = this.#pending.get(requestId)
    this.#pending.delete(requestId)
    settle?.(result)
  }
}
