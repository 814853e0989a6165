import { kept } from '../details.js'
import { byNeed, type Row } from '../row.js'
import { agentsOf, keyOf, type Agent, type Model, type Session, type Sort } from './model.js'
import { compareTexts, sessionsOf } from './roots.js'

/** For so long after the person has done something the rows keep their places. */
export const heldMs = 4_000

/** Whether the rows stand still because the person has a cursor among them. */
export function isHeld(model: Model): boolean {
  const sinceMs = model.nowMs - model.touchedMs
  // A clock that was set back holds nothing.
  return model.places.overview.selected !== null && sinceMs >= 0 && sinceMs < heldMs
}

/**
 * The agents of all sessions in the order they are shown. While the person moves among them nothing changes place:
 * who is gone is left out, and who is new stands at the end.
 */
export function orderOf(model: Model): readonly string[] {
  const entries = [...model.sessions.values()].flatMap((session) =>
    [...agentsOf(session)].map(([agentId, { row }]): Entry => ({
      id: keyOf({ sessionId: session.id, agentId }),
      row,
    })),
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

/** A row of the overview. */
export type OverviewItem =
  | { readonly kind: 'session'; readonly key: null; readonly session: Session; readonly agents: number }
  | { readonly kind: 'agent'; readonly key: string; readonly session: Session; readonly agent: Agent }

/** The rows of the overview: the agents that the filter lets through, a group per session with `--all`. */
export const overviewItems: (model: Model) => readonly OverviewItem[] = kept(itemsOf)

function itemsOf(model: Model): OverviewItem[] {
  const owners = new Map<string, { session: Session; agent: Agent }>()
  for (const session of model.sessions.values())
    for (const [agentId, agent] of agentsOf(session))
      owners.set(keyOf({ sessionId: session.id, agentId }), { session, agent })
  const groups = new Map<Session, OverviewItem[]>()
  for (const key of model.order) {
    const owner = owners.get(key)
    if (owner === undefined) continue
    const { session, agent } = owner
    // The group of who needs the person most stands first.
    const group = groups.get(session) ?? []
    groups.set(session, group)
    if (passes(agent.row, model.filter)) group.push({ kind: 'agent', key, session, agent })
  }
  if (!model.isAll) return [...groups.values()].flat()
  for (const session of sessionsOf(model)) if (!groups.has(session)) groups.set(session, [])
  return [...groups].flatMap(([session, items]) => [
    { kind: 'session' as const, key: null, session, agents: items.length },
    ...items,
  ])
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
