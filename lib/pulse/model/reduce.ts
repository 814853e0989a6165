import { settled } from './cursor.js'
import type { Event } from './event.js'
import { itemsOf } from './lists.js'
import { modes, type ListPlace, type Mode, type Model } from './model.js'
import { obey } from './obey.js'
import { orderOf } from './order.js'
import { obeyOverlay, withProgress, withResult } from './overlays.js'
import { listRows } from './parts.js'
import { withSource } from './sessions.js'
import { followed } from './writing.js'
import { say, type Step } from './step.js'

/** How long a word on what was done stays. */
const toldMs = 5_000
const failureToldMs = 20_000

const start: ListPlace = { selected: null, at: 0, top: 0 }

/** A model without a session. */
export function newModel(options: {
  nowMs: number
  columns: number
  rows: number
  hasOverview: boolean
  isAll: boolean
}): Model {
  const { nowMs, columns, rows, hasOverview, isAll } = options
  const shown = modes.filter((mode) => hasOverview || mode !== 'overview')
  return {
    nowMs,
    columns,
    rows,
    modes: shown,
    mode: shown[0]!,
    isAll,
    sessions: new Map(),
    checks: [],
    places: { overview: start, work: start, diff: start, health: start },
    order: [],
    touchedMs: 0,
    sort: 'need',
    filter: '',
    overlay: null,
    message: null,
    commandCount: 0,
    open: new Map(),
  }
}

/** Takes one event. Pure: the time is told. */
export function reduce(before: Model, event: Event, nowMs: number): Step {
  const model = before.nowMs === nowMs ? before : { ...before, nowMs }
  switch (event.kind) {
    case 'intent': {
      // What was done has been seen when the person goes on.
      const message = model.message?.tone === 'done' ? null : model.message
      const touched = { ...model, message, touchedMs: nowMs }
      return touched.overlay === null
        ? obey(touched, event.intent)
        : obeyOverlay({ ...touched, overlay: touched.overlay }, event.intent)
    }
    case 'tick':
      return { model: withOrder(withoutOldMessage(model)), effects: [] }
    case 'resize':
      return { model: withOrder({ ...model, columns: event.columns, rows: event.rows }), effects: [] }
    case 'checks':
      return { model: { ...model, checks: event.checks }, effects: [] }
    case 'trouble':
      return { model: say(model, 'failed', event.text), effects: [] }
    case 'progress':
      return { model: withProgress(model, event.commandId, event.part, event.parts), effects: [] }
    case 'result':
      return { model: withResult(model, event.commandId, event.result), effects: [] }
    case 'session':
    case 'session_gone':
    case 'link':
    case 'changes':
    case 'heartbeat':
    case 'health':
    case 'layout':
    case 'local':
      return followed(model, withSource(model, event))
  }
}

/** Puts the rows in their places. */
function withOrder(model: Model): Model {
  const ordered = { ...model, order: orderOf(model) }
  const { mode, places } = ordered
  const place = settled(places[mode], itemsOf(ordered), listRows(ordered))
  return place === places[mode] ? ordered : withPlace(ordered, mode, place)
}

function withPlace(model: Model, mode: Mode, place: ListPlace): Model {
  return { ...model, places: { ...model.places, [mode]: place } }
}

function withoutOldMessage(model: Model): Model {
  const { message, nowMs } = model
  if (message === null || message.tone === 'busy') return model
  const lastsMs = message.tone === 'failed' ? failureToldMs : toldMs
  return Math.abs(nowMs - message.atMs) < lastsMs ? model : { ...model, message: null }
}
