import type { Env } from '../wire/identity.js'
import type { Log } from '../wire/log.js'
import type { StateChange } from '../wire/messages.js'
import type { Alerts } from '../wire/notice/alerts.js'
import type { Event } from './model/event.js'
import { agentsOf, type Agent, type Agents, type Model } from './model/model.js'
import { newModel, reduce } from './model/reduce.js'
import { changeLine, removedLine, table, type Look } from './plain.js'
import { openAllSessions } from './sources/all-sessions.js'
import { openSessionSource, type SessionSource } from './sources/session-source.js'
import { jsonLine } from './text.js'

export interface FeedOptions {
  /** One session; or all of this user, by the folder that holds them. */
  of: { sessionId: string; socketPath: string } | { runtimeRoot: string }
  /** Ends after what there is when it is asked: nothing is printed that comes later. */
  once: boolean
  json: boolean
  sinceSeq?: number
  /** Where a hub that has to be started logs; absent when none may be started. */
  hubLogDir?: string
  /** Where agents, files and tasks are looked for without a hub; null: not at all. */
  local: { projectRoot: string; env: Env } | null
  look: Look
  /** Who is told when an agent needs the person. */
  alerts?: Alerts
  log: Log
  /** Prints a line. */
  print: (line: string) => void
  /** Says something about the feed itself. */
  note: (line: string) => void
}

export interface Feed {
  /** Resolves when the feed has ended: after `once`, or with false when nothing was there to be shown. */
  readonly ended: Promise<boolean>
  close(): Promise<void>
}

/** How long `once` waits for a hub that is being started or is busy, or for what is found without one. */
const onceMs = 3_000

/** Follows a session: first what there is, then each change, as lines for people or as NDJSON. */
export function openFeed(options: FeedOptions): Feed {
  const { of, once, sinceSeq, log, alerts, note } = options
  const isAll = 'runtimeRoot' in of
  let model = newModel({ nowMs: Date.now(), columns: 0, rows: 0, hasOverview: true, isAll })
  const printer = new Printer(options)
  let isOver = false
  let wasUp = false
  let isDown = false
  /** Whether it was said that no hub tells what is printed. */
  let isToldLocal = false
  /** The hub's seq when it was asked. */
  let askedSeq = Number.POSITIVE_INFINITY
  let resolveEnded: (isServed: boolean) => void = () => {}
  const ended = new Promise<boolean>((resolve) => {
    resolveEnded = resolve
  })
  const finish = (isServed: boolean): void => {
    if (isOver) return
    if (isServed) printer.finish(model)
    isOver = true
    resolveEnded(isServed)
  }

  const take = (event: Event): void => {
    if (isOver) return
    const before = model
    model = reduce(before, event, Date.now()).model
    if (event.kind === 'changes') printer.changes(event, before, model)
    if (event.kind === 'local') {
      if (event.found !== null && !isToldLocal) note('no hub answers; found on this machine')
      isToldLocal = event.found !== null
      printer.local(event.sessionId, before, model)
    }
    if (event.kind === 'link') {
      if (!isAll) linked(event.link.kind, 'reason' in event.link ? event.link.reason : '')
      printer.linked(event.sessionId, before, model)
    }
    if (!once) return
    if (event.kind === 'local' && event.found !== null) {
      finish(true)
    } else if (isAll) {
      const sessions = [...model.sessions.values()]
      if (sessions.every(({ link, seq }) => link.kind === 'live' || seq !== null)) finish(true)
    } else if (event.kind === 'changes' && event.seq >= askedSeq) finish(true)
  }
  const linked = (kind: 'connecting' | 'live' | 'lost', reason: string): void => {
    if (kind === 'live') {
      if (isDown && (wasUp || isToldLocal)) note(wasUp ? 'connected again' : 'connected')
      wasUp = true
      isDown = false
    } else if (kind === 'lost') {
      // Each attempt that fails says so again.
      if (wasUp && !isDown) note(`the hub is gone (${reason}); waiting for it`)
      isDown = true
    }
  }

  const open = (session: { sessionId: string; socketPath: string }, isOwn: boolean): SessionSource => {
    const source: SessionSource = openSessionSource({
      ...session,
      topics: [],
      sinceSeq,
      hubLogDir: isOwn ? options.hubLogDir : undefined,
      projectRoot: options.local?.projectRoot ?? '/',
      env: options.local?.env ?? {},
      hasFallback: isOwn && options.local !== null && sinceSeq === undefined,
      layoutMs: 0,
      alerts,
      log,
      onEvent: take,
      onFrame: (frame) => {
        if (!once || isAll || frame.type !== 'hello') return
        askedSeq = frame.payload.seq
        // Nothing was missed, and so nothing will come.
        if (source.seq === askedSeq) finish(true)
      },
    })
    return source
  }
  const sources =
    'runtimeRoot' in of
      ? openAllSessions({
          runtimeRoot: of.runtimeRoot,
          open: ({ session, socket }) => open({ sessionId: session, socketPath: socket }, false),
          onEvent: take,
          onLooked: (count) => {
            if (once && count === 0) finish(false)
          },
        })
      : open(of, true)
  if (once) setTimeout(() => finish(isAll && model.sessions.size > 0), onceMs).unref()
  return {
    ended,
    async close() {
      isOver = true
      await Promise.all([sources.close(), alerts?.close()])
    },
  }
}

