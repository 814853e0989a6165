import fs from 'node:fs'
import path from 'node:path'
import type { Env } from './identity.js'
import { makeFolders } from './make-folders.js'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
/** Writes one event: `event` is a word of its own, `fields` are what it is about. Never throws. */
export type Log = (level: LogLevel, event: string, fields?: Record<string, unknown>) => void

export const noLog: Log = () => {}

export interface LogOptions {
  component: 'hub' | 'wrapper' | 'pulse'
  /** The session's slug: part of the file's name. */
  slug: string
  /** Absolute. */
  dir: string
  level: string
  /** Also prints to standard error. */
  toStderr?: boolean
}

/** The log folder: `--log-dir`, `AOC_LOG_DIR`, else `.aoc/logs` of the project. Seed 000. */
export function logDir(flag: string | undefined, env: Env, projectRoot: string): string {
  return path.resolve(projectRoot, flag || env['AOC_LOG_DIR'] || '.aoc/logs')
}

const levels = new Set(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])

/** The level: `AOC_LOG_LEVEL`, else info; a word that is no level counts as info. */
export function logLevel(env: Env, debug = false): string {
  const level = (env['AOC_LOG_LEVEL'] ?? '').toLowerCase()
  return debug ? 'debug' : levels.has(level) ? level : 'info'
}

/**
 * A log in NDJSON, one file for each session and component: `<dir>/<component>-<slug>.log`. The file and the logger
 * come with the first line that is written; a folder that cannot be written turns the log off, once said on
 * standard error when that was asked for.
 */
export function openLog(options: LogOptions): Log {
  const queue: [LogLevel, string, Record<string, unknown>][] = []
  let write: ((level: LogLevel, fields: Record<string, unknown>) => void) | 'starting' | 'off' | null = null
  if (options.level === 'silent') return noLog

  const start = async (): Promise<void> => {
    try {
      const { default: pino } = await import('pino')
      const file = path.join(options.dir, `${options.component}-${options.slug}.log`)
      makeLogDir(options.dir)
      const toFile = pino.destination({ dest: file, sync: true, append: true, mode: 0o600 })
      const level = options.level as LogLevel
      const streams = [
        { level, stream: toFile },
        ...(options.toStderr ? [{ level, stream: process.stderr }] : []),
      ]
      const base = { pid: process.pid, component: options.component }
      const logger = pino(
        { level, base, timestamp: pino.stdTimeFunctions.isoTime },
        pino.multistream(streams),
      )
      write = (at, fields) => logger[at](fields)
    } catch (error) {
      write = 'off'
      if (options.toStderr) process.stderr.write(`no log: ${(error as Error).message}\n`)
    }
    for (const [level, event, fields] of queue.splice(0)) say(level, event, fields)
  }

  const say: Log = (level, event, fields = {}) => {
    if (write === null) {
      write = 'starting'
      void start()
      process.once('exit', () => {
        if (write === 'starting') writeLast(options, queue)
      })
    }
    if (write === 'starting') {
      if (queue.length < 1_000) queue.push([level, event, fields])
    } else if (write !== 'off') {
      try {
        write(level, { event, ...fields })
      } catch {
        write = 'off'
      }
    }
  }
  return say
}

const levelNumbers = { debug: 20, info: 30, warn: 40, error: 50 }

/** The lines of a process that ends before the logger is there, as the logger would have written them. */
function writeLast(options: LogOptions, queue: [LogLevel, string, Record<string, unknown>][]): void {
  const least = levelNumbers[options.level as LogLevel] ?? (options.level === 'trace' ? 0 : 60)
  const lines = queue
    .filter(([level]) => levelNumbers[level] >= least)
    .map(([level, event, fields]) => {
      const time = new Date().toISOString()
      const { component } = options
      return `${JSON.stringify({ level: levelNumbers[level], time, pid: process.pid, component, event, ...fields })}\n`
    })
  try {
    makeLogDir(options.dir)
    const file = path.join(options.dir, `${options.component}-${options.slug}.log`)
    fs.appendFileSync(file, lines.join(''), { mode: 0o600 })
  } catch {
    // There is no log, then.
  }
}

/** Makes the folder; one of ours in a project keeps itself out of the project's git. */
function makeLogDir(dir: string): void {
  makeFolders(dir)
  const own = path.dirname(dir)
  if (path.basename(own) !== '.aoc') return
  try {
    fs.writeFileSync(path.join(own, '.gitignore'), '*\n', { flag: 'wx' })
  } catch {
    // It is there already.
  }
}
