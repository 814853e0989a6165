import t from 'tap'
import type { AgentState, Lifecycle } from '../../lib/wire/messages.js'
import { Waiting } from '../../lib/pulse/wait.js'

const state = (lifecycle: Lifecycle, launch: string | undefined = 'a', since = 1): AgentState => ({
  agent_id: 's::1',
  session_id: 's',
  pane_id: '1',
  lifecycle,
  source: { launch_id: launch, status: { since_ms: since } },
})
const waitingFor = (first: AgentState, wanted: Lifecycle[], next = false): Waiting =>
  new Waiting(first, new Set(wanted), next)
const upsert = (to: AgentState) => ({ op: 'upsert' as const, agent_id: to.agent_id, state: to, seq: 1 })
const removed = { op: 'remove' as const, agent_id: 's::1', seq: 1 }

void t.test('what becomes of an agent ends the waiting', async (t) => {
  t.match(waitingFor(state('idle'), ['idle']).begin(), { kind: 'reached' }, 'it is so already')
  const waiting = waitingFor(state('running'), ['idle', 'error'])
  t.equal(waiting.begin(), null)
  t.equal(waiting.take(upsert(state('needs_input'))), null)
  t.equal(waiting.take({ ...upsert({ ...state('idle'), agent_id: 's::2' }) }), null, 'another agent')
  t.match(waiting.take(upsert(state('error'))), { kind: 'reached', state: { lifecycle: 'error' } })
  t.match(waiting.take(upsert(state('offline'))), { kind: 'gone', why: 'it has ended' })
  t.match(waiting.take(removed), { kind: 'gone' })
  t.match(waiting.take(upsert(state('idle', 'b'))), { kind: 'gone', why: 'it was started again' })
})

void t.test('offline is reached by a removal too', async (t) => {
  t.match(waitingFor(state('running'), ['offline']).take(removed), {
    kind: 'reached',
    state: { lifecycle: 'offline' },
  })
})

void t.test('next: the state it is in has to be left first', async (t) => {
  const waiting = waitingFor(state('needs_input', 'a', 1), ['needs_input'], true)
  t.equal(waiting.begin(), null)
  t.equal(waiting.take(upsert(state('needs_input', 'a', 1))), null, 'told again')
  t.match(waiting.take(upsert(state('needs_input', 'a', 2))), { kind: 'reached' }, 'asked anew')
  const left = waitingFor(state('idle', 'a', 1), ['idle'], true)
  t.equal(left.take(upsert(state('running', 'a', 2))), null)
  t.match(left.take(upsert(state('idle', 'a', 3))), { kind: 'reached' })
})
