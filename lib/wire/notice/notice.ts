import { basename } from 'node:path'
import * as z from 'zod'
import { snippetCharsMax } from '../limits.js'
import type { AgentState } from '../messages.js'
import { plain } from './text.js'

export type NoticeKind = 'needs_input' | 'error' | 'finished'

/** Something a person should be told of an agent. All its texts but the ids are plain: one line, bounded. */
export interface Notice {
  kind: NoticeKind
  agentId: string
  paneId: string
  label: string
  /** What has happened: `claude asks for permission`. */
  title: string
  /** More of it, as far as it is known: which tool, what went wrong, the last line; may be empty. */
  text: string
  /** The state that told, as it was published. */
  state: AgentState
}

/** What a state says of itself beside its lifecycle; null where it says nothing, or nonsense. */
export interface Said {
  label: string
  detail: string
  /** Whether its wrapper may still find out what it asks. */
  isVague: boolean
  sinceMs: number | null
  turn: 'active' | 'inactive' | 'unknown' | null
  attention: string | null
  origin: string | null
}

const labelCharsMax = 40

// A state comes from anybody: each part is taken if it is what it should be, and left out otherwise.
const Words = z.string().nullish().catch(null)
const Source = z.object({
  label: Words,
  command: Words,
  status: z
    .object({
      since_ms: z.number().nonnegative().nullish().catch(null),
      turn: z.enum(['active', 'inactive', 'unknown']).nullish().catch(null),
      attention: Words,
      origin: Words,
      detail: Words,
    })
    .nullish()
    .catch(null),
  agent_status: z.object({ message: Words, project_root: Words }).nullish().catch(null),
})

/** An agent without a label of its own is labelled by its project: its command says more. */
function nameOf(source: z.infer<typeof Source> | undefined): string | null | undefined {
  const { label, command, agent_status: v1 } = source ?? {}
  return label === undefined || label === basename(v1?.project_root ?? '') ? (command ?? label) : label
}

/** Reads a state of any publisher's. Pure. */
export function saidOf(state: AgentState): Said {
  const { data } = Source.safeParse(state.source)
  const status = data?.status
  return {
    label: plain(nameOf(data) ?? '', labelCharsMax) || plain(state.pane_id, labelCharsMax),
    detail: plain(status?.detail ?? data?.agent_status?.message ?? '', snippetCharsMax),
    isVague: status?.detail === null && status.attention !== null,
    sinceMs: status?.since_ms ?? null,
    turn: status?.turn ?? null,
    attention: status?.attention ?? null,
    origin: status?.origin ?? null,
  }
}

/** The words of a notice. Pure. */
export function noticeOf(kind: NoticeKind, state: AgentState): Notice {
  const said = saidOf(state)
  const snippet = plain(state.snippet ?? '', snippetCharsMax)
  return {
    kind,
    agentId: state.agent_id,
    paneId: state.pane_id,
    label: said.label,
    title: `${said.label} ${happened(kind, state, said)}`,
    text: kind === 'finished' ? snippet : said.detail || snippet,
    state,
  }
}

function happened(kind: NoticeKind, { lifecycle }: AgentState, { attention }: Said): string {
  if (kind === 'error') return 'has failed'
  if (kind === 'finished') return lifecycle === 'offline' ? 'has ended' : 'has finished'
  if (attention === 'permission') return 'asks for permission'
  if (attention === 'question') return 'asks a question'
  return attention === 'plan' ? 'has a plan to approve' : 'needs you'
}

/** A notice as JSON, for a command of the person's: on its standard input. */
export function noticeJson({ kind, agentId, paneId, label, title, text, state }: Notice): string {
  return JSON.stringify({ kind, agent_id: agentId, pane_id: paneId, label, title, text, state })
}
