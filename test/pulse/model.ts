import type { LocalFound } from '../../lib/pulse/local/local-source.js'
import { agentsOf, keyOf, type Agent, type Model, type Session } from '../../lib/pulse/model/model.js'
import { newModel } from '../../lib/pulse/model/reduce.js'
import { rowOf } from '../../lib/pulse/row.js'
import { Grid } from '../../lib/pulse/view/grid.js'
import type { Item, ListView } from '../../lib/pulse/view/list.js'
import type { AgentState } from '../../lib/wire/messages.js'

/** 2026-02-07 12:00:00 UTC. */
export const noonMs = Date.UTC(2026, 1, 7, 12)

/** What a session is made of; everything may be left out. */
export type SessionParts = Partial<Omit<Session, 'hubAgents' | 'local' | 'heartbeats'>> & {
  states?: readonly AgentState[]
  heartbeats?: Record<string, number>
  local?: Partial<LocalFound> | null
}

/** A session with a hub that lives, unless something else is said. */
export function sessionOf({
  states = [],
  heartbeats = {},
  local = null,
  ...parts
}: SessionParts = {}): Session {
  const found: LocalFound | null =
    local === null
      ? null
      : {
          atMs: noonMs,
          states: [],
          here: { projectRoot: '/home/me/here', diff: null, tasks: null },
          ...local,
        }
  return {
    id: 's',
    socketPath: '/run/user/1000/aoc/s.sock',
    link: { kind: 'live', laggedMs: null },
    linkMs: noonMs - 3_600_000,
    hubAgents: agentsFrom(states),
    epoch: '3b1f0c9a7e55',
    seq: 122,
    heartbeats: new Map(Object.entries(heartbeats)),
    health: null,
    healthMs: null,
    latencyMs: 3,
    layout: null,
    local: found === null ? null : { found, agents: agentsFrom(found.states) },
    ...parts,
  }
}

function agentsFrom(states: readonly AgentState[]): ReadonlyMap<string, Agent> {
  return new Map(states.map((state) => [state.agent_id, { state, row: rowOf(state) }]))
}

/** A model as Pulse has it: one session made of the parts given, or `sessions`; 120×30, the Work mode, at noon. */
export function modelOf({
  sessions,
  session = {},
  states,
  ...parts
}: Partial<Omit<Model, 'sessions'>> & {
  sessions?: readonly SessionParts[]
  session?: SessionParts
  states?: readonly AgentState[]
} = {}): Model {
  const made = (sessions ?? [{ ...session, ...(states && { states }) }]).map(sessionOf)
  const { nowMs = noonMs, columns = 120, rows = 30 } = parts
  return {
    ...newModel({ nowMs, columns, rows, hasOverview: true, isAll: made.length > 1 }),
    mode: 'work',
    sessions: new Map(made.map((session) => [session.id, session])),
    order: made.flatMap((session) =>
      [...agentsOf(session).keys()].map((agentId) => keyOf({ sessionId: session.id, agentId })),
    ),
    ...parts,
  }
}

/** An agent's state, as a wrapper publishes it: what is given goes under `source`. */
export function stateOf(
  pane: string,
  {
    lifecycle = 'running',
    session = 's',
    label = pane,
    root = '/home/me/shop',
    status,
    diff,
    tasks,
    ...more
  }: {
    lifecycle?: AgentState['lifecycle']
    session?: string
    label?: string
    root?: string
    status?: unknown
    diff?: unknown
    tasks?: unknown
    [more: string]: unknown
  } = {},
): AgentState {
  const id = `${session}::${pane}`
  return {
    agent_id: id,
    session_id: session,
    pane_id: pane,
    lifecycle,
    last_heartbeat_ms: noonMs - 2_000,
    updated_at_ms: noonMs - 2_000,
    source: {
      kind: 'wrapper',
      label,
      status: status ?? { attention: 'none', since_ms: noonMs - 60_000, confidence: 3, blind: null },
      agent_status: { agent_id: id, status: 'running', pane_id: pane, project_root: root, cwd: root },
      ...(diff === undefined ? {} : { diff_summary: diff }),
      ...(tasks === undefined ? {} : { task_summaries: tasks }),
    },
    ...more,
  }
}

