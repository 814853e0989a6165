import { createHash } from 'node:crypto'
import type { Asking, Meaning } from '../lifecycle/signal.js'
import { fieldsOf, oneLine, textOf, toolDetail } from './detail.js'
import type { AgentEvent, Said } from './profile.js'

type Body = Readonly<Record<string, unknown>>

/** Tool calls that are remembered until their end, of which some never tell. */
const callsMax = 128
/** Sessions that are remembered after their end. */
const endedMax = 16
const idCharsMax = 128
/** The person's own hooks may answer a request at once. */
const settleMs = 300

/** Tools that are themselves a question to the person. Claude Code docs, Hooks, "PreToolUse". */
const asking: Readonly<Record<string, Asking>> = { AskUserQuestion: 'question', ExitPlanMode: 'plan' }

/** What submits a prompt that no person has typed. Published types, `UserPromptSubmitHookInput.source`. */
const wakers = new Set(['system', 'loop_wakeup', 'schedule_wakeup', 'poll_event'])

/** Reads the events of one launch of Claude Code. Claude Code docs, Hooks; fields as in its published types. */
export function openClaudeReader(): (event: AgentEvent) => Said[] {
  const reader = new ClaudeReader()
  return (event) => reader.read(event)
}

class ClaudeReader {
  /** The conversation of this terminal; it changes by /clear and /resume. */
  #session: string | null = null
  /** Those that have ended, the oldest first: what still comes of them is late. */
  readonly #ended = new Set<string>()
  /** Calls under way, by their id, with what tells two calls of one tool apart; the oldest first. */
  readonly #calls = new Map<string, string>()
  /** What ran in the background at the last end of a turn. */
  #background = 0
  /** Whether in this turn a dialog told of itself at once: its reminder, some 6 s later, then says nothing new. */
  #hasAsked = false
  #hasElicited = false

  read({ source, body }: AgentEvent): Said[] {
    const fields = fieldsOf(body)
    const name = textOf(fields?.['hook_event_name'])
    if (fields === null || name === null) return []
    // The name alone says "agent_type" on the main thread too, so the id counts. Published types, `BaseHookInput`.
    const subagent = this.#strangerOf(name, fields) ?? idOf(fields['agent_id'])
    const said = this.#meanings(name, fields, subagent)
    return said
      .filter(({ says }) => says !== 'asks' || source !== 'claude-print')
      .map((meaning) => ({ thread: '', subagent, pid: null, name: oneLine(name), meaning }))
  }

