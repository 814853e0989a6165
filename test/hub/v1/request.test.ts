import http from 'node:http'
import net from 'node:net'
import { once } from 'node:events'
import t from 'tap'
import fc from 'fast-check'
import { refusalOf, targetOf, type RequestHead } from '../../../lib/hub/v1/request.js'

const good = 'http://localhost:5173'
const rules = { allowedOrigins: [good] }
const shown = (value: unknown): string => JSON.stringify(value)

function status(head: Partial<RequestHead>): number | null {
  const headers = { host: '127.0.0.1:42123', ...head.headers }
  return refusalOf({ method: 'GET', url: '/ws', ...head, headers }, rules)?.status ?? null
}

void t.test('Host', async (t) => {
  const table: [string | undefined, number | null][] = [
    ['127.0.0.1:42123', null],
    ['127.0.0.1', null],
    ['127.9.8.7:1', null],
    ['localhost', null],
    ['LOCALHOST:42123', null],
    ['[::1]:42123', null],
    ['[::1]', null],
    [undefined, 403],
    ['', 403],
    ['evil.com', 403],
    ['evil.com:42123', 403],
    ['127.0.0.1.evil.com', 403],
    ['127.0.0.1.nip.io:42123', 403],
    ['localhost.evil.com', 403],
    ['evil.localhost', 403],
    ['localhost.', 403],
    ['localhost.:42123', 403],
    ['127.0.0.1@evil.com', 403],
    ['evil.com@127.0.0.1', 403],
    ['evil.com:80@127.0.0.1', 403],
    ['127.0.0.1:42123:80', 403],
    ['127.0.0.1:', 403],
    ['127.0.0.1:http', 403],
    ['127.0.0.1, evil.com', 403],
    ['127.0.0.1/', 403],
    ['127.0.0.1#', 403],
    ['127.0.0.1\n', 403],
    ['127.1', 403],
    ['0x7f.0.0.1', 403],
    ['0177.0.0.1', 403],
    ['2130706433', 403],
    ['0.0.0.0:42123', 403],
    ['192.168.0.7', 403],
    ['::1', 403],
    ['[::]', 403],
    ['[::1', 403],
    ['[::1].evil.com', 403],
    ['[::1%lo]', 403],
    ['[::ffff:127.0.0.1]', 403],
  ]
  for (const [host, expected] of table) t.equal(status({ headers: { host } }), expected, shown(host))
})

void t.test('Origin and Sec-Fetch-Site', async (t) => {
  const table: [RequestHead['headers'], number | null][] = [
    [{}, null],
    [{ origin: good }, null],
    [{ origin: good, 'sec-fetch-site': 'cross-site' }, null],
    [{ origin: `${good}/` }, 403],
    [{ origin: `${good}.evil.com` }, 403],
    [{ origin: good.toUpperCase() }, 403],
    [{ origin: `${good}, ${good}` }, 403],
    [{ origin: [good] }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: '' }, 403],
    [{ origin: 'http://127.0.0.1:42123' }, 403],
    [{ 'sec-fetch-site': 'none' }, null],
    [{ 'sec-fetch-site': 'same-origin' }, null],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'none, none' }, 403],
    [{ 'sec-fetch-site': '' }, 403],
    [{ origin: 'https://evil.com', 'sec-fetch-site': 'same-origin' }, 403],
    [{ origin: good, host: 'evil.com' }, 403],
  ]
  for (const [headers, expected] of table) t.equal(status({ headers }), expected, shown(headers))
  const nobody = { allowedOrigins: [] }
  const head = { method: 'GET', url: '/ws', headers: { host: 'localhost', origin: good } }
  t.equal(refusalOf(head, nobody)?.status, 403, 'no origin is allowed by itself')
})

void t.test('method and path', async (t) => {
  const table: [string | undefined, string | undefined, number | null][] = [
    ['GET', '/ws', null],
    ['GET', '/ws?token=1', null],
    ['GET', '/health', null],
    ['HEAD', '/health', null],
    ['HEAD', '/health?details=true', null],
    ['GET', '/health?details=true', null],
    ['GET', '/health?details=%00&x=%', null],
    ['HEAD', '/ws', 405],
    ['POST', '/health', 405],
    ['OPTIONS', '/ws', 405],
    ['CONNECT', '127.0.0.1:80', 405],
    ['get', '/ws', 405],
    ['', '/ws', 405],
    [undefined, undefined, 405],
    ['GET', undefined, 404],
    ['GET', '', 404],
    ['GET', '/', 404],
    ['GET', '*', 404],
    ['GET', 'ws', 404],
    ['GET', '//ws', 404],
    ['GET', '/ws/', 404],
    ['GET', '/WS', 404],
    ['GET', '/%77s', 404],
    ['GET', '/ws#', 404],
    ['GET', '/ws;a', 404],
    ['GET', '/./ws', 404],
    ['GET', '/health/../ws', 404],
    ['GET', '\\ws', 404],
    ['GET', '/ws\0', 404],
    ['GET', 'http://127.0.0.1:42123/ws', 404],
    ['GET', 'http://evil.com/ws', 404],
    ['GET', '//evil.com/ws', 404],
  ]
  for (const [method, url, expected] of table)
    t.equal(status({ method, url }), expected, shown([method, url]))
  t.equal(
    status({ method: 'POST', url: '/', headers: { host: 'evil.com' } }),
    403,
    'a stranger learns nothing',
  )
})

