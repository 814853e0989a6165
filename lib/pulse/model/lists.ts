import type { Item } from '../view/list.js'
import { cursorOf } from './cursor.js'
import { diffItems, type DiffItem } from './diff-items.js'
import { healthItems, type HealthItem } from './health-items.js'
import type { AgentRef, Mode, Model } from './model.js'
import { overviewItems, type OverviewItem } from './order.js'
import { workItems, type WorkItem } from './work-items.js'

/** A row of each mode. */
export interface ModeItems {
  overview: OverviewItem
  work: WorkItem
  diff: DiffItem
  health: HealthItem
}

const lists: { [M in Mode]: (model: Model) => readonly ModeItems[M][] } = {
  overview: overviewItems,
  work: workItems,
  diff: diffItems,
  health: healthItems,
}

/** The rows of the mode that is shown. */
export function itemsOf(model: Model): readonly ModeItems[Mode][] {
  return lists[model.mode](model)
}

/** The row under the cursor; null when the one that was there is gone: no other is meant. */
export function itemUnderCursor(model: Model): ModeItems[Mode] | null {
  const items = itemsOf(model)
  const place = model.places[model.mode]
  const item = items[cursorOf(place, items)] ?? null
  return place.selected === null || item?.key === place.selected ? item : null
}

/** The agent that an acting key means; null when the row under the cursor is none's, or several agents'. */
export function agentUnderCursor(model: Model): AgentRef | null {
  const item: Item | null = itemUnderCursor(model)
  // A file's agent is only one of those that can show it.
  if (item === null || ('kind' in item && item.kind === 'file')) return null
  if ('session' in item && 'agent' in item) {
    const { session, agent } = item as Extract<OverviewItem, { kind: 'agent' }>
    return { sessionId: session.id, agentId: agent.state.agent_id }
  }
  const { sessionId, agentId } = item as Partial<AgentRef>
  return typeof sessionId === 'string' && typeof agentId === 'string' ? { sessionId, agentId } : null
}
