import { createHash } from 'node:crypto'
import type { PatchQuestion, PatchResult } from '../project/patch.js'
import type { AgentCommand } from '../wire/commands.js'
import { CommandError } from '../wire/errors.js'
import { stateBytesMax } from '../wire/limits.js'
import type { Clock } from './clock.js'
import { cutPatch, partResultBytesMax } from './patch-parts.js'

/** For how long after it was asked for a patch is kept, so that its other parts are of the same one. */
export const keptPatchMs = 30_000
/** So many are kept, the newest: two people may read at the same time. */
export const keptPatchesMax = 2

export interface PatchAnswersOptions {
  agentId: string
  projectRoot: string
  env: Record<string, string>
  clock: Clock
  /** `readPatch`. */
  read: (question: PatchQuestion) => Promise<PatchResult>
}

type PatchArgs = Extract<AgentCommand, { name: 'get_diff_patch' }>['args']
type Found = Omit<Extract<PatchResult, { ok: true }>, 'ok'>

/** A patch cut into parts. */
interface CutPatch {
  id: string
  found: Omit<Found, 'patch'>
  pieces: string[]
}

interface KeptPatch extends CutPatch {
  /** What was asked: the same is asked with each part. */
  asked: string
  /** Takes back its forgetting. */
  cancel: () => void
}

/** Answers `get_diff_patch`: a whole patch in one result, or one part after the other. Seed 000, "diff_patch_request". */
export class PatchAnswers {
  /** The one asked for last is the last. */
  #kept: KeptPatch[] = []

  constructor(private readonly options: PatchAnswersOptions) {}

  /** @throws {CommandError} `patch_unavailable` with what is known of the file; `invalid_args` for a part past the last. */
  answer(args: PatchArgs): Promise<{ message: string; result: unknown }> {
    return args.part === undefined ? this.#whole(args) : this.#part(args, args.part)
  }

  async #whole(args: PatchArgs): Promise<{ message: string; result: unknown }> {
    const found = await this.#read(args)
    const { status, path } = found
    const answer = { message: `${status}: ${path}`, result: { agent_id: this.options.agentId, ...found } }
    const bytes = Buffer.byteLength(JSON.stringify(answer))
    if (bytes <= stateBytesMax) return answer
    const text = `The patch takes ${bytes} bytes; ${stateBytesMax} fit a frame. Ask for its parts, from part 1 on.`
    throw this.#unavailable(`too_large: ${text}`, found)
  }

  async #part(args: PatchArgs, part: number): Promise<{ message: string; result: unknown }> {
    const asked = JSON.stringify([args.path, args.context_lines ?? null, args.include_untracked ?? null])
    const { id, found, pieces } = this.#keptOf(asked, args.patch_id) ?? (await this.#cut(args))
    if (args.patch_id !== undefined && args.patch_id !== id)
      throw this.#unavailable('changed: The file has another patch by now; ask again from part 1.', found)
    if (pieces.length > 1) this.#keep({ id, found, pieces, asked })
    const patch = pieces[part - 1]
    if (patch === undefined) {
      const message = `get_diff_patch: args.part: ${part}; the last one is ${pieces.length}`
      throw new CommandError('invalid_args', message)
    }
    const parts = pieces.length
    const result = { agent_id: this.options.agentId, ...found, patch, part, parts, patch_id: id }
    // Without the path, which may be as long as a part leaves no room for.
    return { message: `${found.status}: part ${part} of ${parts}`, result }
  }

  async #cut(args: PatchArgs): Promise<CutPatch> {
    const whole = await this.#read(args)
    const id = createHash('sha256').update(JSON.stringify(whole)).digest('hex').slice(0, 16)
    const { patch, ...found } = whole
    const most = Number.MAX_SAFE_INTEGER
    const around = {
      agent_id: this.options.agentId,
      ...found,
      part: most,
      parts: most,
      patch_id: id,
      patch: '',
    }
    const bytesMax = partResultBytesMax - (Buffer.byteLength(JSON.stringify(around)) - '""'.length)
    return { id, found, pieces: cutPatch(patch, bytesMax) }
  }

  /** @throws {CommandError} `patch_unavailable` when there is none. */
  async #read({ path, context_lines, include_untracked }: PatchArgs): Promise<Found> {
    const { projectRoot, env, read } = this.options
    const result = await read({
      projectRoot,
      env,
      path,
      ...(context_lines !== undefined && { contextLines: context_lines }),
      ...(include_untracked !== undefined && { includeUntracked: include_untracked }),
    })
    if (!result.ok) throw this.#unavailable(result.message, result)
    const { ok: _, ...found } = result
    return found
  }

  #unavailable(
    message: string,
    { path, status, is_binary }: Pick<PatchResult, 'path' | 'status' | 'is_binary'>,
  ): CommandError {
    const { agentId } = this.options
    const known = { agent_id: agentId, path, ...(status !== undefined && { status }), is_binary, patch: null }
    return new CommandError('patch_unavailable', message, known)
  }

  /** The first part is always read anew, unless it is asked for again. */
  #keptOf(asked: string, id: string | undefined): KeptPatch | undefined {
    return id === undefined ? undefined : this.#kept.find((kept) => kept.id === id && kept.asked === asked)
  }

  #keep(patch: CutPatch & { asked: string }): void {
    this.#forget(patch.id)
    const cancel = this.options.clock.after(keptPatchMs, () => this.#forget(patch.id))
    this.#kept.push({ ...patch, cancel })
    if (this.#kept.length > keptPatchesMax) this.#forget(this.#kept[0]!.id)
  }

  #forget(id: string): void {
    for (const kept of this.#kept) if (kept.id === id) kept.cancel()
    this.#kept = this.#kept.filter((kept) => kept.id !== id)
  }
}
