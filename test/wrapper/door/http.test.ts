import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'

import t from 'tap'

import type { Door } from '../../../lib/wrapper/door/door.js'
import { openHttp } from '../../../lib/wrapper/door/http.js'
import { open, sendRaw } from './opened.js'

/** A POST as it stands on the wire. */
function posted(
  door: Door,
  body: string,
  changes: { line?: string; headers?: string[]; host?: string } = {},
): string {
  const { line = `POST /${door.token}/claude HTTP/1.1`, headers = [], host = '127.0.0.1' } = changes
  const fields = [`Host: ${host}`, `Content-Length: ${Buffer.byteLength(body)}`, ...headers]
  return `${[line, ...fields].join('\r\n')}\r\n\r\n${body}`
}

const status = (answer: string) => answer.split(' ')[1]

void t.test('an event is answered with an empty object and handed on', async (t) => {
  const { door, events } = await open(t)
  const answer = await fetch(`${door.url}claude`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"hook_event_name":"Stop"}',
  })
  t.equal(answer.status, 200)
  t.equal(await answer.text(), '{}')
  t.strictSame(events, [
    { atMs: 1, via: 'http', source: 'claude', pid: null, body: { hook_event_name: 'Stop' } },
  ])
})

void t.test('the token may come in a header', async (t) => {
  const { door, events } = await open(t)
  const url = new URL('/opencode', door.url)
  for (const header of [
    ['authorization', `Bearer ${door.token}`],
    ['x-aoc-token', door.token],
  ] as [string, string][]) {
    t.equal((await fetch(url, { method: 'POST', headers: [header], body: '1' })).status, 200)
  }
  t.strictSame(
    events.map(({ source, body }) => [source, body]),
    [
      ['opencode', 1],
      ['opencode', 1],
    ],
  )
})

void t.test('who may not post is refused and closed', async (t) => {
  const { door, events, bad } = await open(t)
  const line = (path: string) => ({ line: `POST ${path} HTTP/1.1` })
  const other = door.token.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))
  const refused: Record<string, string> = {
    'another token': posted(door, '1', line(`/${other}/claude`)),
    'a part of the token': posted(door, '1', line(`/${door.token.slice(1)}/claude`)),
    'no token': posted(door, '1', line('/claude')),
    'an empty token': posted(door, '1', line('//claude')),
    'another token in a header': posted(door, '1', {
      ...line('/claude'),
      headers: [`X-Aoc-Token: ${other}`],
    }),
    'two tokens in headers': posted(door, '1', {
      ...line('/claude'),
      headers: [`X-Aoc-Token: ${other}`, `X-Aoc-Token: ${door.token}`],
    }),
    'a deeper path': posted(door, '1', line(`/${door.token}/claude/x`)),
    'a whole url': posted(door, '1', line(`http://127.0.0.1/${door.token}/claude`)),
    'a page of the web': posted(door, '1', { headers: ['Origin: https://example.org'] }),
    'a page without an origin': posted(door, '1', { headers: ['Origin: null'] }),
    'a name that was made to mean this machine': posted(door, '1', { host: 'evil.example:80' }),
    'a name that only begins like this machine': posted(door, '1', { host: '127.0.0.1.evil.example' }),
    'an empty host': posted(door, '1', { host: '' }),
    'HTTP/1.0 without a host': `POST /${door.token}/claude HTTP/1.0\r\nContent-Length: 1\r\n\r\n1`,
  }
  for (const [who, bytes] of Object.entries(refused)) {
    const answer = await sendRaw(door, bytes)
    t.equal(status(answer), '403', who)
    t.match(answer, /connection: close/i, who)
  }
  t.strictSame(events, [])
  t.strictSame(bad, ['a request without the right to post was refused'], 'told once')
})

void t.test('names of this machine are good', async (t) => {
  const { door, events } = await open(t)
  for (const host of ['localhost', 'LOCALHOST:80', '[::1]:1', '127.0.0.1:65535']) {
    t.equal(
      status(await sendRaw(door, posted(door, '1', { host, headers: ['Connection: close'] }))),
      '200',
      host,
    )
  }
  t.equal(events.length, 4)
})

