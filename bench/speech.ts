import { deltaBytes } from './delta.js'
import { benchSession } from './names.js'

/** What to say to a candidate, in its own protocol; NATS's and Redis's are spoken here just enough to measure. */
export interface Speech {
  subscriber: Greeting
  publisher: Greeting
  /** One published frame around a payload of `deltaBytes` bytes. */
  frame: (payload: Buffer) => Buffer
}

export interface Greeting {
  bytes: Buffer
  /** Whether the answer is complete. */
  isReady: (heard: string) => boolean
}

const hasLine = (heard: string): boolean => heard.endsWith('\n')

/** A `hello` of this session; a client that lists `hello` is answered with the hub's own. */
export function hello(payload: Record<string, unknown>): Buffer {
  return hubLine('hello', { client_id: 'bench', ...payload })
}

/** Any frame to the hub. */
export function hubLine(type: string, payload: unknown, requestId?: string): Buffer {
  const frame = {
    version: '1',
    type,
    session_id: benchSession,
    sender_id: 'bench',
    timestamp: new Date().toISOString(),
    request_id: requestId,
    payload,
  }
  return Buffer.from(`${JSON.stringify(frame)}\n`)
}

/** A publisher of the agent in a pane. */
export function hubPublisher(pane: string): Greeting {
  return { bytes: hello({ role: 'publisher', pane_id: pane, capabilities: ['hello'] }), isReady: hasLine }
}

export const hubSpeech: Speech = {
  // One that lists no capabilities is a subscriber of the seed: a snapshot at once, then deltas.
  subscriber: { bytes: hello({ role: 'subscriber' }), isReady: hasLine },
  publisher: hubPublisher('7'),
  frame: (payload) => Buffer.concat([payload, Buffer.from('\n')]),
}

const natsConnect = 'CONNECT {"verbose":false,"pedantic":false}\r\n'
const hasPong = (heard: string): boolean => heard.endsWith('PONG\r\n')
const natsHead = Buffer.from(`PUB bench ${deltaBytes}\r\n`)
const lineEnd = Buffer.from('\r\n')

export const natsSpeech: Speech = {
  subscriber: { bytes: Buffer.from(`${natsConnect}SUB bench 1\r\nPING\r\n`), isReady: hasPong },
  publisher: { bytes: Buffer.from(`${natsConnect}PING\r\n`), isReady: hasPong },
  frame: (payload) => Buffer.concat([natsHead, payload, lineEnd]),
}

const redisHead = Buffer.from(`*3\r\n$7\r\nPUBLISH\r\n$5\r\nbench\r\n$${deltaBytes}\r\n`)

export const redisSpeech: Speech = {
  subscriber: {
    bytes: Buffer.from('*2\r\n$9\r\nSUBSCRIBE\r\n$5\r\nbench\r\n'),
    isReady: (heard) => heard.endsWith(':1\r\n'),
  },
  publisher: { bytes: Buffer.from('*1\r\n$4\r\nPING\r\n'), isReady: (heard) => heard === '+PONG\r\n' },
  frame: (payload) => Buffer.concat([redisHead, payload, lineEnd]),
}
