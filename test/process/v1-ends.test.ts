import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { request } from 'node:http'
import path from 'node:path'
import t from 'tap'
import { dist, LineClient, Running, start, startHub, until, type HubProcess } from './processes.js'
import { newSession, portOfSession, V1Client } from './v1-client.js'
import { newV1Room, openV1Room, printedByPulse, statusOf } from './v1-room.js'

/** How a hub with v1 clients ends, and what it survives. */

t.jobs = 3
// Each test needs an object of its own: tap keeps the result in it.
const parallel = (): { buffered: true } => ({ buffered: true })

/** Waits so long; for what must not happen meanwhile. */
const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Asks the hub something that it answers at once. */
async function answers(client: V1Client, requestId: string): Promise<void> {
  client.send('no_such_type', {}, { request_id: requestId })
  await client.answer('error', requestId)
}

void t.test('a client that passes on tasks keeps a hub that ends when idle', parallel(), async (t) => {
  const { session, hub } = await openV1Room(t, ['--exit-when-idle', '2'])
  const client = await V1Client.connect(t, session, { clientId: 'taskmaster' })
  client.hello({ role: 'publisher', capabilities: ['task_update'] })
  for (let i = 0; i < 10; i++) {
    const task = { id: String(i), title: 'Define it', status: 'done' }
    client.send('task_update', { agent_id: `${session}::1`, tag: 'web', action: 'update', task })
    await answers(client, `r${i}`)
    await pass(400)
  }
  t.notOk(hub.hasEnded)
  t.equal(client.end, null)
  client.socket.terminate()
  await until('the hub ends', () => hub.hasEnded)
  t.equal(await hub.ended, 0)
  t.equal(hub.stderr, '')
})

void t.test('a hub that was stopped for a while drops nobody', parallel(), async (t) => {
  const at = await openV1Room(t, ['--ping-interval', '1s', '--write-timeout', '2s'])
  const { session, hub } = at
  const subscriber = await V1Client.subscriber(t, session)
  const publisher = await V1Client.publisher(t, session, '1')
  const silent = await V1Client.connect(t, session, { clientId: 'silent' })
  const clients = [subscriber, publisher, silent]
  publisher.send('agent_status', statusOf('agent-1', '1', 'idle'))
  await subscriber.get('agent_status')
  await until('they are pinged', () => clients.every(({ pings }) => pings > 0))
  hub.signal('SIGSTOP')
  publisher.send('agent_status', statusOf('agent-1', '1', 'running'))
  await pass(5_000)
  hub.signal('SIGCONT')
  for (const [i, client] of clients.entries()) await answers(client, `r${i}`)
  await subscriber.get('agent_status', ({ payload }) => payload['status'] === 'running')
  // Once it had ended one of them it would show before the next ping.
  const pings = clients.map((client) => client.pings)
  await until('they are pinged again', () => clients.every((client, i) => client.pings > pings[i]! + 1))
  for (const client of clients) t.equal(client.end, null, client.id)
  t.match((await printedByPulse(t, at)).get(`${session}::1`), { lifecycle: 'running' })
  t.equal(hub.stderr, '')
})

/** The files of a build that have the websocket's code. */
function websocketChunks(bin: string): string[] {
  const chunks = path.join(bin, 'chunks')
  return fs
    .readdirSync(chunks)
    .map((name) => path.join(chunks, name))
    .filter((file) => file.endsWith('.js') && fs.readFileSync(file, 'utf8').includes('Sec-WebSocket-Accept'))
}