  #meanings(name: string, body: Body, subagent: string | null): Meaning[] {
    const session = idOf(body['session_id'])
    if (name === 'SessionStart') return this.#sessionStarts(session, textOf(body['source']))
    const isStranger = session !== null && subagent === session
    switch (name) {
      case 'UserPromptSubmit':
        return this.#prompted(body)
      case 'PreToolUse':
        return this.#begins(body, subagent)
      case 'PermissionRequest':
        return this.#permission(body, subagent)
      case 'PostToolUse':
      case 'PostToolUseFailure':
      case 'PermissionDenied':
        return this.#called(body, subagent)
      case 'PostToolBatch':
        // Comes when all calls of a batch are over, also those that were refused.
        return [{ says: 'answered', id: null }, { says: 'working' }]
      case 'PreCompact':
        return body['trigger'] === 'manual' ? [{ says: 'working' }] : []
      case 'PostCompact':
        return body['trigger'] === 'manual' ? [this.#done()] : []
      case 'Notification':
        return this.#notified(body)
      case 'Elicitation':
        this.#hasElicited = true
        return [asks('question', elicitationId(body), textOf(body['message']) ?? 'an MCP server asks')]
      case 'ElicitationResult':
        return [{ says: 'answered', id: elicitationId(body) }, { says: 'working' }]
      case 'SubagentStop':
        return subagent === null || isStranger ? [] : this.#subagentStops(body, subagent)
      case 'Stop':
        return [this.#stopped(body, subagent)]
      case 'StopFailure':
        return [this.#failed(body, subagent)]
      case 'SessionEnd':
        return this.#sessionEnds(session, isStranger)
      default:
        return []
    }
  }

  #sessionStarts(session: string | null, source: string | null): Meaning[] {
    // Compaction begins a session anew in the middle of a turn.
    if (source === 'compact') return []
    // It comes by another way than the others, and may be late: what came before is newer.
    if (session !== null && session === this.#session) return []
    if (session !== null && this.#ended.has(session) && source !== 'resume') return []
    this.#becomes(session)
    this.#turnEnds()
    return [{ says: 'began' }]
  }

  #sessionEnds(session: string | null, isStranger: boolean): Meaning[] {
    if (session !== null) {
      this.#ended.add(session)
      if (this.#ended.size > endedMax) this.#ended.delete(this.#ended.values().next().value!)
    }
    if (isStranger) return [{ says: 'done', background: 0 }]
    // With /clear and /resume another session begins in the same process.
    this.#session = null
    this.#background = 0
    this.#turnEnds()
    return [this.#done()]
  }

  /**
   * An event of another session than this terminal's, such as of a teammate that was given the same settings, is of a
   * subagent: it must not end the turn here. What a person types, here or after /clear, makes a session this terminal's.
   * @returns the id of such a session; null for an event of one's own.
   */
  #strangerOf(name: string, body: Body): string | null {
    const session = idOf(body['session_id'])
    if (session === null || name === 'SessionStart' || session === this.#session) return null
    const isFirst = this.#session === null && !this.#ended.has(session)
    const isTyped = name === 'UserPromptSubmit' && !isWoken(body)
    if (!isFirst && !isTyped) return session
    this.#becomes(session)
    return null
  }

  #becomes(session: string | null): void {
    this.#session = session
    if (session !== null) this.#ended.delete(session)
  }

  #prompted(body: Body): Meaning[] {
    // Nobody has spoken: what another subagent asks stays asked.
    if (isWoken(body)) return [{ says: 'working' }]
    this.#turnEnds()
    return [{ says: 'prompted' }]
  }

  #begins(body: Body, subagent: string | null): Meaning[] {
    const tool = textOf(body['tool_name']) ?? ''
    const id = idOf(body['tool_use_id'])
    if (id !== null) {
      this.#calls.set(id, callKey(subagent, tool, body['tool_input']))
      if (this.#calls.size > callsMax) this.#calls.delete(this.#calls.keys().next().value!)
    }
    const attention = Object.hasOwn(asking, tool) ? asking[tool] : undefined
    if (attention === undefined) return [{ says: 'working' }]
    this.#hasAsked = true
    const detail = toolDetail(tool, body['tool_input'])
    const ask = asks(attention, id ?? callKey(subagent, tool, body['tool_input']), detail)
    return [{ says: 'working' }, { ...ask, settleMs }]
  }

  /** It names no call: the same tool with the same input is meant. */
  #permission(body: Body, subagent: string | null): Meaning[] {
    const tool = textOf(body['tool_name']) ?? 'a tool'
    const attention = (Object.hasOwn(asking, tool) ? asking[tool] : undefined) ?? 'permission'
    // Also fires where nobody is asked, in sessions without permissions: rullerzhou-afk/clawd-on-desk#865.
    const mode = body['permission_mode']
    if (attention === 'permission' && (mode === 'bypassPermissions' || mode === 'dontAsk')) return []
    this.#hasAsked = true
    const key = callKey(subagent, tool, body['tool_input'])
    // What a question or plan is about may be written into the one event and not the other.
    const scope = callScope(subagent, tool)
    const isSame = (other: string): boolean =>
      attention === 'permission' ? other === key : other.startsWith(scope)
    const id = [...this.#calls].findLast(([, other]) => isSame(other))?.[0] ?? key
    return [{ ...asks(attention, id, toolDetail(tool, body['tool_input'])), settleMs }]
  }

  #called(body: Body, subagent: string | null): Meaning[] {
    const id = idOf(body['tool_use_id'])
    const key = callKey(subagent, textOf(body['tool_name']) ?? '', body['tool_input'])
    if (id !== null) this.#calls.delete(id)
    const over: Meaning[] = [id, key].flatMap((one) => (one === null ? [] : [{ says: 'answered', id: one }]))
    // Of a call that the person broke off, in some versions: the key has told already.
    return body['is_interrupt'] === true ? over : [...over, { says: 'working' }]
  }

  /** Claude Code docs, Hooks, "Notification": dialogs after 6 s without typing, `idle_prompt` after 60 s. */
  #notified(body: Body): Meaning[] {
    const message = textOf(body['message'])
    const detail = message === null ? null : oneLine(message)
    switch (body['notification_type']) {
      case 'idle_prompt':
        return [{ says: 'waits' }]
      case 'permission_prompt':
        // A sandboxed command's way to the network has no event of its own (2.1.246).
        if (this.#hasAsked && !/\bnetwork\b/i.test(message ?? '')) return []
        return [asks('permission', null, detail)]
      case 'worker_permission_prompt':
        return [asks('permission', null, detail)]
      case 'elicitation_dialog':
      case 'elicitation_url_dialog':
        return this.#hasElicited ? [] : [asks('question', null, detail)]
      case 'quota_auto_resume_fired':
        return [{ says: 'working' }]
      case 'quota_auto_resume_stale':
        // It goes on once Enter is pressed.
        return [asks('question', null, detail)]
      case 'quota_auto_resume_disabled':
        return [{ says: 'failed', detail: detail ?? 'usage limit' }]
      default:
        return []
    }
  }

  #stopped(body: Body, subagent: string | null): Meaning {
    if (subagent !== null) return { says: 'done', background: 0 }
    // What it has put on its calendar (`session_crons`) wakes it by itself: until then nothing runs.
    this.#background = runningIn(body['background_tasks'])
    this.#turnEnds()
    return this.#done()
  }

