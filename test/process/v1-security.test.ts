import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import t, { type Test } from 'tap'
import { LineClient, until } from './processes.js'
import { V1Client } from './v1-client.js'
import { ask, talk, upgrade } from './v1-http.js'
import { openV1Room, statusOf } from './v1-room.js'

/** Who may come in by the door of version 1, asked with real requests. */

t.jobs = 3
// Each test needs an object of its own: tap keeps the result in it.
const parallel = (): { buffered: true } => ({ buffered: true })

/** It is as if nobody had done anything. */
async function isUnharmed(t: Test, port: number, session: string): Promise<void> {
  t.match(await ask(port), { status: 200, body: 'ok' })
  const publisher = await V1Client.publisher(t, session, 'p')
  publisher.send('agent_status', statusOf('agent-p', 'p', 'idle'))
  const subscriber = await V1Client.subscriber(t, session)
  await subscriber.get('agent_status')
  subscriber.socket.terminate()
  publisher.socket.terminate()
}

void t.test('health', parallel(), async (t) => {
  const { port, session, hub } = await openV1Room(t)
  const health = await ask(port)
  t.match(health, { status: 200, body: /^ok$/ })
  t.match(health.headers['content-type'], /^text\/plain/)
  t.equal(health.headers['access-control-allow-origin'], undefined, 'no page is told')
  const agent = await LineClient.publisher(t, hub, '1')
  agent.upsert('1', { lifecycle: 'idle' })
  await (await V1Client.subscriber(t, session)).get('agent_status')
  const details = await ask(port, { path: '/health?details=true' })
  t.equal(details.status, 200)
  t.match(details.headers['content-type'], /^application\/json/)
  t.equal(details.headers['access-control-allow-origin'], undefined)
  t.match(JSON.parse(details.body), {
    hub: { session_id: session, pid: hub.pid, agents: 1, v1: { listening: true, subscribers: 1 } },
    agents: [{ agent_id: `${session}::1`, lifecycle: 'idle' }],
  })
})

void t.test('who is not let in', parallel(), async (t) => {
  const { port, session, hub } = await openV1Room(t)
  const own = `127.0.0.1:${port}`
  const table: [string, Record<string, string>, boolean][] = [
    ['nothing said', {}, true],
    ['its own host', { Host: own }, true],
    ['localhost', { Host: `localhost:${port}` }, true],
    ['a foreign host', { Host: 'evil.example' }, false],
    ['a foreign host, the right port', { Host: `evil.example:${port}` }, false],
    ['a name that begins like it', { Host: `127.0.0.1.evil.example:${port}` }, false],
    ['a name that ends like it', { Host: `evil-localhost:${port}` }, false],
    ['a name below it', { Host: `evil.localhost.example:${port}` }, false],
    ['another address', { Host: `192.168.0.1:${port}` }, false],
    ['all addresses', { Host: `0.0.0.0:${port}` }, false],
    ['someone before it', { Host: `evil.example@127.0.0.1:${port}` }, false],
    ['a page of the net', { Origin: 'http://evil.example' }, false],
    ['a page of nowhere', { Origin: 'null' }, false],
    ['a page of this machine', { Origin: 'http://localhost:3000' }, false],
    ['a page of its own', { Origin: `http://${own}` }, false],
    ['a page of an extension', { Origin: 'chrome-extension://abcdef' }, false],
    ['an origin that is empty', { Origin: '' }, false],
    ['another site', { 'Sec-Fetch-Site': 'cross-site' }, false],
    ['the same site', { 'Sec-Fetch-Site': 'same-site' }, false],
    ['the same origin', { 'Sec-Fetch-Site': 'same-origin' }, true],
    ['no site', { 'Sec-Fetch-Site': 'none' }, true],
  ]
  for (const [name, headers, isTaken] of table) {
    for (const file of ['/health', '/health?details=true'])
      t.equal((await ask(port, { path: file, headers })).status, isTaken ? 200 : 403, `${file}: ${name}`)
    const opened = await ask(port, { path: '/ws', headers: { ...headers, ...upgrade } })
    t.equal(opened.status, isTaken ? 101 : 403, `/ws: ${name}`)
  }
  const both = await talk(t, port, [
    `GET /health HTTP/1.1\r\nHost: ${own}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`,
  ])
  t.match(both, /^HTTP\/1\.1 4\d\d /, 'two hosts')
  const empty = await talk(t, port, ['GET /health HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n'])
  t.match(empty, /^HTTP\/1\.1 4\d\d /, 'an empty host')
  t.match(await talk(t, port, ['GET /health HTTP/1.0\r\n\r\n']), /^HTTP\/1\.1 4\d\d /, 'no host')
  await isUnharmed(t, port, session)
  t.equal(hub.stderr, '')
})

