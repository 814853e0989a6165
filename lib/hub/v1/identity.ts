import { agentId, paneOf } from '../../wire/identity.js'
import { idCharsMax } from '../../wire/limits.js'
import type { V1Payload } from '../../wire/v1.js'

/** Who a v1 publisher is. */
export interface V1Identity {
  sessionId: string
  /** The agent of the hub. */
  agentId: string
  paneId: string
  /** The agent id as the publisher says it. */
  saidId: string
  clientId: string
  projectRoot: string
}

/**
 * The agent that a v1 publisher represents: its `agent_id` when that is one of the session, else
 * `<session>::<pane_id>`, else its `agent_id` as a pane. Null for one that represents none.
 * @returns `foreign` for an agent of another session, `too_long` for an id that no frame could carry.
 * Seed 000, "Identity Model"; design: v1 websocket shim.
 */
export function identityOf(
  hello: V1Payload<'hello'>,
  sessionId: string,
): V1Identity | 'foreign' | 'too_long' | null {
  const { agent_id: said, pane_id: pane, client_id: clientId, project_root: projectRoot } = hello
  if (!said && !pane) return null
  const isOurs = said && paneOf(sessionId, said) !== null
  if (!isOurs && !pane && said?.includes('::')) return 'foreign'
  const id = isOurs ? said : agentId(sessionId, pane || said!)
  if (id.length > idCharsMax) return 'too_long'
  return {
    sessionId,
    agentId: id,
    paneId: paneOf(sessionId, id)!,
    saidId: said || id,
    clientId,
    projectRoot: projectRoot ?? '',
  }
}
