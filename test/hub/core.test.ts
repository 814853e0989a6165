import t from 'tap'
import { connectionsMax, silentConnectionsMax } from '../../lib/wire/limits.js'
import { Stage } from './script.js'

void t.test('hello', async (t) => {
  const hello = (payload: object, session = 's'): object => ({ type: 'hello', session_id: session, payload })
  const table: [string, string | object, string | null, RegExp?][] = [
    ['a subscriber', hello({ client_id: 'me', role: 'subscriber' }), null],
    ['a publisher by its pane', hello({ client_id: 'me', role: 'publisher', pane_id: '7' }), null],
    ['a publisher by its agent', hello({ client_id: 'me', role: 'publisher', agent_id: 's::7' }), null],
    [
      'a publisher of nothing',
      hello({ client_id: 'me', role: 'publisher' }),
      'agent_id_mismatch',
      /s::<pane_id>/,
    ],
    [
      'an agent of another session',
      hello({ client_id: 'me', role: 'publisher', agent_id: 'x::7' }),
      'agent_id_mismatch',
    ],
    [
      'another session',
      hello({ client_id: 'me', role: 'subscriber' }, 'x'),
      'session_mismatch',
      /session "s", not of "x"/,
    ],
    ['no hello', { type: 'subscribe', session_id: 's', payload: {} }, 'expected_hello', /say hello first/],
  ]
  for (const [name, said, code, says] of table) {
    const stage = new Stage()
    stage.connect(1)
    stage.say(1, said)
    const told = stage.framesOf(1)
    if (code === null) {
      t.notOk(
        told.some(({ type }) => type === 'error'),
        `${name}: taken`,
      )
      t.notOk(stage.ended.has(1), `${name}: goes on`)
    } else {
      t.match(told, [{ type: 'error', payload: { code, message: says ?? /./ } }], name)
      t.ok(stage.ended.has(1), `${name}: ended`)
    }
  }
})

void t.test('a malformed first line is told of and may be typed again', async (t) => {
  const stage = new Stage()
  stage.connect(1)
  stage.say(1, '{"type":"hello",')
  stage.frame(1, 'hello', { client_id: 'me', role: 'subscriber' })
  t.match(stage.toldTo(1), [
    ['error', { code: 'invalid_json', line: 1 }],
    ['snapshot', { seq: 0, states: [] }],
  ])
  stage.frame(1, 'hello', { client_id: 'me', role: 'subscriber' })
  t.match(stage.toldTo(1), [['error', { code: 'unexpected_hello' }]])
  t.notOk(stage.ended.has(1))
})

void t.test('who lists subscribe gets nothing until it subscribes; who lists hello gets one', async (t) => {
  const stage = new Stage()
  stage.hello(1, { capabilities: ['subscribe'] })
  t.strictSame(stage.toldTo(1), [])
  stage.frame(1, 'subscribe', {})
  t.match(stage.toldTo(1), [['snapshot', { seq: 0, epoch: 'e1' }]])
  stage.hello(2, { capabilities: ['hello', 'subscribe'] })
  t.match(stage.toldTo(2), [
    ['hello', { role: 'hub', epoch: 'e1', seq: 0, max_frame_bytes: 262_144, pid: 1 }],
  ])
  stage.hello(3, {})
  t.match(stage.toldTo(3), [['snapshot', { seq: 0 }]])
})

void t.test('a connection that says nothing is ended, and they are bounded', async (t) => {
  const stage = new Stage()
  for (let conn = 1; conn <= silentConnectionsMax + 1; conn++) stage.connect(conn)
  t.match(stage.toldTo(silentConnectionsMax + 1), [['error', { code: 'too_many_connections' }]])
  t.ok(stage.ended.has(silentConnectionsMax + 1))
  stage.wait(59_000)
  t.equal(stage.ended.size, 1)
  stage.wait(1_000)
  t.equal(stage.ended.size, silentConnectionsMax + 1)
  t.match(stage.toldTo(1), [['error', { code: 'hello_timeout' }]])
})

