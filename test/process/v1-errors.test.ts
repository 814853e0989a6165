import http from 'node:http'
import net from 'node:net'
import t, { type Test } from 'tap'
import { LineClient, startHub, until } from './processes.js'
import { newSession, portOfSession, V1Client } from './v1-client.js'
import { envelopeBytesMax } from './v1-seed.js'
import {
  allUntilNow,
  diffOf,
  newV1Room,
  openV1Room,
  printedByPulse,
  PulseWatcher,
  statusOf,
  tasksOf,
} from './v1-room.js'

/** What clients of version 1 are told when they are wrong, whom the hub keeps, and whom it does not. */

t.jobs = 3
// Each test needs an object of its own: tap keeps the result in it.
const parallel = (): { buffered: true } => ({ buffered: true })

const me = { client_id: 'client', role: 'publisher', capabilities: [], agent_id: 'client', pane_id: '1' }
const watcher = { client_id: 'client', role: 'subscriber', capabilities: [] }

const fileOf = (name: string): Record<string, unknown> => ({
  path: name,
  status: 'modified',
  additions: 1,
  deletions: 0,
  staged: false,
  untracked: false,
})

/** A client that says something first, is told what is wrong with it, and is not kept. */
async function endsWith(
  t: Test,
  session: string,
  name: string,
  say: (client: V1Client) => void,
  code: string,
): Promise<void> {
  const client = await V1Client.connect(t, session)
  say(client)
  // It was told before the connection ended.
  t.match(await client.ended(), { code: 1008, reason: code }, name)
  t.equal(client.received.length, 1, name)
  t.match(client.received[0], {
    version: '1',
    type: 'error',
    session_id: session,
    sender_id: 'aoc-hub',
    payload: { code, message: /\w \w/, component: 'hub', fatal: true },
  })
}

/** A client that says something first, is told what is wrong with it, and may say hello then. */
async function mayGoOn(
  t: Test,
  session: string,
  name: string,
  say: (client: V1Client) => void,
  code: string,
): Promise<void> {
  const client = await V1Client.connect(t, session)
  say(client)
  t.match(await client.error(code), { component: 'hub', fatal: false }, name)
  client.hello(watcher)
  client.send('nonsense', {}, { request_id: 'r1' })
  t.match((await client.answer('error', 'r1')).payload, { code: 'unknown_type' }, `${name}: then hello`)
  t.equal(client.end, null)
}

void t.test('a hello that fails ends the connection', parallel(), async (t) => {
  const { session, hub } = await openV1Room(t)
  const table: [string, (client: V1Client) => void, string][] = [
    ['another session', (client) => client.send('hello', me, { session_id: 'another' }), 'session_mismatch'],
    ['another version', (client) => client.send('hello', me, { version: '2' }), 'unsupported_version'],
    ['no role', (client) => client.send('hello', { ...me, role: undefined }), 'invalid_payload'],
    ['a role of its own', (client) => client.send('hello', { ...me, role: 'hub' }), 'invalid_payload'],
    [
      'capabilities that are no list',
      (client) => client.send('hello', { ...me, capabilities: 'all' }),
      'invalid_payload',
    ],
    [
      'the agent of another session',
      (client) => client.send('hello', { ...me, agent_id: 'another::1', pane_id: undefined }),
      'agent_id_mismatch',
    ],
  ]
  for (const [name, say, code] of table) await endsWith(t, session, name, say, code)
  t.equal(hub.hasEnded, false)
})

void t.test('nothing comes before hello', parallel(), async (t) => {
  const { session } = await openV1Room(t)
  const table: [string, object][] = [
    ['agent_status', statusOf('client', '1', 'idle')],
    ['diff_patch_request', { agent_id: 'client', path: 'a.txt' }],
  ]
  for (const [type, payload] of table)
    await mayGoOn(t, session, type, (client) => client.send(type, payload), 'expected_hello')
})

void t.test('before hello what is malformed is only told of', parallel(), async (t) => {
  const { session } = await openV1Room(t)
  const table: [string, (client: V1Client) => void, string][] = [
    ['no JSON', (client) => client.write('hello?'), 'invalid_json'],
    ['half of it', (client) => client.write('{"version":"1","type":"hello"'), 'invalid_json'],
    ['no object', (client) => client.write('[]'), 'invalid_envelope'],
  ]
  for (const [name, say, code] of table) await mayGoOn(t, session, name, say, code)
})

