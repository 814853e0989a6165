import t from 'tap'
import { lineBytesMax } from '../../../lib/wire/limits.js'
import { timestamp, type Fields } from './payloads.js'
import { V1Stage } from './stage.js'

void t.test('a publisher is one agent, by its pane', async (t) => {
  const stage = new V1Stage()
  const pulse = stage.pulse().hello('pulse')
  const publisher = stage.publisher()
  stage.turn()
  t.strictSame(stage.core.states(), [], 'it has said nothing yet')
  publisher.status('running', { message: 'writes' })
  t.match(stage.core.states(), [
    { agent_id: 's::pane-3', session_id: 's', pane_id: 'pane-3', lifecycle: 'running', snippet: 'writes' },
  ])
  t.match(
    pulse.frames().map(({ type, payload }) => [type, payload]),
    [
      ['snapshot', { states: [] }],
      ['delta', { changes: [{ op: 'upsert', agent_id: 's::pane-3' }] }],
    ],
    'Pulse is told at once',
  )
  t.strictSame(publisher.messages(), [], 'and the publisher nothing')
  t.strictSame(stage.shim.clients, { connections: 1, publishers: 1, subscribers: 0 })
})

const identities: [string, Fields, string, string][] = [
  ['by its agent_id, if that is of the session', { agent_id: 's::7', pane_id: 'pane-3' }, 's::7', 'p'],
  ['by its agent_id alone', { agent_id: 's::7' }, 's::7', 'p'],
  ['by its pane, whatever it calls itself', { agent_id: 'agent-1', pane_id: '3' }, 's::3', 'agent-1'],
  ['by its pane alone', { pane_id: '3' }, 's::3', 'p'],
  ['by its pane, if it is of another session', { agent_id: 'x::9', pane_id: '3' }, 's::3', 'x::9'],
  ['by what it calls itself, without a pane', { agent_id: 'agent-1' }, 's::agent-1', 'agent-1'],
  ['null is absent', { agent_id: 'agent-1', pane_id: null }, 's::agent-1', 'agent-1'],
  ['a session id in its name', { agent_id: 'ss::7', pane_id: '3' }, 's::3', 'ss::7'],
  ['nothing after the session', { agent_id: 's::', pane_id: '3' }, 's::3', 's::'],
]
for (const [name, hello, id, label] of identities)
  void t.test(`who a publisher is: ${name}`, async (t) => {
    const stage = new V1Stage()
    const publisher = stage.open()
    publisher.hello({ client_id: 'p', role: 'publisher', capabilities: [], ...hello })
    for (const agent_id of new Set([(hello['agent_id'] as string | undefined) ?? id, id])) {
      publisher.status('idle', { agent_id, message: agent_id })
      t.match(stage.core.states(), [{ agent_id: id, snippet: agent_id, source: { kind: 'v1', label } }])
    }
    publisher.status('error', { agent_id: 's::somebody' })
    t.match(publisher.told(), [['error', { code: 'agent_id_mismatch', message: /payload\.agent_id/ }]])
    t.match(stage.core.states(), [{ lifecycle: 'idle' }], 'another agent is not touched')
  })

void t.test('an agent of another session', async (t) => {
  const stage = new V1Stage()
  const publisher = stage.open()
  publisher.hello({ client_id: 'p', role: 'publisher', capabilities: [], agent_id: 'x::9' })
  t.match(publisher.told(), [
    ['error', { code: 'agent_id_mismatch', fatal: true, message: '"s::<pane_id>"' }],
  ])
  t.strictSame(publisher.socket.closed, { code: 1008, reason: 'agent_id_mismatch' })
})

void t.test('an id that no frame of the hub could carry', async (t) => {
  for (const hello of [{ pane_id: 'x'.repeat(256) }, { agent_id: 'y'.repeat(256) }]) {
    const stage = new V1Stage()
    const pulse = stage.pulse().hello('pulse')
    const publisher = stage.open()
    publisher.hello({ client_id: 'p', role: 'publisher', capabilities: [], ...hello })
    publisher.status('idle', { agent_id: Object.values(hello)[0] })
    stage.turn()
    // What it is told is read as it comes: it is what the Unix socket's clients can read.
    t.equal(pulse.frames()[0]?.type, 'snapshot')
    t.strictSame(stage.core.states(), [])
    t.match(publisher.codes(), [/^(agent_id_mismatch|invalid_payload)$/])
    t.match(publisher.socket.closed, { code: 1008 })
  }
})

