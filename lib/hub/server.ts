import net from 'node:net'
import { randomBytes } from 'node:crypto'
import { decodeClientLine, tooLarge } from '../wire/decode.js'
import { WireError } from '../wire/errors.js'
import type { HubCommand } from '../wire/commands.js'
import { framesPerTurnMax, stalledMs } from '../wire/limits.js'
import { LineReader, type Line } from '../wire/lines.js'
import type { Log } from '../wire/log.js'
import type { CommandResult, HubHealth, LayoutState } from '../wire/messages.js'
import { HubCore, type Effect } from './core.js'
import { LayoutWatch, type LayoutPace, type Timers } from './layout-watch.js'
import { claimSocket, type ClaimedSocket } from './socket-file.js'

export interface HubOptions {
  sessionId: string
  /** Absolute path of the socket. */
  socketPath: string
  /** Seconds without a sign of life after which an agent is removed; 0 keeps it. */
  staleSeconds: number
  /** Unsent bytes past which a subscriber is lagging. */
  subscriberBudgetBytes: number
  /** Ends the hub this many seconds after its last client left; 0 never does. */
  idleSeconds: number
  version: string
  log: Log
  /** Does a hub command. */
  run: (command: HubCommand) => Promise<CommandResult>
  /** How the session's layout is watched; without it nobody is told one. */
  layout?: LayoutPace & { read: () => Promise<LayoutState>; timers?: Timers }
  /** Called when the hub has ended by itself. */
  onIdle?: () => void
}

export interface Hub {
  readonly epoch: string
  health(): HubHealth
  /** Ends every connection and removes the socket. */
  close(): Promise<void>
}

/** Node fires a longer timer at once. */
const timerMsMax = 2 ** 31 - 1
/** How often it is looked whether the socket's file is still ours. */
const socketCheckMs = 15_000
/** How long a client may leave its side open after we closed ours. */
const lingerMs = 2_000

interface Connection {
  socket: net.Socket
  reader: LineReader
  state: 'open' | 'waiting_for_turn' | 'ended_by_client'
}

/**
 * A hub on its socket: accepts, reads lines, and performs what the core says.
 * @throws {SocketFileError} when the socket cannot be had.
 */
export async function startHub(options: HubOptions): Promise<Hub> {
  const server = new HubServer(options)
  await server.start()
  return server
}

class HubServer implements Hub {
  readonly epoch = randomBytes(6).toString('hex')
  readonly #connections = new Map<number, Connection>()
  readonly #server = net.createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket))
  #core!: HubCore
  #file!: ClaimedSocket
  #layoutWatch: LayoutWatch | null = null
  #connectionCount = 0
  #flushing: NodeJS.Immediate | null = null
  #hasFlushed = false
  #tick: { ms: number; timer: NodeJS.Timeout } | null = null
  #tickedMs = 0
  #checkedMs = 0
  #idle: NodeJS.Timeout | null = null
  #isClosed = false

  constructor(private readonly options: HubOptions) {}