void t.test('a hello in a malformed envelope is refused', parallel(), async (t) => {
  const { session } = await openV1Room(t)
  const table: [string, object][] = [
    ['payload', { payload: undefined }],
    ['session_id', { session_id: undefined }],
    ['timestamp', { timestamp: 'now' }],
  ]
  for (const [name, wrong] of table)
    await endsWith(
      t,
      session,
      name,
      (client) => client.send('hello', watcher, wrong as Record<string, unknown>),
      'invalid_envelope',
    )
})

void t.test('a message that is wrong is answered, and nobody else hears of it', parallel(), async (t) => {
  const at = await openV1Room(t)
  const { session } = at
  const agent = `${session}::1`
  const subscriber = await V1Client.subscriber(t, session)
  const publisher = await V1Client.publisher(t, session, '1', { clientId: 'client' })
  publisher.send('agent_status', statusOf('client', '1', 'idle', 'as it was'))
  await subscriber.get('agent_status')
  const status = statusOf('client', '1', 'running')
  const patch = { agent_id: 'client', path: 'x', status: 'modified', is_binary: false, patch: '' }

  type Row = [string, string, unknown, string, object?]
  const ofPublisher: Row[] = [
    ['another session', 'agent_status', status, 'session_mismatch', { session_id: 'another' }],
    ['another version', 'agent_status', status, 'unsupported_version', { version: '2' }],
    ['another sender', 'agent_status', status, 'invalid_envelope', { sender_id: 'somebody' }],
    ['no sender', 'agent_status', status, 'invalid_envelope', { sender_id: undefined }],
    ['no time', 'agent_status', status, 'invalid_envelope', { timestamp: undefined }],
    ['a time that is none', 'agent_status', status, 'invalid_envelope', { timestamp: 'now' }],
    ['no payload', 'agent_status', undefined, 'invalid_envelope'],
    ['a payload that is a list', 'agent_status', [], 'invalid_envelope'],
    ['no type', 'agent_status', status, 'invalid_envelope', { type: undefined }],
    ['an unknown type', 'layout_state', {}, 'unknown_type'],
    ['a type of the other protocol', 'delta', { changes: [] }, 'unknown_type'],
    ['a name that every object has', 'constructor', {}, 'unknown_type'],
    ['a second hello', 'hello', me, 'unexpected_hello'],
    ['a status of its own', 'agent_status', { ...status, status: 'busy' }, 'invalid_payload'],
    ['no pane', 'agent_status', { ...status, pane_id: undefined }, 'invalid_payload'],
    ['no project', 'agent_status', { ...status, project_root: undefined }, 'invalid_payload'],
    ['a message that is a number', 'agent_status', { ...status, message: 7 }, 'invalid_payload'],
    [
      'a diff of 501 files',
      'diff_summary',
      {
        ...diffOf('client'),
        files: Array.from({ length: 501 }, (_, i) => fileOf(`${i}`)),
      },
      'invalid_payload',
    ],
    ['a diff without a summary', 'diff_summary', { ...diffOf('client'), summary: {} }, 'invalid_payload'],
    [
      'no git and no reason',
      'diff_summary',
      { ...diffOf('client'), git_available: false },
      'invalid_payload',
    ],
    [
      'a reason of its own',
      'diff_summary',
      { ...diffOf('client'), git_available: false, reason: 'tired' },
      'invalid_payload',
    ],
    [
      'counts that are words',
      'task_summary',
      { ...tasksOf('client', 'web'), counts: { total: 'many' } },
      'invalid_payload',
    ],
    [
      'no pid',
      'heartbeat',
      { agent_id: 'client', cwd: '/', last_update: '2026-01-28T18:42:20Z' },
      'invalid_payload',
    ],
    [
      'an action of its own',
      'task_update',
      { agent_id: 'client', tag: 'web', action: 'sing', task: {} },
      'invalid_payload',
    ],
    ['an error without a code', 'error', { message: 'oh' }, 'invalid_payload'],
    [
      'an error of its own component',
      'error',
      { code: 'x', message: 'y', component: 'me' },
      'invalid_payload',
    ],
    ['another agent', 'agent_status', { ...status, agent_id: `${session}::2` }, 'agent_id_mismatch'],
    ['the diff of another agent', 'diff_summary', diffOf('somebody'), 'agent_id_mismatch'],
    ['the tasks of another agent', 'task_summary', tasksOf(`${session}::2`, 'web'), 'agent_id_mismatch'],
    [
      'the life of another agent',
      'heartbeat',
      { agent_id: 'x', pid: 1, cwd: '/', last_update: '2026-01-28T18:42:20Z' },
      'agent_id_mismatch',
    ],
    ['a request', 'diff_patch_request', { agent_id: agent, path: 'x' }, 'role_violation'],
  ]
  const ofSubscriber: Row[] = [
    ['a status', 'agent_status', { ...status, agent_id: agent }, 'role_violation'],
    ['a diff', 'diff_summary', diffOf(agent), 'role_violation'],
    ['tasks', 'task_summary', tasksOf(agent, 'web'), 'role_violation'],
    ['a patch', 'diff_patch_response', { ...patch, agent_id: agent }, 'role_violation'],
    ['a second hello', 'hello', { ...watcher, client_id: 'mission-control' }, 'unexpected_hello'],
    ['a request of no file', 'diff_patch_request', { agent_id: agent, path: '' }, 'invalid_payload'],
    ['a request without a path', 'diff_patch_request', { agent_id: agent }, 'invalid_payload'],
    [
      'context in words',
      'diff_patch_request',
      { agent_id: agent, path: 'x', context_lines: 'three' },
      'invalid_payload',
    ],
  ]
  for (const [client, rows] of [
    [publisher, ofPublisher],
    [subscriber, ofSubscriber],
  ] as const)
    for (const [i, [name, type, payload, code, more]] of rows.entries()) {
      // At most so many errors are told in a second: each has its turn.
      const told = async (): Promise<unknown> => {
        const id = `${name} ${i}`
        client.send(type, payload, { request_id: id, ...more })
        await client.until(id, () => client.answers('error', id).length > 0, 1_500)
        return client.answers('error', id)[0]!
      }
      const answer = await told().catch(told).catch(told)
      t.match(
        answer,
        { sender_id: 'aoc-hub', payload: { code, message: /\w/, component: 'hub', fatal: false } },
        `${client.id}: ${name}`,
      )
    }

  t.equal(publisher.end, null)
  t.strictSame(
    (await allUntilNow(t, at, subscriber)).filter(({ type }) => type !== 'error').length,
    1,
    'nobody was told anything',
  )
  publisher.send('agent_status', statusOf('client', '1', 'running', 'goes on'))
  await subscriber.get('agent_status', ({ payload }) => payload['message'] === 'goes on')
  t.match((await printedByPulse(t, at)).get(agent), { lifecycle: 'running' })
  t.equal(at.hub.stderr, '')
})

