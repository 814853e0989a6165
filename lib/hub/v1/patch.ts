import * as z from 'zod'
import { lineBytesMax } from '../../wire/limits.js'
import type { ClientFrame, Command, CommandResult } from '../../wire/messages.js'
import { DiffFile } from '../../wire/source.js'
import type { V1Message, V1Payload } from '../../wire/v1.js'

/** What a v1 client asks for. */
export interface PatchAsked {
  requestId: string | null
  /** The agent as it was asked for, and as the hub knows it. */
  saidId: string
  agentId: string
  path: string
  contextLines: number | null
  includeUntracked: boolean | null
  /** Whether it takes the patch in parts. */
  inParts: boolean
  /** The piece that is asked for now. */
  part: number
}

/** What a `diff_patch_request` asks for. @param agentId the hub's id of the agent that it names. */
export function patchAsked(
  { request_id: outer, payload }: V1Message<'diff_patch_request'>,
  agentId: string,
  inParts: boolean,
): PatchAsked {
  return {
    requestId: payload.request_id || outer || null,
    saidId: payload.agent_id,
    agentId,
    path: payload.path,
    contextLines: payload.context_lines ?? null,
    includeUntracked: payload.include_untracked ?? null,
    inParts,
    part: 1,
  }
}

/** The next piece of a patch that is taken in parts. */
export interface NextPart {
  part: number
  patchId: string
}

/** The same as a command of the hub. */
export function patchCommand(asked: PatchAsked, next: NextPart | null): ClientFrame<'command'>['payload'] {
  return {
    command: 'get_diff_patch',
    target_agent_id: asked.agentId,
    args: {
      path: asked.path,
      ...(asked.contextLines !== null && { context_lines: asked.contextLines }),
      ...(asked.includeUntracked !== null && { include_untracked: asked.includeUntracked }),
      ...(asked.inParts && { part: next?.part ?? 1, ...(next && { patch_id: next.patchId }) }),
    },
  }
}

/** What a `get_diff_patch` has for its result; of one that failed, what is known all the same. */
const Result = z
  .object({
    status: DiffFile.shape.status.optional().catch(undefined),
    is_binary: z.boolean().optional().catch(undefined),
    patch: z.string().nullish().catch(null),
    old_path: z.string().optional().catch(undefined),
    part: z.int().optional().catch(undefined),
    parts: z.int().optional().catch(undefined),
    patch_id: z.string().optional().catch(undefined),
  })
  .catch({})

/**
 * The answer to a v1 client, and the piece that is to be asked for after it.
 * @param fileStatus how the file stands in the agent's diff, for an answer that does not say.
 */
export function patchResponse(
  asked: PatchAsked,
  result: CommandResult,
  fileStatus: string | undefined,
): { payload: V1Payload<'diff_patch_response'>; next: NextPart | null } {
  const told = Result.parse(result.result ?? {})
  const known = DiffFile.shape.status.safeParse(fileStatus)
  const patch = result.status === 'ok' ? (told.patch ?? null) : null
  const { part, parts, patch_id: patchId } = told
  const isPiece = patch !== null && part !== undefined && parts !== undefined && parts > 1
  const error = patch === null ? faultOf(result) : null
  return {
    payload: {
      agent_id: asked.saidId,
      path: asked.path,
      status: told.status ?? (known.success ? known.data : 'modified'),
      is_binary: told.is_binary ?? false,
      patch,
      ...(told.old_path !== undefined && { old_path: told.old_path }),
      ...(asked.requestId !== null && { request_id: asked.requestId }),
      ...(isPiece && { part, parts }),
      ...(error && { error }),
    },
    // A piece that was not asked for leads nowhere.
    next:
      isPiece && part === asked.part && part < parts && patchId !== undefined
        ? { part: part + 1, patchId }
        : null,
  }
}

function faultOf({ error, message }: CommandResult): { code: string; message: string } {
  if (!error) return { code: 'patch_unavailable', message: message || 'error: the agent gave no patch' }
  // How a Pulse client gets it is no help to a v1 client.
  const inV1 = error.message.replace(
    /Ask for its parts.*$/,
    'A client that lists diff_patch_parts at hello gets it in parts.',
  )
  return { code: error.code, message: inV1 }
}

const Args = z.object({
  path: z.string(),
  context_lines: z.int().nullish(),
  include_untracked: z.boolean().nullish(),
  part: z.int().nullish(),
})
export type PatchArgs = z.infer<typeof Args>

/** The arguments of a `get_diff_patch` that the hub has checked; null for any other command. */
export function patchArgs({ command, args }: Command): PatchArgs | null {
  if (command !== 'get_diff_patch') return null
  const parsed = Args.safeParse(args)
  return parsed.success ? parsed.data : null
}

/** The request that a v1 publisher is sent for it. */
export function patchRequest(
  args: PatchArgs,
  saidId: string,
  requestId: string,
): V1Payload<'diff_patch_request'> {
  return {
    agent_id: saidId,
    path: args.path,
    context_lines: args.context_lines ?? 3,
    include_untracked: args.include_untracked ?? true,
    request_id: requestId,
  }
}

const meaning: Readonly<Record<string, string>> = {
  binary: 'There is no text in this file.',
  too_large: `The patch does not fit one message of ${lineBytesMax} bytes.`,
}

/** What a v1 publisher's answer comes to. Its patch is one piece, however it was asked for. */
export function patchResult(
  { path, status, is_binary, patch, error, parts: pieces }: V1Payload<'diff_patch_response'>,
  agentId: string,
  args: PatchArgs,
): CommandResult {
  const result = { agent_id: agentId, path, status, is_binary, patch }
  // A piece is not the patch.
  const isPiece = (pieces ?? 1) > 1
  if (patch !== null && !error && !isPiece) {
    const parts = args.part ? { part: 1, parts: 1, patch_id: 'whole' } : {}
    return {
      command: 'get_diff_patch',
      status: 'ok',
      message: `${status}: ${path}`,
      result: { ...result, ...parts },
    }
  }
  const said = error?.message || (is_binary ? 'binary' : isPiece ? 'too_large' : 'error')
  // Seed 000 has the bare words `binary` and `too_large`; Pulse clients look for a word and a colon.
  const message = /^[a-z_]+$/.test(said) ? `${said}: ${meaning[said] ?? 'The agent gave no patch.'}` : said
  return {
    command: 'get_diff_patch',
    status: 'error',
    message,
    error: { code: 'patch_unavailable', message },
    result: { ...result, patch: null },
  }
}