  async start(): Promise<void> {
    const { sessionId, socketPath, staleSeconds, subscriberBudgetBytes, version, layout, log } = this.options
    const early: net.Socket[] = []
    const keep = (socket: net.Socket): void => void early.push(socket)
    this.#server.removeAllListeners('connection').on('connection', keep)
    this.#file = await claimSocket(this.#server, socketPath, { sessionId, epoch: this.epoch })
    this.#core = new HubCore({
      sessionId,
      epoch: this.epoch,
      seqStart: this.#file.seqStart,
      seqReserved: this.#file.seqReserved,
      version,
      pid: process.pid,
      startedMs: Date.now(),
      staleMs: staleSeconds * 1_000,
      subscriberBudgetBytes,
      watchesLayout: layout !== undefined,
      random: Math.random,
    })
    this.#server.off('connection', keep).on('connection', (socket) => this.#accept(socket))
    this.#server.on('error', (error) => log('error', 'accept_failed', { message: error.message }))
    log('info', 'hub_listening', {
      socket: socketPath,
      session_id: sessionId,
      epoch: this.epoch,
      seq: this.#file.seqStart,
    })
    for (const socket of early) this.#accept(socket)
    if (layout)
      this.#layoutWatch = new LayoutWatch({ ...layout, log, onLayout: (seen) => this.#layoutSeen(seen) })
    this.#watchIdle()
  }

  health(): HubHealth {
    return this.#core.health()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#tick) clearTimeout(this.#tick.timer)
    if (this.#idle) clearTimeout(this.#idle)
    this.#layoutWatch?.close()
    this.#perform(this.#core.flush(Date.now()))
    for (const { socket } of this.#connections.values()) socket.end(() => socket.destroy())
    // The next life goes on from here, not from the end of the block.
    this.#reserve(this.#core.health().seq)
    const closed = this.#file.close()
    setTimeout(() => {
      for (const { socket } of this.#connections.values()) socket.destroy()
    }, 250).unref()
    await closed
    this.options.log('info', 'hub_ended', { seq: this.#core.health().seq })
  }

  #accept(socket: net.Socket): void {
    if (this.#isClosed) return void socket.destroy()
    const conn = ++this.#connectionCount
    const connection: Connection = { socket, reader: new LineReader(), state: 'open' }
    this.#connections.set(conn, connection)
    if (this.#idle) clearTimeout(this.#idle)
    this.#core.step({ kind: 'connected', conn }, Date.now())
    socket.on('data', (chunk) => {
      connection.reader.push(chunk)
      if (connection.state === 'open') this.#pump(conn, connection)
      // The first to speak in a turn is passed on at once, the others together at the turn's end.
      if (!this.#hasFlushed) this.#flush()
    })
    socket.on('end', () => {
      const waits = connection.state === 'waiting_for_turn'
      connection.state = 'ended_by_client'
      if (!waits) this.#pump(conn, connection)
    })
    // What went wrong with a connection ends it; the close below says so.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      this.#connections.delete(conn)
      this.#core.step({ kind: 'closed', conn }, Date.now())
      this.#flushSoon()
      this.#watchIdle()
    })
    this.#flushSoon()
  }

  /** Takes lines, so many a turn that no connection can hold up the others. */
  #pump(conn: number, connection: Connection): void {
    const { socket, reader } = connection
    const nowMs = Date.now()
    this.#flushSoon()
    for (let taken = 0; taken < framesPerTurnMax; taken++) {
      const line = reader.next()
      if (line === null) {
        if (connection.state === 'ended_by_client') this.#pumpEnd(conn, connection, nowMs)
        else {
          connection.state = 'open'
          if (socket.isPaused()) socket.resume()
        }
        return
      }
      this.#take(conn, line, nowMs)
      if (this.#core.isPressed) this.#flush()
    }
    if (connection.state === 'open') connection.state = 'waiting_for_turn'
    socket.pause()
    setImmediate(() => {
      if (this.#connections.has(conn)) this.#pump(conn, connection)
    })
  }

  #pumpEnd(conn: number, { reader }: Connection, nowMs: number): void {
    const last = reader.finish()
    if (last !== null) this.#take(conn, last, nowMs)
    this.#core.step({ kind: 'half_closed', conn }, nowMs)
  }

  #take(conn: number, line: Line, nowMs: number): void {
    try {
      if (line.kind === 'too_long') throw tooLarge(line.length)
      const envelope = decodeClientLine(line.bytes)
      this.#core.step({ kind: 'frame', conn, envelope, line: line.bytes }, nowMs)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#core.step({ kind: 'bad_line', conn, error, number: line.number }, nowMs)
    }
  }

  #flushSoon(): void {
    this.#flushing ??= setImmediate(() => this.#flush())
  }

  #flush(): void {
    if (this.#flushing !== null) clearImmediate(this.#flushing)
    this.#flushing = null
    if (this.#isClosed) return
    this.#hasFlushed = true
    setImmediate(() => {
      this.#hasFlushed = false
    })
    this.#perform(this.#core.flush(Date.now()))
    this.#setTick()
    this.#layoutWatch?.want(this.#core.isLayoutWanted)
  }

  #perform(effects: Effect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'write':
          this.#write(effect.conn, effect.lines)
          break
        case 'end':
          this.#end(effect.conn)
          break
        case 'destroy':
          this.options.log('warn', 'client_dropped', { conn: effect.conn, reason: effect.reason })
          this.#connections.get(effect.conn)?.socket.destroy()
          break
        case 'reserve':
          this.#reserve(effect.seq)
          break
        case 'run':
          void this.#run(effect.hubRequestId, effect.command)
          break
        case 'log':
          this.options.log(effect.level, effect.event, effect.fields)
          break
      }
    }
  }

  #write(conn: number, lines: Buffer[]): void {
    const socket = this.#connections.get(conn)?.socket
    if (socket === undefined || !socket.writable) return
    const buffer = lines.length === 1 ? lines[0]! : Buffer.concat(lines)
    socket.write(buffer, (error) => {
      if (error) return
      if (this.#core.step({ kind: 'written', conn, bytes: buffer.length }, Date.now())) this.#flushSoon()
    })
  }

  /** Ends our side; what the client still says is thrown away, and it has a moment to close its own. */
  #end(conn: number): void {
    const socket = this.#connections.get(conn)?.socket
    if (socket === undefined) return
    socket.removeAllListeners('data').removeAllListeners('end')
    socket.resume()
    // The core has let go of it: nobody else notices when it never takes its last bytes.
    setTimeout(() => socket.destroy(), stalledMs).unref()
    socket.end(() => setTimeout(() => socket.destroy(), lingerMs).unref())
  }

  /** The epoch still tells lives apart when the disk is full; the hub goes on. */
  #reserve(seq: number): void {
    try {
      this.#file.reserve(seq)
    } catch (error) {
      this.options.log('error', 'seq_not_reserved', { seq, message: (error as Error).message })
    }
  }

  async #run(hubRequestId: string, command: HubCommand): Promise<void> {
    const result = await this.options.run(command)
    this.#core.step({ kind: 'command_done', hubRequestId, result }, Date.now())
    this.#flushSoon()
  }

  #layoutSeen(layout: LayoutState | null): void {
    this.#core.step({ kind: 'layout', layout }, Date.now())
    this.#flushSoon()
  }

  /** Sees to it that the next tick comes in time, however often what it waits for changes. */
  #setTick(): void {
    const ms = this.#core.tickMs
    if (this.#tick?.ms === ms) return
    if (this.#tick) clearTimeout(this.#tick.timer)
    this.#tick = null
    if (ms === 0 || this.#isClosed) return
    const dueMs = Math.max(0, this.#tickedMs + ms - performance.now())
    this.#tick = { ms, timer: setTimeout(() => this.#doTick(), dueMs) }
  }

  #doTick(): void {
    this.#tick = null
    this.#tickedMs = performance.now()
    this.#core.step({ kind: 'tick' }, Date.now())
    this.#flush()
    if (this.#tickedMs - this.#checkedMs < socketCheckMs) return
    this.#checkedMs = this.#tickedMs
    if (!this.#file.isOurs()) void this.#leave()
  }

  /** Its socket is gone or another hub's: clients that come find that one, and so shall those that are here. */
  async #leave(): Promise<void> {
    this.options.log('error', 'socket_lost', {})
    await this.close()
    this.options.onIdle?.()
  }

  #watchIdle(): void {
    const { idleSeconds, onIdle } = this.options
    if (idleSeconds === 0 || this.#isClosed || this.#connections.size > 0) return
    if (this.#idle) clearTimeout(this.#idle)
    this.#idle = setTimeout(
      () => {
        void this.close().then(() => onIdle?.())
      },
      Math.min(idleSeconds * 1_000, timerMsMax),
    )
  }
}