void t.test('a publisher that represents nobody', async (t) => {
  const stage = new V1Stage()
  const watcher = stage.subscriber('w')
  const publisher = stage.open()
  publisher.hello({ client_id: 'aoc-taskmaster', role: 'publisher', capabilities: [] })
  const update = { agent_id: 'agent-1', tag: 'master', action: 'add', task: { id: '1' } }
  publisher.send('task_update', update)
  publisher.send('error', { code: 'tasks_malformed', message: 'line 12' })
  t.match(watcher.messages(), [
    { type: 'task_update', sender_id: 'aoc-taskmaster', payload: update },
    { type: 'error', sender_id: 'aoc-taskmaster', payload: { code: 'tasks_malformed' } },
  ])
  t.strictSame(publisher.messages(), [])
  publisher.status('idle')
  publisher.beat()
  publisher.diff()
  publisher.tasks('master')
  publisher.send('diff_patch_response', {
    agent_id: 'agent-1',
    path: 'a',
    status: 'added',
    is_binary: false,
    patch: '',
  })
  t.match(
    publisher.codes(),
    Array.from({ length: 5 }, () => 'agent_id_mismatch'),
  )
  t.strictSame(stage.core.states(), [])
  publisher.leave()
  t.strictSame(stage.shim.clients, { connections: 1, publishers: 0, subscribers: 1 })
})

void t.test('who goes is offline, then gone; who comes again is back', async (t) => {
  const stage = new V1Stage()
  const watcher = stage.subscriber('w')
  const publisher = stage.publisher()
  publisher.status('running', { message: 'writes' })
  publisher.leave()
  stage.wait(1_500)
  t.match(watcher.all('agent_status'), [{ status: 'running' }], 'not at once')
  stage.wait(1_000)
  t.match(stage.core.states(), [{ lifecycle: 'offline' }])
  t.match(watcher.all('agent_status'), [{ agent_id: 's::pane-3', status: 'offline' }])
  stage.wait(30_000)
  t.strictSame(stage.core.states(), [])
  t.strictSame(watcher.told(), [], 'it was told that already')
  stage.publisher().status('idle')
  t.match(watcher.all('agent_status'), [{ status: 'idle' }])
})

void t.test('a publisher that comes again within the grace was never away', async (t) => {
  const stage = new V1Stage()
  const watcher = stage.subscriber('w')
  const publisher = stage.publisher()
  publisher.status('running')
  publisher.leave()
  const again = stage.publisher()
  again.status('running')
  stage.wait(10_000)
  t.match(watcher.told(), [['agent_status', { status: 'running' }]])
})

void t.test('heartbeats keep an agent, silence does not', async (t) => {
  const stage = new V1Stage()
  const publisher = stage.publisher()
  publisher.status('running', { message: 'writes' })
  for (let i = 0; i < 5; i++) {
    stage.wait(10_000)
    publisher.beat()
  }
  t.match(stage.core.states(), [{ snippet: 'writes' }])
  stage.wait(31_000)
  t.strictSame(stage.core.states(), [])
  publisher.beat()
  t.match(stage.core.states(), [{ lifecycle: 'running', snippet: 'writes' }], 'all of it is back')
  stage.wait(31_000)
  publisher.status('running', { message: 'writes' })
  t.match(stage.core.states(), [{ lifecycle: 'running', snippet: 'writes' }], 'also without a change')
})

void t.test('what passes by: heartbeats, tasks and errors, to all but who said it', async (t) => {
  const stage = new V1Stage()
  const [one, two] = [stage.subscriber('one'), stage.subscriber('two')]
  const publisher = stage.publisher()
  publisher.status('idle')
  publisher.beat()
  for (const each of [one, two]) each.messages()
  publisher.beat({ last_update: '2026-01-28T18:41:59Z' })
  for (const each of [one, two])
    t.match(
      each.messages(),
      [
        {
          type: 'heartbeat',
          sender_id: 's::pane-3',
          payload: { agent_id: 's::pane-3', pid: 42, cwd: '/home', last_update: '2026-01-28T18:42:00.000Z' },
        },
      ],
      'the hub says when it was heard',
    )
  const update = { agent_id: 'agent-1', tag: 'master', action: 'update', task: { id: '1', more: [1] } }
  publisher.send('task_update', update, { request_id: 'r1' })
  const told = {
    type: 'task_update',
    sender_id: 'agent-1',
    request_id: 'r1',
    timestamp,
    payload: { ...update, agent_id: 's::pane-3' },
  }
  for (const each of [one, two]) t.match(each.messages(), [told])
  two.send('error', { code: 'oops', message: 'It failed.', context: { at: 'home' } })
  t.match(one.messages(), [
    { type: 'error', sender_id: 'two', payload: { code: 'oops', context: { at: 'home' } } },
  ])
  for (const each of [two, publisher]) t.strictSame(each.messages(), [])
  two.beat()
  t.strictSame(one.messages(), [], 'a subscriber is no agent')
  t.strictSame(two.messages(), [])
  publisher.send('task_update', { ...update, agent_id: 's::4' })
  t.strictSame(publisher.codes(), ['agent_id_mismatch'])
  t.strictSame(one.messages(), [])
})

