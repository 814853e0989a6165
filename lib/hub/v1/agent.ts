import { agentId, paneOf } from '../../wire/identity.js'
import { diffFilesBytesMax, snippetCharsMax, stateBytesMax, tagsMax } from '../../wire/limits.js'
import type { AgentState, Lifecycle } from '../../wire/messages.js'
import type { V1Message, V1Payload } from '../../wire/v1.js'

/** Who a v1 publisher is. */
export interface V1Identity {
  sessionId: string
  /** The agent of the hub. */
  agentId: string
  paneId: string
  /** The agent id as the publisher says it. */
  saidId: string
  clientId: string
  projectRoot: string
}

/**
 * The agent that a v1 publisher represents: its `agent_id` when that is one of the session, else
 * `<session>::<pane_id>`, else its `agent_id` as a pane. Null for one that represents none.
 * Seed 000, "Identity Model"; design: v1 websocket shim.
 */
export function identityOf(hello: V1Payload<'hello'>, sessionId: string): V1Identity | 'foreign' | null {
  const { agent_id: said, pane_id: pane, client_id: clientId, project_root: projectRoot } = hello
  if (!said && !pane) return null
  const isOurs = said && paneOf(sessionId, said) !== null
  if (!isOurs && !pane && said?.includes('::')) return 'foreign'
  const id = isOurs ? said : agentId(sessionId, pane || said!)
  return {
    sessionId,
    agentId: id,
    paneId: paneOf(sessionId, id)!,
    saidId: said || id,
    clientId,
    projectRoot: projectRoot ?? '',
  }
}

/** The messages that make up a v1 agent's state. */
export type StateMessage = V1Message<
  'agent_status' | 'diff_summary' | 'task_summary' | 'heartbeat' | 'error' | 'task_update'
>

/** Of tasks that take more bytes only the counts are kept. */
const tasksBytesMax = 96 * 1_024
/** What is kept of the text of an error, which is passed on whole. */
const noteCharsMax = 500

/**
 * What a v1 publisher has said of its agent, as one state of the hub: the last of each message. What does not fit is
 * cut: first the diff's files, then the tasks' lists. Pure. docs/PROTOCOL.md, "What a v1 publisher becomes".
 */
export class V1Agent {
  #status: V1Payload<'agent_status'> | null = null
  #sinceMs: number | null = null
  #diff: object | null = null
  /** By tag, the one said last at the end. */
  readonly #tasks = new Map<string, object>()
  #beat: { pid?: number; cwd?: string } = {}
  #notes: { last_error?: object; last_task_update?: object } = {}

  constructor(private readonly who: V1Identity) {}

