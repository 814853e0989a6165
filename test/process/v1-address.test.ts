import { once } from 'node:events'
import net from 'node:net'
import os from 'node:os'
import t from 'tap'
import { LineClient, run, startHub, until } from './processes.js'
import { isFree, newSession, portOfSession, V1Client } from './v1-client.js'
import { ask, connects } from './v1-http.js'
import { newV1Room, openV1Room } from './v1-room.js'

/** Where the door of version 1 is, and where it never is. */

t.jobs = 2
// Each test needs an object of its own: tap keeps the result in it.
const parallel = (): { buffered: true } => ({ buffered: true })

/** The machine's other addresses. On Linux all of 127/8 is this machine: who listens on all addresses is found there. */
const elsewhere = [
  ...Object.values(os.networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal }) => !internal)
    .map(({ address }) => address),
  '127.0.0.2',
]

void t.test('only this machine, whatever is asked for', parallel(), async (t) => {
  const { port } = await openV1Room(t)
  await until('it listens', () => connects('127.0.0.1', port))
  for (const host of elsewhere) t.equal(await connects(host, port), false, `${host} is not listened on`)
})

void t.test('what is no address of this machine', parallel(), async (t) => {
  const room = newV1Room(t)
  const notHere = /loopback|127\.0\.0\.1/
  const bad: [string, RegExp][] = [
    ['0.0.0.0:PORT', notHere],
    ['192.0.2.1:PORT', notHere],
    ['[::]:PORT', notHere],
    ['evil.example:PORT', notHere],
    ['localhost.evil.example:PORT', notHere],
    ['*:PORT', notHere],
    [':PORT', notHere],
    ['127.0.0.1', /port/],
    ['127.0.0.1:none', /port/],
    ['127.0.0.1:70000', /port/],
  ]
  const session = await newSession()
  const port = portOfSession(session)
  await Promise.all(
    bad.map(async ([pattern, reason]) => {
      const address = pattern.replace('PORT', `${port}`)
      const refused = await run(t, room, 'aoc-hub', ['--session', session, '--addr', address])
      t.equal(refused.code, 2, `--addr ${address}: ${refused.stderr}`)
      t.match(refused.stderr, reason, address)
      t.match(refused.stderr, /--addr/)
    }),
  )

  const settings: [Record<string, string>, RegExp][] = [
    [{ AOC_HUB_ADDR: `0.0.0.0:${port}` }, notHere],
    [{ AOC_HUB_ADDR: 'evil.example:80' }, notHere],
    [{ AOC_HUB_ADDR: '127.0.0.1:none' }, /port/],
    [{ AOC_HUB_URL: `ws://192.0.2.1:${port}/ws` }, notHere],
    [{ AOC_HUB_URL: 'no url' }, /./],
  ]
  for (const [env, reason] of settings) {
    const [name, value] = Object.entries(env)[0]!
    const hub = await startHub(t, room, session, [], { env })
    const said = (): string => hub.stdout + hub.stderr
    await until(`it says why not: ${said()}`, () => said().includes(name))
    t.match(said(), reason, `${name}=${value}`)
    t.ok(said().includes(value), 'and what')
    await (await LineClient.subscriber(t, hub)).until('snapshot')
    for (const host of ['127.0.0.1', ...elsewhere])
      t.equal(await connects(host, port), false, `${value}: nobody listens on ${host}`)
    hub.signal('SIGTERM')
    t.equal(await hub.ended, 0)
  }
})

void t.test('the address is the first that is said', parallel(), async (t) => {
  const room = newV1Room(t)
  const free = async (): Promise<number> => {
    const server = net.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    server.close()
    await once(server, 'close')
    return port
  }
  const [a, b, c] = [await free(), await free(), await free()]
  const table: [string, string[], Record<string, string>, number | null][] = [
    ['nothing', [], {}, null],
    ['AOC_HUB_URL', [], { AOC_HUB_URL: `ws://127.0.0.1:${a}/ws` }, a],
    ['AOC_HUB_ADDR', [], { AOC_HUB_ADDR: `127.0.0.1:${b}`, AOC_HUB_URL: `ws://127.0.0.1:${a}/ws` }, b],
    ['by name', [], { AOC_HUB_ADDR: `localhost:${b}` }, b],
    [
      '--addr',
      ['--addr', `127.0.0.1:${c}`],
      { AOC_HUB_ADDR: `127.0.0.1:${b}`, AOC_HUB_URL: `ws://127.0.0.1:${a}/ws` },
      c,
    ],
    ['empty ones', [], { AOC_HUB_ADDR: '', AOC_HUB_URL: '' }, null],
  ]
  for (const [name, args, env, wanted] of table) {
    const session = await newSession()
    const port = wanted ?? portOfSession(session)
    const hub = await startHub(t, room, session, args, { env })
    t.match(await ask(port), { status: 200, body: 'ok' }, name)
    for (const other of [a, b, c, portOfSession(session)])
      if (other !== port) t.ok(await isFree(other), `${name}: and no other`)
    const subscriber = await V1Client.subscriber(t, session, { port })
    const agent = await LineClient.publisher(t, hub, '1')
    agent.upsert('1', { lifecycle: 'idle' })
    await subscriber.get('agent_status')
    hub.signal('SIGTERM')
    t.equal(await hub.ended, 0, `${name}: ${hub.stderr}`)
    await subscriber.ended()
    t.ok(await isFree(port), `${name}: nothing is left`)
  }
})
