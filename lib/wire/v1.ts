import * as z from 'zod'
import { capabilitiesMax, diffFilesMax, idCharsMax, v1PatchBytesMax } from './limits.js'
import { Id, Word } from './messages.js'
import { AgentStatus, DiffFile, DiffSummary, TaskSummary } from './source.js'

/**
 * The messages of the v1 websocket: zod schemas, and the types derived from them. Seed 000, "Message Envelope",
 * "Message Types", "Diff Summary Schema", "Diff Patch Response Schema". `null` stands for an absent optional field;
 * unknown fields are taken.
 */

const Path = z.string().max(4_096)
const FilePath = z.string().min(1).max(4_096)
/** An optional id; one that is empty counts as absent. */
const MaybeId = z
  .string()
  .max(idCharsMax)
  .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, 'must not hold control characters')
  .nullish()
/** RFC 3339, 5.6: `2026-01-28T18:42:00Z`; with a fraction, an offset, small letters, a blank or a leap second too. */
const Timestamp = z
  .string()
  .max(64)
  .regex(
    /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt ](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-][0-2]\d:[0-5]\d)$/,
    'must be a time such as 2026-01-28T18:42:00Z',
  )
const Pid = z.int().nonnegative()
const PatchPart = z.int().min(1)

const Hello = z.looseObject({
  /** The envelope's `sender_id`. */
  client_id: Id,
  role: z.enum(['publisher', 'subscriber']),
  /** Message types the client supports; and `diff_patch_parts`, see `DiffPatchResponse`. */
  capabilities: z.array(Word).max(capabilitiesMax),
  /** Of a publisher that represents an agent. */
  agent_id: MaybeId,
  pane_id: MaybeId,
  project_root: Path.nullish(),
})

/** It may be empty: the agent's pane is that of hello. */
const PaneId = MaybeId.unwrap().unwrap()

const V1AgentStatus = AgentStatus.extend({
  agent_id: Id,
  pane_id: PaneId,
  project_root: Path,
  cwd: Path.nullish(),
  message: z.string().nullish(),
})

const V1DiffSummary = DiffSummary.extend({
  agent_id: Id,
  repo_root: Path,
  files: z.array(DiffFile.extend({ path: FilePath })).max(diffFilesMax),
}).refine(({ git_available, reason }) => git_available || (reason ?? null) !== null, {
  path: ['reason'],
  message: 'must be given when git_available is false: not_git_repo, git_missing or error',
})

const DiffPatchRequest = z.looseObject({
  agent_id: Id,
  path: FilePath,
  /** Default: 3. */
  context_lines: z.int().min(0).max(10_000).nullish(),
  /** Default: true. */
  include_untracked: z.boolean().nullish(),
  request_id: MaybeId,
})

const DiffPatchResponse = z.looseObject({
  agent_id: Id,
  path: FilePath,
  status: DiffFile.shape.status,
  is_binary: z.boolean(),
  /** At most 1 MiB; null when there is none, and `error` says why. */
  patch: z
    .string()
    .refine((patch) => Buffer.byteLength(patch) <= v1PatchBytesMax, `has more than ${v1PatchBytesMax} bytes`)
    .nullable(),
  request_id: MaybeId,
  error: z.looseObject({ code: Word.nullish(), message: z.string().nullish() }).nullish(),
  /** From 1 to `parts`: this is a piece of the patch. Only to a client that lists `diff_patch_parts`. */
  part: PatchPart.nullish(),
  parts: PatchPart.nullish(),
})

const ActiveTask = z.looseObject({
  /** Taskmaster has numbers too. */
  id: z.union([z.string(), z.number().transform(String)]),
  title: z.string(),
  status: z.string(),
  priority: z.string().nullish(),
  active_agent: z.boolean().nullish(),
})

const V1TaskSummary = TaskSummary.extend({
  agent_id: Id,
  tag: z.string().max(256),
  active_tasks: z.array(ActiveTask).nullish(),
  error: z.looseObject({ code: z.string(), message: z.string().nullish() }).nullish(),
})

const TaskUpdate = z.looseObject({
  agent_id: Id,
  tag: z.string().max(256),
  action: z.enum(['update', 'add', 'delete']),
  task: z.looseObject({}),
})

const Heartbeat = z.looseObject({ agent_id: Id, pid: Pid, cwd: Path, last_update: Timestamp })

const V1Error = z.looseObject({
  code: Word,
  message: z.string(),
  component: z.enum(['hub', 'wrapper', 'taskmaster', 'mission-control']).nullish(),
  fatal: z.boolean().nullish(),
  context: z.looseObject({}).nullish(),
})

const head = {
  version: z.literal('1'),
  session_id: Id,
  sender_id: Id,
  timestamp: Timestamp,
  request_id: MaybeId,
}

/** Any message of the v1 websocket; the same both ways. */
export const V1Envelope = z.discriminatedUnion('type', [
  z.object({ ...head, type: z.literal('hello'), payload: Hello }),
  z.object({ ...head, type: z.literal('agent_status'), payload: V1AgentStatus }),
  z.object({ ...head, type: z.literal('diff_summary'), payload: V1DiffSummary }),
  z.object({ ...head, type: z.literal('diff_patch_request'), payload: DiffPatchRequest }),
  z.object({ ...head, type: z.literal('diff_patch_response'), payload: DiffPatchResponse }),
  z.object({ ...head, type: z.literal('task_summary'), payload: V1TaskSummary }),
  z.object({ ...head, type: z.literal('task_update'), payload: TaskUpdate }),
  z.object({ ...head, type: z.literal('heartbeat'), payload: Heartbeat }),
  z.object({ ...head, type: z.literal('error'), payload: V1Error }),
])
export type V1Envelope = z.infer<typeof V1Envelope>
export type V1Type = V1Envelope['type']
export type V1Message<T extends V1Type> = Extract<V1Envelope, { type: T }>
export type V1Payload<T extends V1Type> = V1Message<T>['payload']

/** The payload's schema of each message. */
export const v1Payloads = {
  hello: Hello,
  agent_status: V1AgentStatus,
  diff_summary: V1DiffSummary,
  diff_patch_request: DiffPatchRequest,
  diff_patch_response: DiffPatchResponse,
  task_summary: V1TaskSummary,
  task_update: TaskUpdate,
  heartbeat: Heartbeat,
  error: V1Error,
} as const satisfies Record<V1Type, z.ZodType>
export const v1Types = Object.keys(v1Payloads) as V1Type[]
