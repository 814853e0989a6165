import * as z from 'zod'
import type { CommandResult } from '../wire/messages.js'

/** What a part comes with; docs/PROTOCOL.md, "get_diff_patch". */
const Part = z.looseObject({
  patch: z.string(),
  part: z.int().min(1),
  parts: z.int().min(1).max(1_000),
  patch_id: z.string(),
})

/**
 * Asks for all parts of a patch, one after the other, and joins them.
 * @param ask gives `get_diff_patch` with these arguments; what it throws goes on.
 * @returns the result with the whole patch; the first one that is not ok, or that tells nothing of parts, as it came.
 */
export async function wholePatch(
  ask: (args: Record<string, unknown>) => Promise<CommandResult>,
  args: Record<string, unknown>,
): Promise<CommandResult> {
  let whole = ''
  let patchId: string | undefined
  for (let part = 1; ; part++) {
    const answer = await ask({ ...args, part, ...(patchId !== undefined && { patch_id: patchId }) })
    const given = Part.safeParse(answer.result)
    if (answer.status !== 'ok' || !given.success) return answer
    const { part: _, parts, patch_id: id, patch, ...about } = given.data
    whole += patch
    patchId = id
    if (part >= parts) return { ...answer, result: { ...about, patch: whole } }
  }
}
