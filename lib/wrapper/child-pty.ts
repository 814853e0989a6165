import { existsSync, readSync } from 'node:fs'
import { constants } from 'node:os'
import pty from '@lydell/node-pty'
import type { Child, ChildEvents, ChildOptions } from './child.js'
import { firstChildOf, groupsBelow, isStopped, signalGroup } from './processes.js'

const signalNames = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number, name as NodeJS.Signals]),
)

/**
 * What leads the session of the agent's terminal. The kernel lets no process suspend (Ctrl-Z) whose parent is
 * outside of its session, so the agent needs a parent inside: a small shell with job control, which stops itself
 * whenever the agent is stopped, and puts it into the foreground when it is woken. Its own words go nowhere: the agent's
 * standard error is given back in the agent's process only.
 */
const leaderScript = (shell: string) => `exec 3>&2 2>/dev/null
set -m
${shell} -c 'exec "$@" 2>&3 3>&-' aoc-agent-wrap "$@"
s=$?
while kill -s 0 %% && [ "$s" -gt 128 ]; do
  kill -s STOP $$
  fg >/dev/null
  s=$?
done
exit "$s"`
/** Shells that do this in a script; bash needs to be interactive for it. */
const leaderShells = ['/bin/dash', '/usr/bin/dash']
/** Words that dash itself would run: these are started by their file's path. */
const builtins = new Set(
  (
    '. : [ alias bg break case cd chdir command continue do done echo elif else esac eval exec exit export false fg fi for ' +
    'getopts hash if in jobs kill local printf pwd read readonly return set shift test then times trap true type ulimit ' +
    'umask unalias unset until wait while { } !'
  ).split(' '),
)

/**
 * Starts a command on a terminal of its own. Without dash it leads that terminal's session itself, and cannot be
 * suspended by Ctrl-Z.
 */
export function startOnTerminal(
  options: ChildOptions,
  size: { columns: number; rows: number },
  events: ChildEvents,
): Child {
  const { file, command, args, cwd, env } = options
  // dash hands on no variable whose name is no identifier (exported bash functions, npm's configuration).
  const isPlain = Object.keys(env).every((name) => /^[A-Za-z_]\w*$/.test(name))
  const shell = isPlain ? leaderShells.find((path) => existsSync(path)) : undefined
  const word = builtins.has(command) || command.includes('=') ? file : command
  const argv = shell === undefined ? args : ['-c', leaderScript(shell), 'aoc-agent-wrap', word, ...args]
  const leader = pty.spawn(shell ?? command, argv, {
    name: env['TERM'] ?? 'xterm-256color',
    cols: size.columns,
    rows: size.rows,
    cwd,
    env,
    encoding: null,
  })
  let isGone = false
  readInBulk(leader, (bytes) => events.onOutput(bytes, 'stdout'))
  readToTheEnd(leader, (bytes) => events.onOutput(bytes, 'stdout'))
  leader.onExit(({ exitCode, signal }) => {
    isGone = true
    // A shell gives 128+n for signal n.
    const number = signal || (shell !== undefined && exitCode > 128 ? exitCode - 128 : 0)
    const name = signalNames.get(number)
    events.onExit(exitCode, name ?? null)
  })
  let agentPid: number | null = shell === undefined ? leader.pid : null
  return {
    get pid() {
      agentPid ??= isGone ? null : firstChildOf(leader.pid)
      return agentPid
    },
    hasTerminal: true,
    sharesGroup: false,
    write(bytes) {
      if (!isGone) leader.write(bytes as string)
    },
    resize(columns, rows) {
      if (isGone) return
      try {
        leader.resize(Math.max(1, columns), Math.max(1, rows))
      } catch {
        // It has just gone.
      }
    },
    signal(name) {
      if (isGone) return
      if (shell === undefined) return signalGroup(leader.pid, name)
      for (const group of groupsBelow(leader.pid)) signalGroup(group, name)
      // A leader that is stopped sees no end of its child.
      if (name === 'SIGCONT' || name === 'SIGKILL') signalGroup(leader.pid, 'SIGCONT')
    },
    get isStopped() {
      return !isGone && isStopped(leader.pid)
    },
    wake() {
      if (!isGone) signalGroup(leader.pid, 'SIGCONT')
    },
    abandon() {},
    pause: () => leader.pause(),
    resume: () => leader.resume(),
  }
}

