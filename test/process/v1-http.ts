import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import type { Test } from 'tap'
import { until } from './processes.js'

/** An answer by HTTP. */
export interface Answer {
  status: number
  headers: http.IncomingHttpHeaders
  body: string
}

/** One request on a connection of its own, once somebody listens. A status of 101 is an upgrade. */
export async function ask(port: number, options: http.RequestOptions = {}): Promise<Answer> {
  await until(`somebody listens on ${port}`, () => connects('127.0.0.1', port))
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, agent: false, path: '/health', ...options })
    request.once('error', reject)
    request.once('upgrade', (response, socket) => {
      socket.destroy()
      resolve({ status: 101, headers: response.headers, body: '' })
    })
    request.once('response', (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      )
    })
    request.end()
  })
}

/** What a client sends to make a connection a websocket; the key is RFC 6455's, 1.3. */
export const upgrade = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
}

/** Whether a TCP connection is taken. */
export function connects(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port })
    const done = (isOpen: boolean): void => {
      socket.destroy()
      resolve(isOpen)
    }
    socket.once('connect', () => done(true)).once('error', () => done(false))
    socket.setTimeout(5_000, () => done(false))
  })
}

/** Bytes on a raw connection; what came back until the other side closed it, or until it was `enough`. */
export async function talk(
  t: Test,
  port: number,
  bytes: (string | Buffer)[],
  enough?: RegExp,
): Promise<string> {
  const socket = net.connect({ host: '127.0.0.1', port })
  t.teardown(() => void socket.destroy())
  let told = ''
  let hasEnded = false
  socket.on('data', (chunk) => (told += chunk.toString('latin1')))
  socket.on('close', () => (hasEnded = true))
  socket.on('error', () => {})
  await once(socket, 'connect')
  for (const each of bytes) socket.write(each)
  await until(`an answer or an end: ${JSON.stringify(told)}`, () => hasEnded || enough?.test(told) === true)
  return told
}
