import net from 'node:net'
import { randomBytes } from 'node:crypto'
import type { HubCommand } from '../wire/commands.js'
import type { Log } from '../wire/log.js'
import type { CommandResult, HubHealth, LayoutState, V1Health } from '../wire/messages.js'
import type { Bus, Follower, Link } from './bus.js'
import { HubCore } from './core.js'
import { LayoutWatch, type LayoutPace, type Timers } from './layout-watch.js'
import type { Effect, Input } from './machine.js'
import { SocketLink } from './socket-link.js'
import { claimSocket, type ClaimedSocket } from './socket-file.js'
import type { V1Door, V1DoorOptions } from './v1/door.js'

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
  /** How v1 clients come in; a text says why they do not. */
  v1?: V1DoorOptions | string
  /** Called when v1 clients can come in, at once or later. */
  onV1?: (url: string) => void
  /** Called when the hub has ended by itself. */
  onIdle?: () => void
}

export interface Hub {
  readonly epoch: string
  /** Resolves when v1 clients can come in, or when it is known why not. */
  readonly v1Opened: Promise<void>
  health(): HubHealth
  /** Ends every connection and removes the socket. */
  close(): Promise<void>
}

/** Node fires a longer timer at once. */
const timerMsMax = 2 ** 31 - 1
/** How often it is looked whether the socket's file is still ours. */
const socketCheckMs = 15_000
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
  v1Opened = Promise.resolve()
  readonly #links = new Map<number, Link>()
  readonly #server = net.createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket))
  #core!: HubCore
  #file!: ClaimedSocket
  #layoutWatch: LayoutWatch | null = null
  #v1: V1Door | null = null
  #v1Fault: string | null = null
  #follower: Follower | null = null
  #connectionCount = 0
  #flushing: NodeJS.Immediate | null = null
  #hasFlushed = false
  #isPerforming = false
  #tick: { ms: number; timer: NodeJS.Timeout } | null = null
  #tickedMs = 0
  #checkedMs = 0
  #idle: NodeJS.Timeout | null = null
  #isClosed = false

  readonly #bus: Bus = {
    connect: (link, { isWatched } = { isWatched: false }) => this.#connect(link, isWatched),
    disconnect: (conn) => this.#disconnect(conn),
    step: (input) => this.#step(input),
    spoken: () => {
      if (!this.#hasFlushed && !this.#isPerforming) this.#flush()
    },
    flush: () => {
      if (!this.#isPerforming) this.#flush()
    },
    follow: (follower) => {
      this.#follower = follower
      this.#step({ kind: 'follow', on: follower !== null })
      return follower === null ? [] : this.#core.states()
    },
    isPublished: (agentId, besides) => this.#core.isPublished(agentId, besides),
    state: (agentId) => this.#core.state(agentId),
  }

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
      v1Health: () => this.#v1Health(),
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
    const { v1 } = this.options
    if (typeof v1 === 'object') this.v1Opened = this.#openV1(v1)
    else if (v1 !== undefined) log('warn', 'v1_not_listening', { reason: v1 })
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
    this.#v1?.close()
    this.#perform(this.#core.flush(Date.now()))
    for (const link of this.#links.values()) link.end(0)
    // The next life goes on from here, not from the end of the block.
    this.#reserve(this.#core.health().seq)
    const closed = this.#file.close()
    setTimeout(() => {
      for (const link of this.#links.values()) link.destroy()
    }, 250).unref()
    await closed
    this.options.log('info', 'hub_ended', { seq: this.#core.health().seq })
  }

  /** Late, and its code too: who speaks v2 waits for nothing. */
  async #openV1(options: V1DoorOptions): Promise<void> {
    const { sessionId, socketPath, subscriberBudgetBytes, log } = this.options
    const door = await import('./v1/door.js').catch((error: Error) => error)
    if (door instanceof Error) {
      // The programs were replaced under a hub that runs, for one.
      log('error', 'v1_not_listening', { reason: door.message })
      this.#v1Fault = door.message
      return
    }
    if (this.#isClosed) return
    const { V1Door } = door
    this.#v1 = new V1Door(options, {
      sessionId,
      socketPath,
      bus: this.#bus,
      budgetBytes: subscriberBudgetBytes,
      health: () => this.#core.health(),
      states: () => this.#core.states(),
      healthChanged: () => this.#step({ kind: 'health_changed' }),
      opened: (url) => this.options.onV1?.(url),
      left: () => this.#watchIdle(),
      log,
    })
    await this.#v1.open()
  }

  #v1Health(): V1Health | null {
    const fault = this.#v1Fault ?? this.options.v1
    if (typeof fault === 'string') return closedDoor(fault)
    return this.#v1?.health() ?? null
  }

  #accept(socket: net.Socket): void {
    if (this.#isClosed) return void socket.destroy()
    new SocketLink(socket, this.#bus).open()
  }

  #connect(link: Link, isWatched: boolean): number {
    const conn = ++this.#connectionCount
    this.#links.set(conn, link)
    if (this.#idle) clearTimeout(this.#idle)
    this.#step({ kind: 'connected', conn, isWatched })
    return conn
  }

  #disconnect(conn: number): void {
    this.#links.delete(conn)
    this.#step({ kind: 'closed', conn })
    this.#watchIdle()
  }

  #step(input: Input): void {
    if (this.#core.step(input, Date.now())) this.#flushSoon()
    if (this.#core.isPressed && !this.#isPerforming) this.#flush()
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
    // What a link answers meanwhile waits for the next flush: its effects must not overtake these.
    this.#isPerforming = true
    try {
      for (const effect of effects) this.#do(effect)
    } finally {
      this.#isPerforming = false
    }
  }

  #do(effect: Effect): void {
    switch (effect.kind) {
      case 'write':
        this.#links.get(effect.conn)?.write(effect.lines)
        break
      case 'end':
        this.#links.get(effect.conn)?.end()
        break
      case 'destroy':
        this.options.log('warn', 'client_dropped', { conn: effect.conn, reason: effect.reason })
        this.#links.get(effect.conn)?.destroy()
        break
      case 'changed':
        this.#follower?.changed(effect.changes, effect.bytes)
        break
      case 'beat':
        this.#follower?.beat(effect.beat)
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
    this.#step({ kind: 'command_done', hubRequestId, result })
  }

  #layoutSeen(layout: LayoutState | null): void {
    this.#step({ kind: 'layout', layout })
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

  get #isUsed(): boolean {
    return this.#links.size > 0 || this.#v1?.hasClients === true
  }

  #watchIdle(): void {
    const { idleSeconds, onIdle } = this.options
    if (idleSeconds === 0 || this.#isClosed || this.#isUsed) return
    if (this.#idle) clearTimeout(this.#idle)
    this.#idle = setTimeout(
      () => {
        // A v1 client that publishes no agent is no connection of the core.
        if (this.#isUsed) return
        void this.close().then(() => onIdle?.())
      },
      Math.min(idleSeconds * 1_000, timerMsMax),
    )
  }
}

/** A door that is not opened, as Health shows it. */
function closedDoor(reason: string): V1Health {
  const none = { connections: 0, publishers: 0, subscribers: 0, refused: 0 }
  const nothing = { messages_in: 0, messages_out: 0, errors: 0, queue_drops: 0, resyncs: 0 }
  return { url: '', listening: false, reason, ...none, ...nothing }
}