void t.test('an origin that is allowed by name', parallel(), async (t) => {
  const { port } = await openV1Room(t, ['--allow-origin', 'http://localhost:3000'])
  const opened = async (Origin: string): Promise<number> =>
    (await ask(port, { path: '/ws', headers: { Origin, ...upgrade } })).status
  t.equal(await opened('http://localhost:3000'), 101)
  for (const origin of [
    'http://localhost:3001',
    'http://localhost:30000',
    'https://localhost:3000',
    'http://localhost',
    'http://localhost:3000.evil.example',
    'null',
  ])
    t.equal(await opened(origin), 403, origin)
})

void t.test('what else is asked for', parallel(), async (t) => {
  const { port, session } = await openV1Room(t)
  const table: [string, string, number | RegExp][] = [
    ['GET', '/', 404],
    ['GET', '/healthz', 404],
    ['GET', '/health/', 404],
    ['GET', '/ws/', 404],
    ['GET', '/../health', 404],
    ['GET', '/%2e%2e/etc/passwd', 404],
    ['GET', '/ws', /^4\d\d$/],
    ['POST', '/health', 405],
    ['PUT', '/health', 405],
    ['DELETE', '/ws', 405],
    ['OPTIONS', '/health', 405],
    ['HEAD', '/ws', 405],
  ]
  for (const [method, file, status] of table) {
    const answer = await ask(port, { method, path: file })
    t.match(`${answer.status}`, typeof status === 'number' ? `${status}` : status, `${method} ${file}`)
    t.notMatch(answer.body, '<', 'nothing that a page would be')
  }
  for (const file of ['/', '/ws2', '/WS'])
    t.equal((await ask(port, { path: file, headers: upgrade })).status, 404, `an upgrade of ${file}`)
  const healthy = await ask(port, { headers: upgrade })
  t.match(`${healthy.status}`, /^(200|4\d\d)$/, 'an upgrade of /health')
  const posted = await ask(port, { path: '/ws', method: 'POST', headers: upgrade })
  t.equal(posted.status, 405, 'an upgrade by POST')
  const old = await ask(port, { path: '/ws', headers: { ...upgrade, 'Sec-WebSocket-Version': '7' } })
  t.match(`${old.status}`, /^4\d\d$/, 'a version of websockets that is gone')
  const keyless = await ask(port, { path: '/ws', headers: { ...upgrade, 'Sec-WebSocket-Key': 'short' } })
  t.match(`${keyless.status}`, /^4\d\d$/, 'a key that is none')
  await isUnharmed(t, port, session)
})

