import { diffOf, kept, lastErrorOf, tasksOf } from '../details.js'
import type { Row } from '../row.js'
import { duration, printable, widthOf } from '../text.js'
import type { Item } from '../view/list.js'
import { agentsOf, type Agent, type Model, type Session } from './model.js'
import {
  blindNote,
  gitNote,
  lastErrorNote,
  noteItems,
  tasksNote,
  unwatchedNote,
  type FactPart,
  type Note,
  type NoteItem,
  type Tone,
} from './notes.js'
import { compactColumnsMax } from './parts.js'
import { compareTexts, filterOf, filterText, isGone, sessionsOf } from './roots.js'
import { v1Door } from './v1-door.js'

/** A row of the Health mode. */
export type HealthItem = Item &
  (
    | { readonly kind: 'heading'; readonly key: null; readonly title: string }
    | { readonly kind: 'gap'; readonly key: null }
    | {
        readonly kind: 'fact'
        readonly key: string
        readonly sessionId: string
        /** '' when the row goes on with the fact above. */
        readonly name: string
        readonly parts: readonly FactPart[]
      }
    | {
        readonly kind: 'agent'
        readonly key: string
        readonly sessionId: string
        readonly agentId: string
        readonly row: Row
        readonly heartbeat: Heartbeat
        readonly labelColumns: number
      }
    | {
        readonly kind: 'check'
        readonly key: string
        readonly name: string
        /** Null when it does not matter. */
        readonly ok: boolean | null
        readonly detail: string
        readonly nameColumns: number
      }
    | NoteItem
  )

/** A sign of life; `ageMs` is null when there was none. */
export interface Heartbeat {
  readonly ageMs: number | null
  readonly tone: Tone
}

/** Columns of a fact's name, with the blanks around it. */
export const factNameColumns = 11

/** A publisher says every 5 s that it lives; docs/PROTOCOL.md, "heartbeat". */
const lateMs = 10_000
/** The hub removes an agent that is silent for so long. */
const silentMs = 30_000
/** Frames that take longer than this from the hub's clock to ours show a busy machine. */
const slowMs = 1_000

/** The hub, the agents and this machine: what works, and what does not. Pure. */
export const healthItems: (model: Model) => readonly HealthItem[] = kept(itemsOf)

function itemsOf(model: Model): HealthItem[] {
  const items: HealthItem[] = []
  const group = (title: string, rows: readonly HealthItem[]): void => {
    if (rows.length === 0) return
    if (items.length > 0 && model.columns > compactColumnsMax && model.rows >= 24)
      items.push({ kind: 'gap', key: null })
    items.push({ kind: 'heading', key: null, title })
    for (const row of rows) items.push(row)
  }
  const sessions = sessionsOf(model)
  for (const session of sessions) {
    const of = model.isAll ? ` of session ${printable(session.id)}` : ''
    group(`Hub${of}`, hubItems(model, session))
    group(`Agents${of}`, agentItems(model, session))
  }
  group('This machine', checkItems(model))
  return items
}

/** Parts of a fact in as many rows as they take. */
function factItems(model: Model, session: Session, name: string, parts: readonly FactPart[]): HealthItem[] {
  const room = model.columns - factNameColumns
  const rows: FactPart[][] = [[]]
  let used = 0
  for (const part of parts) {
    const width = widthOf(part.text)
    if (used > 0 && used + 3 + width > room) {
      rows.push([])
      used = 0
    }
    rows.at(-1)!.push(part)
    used += (used > 0 ? 3 : 0) + width
  }
  return rows.map((row, i) => ({
    kind: 'fact',
    key: `${session.id}\nhub\n${name}\n${i}`,
    sessionId: session.id,
    name: i === 0 ? name : '',
    parts: row,
  }))
}

