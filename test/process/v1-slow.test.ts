import t, { type Test } from 'tap'
import { LineClient, run, until, type Room } from './processes.js'
import { V1Client } from './v1-client.js'
import { openV1Room, statusOf } from './v1-room.js'

/** Clients of version 1 that do not read: what the hub keeps for them, and when it lets them go. */

t.jobs = 2
// Each test needs an object of its own: tap keeps the result in it.
const parallel = (): { buffered: true } => ({ buffered: true })

/** A state with a diff of some 80 KB that is another one for each number. */
function stateOf(agent: string, pane: string, number: number): object {
  const files = Array.from({ length: 200 }, (_, i) => ({
    path: `${number}/${i}/${'x'.repeat(300)}`,
    status: 'modified',
    additions: number,
    deletions: 0,
    staged: false,
    untracked: false,
  }))
  const none = { files: 0, additions: 0, deletions: 0 }
  const summary = { staged: none, unstaged: { ...none, files: 200 }, untracked: { files: 0 } }
  return {
    lifecycle: 'running',
    source: {
      agent_status: statusOf(agent, pane, 'running'),
      diff_summary: { agent_id: agent, repo_root: '/srv/shop', git_available: true, summary, files },
    },
  }
}

/** The numbers of the diffs that a client was told. */
const numbersOf = (client: V1Client): number[] =>
  client.all('diff_summary').map(({ payload }) => (payload['files'] as { additions: number }[])[0]!.additions)

async function memoryOf(t: Test, room: Room, pid: number): Promise<number> {
  const { stdout } = await run(t, room, 'ps', ['-o', 'rss=', '-p', String(pid)])
  return Number(stdout) * 1_024
}

void t.test('who does not read gets the newest when it does, and slows nobody', parallel(), async (t) => {
  const { session, hub, room } = await openV1Room(t)
  const agent = `${session}::1`
  const publisher = await LineClient.publisher(t, hub, '1')
  const quick = await V1Client.subscriber(t, session)
  const stuck = await V1Client.subscriber(t, session, { clientId: 'stuck' })
  publisher.upsert('1', stateOf(agent, '1', 0))
  await stuck.get('diff_summary')
  stuck.socket.pause()
  const send = async (from: number, to: number): Promise<void> => {
    for (let i = from; i <= to; i++) {
      publisher.upsert('1', stateOf(agent, '1', i))
      // What the test itself keeps is not what is measured.
      if (i % 5 === 0) {
        await quick.until(`the diff ${i}`, () => numbersOf(quick).at(-1) === i)
        quick.received.length = 0
      }
    }
  }
  // A program takes some memory before it begins to clear up.
  await send(1, 900)
  const before = await memoryOf(t, room, hub.pid)
  await send(901, 1_800)
  const grown = (await memoryOf(t, room, hub.pid)) - before
  t.ok(grown < 50_000_000, `of 72 MB more that it did not read the hub holds ${grown >> 20} MiB`)
  t.equal(quick.end, null)

  stuck.socket.resume()
  await stuck.until('the newest', () => numbersOf(stuck).at(-1) === 1_800)
  const numbers = numbersOf(stuck)
  t.ok(numbers.length < 900, `it was told ${numbers.length} of 1,801`)
  t.strictSame(
    numbers,
    numbers.toSorted((a, b) => a - b),
    'and never an older one after a newer one',
  )
  publisher.upsert('1', stateOf(agent, '1', 1_801))
  await stuck.until('the next one', () => numbersOf(stuck).at(-1) === 1_801)
  t.strictSame(stuck.repeats(), [])
  t.equal(hub.stderr, '')
})

void t.test('who never reads is let go', parallel(), async (t) => {
  const patient = await openV1Room(t)
  const impatient = await openV1Room(t, ['--write-timeout', '1'])
  for (const [at, isLetGo] of [
    [impatient, true],
    [patient, false],
  ] as const) {
    const publisher = await LineClient.publisher(t, at.hub, '1')
    const quick = await V1Client.subscriber(t, at.session)
    const stuck = await V1Client.subscriber(t, at.session, { clientId: 'stuck' })
    const agent = `${at.session}::1`
    publisher.upsert('1', stateOf(agent, '1', 0))
    await stuck.get('diff_summary')
    stuck.socket.pause()
    for (let i = 1; i <= 100; i++) {
      publisher.upsert('1', stateOf(agent, '1', i))
      if (i % 5 === 0) await quick.until(`the diff ${i}`, () => numbersOf(quick).at(-1) === i)
    }
    if (isLetGo) {
      const details = `http://127.0.0.1:${impatient.port}/health?details=true`
      const subscribers = async (): Promise<number> =>
        ((await (await fetch(details)).json()) as { hub: { v1: { subscribers: number } } }).hub.v1.subscribers
      await until('only one is left', async () => (await subscribers()) === 1, 20_000)
      stuck.socket.resume()
      t.equal((await stuck.ended()).code, 1006)
    } else {
      stuck.socket.resume()
      await stuck.until('the newest', () => numbersOf(stuck).at(-1) === 100)
    }
    t.equal(quick.end, null)
  }
})
