import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'

import { type Door, type DoorOptions, type HookEvent, openDoor } from '../../../lib/wrapper/door/door.js'
import { makeFolder } from '../../project/repository.js'

/** A door with what came through it. */
export interface Opened {
  door: Door
  runtimeDir: string
  events: HookEvent[]
  bad: string[]
  /** Resolves when so many events have come. */
  count: (events: number) => Promise<void>
}

/** Opens a door in a folder of its own, closed when the test ends. Its clock says 1, 2, 3, … */
export async function open(
  t: Parameters<typeof makeFolder>[0],
  { name = 'run', ...options }: Partial<DoorOptions> & { name?: string } = {},
): Promise<Opened> {
  const runtimeDir = join(makeFolder(t), name)
  mkdirSync(runtimeDir, { mode: 0o700 })
  const events: HookEvent[] = []
  const bad: string[] = []
  const waiting: { count: number; resolve: () => void }[] = []
  let nowMs = 0
  const door = await openDoor({
    runtimeDir,
    onBad: (why) => bad.push(why),
    now: () => ++nowMs,
    ...options,
    onEvent(event) {
      events.push(event)
      for (const { count, resolve } of waiting) if (events.length >= count) resolve()
      return options.onEvent?.(event)
    },
  })
  t.teardown(() => door.close())
  return {
    door,
    runtimeDir,
    events,
    bad,
    async count(this: void, count) {
      if (events.length >= count) return
      // The door keeps no process alive, so that this has to.
      const alive = setInterval(() => {}, 1_000)
      await new Promise<void>((resolve) => waiting.push({ count, resolve }))
      clearInterval(alive)
    },
  }
}

/** How a program ended. */
export interface Ended {
  code: number | null
  output: string
}

/** Runs a program, with an input or without; `output` is what it wrote, both streams. */
export function run(argv: readonly string[], input?: string): Promise<Ended & { pid: number }> {
  return new Promise((resolve, reject) => {
    const [file = '', ...args] = argv
    const child = spawn(file, args, { stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] })
    let output = ''
    child.stdout?.on('data', (bytes: Buffer) => (output += bytes.toString()))
    child.stderr?.on('data', (bytes: Buffer) => (output += bytes.toString()))
    child.on('error', reject)
    // A hook that does not read all it is given breaks the pipe: some agents show that as a failure.
    child.stdin?.on('error', (error) => (output += `stdin: ${error.message}`))
    child.on('close', (code) => resolve({ code, output, pid: child.pid ?? 0 }))
    child.stdin?.end(input)
  })
}

/** Sends bytes to the door as they are; resolves with all that came back when the connection has ended. */
export function sendRaw(door: Pick<Door, 'url'>, ...parts: (string | Buffer)[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(door.url).port), '127.0.0.1')
    let answer = ''
    socket.on('data', (bytes) => (answer += bytes.toString()))
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer))
    for (const part of parts) socket.write(part)
  })
}