  #subagentStops({ background_tasks: tasks }: Body, subagent: string): Meaning[] {
    const over: Meaning = { says: 'done', background: 0 }
    if (!Array.isArray(tasks)) return [over]
    // The list is the main conversation's, and may still have this one on it.
    this.#background = runningIn(tasks.filter((task) => fieldsOf(task)?.['id'] !== subagent))
    return [over, { says: 'background', count: this.#background }]
  }

  #failed(body: Body, subagent: string | null): Meaning {
    const error = textOf(body['error']) ?? 'unknown'
    if (subagent === null) this.#turnEnds()
    // Seen in May 2026 at an interrupt, which is no failure: herdrdev/herdr#125.
    if (error === 'user_interrupted') return this.#done()
    const text = textOf(body['last_assistant_message']) ?? textOf(body['error_details'])
    return { says: 'failed', detail: oneLine(text === null ? error : `${error}: ${text}`) }
  }

  #done(): Meaning {
    return { says: 'done', background: this.#background }
  }

  #turnEnds(): void {
    this.#hasAsked = false
    this.#hasElicited = false
  }
}

function asks(
  attention: Asking,
  id: string | null,
  detail: string | null,
): Extract<Meaning, { says: 'asks' }> {
  return { says: 'asks', attention, id, detail: detail === null ? null : oneLine(detail) }
}

function idOf(value: unknown): string | null {
  return textOf(value)?.slice(0, idCharsMax) ?? null
}

/** Whose call of which tool with which input. */
function callKey(subagent: string | null, tool: string, input: unknown): string {
  let text: string
  try {
    text = JSON.stringify(input) ?? ''
  } catch {
    // Nested too deeply.
    text = ''
  }
  const hash = createHash('sha1').update(text).digest('base64')
  return `${callScope(subagent, tool)}${hash}`
}

function callScope(subagent: string | null, tool: string): string {
  return `${subagent ?? ''}/${tool.slice(0, idCharsMax)}/`
}

/** Whether a prompt was submitted that nobody has typed. */
function isWoken({ source, prompt }: Body): boolean {
  return (
    wakers.has(typeof source === 'string' ? source : '') ||
    (typeof prompt === 'string' && prompt.trimStart().startsWith('<task-notification>'))
  )
}

function elicitationId(body: Body): string {
  return `mcp/${idOf(body['mcp_server_name']) ?? ''}/${idOf(body['elicitation_id']) ?? ''}`
}

/** Tasks that go on; absent in versions before 2.1.145. What is over may stay listed with another status. */
function runningIn(tasks: unknown): number {
  if (!Array.isArray(tasks)) return 0
  return tasks.filter((task) => {
    const status = fieldsOf(task)?.['status']
    return status === undefined || status === 'running' || status === 'pending'
  }).length
}
