import { execFile } from 'node:child_process'
import type { ProcessEntry, ProcessPlace } from './agent-processes.js'

/**
 * Processes where there is no /proc, by ps(1) and lsof(8). Neither tells of an environment, and ps parts no arguments:
 * those with blanks in them come apart, which hardly matters to find a program's name.
 */

const answerMs = 2_000
const answerBytesMax = 16 * 1_024 * 1_024

/** The processes of this user; none when ps does not answer. */
export async function psTable(): Promise<ProcessEntry[]> {
  const uid = String(process.getuid?.() ?? 0)
  return parsePs(await run('ps', ['-ww', '-U', uid, '-o', 'pid=,ppid=,tty=,state=,lstart=,args=']))
}

/** Where processes run: their folders only. */
export async function psPlaces(pids: readonly number[]): Promise<Map<number, ProcessPlace>> {
  if (pids.length === 0) return new Map()
  const folders = parseLsof(await run('lsof', ['-a', '-d', 'cwd', '-Fn', '-p', pids.join(',')]))
  return new Map(pids.map((pid) => [pid, { env: null, cwd: folders.get(pid) ?? null }]))
}

const line = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\S+)\s+(\w{3}\s+\w{3}\s+\d+\s+[\d:]+\s+\d{4})\s+(.*)$/

/** Reads what ps prints, in English and UTC; other lines are passed over. Pure. */
export function parsePs(text: string): ProcessEntry[] {
  return text.split('\n').flatMap((row) => {
    const [, pid, parent, tty, state = '', start = '', args = ''] = line.exec(row) ?? []
    if (pid === undefined || state.startsWith('Z')) return []
    const hasTerminal = tty !== '?' && tty !== '??' && tty !== '-'
    return [
      {
        pid: Number(pid),
        parent: Number(parent),
        hasTerminal,
        isStopped: state.startsWith('T'),
        startedAtMs: Date.parse(`${start} UTC`) || 0,
        argv: hasTerminal ? args.split(/\s+/).filter(Boolean) : [],
      },
    ]
  })
}

/** Reads what `lsof -Fn` prints: `p<pid>`, then `n<folder>`. Pure. */
export function parseLsof(text: string): Map<number, string> {
  const folders = new Map<number, string>()
  let pid = 0
  for (const field of text.split('\n')) {
    if (/^p\d+$/.test(field)) pid = Number(field.slice(1))
    else if (field.startsWith('n/') && !folders.has(pid)) folders.set(pid, field.slice(1))
  }
  return folders
}

function run(program: string, args: string[]): Promise<string> {
  return new Promise((resolve) => {
    const env = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' }
    const bounds = { timeout: answerMs, killSignal: 'SIGKILL', maxBuffer: answerBytesMax } as const
    execFile(program, args, { env, ...bounds }, (_, stdout) => resolve(stdout))
  })
}
