import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import path from 'node:path'
import { readTaskSummaries, tasksPath } from '../../project/tasks.js'
import type { Env } from '../../wire/identity.js'
import { logDir } from '../../wire/log.js'
import { whyNotTrusted } from '../../wire/socket-owner.js'
import { printable } from '../text.js'
import { agentNames } from './agent-commands.js'
import { findProgram, firstLineOf } from './programs.js'

/** Whether something that aoc-pulse builds on is there. All texts are printable. */
export interface Check {
  name: string
  /** Null: it is not needed here, or it cannot be told. */
  ok: boolean | null
  /** What was found. */
  detail: string
  /** What to do about it; empty when there is nothing to do. */
  hint: string
}

export interface CheckOptions {
  socketPath: string
  projectRoot: string
  env: Env
  platform?: NodeJS.Platform
  /** Default: that of this process. */
  nodeVersion?: string
}

type Found = Omit<Check, 'name'>
type Look = (options: CheckOptions, signal: AbortSignal) => Promise<Found>

const fine = (detail: string): Found => ({ ok: true, detail, hint: '' })
const wrong = (detail: string, hint: string): Found => ({ ok: false, detail, hint })
const apart = (detail: string, hint = ''): Found => ({ ok: null, detail, hint })

/** Each check may take this long. */
const answerMs = 2_000
/** package.json, `engines`. */
const nodeLeast = [20, 19] as const
/** For `rev-parse --path-format=absolute`. */
const gitLeast = [2, 31] as const

/** All checks, in the order they are shown. */
const looks: Readonly<Record<string, Look>> = {
  node: async ({ nodeVersion = process.versions.node }) =>
    isAtLeast(nodeVersion, nodeLeast)
      ? fine(nodeVersion)
      : wrong(nodeVersion, `install Node ${nodeLeast.join('.')} or newer`),
  git: async ({ env }, signal) => {
    const file = await findProgram('git', env)
    if (file === null)
      return wrong('not found on PATH', 'install git: there are no changes to show without it')
    const line = await firstLineOf(file, ['--version'], env, signal)
    const version = line?.replace(/^git version /, '') ?? ''
    if (line === null) return wrong(`${file} does not answer`, 'git --version should say its version')
    return isAtLeast(version, gitLeast)
      ? fine(version)
      : wrong(version, `install git ${gitLeast.join('.')} or newer`)
  },
  multiplexer: async ({ env }, signal) => {
    const [name, flag] = env['ZELLIJ_SESSION_NAME'] ? ['zellij', '--version'] : ['tmux', '-V']
    if (name === 'tmux' && !env['TMUX']) return apart('none around', 'focus works inside zellij or tmux')
    const file = await findProgram(name, env)
    if (file === null) return wrong(`${name} is not on PATH`, `put ${name} on PATH: focus works by it`)
    const line = await firstLineOf(file, [flag], env, signal)
    return line === null
      ? wrong(`${file} does not answer`, `${name} ${flag} should say its version`)
      : fine(line)
  },
  dash: async () => {
    for (const file of ['/bin/dash', '/usr/bin/dash']) if (await isExecutable(file)) return fine(file)
    return wrong('not found', 'install dash: Ctrl-Z in a wrapped agent works through it')
  },
  notices: async ({ env, platform = process.platform }) => {
    const name = platform === 'darwin' ? 'osascript' : 'notify-send'
    const file = await findProgram(name, env)
    const hint = platform === 'darwin' ? '' : 'install libnotify for notices on the desktop'
    return file === null ? wrong(`${name} is not on PATH`, hint) : fine(file)
  },
  agents: async ({ env }) => {
    const found = await Promise.all(agentNames.map((name) => findProgram(name, env)))
    const there = agentNames.filter((_, i) => found[i] !== null)
    return there.length > 0
      ? fine(there.join(', '))
      : wrong('none of ' + agentNames.join(', ') + ' is on PATH', 'any other command works as well')
  },
  'runtime folder': async ({ socketPath }) => {
    const folder = path.dirname(socketPath)
    const fault = whyNotTrusted(socketPath) ?? (await folderFault(folder))
    return fault === null ? fine(folder) : wrong(fault, 'give another path with AOC_PULSE_SOCK')
  },
  tasks: async ({ projectRoot }) => {
    const tags = Object.values(await readTaskSummaries({ agentId: '', projectRoot }))
    const fault = tags.find(({ error }) => error)?.error
    if (fault?.code === 'tasks_missing') return apart(`no ${tasksPath} in this project`)
    if (fault) return wrong(fault.message, `correct ${tasksPath}`)
    return fine(`${tags.length} ${tags.length === 1 ? 'tag' : 'tags'}`)
  },
  'log folder': async ({ env, projectRoot }) => {
    const folder = logDir(undefined, env, projectRoot)
    const fault = await folderFault(folder)
    return fault === null ? fine(folder) : wrong(fault, 'set AOC_LOG_DIR to a folder of yours')
  },
}

/**
 * Looks at all of it. Never throws and takes two seconds at most: what does not answer by then is said so, and not
 * asked again before it has.
 */
export function openChecks(options: CheckOptions): (signal: AbortSignal) => Promise<Check[]> {
  const pending = new Map<string, Promise<Found>>()
  return (signal) =>
    Promise.all(
      Object.entries(looks).map(async ([name, look]) => {
        const found = pending.get(name) ?? look(options, signal)
        pending.set(name, found)
        const forget = (): unknown => pending.delete(name)
        found.then(forget, forget)
        const { ok, detail, hint } = await withinTime(found, signal)
        return { name, ok, detail: printable(detail), hint: printable(hint) }
      }),
    )
}

async function withinTime(found: Promise<Found>, signal: AbortSignal): Promise<Found> {
  let end = (): void => {}
  const late = new Promise<Found>((resolve) => {
    end = () => resolve(apart(`no answer within ${answerMs / 1_000} seconds`))
  })
  const timer = setTimeout(end, answerMs)
  signal.addEventListener('abort', end, { once: true })
  try {
    return await Promise.race([found, late])
  } catch (error) {
    return apart((error as Error).message)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
  }
}

/** Whether a version's first two numbers are at least these. */
function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [, first, second] = /^(\d+)\.(\d+)/.exec(version) ?? []
  return Number(first) > major || (Number(first) === major && Number(second) >= minor)
}

/** Why nothing can be written into a folder, or null; one that is not there is made by who needs it. */
async function folderFault(folder: string): Promise<string | null> {
  for (let at = folder; ; at = path.dirname(at)) {
    try {
      if (!(await stat(at)).isDirectory()) return `${at} is no folder`
      await access(at, constants.W_OK | constants.X_OK)
      return null
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT' || path.dirname(at) === at) return `${at} cannot be written (${code})`
    }
  }
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}
