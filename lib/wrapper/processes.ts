import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** A process as the kernel, or `ps`, tells of it. */
interface ProcessEntry {
  pid: number
  parent: number
  group: number
  /** The foreground group of its terminal. */
  foreground: number
  isStopped: boolean
}

/** Whether a process is stopped (Ctrl-Z, SIGSTOP). */
export function isStopped(pid: number): boolean {
  return entryOf(pid)?.isStopped === true
}

/** Whether a process's terminal is its group's to read and set; true where that cannot be told. */
export function isInForeground(pid: number): boolean {
  const entry = entryOf(pid)
  return entry === null || entry.group === entry.foreground
}

/** The process groups below a terminal's first process: those of its children, and the one in the foreground. */
export function groupsBelow(leader: number): number[] {
  const groups = new Set(childrenOf(leader).map(({ group }) => group))
  const foreground = entryOf(leader)?.foreground ?? 0
  if (foreground > 1) groups.add(foreground)
  groups.delete(leader)
  return [...groups]
}

/** The pid of the first child, or null. */
export function firstChildOf(pid: number): number | null {
  return childrenOf(pid)[0]?.pid ?? null
}

/** Signals a process group; one that is gone is none. */
export function signalGroup(group: number, name: NodeJS.Signals): void {
  try {
    process.kill(-group, name)
  } catch {
    // ESRCH: it is gone.
  }
}

function entryOf(pid: number): ProcessEntry | null {
  return process.platform === 'linux' ? procEntry(pid) : (psEntries(['-p', String(pid)])[0] ?? null)
}

function childrenOf(pid: number): ProcessEntry[] {
  if (process.platform !== 'linux') return psEntries(['-ax']).filter(({ parent }) => parent === pid)
  const pids =
    procChildren(pid) ??
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  return pids.flatMap((child) => procEntry(child) ?? []).filter(({ parent }) => parent === pid)
}

/** proc(5), /proc/pid/task/tid/children; null where the kernel was built without it. */
function procChildren(pid: number): number[] | null {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch {
    return null
  }
}

/** proc(5), /proc/pid/stat: after the name come state, parent, group, session, terminal, foreground group. */
function procEntry(pid: number): ProcessEntry | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state = '', ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [parent = 0, group = 0, , , foreground = 0] = rest.map(Number)
    return { pid, parent, group, foreground, isStopped: state === 'T' }
  } catch {
    return null
  }
}

function psEntries(which: string[]): ProcessEntry[] {
  const fields = 'pid=,ppid=,pgid=,tpgid=,state='
  const { stdout } = spawnSync('ps', [...which, '-o', fields], { encoding: 'utf8', timeout: 2_000 })
  return (stdout ?? '').split('\n').flatMap((line) => {
    const [pid, parent, group, foreground, state] = line.trim().split(/\s+/)
    if (!pid || !state) return []
    return [
      {
        pid: +pid,
        parent: +parent!,
        group: +group!,
        foreground: +foreground!,
        isStopped: state.startsWith('T'),
      },
    ]
  })
}
