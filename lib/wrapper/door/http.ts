import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

import { parseEvent } from './event-json.js'
import { sourcePattern } from './hook-line.js'

/** Bytes that are kept of an event's body: a tool's whole output may be in it. */
const keptBytesMax = 1_024 * 1_024
/** A longer body is answered with 413. */
const bodyBytesMax = 64 * 1_024 * 1_024
/** For headers, and for a whole request. */
const requestMsDefault = 5_000
/** A connection that an agent keeps open for its next event is closed after this long. */
const keptOpenMs = 5_000
/** Parallel tools and subagents post at once, each on a connection of its own. */
const connectionsMax = 512
/** Of connections that have not shown the token the oldest goes, so that nobody else on this machine can fill them all. */
const strangersMax = 256

export interface HttpOptions {
  /** An event; it was answered before. Must not throw. */
  onEvent: (source: string, body: unknown) => void
  /** An event of the source `report`, whose sender waits: a returned text, or an error, says what is wrong with it. */
  onReport: (body: unknown) => unknown
  onBad: (why: string) => void
  /** How long a request may take to come in, milliseconds; 5,000 when not given. */
  requestMs?: number
}

/** A server on the loopback address that takes events from whoever knows its token. */
export interface HttpDoor {
  /** `http://127.0.0.1:<port>/<token>/` */
  readonly url: string
  readonly token: string
  close(): void
}

/**
 * Takes events as JSON: `POST /<token>/<source>`, or `POST /<source>` with the token as `Authorization: Bearer` or
 * `x-aoc-token`. Answered are
 * - 200 `{}`, before anything is done with the event: an empty object decides nothing (Claude Code docs, Hooks, "HTTP")
 * - for the source `report` 200 or 400 with `{ok, message}`, when it is done
 * - 400 for a body that is no JSON, 413 for one over 64 MiB, 404 for a source that cannot be one, 405 for other methods
 * - 403 without the token, for a Host that is not this machine, and for whatever a web page sends.
 *
 * Of a body over 1 MiB those outer fields are taken that `parseEvent` reads of a beginning. It keeps no process alive.
 * @throws when the system gives no port.
 */
export async function openHttp(options: HttpOptions): Promise<HttpDoor> {
  const { onEvent, onReport, onBad, requestMs = requestMsDefault } = options
  const token = randomBytes(24).toString('base64url')
  const strangers = new Set<Socket>()
  const isFull = () => onBad('too many connections at once')
  const server = createServer(
    {
      headersTimeout: requestMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: requestMs / 5,
      keepAliveTimeout: keptOpenMs,
    },
    (request, response) => {
      const routed = route(request, token)
      if ('status' in routed) {
        if (routed.status === 403) onBad('a request without the right to post was refused')
        return refuse(response, routed.status, routed.why)
      }
      strangers.delete(request.socket)
      collect(request, response, (text, isWhole) => {
        let body: unknown
        try {
          body = isWhole ? JSON.parse(text) : parseEvent(text)
        } catch {
          return refuse(response, 400, 'the body is no JSON')
        }
        if (routed.source === 'report') return void answerReport(response, () => onReport(body))
        answer(response, 200, {})
        onEvent(routed.source, body)
      })
    },
  )
  server.maxConnections = connectionsMax
  server.on('drop', () => {
    server.closeIdleConnections()
    isFull()
  })
  server.on('connection', (socket) => {
    socket.unref()
    strangers.add(socket)
    socket.once('close', () => strangers.delete(socket))
    if (strangers.size <= strangersMax) return
    isFull()
    for (const oldest of strangers) {
      strangers.delete(oldest)
      oldest.destroy()
      break
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
  server.unref()
  server.on('error', (error) => onBad(`the door's server failed: ${error.message}`))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/${token}/`,
    token,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

type Routed = { source: string } | { status: number; why: string }

function route(request: IncomingMessage, token: string): Routed {
  const { headers, method, url = '' } = request
  const forbidden = { status: 403, why: 'forbidden' }
  // A browser names its page as the origin; a page whose name was made to mean this machine still sends its own Host.
  if (headers.origin !== undefined) return forbidden
  if (!/^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/i.test(headers.host ?? '')) return forbidden
  const parts = url.replace(/\?.*$/s, '').split('/')
  const source = parts.at(-1) ?? ''
  if (parts[0] !== '' || parts.length > 3) return forbidden
  if (!isSame(parts.length === 3 ? parts[1] : headerToken(headers), token)) return forbidden
  if (method !== 'POST') return { status: 405, why: 'events are posted' }
  if (!sourcePattern.test(source)) return { status: 404, why: 'the path ends with no name of a source' }
  return { source }
}

function headerToken(headers: IncomingMessage['headers']): string | undefined {
  const own = headers['x-aoc-token']
  if (typeof own === 'string') return own
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
}

function isSame(given: string | undefined, token: string): boolean {
  const [a, b] = [Buffer.from(given ?? ''), Buffer.from(token)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Reads the body to its end; a request that breaks off is forgotten, one that is too long is answered. */
function collect(
  request: IncomingMessage,
  response: ServerResponse,
  onText: (text: string, isWhole: boolean) => void,
): void {
  const tooLong = () => refuse(response, 413, 'the body is longer than 64 MiB')
  if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax) return tooLong()
  const chunks: Buffer[] = []
  let bytes = 0
  request.on('error', () => {})
  request.on('data', (chunk: Buffer) => {
    if (bytes < keptBytesMax) chunks.push(chunk.subarray(0, keptBytesMax - bytes))
    bytes += chunk.length
    if (bytes <= bodyBytesMax) return
    request.removeAllListeners('data').removeAllListeners('end').pause()
    tooLong()
  })
  request.on('end', () => onText(Buffer.concat(chunks).toString('utf8'), bytes <= keptBytesMax))
}

async function answerReport(response: ServerResponse, act: () => unknown): Promise<void> {
  let wrong: string | null = null
  try {
    const said = await act()
    if (typeof said === 'string' && said !== '') wrong = said
  } catch (error) {
    wrong = error instanceof Error ? error.message : String(error)
  }
  answer(response, wrong === null ? 200 : 400, { ok: wrong === null, message: wrong ?? '' })
}

/** Answers and closes the connection: whoever sends what cannot be taken is not listened to any longer. */
function refuse(response: ServerResponse, status: number, message: string): void {
  response.setHeader('connection', 'close')
  answer(response, status, { ok: false, message })
}

function answer(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body)
  response.sendDate = false
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}