void t.test('what is no message at all', parallel(), async (t) => {
  const at = await openV1Room(t)
  const client = await V1Client.publisher(t, at.session, '1')
  const subscriber = await V1Client.subscriber(t, at.session)
  const garbage = Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 7_919 + (i >> 3)) & 0xff))
  const table: [string, string | Buffer, RegExp][] = [
    ['nothing', '', /^invalid_json$/],
    ['words', 'agent_status: idle', /^invalid_json$/],
    ['deep brackets', '['.repeat(100_000), /^invalid_json$/],
    ['a number', '1', /^invalid_envelope$/],
    ['null', 'null', /^invalid_envelope$/],
    ['bytes of every kind', garbage, /^invalid_json$/],
    [
      'more bytes than characters',
      JSON.stringify(client.envelope('nonsense', { text: 'é'.repeat(envelopeBytesMax / 2) })),
      /^frame_too_large$/,
    ],
    ['300 KiB that are no JSON', 'x'.repeat(300 * 1_024), /^frame_too_large$/],
  ]
  for (const [name, bytes, code] of table) {
    const from = client.received.length
    client.write(bytes)
    const error = await client.until(name, () => client.received[from])
    t.match(error, { type: 'error', payload: { code, fatal: false } }, name)
  }
  // A diff of as many files as there may be, filled up to the last byte.
  const wide = (bytes: number): string => {
    const of = (first: number): string => {
      const names = Array.from({ length: 500 }, (_, i) => `${i}/${'x'.repeat(i === 0 ? first : 420)}`)
      return JSON.stringify(
        client.envelope('diff_summary', { ...diffOf('agent-1'), files: names.map(fileOf) }),
      )
    }
    return of(bytes - of(0).length)
  }
  t.equal(wide(envelopeBytesMax).length, envelopeBytesMax)
  client.send('agent_status', statusOf('agent-1', '1', 'idle'))
  client.write(wide(envelopeBytesMax + 1))
  await client.until('one byte too many', () => client.all('error').length > table.length)
  t.strictSame(subscriber.all('diff_summary'), [])
  client.write(wide(envelopeBytesMax))
  const told = await subscriber.get('diff_summary')
  t.match(told.payload, { git_available: true, summary: diffOf('')['summary'] }, 'just as large as it may be')
  t.equal(client.all('error').length, table.length + 1, 'and no error more')

  // Past 4 MiB nobody reads it to its end.
  client.write('x'.repeat(5 * 1_024 * 1_024))
  t.match(await client.ended(), { code: 1009 })
  await subscriber.get('agent_status', ({ payload }) => payload['status'] === 'offline')
  t.equal(at.hub.hasEnded, false)
  t.equal(at.hub.stderr, '')
})

