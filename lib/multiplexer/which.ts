import type { Env } from '../wire/identity.js'
import type { LayoutState } from '../wire/messages.js'

export type Multiplexer = LayoutState['multiplexer']

/** The multiplexer around a session: zellij when the hub was started inside it or the session is named after it, else tmux. */
export function multiplexerOf(sessionId: string, env: Env): Multiplexer {
  return env['ZELLIJ'] !== undefined || env['ZELLIJ_SESSION_NAME'] === sessionId ? 'zellij' : 'tmux'
}
