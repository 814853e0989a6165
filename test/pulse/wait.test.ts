import t from 'tap'
import type { AgentState, Lifecycle } from '../../lib/wire/messages.js'
import { backMs, Waiting } from '../../lib/pulse/wait.js'

const state = (lifecycle: Lifecycle, launch: string | undefined = 'a', since = 1): AgentState => ({
  agent_id: 's::1',
  session_id: 's',
  pane_id: '1',
  lifecycle,
  source: { launch_id: launch, status: { since_ms: since } },
})
/** As a wrapper says it, with where the status comes from. */
const said = (lifecycle: Lifecycle, origin: string, launch = 'a', since = 1): AgentState => ({
  ...state(lifecycle),
  source: { launch_id: launch, status: { since_ms: since, origin } },
})
const waitingFor = (first: AgentState, wanted: Lifecycle[], next = false): Waiting =>
  new Waiting(first, new Set(wanted), next)
const upsert = (to: AgentState) => ({ op: 'upsert' as const, agent_id: to.agent_id, state: to, seq: 1 })
const removed = { op: 'remove' as const, agent_id: 's::1', seq: 1 }

void t.test('what becomes of an agent ends the waiting', async (t) => {
  t.match(waitingFor(state('idle'), ['idle']).begin(), { kind: 'reached' }, 'it is so already')
  const waiting = waitingFor(state('running'), ['idle', 'error'])
  t.equal(waiting.begin(), null)
  t.equal(waiting.take(upsert(state('needs_input')), 0), null)
  t.equal(waiting.take({ ...upsert({ ...state('idle'), agent_id: 's::2' }) }, 0), null, 'another agent')
  t.match(waiting.take(upsert(state('error')), 0), { kind: 'reached', state: { lifecycle: 'error' } })
  t.match(waiting.take(upsert(state('offline')), 0), { kind: 'gone', why: 'it has ended' })
  t.match(waiting.take(removed, 0), { kind: 'gone' })
  t.match(waiting.take(upsert(state('idle', 'b')), 0), { kind: 'gone', why: 'it was started again' })
})

void t.test('a wrapper that says itself that its agent ended is believed at once', async (t) => {
  const waiting = waitingFor(said('running', 'hook'), ['idle'])
  t.equal(waiting.begin(), null)
  t.match(waiting.take(upsert(said('offline', 'exited')), 0), { kind: 'gone', why: 'it has ended' })
  t.match(waiting.take(removed, 0), { kind: 'gone', why: 'it has ended' })

  t.match(waitingFor(said('error', 'exited'), ['idle']).begin(), { kind: 'gone', why: 'it has ended' })
  t.match(waitingFor(said('error', 'exited'), ['error']).begin(), { kind: 'reached' })
  const failed = waitingFor(said('error', 'hook'), ['idle'])
  t.equal(failed.begin(), null, 'an agent that has failed goes on')
  t.match(failed.take(upsert(said('offline', 'exited')), 0), { kind: 'gone' })
})

void t.test('an agent of which the hub lost the wrapper is waited for', async (t) => {
  const waiting = waitingFor(said('running', 'hook'), ['idle'])
  waiting.begin()
  t.equal(waiting.isLost, false)
  t.equal(waiting.take(upsert(said('offline', 'hook')), 0), null)
  t.equal(waiting.isLost, true)
  t.equal(waiting.expire(10 * backMs), null, 'as long as the hub shows it')
  t.equal(waiting.take(upsert(said('running', 'hook')), 0), null)
  t.equal(waiting.isLost, false)

  t.equal(waiting.take(removed, 1_000), null, 'stale')
  t.equal(waiting.isLost, true)
  t.equal(waiting.expire(1_000 + backMs - 1), null)
  // A hub that knows only the heartbeat makes a state of it.
  t.equal(waiting.take(upsert({ ...state('running'), source: undefined }), 0), null, 'of no launch')
  t.equal(waiting.expire(10 * backMs), null, 'it is back')
  t.equal(waiting.take(upsert({ ...state('offline'), source: undefined }), 0), null, "that too is the hub's")
  t.match(waiting.take(upsert(said('idle', 'hook')), 0), { kind: 'reached' })
})

void t.test('an agent that was removed and does not come back is gone', async (t) => {
  const waiting = waitingFor(said('running', 'hook'), ['idle'])
  waiting.begin()
  t.equal(waiting.take(removed, 1_000), null)
  waiting.restart(5_000)
  t.equal(waiting.expire(1_000 + backMs), null, 'the time when there was no hub does not count')
  t.match(waiting.expire(5_000 + backMs), { kind: 'gone', why: 'its wrapper is not heard of any more' })
})

void t.test('offline is reached when it lasts', async (t) => {
  const reached = { kind: 'reached', state: { lifecycle: 'offline' } }
  const offline = (first: AgentState): Waiting => {
    const waiting = waitingFor(first, ['offline'])
    t.equal(waiting.begin(), null)
    return waiting
  }
  t.match(offline(said('running', 'hook')).take(upsert(said('offline', 'exited')), 0), reached)
  t.match(offline(said('error', 'exited')).take(upsert(said('offline', 'exited')), 0), reached)
  t.match(offline(state('running')).take(upsert(state('offline')), 0), reached, 'who gives no origin')

  const lost = offline(said('running', 'hook'))
  t.equal(lost.take(upsert(said('offline', 'hook')), 0), null, 'it may come back')
  t.match(lost.take(removed, 0), reached)

  const stale = offline(said('running', 'hook'))
  t.equal(stale.take(removed, 0), null, 'a wrapper that was stopped is removed as well')
  t.equal(stale.expire(backMs - 1), null)
  t.match(stale.expire(backMs), reached)
})

void t.test('next: the state it is in has to be left first', async (t) => {
  const waiting = waitingFor(state('needs_input', 'a', 1), ['needs_input'], true)
  t.equal(waiting.begin(), null)
  t.equal(waiting.take(upsert(state('needs_input', 'a', 1)), 0), null, 'told again')
  t.match(waiting.take(upsert(state('needs_input', 'a', 2)), 0), { kind: 'reached' }, 'asked anew')
  const left = waitingFor(state('idle', 'a', 1), ['idle'], true)
  t.equal(left.take(upsert(state('running', 'a', 2)), 0), null)
  t.match(left.take(upsert(state('idle', 'a', 3)), 0), { kind: 'reached' })

  const lost = waitingFor(said('needs_input', 'hook'), ['needs_input'], true)
  lost.begin()
  t.equal(lost.take(upsert(said('offline', 'hook')), 0), null)
  t.equal(lost.take(upsert(said('needs_input', 'hook')), 0), null, 'to be lost is not to leave it')
  t.match(waitingFor(said('error', 'exited'), ['error'], true).begin(), { kind: 'gone' })
})
