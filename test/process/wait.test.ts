import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { slug } from '../../lib/wire/identity.js'
import { LineClient, newRoom, run, start, startHub, until, type Room } from './processes.js'

/** `wait` and `explain`, as scripts use them. */
const state = (lifecycle: string, launch = 'a', since = 1) => ({
  lifecycle,
  source: { label: 'worker', launch_id: launch, status: { since_ms: since, detail: 'which?' } },
})

void t.test('wait ends by what becomes of the agent', async (t) => {
  const room = newRoom(t)
  const hub = await startHub(t, room)
  const env = { env: { AOC_SESSION_ID: 's' } }
  const agent = await LineClient.publisher(t, hub, '1')
  agent.upsert('1', state('running'))
  const wait = (...args: string[]) => start(t, room, 'aoc-pulse', ['wait', 'worker', ...args], env)
  await until('the agent is known', async () =>
    (await run(t, room, 'aoc-pulse', ['--once'], '', env)).stdout.includes('worker'),
  )

  const isSoAlready = await run(t, room, 'aoc-pulse', ['wait', 'worker', '--until', 'running'], '', env)
  t.same([isSoAlready.code, isSoAlready.stdout], [0, 'running  which?\n'], 'it is so')

  const reached = wait('--until', 'idle,needs_input')
  const late = wait('--until', 'idle', '--timeout', '0.8')
  t.equal(await late.ended, 124, 'not in time')
  t.match(late.stderr, /not within 0\.8 s/)
  agent.upsert('1', state('needs_input', 'a', 2))
  t.equal(await reached.ended, 0)
  t.equal(reached.stdout, 'needs_input  which?\n')

  // When a process comes to look is its own affair: what happens, happens until it has seen it.
  let since = 2
  const next = wait('--until', 'needs_input', '--next', '--json')
  await until('it asks anew', () => {
    agent.upsert('1', state('running', 'a', ++since))
    agent.upsert('1', state('needs_input', 'a', ++since))
    return next.hasEnded
  })
  t.equal(await next.ended, 0)
  t.match(JSON.parse(next.stdout), { lifecycle: 'needs_input' })

  const again = wait('--until', 'idle')
  await until('it is started again', () => {
    agent.upsert('1', state('running', `b${++since}`))
    return again.hasEnded
  })
  t.equal(await again.ended, 5, 'another launch is another agent')
  t.match(again.stderr, /started again/)

  const gone = wait('--until', 'idle')
  const offline = wait('--until', 'offline')
  await until('it has ended', () => {
    // As a publisher ends that gives no origin of its status.
    agent.upsert('1', state('running'))
    agent.upsert('1', state('offline'))
    agent.say('delta', { changes: [{ op: 'remove', agent_id: 's::1' }] })
    return gone.hasEnded && offline.hasEnded
  })
  t.equal(await gone.ended, 5)
  t.match(gone.stderr, /it has ended/)
  t.equal(await offline.ended, 0)
})

void t.test('an agent whose wrapper is not heard of is waited for', async (t) => {
  const room = newRoom(t)
  const hub = await startHub(t, room, 's', ['--stale-seconds', '2'])
  const env = { env: { AOC_SESSION_ID: 's' } }
  const hook = (lifecycle: string) => ({
    lifecycle,
    source: { label: 'worker', launch_id: 'a', status: { since_ms: 1, origin: 'hook' } },
  })
  const silent = await LineClient.publisher(t, hub, '1')
  const waits = start(t, room, 'aoc-pulse', ['wait', 'worker', '--until', 'idle'], env)
  await known(room, waits.pid, () => silent.upsert('1', hook('running')))
  await until('it is removed as stale', () => waits.hasEnded || /not heard of; waiting/.test(waits.stderr))
  silent.upsert('1', hook('running'))
  await until('it is back', () => waits.hasEnded || /heard of again/.test(waits.stderr))
  silent.upsert('1', hook('idle'))
  t.equal(await waits.ended, 0, waits.stderr)
})

