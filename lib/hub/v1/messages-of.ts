import * as z from 'zod'
import { diffFilesMax } from '../../wire/limits.js'
import { Id, type AgentState } from '../../wire/messages.js'
import { v1Status } from '../../wire/v1-status.js'
import { v1Payloads, type V1Payload } from '../../wire/v1.js'

const path = z.string().max(4_096).optional().catch(undefined)
const text = z.string().optional().catch(undefined)
const object = z.looseObject({}).optional().catch(undefined)
/** What of a state's `source` v1 can say; whatever is not as it should be counts as absent. */
const Source = z
  .object({
    pid: z.int().nonnegative().optional().catch(undefined),
    project_root: path,
    cwd: path,
    kind: text,
    status: z.object({ detail: text, attention: text }).optional().catch(undefined),
    agent_status: z
      .object({
        pane_id: Id.optional().catch(undefined),
        project_root: path,
        cwd: path,
        message: text,
        status: text,
      })
      .optional()
      .catch(undefined),
    diff_summary: object,
    // As it is: a record of zod drops a tag that is called __proto__.
    task_summaries: z.unknown().optional(),
  })
  .catch({})

const messageCharsMax = 16_000

/** The messages of v1 that an agent's state comes to; the diff and the tasks are not checked yet, see `isV1Payload`. */
export interface V1Messages {
  status: V1Payload<'agent_status'>
  diff: Record<string, unknown> | undefined
  /** By tag. */
  tasks: ReadonlyMap<string, object>
}

/**
 * Says a state in v1. The agent's id is always `<session>::<pane>`, and its status always that of the state: what the
 * publisher has put under `source.agent_status` may be older. Pure. docs/PROTOCOL.md, "What a v1 subscriber is told".
 */
export function messagesOf(state: AgentState): V1Messages {
  const source = Source.parse(state.source ?? {})
  const { agent_status: given, diff_summary: diff, task_summaries: tasks } = source
  const agent_id = state.agent_id
  const { lifecycle } = state
  // What was going on when a publisher was lost is over; that it has failed is not.
  const isOver = lifecycle === 'offline' && !(source.status?.attention === 'error' && source.kind !== 'v1')
  const { status, message } = v1Status(lifecycle, isOver ? null : source.status?.detail)
  // A v1 publisher's own message is longer than the detail. Of who waits it says too little.
  const said = lifecycle !== 'needs_input' && given?.status === status ? given.message : undefined
  return {
    status: {
      agent_id,
      status,
      pane_id: given?.pane_id || state.pane_id,
      project_root: projectRootOf(source),
      ...(given?.cwd !== undefined && { cwd: given.cwd }),
      ...((said ?? message) && { message: (said ?? message)!.slice(0, messageCharsMax) }),
    },
    diff: diff && { ...diff, agent_id, ...cutFiles(diff['files']) },
    tasks: tasksOf(tasks, agent_id),
  }
}

/** What a v1 `heartbeat` of an agent says. @param beatMs when it gave its sign of life. */
export function heartbeatOf(
  state: AgentState | undefined,
  agentId: string,
  beatMs: number,
): V1Payload<'heartbeat'> {
  const source = Source.parse(state?.source ?? {})
  return {
    agent_id: agentId,
    pid: source.pid ?? 0,
    cwd: source.cwd ?? source.agent_status?.cwd ?? projectRootOf(source),
    last_update: new Date(beatMs).toISOString(),
  }
}

/** How a file stands in the diff of an agent, if it is in it. */
export function fileStatus(state: AgentState | undefined, path: string): string | undefined {
  const files = state && Source.parse(state.source ?? {}).diff_summary?.['files']
  if (!Array.isArray(files)) return undefined
  const file = (files as (Record<string, unknown> | null)[]).find((entry) => entry?.['path'] === path)
  const status = file?.['status']
  return typeof status === 'string' ? status : undefined
}

/** Whether a payload is what v1 clients may be told. */
export function isV1Payload(type: 'diff_summary' | 'task_summary', payload: object): boolean {
  return v1Payloads[type].safeParse(payload).success
}

function projectRootOf(source: z.infer<typeof Source>): string {
  const repoRoot = source.diff_summary?.['repo_root']
  return (
    source.agent_status?.project_root ??
    source.project_root ??
    (typeof repoRoot === 'string' && repoRoot.length <= 4_096 ? repoRoot : '')
  )
}

function tasksOf(tasks: unknown, agentId: string): Map<string, object> {
  const summaries = new Map<string, object>()
  if (!isObject(tasks)) return summaries
  for (const [tag, summary] of Object.entries(tasks)) {
    if (!isObject(summary)) continue
    const active = summary['active_tasks']
    // A long list would not fit a message any more.
    const whole = Array.isArray(active) && active.length <= 100 ? { active_tasks: active.map(wholeTask) } : {}
    summaries.set(tag, { ...summary, ...whole, tag, agent_id: agentId })
  }
  return summaries
}

/** Seed 000 gives every active task these two; Taskmaster leaves out a priority of medium. */
function wholeTask(task: unknown): unknown {
  if (!isObject(task)) return task
  return { ...task, priority: task['priority'] ?? 'medium', active_agent: task['active_agent'] ?? false }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function cutFiles(files: unknown): object {
  return Array.isArray(files) && files.length > diffFilesMax ? { files: files.slice(0, diffFilesMax) } : {}
}