/** The kernel gives at most so much of a terminal at once; less means that there is no more for now. n_tty(9) */
const terminalReadBytes = 4_095
const bulkBytesMax = 65_536

/**
 * Reads a terminal's output in pieces as large as there are: each read gives some 4 KB, and to hand these on one by
 * one takes several times as long as to read them.
 */
function readInBulk(terminal: pty.IPty, onBytes: (bytes: Buffer) => void): void {
  const { fd, _socket: socket } = terminal as unknown as Insides
  const page = Buffer.allocUnsafeSlow(bulkBytesMax)
  terminal.onData((data) => {
    // Without an encoding the data are bytes, whatever the types say.
    const first = data as unknown as Buffer
    // What the stream holds comes before what is still to be read.
    const mayReadOn = fd !== undefined && socket?.readableLength === 0
    if (!mayReadOn || first.length < terminalReadBytes) return onBytes(first)
    let length = first.copy(page)
    try {
      for (let read = length; read >= terminalReadBytes && length < bulkBytesMax; length += read)
        read = readSync(fd, page, length, bulkBytesMax - length, null)
    } catch {
      // Nothing now, or it is hung up: the stream finds out.
    }
    onBytes(Buffer.from(page.subarray(0, length)))
  })
}

/** How long a terminal whose command has gone may be silent before nothing more is waited for. */
const lastWordsMs = 100
const drainEveryMs = 10
/** What is taken of a command that is gone while nobody reads it. */
const heldBytesMax = 1_024 * 1_024

/** What node-pty's terminal is made of, beyond its types. */
interface Insides {
  fd?: number
  _socket?: { destroy(): void; resume(): void; readonly readableLength: number }
}

/**
 * Reads a terminal to its end. libuv takes a short read of a terminal that is hung up for its end, and node-pty
 * closes it 200 ms after the command has gone, read or not: some kilobytes of output would be lost now and then. So
 * when the terminal is to be closed, what the kernel still has of it is read first.
 * @param onBytes takes what was read; it comes after all that the terminal's own events gave.
 */
export function readToTheEnd(terminal: pty.IPty, onBytes: (bytes: Buffer) => void): void {
  const { fd, _socket: socket } = terminal as unknown as Insides
  if (fd === undefined || socket === undefined) return
  const destroy = socket.destroy.bind(socket)
  let silentMs = 0
  let isDraining = false
  let heldBytes = 0
  const drain = (): void => {
    // Who is gone has little left to say: that is taken also while nobody reads, or its end would not be known.
    if (socket.readableLength > 0 && heldBytes < heldBytesMax) {
      heldBytes += socket.readableLength
      socket.resume()
    } else if (socket.readableLength === 0) {
      const { bytes, isOver } = readAvailable(fd)
      if (bytes.length > 0) onBytes(bytes)
      silentMs = bytes.length > 0 ? 0 : silentMs + drainEveryMs
      if (isOver || silentMs >= lastWordsMs) return destroy()
    }
    setTimeout(drain, drainEveryMs)
  }
  socket.destroy = () => {
    if (isDraining) return
    isDraining = true
    drain()
  }
}

/** All that can be read now; `isOver` when nobody holds the other side any more. */
function readAvailable(fd: number): { bytes: Buffer; isOver: boolean } {
  const pieces: Buffer[] = []
  const page = Buffer.allocUnsafe(65_536)
  for (;;) {
    try {
      const length = readSync(fd, page)
      if (length === 0) return { bytes: Buffer.concat(pieces), isOver: true }
      pieces.push(Buffer.from(page.subarray(0, length)))
    } catch (error) {
      return { bytes: Buffer.concat(pieces), isOver: (error as NodeJS.ErrnoException).code !== 'EAGAIN' }
    }
  }
}