void t.test('nothing is compressed, also when it is offered', parallel(), async (t) => {
  const { port, session } = await openV1Room(t)
  const headers = {
    ...upgrade,
    'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
    'Sec-WebSocket-Protocol': 'chat',
  }
  const answer = await ask(port, { path: '/ws', headers })
  t.equal(answer.status, 101)
  t.equal(answer.headers['sec-websocket-extensions'], undefined)
  t.equal(answer.headers['sec-websocket-accept'], 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=', 'RFC 6455, 1.3')
  const client = await V1Client.subscriber(t, session, { ws: { perMessageDeflate: true } })
  t.equal(client.socket.extensions, '')
})

void t.test('sixty-four, and no more', parallel(), async (t) => {
  const { port, session, hub } = await openV1Room(t)
  const clients = await Promise.all(
    Array.from({ length: 64 }, (_, i) => V1Client.connect(t, session, { clientId: `c${i}` })),
  )
  const refused = await ask(port, { path: '/ws', headers: upgrade })
  t.equal(refused.status, 503)
  const line = await LineClient.subscriber(t, hub)
  await line.until('snapshot')
  clients[0]!.socket.terminate()
  await until(
    'there is room again',
    async () => (await ask(port, { path: '/ws', headers: upgrade })).status === 101,
  )
  for (const client of clients.slice(1)) t.equal(client.end, null)
  clients[1]!.hello({ role: 'subscriber', capabilities: [] })
  clients[1]!.send('nonsense', {}, { request_id: 'r1' })
  t.match((await clients[1]!.answer('error', 'r1')).payload, { code: 'unknown_type' })
})

void t.test('bytes that are no websocket', parallel(), async (t) => {
  const { port, session, hub } = await openV1Room(t)
  await ask(port)
  const head = (more = ''): string =>
    `GET /ws HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${Object.entries(upgrade)
      .map(([key, value]) => `${key}: ${value}\r\n`)
      .join('')}${more}\r\n`
  const garbage = Buffer.from(Array.from({ length: 10_000 }, (_, i) => (i * 7_919 + (i >> 3)) & 0xff))
  const masked = (first: number, length: number): Buffer => Buffer.of(first, 0x80 | length, 1, 2, 3, 4)
  const table: [string, (string | Buffer)[]][] = [
    ['garbage after the upgrade', [head(), garbage]],
    ['garbage with the upgrade', [Buffer.concat([Buffer.from(head()), garbage])]],
    ['HTTP after the upgrade', [head(), `GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`]],
    ['a frame without a mask', [head(), Buffer.of(0x81, 2, 0x7b, 0x7d)]],
    ['reserved bits', [head(), masked(0xf1, 0)]],
    ['an opcode that is none', [head(), masked(0x83, 0)]],
    ['a continuation of nothing', [head(), masked(0x80, 0)]],
    ['a ping of 126 bytes', [head(), masked(0x89, 126), Buffer.alloc(200)]],
    [
      'a frame of 2^63 bytes',
      [head(), Buffer.of(0x81, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4)],
    ],
    ['a close without a code that exists', [head(), Buffer.of(0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe7)]],
    ['no HTTP at all', [garbage]],
    ['headers without end', ['GET /ws HTTP/1.1\r\n', `X: ${'x'.repeat(100_000)}\r\n`]],
    ['TLS', [Buffer.from('160301020001000001fc0303', 'hex'), garbage]],
  ]
  for (const [name, bytes] of table) {
    const told = await talk(t, port, bytes)
    const opens = String(bytes[0]).startsWith('GET /ws') && bytes[0] !== 'GET /ws HTTP/1.1\r\n'
    t.match(
      told,
      opens ? /^HTTP\/1\.1 101 / : /^(HTTP\/1\.1 4\d\d |$)/,
      `${name}: and then the connection ends`,
    )
  }
  const notText = Buffer.of(0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28)
  t.match(await talk(t, port, [head(), notText], /invalid_json/), /^HTTP\/1\.1 101 /, 'text that is no UTF-8')
  const smuggled = await talk(t, port, [head('Content-Length: 5\r\n')], /\r\n\r\n/)
  t.match(smuggled, /^HTTP\/1\.1 (101|4\d\d) /, 'an upgrade with a body')

  const half = head().slice(0, -20)
  for (const end of ['end', 'destroy', 'nothing'] as const) {
    const socket = net.connect({ host: '127.0.0.1', port })
    t.teardown(() => void socket.destroy())
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.write(half)
    if (end === 'end') socket.end()
    if (end === 'destroy') socket.destroy()
  }
  await isUnharmed(t, port, session)
  t.equal(hub.hasEnded, false)
  t.equal(hub.stderr, '')
})

void t.test(
  'another user of this machine',
  { ...parallel(), skip: process.getuid?.() === 0 && process.platform === 'linux' ? false : 'needs root' },
  async (t) => {
    const { port, session } = await openV1Room(t)
    await ask(port)
    const script = `require('node:http').get('http://127.0.0.1:${port}/health', (r) => { process.stdout.write(String(r.statusCode)); r.resume() })`
    const status = (uid: number): string =>
      execFileSync(process.execPath, ['-e', script], { uid, gid: uid, cwd: '/', encoding: 'utf8' })
    t.equal(status(0), '200')
    t.equal(status(65_534), '403')
    await isUnharmed(t, port, session)
  },
)

void t.test('what the log tells of strangers is one line each', parallel(), async (t) => {
  const { port, room, session } = await openV1Room(t)
  await ask(port, { headers: { Origin: 'http://evil.example/\u009b31m' } })
  await ask(port, { headers: { Host: 'evil.example' } })
  const client = await V1Client.connect(t, session, { clientId: 'x\u001b[31m' })
  client.write('{"\u001b[2J')
  await client.error('invalid_json')
  const logs = fs.readdirSync(room.logs).map((file) => fs.readFileSync(path.join(room.logs, file), 'utf8'))
  t.notMatch(logs.join(''), /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  for (const line of logs.join('').trimEnd().split('\n')) t.doesNotThrow(() => JSON.parse(line) as unknown)
})
