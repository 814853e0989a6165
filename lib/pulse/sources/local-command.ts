import { focus } from '../../multiplexer/focus.js'
import { runProgram } from '../../multiplexer/run-program.js'
import { readPatch } from '../../project/patch.js'
import { parseCommand } from '../../wire/commands.js'
import { CommandError } from '../../wire/errors.js'
import type { Env } from '../../wire/identity.js'
import type { AgentState, CommandResult } from '../../wire/messages.js'
import { rowOf } from '../row.js'

/** Where a command is done when no hub can pass it on. */
export interface LocalPlace {
  sessionId: string
  env: Env
  /** The agent that is meant, as it was found; null when none is. */
  agent: AgentState | null
  /** Where files are when no agent is meant. */
  projectRoot: string
}

/** Does what can be done of a command without a hub: going to a pane, reading a patch. Never throws. */
export async function doLocally(
  command: string,
  args: Record<string, unknown>,
  place: LocalPlace,
): Promise<CommandResult> {
  try {
    const parsed = parseCommand({ command, args })
    if (parsed.target === 'hub') return await focus(parsed, place.sessionId, place.env, runProgram)
    if (parsed.name !== 'get_diff_patch')
      throw new CommandError(
        'publisher_missing',
        'no hub runs that could pass it on; start one with: aoc-hub',
      )
    const { path, context_lines: contextLines, include_untracked: includeUntracked } = parsed.args
    return await patchOf(path, place, { contextLines, includeUntracked })
  } catch (error) {
    const message = (error as Error).message
    const code = error instanceof CommandError ? error.code : 'invalid_args'
    return { command, status: 'error', message, error: { code, message } }
  }
}

async function patchOf(
  path: string,
  { agent, projectRoot, env }: LocalPlace,
  asked: { contextLines: number | undefined; includeUntracked: boolean | undefined },
): Promise<CommandResult> {
  const { contextLines, includeUntracked } = asked
  const result = await readPatch({
    projectRoot: (agent === null ? '' : rowOf(agent).projectRoot) || projectRoot,
    env,
    path,
    ...(contextLines !== undefined && { contextLines }),
    ...(includeUntracked !== undefined && { includeUntracked }),
  })
  if (!result.ok) throw new CommandError('patch_unavailable', result.message)
  const { ok: _, ...patch } = result
  return { command: 'get_diff_patch', status: 'ok', message: `${patch.status}: ${patch.path}`, result: patch }
}