function hubItems(model: Model, session: Session): HealthItem[] {
  const { id: sessionId, socketPath, health, epoch, seq, latencyMs } = session
  const part = (text: string, tone: FactPart['tone'] = 'plain'): FactPart => ({ text, tone })
  const fact = (name: string, ...parts: FactPart[]): HealthItem[] => factItems(model, session, name, parts)
  const note = (name: string, told: Note): HealthItem[] =>
    noteItems(told, { key: `${sessionId}\nhub\nnote ${name}`, sessionId, agentId: null }, model.columns)
  const items = linkItems(model, session, fact, note)
  items.push(...fact('socket', part(printable(socketPath))))
  if (seq !== null || epoch !== null) {
    const parts = [part(`epoch ${printable(epoch ?? '') || 'not told'}`), part(`seq ${seq ?? 'not told'}`)]
    if (latencyMs !== null) {
      const isSlow = latencyMs >= slowMs
      const text = isSlow
        ? `! latency ${duration(latencyMs)}, slow`
        : `latency ${Math.max(0, Math.round(latencyMs))} ms`
      parts.push(part(text, isSlow ? 'warning' : 'plain'))
    }
    items.push(...fact('stream', ...parts))
  }
  if (health === null) {
    if (session.link.kind === 'live')
      items.push(...fact('counters', part('come from the hub every 15 s', 'info')))
    return items
  }
  const ageMs = session.healthMs === null ? 0 : model.nowMs - session.healthMs
  const count = (number: number, one: string, more: string): FactPart =>
    part(`${number} ${number === 1 ? one : more}`)
  items.push(
    ...fact(
      'clients',
      count(health.publishers, 'publisher', 'publishers'),
      count(health.subscribers, 'subscriber', 'subscribers'),
      count(health.agents, 'agent', 'agents'),
      ...(ageMs >= 2_000 ? [part(`as of ${duration(ageMs)} ago`)] : []),
    ),
    ...fact(
      'traffic',
      count(health.frames_in, 'frame in', 'frames in'),
      count(health.deltas_out, 'delta out', 'deltas out'),
      part(
        `${health.decode_errors > 0 ? '! ' : ''}${health.decode_errors} not understood`,
        health.decode_errors > 0 ? 'warning' : 'plain',
      ),
    ),
    ...fact(
      'losses',
      part(
        `${health.queue_drops > 0 ? '! ' : ''}${health.queue_drops} queue drops`,
        health.queue_drops > 0 ? 'warning' : 'plain',
      ),
      count(health.resyncs, 'resync', 'resyncs'),
    ),
    ...fact(
      'history',
      count(health.history_deltas, 'delta', 'deltas'),
      part(bytesText(health.history_bytes)),
    ),
  )
  if (health.queue_drops > 0) {
    const todo = 'a program read too slowly, and got all states anew; nothing to do'
    items.push(...note('drops', { tone: 'info', what: 'queue drops', todo }))
  }
  // An older hub says nothing of it.
  if (health.v1) {
    const { parts, notes } = v1Door(health.v1)
    items.push(...fact('v1', ...parts), ...notes.flatMap((told, i) => note(`v1 ${i}`, told)))
  }
  return items
}

function linkItems(
  { nowMs }: Model,
  { link, linkMs, health, local, id }: Session,
  fact: (name: string, ...parts: FactPart[]) => HealthItem[],
  note: (name: string, told: Note) => HealthItem[],
): HealthItem[] {
  const lasted = duration(nowMs - linkMs)
  switch (link.kind) {
    case 'live': {
      const parts: FactPart[] = [{ text: `● live for ${lasted}`, tone: 'good' }]
      if (health !== null) {
        parts.push({ text: `pid ${health.pid}`, tone: 'plain' })
        parts.push({ text: `version ${printable(health.hub_version)}`, tone: 'plain' })
        parts.push({ text: `up ${duration(nowMs - health.started_at_ms)}`, tone: 'plain' })
      }
      const items = fact('hub', ...parts)
      if (link.laggedMs !== null && nowMs - link.laggedMs < 60_000) {
        const what = `lagged ${duration(nowMs - link.laggedMs)} ago`
        items.push(...note('lag', { tone: 'info', what, todo: 'all states came anew; nothing to do' }))
      }
      return items
    }
    case 'connecting':
      return fact('hub', { text: `… connecting for ${lasted}`, tone: 'warning' })
    case 'lost':
      return [
        ...fact(
          'hub',
          { text: `✗ no hub for ${lasted}`, tone: 'error' },
          { text: printable(link.reason), tone: 'info' },
        ),
        ...note('start', {
          tone: 'warning',
          what: local === null ? 'shown is what it said last' : 'shown is what this machine tells',
          todo: `start one: aoc-hub --session ${printable(id)}`,
        }),
      ]
  }
}

