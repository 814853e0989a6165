import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, statSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Env } from '../../wire/identity.js'
import type { ProcessEntry, ProcessPlace } from './agent-processes.js'
import { psPlaces, psTable } from './ps-table.js'

/** Processes that are looked at; a table with more is cut. */
export const processesMax = 32_768
/** So many are read in one turn of the event loop. */
const turnProcesses = 256
const statBytesMax = 1_024
const argvBytesMax = 16_384
const environBytesMax = 262_144
/** In each second, by proc(5): USER_HZ, which is the same on all architectures in use. */
const ticksPerSecond = 100

/** The variables that say where a process is; nothing else of its environment is kept. */
const placeVariables = new Set([
  'AOC_SESSION_ID',
  'AOC_PANE_ID',
  'AOC_AGENT_ID',
  'AOC_AGENT_LABEL',
  'AOC_PROJECT_ROOT',
  'AOC_WRAPPED_AGENT',
  'ZELLIJ_SESSION_NAME',
  'ZELLIJ_PANE_ID',
  'TMUX',
  'TMUX_PANE',
])

/** The processes of this user; those that cannot be read are left out. */
export function readProcesses(): Promise<ProcessEntry[]> {
  return process.platform === 'linux' ? procTable() : psTable()
}

/** Where processes run. */
export async function readPlaces(pids: readonly number[]): Promise<Map<number, ProcessPlace>> {
  if (process.platform !== 'linux') return psPlaces(pids)
  return new Map(pids.map((pid) => [pid, { env: environOf(pid), cwd: cwdOf(pid) }]))
}

async function procTable(): Promise<ProcessEntry[]> {
  const uid = process.getuid?.() ?? 0
  const bootMs = bootedAtMs()
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const table: ProcessEntry[] = []
  for (const [i, pid] of pids.slice(0, processesMax).entries()) {
    if (i % turnProcesses === turnProcesses - 1) await nextTurn()
    const entry = procEntry(pid, uid, bootMs)
    if (entry !== null) table.push(entry)
  }
  return table
}

/** proc(5), /proc/pid/stat: after the name come state, parent, group, session, terminal, …; the 20th is the start. */
function procEntry(pid: string, uid: number, bootMs: number): ProcessEntry | null {
  try {
    if (statSync(`/proc/${pid}`).uid !== uid) return null
    const stat = readHead(`/proc/${pid}/stat`, statBytesMax, true).toString('latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const state = fields[0] ?? 'X'
    if (/^[ZXx]$/.test(state)) return null
    const hasTerminal = Number(fields[4]) !== 0
    return {
      pid: Number(pid),
      parent: Number(fields[1]),
      hasTerminal,
      isStopped: state === 'T',
      startedAtMs: bootMs + Math.round((Number(fields[19]) * 1_000) / ticksPerSecond),
      argv: hasTerminal ? argvOf(pid) : [],
    }
  } catch {
    return null
  }
}

/** A program may write over its arguments; what is left is padded with NULs. */
function argvOf(pid: string): string[] {
  const text = readHead(`/proc/${pid}/cmdline`, argvBytesMax).toString().replace(/\0+$/, '')
  return text === '' ? [] : text.split('\0')
}

function environOf(pid: number): Env | null {
  try {
    const lines = readHead(`/proc/${pid}/environ`, environBytesMax).toString().split('\0')
    const pairs = lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])
    return Object.fromEntries(pairs.filter(([name]) => placeVariables.has(name!)))
  } catch {
    return null
  }
}

function cwdOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`).replace(/ \(deleted\)$/, '')
  } catch {
    return null
  }
}

let bootMs: number | null = null

/** Read once: it moves with the clock, and a start must not. proc(5), /proc/stat, `btime`. */
function bootedAtMs(): number {
  bootMs ??= Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1] ?? 0) * 1_000
  return bootMs
}

const page = Buffer.allocUnsafeSlow(environBytesMax)

/** The first bytes of a file of /proc; they hold until the next call. One read gives all of a file in one piece. */
function readHead(file: string, bytesMax: number, isOnePiece = false): Buffer {
  const fd = openSync(file, 'r')
  try {
    let length = 0
    for (let read = 1; read > 0 && length < bytesMax; length += read) {
      read = readSync(fd, page, length, bytesMax - length, null)
      if (isOnePiece) return page.subarray(0, read)
    }
    return page.subarray(0, length)
  } finally {
    closeSync(fd)
  }
}
