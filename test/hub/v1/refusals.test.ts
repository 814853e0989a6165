import t from 'tap'
import { errorBurstMax, errorsPerSecond, lineBytesMax } from '../../../lib/wire/limits.js'
import { v1Types } from '../../../lib/wire/v1.js'
import { cases } from '../../fixtures.js'
import { counts, diffOf, type Fields } from './payloads.js'
import { V1Stage } from './stage.js'
import type { V1Player } from './v1-player.js'

/** What v1 clients are told when they are wrong, and whom the hub keeps. */

const publisherHello = { client_id: 'p', role: 'publisher', capabilities: [], agent_id: 'p', pane_id: '1' }
const subscriberHello = { client_id: 'w', role: 'subscriber', capabilities: [] }

interface Refused {
  name: string
  frame?: Fields
  line?: string
  code: string
  says: string
}

void t.test('each message that is refused is answered with one error', async (t) => {
  for (const { name, frame, line, code, says } of cases<Refused>('v1/refused.ndjson')) {
    const stage = new V1Stage({ sessionId: 's' })
    const client = stage.subscriber('agent-1')
    client.messages()
    const sent: Fields | undefined = frame && {
      ...frame,
      ...(frame['session_id'] === 'aoc-dev' && { session_id: 's' }),
    }
    client.write(line ?? JSON.stringify({ ...sent, request_id: sent?.['request_id'] ?? 'r-1' }))
    const answers = client.messages()
    t.match(
      answers,
      [{ type: 'error', sender_id: 'aoc-hub', payload: { code, component: 'hub', fatal: false } }],
      name,
    )
    const [answer] = answers as { request_id?: string; payload: { message: string; context?: Fields } }[]
    t.ok(answer?.payload.message.includes(says), `${name}: ${answer?.payload.message}`)
    if (sent && typeof sent['request_id'] !== 'number' && code !== 'invalid_json')
      t.equal(answer?.request_id, 'r-1', name)
    if (typeof sent?.['type'] === 'string' && code !== 'invalid_json')
      t.equal(answer?.payload.context?.['type'], sent['type'], name)
    t.equal(client.socket.closed, null)
  }
})

void t.test('what only the hub can refuse', async (t) => {
  const stage = new V1Stage()
  const watcher = stage.subscriber('w')
  const publisher = stage.publisher()
  publisher.status('idle')
  watcher.messages()
  const request = { agent_id: 'agent-1', path: 'a' }
  const response = { ...request, status: 'added', is_binary: false, patch: '' }
  const update = { agent_id: 'agent-1', tag: 't', action: 'add', task: {} }
  const status = { agent_id: 'agent-1', status: 'idle', pane_id: '3', project_root: '/' }
  const table: [V1Player, string, Fields, Fields, string][] = [
    [publisher, 'diff_patch_request', request, {}, 'role_violation'],
    [publisher, 'hello', publisherHello, { sender_id: 'p' }, 'unexpected_hello'],
    [watcher, 'hello', subscriberHello, {}, 'unexpected_hello'],
    [publisher, 'agent_status', status, { session_id: 'another' }, 'session_mismatch'],
    [watcher, 'diff_patch_request', request, { session_id: 'another' }, 'session_mismatch'],
    [publisher, 'agent_status', status, { sender_id: 'another' }, 'invalid_envelope'],
    [watcher, 'diff_patch_request', request, { sender_id: 'another' }, 'invalid_envelope'],
    [publisher, 'agent_status', { ...status, agent_id: 's::4' }, {}, 'agent_id_mismatch'],
    [publisher, 'diff_summary', { agent_id: 's::4', ...diffOf() }, {}, 'agent_id_mismatch'],
    [publisher, 'task_summary', { agent_id: 's::4', tag: '', counts: counts() }, {}, 'agent_id_mismatch'],
    [publisher, 'diff_patch_response', { ...response, agent_id: 's::4' }, {}, 'agent_id_mismatch'],
    [publisher, 'task_update', { ...update, agent_id: 's::4' }, {}, 'agent_id_mismatch'],
    [watcher, 'agent_status', status, {}, 'role_violation'],
    [watcher, 'diff_summary', { agent_id: 'agent-1', ...diffOf() }, {}, 'role_violation'],
    [watcher, 'task_summary', { agent_id: 'agent-1', tag: '', counts: counts() }, {}, 'role_violation'],
    [watcher, 'task_update', update, {}, 'role_violation'],
    [watcher, 'diff_patch_response', response, {}, 'role_violation'],
  ]
  for (const [client, type, payload, more, code] of table) {
    stage.wait(1_000)
    client.messages()
    client.send(type, payload, { request_id: 'r-9', ...more })
    t.match(
      client.messages(),
      [{ request_id: 'r-9', payload: { code, component: 'hub', fatal: false, context: { type } } }],
      `${type}: ${code}`,
    )
    t.equal(client.socket.closed, null)
  }
  t.equal(stage.shim.counts.errors, table.length)
  t.match(stage.core.states(), [{ agent_id: 's::pane-3', lifecycle: 'idle' }], 'and changes nothing')
})

