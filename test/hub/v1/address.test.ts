import t from 'tap'
import fc from 'fast-check'
import { AddressError, loopbackHost, urlOf, v1Address, type Address } from '../../../lib/hub/v1/address.js'
import type { Env } from '../../../lib/wire/identity.js'

/** Its port is 42220. */
const session = 'a'
const shown = (value: unknown): string => JSON.stringify(value)

function refused(run: () => unknown): AddressError {
  try {
    run()
  } catch (error) {
    if (error instanceof AddressError) return error
    throw error
  }
  throw new Error('it was taken')
}

void t.test("--addr > AOC_HUB_ADDR > AOC_HUB_URL > the session's port", async (t) => {
  const all = { AOC_HUB_ADDR: '127.0.0.2:2', AOC_HUB_URL: 'ws://127.0.0.3:3/ws' }
  const table: [string | undefined, Env, string][] = [
    ['127.0.0.1:1', all, '127.0.0.1:1'],
    [undefined, all, '127.0.0.2:2'],
    ['', all, '127.0.0.2:2'],
    ['', { ...all, AOC_HUB_ADDR: '' }, '127.0.0.3:3'],
    ['', { AOC_HUB_ADDR: '', AOC_HUB_URL: '' }, '127.0.0.1:42220'],
    [undefined, {}, '127.0.0.1:42220'],
  ]
  for (const [addr, env, expected] of table) {
    const { host, port } = v1Address({ addr }, env, session)
    t.equal(`${host}:${port}`, expected, shown([addr, env]))
  }
  t.equal(
    refused(() => v1Address({ addr: 'no' }, all, session)).source,
    '--addr',
    'a wrong one is not passed over',
  )
})

