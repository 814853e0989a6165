import { createHash } from 'node:crypto'
import type { Asking, Meaning } from '../lifecycle/signal.js'
import { fieldsOf, oneLine, textOf, toolDetail } from './detail.js'
import type { AgentEvent, Said } from './profile.js'

type Body = Readonly<Record<string, unknown>>

/** A call that was announced and has not ended. The events name none by an id. */
interface Call {
  id: string
  tool: string
  input: unknown
  /** Which tool with which input. */
  key: string
  hasAsked: boolean
}

/** Calls that are remembered until their end, of which refused ones never tell. */
const callsMax = 64

/** Kinds of confirmation that are more than a permission. cli/src/ui/components/ToolConfirmationQueue.tsx */
const asking: Readonly<Record<string, Asking>> = { ask_user: 'question', exit_plan_mode: 'plan' }

/** Reads the hook events of one launch of Gemini CLI. docs/hooks/reference.md (0.61.0), orders as traced. */
export function openGeminiReader(): (event: AgentEvent) => Said[] {
  const reader = new GeminiReader()
  return ({ body, pid }) => {
    const fields = fieldsOf(body)
    const name = textOf(fields?.['hook_event_name'])
    if (fields === null || name === null) return []
    return reader
      .read(name, fields)
      .map((meaning) => ({ thread: '', subagent: null, pid, name: oneLine(name), meaning }))
  }
}

class GeminiReader {
  #calls: Call[] = []
  #count = 0

  read(name: string, body: Body): Meaning[] {
    switch (name) {
      case 'SessionStart':
        // At the start, and again with another session by /clear.
        this.#calls = []
        return [{ says: 'began' }]
      case 'BeforeAgent':
        this.#calls = []
        return [{ says: 'prompted' }]
      case 'BeforeTool':
        this.#begins(textOf(body['tool_name']) ?? '', body['tool_input'])
        return [{ says: 'working' }]
      case 'Notification':
        return body['notification_type'] === 'ToolPermission' ? [this.#asks(body)] : []
      case 'AfterTool':
        return this.#ends(body)
      case 'AfterAgent':
        // Also at Esc, and after a failure of the API, which nothing tells apart.
        this.#calls = []
        return [{ says: 'done', background: 0 }]
      case 'SessionEnd':
        // Twice or thrice at the end, and before a restart of itself as another process; not so with /clear.
        return body['reason'] === 'clear' ? [] : [{ says: 'left' }]
      default:
        return []
    }
  }

  /** Comes before a policy or the person allows it. */
  #begins(tool: string, input: unknown): void {
    const call = { id: `call ${++this.#count}`, tool, input, key: keyOf(tool, input), hasAsked: false }
    this.#calls = [...this.#calls, call].slice(-callsMax)
  }

  /** Comes as the dialog opens. core/src/hooks/hookSystem.ts, `toSerializableDetails`. */
  #asks(body: Body): Meaning {
    const details = fieldsOf(body['details']) ?? {}
    const type = textOf(details['type']) ?? ''
    const meant = this.#calls.filter((call) => isMeant(call, type, details))
    // Once more for the same when the person has edited it: no new question.
    const call = meant.find(({ hasAsked }) => !hasAsked) ?? meant.at(-1)
    if (call !== undefined) call.hasAsked = true
    const attention = (Object.hasOwn(asking, type) ? asking[type] : undefined) ?? 'permission'
    return { says: 'asks', attention, id: call?.id ?? null, detail: detailOf(attention, details, call, body) }
  }

  #ends(body: Body): Meaning[] {
    const tool = textOf(body['tool_name']) ?? ''
    const key = keyOf(tool, body['tool_input'])
    // What the person has edited has another input.
    const call = this.#calls.find((one) => one.key === key) ?? this.#calls.find((one) => one.tool === tool)
    this.#calls = this.#calls.filter((one) => one !== call)
    const over: Meaning[] = call?.hasAsked === true ? [{ says: 'answered', id: call.id }] : []
    return wasCancelled(body['tool_response']) ? over : [...over, { says: 'working' }]
  }
}

/** Esc has ended the turn, of which no event tells; this may be long after. core/src/tools/shell.ts */
function wasCancelled(response: unknown): boolean {
  const shown = fieldsOf(response)?.['returnDisplay']
  return typeof shown === 'string' && shown.startsWith('Command cancelled by user.')
}

/** Whether a confirmation is about this call. */
function isMeant({ tool, input }: Call, type: string, details: Body): boolean {
  const fields = fieldsOf(input) ?? {}
  switch (type) {
    case 'exec':
      return tool === 'run_shell_command' && fields['command'] === details['command']
    case 'edit': {
      const name = textOf(details['fileName'])
      return name !== null && (textOf(fields['file_path']) ?? '').endsWith(name)
    }
    case 'mcp':
      return tool.endsWith(textOf(details['toolName']) ?? tool)
    case 'ask_user':
    case 'exit_plan_mode':
      return tool === type
    default:
      return !Object.hasOwn(asking, tool) && tool !== 'run_shell_command'
  }
}

function detailOf(attention: Asking, details: Body, call: Call | undefined, body: Body): string | null {
  const planFile = textOf(fieldsOf(call?.input)?.['plan_filename'])
  if (attention === 'plan') return planFile === null ? 'a plan' : oneLine(`plan: ${planFile}`)
  if (call !== undefined) return toolDetail(call.tool, call.input)
  const tool = textOf(details['toolDisplayName']) ?? textOf(details['toolName'])
  const text =
    textOf(details['command']) ??
    textOf(details['filePath']) ??
    tool ??
    textOf(details['prompt']) ??
    textOf(details['title'])
  return oneLine(text ?? textOf(body['message']) ?? '') || null
}

function keyOf(tool: string, input: unknown): string {
  let text: string
  try {
    text = JSON.stringify(input) ?? ''
  } catch {
    // Nested too deeply.
    text = ''
  }
  return `${tool.slice(0, 128)}/${createHash('sha1').update(text).digest('base64')}`
}