void t.test('a message that is too large is refused unread', async (t) => {
  const stage = new V1Stage()
  const client = stage.subscriber('w')
  client.write(Buffer.alloc(lineBytesMax + 1, '['))
  t.match(client.told(), [['error', { code: 'frame_too_large', message: '262145' }]])
  const x = 'a'.repeat(lineBytesMax)
  client.send('error', { code: 'c', message: 'm', x }, { request_id: 'r-1' })
  t.match(client.codes(), ['frame_too_large'])
  client.send(x, {}, { request_id: x })
  t.match(
    client.told(),
    [['error', { code: 'frame_too_large', message: /./ }]],
    'nothing that is long comes back',
  )
  for (const text of ['7', 'null', '""', '{"payload":7}', '{"payload":null}', `{"type":{}}`])
    client.write(text.padEnd(lineBytesMax + 1))
  t.strictSame(new Set(client.codes()), new Set(['frame_too_large']))
  const early = stage.open()
  early.clientId = 'early'
  early.send('error', { code: 'c', message: 'm', x })
  early.write('['.repeat(lineBytesMax + 1))
  t.match(early.told(), [
    ['error', { code: 'frame_too_large', fatal: false }],
    ['error', { code: 'frame_too_large', fatal: false }],
  ])
  t.equal(early.socket.closed, null)
  early.hello({ ...subscriberHello, x })
  t.match(
    early.told(),
    [['error', { code: 'frame_too_large', fatal: false }]],
    'a hello that nobody has read',
  )
  early.hello(subscriberHello)
  t.strictSame(early.codes(), [])
  t.equal(early.socket.closed, null)
})

const badHellos: [string, Fields, Fields, string][] = [
  ['of another session', subscriberHello, { session_id: 'another' }, 'session_mismatch'],
  ['of another version', subscriberHello, { version: '2' }, 'unsupported_version'],
  ['without a version', subscriberHello, { version: undefined }, 'invalid_envelope'],
  ['of another sender', subscriberHello, { sender_id: 'x' }, 'invalid_payload'],
  ['without a role', { ...subscriberHello, role: undefined }, {}, 'invalid_payload'],
  ['without a time', subscriberHello, { timestamp: undefined }, 'invalid_envelope'],
]
for (const [name, payload, more, code] of badHellos)
  void t.test(`a hello ${name} ends the connection`, async (t) => {
    const stage = new V1Stage()
    const client = stage.open(true)
    client.send('hello', payload, { sender_id: 'w', request_id: 'r-1', ...more })
    t.strictSame(client.socket.closed, { code: 1008, reason: code })
    client.hello(subscriberHello)
    client.write('garbage')
    client.unstick()
    t.match(client.messages(), [
      { type: 'error', request_id: 'r-1', payload: { code, fatal: true, context: { type: 'hello' } } },
    ])
    t.strictSame(stage.shim.clients, { connections: 0, publishers: 0, subscribers: 0 })
    t.match(stage.core.health(), { publishers: 0, subscribers: 0 })
  })

void t.test('before hello every other message is refused, and the connection kept', async (t) => {
  const stage = new V1Stage()
  const client = stage.open()
  client.clientId = 'w'
  const valid = cases<{ frame: Fields }>('v1/messages.ndjson').map(({ frame }) => frame)
  for (const type of v1Types.filter((type) => type !== 'hello')) {
    const { payload } = valid.find((frame) => frame['type'] === type)!
    client.send(type, payload)
    t.match(client.told(), [['error', { code: 'expected_hello', fatal: false, context: { type } }]], type)
  }
  client.write('{')
  client.write('[]')
  client.send('helo', {})
  client.send('agent_status', {}, { session_id: 'another' })
  t.strictSame(client.codes(), ['invalid_json', 'invalid_envelope', 'unknown_type', 'invalid_payload'])
  t.equal(client.socket.closed, null)
  client.hello(subscriberHello)
  t.strictSame(client.messages(), [])
  t.match(stage.shim.clients, { subscribers: 1 })
})

void t.test('who says no hello is ended after a minute', async (t) => {
  const stage = new V1Stage()
  const silent = stage.open()
  const late = stage.open()
  stage.wait(59_000)
  t.strictSame(silent.messages(), [])
  late.hello(subscriberHello)
  stage.wait(1_000)
  t.match(silent.told(), [['error', { code: 'hello_timeout', fatal: true }]])
  t.strictSame(silent.socket.closed, { code: 1008, reason: 'hello_timeout' })
  stage.wait(60_000)
  t.equal(late.socket.closed, null)
  t.strictSame(stage.shim.clients, { connections: 1, publishers: 0, subscribers: 1 })
})

void t.test('a stream of garbage is answered with so many errors, and then so many a second', async (t) => {
  const stage = new V1Stage()
  const client = stage.subscriber('w')
  const other = stage.subscriber('other')
  const garbage = (count: number): void => {
    for (let i = 0; i < count; i++) client.write('garbage')
  }
  garbage(1_000)
  t.equal(client.codes().length, errorBurstMax)
  t.equal(stage.shim.counts.errors, 1_000)
  other.write('garbage')
  t.strictSame(other.codes(), ['invalid_json'], 'another client has its own')
  stage.wait(1_000)
  garbage(10)
  const errors = client.all('error')
  t.equal(errors.length, errorsPerSecond)
  t.equal(errors[0]?.context?.['errors_untold'], 1_000 - errorBurstMax)
  t.equal(errors[1]?.context, undefined)
  stage.publisher().status('idle')
  t.match(client.told(), [['agent_status', { status: 'idle' }]], 'it is kept, and told')
  const first = stage.open()
  for (let i = 0; i < 30; i++) first.write('garbage')
  first.messages()
  first.hello({ ...subscriberHello, role: 'hub' })
  t.strictSame(first.codes(), [])
  t.strictSame(first.socket.closed, { code: 1008, reason: 'invalid_payload' }, 'it ends also without a word')
})
