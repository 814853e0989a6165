/**
 * What seed 000 says a message of version 1 is, written down from its text alone: every field that it requires, every
 * field that it allows, its enumerations and its limits. A field it does not name is nobody's fault.
 */

/** Tells what is wrong with a value, a line for each fault. */
type Check = (value: unknown, at: string) => string[]

const wrong = (value: unknown, at: string, what: string): string[] => [
  `${at} is no ${what}: ${(JSON.stringify(value) ?? 'absent').slice(0, 100)}`,
]
const that =
  (what: string, isSo: (value: unknown) => boolean): Check =>
  (value, at) =>
    isSo(value) ? [] : wrong(value, at, what)

const text = that('string', (value) => typeof value === 'string')
const name = that('string with anything in it', (value) => typeof value === 'string' && value !== '')
const flag = that('boolean', (value) => typeof value === 'boolean')
const number = that('number', (value) => typeof value === 'number')
const count = that('count', (value) => Number.isSafeInteger(value) && (value as number) >= 0)
const object = that('object', (value) => typeof value === 'object' && value !== null && !Array.isArray(value))
const time = that(
  'RFC 3339 time in UTC',
  (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)$/.test(value),
)
const oneOf = (...words: string[]): Check =>
  that(words.join(' or '), (value) => words.includes(value as string))
const textOrNull = that('string or null', (value) => value === null || typeof value === 'string')
const list =
  (of: Check, most = Number.POSITIVE_INFINITY): Check =>
  (value, at) => {
    if (!Array.isArray(value)) return wrong(value, at, 'array')
    if (value.length > most) return [`${at} has ${value.length} entries; at most ${most}`]
    return value.flatMap((each, i) => of(each, `${at}[${i}]`))
  }
const fields =
  (required: Record<string, Check>, optional: Record<string, Check> = {}): Check =>
  (value, at) => {
    if (object(value, at).length > 0) return object(value, at)
    const given = value as Record<string, unknown>
    return [
      ...Object.entries(required).flatMap(([key, check]) => check(given[key], `${at}.${key}`)),
      ...Object.entries(optional).flatMap(([key, check]) =>
        key in given ? check(given[key], `${at}.${key}`) : [],
      ),
    ]
  }

/** "max envelope size: 256 KB", "max patch size: 1 MB", "max files list length: 500". */
export const envelopeBytesMax = 256 * 1_024
const patchBytesMax = 1_024 * 1_024
const filesMax = 500

const lines = fields({ files: count, additions: count, deletions: count })
const fileStatus = oneOf('modified', 'added', 'deleted', 'renamed', 'untracked')
const file = fields({
  path: name,
  status: fileStatus,
  additions: count,
  deletions: count,
  staged: flag,
  untracked: flag,
})
const diffSummary: Check = (value, at) => [
  ...fields({
    agent_id: name,
    repo_root: text,
    git_available: flag,
    summary: fields({ staged: lines, unstaged: lines, untracked: fields({ files: count }) }),
    files: list(file, filesMax),
  })(value, at),
  // "If git_available is false, include reason".
  ...((value as { git_available?: unknown } | null)?.git_available === false
    ? fields({ reason: oneOf('not_git_repo', 'git_missing', 'error') })(value, at)
    : []),
]
const patch: Check = (value, at) => [
  ...textOrNull(value, at),
  ...(typeof value === 'string' && Buffer.byteLength(value) > patchBytesMax ? [`${at} is too large`] : []),
]
const task = fields({ id: text, title: text, status: text, priority: text, active_agent: flag })

const payloads: Record<string, Check> = {
  hello: fields(
    { client_id: name, role: oneOf('publisher', 'subscriber'), capabilities: list(text) },
    { agent_id: text, pane_id: text, project_root: text },
  ),
  agent_status: fields(
    {
      agent_id: name,
      status: oneOf('idle', 'running', 'error', 'offline'),
      pane_id: name,
      project_root: text,
    },
    { cwd: text, message: text },
  ),
  diff_summary: diffSummary,
  diff_patch_request: fields(
    { agent_id: name, path: text },
    { context_lines: number, include_untracked: flag, request_id: text },
  ),
  diff_patch_response: fields(
    { agent_id: name, path: text, status: fileStatus, is_binary: flag, patch },
    { request_id: text, error: fields({ code: name, message: text }) },
  ),
  task_summary: fields(
    {
      agent_id: name,
      tag: text,
      counts: fields({ total: count, pending: count, in_progress: count, done: count, blocked: count }),
    },
    { active_tasks: list(task), error: fields({ code: name, message: text }) },
  ),
  task_update: fields({
    agent_id: name,
    tag: text,
    action: oneOf('update', 'add', 'delete'),
    task: object,
  }),
  heartbeat: fields({ agent_id: name, pid: number, cwd: text, last_update: time }),
  error: fields(
    { code: name, message: name },
    {
      component: oneOf('hub', 'wrapper', 'taskmaster', 'mission-control'),
      fatal: flag,
      context: object,
    },
  ),
}

const envelope = fields(
  {
    version: oneOf('1'),
    type: oneOf(...Object.keys(payloads)),
    session_id: name,
    sender_id: name,
    timestamp: time,
    payload: object,
  },
  { request_id: text },
)

/** What is wrong with a message as it was received; nothing when it is as the seed has it. */
export function seedFaults(bytes: Buffer, session: string): string[] {
  if (bytes.length > envelopeBytesMax) return [`an envelope of ${bytes.length} bytes`]
  let message: { type: string; session_id: string; payload: unknown }
  try {
    message = JSON.parse(bytes.toString()) as typeof message
  } catch (error) {
    return [`no JSON: ${(error as Error).message}`]
  }
  const faults = envelope(message, 'envelope')
  if (faults.length > 0) return faults
  if (message.session_id !== session) faults.push(`session_id is ${message.session_id}, not ${session}`)
  return [...faults, ...payloads[message.type]!(message.payload, message.type)]
}
