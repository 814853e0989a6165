import * as z from 'zod'
import { snippetCharsMax, stateBytesMax, tagsMax } from '../../wire/limits.js'
import type { AgentState } from '../../wire/messages.js'
import { v1Payloads, type V1Message, type V1Payload } from '../../wire/v1.js'
import { fitted, type Told } from './fitting.js'
import type { V1Identity } from './identity.js'

/** The messages that make up a v1 agent's state. */
export type StateMessage = V1Message<
  'agent_status' | 'diff_summary' | 'task_summary' | 'heartbeat' | 'error' | 'task_update'
>

/** What a state has room for, beside who the agent is and what the hub adds. */
const roomBytes = stateBytesMax - 60 * 1_024
/** What is kept of a text. A status has its own; an error is passed on whole. */
const messageCharsMax = 16_000
const noteCharsMax = 500
/** Characters of one tag's summary as JSON. */
const tagCharsMax = 128 * 1_024

/** What an earlier publisher of the same agent has left in the hub's cache; what is not as it should be is left out. */
const Left = z.object({
  kind: z.literal('v1'),
  pid: z.int().optional().catch(undefined),
  cwd: z.string().optional().catch(undefined),
  status: z.object({ since_ms: z.int().nullable() }).optional().catch(undefined),
  agent_status: v1Payloads.agent_status.optional().catch(undefined),
  diff_summary: v1Payloads.diff_summary.optional().catch(undefined),
  task_summaries: z.unknown().optional(),
  last_error: z.looseObject({}).optional().catch(undefined),
  last_task_update: z.looseObject({}).optional().catch(undefined),
})

/**
 * What a v1 publisher has said of its agent, as one state of the hub: the last of each message. Who connects again goes
 * on from what it had said before. Pure. docs/PROTOCOL.md, "What a v1 publisher becomes".
 */
export class V1Agent {
  #status: V1Payload<'agent_status'> | null = null
  #sinceMs: number | null = null
  #diff: Record<string, unknown> | null = null
  /** By tag, the one said last at the end. */
  readonly #tasks = new Map<string, Record<string, unknown>>()
  #beat: { pid?: number; cwd?: string } = {}
  #notes: { last_error?: object; last_task_update?: object } = {}
  /** Characters of each part as JSON. */
  readonly #sizes = new Map<string, number>()

  /** @param before the agent's state in the hub, if it has one. */
  constructor(
    private readonly agentId: string,
    before?: AgentState,
  ) {
    const left = Left.safeParse(before?.source)
    if (left.success) this.#goOnFrom(left.data)
  }

  /** Takes a message of this agent. @returns whether the state is another one now. */
  take(message: StateMessage, nowMs: number): boolean {
    const own = { agent_id: this.agentId }
    switch (message.type) {
      case 'agent_status': {
        const before = this.#status
        const text = message.payload.message?.slice(0, messageCharsMax)
        this.#status = { ...message.payload, ...own, ...(text !== undefined && { message: text }) }
        const isSame = this.#status.status === before?.status && (text ?? '') === (before.message ?? '')
        if (!isSame) this.#sinceMs = nowMs
        return this.#isOther('status', before, this.#status)
      }
      case 'diff_summary': {
        const before = this.#diff
        this.#diff = { ...message.payload, ...own }
        return this.#isOther('diff', before, this.#diff)
      }
      case 'task_summary': {
        const { tag } = message.payload
        const before = this.#tasks.get(tag)
        const { error } = message.payload
        const fault = error && { error: { ...error, message: error.message ?? error.code } }
        const summary = small({ ...message.payload, ...fault, ...own })
        this.#tasks.delete(tag)
        this.#tasks.set(tag, summary)
        for (const oldest of [...this.#tasks.keys()].slice(0, -tagsMax)) {
          this.#tasks.delete(oldest)
          this.#sizes.delete(`tag ${oldest}`)
        }
        return this.#isOther(`tag ${tag}`, before, summary)
      }
      case 'heartbeat': {
        const before = this.#beat
        this.#beat = { pid: message.payload.pid, cwd: message.payload.cwd }
        return this.#isOther('beat', before, this.#beat)
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

  /** The state as it is published. @param who speaks for the agent. */
  state(who: V1Identity, nowMs: number): AgentState {
    const { agentId: id, sessionId, paneId } = who
    const message = oneLine(this.#status?.message ?? '')
    return {
      agent_id: id,
      session_id: sessionId,
      pane_id: paneId,
      lifecycle: this.#status?.status ?? 'running',
      ...(message && { snippet: message }),
      last_heartbeat_ms: nowMs,
      updated_at_ms: nowMs,
      source: this.#source(who),
    }
  }

  #goOnFrom(left: z.infer<typeof Left>): void {
    const { pid, cwd, status, agent_status: v1, diff_summary: diff, last_error, last_task_update } = left
    this.#status = v1 ?? null
    this.#sinceMs = status?.since_ms ?? null
    this.#diff = diff ?? null
    this.#beat = { ...(pid !== undefined && { pid }), ...(cwd !== undefined && { cwd }) }
    this.#notes = { ...(last_error && { last_error }), ...(last_task_update && { last_task_update }) }
    for (const [tag, value] of Object.entries(left.task_summaries ?? {})) {
      const summary = v1Payloads.task_summary.safeParse(value)
      if (summary.success) this.#tasks.set(tag, summary.data)
    }
    // It is measured when it is published: how large it is is not known.
    this.#sizes.set('before', roomBytes)
  }

  #isOther(part: string, before: unknown, now: unknown): boolean {
    const text = JSON.stringify(now)
    this.#sizes.set(part, text.length)
    return JSON.stringify(before) !== text
  }

  #source({ saidId, agentId: id, clientId, projectRoot }: V1Identity): Record<string, unknown> {
    const said = this.#status
    const { status, diff, tasks } = this.#told()
    return {
      kind: 'v1',
      label: saidId === id ? clientId : saidId,
      client_id: clientId,
      ...(projectRoot && { project_root: projectRoot }),
      ...this.#beat,
      ...(said && {
        status: {
          turn: said.status === 'running' ? 'active' : 'inactive',
          attention: said.status === 'error' ? 'error' : 'none',
          background: 0,
          origin: 'report',
          confidence: 3,
          since_ms: this.#sinceMs,
          detail: oneLine(said.message ?? '') || null,
          evidence: `agent_status ${said.status}, by the v1 client ${clientId}`,
          blind: null,
        },
        agent_status: status,
      }),
      ...(diff && { diff_summary: diff }),
      ...(tasks.size > 0 && { task_summaries: Object.fromEntries(tasks) }),
      ...this.#notes,
    }
  }

  /** What there is room for; only measured when it could be too much: a character has at most three bytes. */
  #told(): Told {
    const told = { status: this.#status, diff: this.#diff, tasks: this.#tasks }
    let chars = 0
    for (const size of this.#sizes.values()) chars += size
    return chars * 3 <= roomBytes ? told : fitted(told, roomBytes)
  }
}

/** A summary of which so many can be kept: of one that is large only what v1 names, without the list of tasks. */
function small(summary: V1Payload<'task_summary'>): Record<string, unknown> {
  if (JSON.stringify(summary).length <= tagCharsMax) return summary
  const { agent_id, tag, counts, error } = summary
  const fault = error && { code: error.code.slice(0, 64), message: error.message?.slice(0, messageCharsMax) }
  return { agent_id, tag, counts, ...(fault && { error: fault }) }
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
