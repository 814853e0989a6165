import type { AgentState, HubHealth, LayoutState } from '../../wire/messages.js'
import type { Check } from '../local/checks.js'
import type { LocalFound } from '../local/local-source.js'
import type { Row } from '../row.js'
import type { TextLine } from './text-line.js'

export const modes = ['overview', 'work', 'diff', 'health'] as const
export type Mode = (typeof modes)[number]

/** One agent: what came of it, and how a person sees it. */
export interface Agent {
  readonly state: AgentState
  readonly row: Row
}
export type Agents = ReadonlyMap<string, Agent>

/** How a hub can be reached. */
export type Link =
  | { readonly kind: 'connecting' }
  /** `laggedMs`: when the hub last had to leave out deltas, because they were not read in time. */
  | { readonly kind: 'live'; readonly laggedMs: number | null }
  | { readonly kind: 'lost'; readonly reason: string; readonly wasLive: boolean }

/** One session: what its hub says, and what is found without one. */
export interface Session {
  readonly id: string
  readonly socketPath: string
  readonly link: Link
  /** Since when the link is so. */
  readonly linkMs: number
  /** As the hub had them last. */
  readonly hubAgents: Agents
  readonly epoch: string | null
  readonly seq: number | null
  /** When each agent's publisher last gave a sign of life. */
  readonly heartbeats: ReadonlyMap<string, number>
  readonly health: HubHealth | null
  /** When the hub said so: it does every 15 s. */
  readonly healthMs: number | null
  /** From the hub's clock to ours, for the last frame that says; milliseconds. */
  readonly latencyMs: number | null
  readonly layout: LayoutState | null
  /** What is found without a hub; null while a hub serves. */
  readonly local: { readonly found: LocalFound; readonly agents: Agents } | null
}

/** Where a list stands. */
export interface ListPlace {
  /** The key of the row under the cursor; null until the person has moved it: then it is the first one. */
  readonly selected: string | null
  /** Where that row stood among the rows. */
  readonly at: number
  /** The first row that is shown. */
  readonly top: number
}

export const sorts = ['need', 'label', 'project', 'age'] as const
/** How the overview is ordered. */
export type Sort = (typeof sorts)[number]

/** What was said about something that was done. */
export interface Message {
  readonly tone: 'busy' | 'done' | 'failed'
  readonly text: string
  readonly atMs: number
  /** The command that it is about, while it is open. */
  readonly commandId?: number
}

/** A command that was given. */
export interface OpenCommand {
  readonly command: string
  /** The agent's name as it was when it was given. */
  readonly name: string
}

/** What lies on top of a mode. */
export type Overlay =
  | { readonly kind: 'help'; readonly top: number }
  | { readonly kind: 'filter'; readonly line: TextLine; readonly before: string }
  | {
      readonly kind: 'write'
      readonly sessionId: string
      readonly agentId: string
      readonly launchId: string
      /** As it was called when the dialog was opened. */
      readonly name: string
      /** What its terminal shows, so that what it asks is in view; null until that has come. */
      readonly screen: readonly string[] | null
      readonly screenId: number | null
      /** What it asked when the writing began; null when it asked nothing. */
      readonly sinceMs: number | null
      /** It shows choices: what is typed is a key, and has no Enter behind it unless it is asked for. */
      readonly isMenu: boolean
      readonly line: TextLine
      /** The open command, or what came of the last one. */
      readonly message: Message | null
      readonly commandId: number | null
    }
  | {
      readonly kind: 'stop'
      readonly sessionId: string
      readonly agentId: string
      readonly launchId: string
      readonly name: string
      readonly message: Message | null
      readonly commandId: number | null
    }
  | {
      readonly kind: 'explain'
      readonly sessionId: string
      readonly agentId: string
      readonly name: string
      readonly lines: readonly string[] | null
      readonly message: Message | null
      readonly commandId: number | null
      readonly top: number
    }
  | PatchOverlay

/** One file's patch. */
export interface PatchOverlay {
  readonly kind: 'patch'
  readonly sessionId: string
  /** Who is asked for it; null when it is read here. */
  readonly agentId: string | null
  /** The row of the Diff mode that it belongs to. */
  readonly key: string
  readonly path: string
  readonly lines: readonly string[] | null
  /** What is going on, or why there is no patch. */
  readonly message: Message | null
  readonly commandId: number | null
  readonly top: number
  /** What is looked for; and, while it is typed, where. */
  readonly search: string
  readonly searchLine: TextLine | null
}

/** All that the screen shows, and nothing else. */
export interface Model {
  /** The time of the last event; ages are counted to it. */
  readonly nowMs: number
  readonly columns: number
  readonly rows: number
  /** The modes there are: without `overview` when it is turned off. */
  readonly modes: readonly Mode[]
  readonly mode: Mode
  /** Several only with `--all`. */
  readonly isAll: boolean
  readonly sessions: ReadonlyMap<string, Session>
  /** What this machine has of what Pulse and agents need; empty until it was looked. */
  readonly checks: readonly Check[]
  readonly places: Readonly<Record<Mode, ListPlace>>
  /** Agents in the order they are shown, by `keyOf`. */
  readonly order: readonly string[]
  /** When the person last did something: the order stands still for a while after it. */
  readonly touchedMs: number
  readonly sort: Sort
  readonly filter: string
  readonly overlay: Overlay | null
  readonly message: Message | null
  /** Commands given so far; the next one's id. */
  readonly commandCount: number
  /** Commands that have not ended: what is said of them when they do, wherever the person is then. */
  readonly open: ReadonlyMap<number, OpenCommand>
}

const merged = new WeakMap<Session, Agents>()

/**
 * The agents of a session as they are shown now: its hub's, or what is found without it. A hub that has just come does
 * not know all of them yet: those that it has not told of stand as they were found.
 */
export function agentsOf(session: Session): Agents {
  const { link, hubAgents, local } = session
  if (local === null) return hubAgents
  if (link.kind !== 'live') return local.agents
  let agents = merged.get(session)
  if (agents === undefined) merged.set(session, (agents = new Map([...hubAgents, ...local.agents])))
  return agents
}

/** Which agent is meant. Two sessions may have agents of one id. */
export interface AgentRef {
  readonly sessionId: string
  readonly agentId: string
}

/** An agent as a key of rows. */
export function keyOf({ sessionId, agentId }: AgentRef): string {
  return `${sessionId}\n${agentId}`
}

export function findAgent(model: Model, { sessionId, agentId }: AgentRef): Agent | null {
  const session = model.sessions.get(sessionId)
  return (session && agentsOf(session).get(agentId)) ?? null
}
