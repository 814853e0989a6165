import type { Log } from '../../wire/log.js'
import type { CommandResult, HubEnvelope, StateChange, Topic } from '../../wire/messages.js'
import type { Alerts } from '../../wire/notice/alerts.js'
import { startHubProcess } from '../../wire/start-hub.js'
import { Subscriber } from '../../wire/subscriber.js'
import type { Event } from '../model/event.js'
import { Settling, type Settled } from '../settle.js'

export interface HubSourceOptions {
  sessionId: string
  socketPath: string
  topics: Topic[]
  sinceSeq?: number | undefined
  /** Where a hub that has to be started logs; absent when none may be started. */
  hubLogDir?: string | undefined
  /** Who is told when an agent needs the person. */
  alerts?: Alerts | undefined
  log: Log
  onEvent: (event: Event) => void
  /** Any frame that is no event of the model's. */
  onFrame?: ((frame: HubEnvelope) => void) | undefined
}

export interface HubSource {
  readonly subscriber: Subscriber
  /** See `HubClient.request`; null also when there is no connection. */
  request(
    command: string,
    target: string | null,
    args: Record<string, unknown>,
  ): Promise<CommandResult | null>
  close(): Promise<void>
}

/** How often it is looked who has not come back to a new hub. */
const settleMs = 500

/** What the hub of a session says, as events of the model. Connects, starts a hub if it may, and resumes. */
export function openHubSource(options: HubSourceOptions): HubSource {
  const { sessionId, socketPath, topics, sinceSeq, hubLogDir, alerts, log, onEvent } = options
  const settling = new Settling()
  let wasLive = false
  /** Nobody is told of what was there before. */
  let isFirst = true

  const tell = (changes: readonly Settled[]): void => {
    for (const change of changes) alert(change)
    // A removal that was held back comes with the seq that it had.
    const seq = subscriber.replica.seq ?? changes.at(-1)?.seq ?? 0
    onEvent({ kind: 'changes', sessionId, changes, seq, epoch: subscriber.replica.token?.epoch ?? null })
  }
  const alert = (change: StateChange): void => {
    if (change.op === 'remove') alerts?.forget(change.agent_id)
    else if (isFirst) alerts?.prime([change.state])
    else alerts?.take(change.state)
  }

  const subscriber = new Subscriber({
    clientId: `pulse-${process.pid}`,
    sessionId,
    socketPath,
    topics,
    log,
    ...(sinceSeq !== undefined && { sinceSeq }),
    ...(hubLogDir !== undefined && {
      startHub: () => startHubProcess({ sessionId, socketPath, logDir: hubLogDir }),
    }),
    onChange: (applied) => {
      tell(settling.take(applied, performance.now()))
      isFirst = false
      if (applied.kind === 'reset' && applied.resume?.reason === 'lagging')
        onEvent({ kind: 'link', sessionId, link: { kind: 'live', laggedMs: Date.now() } })
    },
    onCaughtUp: () => {
      wasLive = true
      isFirst = false
      onEvent({ kind: 'link', sessionId, link: { kind: 'live', laggedMs: null } })
    },
    onFrame: (frame) => {
      const event = eventOf(frame, sessionId, Date.now())
      if (event !== null) onEvent(event)
      options.onFrame?.(frame)
    },
    onDown: (reason) => onEvent({ kind: 'link', sessionId, link: { kind: 'lost', reason, wasLive } }),
  })
  onEvent({ kind: 'session', sessionId, socketPath })
  subscriber.open()
  const settle = setInterval(() => {
    const nowMs = performance.now()
    if ((settling.dueMs ?? Number.POSITIVE_INFINITY) <= nowMs) tell(settling.expire(nowMs))
  }, settleMs)
  return {
    subscriber,
    request: (command, target, args) => subscriber.request(command, target, args),
    async close() {
      clearInterval(settle)
      await subscriber.close()
    },
  }
}

function eventOf(frame: HubEnvelope, sessionId: string, nowMs: number): Event | null {
  if (frame.type === 'heartbeat') {
    const { agent_id: agentId, last_heartbeat_ms: atMs } = frame.payload
    return { kind: 'heartbeat', sessionId, agentId, atMs, latencyMs: latencyOf(frame.timestamp, nowMs) }
  }
  if (frame.type === 'health') return { kind: 'health', sessionId, health: frame.payload }
  return frame.type === 'layout_state' ? { kind: 'layout', sessionId, layout: frame.payload } : null
}

/** From the hub's clock to ours: the same machine's. */
function latencyOf(timestamp: string, nowMs: number): number | null {
  const atMs = Date.parse(timestamp)
  return Number.isNaN(atMs) ? null : Math.max(0, nowMs - atMs)
}
