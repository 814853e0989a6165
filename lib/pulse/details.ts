import * as z from 'zod'
import type { AgentState } from '../wire/messages.js'
import { activeTasksMax, diffFilesMax, tagsMax } from '../wire/limits.js'
import { DiffReason } from '../wire/source.js'
import { printable, widthOf } from './text.js'

/**
 * What the Work and Diff modes need of a state. Anybody may publish anything: a part that is not what it should be is
 * left out, lists end at the protocol's bounds, and every text is printable but where it says otherwise.
 */

export const fileStatuses = ['modified', 'added', 'deleted', 'renamed', 'untracked'] as const
export type FileStatus = (typeof fileStatuses)[number]

/** An entry of `diff_summary.files`. */
export interface FileChange {
  /** As it was published, from the repository's root: what `get_diff_patch` takes. It may hold any characters but NUL. */
  readonly path: string
  /** The path as a person sees it, with where a renamed file was before it. */
  readonly name: string
  /** Columns of `name`. */
  readonly nameColumns: number
  readonly oldPath: string | null
  readonly status: FileStatus
  readonly additions: number
  readonly deletions: number
  readonly staged: boolean
  readonly binary: boolean
  readonly submodule: boolean
  readonly conflicted: boolean
}

export interface Diff {
  /** As it was published. */
  readonly repoRoot: string
  /** Why there is no diff; null when there is one. */
  readonly reason: DiffReason | null
  /** What git said when the reason is `error`. */
  readonly message: string
  /** '' when HEAD is detached. */
  readonly branch: string
  readonly additions: number
  readonly deletions: number
  /** How many entries there are, listed or not. */
  readonly filesTotal: number
  /** In git's order. */
  readonly files: readonly FileChange[]
  /** Why the work tree is not watched; '' when it is. */
  readonly unwatched: string
}

/** The last error that a v1 publisher has told of. docs/PROTOCOL.md, "What a v1 publisher becomes". */
export interface LastError {
  readonly code: string
  readonly message: string
  /** `hub`, `wrapper`, …; '' when it is not said. */
  readonly component: string
  readonly isFatal: boolean
  readonly atMs: number | null
}

export const taskStatuses = [
  'in_progress',
  'blocked',
  'review',
  'pending',
  'deferred',
  'done',
  'other',
] as const
export type TaskStatus = (typeof taskStatuses)[number]

export interface Task {
  readonly id: string
  readonly title: string
  readonly status: TaskStatus
  /** The status as it was published, for one that is `other`. */
  readonly statusText: string
  /** '' when it has none. */
  readonly priority: string
  /** Whether an agent works on it. */
  readonly isWorkedOn: boolean
}

/** The tasks of one tag. */
export interface Tag {
  readonly tag: string
  readonly counts: { total: number; pending: number; inProgress: number; done: number; blocked: number }
  readonly active: readonly Task[]
  /** Why there are none; null when nothing is wrong. */
  readonly fault: { readonly code: string; readonly message: string } | null
}

/** Longer texts are cut before anything is done with them. */
const charsMax = 4_096
const words = z.string().transform((value) => printable(value.slice(0, charsMax)))
// Most of what may be said is left out of most files: a default costs little, a fault that is caught a lot.
const text = words.default('').catch('')
const flag = z.boolean().default(false).catch(false)
const count = z.int().nonnegative().default(0).catch(0)
const list = z.array(z.unknown()).default([]).catch([])
/** No file system has a NUL in a path; keys of rows part their own marks from paths with it. */
const pathText = z
  .string()
  .max(charsMax)
  .regex(/^[^\0]*$/)

const File = z.object({
  path: pathText.min(1),
  status: z.enum(fileStatuses).default('modified').catch('modified'),
  additions: count,
  deletions: count,
  staged: flag,
  untracked: flag,
  old_path: pathText.min(1).nullable().default(null).catch(null),
  binary: flag,
  submodule: flag,
  conflicted: flag,
})
const Lines = z.object({ files: count, additions: count, deletions: count })
const noLines = { files: 0, additions: 0, deletions: 0 }
const Summary = z.object({
  repo_root: pathText.default('').catch(''),
  git_available: z.boolean(),
  reason: DiffReason.nullable().default(null).catch(null),
  message: text,
  branch: text,
  summary: z
    .object({
      staged: Lines.catch(noLines),
      unstaged: Lines.catch(noLines),
      untracked: Lines.catch(noLines),
    })
    .catch({ staged: noLines, unstaged: noLines, untracked: noLines }),
  files: list,
  files_total: count,
  unwatched: text,
})
const ActiveTask = z.object({
  id: z.union([words, z.number().transform(String)]),
  title: text,
  status: text,
  priority: text,
  active_agent: flag,
})
const Counts = z.object({
  total: count,
  pending: count,
  in_progress: count,
  done: count,
  blocked: count,
})
const TaskTag = z.object({
  counts: Counts.catch({ total: 0, pending: 0, in_progress: 0, done: 0, blocked: 0 }),
  active_tasks: list,
  error: z.object({ code: text, message: text }).nullable().default(null).catch(null),
})
const LastError = z.object({
  code: text,
  message: text,
  component: text,
  fatal: flag,
  at_ms: z.number().nullable().default(null).catch(null),
})
const Source = z
  .object({ diff_summary: z.unknown(), task_summaries: z.unknown(), last_error: z.unknown() })
  .partial()

