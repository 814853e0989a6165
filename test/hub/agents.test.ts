import t from 'tap'
import { stateBytesMax } from '../../lib/wire/limits.js'
import { Stage } from './script.js'

/** A hub with a publisher of pane 1 (connection 1) and a subscriber (connection 2) that has its snapshot. */
function withBoth(options = {}): Stage {
  const stage = new Stage(options)
  stage.hello(1, { pane: '1' })
  stage.hello(2, {})
  stage.toldTo(2)
  return stage
}

const change = (op: string, pane: string, state?: object): object => ({ op, agent_id: `s::${pane}`, state })

void t.test('a delta is passed on as the next one, completed', async (t) => {
  const stage = withBoth()
  stage.nowMs = 7
  stage.upsert(1, '1', { lifecycle: 'busy', mood: 'calm' })
  const state = {
    agent_id: 's::1',
    session_id: 's',
    pane_id: '1',
    lifecycle: 'running',
    mood: 'calm',
    updated_at_ms: 7,
  }
  const upsert = { op: 'upsert', agent_id: 's::1', state }
  t.strictSame(stage.toldTo(2), [['delta', { seq: 1, epoch: 'e1', changes: [upsert] }]])
  stage.frame(1, 'delta', { changes: [change('remove', '1')] })
  t.strictSame(stage.toldTo(2), [
    ['delta', { seq: 2, epoch: 'e1', changes: [{ op: 'remove', agent_id: 's::1' }] }],
  ])
  stage.frame(1, 'delta', { changes: [change('remove', '1')] })
  stage.frame(1, 'delta', { changes: [] })
  t.strictSame(stage.toldTo(2), [], 'what changes nothing is no delta')
})

void t.test('a publisher changes its own agent only, and a delta is taken whole or not at all', async (t) => {
  const table: [object[], string][] = [
    [[change('upsert', '2', { lifecycle: 'idle' })], 'agent_id_mismatch'],
    [[change('remove', '2')], 'agent_id_mismatch'],
    [[change('upsert', '1', { lifecycle: 'idle' }), change('remove', '2')], 'agent_id_mismatch'],
    [[change('upsert', '1', { lifecycle: 'idle', agent_id: 's::2' })], 'agent_id_mismatch'],
    [[change('upsert', '1', { lifecycle: 'idle', session_id: 'x' })], 'session_mismatch'],
    [[change('upsert', '1', { lifecycle: 'idle', snippet: 'a'.repeat(stateBytesMax) })], 'frame_too_large'],
  ]
  for (const [changes, code] of table) {
    const stage = withBoth()
    stage.frame(1, 'delta', { changes })
    t.match(stage.toldTo(1), [['error', { code }]])
    t.strictSame(stage.toldTo(2), [])
    stage.hello(3, {})
    t.match(stage.toldTo(3), [['snapshot', { seq: 0, states: [] }]])
  }
  const stage = withBoth()
  stage.frame(2, 'delta', { changes: [] })
  t.match(stage.toldTo(2), [['error', { code: 'role_violation' }]])
})

void t.test('heartbeats', async (t) => {
  const stage = withBoth()
  const beat = (lifecycle?: string): void =>
    stage.frame(1, 'heartbeat', { agent_id: 's::1', last_heartbeat_ms: 5, lifecycle })
  stage.upsert(1, '1', { lifecycle: 'running', snippet: 'x' })
  stage.toldTo(2)
  beat()
  beat('running')
  t.strictSame(stage.toldTo(2), [], 'no delta')
  beat('needs-input')
  t.match(stage.toldTo(2), [
    ['delta', { changes: [{ state: { lifecycle: 'needs_input', snippet: 'x', last_heartbeat_ms: 5 } }] }],
  ])
  stage.frame(1, 'delta', { changes: [change('remove', '1')] })
  stage.toldTo(2)
  beat('running')
  t.strictSame(stage.toldTo(2), [], 'a removed agent stays removed')

  const fresh = withBoth()
  fresh.frame(1, 'heartbeat', { agent_id: 's::1', last_heartbeat_ms: 5 })
  t.match(fresh.toldTo(2), [
    ['delta', { seq: 1, changes: [{ op: 'upsert', state: { lifecycle: 'running' } }] }],
  ])
  fresh.frame(1, 'heartbeat', { agent_id: 's::2' })
  t.match(fresh.toldTo(1), [['error', { code: 'agent_id_mismatch' }]])
})

