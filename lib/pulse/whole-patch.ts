import * as z from 'zod'
import type { CommandResult } from '../wire/messages.js'

/** What a part comes with; docs/PROTOCOL.md, "get_diff_patch". */
const Part = z.looseObject({
  patch: z.string(),
  part: z.int().min(1),
  parts: z.int().min(1).max(1_000),
  patch_id: z.string(),
})

/** No patch has more bytes, and so none more characters; docs/PROTOCOL.md, "get_diff_patch". */
const patchCharsMax = 1_048_576

/** Who is told how far it is, and who may end it. */
export interface PatchWait {
  /** Once it is aborted, nothing more is asked for. */
  readonly signal?: AbortSignal
  /** Of several parts this one is asked for now; the first was not known to be one of several. */
  readonly onPart?: (part: number, parts: number) => void
}

/**
 * Asks for all parts of a patch, one after the other, and joins them.
 * @param ask gives `get_diff_patch` with these arguments; what it throws goes on.
 * @returns the result with the whole patch; the first one that is not ok, or that tells nothing of parts, as it came.
 * @throws the signal's reason, when it was aborted between two parts.
 */
export async function wholePatch<R extends CommandResult | null>(
  ask: (args: Record<string, unknown>) => Promise<R>,
  args: Record<string, unknown>,
  { signal, onPart }: PatchWait = {},
): Promise<R> {
  let whole = ''
  let patchId: string | undefined
  for (let part = 1; ; part++) {
    const answer = await ask({ ...args, part, ...(patchId !== undefined && { patch_id: patchId }) })
    signal?.throwIfAborted()
    const given = Part.safeParse(answer?.result)
    if (answer?.status !== 'ok' || !given.success) return answer
    const { part: is, parts, patch_id: id, patch, ...about } = given.data
    whole += patch
    const isOfAnother = is !== part || (patchId !== undefined && id !== patchId)
    if (isOfAnother || whole.length > patchCharsMax) {
      const message = isOfAnother
        ? 'error: The agent gave another part than the one it was asked for.'
        : 'too_large: The agent gave more than a patch may have.'
      return {
        ...answer,
        status: 'error',
        message,
        error: { code: 'patch_unavailable', message },
        result: about,
      }
    }
    patchId = id
    if (part >= parts) return { ...answer, result: { ...about, patch: whole } }
    onPart?.(part + 1, parts)
  }
}
