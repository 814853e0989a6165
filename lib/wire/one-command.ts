import { randomBytes } from 'node:crypto'
import { openConnection } from './connection.js'
import { encodeLine } from './encode.js'
import { commandDeadlineMs } from './limits.js'
import type { AgentState, CommandResult } from './messages.js'

/** A hub that does not answer, or refuses; `message` says which and what to do. */
export class NoHubError extends Error {
  override readonly name = 'NoHubError'
}

export interface OneCommand {
  socketPath: string
  sessionId: string
  command: string
  /** The agent for which it is, by the states of the session; null for a command of the hub. */
  target: (states: AgentState[]) => string | null
  args: Record<string, unknown>
}

/** A hub answers by its deadline; a moment more is given to the way back. */
const patienceMs = commandDeadlineMs + 2_000

/**
 * Connects, gives one command, and waits for its terminal result.
 * @throws {NoHubError} when no hub answers, and whatever `target` throws.
 */
export function giveOneCommand(one: OneCommand): Promise<CommandResult> {
  const { socketPath, sessionId, command, args } = one
  const senderId = `cli-${process.pid}-${randomBytes(3).toString('hex')}`
  const requestId = randomBytes(6).toString('hex')
  return new Promise((resolve, reject) => {
    let refusal: string | null = null
    const settle = (act: () => void): void => {
      clearTimeout(timer)
      connection.destroy()
      act()
    }
    const timer = setTimeout(
      () =>
        settle(() =>
          reject(new NoHubError(`the hub on ${socketPath} has not answered within ${patienceMs / 1_000} s`)),
        ),
      patienceMs,
    )
    const head = () => ({ sessionId, senderId, timestamp: new Date().toISOString() })
    const connection = openConnection(socketPath, {
      onOpen: () => {
        const hello = { client_id: senderId, role: 'subscriber' } as const
        connection.send(encodeLine('hello', head(), { ...hello, capabilities: ['command_result', 'error'] }))
      },
      onFrame: (frame) => {
        if (frame.type === 'snapshot') {
          try {
            const target = one.target(frame.payload.states)
            const payload = { command, args, ...(target !== null && { target_agent_id: target }) }
            connection.send(encodeLine('command', { ...head(), requestId }, payload))
          } catch (error) {
            settle(() => reject(error))
          }
        } else if (frame.type === 'command_result' && frame.request_id === requestId) {
          if (frame.payload.status !== 'accepted') settle(() => resolve(frame.payload))
        } else if (frame.type === 'error') {
          refusal = frame.payload.message
        }
      },
      onClose: (error) => {
        const why = refusal ?? error?.message ?? 'it closed the connection'
        settle(() =>
          reject(new NoHubError(`no hub of session ${sessionId} answers on ${socketPath}: ${why}`)),
        )
      },
    })
  })
}