/** A v1 agent's state, as the hub makes it of what its publisher says; without a status of its own for `message` null. */
export function v1StateOf(
  pane: string,
  {
    lifecycle = 'running',
    message = 'building',
    sinceMs = noonMs - 120_000,
    ...more
  }: {
    lifecycle?: AgentState['lifecycle']
    message?: string | null
    sinceMs?: number
    [more: string]: unknown
  } = {},
): AgentState {
  const id = `s::${pane}`
  const root = '/home/me/shop'
  const told = message !== null && {
    status: {
      turn: 'active',
      attention: lifecycle === 'error' ? 'error' : 'none',
      background: 0,
      origin: 'report',
      confidence: 3,
      since_ms: sinceMs,
      detail: message || null,
      evidence: `agent_status ${lifecycle}, by the v1 client bot-${pane}`,
      blind: null,
    },
    agent_status: {
      agent_id: id,
      status: lifecycle,
      pane_id: pane,
      project_root: root,
      ...(message && { message }),
    },
  }
  return {
    agent_id: id,
    session_id: 's',
    pane_id: pane,
    lifecycle,
    ...(message && { snippet: message }),
    last_heartbeat_ms: noonMs - 2_000,
    updated_at_ms: noonMs - 2_000,
    source: {
      kind: 'v1',
      label: `bot-${pane}`,
      client_id: `bot-${pane}`,
      project_root: root,
      ...told,
      ...more,
    },
  }
}

/** One entry of `diff_summary.files`: `M src/a.ts +3 -1`, with a `*` behind the letter when it is staged. */
export function fileOf(line: string): Record<string, unknown> {
  const [, letter = 'M', star = '', path = '', additions = '0', deletions = '0'] =
    /^([MADRU?])(\*?) (.*?)(?: \+(\d+) -(\d+))?$/su.exec(line) ?? []
  const [oldPath, newPath] = path.split(' => ')
  const statuses: Record<string, string> = {
    M: 'modified',
    A: 'added',
    D: 'deleted',
    R: 'renamed',
    U: 'modified',
    '?': 'untracked',
  }
  return {
    path: newPath ?? oldPath,
    ...(newPath === undefined ? {} : { old_path: oldPath }),
    status: statuses[letter],
    additions: Number(additions),
    deletions: Number(deletions),
    staged: star === '*',
    untracked: letter === '?',
    ...(letter === 'U' ? { conflicted: true } : {}),
  }
}

/** A `diff_summary` of these files. */
export function diffOfFiles(
  lines: readonly string[],
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  const files = lines.map(fileOf)
  const total = (key: string, staged: boolean): number =>
    files.reduce((sum, file) => sum + (file['staged'] === staged ? Number(file[key]) : 0), 0)
  const count = (staged: boolean): number =>
    files.filter((file) => file['staged'] === staged && file['untracked'] === false).length
  const side = (staged: boolean): Record<string, number> => ({
    files: count(staged),
    additions: total('additions', staged),
    deletions: total('deletions', staged),
  })
  return {
    agent_id: '',
    repo_root: '/home/me/shop',
    git_available: true,
    branch: 'main',
    summary: {
      staged: side(true),
      unstaged: side(false),
      untracked: { files: files.filter((file) => file['untracked'] === true).length },
    },
    files,
    files_total: files.length,
    ...more,
  }
}

/** A `task_summaries` entry: counts as `done/in progress/pending/blocked`, and its active tasks. */
export function tagOf(
  counts: string,
  tasks: readonly Record<string, unknown>[] = [],
): Record<string, unknown> {
  const [done = 0, inProgress = 0, pending = 0, blocked = 0] = counts.split('/').map(Number)
  return {
    agent_id: '',
    tag: '',
    counts: { total: done + inProgress + pending + blocked, pending, in_progress: inProgress, done, blocked },
    active_tasks: tasks,
  }
}

/** A mode's list as lines of text: its head, then all its rows, or what stands there when there are none. */
export function linesOf<I extends Item>(view: ListView<I>, model: Model): string[] {
  return gridOf(view, model).lines
}

/** A mode's whole list, drawn as one grid that is as long as it. */
export function gridOf<I extends Item>(view: ListView<I>, model: Model): Grid {
  const items = view.items(model)
  const { columns } = model
  const grid = new Grid(columns, items.length + 1)
  view.head(grid, { x: 0, y: 0, columns, rows: 1 }, model)
  for (const [i, item] of items.entries())
    view.draw(item, false, grid, { x: 0, y: i + 1, columns, rows: 1 }, model)
  return grid
}