void t.test('what is taken', async (t) => {
  const table: [string, Address][] = [
    ['localhost:4000', { host: '127.0.0.1', port: 4000 }],
    ['LocalHost:4000', { host: '127.0.0.1', port: 4000 }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['127.255.0.254:65535', { host: '127.255.0.254', port: 65_535 }],
    ['[::1]:4000', { host: '::1', port: 4000 }],
  ]
  for (const [text, address] of table) {
    t.same(v1Address({ addr: text }, {}, session), address, text)
    t.same(v1Address({}, { AOC_HUB_ADDR: text }, session), address, text)
    t.same(v1Address({}, { AOC_HUB_URL: `ws://${text}/ws` }, session), address, `ws://${text}/ws`)
    if (address.host !== '127.0.0.1') t.equal(urlOf(address), `ws://${text}/ws`)
  }
})

void t.test('what is refused, and how it is said', async (t) => {
  const table: [string, string, RegExp][] = [
    ['0.0.0.0:4000', 'not_loopback', /not on "0\.0\.0\.0"\. Give 127\.0\.0\.1:4000/],
    ['192.168.1.5:4000', 'not_loopback', /for programs of this machine/],
    ['128.0.0.1:4000', 'not_loopback', /loopback|this machine/],
    ['evil.example:80', 'not_loopback', /not on "evil\.example"/],
    ['127.0.0.1.evil.com:80', 'not_loopback', /evil/],
    ['[::]:4000', 'not_loopback', /not on "\[::\]"/],
    ['[::ffff:127.0.0.1]:4000', 'not_loopback', /\[::1\]/],
    ['4000', 'invalid_address', /names no host\. Give 127\.0\.0\.1:42220/],
    [':4000', 'invalid_address', /names no host\. Give 127\.0\.0\.1:4000/],
    ['127.0.0.1', 'invalid_address', /names no port/],
    ['localhost:', 'invalid_address', /names no port/],
    ['localhost:65536', 'invalid_address', /0 to 65535\. Give 127\.0\.0\.1:42220/],
    ['localhost:-1', 'invalid_address', /0 to 65535/],
    ['localhost:0x10', 'invalid_address', /0 to 65535/],
    ['localhost:04000', 'invalid_address', /0 to 65535/],
    ['localhost:4000\n', 'invalid_address', /"localhost:4000\\n": its port/],
    ['127.1:4000', 'invalid_address', /four decimal numbers/],
    ['0177.0.0.1:4000', 'invalid_address', /four decimal numbers/],
    ['127.0.0.01:4000', 'invalid_address', /four decimal numbers/],
    ['127.0.0.256:4000', 'invalid_address', /four decimal numbers/],
    ['0x7f000001:4000', 'invalid_address', /four decimal numbers/],
    ['2130706433:4000', 'invalid_address', /four decimal numbers/],
    ['localhost.:4000', 'invalid_address', /neither a name nor an address/],
    ['user@127.0.0.1:4000', 'invalid_address', /neither a name nor an address/],
    [' 127.0.0.1:4000', 'invalid_address', /neither a name nor an address/],
    ['loc\u0430lhost:4000', 'invalid_address', /"loc\\u0430lhost:4000"/],
    ['\u001b[2Jlocalhost:4000', 'invalid_address', /"\\u001b\[2J/],
    ['::1:4000', 'invalid_address', /in brackets/],
    ['::1', 'invalid_address', /in brackets/],
    ['[::1]', 'invalid_address', /names no port/],
    ['127.0.0.1:4000/ws', 'invalid_address', /0 to 65535/],
    ['ws://127.0.0.1:4000/ws', 'invalid_address', /form host:port/],
  ]
  for (const [text, code, message] of table) {
    for (const [source, run] of [
      ['--addr', () => v1Address({ addr: text }, {}, session)],
      ['AOC_HUB_ADDR', () => v1Address({}, { AOC_HUB_ADDR: text }, session)],
    ] as const) {
      const error = refused(run)
      t.same([error.code, error.source], [code, source], shown(text))
      t.match(error.message, message, shown(text))
      t.ok(error.message.startsWith(`${source} is "`), error.message)
    }
  }
})

void t.test('a URL is ws://host:port/ws and nothing else', async (t) => {
  const table: [string, string, RegExp][] = [
    ['ws://10.0.0.1:4000/ws', 'not_loopback', /Give ws:\/\/127\.0\.0\.1:4000\/ws/],
    ['ws://localhost/ws', 'invalid_address', /names no port\. Give ws:\/\/127\.0\.0\.1:42220\/ws/],
    ['wss://localhost:4000/ws', 'invalid_address', /form ws:\/\/host:port\/ws/],
    ['http://localhost:4000/ws', 'invalid_address', /form ws:\/\/host:port\/ws/],
    ['ws://localhost:4000', 'invalid_address', /form ws:\/\/host:port\/ws/],
    ['ws://localhost:4000/', 'invalid_address', /form ws:\/\/host:port\/ws/],
    ['ws://localhost:4000/ws/', 'invalid_address', /form ws:\/\/host:port\/ws/],
    ['ws://localhost:4000/ws?x', 'invalid_address', /form ws:\/\/host:port\/ws/],
    ['ws://localhost:4000#@evil/ws', 'invalid_address', /form ws:\/\/host:port\/ws/],
    ['ws://me@localhost:4000/ws', 'invalid_address', /form ws:\/\/host:port\/ws/],
    ['localhost:4000', 'invalid_address', /form ws:\/\/host:port\/ws/],
  ]
  for (const [text, code, message] of table) {
    const error = refused(() => v1Address({}, { AOC_HUB_URL: text }, session))
    t.same([error.code, error.source], [code, 'AOC_HUB_URL'], text)
    t.match(error.message, message, text)
  }
})

void t.test('whatever is given: loopback, or refused in a short line of printable ASCII', async () => {
  const part = fc.oneof(
    fc.constantFrom(
      '127',
      '0',
      '1',
      '.',
      ':',
      '[',
      ']',
      '::1',
      'localhost',
      '@',
      '%',
      '\n',
      '\0',
      '0x7f',
      '４',
    ),
    fc.string({ unit: 'binary', maxLength: 3 }),
    fc.ipV4(),
    fc.ipV6(),
    fc.domain(),
    fc.nat(70_000).map(String),
  )
  const host = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(''))
  const given = fc.oneof(
    host,
    fc.tuple(host, fc.nat(70_000)).map(([host, port]) => `${host}:${port}`),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 5_000 }),
  )
  fc.assert(
    fc.property(given, fc.boolean(), (text, asUrl) => {
      const env = asUrl ? { AOC_HUB_URL: `ws://${text}/ws` } : { AOC_HUB_ADDR: text }
      try {
        const { host, port } = v1Address({}, env, session)
        const isLoopback = host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
        return isLoopback && Number.isInteger(port) && port >= 0 && port <= 65_535
      } catch (error) {
        return error instanceof AddressError && /^[ -~]{1,2000}$/.test(error.message)
      }
    }),
    { numRuns: 500 },
  )
})

void t.test('a host that is taken leads to loopback by the rules of URLs, too', async () => {
  const host = fc.oneof(
    fc.ipV4(),
    fc.ipV4Extended(),
    fc.ipV6().map((host) => `[${host}]`),
    fc.domain(),
    fc.constantFrom('localhost', 'LOCALHOST', '[::1]', '127.0.0.1', 'localhost.evil.com', '127.0.0.1.nip.io'),
    fc.array(fc.nat(300), { minLength: 3, maxLength: 5 }).map((bytes) => ['127', ...bytes].join('.')),
  )
  fc.assert(
    fc.property(host, (host) => {
      const found = loopbackHost(host)
      if (found === null) return true
      const { hostname } = new URL(`http://${host}/`)
      return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
    }),
    { numRuns: 500 },
  )
  fc.assert(
    fc.property(fc.nat(255), fc.nat(255), fc.nat(255), (...bytes) => {
      const host = ['127', ...bytes].join('.')
      return loopbackHost(host) === host
    }),
  )
})
