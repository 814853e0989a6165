import http from 'node:http'
import type net from 'node:net'
import type { Duplex } from 'node:stream'
import type { WebSocket, WebSocketServer } from 'ws'
import { v1ConnectionsMax, v1MessageBytesMax } from '../../wire/limits.js'
import type { Log } from '../../wire/log.js'
import type { AgentState, HubHealth, V1Health } from '../../wire/messages.js'
import type { Bus } from '../bus.js'
import { urlOf, type Address } from './address.js'
import { healthDetails } from './details.js'
import { peerUser } from './peer-user.js'
import { refusalOf, targetOf, type Refusal } from './request.js'
import { V1Shim } from './shim.js'
import type { V1Socket } from './socket.js'

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
  staleMs: number
  health(): HubHealth
  states(): AgentState[]
  log: Log
}

/** How often a taken port is tried again. */
const retryMs = 5_000
const tickMs = 1_000
/** HTTP connections beside the websockets: who asks for health is gone at once. */
const requestsMax = 32

interface Peer {
  ws: WebSocket
  /** When it last gave a sign of life, and when it last took some of what it was sent. */
  seenMs: number
  takenMs: number
  unsent: number
}

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
  /** Upgrades that are being looked at. */
  #entering = 0
  #refused = 0
  #websockets: Promise<WebSocketServer> | null = null
  #url: string
  #reason: string | null = 'it is being opened'
  #retry: NodeJS.Timeout | null = null
  #tick: NodeJS.Timeout | null = null
  #pingedMs = 0
  #isClosed = false

  constructor(
    private readonly options: V1DoorOptions,
    private readonly hub: V1Hub,
  ) {
    this.#url = urlOf(options.address)
    const { sessionId, bus, budgetBytes, staleMs } = hub
    this.#shim = new V1Shim({ sessionId, bus, now: Date.now, budgetBytes, staleMs })
    this.#server = http.createServer({
      headersTimeout: 5_000,
      requestTimeout: 5_000,
      keepAliveTimeout: 1_000,
      maxHeaderSize: 16_384,
    })
    this.#server.maxConnections = v1ConnectionsMax + requestsMax
    this.#server
      .on('request', (request, response) => void this.#request(request, response))
      .on('upgrade', (request, socket, head) => void this.#upgrade(request, socket, head))
      .on('clientError', (_, socket) => socket.destroy())
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

  /** What Health shows of it. */
  health(): V1Health {
    const { messagesIn, messagesOut, errors, queueDrops, resyncs } = this.#shim.counts
    return {
      url: this.#url,
      listening: this.#reason === null,
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
    for (const { ws } of this.#peers) ws.close(1001, 'the hub ends')
    this.#server.close()
    this.#server.closeAllConnections()
    setTimeout(() => {
      for (const { ws } of this.#peers) ws.terminate()
    }, 200).unref()
  }

  #opened(): void {
    this.#reason = null
    const { port } = this.#server.address() as net.AddressInfo
    this.#url = urlOf({ host: this.options.address.host, port })
    this.#server.on('error', (error) => this.hub.log('error', 'v1_failed', { message: error.message }))
    this.hub.log('info', 'v1_listening', { url: this.#url })
  }

  async #failed({ code, message }: NodeJS.ErrnoException): Promise<void> {
    let reason = message
    if (code === 'EADDRINUSE') {
      const { whoHolds } = await import('./port-holder.js')
      reason = `${await whoHolds(this.options.address)} has port ${this.options.address.port}`
    }
    if (reason !== this.#reason) this.hub.log('warn', 'v1_not_listening', { url: this.#url, reason })
    this.#reason = reason
    if (!this.#isClosed) this.#retry = setTimeout(() => void this.open(), retryMs).unref()
  }

  /** Why a request is not let in, or null. */
  async #refusal(request: http.IncomingMessage): Promise<Refusal | { status: 503; reason: string } | null> {
    const refusal = refusalOf(request, this.options)
    if (refusal !== null) return refusal
    const user = await peerUser(request.socket)
    if (user !== null && user !== process.getuid?.())
      return { status: 403, reason: "this hub is another user's" }
    if (this.#isClosed) return { status: 503, reason: 'the hub ends' }
    return null
  }

  async #request(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const answer = (status: number, body: string, type = 'text/plain; charset=utf-8', more = {}): void => {
      response.writeHead(status, {
        'Content-Type': type,
        'Content-Length': Buffer.byteLength(body),
        'X-Content-Type-Options': 'nosniff',
        'Cache-Control': 'no-store',
        Connection: 'close',
        ...more,
      })
      response.end(request.method === 'HEAD' ? undefined : body)
    }
    response.on('error', () => {})
    const refusal = await this.#refusal(request)
    if (refusal !== null) {
      this.#noteRefusal(refusal)
      return answer(refusal.status, `${refusal.reason}\n`)
    }
    const target = targetOf(request.url ?? '')
    if (target?.path !== '/health')
      return answer(426, 'this is the websocket of v1 clients\n', undefined, { Upgrade: 'websocket' })
    if (!target.details) return answer(200, 'ok')
    const { sessionId, socketPath } = this.hub
    const details = healthDetails(this.hub.health(), { sessionId, socketPath }, this.hub.states(), Date.now())
    answer(200, `${JSON.stringify(details, null, 2)}\n`, 'application/json')
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
            maxPayload: v1MessageBytesMax,
            // What is no UTF-8 is answered as what is no JSON.
            skipUTF8Validation: true,
          }),
      )
      const websockets = await this.#websockets
      if (socket.destroyed || this.#isClosed) return void socket.destroy()
      websockets.handleUpgrade(request, socket, head, (ws) => this.#enter(ws, socket))
    } finally {
      this.#entering--
    }
  }

  #enter(ws: WebSocket, socket: Duplex): void {
    const nowMs = Date.now()
    const peer: Peer = { ws, seenMs: nowMs, takenMs: nowMs, unsent: 0 }
    this.#peers.add(peer)
    const client = this.#shim.open(socketOf(peer, socket))
    this.#tick ??= setInterval(() => this.#doTick(), tickMs)
    ws.on('message', (data) => {
      peer.seenMs = Date.now()
      client.message(data as Buffer)
    })
    ws.on('pong', () => {
      peer.seenMs = Date.now()
    })
    ws.on('error', (error) => this.hub.log('info', 'v1_client_failed', { message: error.message }))
    ws.on('close', () => {
      this.#peers.delete(peer)
      this.#shim.closed(client)
      if (this.#peers.size > 0 || this.#tick === null) return
      clearInterval(this.#tick)
      this.#tick = null
    })
  }

  #doTick(): void {
    const { pingMs, writeMs } = this.options
    const nowMs = Date.now()
    this.#shim.tick()
    const isPing = nowMs - this.#pingedMs >= pingMs || nowMs < this.#pingedMs
    if (isPing) this.#pingedMs = nowMs
    for (const peer of this.#peers) {
      const isStalled = peer.unsent > 0 && nowMs - peer.takenMs > writeMs
      const isStale = nowMs - peer.seenMs > 3 * pingMs
      if (isStalled || isStale) {
        const reason = isStalled ? 'it has read nothing for too long' : 'no sign of life'
        this.hub.log('warn', 'v1_client_dropped', { reason })
        peer.ws.terminate()
      } else if (isPing && peer.ws.readyState === peer.ws.OPEN) peer.ws.ping()
    }
  }

  #noteRefusal({ status, reason }: { status: number; reason: string }): void {
    this.#refused++
    this.hub.log('warn', 'v1_refused', { status, reason })
  }
}

function socketOf(peer: Peer, socket: Duplex): V1Socket {
  const { ws } = peer
  return {
    get unsent() {
      return peer.unsent
    },
    send(messages, gone) {
      if (ws.readyState !== ws.OPEN) return queueMicrotask(() => gone?.())
      if (peer.unsent === 0) peer.takenMs = Date.now()
      socket.cork()
      for (const [i, message] of messages.entries()) {
        peer.unsent += message.length
        ws.send(message, { binary: false }, () => {
          peer.unsent -= message.length
          peer.takenMs = Date.now()
          if (i === messages.length - 1) gone?.()
        })
      }
      socket.uncork()
    },
    close: (code, reason) => ws.close(code, reason),
    terminate: () => ws.terminate(),
  }
}

function endWith(socket: Duplex, { status, reason }: { status: number; reason: string }): void {
  const text = `${reason}\n`
  socket.end(
    `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  )
  setTimeout(() => socket.destroy(), 1_000).unref()
}
