import t from 'tap'
import { Burst } from '../../lib/pulse/burst.js'
import type { Event } from '../../lib/pulse/model/event.js'
import type { AgentState, StateChange } from '../../lib/wire/messages.js'

function upsert(id: string, snippet: string): StateChange {
  const state: AgentState = { agent_id: id, session_id: 's', pane_id: id, lifecycle: 'running', snippet }
  return { op: 'upsert', agent_id: id, state }
}

function changes(sessionId: string, seq: number, ...of: StateChange[]): Event {
  return { kind: 'changes', sessionId, changes: of, seq, epoch: 'e' }
}

function heartbeat(agentId: string, atMs: number): Event {
  return { kind: 'heartbeat', sessionId: 's', agentId, atMs, latencyMs: null }
}

void t.test('of each agent the last change stays, with the last seq of its session', async (t) => {
  const burst = new Burst()
  t.ok(burst.add(changes('s', 1, upsert('a', 'one'), upsert('b', 'one'))))
  t.ok(burst.add(changes('r', 7, upsert('a', 'of another session'))))
  t.ok(burst.add(changes('s', 2, upsert('a', 'two'))))
  t.ok(burst.add(changes('s', 3, { op: 'remove', agent_id: 'b' })))
  t.same(burst.take(), [
    changes('s', 3, upsert('a', 'two'), { op: 'remove', agent_id: 'b' }),
    changes('r', 7, upsert('a', 'of another session')),
  ])
  t.same(burst.take(), [], 'and waits no more')
})

void t.test('signs of life come before what removes their agent', async (t) => {
  const burst = new Burst()
  burst.add(heartbeat('a', 1))
  burst.add(changes('s', 1, { op: 'remove', agent_id: 'a' }))
  burst.add(heartbeat('b', 2))
  burst.add(heartbeat('a', 3))
  t.same(burst.take(), [
    heartbeat('a', 3),
    heartbeat('b', 2),
    changes('s', 1, { op: 'remove', agent_id: 'a' }),
  ])
})

void t.test('nothing else waits', async (t) => {
  const burst = new Burst()
  t.notOk(burst.add({ kind: 'tick' }))
  t.notOk(burst.add({ kind: 'resize', columns: 80, rows: 24 }))
  t.same(burst.take(), [])
})
