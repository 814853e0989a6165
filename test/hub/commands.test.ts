import t from 'tap'
import { Stage } from './script.js'

/** A publisher (1) and a subscriber (2), ready. */
function ready(): Stage {
  const stage = new Stage()
  stage.hello(1, { pane: '1' })
  stage.upsert(1, '1', { lifecycle: 'running' })
  stage.hello(2, { id: 'asker' })
  stage.toldTo(2)
  return stage
}

void t.test('refused at once', async (t) => {
  const table: [object, string, RegExp][] = [
    [{ command: 'dance' }, 'unsupported_command', /stop_agent/],
    [{ command: 'stop_agent' }, 'invalid_target', /s::<pane_id>/],
    [{ command: 'stop_agent', target_agent_id: 'x::1' }, 'invalid_target', /s::<pane_id>/],
    [{ command: 'stop_agent', target_agent_id: 's::9' }, 'publisher_missing', /no agent has this id/],
    [{ command: 'stop_agent', target_agent_id: 's::1', args: { reason: 7 } }, 'invalid_args', /args\.reason/],
    [
      { command: 'report', target_agent_id: 's::1', args: { lifecycle: 'dead' } },
      'invalid_args',
      /args\.lifecycle/,
    ],
    [{ command: 'focus_tab', args: {} }, 'invalid_args', /tab_index/],
    [{ command: 'focus_tab', args: { tab_index: 0 } }, 'invalid_args', /tab_index/],
    [{ command: 'focus_pane', args: {} }, 'invalid_args', /pane_id/],
    [{ command: '__proto__' }, 'unsupported_command', /__proto__/],
  ]
  for (const [payload, code, says] of table) {
    const stage = ready()
    stage.frame(2, 'command', payload, 'r1')
    t.match(stage.framesOf(2), [
      { request_id: 'r1', payload: { status: 'error', error: { code, message: says } } },
    ])
  }
  const stage = ready()
  stage.frame(1, 'command', { command: 'refresh', target_agent_id: 's::1' }, 'r1')
  t.match(stage.toldTo(1), [['command_result', { error: { code: 'role_violation' } }]])
})

void t.test('handed over, accepted, and answered once', async (t) => {
  const stage = ready()
  stage.frame(2, 'command', { command: 'stop_agent', target_agent_id: 's::1', args: { reason: 'why' } }, 'r1')
  t.match(stage.framesOf(2), [{ request_id: 'r1', payload: { status: 'accepted' } }])
  const [handed] = stage.framesOf(1)
  t.match(handed, {
    type: 'command',
    sender_id: 'asker',
    payload: { command: 'stop_agent', args: { reason: 'why' } },
  })
  t.not(handed?.request_id, 'r1', 'two askers may use the same id')
  const answer = (status: string): void =>
    stage.frame(1, 'command_result', { command: 'stop_agent', status, message: 'done' }, handed!.request_id!)
  answer('accepted')
  t.strictSame(stage.toldTo(2), [], 'the hub has said so already')
  answer('ok')
  answer('ok')
  t.match(stage.framesOf(2), [{ request_id: 'r1', payload: { status: 'ok', message: 'done' } }])
  t.strictSame(stage.toldTo(2), [])
})

void t.test('two askers with the same request id', async (t) => {
  const stage = ready()
  stage.hello(3, { id: 'other' })
  stage.toldTo(3)
  for (const conn of [2, 3])
    stage.frame(conn, 'command', { command: 'refresh', target_agent_id: 's::1' }, 'r1')
  const handed = stage.framesOf(1)
  t.equal(handed.length, 2)
  stage.frame(
    1,
    'command_result',
    { command: 'refresh', status: 'ok', message: 'to other' },
    handed[1]!.request_id!,
  )
  t.strictSame(
    stage.toldTo(2).map(([, { status }]) => status),
    ['accepted'],
  )
  t.strictSame(
    stage.toldTo(3).map(([, { status }]) => status),
    ['accepted', 'ok'],
  )
})

void t.test('an agent that goes or is silent is answered for', async (t) => {
  const gone = ready()
  gone.frame(2, 'command', { command: 'refresh', target_agent_id: 's::1' }, 'r1')
  gone.flush()
  gone.close(1)
  t.match(gone.toldTo(2), [
    ['command_result', { status: 'accepted' }],
    ['command_result', { error: { code: 'publisher_gone' } }],
  ])

  const silent = ready()
  silent.frame(2, 'command', { command: 'refresh', target_agent_id: 's::1' }, 'r1')
  const [handed] = silent.framesOf(1)
  silent.toldTo(2)
  silent.wait(9_750)
  t.strictSame(silent.toldTo(2), [])
  silent.wait(250)
  t.match(silent.toldTo(2), [['command_result', { error: { code: 'timeout' } }]])
  silent.frame(1, 'command_result', { command: 'refresh', status: 'ok' }, handed!.request_id!)
  t.strictSame(silent.toldTo(2), [], 'too late')
})

void t.test(
  'a repeated request gets the same results and is not run twice, also on a new connection',
  async (t) => {
    const stage = ready()
    const ask = (conn: number): void =>
      stage.frame(conn, 'command', { command: 'refresh', target_agent_id: 's::1' }, 'r1')
    ask(2)
    const [handed] = stage.framesOf(1)
    stage.close(2)
    stage.hello(3, { id: 'asker' })
    ask(3)
    t.match(
      stage.toldTo(3).filter(([type]) => type === 'command_result'),
      [['command_result', { status: 'accepted' }]],
    )
    stage.frame(1, 'command_result', { command: 'refresh', status: 'ok' }, handed!.request_id!)
    t.match(stage.toldTo(3), [['command_result', { status: 'ok' }]], 'the result finds the new connection')
    ask(3)
    t.strictSame(
      stage.toldTo(3).map(([, { status }]) => status),
      ['accepted', 'ok'],
    )
    t.strictSame(stage.toldTo(1), [], 'handed over once')
    stage.wait(120_000)
    stage.frame(1, 'heartbeat', { agent_id: 's::1' })
    stage.toldTo(3)
    ask(3)
    t.equal(stage.framesOf(1).length, 1, 'after two minutes it is a new one')
  },
)

void t.test('open commands are bounded', async (t) => {
  const stage = ready()
  for (let i = 0; i <= 64; i++)
    stage.frame(2, 'command', { command: 'refresh', target_agent_id: 's::1' }, `r${i}`)
  t.match(stage.toldTo(2).at(-1), ['command_result', { error: { code: 'too_many_commands' } }])
  t.equal(stage.framesOf(1).length, 64)
})

void t.test('a hub command is run by the hub and its result passed on', async (t) => {
  const stage = ready()
  stage.frame(2, 'command', { command: 'focus_tab', args: { tab_index: 2 } }, 'r1')
  stage.flush()
  const run = stage.effects.find((effect) => effect.kind === 'run')
  t.match(run, { command: { name: 'focus_tab', args: { tab_index: 2 } } })
  const result = { command: 'focus_tab', status: 'ok' as const, message: 'tab 2 has the focus' }
  stage.core.step(
    { kind: 'command_done', hubRequestId: run?.kind === 'run' ? run.hubRequestId : '', result },
    0,
  )
  t.match(stage.toldTo(2), [
    ['command_result', { status: 'accepted' }],
    ['command_result', result],
  ])
})
