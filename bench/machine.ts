import { execFile } from 'node:child_process'
import fs from 'node:fs/promises'
import os from 'node:os'
import { promisify } from 'node:util'
import { version } from '../lib/wire/version.js'
import { versionOf } from './candidates.js'

const run = promisify(execFile)

/** What the numbers were taken on. */
export interface Machine {
  cpu: string
  cores: number
  memory_bytes: number
  os: string
  node: string
  /** Over 1, 5 and 15 minutes, before the run. */
  load_average: number[]
  versions: { aoc_pulse: string; nats: string | null; redis: string | null }
}

export function describeMachine(): Machine {
  const cpus = os.cpus()
  return {
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: cpus.length,
    memory_bytes: os.totalmem(),
    os: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    load_average: os.loadavg().map((load) => Math.round(load * 100) / 100),
    versions: { aoc_pulse: version, nats: numberOf('nats-server'), redis: numberOf('redis-server') },
  }
}

function numberOf(program: string): string | null {
  return /\d+\.\d+[.\d]*/.exec(versionOf(program) ?? '')?.[0] ?? null
}

/** Memory of a process that is in RAM. */
export async function residentBytes(pid: number): Promise<number> {
  if (process.platform === 'linux') {
    const status = await fs.readFile(`/proc/${pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)![1]) * 1_024
  }
  const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(pid)])
  return Number(stdout) * 1_024
}

/** Processor time that a process has had, in the kernel's steps of 10 ms. */
export async function cpuMs(pid: number): Promise<number> {
  if (process.platform === 'linux') {
    const stat = await fs.readFile(`/proc/${pid}/stat`, 'utf8')
    // After the program's name, which may hold anything, in parentheses: utime and stime are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10
  }
  const { stdout } = await run('ps', ['-o', 'time=', '-p', String(pid)])
  return (
    stdout
      .trim()
      .split(':')
      .reduce((total, part) => total * 60 + Number(part), 0) * 1_000
  )
}
