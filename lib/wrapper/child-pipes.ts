import { closeSync, openSync } from 'node:fs'
import type { Readable } from 'node:stream'
import type { Child, ChildEvents, ChildOptions } from './child.js'
import { signalGroup } from './processes.js'

/** Which of this process's streams are terminals. */
export interface Streams {
  stdin: boolean
  stdout: boolean
  stderr: boolean
}

/**
 * Starts a command without a terminal of its own: its output comes through pipes, except where a stream is a
 * terminal, which it gets as it is. It leads a session of its own unless there is a
 * terminal around, which it could not open from there.
 */
export async function startOnPipes(
  options: ChildOptions,
  terminals: Streams,
  events: ChildEvents,
): Promise<Child> {
  const { execa } = await import('execa')
  const ownGroup = !hasTerminalAround()
  const subprocess = execa(options.command, options.args, {
    cwd: options.cwd,
    env: options.env,
    extendEnv: false,
    stdin: 'inherit',
    stdout: terminals.stdout ? 'inherit' : 'pipe',
    stderr: terminals.stderr ? 'inherit' : 'pipe',
    buffer: false,
    encoding: 'buffer',
    detached: ownGroup,
    cleanup: false,
    reject: false,
    stripFinalNewline: false,
  })
  const outputs = [subprocess.stdout, subprocess.stderr]
  subprocess.stdout?.on('data', (bytes: Buffer) => events.onOutput(bytes, 'stdout'))
  subprocess.stderr?.on('data', (bytes: Buffer) => events.onOutput(bytes, 'stderr'))
  const pid = subprocess.pid ?? null
  let isOver = false
  const over = (code: number, signal: NodeJS.Signals | null): void => {
    if (isOver) return
    isOver = true
    events.onExit(code, signal)
  }
  // What it left in the background may hold its pipes open for long: only what is there now is waited for.
  subprocess.once('exit', (code, signal) => {
    for (const stream of outputs) stream?.resume()
    void untilSilent(outputs).then(() => over(code ?? 0, signal))
  })
  // One that was never started has no exit code and no signal; the cause is said by execa.
  void subprocess.then(
    ({ exitCode, signal }) => over(exitCode ?? (signal ? 0 : 126), signal ?? null),
    () => over(126, null),
  )
  return {
    pid,
    hasTerminal: false,
    sharesGroup: !ownGroup,
    write() {},
    resize() {},
    signal(name) {
      if (pid === null || subprocess.exitCode !== null || subprocess.signalCode !== null) return
      if (ownGroup) signalGroup(pid, name)
      else subprocess.kill(name)
    },
    // The shell of the person sees a stop itself: the command is in its job.
    isStopped: false,
    wake() {},
    abandon(from) {
      subprocess[from]?.destroy()
    },
    pause: () => outputs.forEach((stream) => stream?.pause()),
    resume: () => outputs.forEach((stream) => stream?.resume()),
  }
}

/** How long a command that is gone may be silent before nothing more is waited for. */
const lastWordsMs = 100

async function untilSilent(outputs: readonly (Readable | null)[]): Promise<void> {
  let isSilent = false
  for (const stream of outputs) stream?.on('data', () => (isSilent = false))
  while (!isSilent && outputs.some((stream) => stream && !stream.readableEnded && !stream.destroyed)) {
    isSilent = true
    await new Promise((resolve) => setTimeout(resolve, lastWordsMs))
  }
}

function hasTerminalAround(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r+'))
    return true
  } catch {
    return false
  }
}
