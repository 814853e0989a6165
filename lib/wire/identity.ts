import path from 'node:path'
import { fnv1a32 } from './fnv.js'
import { idCharsMax, socketPathBytesMax } from './limits.js'
import { nameFor } from './names.js'

/**
 * Who is who, and where: pure functions of flags, environment and what the edge found out about the surroundings.
 * Seed 000, "Session Scoping and Environment"; design: Socket file.
 */

export type Env = Readonly<Record<string, string | undefined>>

/** A flag, an environment variable or a path that cannot be used; `message` says what to do. */
export class IdentityError extends Error {
  override readonly name = 'IdentityError'
}

/** What the edge found out; see `surroundings.ts`. */
export interface Surroundings {
  uid: number
  cwd: string
  tmpdir: string
  /** The name of the tmux session around this process. */
  tmuxSession?: string | undefined
  /** The project's git common directory, else its real path: worktrees of one repository share it. */
  projectKey: string
  /** Whether `/run/user/<uid>` is there and ours. */
  runUserIsOurs: boolean
}

export interface SessionFlags {
  session?: string | undefined
  projectRoot?: string | undefined
}

/**
 * The session id: `--session`, `ZELLIJ_SESSION_NAME`, `AOC_SESSION_ID`, the tmux session's name, else two words
 * from the project.
 * @throws {IdentityError} for an id that no frame could carry.
 */
export function sessionId(flags: SessionFlags, env: Env, around: Surroundings): string {
  const id =
    flags.session ||
    env['ZELLIJ_SESSION_NAME'] ||
    env['AOC_SESSION_ID'] ||
    around.tmuxSession ||
    nameFor(around.projectKey)
  return checkedId('session', id)
}

/** The pane id: the flag, `ZELLIJ_PANE_ID`, `AOC_PANE_ID`, `TMUX_PANE`, else `pid-<pid>`. */
export function paneId(flags: { paneId?: string | undefined }, env: Env, pid: number): string {
  const id = flags.paneId || env['ZELLIJ_PANE_ID'] || env['AOC_PANE_ID'] || env['TMUX_PANE'] || `pid-${pid}`
  return checkedId('pane', id)
}

/** The one key of an agent. Seed 000, "Identity Model". */
export function agentId(session: string, pane: string): string {
  return `${session}::${pane}`
}

/** The pane of an agent id, or null when it is not of that session. */
export function paneOf(session: string, agent: string): string | null {
  const prefix = `${session}::`
  return agent.startsWith(prefix) && agent.length > prefix.length ? agent.slice(prefix.length) : null
}

/**
 * What people call the agent; metadata only. `--label`, `AOC_AGENT_LABEL`, `--agent-id`, `AOC_AGENT_ID`, else the
 * project's name.
 */
export function agentLabel(
  flags: { label?: string | undefined; agentId?: string | undefined },
  env: Env,
  projectRoot: string,
): string {
  const label =
    flags.label ||
    env['AOC_AGENT_LABEL'] ||
    flags.agentId ||
    env['AOC_AGENT_ID'] ||
    path.basename(projectRoot) ||
    projectRoot
  return label.replaceAll(/[\p{Cc}\p{Cf}]/gu, '').slice(0, 80)
}

/** The project root: the flag, `AOC_PROJECT_ROOT`, else the working directory; absolute. */
export function projectRoot(flags: { projectRoot?: string | undefined }, env: Env, cwd: string): string {
  return path.resolve(cwd, flags.projectRoot || env['AOC_PROJECT_ROOT'] || '.')
}

/** A session id as a file name: readable, and its own by the hash at its end. */
export function slug(session: string): string {
  const readable = session
    .replaceAll(/[^A-Za-z0-9\-_.]/gu, '-')
    .replaceAll(/-+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
  const hash = fnv1a32(session).toString(16).padStart(8, '0')
  return `${(readable || 'session').slice(0, 48)}-${hash}`
}

/** The websocket shim's port. Seed 000, "Port Derivation". */
export function portOf(session: string): number {
  return 42_000 + (fnv1a32(session) % 2_000)
}

/** The folder that holds every session's folder of this user. */
export function runtimeRoot(env: Env, around: Surroundings): string {
  const xdg = env['XDG_RUNTIME_DIR']
  if (xdg && path.isAbsolute(xdg)) return path.join(xdg, 'aoc')
  if (around.runUserIsOurs) return `/run/user/${around.uid}/aoc`
  return path.join(around.tmpdir, `aoc-${around.uid}`)
}

/**
 * The hub's socket: `--pulse-socket-path`, `AOC_PULSE_SOCK`, else below the runtime folder.
 * @throws {IdentityError} for a path of more than `socketPathBytesMax` bytes.
 */
export function socketPath(
  flags: { pulseSocketPath?: string | undefined },
  env: Env,
  around: Surroundings,
  session: string,
): string {
  const given = flags.pulseSocketPath || env['AOC_PULSE_SOCK']
  const found = given
    ? path.resolve(around.cwd, given)
    : path.join(runtimeRoot(env, around), slug(session), 'pulse.sock')
  const bytes = Buffer.byteLength(found)
  if (bytes > socketPathBytesMax)
    throw new IdentityError(
      `the socket path ${found} has ${bytes} bytes; a Unix socket takes ${socketPathBytesMax}. ` +
        'Give a shorter one with --pulse-socket-path or AOC_PULSE_SOCK.',
    )
  return found
}

function checkedId(what: string, id: string): string {
  // `<session>::<pane>` is an id as well.
  const charsMax = idCharsMax / 2 - 1
  if (id.length > charsMax)
    throw new IdentityError(`the ${what} id has ${id.length} characters; at most ${charsMax} are taken`)
  if (/[\p{Cc}]/u.test(id))
    throw new IdentityError(`the ${what} id ${JSON.stringify(id)} holds control characters; use a plain name`)
  return id
}
