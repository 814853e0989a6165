import type { Lifecycle } from './messages.js'
import type { AgentStatus } from './source.js'

/** v1 has four words for what an agent does: one that waits for its person runs, and its message says so. */
const words: Record<Lifecycle, AgentStatus['status']> = {
  running: 'running',
  needs_input: 'running',
  idle: 'idle',
  error: 'error',
  offline: 'offline',
}

/** The `status` and `message` of a v1 `agent_status`. @param detail what is known beside the lifecycle, if anything. */
export function v1Status(
  lifecycle: Lifecycle,
  detail: string | null | undefined,
): Pick<AgentStatus, 'status' | 'message'> {
  const status = words[lifecycle]
  if (lifecycle === 'needs_input')
    return { status, message: detail ? `needs input: ${detail}` : 'needs input' }
  return detail ? { status, message: detail } : { status }
}
