import { randomBytes } from 'node:crypto'
import net from 'node:net'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { makeTempDir, startChild, waitForOutput } from './children.js'
import { benchSession } from './names.js'
import { Tap, type Address } from './tap.js'

/** Hubs with their v1 door open or shut, and websockets to it as bare as a `Tap`: just enough of RFC 6455 to measure. */

export interface DoorHub {
  child: ChildProcess
  /** Its Unix socket. */
  address: Address
  /** The door's port; 0 when it is shut. */
  port: number
}

export type Door = 'open' | 'shut'

const hubProgram = fileURLToPath(new URL('../bin/aoc-hub.js', import.meta.url))
/** Our websockets answer no pings, and one of them reads nothing: the hub bears with them for the length of a run. */
const patience = ['--ping-interval', '10m', '--write-timeout', '30m']

/** Starts the built hub, and waits for nothing. An address that is not loopback keeps the door shut. */
export function startDoorChild(door: Door): { child: ChildProcess; socket: string } {
  const dir = makeTempDir()
  const socket = `${dir}/pulse.sock`
  const files = ['--pulse-socket-path', socket, '--log-dir', dir]
  const env = {
    ...process.env,
    XDG_RUNTIME_DIR: dir,
    AOC_LOG_LEVEL: 'error',
    AOC_HUB_ADDR: door === 'open' ? '127.0.0.1:0' : '0.0.0.0:1',
  }
  const args = [hubProgram, '--session', benchSession, '--stale-seconds', '0', ...files, ...patience]
  return { child: startChild(process.execPath, args, { env, cwd: dir }), socket }
}

/** Starts a hub and waits until it takes clients through all its doors. */
export async function startDoorHub(door: Door): Promise<DoorHub> {
  const { child, socket } = startDoorChild(door)
  const said = await waitForOutput(child, 'listens on')
  const port = Number(/ws:\/\/127\.0\.0\.1:(\d+)\/ws/.exec(said)?.[1] ?? 0)
  if (port > 0 !== (door === 'open')) throw new Error(`the v1 door is not ${door}: ${said.trim()}`)
  return { child, address: { path: socket }, port }
}

/** What a hub tells of its door at `/health?details=true`. */
export async function doorHealth(hub: DoorHub): Promise<{ subscribers: number; queue_drops: number }> {
  const answer = await fetch(`http://127.0.0.1:${hub.port}/health?details=true`)
  const { hub: health } = (await answer.json()) as {
    hub: { v1: { subscribers: number; queue_drops: number } }
  }
  return health.v1
}

const upgrade = Buffer.from(
  [
    'GET /ws HTTP/1.1',
    'Host: 127.0.0.1',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    '\r\n',
  ].join('\r\n'),
)

/** A message as a v1 client sends it: one masked text frame. @param payload at most 65,535 bytes as JSON. */
export function v1Frame(type: string, payload: object, requestId?: string): Buffer {
  const timestamp = new Date().toISOString()
  const head = { version: '1', type, session_id: benchSession, sender_id: 'bench-v1', timestamp }
  const text = Buffer.from(JSON.stringify({ ...head, request_id: requestId, payload }))
  const mask = randomBytes(4)
  const isLong = text.length > 125
  const start = isLong ? [0x81, 0x80 | 126, text.length >> 8, text.length & 0xff] : [0x81, 0x80 | text.length]
  return Buffer.concat([Buffer.from(start), mask, text.map((byte, at) => byte ^ mask[at % 4]!)])
}

function v1Hello(payload: object): Buffer {
  return v1Frame('hello', { client_id: 'bench-v1', capabilities: [], ...payload })
}

/** A message that no hub knows: its answer, with the request id `last`, tells that all before it were taken. */
export const v1Last = v1Frame('last', {}, 'last')
export const hasLast = (heard: string): boolean => heard.includes('"last"')

async function openV1(hub: DoorHub, hello: Buffer): Promise<Tap> {
  const address = { host: '127.0.0.1', port: hub.port }
  const tap = await Tap.open(address, upgrade, (heard) => heard.includes('\r\n\r\n'))
  await tap.ask(Buffer.concat([hello, v1Last]), hasLast)
  return tap
}

/** A v1 subscriber that reads. */
export function openV1Subscriber(hub: DoorHub): Promise<Tap> {
  return openV1(hub, v1Hello({ role: 'subscriber' }))
}

/** A v1 publisher of the agent in a pane. */
export function openV1Publisher(hub: DoorHub, pane: string): Promise<Tap> {
  return openV1(hub, v1Hello({ role: 'publisher', agent_id: `${benchSession}::${pane}`, pane_id: pane }))
}

/** A v1 subscriber that never reads anything, not even the answer to its upgrade. @returns what closes it. */
export function openV1Mute(hub: DoorHub): () => void {
  const socket = net.connect({ host: '127.0.0.1', port: hub.port }).pause()
  socket.on('error', () => {})
  socket.write(Buffer.concat([upgrade, v1Hello({ role: 'subscriber' })]))
  return () => socket.destroy()
}
