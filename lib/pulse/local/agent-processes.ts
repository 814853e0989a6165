import path from 'node:path'
import { agentId, agentLabel, IdentityError, paneId, paneOf, type Env } from '../../wire/identity.js'
import type { AgentState } from '../../wire/messages.js'
import { nameFor } from '../../wire/names.js'
import { commandOf, type AgentName } from './agent-commands.js'

/**
 * Agents that are known by nothing but their processes: which ones there are, whose session they belong to, and what
 * little can be said of them. Pure.
 */

/** A process of this user. */
export interface ProcessEntry {
  pid: number
  parent: number
  /** Whether it has a controlling terminal. */
  hasTerminal: boolean
  isStopped: boolean
  /** Milliseconds since 1970. */
  startedAtMs: number
  /** Empty for a process without a terminal: nobody asks for it. */
  argv: readonly string[]
}

/** Where a process runs. */
export interface ProcessPlace {
  /** What of its environment says where it is; null where the system does not tell. */
  env: Env | null
  cwd: string | null
}

/** A process that is an agent. */
export interface FoundAgent {
  pid: number
  name: AgentName
  startedAtMs: number
  isStopped: boolean
  /** Whether it runs in a wrapper, which knows more of it. */
  isWrapped: boolean
}

/** The session that agents are looked for in. */
export interface SessionPlace {
  sessionId: string
  /** Pulse's own environment. */
  env: Env
  /** The ids of the tmux session's panes; null where there is none. */
  panes: ReadonlySet<string> | null
  /** What tells the project from others: its git common directory, else its path. */
  projectKey: string
  /** The same for any folder. */
  keyOf: (folder: string) => string
}

/** Processes above one that are looked at; only a table that contradicts itself has more. */
const ancestorsMax = 64

/** The agents among processes, by pid. One that another agent has started is none of its own. */
export function agentsAmong(table: readonly ProcessEntry[]): FoundAgent[] {
  const entries = new Map(table.map((entry) => [entry.pid, entry]))
  const names = new Map(table.map(({ pid, argv }) => [pid, commandOf(argv)]))
  const above = (entry: ProcessEntry): AgentName | 'wrapper' | null => {
    let at = entries.get(entry.parent)
    for (let i = 0; at !== undefined && i < ancestorsMax; i++) {
      const name = names.get(at.pid) ?? null
      if (name !== null) return name
      at = entries.get(at.parent)
    }
    return null
  }
  return table
    .flatMap((entry) => {
      const name = names.get(entry.pid) ?? null
      if (name === null || name === 'wrapper' || !entry.hasTerminal) return []
      const parent = above(entry)
      if (parent !== null && parent !== 'wrapper') return []
      const { pid, startedAtMs, isStopped } = entry
      return [{ pid, name, startedAtMs, isStopped, isWrapped: parent === 'wrapper' }]
    })
    .toSorted((a, b) => a.pid - b.pid)
}

/**
 * Whether an agent belongs to a session, by the same order of names as `sessionId`: what its environment says, its
 * tmux pane, and outside of multiplexers the name that its project gives.
 */
export function isOfSession({ env, cwd }: ProcessPlace, session: SessionPlace): boolean {
  const named = env?.['ZELLIJ_SESSION_NAME'] || env?.['AOC_SESSION_ID']
  if (named) return named === session.sessionId
  if (env?.['TMUX'])
    return (
      session.panes?.has(env['TMUX_PANE'] ?? '') === true && isSameServer(env['TMUX'], session.env['TMUX'])
    )
  if (cwd === null) return false
  const key = session.keyOf(projectRootOf(env ?? {}, cwd))
  // Where nobody tells what it is named by, agents of our project are taken for ours.
  return env === null ? key === session.projectKey : nameFor(key) === session.sessionId
}

/** tmux(1): `TMUX` is `<socket>,<pid>,<session>`; each server counts its panes anew. */
function isSameServer(theirs: string, ours: string | undefined): boolean {
  return !ours || theirs.split(',', 1)[0] === ours.split(',', 1)[0]
}

