import { WireError } from '../wire/errors.js'
import { agentId, paneOf } from '../wire/identity.js'
import { lineBytesMax } from '../wire/limits.js'
import { baselineTopics, type HelloInput, type HubFrame, type HubHealth } from '../wire/messages.js'
import type { Role } from './client.js'
import { hubSenderId } from './frames.js'

const capabilities = [
  'hello',
  'subscribe',
  'snapshot',
  'delta',
  'heartbeat',
  'command',
  'command_result',
  'error',
]

/** What the hub says of itself, to a client that lists `hello`. */
export function helloOf(hub: HubHealth, watchesLayout: boolean): HubFrame<'hello'>['payload'] {
  return {
    client_id: hubSenderId,
    role: 'hub',
    capabilities: watchesLayout ? [...capabilities, 'layout_state'] : capabilities,
    epoch: hub.epoch,
    seq: hub.seq,
    max_frame_bytes: lineBytesMax,
    hub_version: hub.hub_version,
    pid: hub.pid,
    agents: hub.agents,
    ...(hub.v1?.listening && { v1_url: hub.v1.url }),
  }
}

/**
 * What a connection becomes by its hello. A subscriber that does not list `subscribe` is subscribed by it.
 * @param bookmarkMs when its first bookmark is due.
 * @throws {WireError} `agent_id_mismatch` for a publisher without an agent of this session.
 * Seed 001, "hello"; design: hello.
 */
export function roleOf(hello: HelloInput, sessionId: string, bookmarkMs: number): Role {
  if (hello.role === 'publisher') {
    const id = hello.agent_id ?? (hello.pane_id ? agentId(sessionId, hello.pane_id) : null)
    const pane = id === null ? null : paneOf(sessionId, id)
    if (id !== null && pane !== null)
      return { kind: 'publisher', agentId: id, paneId: pane, hasRemoved: false }
    const wanted = JSON.stringify(agentId(sessionId, '<pane_id>'))
    const message = `a publisher gives its pane_id, or an agent_id of the form ${wanted}`
    throw new WireError('agent_id_mismatch', message)
  }
  const subscribesLater = hello.capabilities?.includes('subscribe') === true
  return {
    kind: 'subscriber',
    topics: new Set(subscribesLater ? [] : baselineTopics),
    stream: subscribesLater ? { kind: 'off' } : { kind: 'catching_up', since: null, lagged: false },
    bookmarkMs,
  }
}
