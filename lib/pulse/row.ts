import { basename } from 'node:path'
import * as z from 'zod'
import { lifecycles, type AgentState, type Lifecycle } from '../wire/messages.js'
import { AgentStatus, DiffSummary } from '../wire/source.js'
import { printable } from './text.js'

/** One agent as a person sees it; every text is printable. */
export interface Row {
  agentId: string
  sessionId: string
  paneId: string
  /** The tab it says it is in; '' when it does not. */
  tab: string
  label: string
  /** As the state says; but what ended with a failure stays failed for as long as it is in sight. */
  lifecycle: Lifecycle
  hasEnded: boolean
  /** Whether anything but its process, or its connection, says so. */
  isSure: boolean
  /** It came by the v1 websocket: it gives patches, and takes no other command. */
  isV1: boolean
  /** What it wants of the person, in the protocol's word: `permission`, `question`, `plan`, `error`; '' when nothing. */
  attention: string
  /** The agent whose ways it is read by: `claude`, `codex`, …; `any` for a command that is none of them. */
  profile: string
  /** What it waits for, or what went wrong. */
  detail: string
  snippet: string
  project: string
  projectRoot: string
  branch: string
  /** Files, and lines added and removed; null when there is no diff. */
  diff: { files: number; additions: number; deletions: number } | null
  /** Since when it is in this lifecycle, as far as is known. */
  sinceMs: number | null
  /** Its launch: another agent in the same pane has another; '' when it is not told. */
  launchId: string
  /** When it asked what it asks now: what `expected_since_ms` of an answer is. */
  askedMs: number | null
  /** Why a better signal of its status is missing, in the protocol's word; '' when none is. */
  blind: string
}

// A state comes from anybody: each part is taken if it is what it should be, and left out otherwise.
const Source = z.looseObject({
  kind: z.string().optional().catch(undefined),
  label: z.string().optional().catch(undefined),
  command: z.string().optional().catch(undefined),
  profile: z.string().optional().catch(undefined),
  launch_id: z.string().optional().catch(undefined),
  tab_scope: z.string().optional().catch(undefined),
  project_root: z.string().optional().catch(undefined),
  status: z
    .looseObject({
      attention: z.string().nullish().catch(null),
      confidence: z.number().nullish().catch(null),
      detail: z.string().nullish().catch(null),
      since_ms: z.number().nullish().catch(null),
      blind: z.string().nullish().catch(null),
    })
    .optional()
    .catch(undefined),
  agent_status: AgentStatus.partial().optional().catch(undefined),
  diff_summary: DiffSummary.pick({ git_available: true, summary: true }).optional().catch(undefined),
})
type Source = z.infer<typeof Source>

const rows = new WeakMap<AgentState, Row>()

/** The row of a state. Pure; the same row for the same state. */
export function rowOf(state: AgentState): Row {
  let row = rows.get(state)
  if (row === undefined) rows.set(state, (row = readRow(state)))
  return row
}

function readRow(state: AgentState): Row {
  const parsed = Source.safeParse(state.source)
  const source: Source = parsed.success ? parsed.data : {}
  const { label, command, status, agent_status: v1, diff_summary: diff } = source
  // What a v1 publisher says at hello holds until it tells of its agent.
  const projectRoot = v1?.project_root ?? source.project_root ?? ''
  const project = basename(projectRoot)
  // Without a label of its own an agent is labelled by its project, which says nothing beside it.
  const name = label === undefined || label === project ? (command ?? label) : label
  const attention = status?.attention ?? ''
  const isV1 = source.kind === 'v1'
  const isAsking = state.lifecycle === 'needs_input'
  const hasEnded = state.lifecycle === 'offline'
  // It has said who it is, and nothing yet of what it does.
  const isUntold = isV1 && status === undefined && !hasEnded
  const hasFailed = hasEnded && attention === 'error'
  // Its hub says that it is gone, and since when; what it said of itself last is of the time before.
  const isLost = hasEnded && !hasFailed && v1?.status !== undefined && v1.status !== 'offline'
  const sinceMs = isLost ? null : (status?.since_ms ?? null)
  return {
    agentId: printable(state.agent_id),
    sessionId: printable(state.session_id),
    paneId: printable(state.pane_id),
    tab: printable(source.tab_scope ?? ''),
    label: printable(name ?? '') || printable(state.pane_id),
    lifecycle: hasFailed ? 'error' : state.lifecycle,
    hasEnded,
    isSure: status?.confidence !== 0 && !isUntold,
    isV1,
    attention: attention === 'none' ? '' : printable(attention),
    profile: printable(source.profile ?? 'any'),
    detail: printable(status?.detail ?? v1?.message ?? ''),
    snippet: printable(state.snippet ?? ''),
    project: printable(project),
    projectRoot: printable(projectRoot),
    branch: printable(typeof diff?.['branch'] === 'string' ? diff['branch'] : ''),
    diff: diff?.git_available ? totalOf(diff.summary) : null,
    sinceMs: sinceMs ?? (isUntold ? null : (state.updated_at_ms ?? null)),
    askedMs: isAsking ? (status?.since_ms ?? null) : null,
    launchId: source.launch_id ?? '',
    blind: printable(status?.blind ?? ''),
  }
}

function totalOf({ staged, unstaged, untracked }: DiffSummary['summary']): Row['diff'] {
  return {
    files: staged.files + unstaged.files + untracked.files,
    additions: staged.additions + unstaged.additions,
    deletions: staged.deletions + unstaged.deletions,
  }
}

/** Who needs the person first: by lifecycle, then who waits longest, then by id. */
export function byNeed(a: Row, b: Row): number {
  const rank = lifecycles.indexOf(a.lifecycle) - lifecycles.indexOf(b.lifecycle)
  if (rank !== 0) return rank
  const waits = a.lifecycle === 'needs_input' || a.lifecycle === 'error'
  const age = waits ? (a.sinceMs ?? 0) - (b.sinceMs ?? 0) : 0
  return age !== 0 ? age : a.agentId < b.agentId ? -1 : 1
}

/**
 * The agent a person means: its id, its pane (tmux's also without the `%`) or its label.
 * @throws {Error} when none or several fit, with their names.
 */
export function findAgent(states: readonly AgentState[], wanted: string): string {
  const rows = states.map(rowOf)
  const names = (row: Row): string[] => [row.agentId, row.paneId, row.paneId.replace(/^%/, ''), row.label]
  const exact = states.find((state) => state.agent_id === wanted)
  if (exact !== undefined) return exact.agent_id
  // Never by a part of a name: a slip would end the wrong agent.
  const found = states.filter((_, i) => names(rows[i]!).includes(wanted))
  if (found.length === 1) return found[0]!.agent_id
  if (found.length > 1)
    throw new Error(
      `${JSON.stringify(wanted)} fits several agents: ${found.map(({ agent_id: id }) => id).join(', ')}`,
    )
  const known = rows.map((row) => `${row.agentId} (${row.label})`).join(', ')
  throw new Error(
    `no agent ${JSON.stringify(wanted)}; there ${rows.length === 0 ? 'is none' : `are: ${known}`}`,
  )
}
