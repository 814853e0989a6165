import { visit } from 'jsonc-parser'

import { activeTasksMax, tagsMax } from '../wire/limits.js'
import type { TaskSummary } from '../wire/source.js'

/** Characters of what is taken over from the file; more is cut. */
const idCharsMax = 32
const titleCharsMax = 120
const tagCharsMax = 64
/** UTF-8 bytes of all active tasks as JSON: what a state has room for beside a full diff. Past that only counts are given. */
const activeBytesMax = 96 * 1_024

type ActiveTask = NonNullable<TaskSummary['active_tasks']>[number]

/** A tasks file that cannot be summed up. `code` says whether a half-written file would look like this. */
export class TasksError extends Error {
  override readonly name = 'TasksError'
  readonly code: 'syntax' | 'shape'

  constructor(code: 'syntax' | 'shape', message: string) {
    super(message)
    this.code = code
  }
}

/**
 * Sums up the text of a Taskmaster file, `{"<tag>": {"tasks": [...]}}` or, as older ones are, `{"tasks": [...]}`.
 * @returns one summary a tag in the file's order, at most `tagsMax`, on an object without prototype (any word may be a
 * tag). A tag whose tasks are not what they should be has the error `tasks_malformed` and counts of 0. An empty object is
 * the tag "master" with no tasks.
 * @throws {TasksError} `syntax` with line and column, both from 1, columns in UTF-16 units; `shape` when there is no tag in it.
 * Seed 000, "task_summary".
 */
export function parseTasks(agentId: string, text: string): Record<string, TaskSummary> {
  const lists = listsOf(parseStrictly(text))
  const summaries: Record<string, TaskSummary> = Object.create(null)
  const room = { bytes: activeBytesMax }
  for (const { name, tasks, path } of lists.slice(0, tagsMax)) {
    const tag = cut(name, tagCharsMax)
    // Two names that are one after the cut: the first stays.
    if (tag in summaries) continue
    summaries[tag] = summaryOf(agentId, tag, tasks, path, room)
  }
  return summaries
}

/** A summary that says why there is none. */
export function failedSummary(
  agentId: string,
  tag: string,
  code: 'tasks_missing' | 'tasks_malformed',
  message: string,
): TaskSummary {
  return { agent_id: agentId, tag, counts: noTasks(), active_tasks: [], error: { code, message } }
}

function noTasks(): TaskSummary['counts'] {
  return { total: 0, pending: 0, in_progress: 0, done: 0, blocked: 0 }
}

function parseStrictly(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new TasksError('syntax', `Not JSON: ${firstFault(text)}.`)
  }
}

/** `what at line L, column C` of the first fault, which `JSON.parse` does not tell for every one. */
function firstFault(text: string): string {
  if (text.trim() === '') return 'the file is empty at line 1, column 1'
  let fault: string | undefined
  const found = new Error('found')
  try {
    visit(
      text,
      {
        onError(_error, offset) {
          const before = text.slice(0, offset)
          const line = before.split('\n').length
          const column = offset - before.lastIndexOf('\n')
          const what = offset >= text.trimEnd().length ? 'the end came too early' : 'something unexpected'
          fault = `${what} at line ${line}, column ${column}`
          throw found
        },
      },
      { disallowComments: true, allowTrailingComma: false },
    )
  } catch (error) {
    // The visitor is recursive: a file of nothing but brackets is too deep for it.
    if (error !== found) return 'it is nested too deeply'
  }
  return fault ?? 'something unexpected'
}

interface TaskList {
  name: string
  /** What stands where the list should be. */
  tasks: unknown
  /** Where that is, for messages. */
  path: string
}

function listsOf(file: unknown): TaskList[] {
  if (!isObject(file)) throw new TasksError('shape', `The file holds ${kindOf(file)}, not an object of tags.`)
  if (Object.hasOwn(file, 'tasks') && !hasTasks(file.tasks)) {
    return [{ name: 'master', tasks: file.tasks, path: 'tasks' }]
  }
  const entries = Object.entries(file)
  if (entries.length === 0) return [{ name: 'master', tasks: [], path: 'tasks' }]
  // A word or a number beside the tags (`$schema`, `version`) is none; neither is `metadata` without tasks.
  const tags = entries.filter(
    ([name, value]) => hasTasks(value) || (typeof value === 'object' && name !== 'metadata'),
  )
  if (tags.length === 0) throw new TasksError('shape', `${keyOf(entries[0]![0])} is not a tag with tasks.`)
  return tags.map(([name, value]) => ({
    name,
    tasks: hasTasks(value) ? value.tasks : undefined,
    path: `${keyOf(name)}.tasks`,
  }))
}

