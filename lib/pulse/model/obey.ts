import { cursorOf, moved, scrolled } from './cursor.js'
import { diffItems } from './diff-items.js'
import type { Intent } from './intent.js'
import { agentUnderCursor, itemsOf, itemUnderCursor } from './lists.js'
import { findAgent, sorts, type AgentRef, type ListPlace, type Mode, type Model } from './model.js'
import { openExplain } from './overlays.js'
import { openPatch } from './patch-reading.js'
import { lineOf } from './text-line.js'
import { listRows } from './parts.js'
import { command, copied, nameOf, same, say, type Step } from './step.js'
import { openStop, openWrite } from './writing.js'

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
      return open(pinned(model))
    case 'next_waiting':
      return same(nextOf(model, 'needs_input'))
    case 'next_failed':
      return same(nextOf(model, 'error'))
    case 'write':
    case 'stop':
    case 'explain':
    case 'refresh':
      return act(pinned(model), intent.kind)
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
  const ref = agentUnderCursor(model)
  return ref === null ? same(model) : focus(model, ref)
}

function focus(model: Model, ref: AgentRef): Step {
  const agent = findAgent(model, ref)
  if (agent === null) return same(model)
  const args = { pane_id: agent.state.pane_id }
  const name = nameOf(agent)
  const given = { sessionId: ref.sessionId, command: 'focus_pane', target: null, args }
  const { model: next, effects, commandId } = command(model, name, given)
  return { model: say(next, 'busy', `going to ${name} …`, commandId), effects }
}

function act(model: Model, what: 'write' | 'stop' | 'explain' | 'refresh'): Step {
  const ref = agentUnderCursor(model)
  const agent = ref === null ? null : findAgent(model, ref)
  if (ref === null || agent === null)
    return same(say(model, 'failed', 'put the cursor on an agent that is there'))
  const { sessionId, agentId: target } = ref
  if (what === 'write') return openWrite(model, sessionId, agent)
  if (what === 'stop') return same(openStop(model, sessionId, agent))
  if (what === 'explain') return openExplain(model, sessionId, agent)
  const name = nameOf(agent)
  const {
    model: next,
    effects,
    commandId,
  } = command(model, name, {
    sessionId,
    command: 'refresh',
    target,
    args: {},
  })
  return { model: say(next, 'busy', `${name}: looking again …`, commandId), effects }
}

/** The cursor stays on the row that is meant, whatever comes to stand above it. */
function pinned(model: Model): Model {
  const place = model.places[model.mode]
  const item = place.selected === null ? itemUnderCursor(model) : null
  if (item?.key == null) return model
  return withPlace(model, (place, items) => ({ ...place, selected: item.key, at: cursorOf(place, items) }))
}

/** The next agent after the cursor that asks, or that has failed; from the last one the first again. */
function nextOf(model: Model, lifecycle: 'needs_input' | 'error'): Model {
  const shown = withMode(model, 'overview')
  if (shown.mode !== 'overview') return say(model, 'failed', 'the overview is turned off')
  const items = itemsOf(shown)
  const from = shown.places.overview.selected === null ? -1 : cursorOf(shown.places.overview, items)
  for (let i = 1; i <= items.length; i++) {
    const at = (from + i) % items.length
    const item = items[at]!
    if (item.kind !== 'agent' || !('agent' in item) || item.agent.row.lifecycle !== lifecycle) continue
    return withPlace(shown, (place) => moved({ ...place, selected: item.key, at }, items, 0, listRows(shown)))
  }
  const isFiltered = model.filter !== '' ? ', of those the filter shows' : ''
  return say(
    model,
    'done',
    lifecycle === 'error' ? `none has failed${isFiltered}` : `none needs you${isFiltered}`,
  )
}

function copy(model: Model): Step {
  const item = itemUnderCursor(model)
  const isFile = item !== null && model.mode === 'diff' && item.kind === 'file'
  const text = isFile ? item.path : (agentUnderCursor(model)?.agentId ?? null)
  return text === null ? same(model) : copied(model, text)
}