/**
 * The states of all agents of a session: those that their wrappers wrote down, and what is known of the others. An
 * agent with both is one, and its wrapper knows better.
 */
export function joinAgents(
  written: readonly AgentState[],
  found: readonly FoundAgent[],
  places: ReadonlyMap<number, ProcessPlace>,
  session: SessionPlace,
): AgentState[] {
  const states = new Map(written.map((state) => [state.agent_id, state]))
  const pids = new Set(written.map(({ source }) => (source as { pid?: unknown } | undefined)?.pid))
  for (const agent of found) {
    const place = places.get(agent.pid)
    if (place === undefined || pids.has(agent.pid)) continue
    if (agent.isWrapped) {
      const id = place.env?.['AOC_WRAPPED_AGENT'] ?? ''
      if (paneOf(session.sessionId, id) === null || states.has(id)) continue
    } else if (!isOfSession(place, session)) continue
    const state = stateOf(agent, place, session.sessionId, (id) => states.has(id))
    states.set(state.agent_id, state)
  }
  return [...states.values()].toSorted((a, b) => (a.agent_id < b.agent_id ? -1 : 1))
}

/** Whether a state is that of an agent that is known by its process alone. */
export function isBare({ source }: AgentState): boolean {
  return (source as { kind?: unknown } | null | undefined)?.kind === 'process'
}

/** What is known of an agent by its process; `isTaken` tells ids that other agents have. */
function stateOf(
  agent: FoundAgent,
  { env, cwd }: ProcessPlace,
  sessionId: string,
  isTaken: (agentId: string) => boolean,
): AgentState {
  const pane = ownPane(agent, env ?? {}, sessionId, isTaken)
  const id = agentId(sessionId, pane)
  const root = projectRootOf(env ?? {}, cwd)
  const label = agentLabel({}, env ?? {}, root)
  const { isStopped, isWrapped, name, pid, startedAtMs } = agent
  return {
    agent_id: id,
    session_id: sessionId,
    pane_id: pane,
    // As a wrapper has it: who is suspended does not work, whatever else it is.
    lifecycle: isStopped ? 'idle' : 'running',
    source: {
      kind: 'process',
      label,
      command: name,
      profile: name,
      pid,
      started_at_ms: startedAtMs,
      status: {
        turn: 'unknown',
        attention: 'none',
        background: 0,
        origin: isStopped ? 'stopped' : 'started',
        confidence: isStopped ? 1 : 0,
        since_ms: startedAtMs,
        detail: isStopped ? 'suspended' : null,
        evidence: isStopped ? 'its process is stopped' : 'its process runs',
        blind: isWrapped ? 'wrapper_silent' : 'not_wrapped',
      },
      agent_status: {
        agent_id: id,
        status: isStopped ? 'idle' : 'running',
        pane_id: pane,
        project_root: root,
        ...(cwd !== null && { cwd }),
      },
    },
  }
}

function ownPane(agent: FoundAgent, env: Env, sessionId: string, isTaken: (id: string) => boolean): string {
  const wrapped = agent.isWrapped ? paneOf(sessionId, env['AOC_WRAPPED_AGENT'] ?? '') : null
  const pane = checkedPane(wrapped === null ? env : { AOC_PANE_ID: wrapped }, agent.pid)
  // Several in one pane, one of them suspended: their pids tell them apart, as among wrappers.
  return isTaken(agentId(sessionId, pane)) ? `${pane}-${agent.pid}` : pane
}

function checkedPane(env: Env, pid: number): string {
  try {
    return paneId({}, env, pid)
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error
    return `pid-${pid}`
  }
}

function projectRootOf(env: Env, cwd: string | null): string {
  const given = env['AOC_PROJECT_ROOT']
  if (given && path.isAbsolute(given)) return path.normalize(given)
  return path.resolve(cwd ?? '/', given || '.')
}