void t.test('connections are bounded', async (t) => {
  const stage = new Stage()
  for (let conn = 1; conn <= connectionsMax; conn++) stage.hello(conn, { capabilities: ['subscribe'] })
  stage.flush()
  stage.connect(connectionsMax + 1)
  t.match(stage.toldTo(connectionsMax + 1), [['error', { code: 'too_many_connections' }]])
  stage.close(1)
  stage.hello(connectionsMax + 2, {})
  t.match(stage.toldTo(connectionsMax + 2), [['snapshot', {}]])
})

void t.test('garbage is answered so often and no more', async (t) => {
  const stage = new Stage()
  stage.hello(1, { capabilities: ['subscribe'] })
  for (let i = 0; i < 1_000; i++) stage.say(1, 'garbage')
  t.equal(stage.toldTo(1).length, 20)
  stage.wait(1_000)
  stage.say(1, 'garbage')
  t.match(stage.toldTo(1), [['error', { code: 'invalid_json', context: { errors_untold: 980 } }]])
})

void t.test('topics', async (t) => {
  const stage = new Stage()
  stage.hello(1, { pane: '1' })
  stage.upsert(1, '1', { lifecycle: 'running' })
  stage.hello(2, { capabilities: ['subscribe'] })
  stage.frame(2, 'subscribe', { topics: ['agent_state', 'weather'] })
  t.match(stage.toldTo(2), [
    ['error', { code: 'unknown_topic', message: /weather/, context: { granted: ['agent_state'] } }],
    ['snapshot', { seq: 1 }],
  ])
  stage.hello(3, { capabilities: ['subscribe', 'health'] })
  stage.frame(3, 'subscribe', { topics: ['health'] })
  t.match(stage.toldTo(3), [['health', { agents: 1, publishers: 1, subscribers: 2, seq: 1 }]])
  stage.frame(1, 'heartbeat', { agent_id: 's::1', last_heartbeat_ms: 7 })
  t.match(stage.framesOf(3), [
    { type: 'heartbeat', sender_id: 'c1', payload: { agent_id: 's::1', last_heartbeat_ms: 7 } },
  ])
  t.strictSame(stage.toldTo(2), [], 'a heartbeat is no delta')
  stage.hello(4, { capabilities: ['subscribe'] })
  stage.frame(4, 'subscribe', { topics: ['health'] })
  t.strictSame(stage.toldTo(4), [], 'health is a frame that a client must know')
})

void t.test('an idle subscriber gets a bookmark', async (t) => {
  const stage = new Stage()
  stage.hello(1, {})
  stage.toldTo(1)
  stage.wait(14_750)
  t.strictSame(stage.toldTo(1), [])
  stage.wait(250)
  t.strictSame(stage.toldTo(1), [['delta', { seq: 0, epoch: 'e1', changes: [] }]])
  stage.wait(15_000)
  t.equal(stage.toldTo(1).length, 1)
})

void t.test('who closes its side gets the answers it waits for, and then the end', async (t) => {
  const stage = new Stage()
  stage.hello(1, { pane: '1' })
  stage.upsert(1, '1', { lifecycle: 'running' })
  stage.hello(2, {})
  stage.frame(2, 'command', { command: 'refresh', target_agent_id: 's::1' }, 'r1')
  stage.halfClose(2)
  t.match(stage.toldTo(2), [
    ['command_result', { status: 'accepted' }],
    ['snapshot', { seq: 1 }],
  ])
  t.notOk(stage.ended.has(2), 'the result is to come')
  const handed = stage.framesOf(1)[0]
  stage.frame(1, 'command_result', { command: 'refresh', status: 'ok' }, handed?.request_id ?? '')
  t.match(stage.toldTo(2), [['command_result', { status: 'ok' }]])
  t.ok(stage.ended.has(2))
})

void t.test('seqs are reserved before they are emitted', async (t) => {
  const stage = new Stage({ seqStart: 10, seqReserved: 20 })
  stage.hello(1, { pane: '1' })
  stage.upsert(1, '1', { lifecycle: 'running' })
  stage.hello(2, {})
  t.match(stage.toldTo(2), [['snapshot', { seq: 11 }]])
  const kinds = stage.effects.map((effect) => effect.kind).filter((kind) => kind !== 'log')
  t.equal(kinds.indexOf('reserve'), 0, 'before any write')
})
