import { kept } from '../details.js'
import { byNeed, type Row } from '../row.js'
import { agentsOf, type Agent, type Model, type Session, type Sort } from './model.js'

/** For so long after the person has done something the rows keep their places. */
export const heldMs = 4_000

/** Whether the rows stand still because the person has a cursor among them. */
export function isHeld(model: Model): boolean {
  return model.places.overview.selected !== null && model.nowMs - model.touchedMs < heldMs
}

/**
 * The agents of all sessions in the order they are shown. While the person moves among them nothing changes place:
 * who is gone is left out, and who is new stands at the end.
 */
export function orderOf(model: Model): readonly string[] {
  const entries = [...model.sessions.values()].flatMap((session) =>
    [...agentsOf(session)].map(([id, { row }]): Entry => ({ id, row })),
  )
  const compare = comparisons[model.sort]
  const order = entries
    .toSorted(isHeld(model) ? byPlace(model.order) : (a, b) => compare(a.row, b.row))
    .map(({ id }) => id)
  const isSame = order.length === model.order.length && order.every((id, i) => id === model.order[i])
  return isSame ? model.order : order
}

interface Entry {
  id: string
  row: Row
}

function byPlace(order: readonly string[]): (a: Entry, b: Entry) => number {
  const places = new Map(order.map((id, place) => [id, place]))
  const placeOf = ({ id }: Entry): number => places.get(id) ?? places.size
  return (a, b) => placeOf(a) - placeOf(b) || byNeed(a.row, b.row)
}

const comparisons: Record<Sort, (a: Row, b: Row) => number> = {
  need: byNeed,
  label: (a, b) => compareTexts(a.label, b.label) || byNeed(a, b),
  project: (a, b) => compareTexts(a.project, b.project) || compareTexts(a.branch, b.branch) || byNeed(a, b),
  age: (a, b) => (b.sinceMs ?? 0) - (a.sinceMs ?? 0) || byNeed(a, b),
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}

/** A row of the overview. */
export type OverviewItem =
  | { readonly kind: 'session'; readonly key: null; readonly session: Session; readonly agents: number }
  | { readonly kind: 'agent'; readonly key: string; readonly session: Session; readonly agent: Agent }

/** The rows of the overview: the agents that the filter lets through, a group per session with `--all`. */
export const overviewItems: (model: Model) => readonly OverviewItem[] = kept(itemsOf)

function itemsOf(model: Model): OverviewItem[] {
  const groups = new Map<Session, OverviewItem[]>()
  for (const session of sortedSessions(model)) groups.set(session, [])
  const owner = new Map<string, Session>()
  for (const session of groups.keys()) for (const id of agentsOf(session).keys()) owner.set(id, session)
  for (const id of model.order) {
    const session = owner.get(id)
    const agent = session && agentsOf(session).get(id)
    if (session === undefined || agent === undefined || !passes(agent.row, model.filter)) continue
    groups.get(session)!.push({ kind: 'agent', key: id, session, agent })
  }
  if (!model.isAll) return [...groups.values()].flat()
  return [...groups].flatMap(([session, items]) => [
    { kind: 'session' as const, key: null, session, agents: items.length },
    ...items,
  ])
}

function sortedSessions(model: Model): Session[] {
  return [...model.sessions.values()].toSorted((a, b) => compareTexts(a.id, b.id))
}

/** Whether each word of a filter is somewhere in what a person sees of an agent. */
export function passes(row: Row, filter: string): boolean {
  if (filter === '') return true
  const { label, paneId, lifecycle, attention, detail, project, branch, snippet, tab, sessionId } = row
  const text = [label, paneId, lifecycle, attention, detail, project, branch, snippet, tab, sessionId]
    .join('\n')
    .toLowerCase()
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}
