import t from 'tap'
import type { AgentState, StateChange } from '../../lib/wire/messages.js'
import { Settling } from '../../lib/pulse/settle.js'

const state = (pane: string, lifecycle: AgentState['lifecycle'], beatMs = 0): AgentState => ({
  agent_id: `s::${pane}`,
  session_id: 's',
  pane_id: pane,
  lifecycle,
  last_heartbeat_ms: beatMs,
  updated_at_ms: beatMs,
})
const upsert = (pane: string, lifecycle: AgentState['lifecycle'], beatMs = 0): StateChange => ({
  op: 'upsert',
  agent_id: `s::${pane}`,
  state: state(pane, lifecycle, beatMs),
})
const remove = (pane: string): StateChange => ({ op: 'remove', agent_id: `s::${pane}` })
const told = (changes: StateChange[]): string[] =>
  changes.map(
    (change) =>
      `${change.op} ${change.agent_id}${change.op === 'upsert' ? ` ${change.state.lifecycle}` : ''}`,
  )

/** Two agents, and a hub that was then killed and started anew. */
function afterRestart(): Settling {
  const settling = new Settling()
  settling.take(
    { kind: 'reset', seq: 2, changes: [upsert('1', 'running'), upsert('2', 'idle')], resume: null },
    0,
  )
  const resume = { mode: 'snapshot' as const, reason: 'epoch_changed' }
  t.strictSame(
    settling.take({ kind: 'reset', seq: 65_536, changes: [remove('1'), remove('2')], resume }, 1_000),
    [],
  )
  return settling
}

void t.test('a restart of the hub, its agents back as they were: nothing to tell', async (t) => {
  const settling = afterRestart()
  t.strictSame(
    told(settling.take({ kind: 'changes', seq: 65_537, changes: [upsert('1', 'running', 7)] }, 2_000)),
    [],
  )
  t.strictSame(
    told(settling.take({ kind: 'changes', seq: 65_538, changes: [upsert('2', 'idle', 8)] }, 2_500)),
    [],
  )
  t.equal(settling.dueMs, null)
  t.strictSame(settling.expire(60_000), [])
})

void t.test('what has changed meanwhile is told, what does not come back is gone', async (t) => {
  const settling = afterRestart()
  t.strictSame(
    told(settling.take({ kind: 'changes', seq: 65_537, changes: [upsert('1', 'needs_input')] }, 2_000)),
    ['upsert s::1 needs_input'],
  )
  t.equal(settling.dueMs, 6_000)
  t.strictSame(settling.expire(5_999), [])
  t.strictSame(settling.expire(6_000), [{ op: 'remove', agent_id: 's::2', seq: 65_536 }])
  t.strictSame(settling.expire(60_000), [])
})

void t.test('other losses are told at once', async (t) => {
  const settling = new Settling()
  settling.take({ kind: 'reset', seq: 2, changes: [upsert('1', 'running')], resume: null }, 0)
  const resume = { mode: 'snapshot' as const, reason: 'too_old' }
  t.strictSame(told(settling.take({ kind: 'reset', seq: 9, changes: [remove('1')], resume }, 0)), [
    'remove s::1',
  ])
  t.strictSame(told(settling.take({ kind: 'changes', seq: 10, changes: [upsert('1', 'idle')] }, 0)), [
    'upsert s::1 idle',
  ])
  t.strictSame(told(settling.take({ kind: 'changes', seq: 11, changes: [remove('1'), remove('1')] }, 0)), [
    'remove s::1',
  ])
})
