import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import type { Log } from '../wire/log.js'
import { makeFolders } from '../wire/make-folders.js'
import type { Door, HookEvent } from './door/door.js'
import type { Profile } from './profiles/profile.js'

export interface LaunchOptions {
  profile: Profile
  /** Whether the agent may be told to say what it does. */
  mayInject: boolean
  /** The file that the command is. */
  file: string
  args: readonly string[]
  env: Record<string, string>
  /** This user's folder for what lives as long as a session, 0700. */
  runtimeDir: string
  onEvent: (event: HookEvent) => string | void
  log: Log
}

/** What an agent is started with, and the door its events come through; null when there is none. */
export interface Launch {
  args: string[]
  env: Record<string, string>
  /** Why its own events cannot come; null when they may. */
  blind: string | null
  /** Whether the launch is a conversation with the agent that the profile knows. */
  isConversation: boolean
  door: Door | null
}

/** A settings file larger than this is not read. */
const settingsBytesMax = 2 * 1_024 * 1_024
/** Names of a folder beyond these are not looked at. */
const namesMax = 256

/**
 * Prepares one launch: opens its private door, and adds to arguments, environment and private files what makes the
 * agent tell of itself. No file of the person's is written. Whatever fails here leaves the launch as it was.
 */
export async function prepareLaunch(options: LaunchOptions): Promise<Launch> {
  const { profile, mayInject, args, log } = options
  // The door of a wrapper around this one is not this agent's.
  const { AOC_AGENT_DOOR: _, AOC_AGENT_TOKEN: __, ...env } = options.env
  const asIs: Launch = { args: [...args], env, blind: null, isConversation: true, door: null }
  let door: Door
  try {
    const { openDoor } = await import('./door/door.js')
    const { runtimeDir, onEvent } = options
    makePrivate(runtimeDir)
    door = await openDoor({
      runtimeDir,
      onEvent,
      onBad: (why) => log('warn', 'hook_refused', { why }),
      now: () => Date.now(),
    })
  } catch (error) {
    log('warn', 'door_failed', { message: (error as Error).message })
    return { ...asIs, blind: profile.inject === null ? null : 'door_failed' }
  }
  const opened = { ...asIs, env: { ...env, AOC_AGENT_DOOR: door.url }, door }
  if (profile.inject === null) return opened
  if (!mayInject) return { ...opened, blind: 'injection_off' }
  try {
    return injected(profile.inject, opened, options.file, door)
  } catch (error) {
    log('warn', 'injection_failed', { message: (error as Error).message })
    return { ...opened, blind: 'hooks_missing' }
  }
}

function injected(inject: NonNullable<Profile['inject']>, opened: Launch, file: string, door: Door): Launch {
  const dir = path.join(door.spoolDir, 'files')
  const { args, env } = opened
  const found = inject({
    file: realPath(file),
    args,
    env,
    url: door.url,
    dir,
    hookLine: (source) => door.hookLine(source),
    hookArgv: (source) => door.hookArgv(source),
    readText,
    listDir,
    isRootsAlone,
    platform: process.platform,
  })
  if (found === null) return { ...opened, isConversation: false }
  if (found.files.length > 0) mkdirSync(dir, { mode: 0o700 })
  for (const { path: at, text } of found.files) writeFileSync(at, text, { mode: 0o600, flag: 'wx' })
  return { ...opened, args: found.args, env: { ...env, ...found.env }, blind: found.blind }
}

/** @throws when the folder is not this user's alone. */
function makePrivate(dir: string): void {
  makeFolders(dir)
  const { uid, mode } = lstatSync(dir)
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0) throw new Error(`${dir} is not ours alone`)
}

function isRootsAlone(file: string): boolean {
  if (process.getuid?.() !== 0) return false
  let at = path.resolve(file)
  while (!existsSync(at) && path.dirname(at) !== at) at = path.dirname(at)
  return [at, realpathSync(at)].every((one) => {
    for (let dir = one; ; dir = path.dirname(dir)) {
      const { uid, mode } = statSync(dir)
      if (uid !== 0 || (mode & 0o022) !== 0) return false
      if (path.dirname(dir) === dir) return true
    }
  })
}

function realPath(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return file
  }
}

function listDir(dir: string): string[] {
  try {
    return readdirSync(dir).toSorted().slice(0, namesMax)
  } catch {
    return []
  }
}

function readText(file: string): string | null {
  try {
    const stat = statSync(file)
    return stat.isFile() && stat.size <= settingsBytesMax ? readFileSync(file, 'utf8') : null
  } catch {
    return null
  }
}