/** The changes of the repository that an agent works in; null when it says nothing of them. Kept per state. */
export const diffOf = kept((state: AgentState): Diff | null => readDiff(sourceOf(state)?.diff_summary))

/** The tasks of an agent's project, by tag; null when it says nothing of them. Kept per state. */
export const tasksOf = kept((state: AgentState): readonly Tag[] | null =>
  readTasks(sourceOf(state)?.task_summaries),
)

/** Where an agent's git and tasks are, as it was published; '' when it does not say. Kept per state. */
export const projectRootOf = kept((state: AgentState): string => {
  const found = ProjectRoot.safeParse(state.source)
  return found.success ? (found.data.agent_status?.project_root ?? found.data.project_root ?? '') : ''
})
/** A v1 publisher says at hello where it is, and again in each status. */
const ProjectRoot = z.object({
  agent_status: z.object({ project_root: pathText }).optional().catch(undefined),
  project_root: pathText.optional().catch(undefined),
})

/** The last error that an agent has told of; null when there was none. Kept per state. */
export const lastErrorOf = kept((state: AgentState): LastError | null => {
  const parsed = LastError.safeParse(sourceOf(state)?.last_error)
  if (!parsed.success) return null
  const { code, message, component, fatal: isFatal, at_ms: atMs } = parsed.data
  return { code, message, component, isFatal, atMs }
})

/** Reads a `diff_summary`; null when it is none. */
export function readDiff(value: unknown): Diff | null {
  const parsed = Summary.safeParse(value)
  if (!parsed.success) return null
  const { data } = parsed
  const files = data.files.slice(0, diffFilesMax).flatMap(readFile)
  const { staged, unstaged } = data.summary
  return {
    repoRoot: data.repo_root,
    reason: data.git_available ? null : (data.reason ?? 'error'),
    message: data.message,
    branch: data.branch,
    additions: staged.additions + unstaged.additions,
    deletions: staged.deletions + unstaged.deletions,
    filesTotal: Math.max(files.length, data.files_total),
    files,
    unwatched: data.unwatched,
  }
}

function readFile(value: unknown): FileChange[] {
  const parsed = File.safeParse(value)
  if (!parsed.success) return []
  const { path, old_path: oldPath, status, additions, deletions, staged, untracked } = parsed.data
  const { binary, submodule, conflicted } = parsed.data
  const shown = printable(path)
  const name = oldPath === null ? shown : `${printable(oldPath)} → ${shown}`
  return [
    {
      path,
      name,
      nameColumns: widthOf(name),
      oldPath,
      status: untracked ? 'untracked' : status,
      additions,
      deletions,
      staged,
      binary,
      submodule,
      conflicted,
    },
  ]
}

/** Reads `task_summaries`; null when they are none. */
export function readTasks(value: unknown): readonly Tag[] | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  return Object.entries(value)
    .slice(0, tagsMax)
    .flatMap(([tag, summary]: [string, unknown]) => readTag(tag, summary))
}

function readTag(tag: string, summary: unknown): Tag[] {
  const parsed = TaskTag.safeParse(summary)
  if (!parsed.success) return []
  const { counts, active_tasks: active, error } = parsed.data
  return [
    {
      tag: printable(tag.slice(0, charsMax)),
      counts: {
        total: counts.total,
        pending: counts.pending,
        inProgress: counts.in_progress,
        done: counts.done,
        blocked: counts.blocked,
      },
      active: active.slice(0, activeTasksMax).flatMap(readTask),
      fault: error,
    },
  ]
}

function readTask(value: unknown): Task[] {
  const parsed = ActiveTask.safeParse(value)
  if (!parsed.success) return []
  const { id, title, status, priority, active_agent: isWorkedOn } = parsed.data
  return [{ id, title, status: taskStatus(status), statusText: status, priority, isWorkedOn }]
}

/** Both spellings of each word. Seed 000 writes `in_progress`, Taskmaster itself `in-progress`. */
function taskStatus(word: string): TaskStatus {
  const known = word.replace('-', '_')
  return taskStatuses.find((status) => status === known) ?? 'other'
}

function sourceOf(state: AgentState): z.infer<typeof Source> | null {
  const parsed = Source.safeParse(state.source)
  return parsed.success ? parsed.data : null
}

/** The same function, that reads each object once. */
export function kept<K extends object, V>(read: (from: K) => V): (from: K) => V {
  const known = new WeakMap<K, { value: V }>()
  return (from) => {
    let found = known.get(from)
    if (found === undefined) known.set(from, (found = { value: read(from) }))
    return found.value
  }
}
