import type { AgentState } from '../../wire/messages.js'
import { agentsOf, type Agent, type Model, type Session } from './model.js'

/** The agents that share a folder, and what one of them says of it. */
export interface Shared<V> {
  /** As it was published. */
  readonly root: string
  /** In the order of their ids; empty for the folder Pulse itself was started in. */
  readonly agents: readonly Agent[]
  readonly value: V
}

/** What an agent says of a folder; null when it says nothing. */
export interface Said<V> {
  root: string
  value: V
  /** Lower is better: of several agents the best one's word is shown. */
  rank: number
}

/** The sessions in the order they are shown. */
export function sessionsOf(model: Model): readonly Session[] {
  return [...model.sessions.values()].toSorted((a, b) => compareTexts(a.id, b.id))
}

/** What is found in the folder that Pulse was started in; null when a hub serves, or nothing was looked for yet. */
export function hereOf({
  link,
  local,
}: Session): { projectRoot: string; diff: unknown; tasks: unknown } | null {
  return link.kind === 'live' || local === null ? null : local.found.here
}

/** The folders that a session's agents work in, by path, each once. */
export function sharedOf<V>(session: Session, read: (state: AgentState) => Said<V> | null): Shared<V>[] {
  const found = new Map<string, { agents: Agent[]; said: Said<V>; by: Agent }>()
  for (const agent of agentsOf(session).values()) {
    const said = read(agent.state)
    if (said === null) continue
    // Agents that do not say where they are share nothing.
    const key = said.root === '' ? `\0${agent.state.agent_id}` : said.root
    const known = found.get(key)
    if (known === undefined) {
      found.set(key, { agents: [agent], said, by: agent })
      continue
    }
    known.agents.push(agent)
    if (isBetter(said, agent, known.said, known.by)) Object.assign(known, { said, by: agent })
  }
  return [...found.values()]
    .map(({ agents, said: { root, value } }) => ({ root, agents: agents.toSorted(byId), value }))
    .toSorted((a, b) => compareTexts(a.root, b.root) || compareTexts(firstId(a), firstId(b)))
}

/** Who still runs knows better than who does not; then the later word holds. */
function isBetter<V>(a: Said<V>, by: Agent, b: Said<V>, than: Agent): boolean {
  const rank = a.rank - b.rank || Number(isGone(by)) - Number(isGone(than))
  if (rank !== 0) return rank < 0
  const newer = (by.state.updated_at_ms ?? 0) - (than.state.updated_at_ms ?? 0)
  return newer !== 0 ? newer > 0 : byId(by, than) < 0
}

/** Whether nothing more can be asked of it. */
export function isGone({ state }: Agent): boolean {
  return state.lifecycle === 'offline'
}

/** What a person calls these agents, each name once. */
export function labelsOf(agents: readonly Agent[]): readonly string[] {
  return [...new Set(agents.map(({ row }) => row.label))].toSorted(compareTexts)
}

/** The agent an acting key means on a row of several agents: none, unless there is only one. */
export function onlyAgent(agents: readonly Agent[]): string | null {
  return agents.length === 1 ? agents[0]!.state.agent_id : null
}

/**
 * Keeps the rows that were made of a value, for as long as all else they depend on is the same: `depends` tells it.
 * Most of what is published anew says the same of most folders.
 */
export function keptRows<R>(): (value: object, depends: string, make: () => readonly R[]) => readonly R[] {
  const known = new WeakMap<object, { depends: string; rows: readonly R[] }>()
  return (value, depends, make) => {
    let found = known.get(value)
    if (found?.depends !== depends) known.set(value, (found = { depends, rows: make() }))
    return found.rows
  }
}

/** All of some agents that rows of a shared folder depend on. */
export function dependsOn(agents: readonly Agent[]): string {
  return agents
    .map(({ state, row }) => [state.agent_id, row.label, row.projectRoot, state.lifecycle].join('\n'))
    .join('\n')
}

/** A filter as a question to texts; null when there is none: every word has to be somewhere in them. */
export function filterOf(filter: string): ((...texts: readonly string[]) => boolean) | null {
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  if (words.length === 0) return null
  return (...texts) => {
    const text = texts.join('\n').toLowerCase()
    return words.every((word) => text.includes(word))
  }
}

/** What a filter looks at in agents, whatever is shown of them. */
export function filterText(agents: readonly Agent[]): string {
  return agents
    .map(({ row }) => [row.label, row.paneId, row.project, row.branch, row.sessionId].join('\n'))
    .join('\n')
}

export function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}

function byId(a: Agent, b: Agent): number {
  return compareTexts(a.state.agent_id, b.state.agent_id)
}

function firstId({ agents }: Shared<unknown>): string {
  return agents[0]?.state.agent_id ?? ''
}
