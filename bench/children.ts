import { fork, spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The processes and files of a run. Each bench stops what it started; whatever is left when this process ends, by an
 * error, Ctrl-C or SIGKILL, is taken away by a guard: a child that only waits for that end.
 */

/** A note to the guard. */
export type Note =
  { kind: 'child'; pid: number } | { kind: 'ended'; pid: number } | { kind: 'dir'; dir: string }

const hubProgram = fileURLToPath(new URL('../bin/aoc-hub.js', import.meta.url))
const stopMs = 3_000

let guard: ChildProcess | null = null

function tell(note: Note): void {
  if (guard === null) {
    guard = fork(fileURLToPath(new URL('guard.js', import.meta.url)), { detached: true })
    guard.unref()
    guard.channel?.unref()
  }
  guard.send(note)
}

/** A folder for sockets and logs, closed to others; its path is short enough for a socket. */
export function makeTempDir(): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'aoc-bench-'))
  tell({ kind: 'dir', dir })
  return dir
}

/** Has a process taken away if it outlives this one. @returns what to call once it has ended. */
export function noteChild(pid: number): () => void {
  tell({ kind: 'child', pid })
  return () => tell({ kind: 'ended', pid })
}

/** Starts a program. Its output is a pipe that may be read. */
export function startChild(program: string, args: string[], options: SpawnOptions = {}): ChildProcess {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  const { pid } = child
  child.on('error', () => {})
  if (pid !== undefined) {
    child.on('exit', noteChild(pid))
  }
  return child
}

/** Starts the built hub as its users do, with its files in `dir`. */
export function startHubChild(dir: string): { child: ChildProcess; socket: string } {
  const socket = path.join(dir, 'pulse.sock')
  const args = [hubProgram, '--session', 'bench', '--pulse-socket-path', socket, '--log-dir', dir]
  const env = { ...process.env, XDG_RUNTIME_DIR: dir, AOC_LOG_LEVEL: 'warn', AOC_HUB_ADDR: '127.0.0.1:0' }
  return { child: startChild(process.execPath, args, { env, cwd: dir }), socket }
}

/** Waits until a child has printed a text. @returns all that it said. @throws when it ends before, with that. */
export function waitForOutput(child: ChildProcess, wanted: string, limitMs = 10_000): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = ''
    const fail = (why: string): void => reject(new Error(`${child.spawnfile} ${why}: ${heard.trim()}`))
    const timer = setTimeout(() => fail(`was not ready within ${limitMs / 1_000} s`), limitMs)
    const listen = (chunk: Buffer): void => {
      heard += chunk.toString()
      if (!heard.includes(wanted)) return
      clearTimeout(timer)
      // Goes on reading, so that the child never waits for us.
      child.stdout?.removeAllListeners('data').resume()
      child.stderr?.removeAllListeners('data').resume()
      resolve(heard)
    }
    child.stdout?.on('data', listen)
    child.stderr?.on('data', listen)
    child.once('exit', (code) => fail(`ended with ${code}`))
    child.once('error', (error) => fail(error.message))
  })
}

/** Ends a child; one that does not end by itself is killed. */
export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), stopMs)
    child.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
    child.kill('SIGTERM')
  })
}
