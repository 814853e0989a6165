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
 * terminal, which it gets as it is. It leads a process group unless the person's terminal is its input, which only
 * the group in the foreground may read.
 */
export async function startOnPipes(
  options: ChildOptions,
  terminals: Streams,
  events: ChildEvents,
): Promise<Child> {
  const { execa } = await import('execa')
  const ownGroup = !terminals.stdin
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
  void (async () => {
    const { exitCode, signal } = await subprocess
    // Without an exit code and a signal it was never started; the cause is said by execa.
    events.onExit(exitCode ?? (signal ? 0 : 126), signal ?? null)
  })()
  return {
    pid,
    hasTerminal: false,
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
    pause: () => outputs.forEach((stream) => stream?.pause()),
    resume: () => outputs.forEach((stream) => stream?.resume()),
  }
}