void t.test('targets', async (t) => {
  const table: [string, unknown][] = [
    ['/ws', { path: '/ws' }],
    ['/ws?details=true', { path: '/ws' }],
    ['/health', { path: '/health', details: false }],
    ['/health?', { path: '/health', details: false }],
    ['/health?details=true', { path: '/health', details: true }],
    ['/health?x=1&details=true', { path: '/health', details: true }],
    ['/health?details=false', { path: '/health', details: false }],
    ['/health?details', { path: '/health', details: false }],
    ['/health?details=TRUE', { path: '/health', details: false }],
    ['/health?%%%', { path: '/health', details: false }],
    ['/healthy', null],
  ]
  for (const [url, target] of table) t.same(targetOf(url), target, url)
})

void t.test('reasons say what was wrong, and let no control character through', async (t) => {
  const table: [RequestHead, RegExp][] = [
    [{ method: 'GET', url: '/ws', headers: {} }, /no Host; ask 127\.0\.0\.1/],
    [{ method: 'GET', url: '/ws', headers: { host: 'evil\u001b[2J' } }, /"evil\\u001b\[2J" is not/],
    [
      { method: 'GET', url: '/ws', headers: { host: 'localhost', origin: 'null' } },
      /page "null".*--allow-origin/,
    ],
    [{ method: 'GET', url: '/\u0085x', headers: { host: 'localhost' } }, /"\/\\u0085x"; the hub has \/ws/],
    [{ method: 'PUT', url: '/ws', headers: { host: 'localhost' } }, /"PUT" is not taken; ask with GET/],
  ]
  for (const [head, reason] of table) t.match(refusalOf(head, rules)?.reason, reason, shown(head))

  const text = fc.string({ unit: 'binary', maxLength: 300 })
  fc.assert(
    fc.property(text, text, text, text, fc.boolean(), (method, url, host, origin, isOurs) => {
      const headers = isOurs ? { host: 'localhost' } : { host, origin }
      const refusal = refusalOf({ method, url, headers }, rules)
      return refusal === null || /^[ -~]{10,1000}$/.test(refusal.reason)
    }),
  )
})

void t.test('no Host is taken that a browser would look up elsewhere', async () => {
  const host = fc.oneof(
    fc.domain(),
    fc.ipV4Extended(),
    fc.ipV6().map((host) => `[${host}]`),
    fc.webAuthority({
      withPort: true,
      withUserInfo: true,
      withIPv4: true,
      withIPv4Extended: true,
      withIPv6: true,
    }),
    fc
      .tuple(fc.constantFrom('localhost', '127.0.0.1', '[::1]'), fc.string({ unit: 'binary', maxLength: 4 }))
      .map((pair) => pair.join('')),
  )
  fc.assert(
    fc.property(host, (host) => {
      if (status({ headers: { host } }) !== null) return true
      const { hostname, username } = new URL(`http://${host}/`)
      return (
        username === '' && (hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.'))
      )
    }),
    { numRuns: 500 },
  )
})

void t.test("node's own requests, as they come over a socket", async (t) => {
  const server = http.createServer((request, response) => {
    const refusal = refusalOf(request, rules)
    response.writeHead(refusal?.status ?? 200, { connection: 'close' }).end(refusal?.reason)
  })
  t.teardown(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo

  const table: [string, number][] = [
    [`GET /health HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`, 200],
    [`GET /health HTTP/1.1\r\nhOST:   localhost  \r\n\r\n`, 200],
    [`GET http://evil.com/health HTTP/1.1\r\nHost: localhost\r\n\r\n`, 404],
    [`GET /health HTTP/1.1\r\nHost: evil.com\r\nHost: localhost\r\n\r\n`, 403],
    [`GET /health HTTP/1.0\r\n\r\n`, 403],
    [`GET /health HTTP/1.1\r\nHost: localhost\r\nOrigin: ${good}\r\nOrigin: null\r\n\r\n`, 403],
    [`GET /health HTTP/1.1\r\nHost: localhost\r\nOrigin:\r\n\r\n`, 403],
    [
      `GET /health HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n\r\n`,
      403,
    ],
    [`POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`, 405],
  ]
  for (const [bytes, expected] of table) {
    const socket = net.connect(port, '127.0.0.1')
    socket.write(bytes)
    const chunks: Buffer[] = await socket.toArray()
    t.equal(Number(Buffer.concat(chunks).toString().split(' ')[1]), expected, shown(bytes))
  }
})