void t.test('who is always wrong is not told each time', parallel(), async (t) => {
  const at = await openV1Room(t)
  const client = await V1Client.subscriber(t, at.session)
  const startMs = Date.now()
  for (let i = 0; i < 2_000; i++) client.write('{')
  const publisher = await V1Client.publisher(t, at.session, '1')
  publisher.send('agent_status', statusOf('agent-1', '1', 'idle'))
  await client.get('agent_status')
  const errors = client.all('error').length
  const most = 20 + 5 * Math.ceil((Date.now() - startMs) / 1_000)
  t.ok(errors >= 1 && errors <= most, `${errors} errors of 2,000`)
  t.equal(client.end, null)
})

void t.test('who does not answer a ping is not waited for', parallel(), async (t) => {
  const at = await openV1Room(t, ['--ping-interval', '1', '--stale-seconds', '0'])
  const agent = `${at.session}::1`
  const pulse = await PulseWatcher.open(t, at)
  const quiet = await V1Client.subscriber(t, at.session)
  const talking = await V1Client.publisher(t, at.session, '2', { ws: { autoPong: false } })
  const beating = setInterval(() => {
    const now = new Date().toISOString()
    talking.send('heartbeat', { agent_id: 'agent-2', pid: 1, cwd: '/', last_update: now })
  }, 200)
  t.teardown(() => clearInterval(beating))
  const dead = await V1Client.publisher(t, at.session, '1', { ws: { autoPong: false } })
  dead.send('agent_status', statusOf('agent-1', '1', 'idle'))
  const { code } = await dead.ended()
  t.equal(code, 1006, 'it is cut off, not asked to close')
  t.ok(dead.pings >= 1, `after ${dead.pings} pings`)
  await pulse.sees(agent, 'is offline', ({ lifecycle }) => lifecycle === 'offline')
  await until('as many pings more', () => quiet.pings > 2 * dead.pings)
  t.equal(quiet.end, null, 'who answers and says nothing is kept')
  t.equal(talking.end, null, 'and who says something and does not answer')
})

void t.test('a port that somebody else has', parallel(), async (t) => {
  const room = newV1Room(t)
  const session = await newSession()
  const port = portOfSession(session)
  const other = http.createServer((_, response) => response.end('I am something else'))
  t.teardown(() => other.close())
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve))

  const hub = await startHub(t, room, session)
  await until('it says so', () => new RegExp(`\\b${port}\\b`).test(hub.stdout + hub.stderr))
  t.match(hub.stdout + hub.stderr, new RegExp(`\\b${process.pid}\\b`), 'and who has it')
  const agent = await LineClient.publisher(t, hub, '1')
  agent.upsert('1', { lifecycle: 'idle' })
  const pulse = await PulseWatcher.open(t, { room, session, hub, port })
  await pulse.sees(`${session}::1`, 'is idle', ({ lifecycle }) => lifecycle === 'idle')
  t.equal(hub.hasEnded, false, 'the hub runs, without it')

  await new Promise((resolve) => {
    other.close(resolve)
    other.closeAllConnections()
  })
  const free = async (): Promise<boolean> => {
    const socket = net.connect(port, '127.0.0.1')
    return new Promise((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('close', () => {})
    }).then((isOpen) => {
      socket.destroy()
      return isOpen as boolean
    })
  }
  await until('it has taken the port once it was free', free, 40_000)
  const late = await V1Client.subscriber(t, session)
  t.match((await late.get('agent_status')).payload, { agent_id: `${session}::1`, status: 'idle' })
})

void t.test('two hubs of sessions with the same port', parallel(), async (t) => {
  const first = await openV1Room(t)
  let other = ''
  for (let i = 0; other === ''; i++) if (portOfSession(`other-${i}`) === first.port) other = `other-${i}`
  const hub = await startHub(t, first.room, other)
  await until('it says whose it is', () =>
    new RegExp(`${first.port}[^]*${first.session}|${first.session}[^]*${first.port}`).test(
      hub.stdout + hub.stderr,
    ),
  )
  const stray = await V1Client.connect(t, other)
  stray.hello(watcher)
  await until('the end of who came to the wrong one', () => stray.end !== null)
  t.match(stray.end, { code: 1008, reason: 'session_mismatch' })
  t.match(stray.received, [{ type: 'error', payload: { code: 'session_mismatch', fatal: true } }])
})