void t.test('what is no event is refused', async (t) => {
  const { door, events } = await open(t)
  const refused: [string, string, string][] = [
    ['405', 'GET', `GET /${door.token}/claude HTTP/1.1\r\nHost: localhost\r\n\r\n`],
    ['405', 'OPTIONS', `OPTIONS /${door.token}/claude HTTP/1.1\r\nHost: localhost\r\n\r\n`],
    ['404', 'no source', posted(door, '1', { line: `POST /${door.token}/ HTTP/1.1` })],
    ['404', 'a source that is none', posted(door, '1', { line: `POST /${door.token}/%2e%2e HTTP/1.1` })],
    ['400', 'no JSON', posted(door, '{"hook_event_name":"Stop"')],
    ['400', 'an empty body', posted(door, '')],
    ['400', 'no host', `POST /${door.token}/claude HTTP/1.1\r\nContent-Length: 1\r\n\r\n1`],
    ['400', 'no HTTP', '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n'],
    ['431', 'endless headers', `POST / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(65_536)}\r\n\r\n`],
    [
      '413',
      'a body that says it is too long',
      `POST /${door.token}/claude HTTP/1.1\r\nHost: localhost\r\nContent-Length: 67108865\r\n\r\n`,
    ],
  ]
  for (const [expected, what, bytes] of refused) t.equal(status(await sendRaw(door, bytes)), expected, what)
  t.strictSame(events, [])
})

