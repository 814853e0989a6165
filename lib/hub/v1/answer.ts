import http from 'node:http'
import type { Duplex } from 'node:stream'

/** Answers a request, and ends its connection. A HEAD gets no body: node leaves it out. */
export function answer(
  response: http.ServerResponse,
  status: number,
  body: string,
  headers: http.OutgoingHttpHeaders = {},
): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
    Connection: 'close',
    ...headers,
  })
  response.end(body)
}

/** The same on a bare connection: of an upgrade that is refused, or of what is no request at all. */
export function endWith(socket: Duplex, { status, reason }: { status: number; reason: string }): void {
  const text = `${reason}\n`
  socket.end(
    `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  )
  setTimeout(() => socket.destroy(), 1_000).unref()
}