/** What is printed of a model's changes. */
class Printer {
  /** People get a table before the first change; programs do not need one. */
  #isFirst: boolean

  constructor(private readonly options: FeedOptions) {
    this.#isFirst = options.sinceSeq === undefined && !options.json
  }

  changes(
    { sessionId, changes, seq }: Extract<Event, { kind: 'changes' }>,
    before: Model,
    after: Model,
  ): void {
    const [old, now] = [shown(before, sessionId), shown(after, sessionId)]
    if (this.options.json) {
      // One that its hub does not know any more, and that is found on this machine, is not gone.
      const isFound = (id: string): boolean => after.sessions.get(sessionId)?.local?.agents.has(id) === true
      const told = changes.filter(({ op, agent_id: id }) => op === 'upsert' || !isFound(id))
      for (const change of told) this.options.print(jsonRecord(change, seq))
    } else if (!this.#tabled(after)) for (const { agent_id: id } of changes) this.#line(id, old, now)
  }

  /** What was found without a hub has no seq. */
  local(sessionId: string, before: Model, after: Model): void {
    if (this.options.json) this.#records(sessionId, before, after)
    else if (!this.#tabled(after)) this.#lines(sessionId, before, after)
  }

  /** A hub's first states come before it counts as live: only then they take the place of what was found. */
  linked(sessionId: string, before: Model, after: Model): void {
    if (!this.options.json) {
      if (!this.#isFirst) this.#lines(sessionId, before, after)
    } else if (after.sessions.get(sessionId)?.link.kind === 'lost') this.#records(sessionId, before, after)
  }

  /** What is still owed at the end: the table of several sessions. */
  finish(model: Model): void {
    if (this.#isFirst) this.#table(model)
  }

  /** @returns whether a table was printed in place of lines, or has to be waited for. */
  #tabled(model: Model): boolean {
    if (!this.#isFirst) return false
    const isWhole = !model.isAll || !this.options.once
    if (isWhole) this.#table(model)
    return true
  }

  #table(model: Model): void {
    this.#isFirst = false
    const rows = [...model.sessions.values()].flatMap((session) =>
      [...agentsOf(session).values()].map(({ row }) => row),
    )
    const { look, print } = this.options
    for (const line of table(rows, model.nowMs, look, model.isAll)) print(line)
  }

  #lines(sessionId: string, before: Model, after: Model): void {
    const [old, now] = [shown(before, sessionId), shown(after, sessionId)]
    if (old === now) return
    for (const id of changedIds(old, now)) this.#line(id, old, now)
  }

  #records(sessionId: string, before: Model, after: Model): void {
    const [old, now] = [shown(before, sessionId), shown(after, sessionId)]
    for (const id of changedIds(old, now)) {
      const state = now.get(id)?.state
      const change = state
        ? { op: 'upsert' as const, agent_id: id, state }
        : { op: 'remove' as const, agent_id: id }
      this.options.print(jsonRecord(change, null))
    }
  }

  #line(id: string, before: Agents, after: Agents): void {
    const { look, print } = this.options
    const [old, now] = [before.get(id)?.row, after.get(id)?.row]
    const line = now
      ? changeLine(old, now, Date.now(), look)
      : old
        ? removedLine(old, Date.now(), look)
        : null
    if (line !== null) print(line)
  }
}

const none: Agents = new Map()

function changedIds(before: Agents, after: Agents): string[] {
  if (before === after) return []
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (id) => content(before.get(id)) !== content(after.get(id)),
  )
}

/** What is known of an agent, without the times that only say when. */
function content(agent: Agent | undefined): string {
  return agent === undefined ? '' : JSON.stringify({ ...agent.state, last_heartbeat_ms: 0, updated_at_ms: 0 })
}

function shown(model: Model, sessionId: string): Agents {
  const session = model.sessions.get(sessionId)
  return session === undefined ? none : agentsOf(session)
}

function jsonRecord(change: StateChange, seq: number | null): string {
  const { op, agent_id: id } = change
  return jsonLine(
    change.op === 'remove' ? { seq, op, agent_id: id } : { seq, op, agent_id: id, state: change.state },
  )
}
