import type { AgentState } from '../../wire/messages.js'
import { rowOf } from '../row.js'
import type { Event } from './event.js'
import type { Agent, Model, Session } from './model.js'

type SourceEvent = Exclude<
  Event,
  { kind: 'checks' | 'intent' | 'resize' | 'trouble' | 'tick' | 'progress' | 'result' }
>

/** The model after something came from a source. Pure. */
export function withSource(model: Model, event: SourceEvent): Model {
  if (event.kind === 'session') return withSession(model, newSession(event, model.nowMs))
  const session = model.sessions.get(event.sessionId)
  if (session === undefined) return model
  if (event.kind === 'session_gone') {
    const sessions = new Map(model.sessions)
    sessions.delete(event.sessionId)
    return { ...model, sessions }
  }
  return withSession(model, changed(session, event, model.nowMs))
}

function withSession(model: Model, session: Session): Model {
  return { ...model, sessions: new Map(model.sessions).set(session.id, session) }
}

function newSession(
  { sessionId, socketPath }: { sessionId: string; socketPath: string },
  nowMs: number,
): Session {
  return {
    id: sessionId,
    socketPath,
    link: { kind: 'connecting' },
    linkMs: nowMs,
    hubAgents: new Map(),
    epoch: null,
    seq: null,
    heartbeats: new Map(),
    health: null,
    healthMs: null,
    latencyMs: null,
    layout: null,
    local: null,
  }
}

function changed(
  session: Session,
  event: Exclude<SourceEvent, { kind: 'session' | 'session_gone' }>,
  nowMs: number,
): Session {
  switch (event.kind) {
    case 'link':
      // Each attempt to connect that fails says so again.
      return {
        ...session,
        link: event.link,
        linkMs: event.link.kind === session.link.kind ? session.linkMs : nowMs,
        health: event.link.kind === 'live' ? session.health : null,
      }
    case 'changes': {
      const hubAgents = new Map(session.hubAgents)
      let { heartbeats } = session
      for (const change of event.changes) {
        if (change.op === 'upsert') {
          hubAgents.set(change.agent_id, agentOf(change.state))
          continue
        }
        hubAgents.delete(change.agent_id)
        heartbeats = without(heartbeats, change.agent_id)
      }
      return { ...session, hubAgents, heartbeats, seq: event.seq, epoch: event.epoch }
    }
    case 'heartbeat': {
      const heartbeats = new Map(session.heartbeats).set(event.agentId, event.atMs)
      return { ...session, heartbeats, latencyMs: event.latencyMs ?? session.latencyMs }
    }
    case 'health':
      return { ...session, health: event.health, healthMs: nowMs }
    case 'layout':
      return { ...session, layout: event.layout }
    case 'local': {
      const { found } = event
      if (found === null) return { ...session, local: null }
      const agents = new Map(found.states.map((state) => [state.agent_id, agentOf(state)]))
      return { ...session, local: { found, agents } }
    }
  }
}

function agentOf(state: AgentState): Agent {
  return { state, row: rowOf(state) }
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  if (!map.has(key)) return map
  const rest = new Map(map)
  rest.delete(key)
  return rest
}