function bytesText(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`
  return bytes < 1_048_576 ? `${Math.round(bytes / 1_024)} KiB` : `${(bytes / 1_048_576).toFixed(1)} MiB`
}

function agentItems(model: Model, session: Session): HealthItem[] {
  const passes = filterOf(model.filter)
  const agents = [...agentsOf(session).values()]
    .filter((agent) => passes?.(filterText([agent])) ?? true)
    .toSorted(
      (a, b) => compareTexts(a.row.label, b.row.label) || compareTexts(a.state.agent_id, b.state.agent_id),
    )
  const labelColumns = agents.reduce(
    (widest, { row }) => Math.min(20, Math.max(widest, widthOf(row.label))),
    0,
  )
  return agents.flatMap((agent) => {
    const agentId = agent.state.agent_id
    const heartbeat = heartbeatOf(model, session, agent)
    const of = { sessionId: session.id, agentId }
    const key = `${session.id}\n${agentId}`
    const items: HealthItem[] = [{ kind: 'agent', key, ...of, row: agent.row, heartbeat, labelColumns }]
    for (const [i, note] of notesOf(agent, heartbeat, model.nowMs).entries())
      items.push(...noteItems(note, { key: `${key}\nnote ${i}`, ...of }, model.columns))
    return items
  })
}

function heartbeatOf({ nowMs }: Model, session: Session, agent: Agent): Heartbeat {
  const { state } = agent
  const at = Math.max(session.heartbeats.get(state.agent_id) ?? 0, state.last_heartbeat_ms ?? 0)
  if (at === 0) return { ageMs: null, tone: 'info' }
  const ageMs = Math.max(0, nowMs - at)
  // Without a hub none is heard of, and one that has ended gives none.
  if (session.link.kind !== 'live' || isGone(agent)) return { ageMs, tone: 'info' }
  return { ageMs, tone: ageMs > silentMs ? 'error' : ageMs > lateMs ? 'warning' : 'info' }
}

/** What is wrong with an agent, the worst first. */
function notesOf({ state, row }: Agent, { tone }: Heartbeat, nowMs: number): Note[] {
  const notes: (Note | null)[] = []
  if (tone === 'error') notes.push({ tone, what: 'its status may be old', todo: 'look at its pane' })
  notes.push(blindNote(row.blind))
  const lastError = lastErrorOf(state)
  if (lastError !== null) notes.push(lastErrorNote(lastError, nowMs))
  const diff = diffOf(state)
  if (diff !== null) notes.push(gitNote(diff), unwatchedNote(diff))
  // That a project has no tasks is no fault; Work says so.
  for (const tag of tasksOf(state) ?? []) if (tag.fault?.code !== 'tasks_missing') notes.push(tasksNote(tag))
  const order: readonly Tone[] = ['error', 'warning', 'info']
  return notes
    .filter((note) => note !== null)
    .toSorted((a, b) => order.indexOf(a.tone) - order.indexOf(b.tone))
}

/** What was looked for on this machine. */
function checkItems(model: Model): HealthItem[] {
  const { checks } = model
  const nameColumns = checks.reduce(
    (widest, { name }) => Math.min(20, Math.max(widest, widthOf(printable(name)))),
    0,
  )
  return checks.flatMap(({ name, ok, detail, hint }, i): HealthItem[] => {
    const key = `check\n${i}\n${name}`
    const items: HealthItem[] = [
      { kind: 'check', key, name: printable(name), ok, detail: printable(detail), nameColumns },
    ]
    if (hint !== '') {
      const note: Note = { tone: 'info', what: printable(hint), todo: '' }
      items.push(...noteItems(note, { key: `${key}\nhint`, sessionId: '', agentId: null }, model.columns))
    }
    return items
  })
}
