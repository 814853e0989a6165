import { realpathSync } from 'node:fs'
import path from 'node:path'
import type { Env } from '../../wire/identity.js'
import type { Log } from '../../wire/log.js'
import type { AgentState } from '../../wire/messages.js'
import { isAlive } from '../../wire/process-life.js'
import type { DiffSummary, TaskSummary } from '../../wire/source.js'
import { gitCommonDir } from '../../wire/surroundings.js'
import { readAgentFiles } from './agent-files.js'
import { agentsAmong, isBare, joinAgents } from './agent-processes.js'
import { Holding } from './holding.js'
import { readPlaces, readProcesses } from './process-table.js'
import {
  bareRootOf,
  projectFor,
  projectsMax,
  readProjects,
  withProject,
  type ProjectFound,
} from './projects.js'
import { openRound } from './round.js'

/** What can be known of a session without its hub. Seed 000, "v1 Fallback (No Hub Required)". */
export interface LocalFound {
  /** Milliseconds since 1970. */
  atMs: number
  /**
   * Agents that their wrappers have written down, as they would be published, or had until a moment ago; and those that are known by their
   * processes alone, with `source.kind` `process` and the diff and tasks of their project. By id.
   */
  states: AgentState[]
  /** Pulse's own project; null until it was read. Its summaries' `agent_id` is the session's id. */
  here: { projectRoot: string; diff: DiffSummary | null; tasks: Record<string, TaskSummary> | null }
}

export interface LocalOptions {
  sessionId: string
  socketPath: string
  /** Absolute. */
  projectRoot: string
  /** Pulse's own environment. */
  env: Env
  /** The ids of the tmux session's panes; null where there is none. */
  panesOfSession?: () => Promise<ReadonlySet<string> | null>
  /** Called with what there is, and then whenever it has become something else. */
  onFound: (found: LocalFound) => void
  /** Called when agents are not written down any more: they have ended, or a hub has them. */
  onUnwritten?: () => void
  log: Log
  /** How often agents are looked for. Default: 2 s. */
  intervalMs?: number
}

export interface Local {
  /** Looks at everything anew; what is found comes by `onFound`. */
  refresh(): Promise<void>
  /** Takes what a hub said last of its agents: it holds for a moment, until their wrappers have written them down. */
  hold(states: Iterable<AgentState>): void
  /** Nothing is found after this was called; resolves when nothing runs any more. */
  close(): Promise<void>
}

const agentsEveryMs = 2_000
const projectsEveryMs = 5_000

/** Looks at a session with nothing but files and processes: no hub is needed, and none is started. */
export function openLocal(options: LocalOptions): Local {
  const { sessionId, socketPath, projectRoot, env, panesOfSession, onFound, onUnwritten, log } = options
  const ending = new AbortController()
  const { signal } = ending
  const faults = new Set<string>()
  const holding = new Holding()
  /** What the last look has found. */
  let agents: AgentState[] = []
  let writtenIds = new Set<string>()
  let projects = new Map<string, ProjectFound>()
  let last = ''
  /** Before agents were looked for, none would look like all of them gone. */
  let hasLooked = false

  /** Each fault is told once; what was found before stays. */
  const guarded = (what: string, work: () => Promise<void>) => async (): Promise<void> => {
    try {
      await work()
    } catch (error) {
      const { message } = error as Error
      if (!faults.has(`${what} ${message}`) && faults.size < 64)
        log('warn', 'local_failed', { what, message })
      faults.add(`${what} ${message}`)
    }
  }

  const tell = (): void => {
    if (signal.aborted || !hasLooked) return
    const states = holding
      .join(agents, isAlive, performance.now())
      .map((state) => withProject(state, projects))
    const found = projects.get(projectRoot)
    const { diff, tasks } = found === undefined ? { diff: null, tasks: null } : projectFor(sessionId, found)
    const here = { projectRoot, diff, tasks }
    const now = JSON.stringify({ states, here })
    if (now === last) return
    last = now
    const atMs = Date.now()
    // Their processes were seen to live.
    const alive = states.map((state) => ({ ...state, last_heartbeat_ms: atMs }))
    onFound({ atMs, states: alive, here })
  }

  const written = async (): Promise<AgentState[]> => {
    let states: AgentState[] = []
    await guarded('files', async () => {
      states = await readAgentFiles(socketPath, sessionId)
    })()
    states = states.map(withoutBeat)
    const before = writtenIds
    writtenIds = new Set(states.map(({ agent_id: id }) => id))
    holding.keep(states, performance.now())
    if (!signal.aborted && [...before].some((id) => !writtenIds.has(id))) onUnwritten?.()
    return states
  }

  const readAgents = async (): Promise<void> => {
    const panes = (await panesOfSession?.().catch(() => null)) ?? null
    const session = { sessionId, env, panes, projectKey: keyOf(projectRoot), keyOf }
    const table = await readProcesses()
    const found = agentsAmong(table)
    const places = await readPlaces(found.map(({ pid }) => pid))
    // After the processes: an agent that is in between is told by its file.
    agents = joinAgents(await written(), found, places, session)
    hasLooked = true
    tell()
    if (projects.size < projectsMax && rootsNow().some((root) => !projects.has(root))) void projectRound.now()
  }
  const rootsNow = (): string[] => [projectRoot, ...agents.flatMap((state) => bareRootOf(state) ?? [])]
  const readAllProjects = async (): Promise<void> => {
    projects = await readProjects(rootsNow(), env, signal)
    tell()
  }

  const agentsGuarded = guarded('agents', readAgents)
  const projectRound = openRound(projectsEveryMs, guarded('projects', readAllProjects))
  const agentRound = openRound(options.intervalMs ?? agentsEveryMs, async () => {
    await agentsGuarded()
    if (hasLooked) return
    // It cannot be looked for them here: the rest is told all the same.
    hasLooked = true
    tell()
  })
  const others = [projectRound]
  return {
    async refresh() {
      await agentRound.now()
      await Promise.all(others.map((round) => round.now()))
    },
    hold(states) {
      const told = new Map([...states].map((state) => [state.agent_id, withoutBeat(state)]))
      holding.keep(told.values(), performance.now())
      // What the last look has found of them is older.
      agents = agents.filter((state) => isBare(state) || !told.has(state.agent_id))
      tell()
    },
    async close() {
      ending.abort()
      await Promise.all([agentRound, ...others].map((round) => round.close()))
    },
  }
}

/** What a clock says of a state is its writer's; here it only has to stay the same. */
function withoutBeat(state: AgentState): AgentState {
  return { ...state, last_heartbeat_ms: null }
}

/** What tells a folder's project from others, as for a session's name. */
function keyOf(folder: string): string {
  const found = gitCommonDir(folder)
  if (found !== null) return found
  try {
    return realpathSync(folder)
  } catch {
    return path.resolve(folder)
  }
}
