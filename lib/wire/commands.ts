import * as z from 'zod'
import { CommandError } from './errors.js'
import { screenRowsDefault, screenRowsMax } from './limits.js'
import type { Command } from './messages.js'
import { reportable } from './reportable.js'

/**
 * The commands and their arguments. Seed 001, "command"; design: Commands.
 * An agent command goes to the wrapper of `target_agent_id`; a hub command is done by the hub itself.
 */

const detail = z.string().max(1_000)

const agentArgs = {
  /** Ends the agent: SIGINT, SIGTERM, SIGKILL, each when the one before did not. */
  stop_agent: z.looseObject({ reason: z.string().max(1_000).optional() }),
  /**
   * Writes to the agent's terminal; `submit` adds Enter. With `expected_since_ms`, the `since_ms` of the status that it
   * answers, it is refused once that status has passed.
   */
  send_input: z.looseObject({
    text: z.string().max(65_536),
    submit: z.boolean().optional(),
    expected_since_ms: z.int().nonnegative().optional(),
  }),
  /**
   * What the agent's terminal shows now: its last `rows` rows down to the last that is not blank, as plain text under
   * `result.lines`, and the terminal's `columns` and `rows`.
   */
  get_screen: z.looseObject({ rows: z.int().min(1).max(screenRowsMax).default(screenRowsDefault) }),
  /**
   * The unified diff of one file against HEAD, under `result.patch`. Without `part` all of it, if it fits a frame; with
   * `part`, from 1, that piece of it, and how many there are. `patch_id` is what the first piece came with: the others
   * are of the same patch.
   */
  get_diff_patch: z
    .looseObject({
      path: z.string().min(1).max(4_096),
      context_lines: z.int().min(0).max(10_000).optional(),
      include_untracked: z.boolean().optional(),
      part: z.int().min(1).optional(),
      patch_id: z.string().min(1).max(64).optional(),
    })
    .refine((args) => args.part !== undefined || args.patch_id === undefined, {
      path: ['part'],
      message: 'patch_id goes with a part (from 1)',
    })
    .refine((args) => args.part === undefined || args.part === 1 || args.patch_id !== undefined, {
      path: ['patch_id'],
      message: 'a part after the first is asked for with the patch_id that the first came with',
    }),
  /** Publishes the agent's whole state again, git and tasks read anew. */
  refresh: z.looseObject({}),
  /** Why the agent's status is what it is, under `result`. */
  explain: z.looseObject({}),
  /** What the agent, or a script in its pane, says of itself. */
  report: z.looseObject({ lifecycle: z.enum(reportable), detail: detail.optional() }),
} as const

const hubArgs = {
  /** Shows a tab, by its number from 1 or by its name. */
  focus_tab: z
    .looseObject({
      tab_index: z.int().min(1).optional(),
      tab_name: z.string().trim().min(1).max(256).optional(),
    })
    .refine((args) => (args.tab_index === undefined) !== (args.tab_name === undefined), {
      message: 'give either tab_index (from 1) or tab_name',
    }),
  /** Shows a pane and gives it the keyboard. */
  focus_pane: z.looseObject({ pane_id: z.string().min(1).max(64) }),
} as const

export type AgentCommandName = keyof typeof agentArgs
export type HubCommandName = keyof typeof hubArgs
export const agentCommandNames = Object.keys(agentArgs) as AgentCommandName[]
export const hubCommandNames = Object.keys(hubArgs) as HubCommandName[]

export type AgentCommand = {
  [N in AgentCommandName]: { target: 'agent'; name: N; args: z.infer<(typeof agentArgs)[N]> }
}[AgentCommandName]
export type HubCommand = {
  [N in HubCommandName]: { target: 'hub'; name: N; args: z.infer<(typeof hubArgs)[N]> }
}[HubCommandName]

/**
 * The command of a `command` payload, its arguments checked.
 * @throws {CommandError} `unsupported_command` with the list of commands, `invalid_args` with the argument.
 */
export function parseCommand(payload: Command): AgentCommand | HubCommand {
  const name = payload.command
  const args = payload.args ?? {}
  if (Object.hasOwn(agentArgs, name)) {
    const known = name as AgentCommandName
    return { target: 'agent', name: known, args: checkArgs(name, agentArgs[known], args) } as AgentCommand
  }
  if (Object.hasOwn(hubArgs, name)) {
    const known = name as HubCommandName
    return { target: 'hub', name: known, args: checkArgs(name, hubArgs[known], args) } as HubCommand
  }
  const all = [...agentCommandNames, ...hubCommandNames].join(', ')
  throw new CommandError('unsupported_command', `no command ${JSON.stringify(name)}; there are: ${all}`)
}

function checkArgs(name: string, schema: z.ZodType, args: unknown): unknown {
  const parsed = schema.safeParse(args)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const where = issue?.path.length ? `args.${issue.path.join('.')}: ` : ''
  throw new CommandError('invalid_args', `${name}: ${where}${issue?.message ?? 'invalid'}`)
}

/** The names of a command's arguments; null for a command that is not known. */
export function argumentNames(name: string): string[] | null {
  if (Object.hasOwn(agentArgs, name)) return Object.keys(agentArgs[name as AgentCommandName].shape)
  return Object.hasOwn(hubArgs, name) ? Object.keys(hubArgs[name as HubCommandName].shape) : null
}
