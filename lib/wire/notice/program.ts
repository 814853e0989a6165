import type { Env } from '../identity.js'

export interface ProgramOptions {
  env: Env
  /** What it gets on its standard input; nothing when left out. */
  input?: string
  /** It is killed after this long. */
  withinMs: number
  /** Kills it. */
  signal: AbortSignal
}

export type ProgramEnd = { ok: true } | { ok: false; isMissing: boolean; reason: string }

/**
 * Runs a program for the sake of a notice: without a terminal, its output goes nowhere, and when its time is over it
 * is killed with what it has started. Never throws.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  { env, input, withinMs, signal }: ProgramOptions,
): Promise<ProgramEnd> {
  const { execa } = await import('execa')
  if (signal.aborted) return { ok: false, isMissing: false, reason: 'too late' }
  const child = execa(program, args, {
    env,
    extendEnv: false,
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
    stdout: 'ignore',
    stderr: 'ignore',
    // A group of its own, to be killed as one; and no terminal that it could write to.
    detached: true,
    reject: false,
  })
  let end: (ended: ProgramEnd) => void = () => {}
  // What it started may hold its input open: nobody waits for that.
  const killed = new Promise<ProgramEnd>((resolve) => {
    end = resolve
  })
  const kill = (reason: string): void => {
    killGroup(child.pid)
    child.stdin?.destroy()
    end({ ok: false, isMissing: false, reason })
  }
  const timer = setTimeout(() => kill(`killed after ${withinMs / 1_000} s`), withinMs)
  const abort = (): void => kill('killed')
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([child.then(endOf), killed])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}

function endOf(result: { failed: boolean; code?: string; shortMessage?: string }): ProgramEnd {
  if (!result.failed) return { ok: true }
  return { ok: false, isMissing: result.code === 'ENOENT', reason: result.shortMessage ?? 'it failed' }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}
