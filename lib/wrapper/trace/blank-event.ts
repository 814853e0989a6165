import { createHash, randomBytes } from 'node:crypto'

const deepMax = 12
const itemsMax = 64

/** Names of fields that are the agents' own, or their tools'; any other may be a person's words. */
const fieldNames: ReadonlySet<string> = new Set(
  `absolute_path action agent_id agent_transcript_path agent_type answers attempt background_tasks cmd command content
  cwd data description details dir_path elicitation_id error error_details file_path fileName filePath filepath header
  hook_event_name id info input instance is_interrupt isInteractive last_assistant_message llmContent mcp_server_name
  message metadata model name new_string notebook_path notification_type old_string options output parentID path pattern
  patterns permission permissionID permission_mode permission_suggestions pid plan plan_filename prompt properties
  query question questions reason requestID returnDisplay session_crons session_id sessionID skill source status
  stop_hook_active timestamp title toolDisplayName toolName tool_calls tool_input tool_name tool_response tool_use_id
  transcript_path trigger type url`.split(/\s+/),
)

/** Numbers that are no person's, by where they stand. */
const numbers: ReadonlySet<string> = new Set(['pid', 'properties.status.attempt'])

const name = /^[\w.:/-]{1,64}$/
const word = /^[a-zA-Z_]{1,40}$/

/** Where a word of the agent's own stands, and what such words look like; all other texts are hashed. */
const words: Readonly<Record<string, RegExp>> = {
  hook_event_name: word,
  notification_type: word,
  permission_mode: word,
  tool_name: name,
  'details.toolName': name,
  'details.type': word,
  source: /^(?:startup|resume|clear|compact|user|system|loop_wakeup|schedule_wakeup|poll_event)$/,
  trigger: /^(?:manual|auto)$/,
  reason: /^(?:clear|exit|logout|other|resume|prompt_input_exit|bypass_permissions_disabled)$/,
  error:
    /^(?:authentication_failed|billing_error|invalid_request|max_output_tokens|model_not_found|overloaded|rate_limit|server_error|unknown|user_interrupted)$/,
  'background_tasks.[].status': word,
  type: /^(?:plugin|session|permission|question)\.[a-z]{1,24}$/,
  'properties.status.type': word,
  'properties.error.name': /^[A-Z]\w{1,40}Error$/,
  'properties.permission': word,
  'properties.questions.[].header': /^Build Agent$/,
}

/** Of some texts, the rules read how they begin, or a word in them. */
const beginnings: Readonly<Record<string, RegExp>> = {
  prompt: /^\s*(<task-notification>)/,
  message: /\b(network)\b/i,
  'tool_response.returnDisplay': /^(Command cancelled by user\.)/,
  'properties.questions.[].question': /^(Plan at ).* is complete/s,
}

const fileFields = /^(?:tool_input\.file_path|details\.fileName)$/

/**
 * Blanks an event's body: the agent's own words stay where the rules read them, other texts and names become hashes,
 * numbers 0. The same text stays the same within a trace, and cannot be guessed from it.
 * @param salt the trace's.
 */
export function blankBody(body: unknown, salt: string): unknown {
  return blanked(body, { at: '', deep: 0, salt })
}

export function newSalt(): string {
  return randomBytes(16).toString('hex')
}

interface Place {
  /** The names of the fields down to here, joined by dots; `[]` for what stands in a list. */
  at: string
  deep: number
  salt: string
}

function blanked(value: unknown, { at, deep, salt }: Place): unknown {
  if (typeof value === 'string') return blankedText(value, at, salt)
  if (typeof value === 'number') return numbers.has(at) ? value : 0
  if (typeof value === 'boolean') return value
  if (typeof value !== 'object' || value === null || deep > deepMax) return null
  const below = (field: string): Place => ({ at: at === '' ? field : `${at}.${field}`, deep: deep + 1, salt })
  if (Array.isArray(value)) return value.slice(0, itemsMax).map((one) => blanked(one, below('[]')))
  const fields = Object.entries(value).slice(0, itemsMax)
  return Object.fromEntries(
    fields.map(([field, one]) => {
      const isKnown = fieldNames.has(field)
      return [isKnown ? field : hashed(field, salt), blanked(one, below(isKnown ? field : '~'))]
    }),
  )
}

function blankedText(text: string, at: string, salt: string): string {
  if (text.trim() === '') return ''
  if (Object.hasOwn(words, at) && words[at]!.test(text)) return text
  // A dialog names the file of a call by the end of its path.
  const slash = fileFields.test(at) ? text.lastIndexOf('/') + 1 : 0
  if (slash > 0) return `${hashed(text.slice(0, slash), salt)}/${hashed(text.slice(slash), salt)}`
  const start = Object.hasOwn(beginnings, at) ? beginnings[at]!.exec(text)?.[1] : undefined
  if (start === undefined) return hashed(text, salt)
  return start === 'Plan at ' ? `Plan at ${hashed(text, salt)} is complete` : `${start} ${hashed(text, salt)}`
}

function hashed(text: string, salt: string): string {
  return `~${createHash('sha256').update(salt).update(text).digest('hex').slice(0, 8)}`
}