void t.test('a hub whose programs were replaced under it', parallel(), async (t) => {
  const room = newV1Room(t)
  const session = await newSession()
  const copy = path.join(room.dir, 'copy')
  fs.cpSync(path.join(dist, 'bin'), path.join(copy, 'bin'), { recursive: true })
  fs.writeFileSync(path.join(copy, 'package.json'), '{"type":"module"}')
  const program = path.join(copy, 'bin/aoc-hub.js')
  const running = new Running(
    t,
    spawn(process.execPath, [program, '--session', session], { cwd: room.dir, env: room.env, stdio: 'pipe' }),
  )
  await until(
    `a hub that listens: ${running.stderr}`,
    () => running.stdout.includes(' listens on ') || running.hasEnded,
  )
  const hub: HubProcess = Object.assign(running, { session, socket: room.socketOf(session) })
  const origin = `http://127.0.0.1:${portOfSession(session)}`
  await until('its door is open', () =>
    fetch(`${origin}/health`).then(
      ({ ok }) => ok,
      () => false,
    ),
  )
  const files = websocketChunks(path.join(copy, 'bin'))
  t.ok(files.length > 0, 'the websocket is loaded late, from a file of its own')
  for (const file of files) fs.rmSync(file)

  for (let i = 0; i < 2; i++) {
    const { status, reason } = await upgrade(origin)
    t.equal(status, 503)
    t.match(reason, /out of date/)
  }
  t.equal(await (await fetch(`${origin}/health`)).text(), 'ok')
  const pulse = await LineClient.subscriber(t, hub)
  await pulse.until('snapshot')
  t.notOk(hub.hasEnded)
  t.notMatch(hub.stderr, /\n\s+at /, 'it did not fall over')
})

void t.test('a hub that ends says so', parallel(), async (t) => {
  const { session, hub } = await openV1Room(t)
  const clients = [
    await V1Client.subscriber(t, session),
    await V1Client.publisher(t, session, '1'),
    await V1Client.connect(t, session),
  ]
  for (const [i, client] of clients.entries()) await answers(client, `r${i}`)
  hub.signal('SIGTERM')
  for (const client of clients) t.match(await client.ended(), { code: 1001 }, client.id)
  t.equal(await hub.ended, 0)
})

void t.test('a hub that was killed and started again', parallel(), async (t) => {
  const at = await openV1Room(t)
  const { room, session } = at
  const args = ['--session', session, '--pane-id', '2', '--no-hub-start', '--', 'sleep', '600']
  start(t, room, 'aoc-agent-wrap', args)
  const [own, wrapped] = [`${session}::1`, `${session}::2`]
  const isOf =
    (agent: string, status: string) =>
    ({ payload }: { payload: Record<string, unknown> }): boolean =>
      payload['agent_id'] === agent && payload['status'] === status
  const before = await V1Client.subscriber(t, session)
  const publisher = await V1Client.publisher(t, session, '1')
  publisher.send('agent_status', statusOf('agent-1', '1', 'idle', 'waits'))
  await before.get('agent_status', isOf(own, 'idle'))
  await before.get('agent_status', isOf(wrapped, 'running'))
  await at.hub.kill()
  for (const client of [before, publisher]) t.equal((await client.ended()).code, 1006)

  const hub = await startHub(t, room, session)
  const after = await V1Client.subscriber(t, session)
  await after.get('agent_status', isOf(wrapped, 'running'))
  t.strictSame(after.all('agent_status', own), [], 'who has not come again is not there')
  const again = await V1Client.publisher(t, session, '1')
  again.send('agent_status', statusOf('agent-1', '1', 'running', 'works'))
  await after.get('agent_status', isOf(own, 'running'))
  t.strictSame([...(await printedByPulse(t, { ...at, hub })).keys()].toSorted(), [own, wrapped])
  t.strictSame(after.repeats(), [])
  t.equal(hub.stderr, '', 'the port was free')
})

/** Asks for the websocket by hand. */
function upgrade(origin: string): Promise<{ status: number; reason: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(`${origin}/ws`, {
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': Buffer.alloc(16).toString('base64'),
      },
    })
    asked.once('error', reject)
    asked.once('upgrade', (_, socket) => {
      socket.destroy()
      resolve({ status: 101, reason: '' })
    })
    asked.once('response', (response) => {
      let reason = ''
      response.on('data', (chunk: Buffer) => (reason += chunk.toString()))
      response.once('end', () => resolve({ status: response.statusCode ?? 0, reason }))
    })
    asked.end()
  })
}
