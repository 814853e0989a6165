import http from 'node:http'
import type net from 'node:net'
import type { Duplex } from 'node:stream'
import type { WebSocket, WebSocketServer } from 'ws'
import { v1ConnectionsMax, v1MessageBytesMax } from '../../wire/limits.js'
import type { Log } from '../../wire/log.js'
import type { AgentState, HubHealth, V1Health } from '../../wire/messages.js'
import type { Bus } from '../bus.js'
import { ErrorBudget } from '../client.js'
import { urlOf, type Address } from './address.js'
import { answer, endWith } from './answer.js'
import { healthDetails } from './details.js'
import { Peer } from './peer.js'
import { peerUser } from './peer-user.js'
import { refusalOf, targetOf, type Refusal } from './request.js'
import { V1Shim } from './shim.js'

export interface V1DoorOptions {
  /** Where it listens; loopback only, see `v1Address`. */
  address: Address
  /** Browser origins that may come in all the same. */
  allowedOrigins: readonly string[]
  /** A client is pinged this often; without a sign of life for three times as long it is ended. */
  pingMs: number
  /** A client that takes nothing of what waits for it is ended after this long. */
  writeMs: number
}

/** What the door is given of the hub. */
export interface V1Hub {
  sessionId: string
  socketPath: string
  bus: Bus
  budgetBytes: number
  health(): HubHealth
  states(): AgentState[]
  /** It listens. */
  opened(url: string): void
  /** The last client has gone. */
  left(): void
  /** Who watches the hub's health is to be told it anew. */
  healthChanged(): void
  log: Log
}

/** How often a taken port is tried again. */
const retryMs = 5_000
const tickMs = 1_000
/** Who has the port is looked for this often, which costs a walk through all processes. */
const holderMs = 60_000
/** HTTP connections beside the websockets: who asks for health is gone at once. */
const requestsMax = 32

const noHttp = {
  status: 400,
  reason: 'this is no HTTP: the door of v1 clients is a websocket; lines of JSON go to the Unix socket',
}
const strange = { status: 403, reason: "this hub is another user's" } as const

/**
 * The websocket door of v1 clients: `ws://127.0.0.1:<port>/ws`, and `/health` beside it. It listens on loopback only,
 * and lets in neither web pages nor other users of the machine. Without its port the hub does without it, and it
 * tries again.
 * Seed 000, "Port Derivation", "Security Constraints"; design: v1 websocket shim.
 */
export class V1Door {
  readonly #shim: V1Shim
  readonly #server: http.Server
  readonly #peers = new Set<Peer>()
  /** Whether the user at the other end may come in. */
  readonly #users = new WeakMap<net.Socket, Promise<boolean>>()
  /** Upgrades that are being looked at. */
  #entering = 0
  #refused = 0
  readonly #refusals = new ErrorBudget(performance.now())
  #websockets: Promise<WebSocketServer> | null = null
  #url: string
  #standing: 'opening' | 'listening' | 'closed' = 'opening'
  #reason: string | null = null
  #retry: NodeJS.Timeout | null = null
  #tick: NodeJS.Timeout | null = null
  /** When it was last looked for who has the port. */
  #heldMs = 0
  #tickedMs = 0
  #pingedMs = 0
  #isClosed = false

