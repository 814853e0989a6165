import * as z from 'zod'

/**
 * What a wrapper puts under `source` of its agent's state: the payloads of seed 000 ("Message Types",
 * "Diff Summary Schema"), so that a v1 message is one of these taken out.
 */

/** Seed 000, `agent_status`; `label`, `tab_scope` and `command` are ours. */
export const AgentStatus = z.looseObject({
  agent_id: z.string(),
  status: z.enum(['idle', 'running', 'error', 'offline']),
  pane_id: z.string(),
  project_root: z.string(),
  cwd: z.string().nullish(),
  message: z.string().nullish(),
})
export type AgentStatus = z.infer<typeof AgentStatus>

const Count = z.int().nonnegative()

export const DiffFile = z.looseObject({
  path: z.string(),
  status: z.enum(['modified', 'added', 'deleted', 'renamed', 'untracked']),
  additions: Count,
  deletions: Count,
  staged: z.boolean(),
  untracked: z.boolean(),
})
export type DiffFile = z.infer<typeof DiffFile> & {
  /** Where a renamed file was. */
  old_path?: string
  binary?: boolean
  submodule?: boolean
  conflicted?: boolean
}

const Lines = z.object({ files: Count, additions: Count, deletions: Count })

/** Why there is no diff. Seed 000, "Error Semantics and Degraded States". */
export const DiffReason = z.enum(['not_git_repo', 'git_missing', 'error'])
export type DiffReason = z.infer<typeof DiffReason>

export const DiffSummary = z.looseObject({
  agent_id: z.string(),
  repo_root: z.string(),
  git_available: z.boolean(),
  reason: DiffReason.nullish(),
  summary: z.object({ staged: Lines, unstaged: Lines, untracked: z.object({ files: Count }) }),
  files: z.array(DiffFile),
})
export type DiffSummary = z.infer<typeof DiffSummary> & {
  /** What git said when `reason` is `error`. */
  message?: string
  /** The branch's name; absent when HEAD is detached. */
  branch?: string
  /** Entries before the list was cut to its bound; equal to `files.length` when it was not. */
  files_total?: number
  /** Why the worktree is not watched: it is refreshed while the agent is active instead. */
  unwatched?: string
}

export const TaskSummary = z.looseObject({
  agent_id: z.string(),
  tag: z.string(),
  counts: z.object({ total: Count, pending: Count, in_progress: Count, done: Count, blocked: Count }),
  active_tasks: z
    .array(
      z.looseObject({
        id: z.string(),
        title: z.string(),
        status: z.string(),
        priority: z.string().nullish(),
        active_agent: z.boolean().nullish(),
      }),
    )
    .nullish(),
  error: z.looseObject({ code: z.string(), message: z.string() }).nullish(),
})
export type TaskSummary = z.infer<typeof TaskSummary>