function hasTasks(value: unknown): value is { tasks: unknown } {
  return isObject(value) && Object.hasOwn(value, 'tasks')
}

function summaryOf(
  agentId: string,
  tag: string,
  tasks: unknown,
  path: string,
  room: { bytes: number },
): TaskSummary {
  const malformed = (fault: string) => failedSummary(agentId, tag, 'tasks_malformed', fault)
  if (!Array.isArray(tasks)) return malformed(`${path} is ${kindOf(tasks)}, not an array.`)

  const counts = noTasks()
  const active: { rank: number; task: ActiveTask }[] = []
  for (const [index, task] of tasks.entries()) {
    if (!isObject(task)) return malformed(`${path}[${index}] is ${kindOf(task)}, not a task.`)
    counts.total++
    const status = statusOf(task.status)
    if (status in counts) counts[status as keyof typeof counts]++
    if (status !== 'done' && status !== 'cancelled')
      active.push({ rank: rankOf(status, task.priority), task: activeTask(task, status, index) })
  }
  active.sort((one, other) => one.rank - other.rank)
  const chosen: ActiveTask[] = []
  for (const { task } of active.slice(0, activeTasksMax)) {
    room.bytes -= Buffer.byteLength(JSON.stringify(task)) + ','.length
    if (room.bytes < 0) break
    chosen.push(task)
  }
  return { agent_id: agentId, tag, counts, active_tasks: chosen }
}

/**
 * The first four have counts of their own in seed 000, "task_summary"; the others are only in the total. All but `done`
 * and `cancelled` are open. `other` is any word that Taskmaster does not know.
 */
type Status = 'pending' | 'in_progress' | 'done' | 'blocked' | 'review' | 'deferred' | 'cancelled' | 'other'
type OpenStatus = Exclude<Status, 'done' | 'cancelled'>

/** A task without a status is pending, as Taskmaster has it. */
function statusOf(word: unknown): Status {
  switch (word) {
    case undefined:
    case 'pending':
      return 'pending'
    case 'in-progress':
    case 'in_progress':
      return 'in_progress'
    case 'done':
    case 'completed':
      return 'done'
    case 'cancelled':
    case 'canceled':
      return 'cancelled'
    case 'blocked':
    case 'review':
    case 'deferred':
      return word
    default:
      return 'other'
  }
}

/** Which open tasks come first: what is worked on, what stops, what is to be looked at, then what waits. */
const openOrder: readonly OpenStatus[] = ['in_progress', 'blocked', 'review', 'pending', 'other', 'deferred']

/** What comes first has the lowest rank: by status, then by priority. */
function rankOf(status: OpenStatus, priority: unknown): number {
  const priorities: unknown[] = ['critical', 'high', 'medium', 'low']
  const at = priorities.indexOf(priority)
  // One without a priority is of medium priority in Taskmaster.
  return openOrder.indexOf(status) * 10 + (at === -1 ? 2 : at)
}

function activeTask(task: Record<string, unknown>, status: OpenStatus, index: number): ActiveTask {
  const { id, title, priority } = task
  const agent = task.active_agent ?? task.activeAgent
  return {
    id: typeof id === 'string' || typeof id === 'number' ? cut(String(id), idCharsMax) : `#${index + 1}`,
    title: typeof title === 'string' ? cut(title, titleCharsMax) : '',
    status: statusWord(status, task.status),
    priority: typeof priority === 'string' ? cut(priority, idCharsMax) : null,
    ...(typeof agent === 'boolean' ? { active_agent: agent } : {}),
  }
}

/** The word that Taskmaster itself writes, or what stands in the file where it knows none. */
function statusWord(status: OpenStatus, word: unknown): string {
  if (status === 'in_progress') return 'in-progress'
  if (status !== 'other') return status
  return (typeof word === 'string' && cut(word, idCharsMax)) || 'unknown'
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** A key as it stands in a message's path. */
function keyOf(key: string): string {
  return /^[\w-]{1,64}$/.test(key) ? key : `[${JSON.stringify(cut(key, tagCharsMax))}]`
}

/** One line without control characters, of at most so many UTF-16 units, no character cut in two. */
function cut(text: string, charsMax: number): string {
  // Four times the bound is enough to cut from, however long the text is.
  const line = text
    .slice(0, charsMax * 4)
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
  const short = line.length <= charsMax ? line : `${line.slice(0, charsMax - 1)}…`
  return short.replaceAll(/\p{Cs}/gu, '')
}
