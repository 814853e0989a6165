import type { AgentState } from '../../wire/messages.js'
import { cursorOf, moved, scrolled } from './cursor.js'
import { diffItems } from './diff-items.js'
import type { Intent } from './intent.js'
import { agentUnderCursor, itemsOf, itemUnderCursor } from './lists.js'
import { findAgent, sorts, type ListPlace, type Mode, type Model } from './model.js'
import { openExplain, openStop, openWrite } from './overlays.js'
import { openPatch } from './patch-reading.js'
import { lineOf } from './text-line.js'
import { listRows } from './parts.js'
import { command, nameOf, same, say, type Step } from './step.js'

/** Does what the person wants while nothing lies on top. Pure. */
export function obey(model: Model, intent: Intent): Step {
  switch (intent.kind) {
    case 'mode':
      return same(withMode(model, intent.mode))
    case 'next_mode': {
      const at = model.modes.indexOf(model.mode) + intent.by + model.modes.length
      return same(withMode(model, model.modes[at % model.modes.length]!))
    }
    case 'move':
      return same(withPlace(model, (place, items, rows) => moved(place, items, intent.by, rows)))
    case 'page':
      return same(withPlace(model, (place, items, rows) => moved(place, items, intent.by * rows, rows)))
    case 'edge': {
      const by = intent.to === 'first' ? -Infinity : Infinity
      return same(withPlace(model, (place, items, rows) => moved(place, items, by, rows)))
    }
    case 'scroll':
      return same(withPlace(model, (place, items, rows) => scrolled(place, items, intent.by, rows)))
    case 'select':
      return select(model, intent.key)
    case 'open':
      return open(model)
    case 'next_waiting':
      return same(nextWaiting(model))
    case 'write':
    case 'stop':
    case 'explain':
    case 'refresh':
      return act(model, intent.kind)
    case 'filter':
      return same({ ...model, overlay: { kind: 'filter', line: lineOf(model.filter), before: model.filter } })
    case 'sort': {
      const sort = sorts[(sorts.indexOf(model.sort) + 1) % sorts.length]!
      // It is asked for: the rows take their new places at once.
      return same(say({ ...model, sort, touchedMs: 0 }, 'done', `sorted by ${sort}`))
    }
    case 'copy':
      return copy(model)
    case 'help':
      return same({ ...model, overlay: { kind: 'help', top: 0 } })
    case 'cancel':
      if (model.message !== null) return same({ ...model, message: null })
      if (model.filter !== '') return same({ ...model, filter: '' })
      return same(withPlace(model, () => ({ selected: null, at: 0, top: 0 })))
    case 'suspend':
    case 'redraw':
    case 'quit':
      return { model, effects: [{ kind: intent.kind }] }
    case 'next_file':
    case 'search':
    case 'next_match':
    case 'confirm':
    case 'open_otherwise':
    case 'edit':
      return same(model)
  }
}

function withMode(model: Model, mode: Mode): Model {
  return model.modes.includes(mode) ? { ...model, mode } : model
}

type Move = (place: ListPlace, items: ReturnType<typeof itemsOf>, rows: number) => ListPlace

function withPlace(model: Model, move: Move): Model {
  const { mode, places } = model
  const place = move(places[mode], itemsOf(model), listRows(model))
  return { ...model, places: { ...places, [mode]: place } }
}

/** A press on a row: it comes under the cursor; when it is there already, it is opened. */
function select(model: Model, key: string): Step {
  const items = itemsOf(model)
  const at = items.findIndex((item) => item.key === key)
  if (at < 0) return same(model)
  const place = model.places[model.mode]
  if (place.selected === key && cursorOf(place, items) === at) return open(model)
  return same(withPlace(model, (place) => ({ ...place, selected: key, at })))
}

function open(model: Model): Step {
  if (model.mode === 'diff') {
    const items = diffItems(model)
    const at = cursorOf(model.places.diff, items)
    // On a repository its first file is meant.
    const file = items[at]?.kind === 'repository' ? items[at + 1] : items[at]
    return file?.kind === 'file' ? openPatch(model, file) : same(model)
  }
  const agentId = agentUnderCursor(model)
  return agentId === null ? same(model) : focus(model, agentId)
}

function focus(model: Model, agentId: string): Step {
  const found = findAgent(model, agentId)
  if (found === null) return same(model)
  const { pane_id: pane }: AgentState = found.agent.state
  const given = { sessionId: found.session.id, command: 'focus_pane', target: null, args: { pane_id: pane } }
  const { model: next, effects, commandId } = command(model, given)
  return { model: say(next, 'busy', `going to ${nameOf(model, agentId)} …`, commandId), effects }
}

function act(model: Model, what: 'write' | 'stop' | 'explain' | 'refresh'): Step {
  const agentId = agentUnderCursor(model)
  const found = agentId === null ? null : findAgent(model, agentId)
  if (found === null) return same(say(model, 'failed', 'put the cursor on an agent first'))
  const { session, agent } = found
  if (what === 'write') return same(openWrite(model, session.id, agent))
  if (what === 'stop') return same(openStop(model, session.id, agent))
  if (what === 'explain') return openExplain(model, session.id, agent)
  const target = agent.state.agent_id
  const {
    model: next,
    effects,
    commandId,
  } = command(model, {
    sessionId: session.id,
    command: 'refresh',
    target,
    args: {},
  })
  return { model: say(next, 'busy', `${nameOf(model, target)}: looking again …`, commandId), effects }
}

/** The next agent after the cursor that needs the person; from the last one the first again. */
function nextWaiting(model: Model): Model {
  const shown = withMode(model, 'overview')
  if (shown.mode !== 'overview') return say(model, 'failed', 'the overview is turned off')
  const items = itemsOf(shown)
  const from = shown.places.overview.selected === null ? -1 : cursorOf(shown.places.overview, items)
  for (let i = 1; i <= items.length; i++) {
    const at = (from + i) % items.length
    const item = items[at]!
    if (item.kind !== 'agent' || !('agent' in item)) continue
    if (item.agent.row.lifecycle !== 'needs_input' && item.agent.row.lifecycle !== 'error') continue
    return withPlace(shown, (place) => moved({ ...place, selected: item.key, at }, items, 0, listRows(shown)))
  }
  return say(model, 'done', 'none needs you')
}

function copy(model: Model): Step {
  const item = itemUnderCursor(model)
  const isFile = item !== null && model.mode === 'diff' && item.kind === 'file'
  const text = isFile ? item.path : agentUnderCursor(model)
  if (text === null) return same(model)
  return { model: say(model, 'done', `copied ${text}`), effects: [{ kind: 'copy', text }] }
}
