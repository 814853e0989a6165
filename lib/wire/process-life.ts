import { execFile } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'

/** Whether processes live, and whether they are still the same ones: a pid is used again after its process's end. */

/** Whether there is such a process; one that has ended and was not waited for counts. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** The number of the namespace in which our pid counts; 0 where there are none. Linux: pid_namespaces(7). */
export function pidNamespace(): string {
  try {
    return /\d{1,10}/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'
  } catch {
    return '0'
  }
}

/** `elsewhere`: its pid counts in another namespace (a container's), so that nothing can be told from here. */
export type Life = 'alive' | 'gone' | 'elsewhere'

/**
 * What tells a process from an earlier or later one of the same pid: `<pid namespace>:<when it was started>`, the time
 * in the system's own words. Never throws.
 * @returns null when there is no such process, or none that still runs.
 */
export async function startToken(pid: number): Promise<string | null> {
  const start = process.platform === 'linux' ? procStart(pid) : await psStart(pid)
  return start === null ? null : `${pidNamespace()}:${start}`
}

/** What has become of the process that had this pid and this token. */
export async function lifeOf(pid: number, token: string): Promise<Life> {
  if (!token.startsWith(`${pidNamespace()}:`)) return 'elsewhere'
  return (await startToken(pid)) === token ? 'alive' : 'gone'
}

/** proc(5), /proc/pid/stat: after the name come the state and 18 more, then the start in ticks since the boot. */
function procStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return /^[ZXx]$/.test(fields[0] ?? '') ? null : (fields[19] ?? null)
  } catch {
    return null
  }
}

/** ps(1): `lstart` is the start in full, in the language and the time zone of the asking process. */
function psStart(pid: number): Promise<string | null> {
  return new Promise((resolve) => {
    const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
    const args = ['-o', 'state=,lstart=', '-p', String(pid)]
    execFile('ps', args, { env, timeout: 2_000, killSignal: 'SIGKILL' }, (_, stdout) => {
      const [, state, start] = /^\s*(\S+)\s+(\S.*?)\s*$/m.exec(stdout) ?? []
      resolve(start === undefined || state?.startsWith('Z') ? null : start)
    })
  })
}