  constructor(
    private readonly options: V1DoorOptions,
    private readonly hub: V1Hub,
  ) {
    this.#url = urlOf(options.address)
    const { sessionId, bus, budgetBytes, log } = hub
    const onError = (error: object): void => log('warn', 'v1_error', { ...error })
    const uptime = (): number => performance.now()
    this.#shim = new V1Shim({ sessionId, bus, now: Date.now, uptime, budgetBytes, later, onError })
    this.#server = http.createServer({
      headersTimeout: 5_000,
      connectionsCheckingInterval: 2_000,
      requestTimeout: 5_000,
      keepAliveTimeout: 1_000,
      maxHeaderSize: 16_384,
    })
    this.#server.maxConnections = v1ConnectionsMax + requestsMax
    this.#server
      .on('connection', (socket: net.Socket) => this.#users.set(socket, this.#lookAtUser(socket)))
      .on('request', (request, response) => void this.#request(request, response))
      .on('upgrade', (request, socket, head) => void this.#upgrade(request, socket, head))
      .on('clientError', (_, socket) => (socket.writable ? endWith(socket, noHttp) : socket.destroy()))
  }

  /** Listens, or says why not and tries again by itself. */
  async open(): Promise<void> {
    const { host, port } = this.options.address
    const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
      const done = (failure: NodeJS.ErrnoException | null): void => {
        this.#server.off('error', done).off('listening', opened)
        resolve(failure)
      }
      const opened = (): void => done(null)
      this.#server.once('error', done).once('listening', opened).listen({ host, port, exclusive: true })
    })
    if (this.#isClosed) return void this.#server.close()
    if (error === null) this.#opened()
    else await this.#failed(error)
  }

  get hasClients(): boolean {
    return this.#peers.size > 0
  }

  /** What Health shows of it. */
  health(): V1Health {
    const { messagesIn, messagesOut, errors, queueDrops, resyncs } = this.#shim.counts
    return {
      url: this.#url,
      listening: this.#standing === 'listening',
      ...(this.#reason !== null && { reason: this.#reason }),
      ...this.#shim.clients,
      refused: this.#refused,
      messages_in: messagesIn,
      messages_out: messagesOut,
      errors,
      queue_drops: queueDrops,
      resyncs,
    }
  }

  /** Says goodbye to all, and stops listening. */
  close(): void {
    this.#isClosed = true
    if (this.#retry) clearTimeout(this.#retry)
    if (this.#tick) clearInterval(this.#tick)
    for (const peer of this.#peers) peer.close(1001, 'the hub ends')
    this.#server.close()
    this.#server.closeAllConnections()
    setTimeout(() => {
      for (const peer of this.#peers) peer.terminate()
    }, 200).unref()
  }

  #opened(): void {
    this.#standing = 'listening'
    this.#reason = null
    const { port } = this.#server.address() as net.AddressInfo
    this.#url = urlOf({ host: this.options.address.host, port })
    this.#server.on('error', (error) => this.hub.log('error', 'v1_failed', { message: error.message }))
    this.hub.log('info', 'v1_listening', { url: this.#url })
    this.hub.healthChanged()
    this.hub.opened(this.#url)
  }

  async #failed({ code, message }: NodeJS.ErrnoException): Promise<void> {
    const reason = code === 'EADDRINUSE' ? await this.#holder() : message
    const isNews = reason !== this.#reason
    this.#standing = 'closed'
    this.#reason = reason
    if (isNews) {
      this.hub.log('warn', 'v1_not_listening', { url: this.#url, reason })
      this.hub.healthChanged()
    }
    if (!this.#isClosed) this.#retry = setTimeout(() => void this.open(), retryMs).unref()
  }

  async #holder(): Promise<string> {
    const { address } = this.options
    if (this.#reason !== null && performance.now() - this.#heldMs < holderMs) return this.#reason
    this.#heldMs = performance.now()
    const { whoHolds } = await import('./port-holder.js').catch(() => ({ whoHolds: () => 'another program' }))
    return `${await whoHolds(address)} has port ${address.port}`
  }

  /** Looked at before anything is read: who may not come in takes nobody's place. */
  async #lookAtUser(socket: net.Socket): Promise<boolean> {
    const user = await peerUser(socket)
    if (user === null || user === process.getuid?.()) return true
    this.#noteRefusal(strange)
    endWith(socket, strange)
    return false
  }

  /** Why a request is not let in, or null. */
  async #refusal(request: http.IncomingMessage): Promise<Refusal | { status: 503; reason: string } | null> {
    const refusal = refusalOf(request, this.options)
    if (refusal !== null) return refusal
    // Node gives the first of several Hosts; whoever is between may have meant another.
    const hosts = request.rawHeaders.filter((text, i) => i % 2 === 0 && text.toLowerCase() === 'host')
    if (hosts.length !== 1) return { status: 403, reason: 'a request has one Host' }
    if (!(await this.#users.get(request.socket))) return strange
    if (this.#isClosed) return { status: 503, reason: 'the hub ends' }
    return null
  }

  async #request(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    response.on('error', () => {})
    const refusal = await this.#refusal(request)
    if (refusal === strange) return
    if (refusal !== null) {
      this.#noteRefusal(refusal)
      return answer(response, refusal.status, `${refusal.reason}\n`)
    }
    const target = targetOf(request.url ?? '')
    if (target?.path !== '/health')
      return answer(response, 426, 'this is the websocket of v1 clients\n', { Upgrade: 'websocket' })
    if (!target.details) return answer(response, 200, 'ok')
    const { sessionId, socketPath } = this.hub
    const details = healthDetails(this.hub.health(), { sessionId, socketPath }, this.hub.states(), Date.now())
    answer(response, 200, `${JSON.stringify(details, null, 2)}\n`, { 'Content-Type': 'application/json' })
  }

  async #upgrade(request: http.IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy())
    this.#entering++
    try {
      const isFull = this.#peers.size + this.#entering > v1ConnectionsMax
      const full = {
        status: 503,
        reason: `${v1ConnectionsMax} v1 clients are connected; that is all it takes`,
      }
      const refusal = isFull ? full : await this.#refusal(request)
      if (refusal === strange) return
      if (refusal !== null) {
        this.#noteRefusal(refusal)
        return endWith(socket, refusal)
      }
      if (targetOf(request.url ?? '')?.path !== '/ws')
        return endWith(socket, { status: 400, reason: 'the websocket is at /ws' })
      // Loaded with the first client: a hub without v1 clients does without it.
      this.#websockets ??= import('ws').then(
        (ws) =>
          new ws.WebSocketServer({
            noServer: true,
            clientTracking: false,
            perMessageDeflate: false,
            // For a client that says it closes, and leaves its side open. The types of ws do not have it yet.
            ...({ closeTimeout: 2_000 } as object),
            maxPayload: v1MessageBytesMax,
            // What is no UTF-8 is answered as what is no JSON.
            skipUTF8Validation: true,
          }),
      )
      const websockets = await this.#websockets.catch((error: Error) => error)
      if (websockets instanceof Error) {
        // The programs were replaced under a hub that runs, for one.
        this.#websockets = null
        this.hub.log('error', 'v1_failed', { message: websockets.message })
        return endWith(socket, { status: 503, reason: 'this hub is out of date; start it again' })
      }
      if (socket.destroyed || this.#isClosed) return void socket.destroy()
      websockets.handleUpgrade(request, socket, head, (ws) => this.#enter(ws, socket))
    } finally {
      this.#entering--
    }
  }

  #enter(ws: WebSocket, socket: Duplex): void {
    const peer = new Peer(ws, socket)
    this.#peers.add(peer)
    const client = this.#shim.open(peer)
    if (this.#tick === null) {
      this.#tickedMs = performance.now()
      this.#tick = setInterval(() => this.#doTick(), tickMs)
    }
    ws.on('message', (data) => {
      peer.seen()
      client.message(data as Buffer)
    })
    ws.on('pong', () => peer.seen())
    ws.on('error', (error) => this.hub.log('info', 'v1_client_failed', { message: error.message }))
    ws.on('close', () => {
      this.#peers.delete(peer)
      this.#shim.closed(client)
      if (this.#peers.size > 0) return
      if (this.#tick !== null) clearInterval(this.#tick)
      this.#tick = null
      this.hub.left()
    })
  }

  #doTick(): void {
    const { pingMs } = this.options
    const nowMs = performance.now()
    const leapMs = nowMs - this.#tickedMs - tickMs
    this.#tickedMs = nowMs
    // This process was asleep or held up: what has come meanwhile is still to be read.
    if (leapMs > tickMs) {
      this.#shim.restartWaits()
      for (const peer of this.#peers) peer.restartWaits()
    }
    this.#shim.tick()
    const isPing = nowMs - this.#pingedMs >= pingMs
    if (isPing) this.#pingedMs = nowMs
    for (const peer of this.#peers) {
      const reason = peer.faultOf(this.options)
      if (reason !== null) {
        this.hub.log('warn', 'v1_client_dropped', { reason })
        peer.terminate()
      } else if (isPing) peer.ping()
    }
  }

  #noteRefusal({ status, reason }: { status: number; reason: string }): void {
    // What is not there or not taken is nobody's danger.
    if (status === 403 || status === 503) this.#refused++
    // A web page can ask as often as it likes.
    const untold = this.#refusals.spend(performance.now())
    if (untold !== null) this.hub.log('warn', 'v1_refused', { status, reason, ...(untold > 0 && { untold }) })
  }
}

function later(ms: number, run: () => void): void {
  if (ms === 0) setImmediate(run)
  else setTimeout(run, ms)
}