void t.test('of a body over 1 MiB the outer fields are taken that came first', async (t) => {
  const { door, events } = await open(t)
  const head = `POST /${door.token}/claude HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n`
  const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`
  const begin = '{"hook_event_name":"PostToolUse","tool_response":{"file":"'
  const big = chunk('x'.repeat(0x10000)).repeat(40)
  const answer = await sendRaw(door, head, chunk(begin), big, chunk('"}}'), '0\r\n\r\n')
  t.equal(status(answer), '200')
  t.strictSame(
    events.map(({ body }) => body),
    [{ hook_event_name: 'PostToolUse' }],
  )
  const exact = `"${'x'.repeat(1_048_574)}"`
  t.equal((await fetch(`${door.url}claude`, { method: 'POST', body: exact })).status, 200)
  t.equal((events[1]!.body as string).length, 1_048_574, 'one of 1 MiB whole')
})

void t.test('an endless body is not read on', async (t) => {
  const { door, events } = await open(t)
  const head = `POST /${door.token}/claude HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`
  const chunk = `100000\r\n${' '.repeat(0x100000)}\r\n`
  await sendRaw(door, head, ...Array.from({ length: 66 }, () => chunk))
  t.equal(events.length, 0, 'the connection ended without an event')
})

void t.test('requests on one connection are taken in their order', async (t) => {
  const { door, events } = await open(t)
  const bytes = [1, 2, 3].map((n) => posted(door, String(n))).join('')
  const answer = await sendRaw(door, bytes, posted(door, '4', { headers: ['Connection: close'] }))
  t.equal(answer.match(/HTTP\/1\.1 200/g)?.length, 4)
  t.strictSame(
    events.map(({ body }) => body),
    [1, 2, 3, 4],
  )
})

void t.test('a kept connection takes the next event', async (t) => {
  const { door, events } = await open(t)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  const ports = new Set<number | undefined>()
  for (let n = 0; n < 3; n++) {
    const sent = request(`${door.url}claude`, { agent, method: 'POST' })
    sent.end(String(n))
    const [answer] = (await once(sent, 'response')) as [NodeJS.ReadableStream]
    ports.add(sent.socket?.localPort)
    answer.resume()
    await once(answer, 'end')
  }
  t.equal(ports.size, 1)
  t.equal(events.length, 3)
})

void t.test('many events at once all arrive, and the next one finds room', async (t) => {
  const { door, events, bad, count } = await open(t)
  const agent = new Agent({ keepAlive: true })
  t.teardown(() => agent.destroy())
  const post = (body: string, by?: Agent): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const sent = request(`${door.url}claude`, { method: 'POST', ...(by && { agent: by }) }, (answer) => {
        answer.resume()
        answer.on('end', () => resolve(answer.statusCode))
      })
      sent.on('error', reject)
      sent.end(body)
    })
  const all = await Promise.all(Array.from({ length: 100 }, (_, n) => post(String(n), agent)))
  t.ok(all.every((code) => code === 200))
  t.equal(await post('100'), 200, 'while the connections are kept')
  await count(101)
  t.equal(new Set(events.map(({ body }) => body)).size, 101)
  t.strictSame(bad, [])
})

void t.test('strangers who hold connections keep no event out', async (t) => {
  const { door, events, bad } = await open(t)
  const port = Number(new URL(door.url).port)
  const strangers = Array.from({ length: 600 }, () => connect(port, '127.0.0.1').on('error', () => {}))
  t.teardown(() => strangers.forEach((socket) => socket.destroy()))
  const closed = Promise.race(strangers.map((socket) => once(socket.resume(), 'close')))
  await Promise.all(strangers.map((socket) => once(socket, 'connect')))
  await closed
  t.equal((await fetch(`${door.url}claude`, { method: 'POST', body: '1' })).status, 200)
  t.equal(events.length, 1)
  t.strictSame(bad, ['too many connections at once'])
})

void t.test('a connection that is silent or slow is closed', async (t) => {
  const events: unknown[] = []
  const door = await openHttp({
    requestMs: 250,
    onEvent: (_source, body) => events.push(body),
    onReport: () => {},
    onBad: (why) => t.fail(why),
  })
  t.teardown(() => door.close())
  const port = Number(new URL(door.url).port)
  const started = [
    '',
    `POST /${door.token}/claude HTTP/1.1\r\nHost: loc`,
    `POST /${door.token}/claude HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{`,
  ]
  const slow = started.flatMap((bytes) => Array.from({ length: 14 }, () => sendRaw(door, bytes)))
  for (const answer of await Promise.all(slow)) t.equal(status(answer), '408')
  t.strictSame(events, [])
  const drip = connect(port, '127.0.0.1').on('error', () => {})
  const dripping = setInterval(() => drip.write('X-A: b\r\n'), 50)
  t.teardown(() => clearInterval(dripping))
  drip.write(`POST /${door.token}/claude HTTP/1.1\r\nHost: localhost\r\n`)
  drip.resume()
  await once(drip, 'close')
  t.equal(
    (await fetch(`${door.url}claude`, { method: 'POST', body: '1' })).status,
    200,
    'there is room again',
  )
  t.strictSame(events, [1])
})

void t.test('a failure of ours never reaches the agent', async (t) => {
  const failures = [
    () => {
      throw new Error('thrown')
    },
    () => Promise.reject(new Error('rejected')),
  ]
  const { door, bad } = await open(t, { onEvent: () => failures.shift()?.() })
  for (let n = 0; n < 3; n++) {
    const answer = await fetch(`${door.url}claude`, { method: 'POST', body: '1' })
    t.equal(await answer.text(), '{}')
  }
  t.strictSame(bad, ['an event failed: thrown', 'an event failed: rejected'])
})

void t.test('a report is answered with what became of it', async (t) => {
  const outcomes: [() => void | string | Promise<unknown>, number, object][] = [
    [() => {}, 200, { ok: true, message: '' }],
    [() => Promise.resolve(), 200, { ok: true, message: '' }],
    [() => 'no such lifecycle', 400, { ok: false, message: 'no such lifecycle' }],
    [() => Promise.reject(new Error('too late')), 400, { ok: false, message: 'too late' }],
    [
      () => {
        throw new Error('broken')
      },
      400,
      { ok: false, message: 'broken' },
    ],
  ]
  for (const [onEvent, expected, body] of outcomes) {
    const { door, events, bad } = await open(t, { onEvent })
    const answer = await fetch(`${door.url}report`, { method: 'POST', body: '{"lifecycle":"idle"}' })
    t.equal(answer.status, expected)
    t.strictSame(await answer.json(), body)
    t.strictSame(events[0]?.body, { lifecycle: 'idle' })
    t.strictSame(bad, [])
  }
})

void t.test('closing is immediate and the last', async (t) => {
  const { door, events, bad } = await open(t)
  const idle = sendRaw(door, posted(door, '1'))
  const half = sendRaw(door, `POST /${door.token}/claude HTTP/1.1\r\nHost: localhost\r\n`)
  await fetch(`${door.url}claude`, { method: 'POST', body: '2' })
  door.close()
  await Promise.all([idle, half])
  await t.rejects(fetch(`${door.url}claude`, { method: 'POST', body: '3' }))
  t.equal(events.length, 2)
  t.strictSame(bad, [])
  door.close()
})