void t.test('an agent whose wrapper has lost the hub is waited for', async (t) => {
  const room = newRoom(t)
  const hub = await startHub(t, room)
  const env = { env: { AOC_SESSION_ID: 's' } }
  const hook = (lifecycle: string, origin = 'hook') => ({
    lifecycle,
    source: { label: 'worker', launch_id: 'a', status: { since_ms: 1, origin } },
  })
  const wait = (...args: string[]) =>
    start(t, room, 'aoc-pulse', ['wait', '1', '--timeout', '60', '--until', ...args], env)
  const first = await LineClient.publisher(t, hub, '1')
  first.upsert('1', hook('needs_input'))
  const waits = [wait('idle'), wait('offline')] as const
  for (const { pid } of waits) await known(room, pid)
  first.socket.destroy()
  for (const one of waits)
    await until('it is shown offline', () => one.hasEnded || one.stderr.includes('not heard of; waiting'))
  const again = await LineClient.publisher(t, hub, '1')
  again.upsert('1', hook('idle'))
  t.equal(await waits[0].ended, 0, waits[0].stderr)
  again.upsert('1', hook('offline', 'exited'))
  t.equal(await waits[1].ended, 0, waits[1].stderr)
})

void t.test('with a timeout, the hub and the agent may come until then', async (t) => {
  const room = newRoom(t)
  const env = { env: { AOC_SESSION_ID: 's' } }
  const wait = (...args: string[]) =>
    start(t, room, 'aoc-pulse', ['wait', 'worker', '--until', 'idle', '--timeout', ...args], env)
  const none = wait('0.5')
  t.equal(await none.ended, 4, 'no hub at all')
  t.match(none.stderr, /no hub of session s answers/)
  const before = await startHub(t, room)
  const nobody = wait('2')
  t.equal(await nobody.ended, 1, 'no such agent')
  t.match(nobody.stderr, /no agent "worker"/)
  const waits = wait('60')
  await until('the agent is missed', () => waits.hasEnded || /no agent .*; waiting for it/.test(waits.stderr))
  await before.kill()
  await until('the hub is missed', () => waits.hasEnded || waits.stderr.includes('the hub is gone'))
  const hub = await startHub(t, room)
  const agent = await LineClient.publisher(t, hub, '1')
  agent.upsert('1', state('idle'))
  t.equal(await waits.ended, 0, waits.stderr)
})

/** Waits until a process is known to the hub, doing something meanwhile. */
async function known(room: Room, pid: number, meanwhile = () => {}): Promise<void> {
  const file = path.join(room.logs, `hub-${slug('s')}.log`)
  await until(`${pid} is there`, () => {
    meanwhile()
    return existsSync(file) && readFileSync(file, 'utf8').includes(`"wait-${pid}"`)
  })
}

void t.test('what an agent answers moves no cursor', async (t) => {
  const room = newRoom(t)
  const hub = await startHub(t, room)
  const env = { env: { AOC_SESSION_ID: 's' } }
  const agent = await LineClient.publisher(t, hub, '1')
  agent.upsert('1', state('idle'))
  const sends = start(t, room, 'aoc-pulse', ['send', 'refresh', '1', '--json'], env)
  await agent.until('command')
  const { request_id: id } = agent.frames.find(({ type }) => type === 'command')!
  agent.say('command_result', { command: 'refresh', status: 'ok', message: 'red \u009b31m' }, id)
  t.equal(await sends.ended, 0)
  t.match(sends.stdout, '"red \\u009b31m"', 'escaped')
  t.match(JSON.parse(sends.stdout), { message: 'red \u009b31m' }, 'and the same')
})

void t.test('wait for nobody, and without a hub', async (t) => {
  const room = newRoom(t)
  const env = { env: { AOC_SESSION_ID: 's' } }
  const none = await run(t, room, 'aoc-pulse', ['wait', 'x', '--until', 'idle'], '', env)
  t.equal(none.code, 4)
  await startHub(t, room)
  const nobody = await run(t, room, 'aoc-pulse', ['wait', 'x', '--until', 'idle'], '', env)
  t.equal(nobody.code, 1)
  t.match(nobody.stderr, /no agent "x"/)
  const wrong = await run(t, room, 'aoc-pulse', ['wait', 'x', '--until', 'happy'], '', env)
  t.equal(wrong.code, 2)
  t.match(wrong.stderr, /"happy" is none of/)
  const time = await run(t, room, 'aoc-pulse', ['wait', 'x', '--until', 'idle', '--timeout', 'soon'], '', env)
  t.equal(time.code, 2)
  t.match(time.stderr, /90s, 10m/)
})