void t.test('what passes by is small enough for v1, or does not pass', async (t) => {
  const stage = new V1Stage()
  const watcher = stage.subscriber('w')
  const publisher = stage.publisher()
  publisher.status('idle')
  watcher.messages()
  const send = (task: string): void => {
    const text = JSON.stringify({
      version: '1',
      type: 'task_update',
      session_id: 's',
      sender_id: 'agent-1',
      timestamp,
      payload: { agent_id: 'agent-1', tag: 't', action: 'add', task: {} },
    })
    publisher.write(text.replace('"task":{}', `"task":{"x":${task}}`))
  }
  // Printed again, each of these takes 21 digits.
  send(`[${Array.from({ length: 50_000 }, () => '1e20').join()}]`)
  // The hub's agent_id is a longer one.
  send(`"${'a'.repeat(lineBytesMax - 203)}"`)
  t.ok(watcher.messages().length <= 1)
})

void t.test('a client that ends is nowhere any more', async (t) => {
  const stage = new V1Stage()
  const publisher = stage.publisher()
  const clients = [stage.open(), publisher, stage.subscriber('a'), stage.subscriber('b')]
  publisher.status('idle')
  clients[1]?.status('idle')
  stage.turn()
  t.strictSame(stage.shim.clients, { connections: 4, publishers: 1, subscribers: 2 })
  t.match(stage.core.health(), { publishers: 1, subscribers: 2 })
  for (const client of clients) client.leave()
  t.strictSame(stage.shim.clients, { connections: 0, publishers: 0, subscribers: 0 })
  t.match(stage.core.health(), { publishers: 0, subscribers: 0 })
  stage.wait(60_000)
  t.equal(stage.core.tickMs, 0, 'and the core has nothing to wait for: the feed has gone too')
})

void t.test('who comes when all have gone is told everything', async (t) => {
  const stage = new V1Stage()
  const publisher = stage.publisher()
  const first = stage.subscriber('first')
  publisher.status('idle')
  first.leave()
  publisher.status('running')
  const second = stage.subscriber('second')
  t.match(second.told(), [['agent_status', { status: 'running' }]])
  publisher.status('idle')
  t.match(second.told(), [['agent_status', { status: 'idle' }]])
})

void t.test('one goes and another comes in the same turn: it is told the newest', async (t) => {
  const stage = new V1Stage()
  const wrapper = stage.pulse().hello('wrapper', '1')
  const first = stage.subscriber('first')
  stage.turn()
  wrapper.upsert('1', { lifecycle: 'idle' })
  first.vanish()
  wrapper.upsert('1', { lifecycle: 'running' })
  const second = stage.subscriber('second')
  t.equal(second.all('agent_status').at(-1)?.status, 'running')
})

void t.test('the core has no room: the client is told and ended', async (t) => {
  const stage = new V1Stage()
  for (let i = 0; i < 1_024; i++) stage.pulse().hello(`pulse-${i}`)
  stage.turn()
  const watcher = stage.subscriber('w')
  t.match(watcher.codes(), ['too_many_connections'])
  t.match(watcher.socket.closed, { code: 1008, reason: 'too_many_connections' })
  const publisher = stage.publisher()
  publisher.status('idle')
  t.ok(publisher.codes().includes('too_many_connections'))
  t.match(publisher.socket.closed, { code: 1008, reason: 'too_many_connections' })
  t.strictSame(stage.shim.clients, { connections: 0, publishers: 0, subscribers: 0 })
  t.equal(stage.core.health().subscribers, 1_024)
})
