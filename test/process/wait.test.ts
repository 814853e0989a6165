import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { slug } from '../../lib/wire/identity.js'
import { LineClient, newRoom, run, start, startHub, until } from './processes.js'

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

  const next = wait('--until', 'needs_input', '--next', '--json')
  await connected(next)
  agent.upsert('1', state('running', 'a', 3))
  agent.upsert('1', state('needs_input', 'a', 4))
  t.equal(await next.ended, 0)
  t.match(JSON.parse(next.stdout), { lifecycle: 'needs_input', source: { status: { since_ms: 4 } } })

  const again = wait('--until', 'idle')
  await connected(again)
  agent.upsert('1', state('running', 'b', 5))
  t.equal(await again.ended, 5, 'another launch is another agent')
  t.match(again.stderr, /started again/)

  const gone = wait('--until', 'idle')
  const offline = wait('--until', 'offline')
  await connected(gone, offline)
  agent.say('delta', { changes: [{ op: 'remove', agent_id: 's::1' }] })
  t.equal(await gone.ended, 5)
  t.equal(await offline.ended, 0)

  /** Waits until a process is known to the hub. */
  async function connected(...those: { pid: number }[]): Promise<void> {
    const log = (): string => readFileSync(path.join(room.logs, `hub-${slug('s')}.log`), 'utf8')
    for (const { pid } of those) await until(`${pid} is there`, () => log().includes(`"wait-${pid}"`))
  }
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