void t.test('a lost publisher: offline after the grace, removed when stale', async (t) => {
  const stage = withBoth()
  stage.upsert(1, '1', { lifecycle: 'running' })
  stage.toldTo(2)
  stage.close(1)
  stage.wait(1_750)
  t.strictSame(stage.toldTo(2), [])
  stage.wait(250)
  t.match(stage.toldTo(2), [
    ['delta', { seq: 2, changes: [{ op: 'upsert', state: { lifecycle: 'offline' } }] }],
  ])
  stage.wait(27_750)
  t.notMatch(stage.toldTo(2), [['delta', { seq: 3 }]])
  stage.wait(250)
  t.match(stage.toldTo(2), [['delta', { seq: 3, changes: [{ op: 'remove', agent_id: 's::1' }] }]])
})

void t.test('a publisher that comes back within the grace was never away', async (t) => {
  const stage = withBoth()
  stage.upsert(1, '1', { lifecycle: 'running' })
  stage.toldTo(2)
  stage.close(1)
  stage.wait(1_000)
  stage.hello(3, { pane: '1' })
  stage.wait(5_000)
  t.strictSame(stage.toldTo(2), [])
})

void t.test('a silent agent is removed though its connection stands; 0 keeps it', async (t) => {
  const stage = withBoth()
  stage.upsert(1, '1', { lifecycle: 'running' })
  stage.wait(20_000)
  stage.frame(1, 'heartbeat', { agent_id: 's::1' })
  stage.toldTo(2)
  stage.wait(29_750)
  t.notMatch(stage.toldTo(2).at(-1), ['delta', { changes: [{ op: 'remove' }] }])
  stage.wait(250)
  t.match(stage.toldTo(2).at(-1), ['delta', { changes: [{ op: 'remove' }] }])

  const patient = withBoth({ staleMs: 0 })
  patient.upsert(1, '1', { lifecycle: 'running' })
  patient.wait(120_000)
  t.equal(patient.core.health().agents, 1)
})

void t.test(
  'the newest publisher of an agent takes its commands; the one before is still heard',
  async (t) => {
    const stage = withBoth()
    stage.hello(3, { pane: '1' })
    stage.upsert(1, '1', { lifecycle: 'running' })
    stage.upsert(3, '1', { lifecycle: 'idle' })
    t.equal(stage.toldTo(2).length, 2)
    const ask = (id: string): void =>
      stage.frame(2, 'command', { command: 'refresh', target_agent_id: 's::1' }, id)
    ask('r1')
    t.match([stage.toldTo(1), stage.toldTo(3)], [[], [['command', { command: 'refresh' }]]])
    stage.close(3)
    ask('r2')
    t.match(stage.toldTo(1), [['command', { command: 'refresh' }]])
    stage.wait(5_000)
    t.equal(
      stage.toldTo(2).filter(([type]) => type === 'delta').length,
      0,
      'not offline: one publisher is left',
    )
  },
)

void t.test(
  'what is small as it came and large as it is printed is refused, and nobody is hurt',
  async (t) => {
    const stage = withBoth()
    const numbers = Array.from({ length: 20_000 }, () => '1e20').join(',')
    const state = `{"agent_id":"s::1","session_id":"s","pane_id":"1","lifecycle":"idle","updated_at_ms":1,"source":[${numbers}]}`
    const changes = `[{"op":"upsert","agent_id":"s::1","state":${state}}]`
    stage.say(1, `{"type":"delta","session_id":"s","payload":{"changes":${changes}}}`)
    t.match(stage.toldTo(1), [['error', { code: 'frame_too_large' }]])
    stage.hello(3, {})
    t.match(stage.toldTo(3), [['snapshot', { seq: 0, states: [] }]])

    const many = Array.from({ length: 900 }, () =>
      change('upsert', '1', { lifecycle: 'idle', mood: 'x'.repeat(200) }),
    )
    stage.frame(1, 'delta', { changes: many })
    t.match(stage.toldTo(1), [['error', { code: 'frame_too_large' }]])
  },
)

void t.test('who was taken over does not take the agent along', async (t) => {
  const stage = withBoth()
  stage.hello(3, { pane: '1' })
  stage.upsert(3, '1', { lifecycle: 'running' })
  stage.frame(1, 'delta', { changes: [change('remove', '1')] })
  stage.close(1)
  stage.wait(5_000)
  t.strictSame(
    stage.toldTo(2).map(([type]) => type),
    ['delta'],
    'the upsert, and nothing after it',
  )
})

void t.test('a clock that leaps makes nobody silent', async (t) => {
  for (const leapMs of [8 * 3_600_000, -3_600_000]) {
    const stage = withBoth()
    stage.nowMs = 10_000_000
    stage.wait(1_000)
    stage.upsert(1, '1', { lifecycle: 'running' })
    stage.toldTo(2)
    stage.nowMs += leapMs
    stage.wait(1_000)
    t.strictSame(stage.toldTo(2), [], `${leapMs} ms`)
    stage.wait(30_000)
    t.match(stage.toldTo(2).at(-1), ['delta', { changes: [{ op: 'remove' }] }], 'the silence after it counts')
  }
})
