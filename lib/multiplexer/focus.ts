import { CommandError } from '../wire/errors.js'
import type { HubCommand } from '../wire/commands.js'
import type { CommandResult } from '../wire/messages.js'
import type { Env } from '../wire/identity.js'
import type { Run } from './run-program.js'
import { focusTmux } from './tmux.js'
import { focusZellij } from './zellij.js'

/**
 * Shows a tab or a pane in the terminal multiplexer around the session: zellij when the hub was started inside it
 * or the session is named after it, tmux otherwise. Never throws.
 */
export async function focus(
  command: HubCommand,
  sessionId: string,
  env: Env,
  run: Run,
): Promise<CommandResult> {
  try {
    const isZellij = env['ZELLIJ'] !== undefined || env['ZELLIJ_SESSION_NAME'] === sessionId
    const message = isZellij
      ? await focusZellij(command, sessionId, run)
      : await focusTmux(command, sessionId, run)
    return { command: command.name, status: 'ok', message }
  } catch (error) {
    const message = (error as Error).message
    const code = error instanceof CommandError ? error.code : 'focus_failed'
    return { command: command.name, status: 'error', message, error: { code, message } }
  }
}
