import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { slug } from '../../lib/wire/identity.js'

/** The build that is tested; `AOC_TEST_DIST` names another one than the repository's. */
export const dist = process.env['AOC_TEST_DIST'] ?? fileURLToPath(new URL('../../dist', import.meta.url))

/** Waits until something is so. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  withinMs = 15_000,
): Promise<void> {
  for (const endMs = Date.now() + withinMs; !(await isSo());) {
    if (Date.now() > endMs) throw new Error(`not within ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** A folder and an environment of a test's own: nothing of the machine's sessions is seen or touched. */
export interface Room {
  dir: string
  logs: string
  env: Record<string, string>
  /** Where the hub of a session listens here. */
  socketOf(session: string): string
}

export function newRoom(t: Test): Room {
  const dir = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'aoc-p-')))
  t.teardown(() => fs.rmSync(dir, { recursive: true, force: true }))
  const runtime = path.join(dir, 'run')
  const logs = path.join(dir, 'logs')
  fs.mkdirSync(runtime, { mode: 0o700 })
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: dir,
    TMPDIR: os.tmpdir(),
    LANG: 'C.UTF-8',
    XDG_RUNTIME_DIR: runtime,
    AOC_LOG_DIR: logs,
    // Sessions of one name run beside each other: each hub takes a port of its own for v1 clients.
    AOC_HUB_ADDR: '127.0.0.1:0',
  }
  return { dir, logs, env, socketOf: (session) => path.join(runtime, 'aoc', slug(session), 'pulse.sock') }
}

/** How a process ended: its exit code, else the signal's name. */
export type Ending = number | string

/** A process of a test; it does not outlive the test. */
export class Running {
  readonly pid: number
  readonly ended: Promise<Ending>
  stdout = ''
  stderr = ''
  hasEnded = false

  constructor(
    t: Test,
    readonly child: ChildProcessWithoutNullStreams,
  ) {
    this.pid = child.pid ?? 0
    child.stdout.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()))
    // It may end before it has read what it was given.
    child.stdin.on('error', () => {})
    // `close` comes after the last output, `exit` may not.
    this.ended = once(child, 'close').then(([code, signal]) => {
      this.hasEnded = true
      return (code ?? signal) as Ending
    })
    t.teardown(() => this.kill())
  }

  say(text: string): void {
    this.child.stdin.write(text)
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name)
  }

  /** Ends it with SIGKILL, and waits. */
  async kill(): Promise<void> {
    if (!this.hasEnded) this.child.kill('SIGKILL')
    await this.ended
  }
}

export interface StartOptions {
  env?: Record<string, string>
  cwd?: string
}

/** Starts one of our binaries, by name; everything else by its path or from PATH. */
export function start(
  t: Test,
  room: Room,
  program: string,
  args: string[],
  options: StartOptions = {},
): Running {
  const isOurs = program.startsWith('aoc-')
  const [file, all] = isOurs
    ? [process.execPath, [path.join(dist, 'bin', `${program}.js`), ...args]]
    : [program, args]
  const env = { ...room.env, ...options.env }
  return new Running(t, spawn(file, all, { cwd: options.cwd ?? room.dir, env, stdio: 'pipe' }))
}

/** Runs a program to its end. */
export async function run(
  t: Test,
  room: Room,
  program: string,
  args: string[],
  input = '',
  options: StartOptions = {},
): Promise<{ code: Ending; stdout: string; stderr: string }> {
  const running = start(t, room, program, args, options)
  running.child.stdin.end(input)
  const code = await running.ended
  return { code, stdout: running.stdout, stderr: running.stderr }
}

export interface HubProcess extends Running {
  session: string
  socket: string
}

/** Starts a hub and waits until it listens. */
export async function startHub(
  t: Test,
  room: Room,
  session = 's',
  args: string[] = [],
  options: StartOptions = {},
): Promise<HubProcess> {
  const running = start(t, room, 'aoc-hub', ['--session', session, ...args], options)
  await until(
    `a hub that listens: ${running.stderr}`,
    () => running.stdout.includes(' listens on ') || running.hasEnded,
  )
  if (running.hasEnded) throw new Error(`the hub has ended: ${running.stderr}`)
  return Object.assign(running, { session, socket: room.socketOf(session) })
}

export interface Frame {
  type: string
  request_id?: string
  payload: Record<string, unknown>
}

/** A client that knows lines and JSON and nothing of our code; it keeps every byte it gets. */
export class LineClient {
  readonly frames: Frame[] = []
  readonly chunks: Buffer[] = []
  hasEnded = false
  #rest = ''
  readonly #decoder = new TextDecoder()

  private constructor(
    t: Test,
    readonly socket: net.Socket,
    readonly session: string,
  ) {
    t.teardown(() => void socket.destroy())
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('end', () => (this.hasEnded = true))
    socket.on('close', () => (this.hasEnded = true))
    socket.on('error', () => {})
  }

  static async connect(t: Test, hub: { socket: string; session: string }): Promise<LineClient> {
    const socket = net.connect({ path: hub.socket, allowHalfOpen: true })
    const client = new LineClient(t, socket, hub.session)
    await once(socket, 'connect')
    return client
  }

  /** Connects and says hello as a subscriber; with `subscribe` among the capabilities it gets nothing yet. */
  static async subscriber(
    t: Test,
    hub: { socket: string; session: string },
    capabilities: string[] = [],
  ): Promise<LineClient> {
    const client = await LineClient.connect(t, hub)
    client.say('hello', { client_id: 'watcher', role: 'subscriber', capabilities })
    return client
  }

  /** Connects and says hello as the publisher of a pane. */
  static async publisher(
    t: Test,
    hub: { socket: string; session: string },
    pane: string,
  ): Promise<LineClient> {
    const client = await LineClient.connect(t, hub)
    client.say('hello', { client_id: `wrap-${pane}`, role: 'publisher', pane_id: pane })
    return client
  }

  say(type: string, payload: object, requestId?: string): void {
    this.write(`${lineOf(this.session, type, payload, requestId)}\n`)
  }

  upsert(pane: string, state: object): void {
    const id = `${this.session}::${pane}`
    this.say('delta', { changes: [{ op: 'upsert', agent_id: id, state }] })
  }

  write(bytes: string | Buffer): void {
    this.socket.write(bytes)
  }

  /** The payloads of the frames of one type so far. */
  payloads(type: string): Record<string, unknown>[] {
    return this.frames.filter((frame) => frame.type === type).map(({ payload }) => payload)
  }

  /** Waits for so many frames of a type and gives the last one's payload. */
  async until(type: string, count = 1, withinMs = 15_000): Promise<Record<string, unknown>> {
    const seen = (): string => this.frames.map((frame) => frame.type).join(', ')
    await until(`${count} × ${type} among ${seen()}`, () => this.payloads(type).length >= count, withinMs)
    return this.payloads(type)[count - 1]!
  }

  #take(chunk: Buffer): void {
    this.chunks.push(chunk)
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.frames.push(JSON.parse(line) as Frame)
  }
}

/** A frame as a person would type it. */
export function lineOf(session: string, type: string, payload: object, requestId?: string): string {
  return JSON.stringify({ type, session_id: session, request_id: requestId, payload })
}

/** Frames of printed lines. */
export function framesOf(text: string): Frame[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Frame)
}
