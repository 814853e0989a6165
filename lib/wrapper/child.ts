import { accessSync, constants, statSync } from 'node:fs'
import path from 'node:path'
import type { Env } from '../wire/identity.js'

/** The wrapped command, running. */
export interface Child {
  /** Its pid; null while that is not known. */
  readonly pid: number | null
  /** Whether it has a terminal of its own that can be written to. */
  readonly hasTerminal: boolean
  /** Whether keys that signal (Ctrl-C) reach it without us. */
  readonly sharesGroup: boolean
  /** Types into its terminal; does nothing without one. */
  write(bytes: Buffer | string): void
  resize(columns: number, rows: number): void
  /** Signals it and what it started, as far as they share its process group; does nothing once it is gone. */
  signal(name: NodeJS.Signals): void
  /** Whether it was suspended (Ctrl-Z, SIGSTOP). */
  readonly isStopped: boolean
  /** Lets it go on in the foreground after it was suspended. */
  wake(): void
  /** Nobody reads this output of it any more. */
  abandon(from: 'stdout' | 'stderr'): void
  /** Holds back its output, or lets it come. */
  pause(): void
  resume(): void
}

export interface ChildEvents {
  onOutput(bytes: Buffer, from: 'stdout' | 'stderr'): void
  /** The last event, after all output. */
  onExit(code: number, signal: NodeJS.Signals | null): void
}

export interface ChildOptions {
  /** The command as it was given, and the file that is. */
  command: string
  file: string
  args: string[]
  cwd: string
  env: Record<string, string>
}

/** Why a command cannot be started, with the exit code a shell would give. */
export class NoCommandError extends Error {
  override readonly name = 'NoCommandError'
  constructor(
    message: string,
    readonly exitCode: 126 | 127,
  ) {
    super(message)
  }
}

/**
 * The file a shell would run for a command.
 * @throws {NoCommandError} 127 when there is none, 126 when it cannot be executed.
 */
export function findCommand(command: string, env: Env, cwd: string): string {
  if (command.includes('/')) {
    const file = path.resolve(cwd, command)
    const why = whyNotExecutable(file)
    if (why === 'missing') throw new NoCommandError(`${command}: no such file`, 127)
    if (why !== null) throw new NoCommandError(`${command}: ${why}`, 126)
    return file
  }
  let denied: string | null = null
  for (const dir of (env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin').split(':')) {
    const file = path.resolve(cwd, dir, command)
    const why = whyNotExecutable(file)
    if (why === null) return file
    if (why !== 'missing') denied ??= file
  }
  if (denied !== null) throw new NoCommandError(`${denied}: permission denied`, 126)
  throw new NoCommandError(`${command}: command not found`, 127)
}

function whyNotExecutable(file: string): string | null {
  try {
    if (statSync(file).isDirectory()) return 'is a directory'
  } catch {
    return 'missing'
  }
  try {
    accessSync(file, constants.X_OK)
    return null
  } catch {
    return 'permission denied'
  }
}
