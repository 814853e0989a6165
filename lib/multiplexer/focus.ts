import { CommandError } from '../wire/errors.js'
import type { HubCommand } from '../wire/commands.js'
import type { CommandResult } from '../wire/messages.js'
import type { Env } from '../wire/identity.js'
import type { Run } from './run-program.js'
import { focusTmux } from './tmux.js'
import { multiplexerOf } from './which.js'
import { focusZellij } from './zellij.js'

/** Shows a tab or a pane in the terminal multiplexer around the session. Never throws. */
export async function focus(
  command: HubCommand,
  sessionId: string,
  env: Env,
  run: Run,
): Promise<CommandResult> {
  try {
    const show = multiplexerOf(sessionId, env) === 'zellij' ? focusZellij : focusTmux
    const message = await show(command, sessionId, run)
    return { command: command.name, status: 'ok', message }
  } catch (error) {
    const message = (error as Error).message
    const code = error instanceof CommandError ? error.code : 'focus_failed'
    return { command: command.name, status: 'error', message, error: { code, message } }
  }
}