  /** Takes a message of this agent. @returns whether the state is another one now. */
  take(message: StateMessage, nowMs: number): boolean {
    const own = { agent_id: this.who.agentId }
    switch (message.type) {
      case 'agent_status': {
        const before = this.#status
        this.#status = { ...message.payload, ...own }
        const { status, message: text } = this.#status
        if (status !== before?.status || (text ?? '') !== (before.message ?? '')) this.#sinceMs = nowMs
        return !isSame(before, this.#status)
      }
      case 'diff_summary': {
        const before = this.#diff
        this.#diff = { ...message.payload, ...own, ...cutFiles(message.payload.files) }
        return !isSame(before, this.#diff)
      }
      case 'task_summary': {
        const { tag } = message.payload
        const before = this.#tasks.get(tag)
        const summary = { ...message.payload, ...own }
        this.#tasks.delete(tag)
        this.#tasks.set(tag, summary)
        for (const oldest of [...this.#tasks.keys()].slice(0, -tagsMax)) this.#tasks.delete(oldest)
        return !isSame(before, summary)
      }
      case 'heartbeat': {
        const before = this.#beat
        this.#beat = { pid: message.payload.pid, cwd: message.payload.cwd }
        return !isSame(before, this.#beat)
      }
      case 'error': {
        const { code, message: text, component, fatal } = message.payload
        const more = { ...(component && { component }), ...(typeof fatal === 'boolean' && { fatal }) }
        this.#notes.last_error = { code, message: oneLine(text, noteCharsMax), ...more, at_ms: nowMs }
        return true
      }
      case 'task_update': {
        const { tag, action, task } = message.payload
        const { id, title, status } = task
        this.#notes.last_task_update = { tag, action, ...shortWords({ id, title, status }), at_ms: nowMs }
        return true
      }
    }
  }

  /** The state as it is published. */
  state(nowMs: number): AgentState {
    const { agentId: id, sessionId, paneId } = this.who
    const message = oneLine(this.#status?.message ?? '')
    return {
      agent_id: id,
      session_id: sessionId,
      pane_id: paneId,
      lifecycle: this.#lifecycle,
      ...(message && { snippet: message }),
      last_heartbeat_ms: nowMs,
      updated_at_ms: nowMs,
      source: this.#fitted(),
    }
  }

  get #lifecycle(): Lifecycle {
    return this.#status?.status ?? 'running'
  }

  #source(parts: { diff: object | null; tasks: ReadonlyMap<string, object> }): Record<string, unknown> {
    const { saidId, agentId: id, clientId, projectRoot } = this.who
    const status = this.#status
    return {
      kind: 'v1',
      label: saidId === id ? clientId : saidId,
      client_id: clientId,
      ...(projectRoot && { project_root: projectRoot }),
      ...this.#beat,
      ...(status && {
        status: {
          turn: status.status === 'running' ? 'active' : 'inactive',
          attention: status.status === 'error' ? 'error' : 'none',
          background: 0,
          origin: 'report',
          confidence: 3,
          since_ms: this.#sinceMs,
          detail: oneLine(status.message ?? '') || null,
          evidence: `agent_status ${status.status}, by the v1 client ${clientId}`,
          blind: null,
        },
        agent_status: status,
      }),
      ...(parts.diff && { diff_summary: parts.diff }),
      ...(parts.tasks.size > 0 && { task_summaries: Object.fromEntries(parts.tasks) }),
      ...this.#notes,
    }
  }

  /** The source with what fits into a state. */
  #fitted(): Record<string, unknown> {
    const tasks = bytesOf([...this.#tasks]) > tasksBytesMax ? withoutLists(this.#tasks) : this.#tasks
    const whole = this.#source({ diff: this.#diff, tasks })
    const room = stateBytesMax - 8_192
    if (bytesOf(whole) <= room) return whole
    const diff = this.#diff && { ...known(this.#diff, diffKeys), files: [] }
    const less = this.#source({ diff, tasks: withoutLists(this.#tasks) })
    return bytesOf(less) <= room ? less : this.#source({ diff: null, tasks: new Map() })
  }
}

const diffKeys = ['agent_id', 'repo_root', 'git_available', 'reason', 'summary', 'branch', 'files_total']
const taskKeys = ['agent_id', 'tag', 'counts', 'error']

/** The tasks without the lists of active ones, the longest part by far. */
function withoutLists(tasks: ReadonlyMap<string, object>): Map<string, object> {
  return new Map([...tasks].map(([tag, summary]) => [tag, known(summary, taskKeys)]))
}

function known(value: object, keys: readonly string[]): object {
  return Object.fromEntries(Object.entries(value).filter(([key]) => keys.includes(key)))
}

/** The files that fit, and how many there were. */
function cutFiles(files: readonly object[]): object {
  let bytes = 0
  const kept = files.findIndex((file) => (bytes += bytesOf(file) + 1) > diffFilesBytesMax)
  return kept === -1 ? {} : { files: files.slice(0, kept), files_total: files.length }
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}

function shortWords(fields: Record<string, unknown>): Record<string, string> {
  const words = Object.entries(fields).flatMap(([key, value]) =>
    typeof value === 'string' || typeof value === 'number' ? [[key, oneLine(`${value}`)] as const] : [],
  )
  return Object.fromEntries(words)
}

/** A text as one line of so many characters. */
function oneLine(text: string, charsMax = snippetCharsMax): string {
  const line = text
    .slice(0, charsMax * 4)
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
  // Not half of a character at its end.
  return line.slice(0, charsMax).replace(/[\ud800-\udbff]$/, '')
}
