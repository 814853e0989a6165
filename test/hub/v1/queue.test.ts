import t from 'tap'
import { Queue, type Waiting } from '../../../lib/hub/v1/queue.js'
import type { StateChange } from '../../../lib/wire/messages.js'

const mebibyte = 1_024 * 1_024
const idOf = (agent: number): string => `s::${agent}`

/** A change of an agent; which one it is stands in `updated_at_ms`. */
function change(agent: number, number: number, bytes = 100): Waiting {
  const state = {
    agent_id: idOf(agent),
    session_id: 's',
    pane_id: `${agent}`,
    lifecycle: 'idle' as const,
    updated_at_ms: number,
  }
  return { kind: 'change', change: { op: 'upsert', agent_id: idOf(agent), state }, bytes }
}
const removal = (agent: number): Waiting => ({
  kind: 'change',
  change: { op: 'remove', agent_id: idOf(agent) },
  bytes: 50,
})
const said = (text: string): Waiting => ({ kind: 'said', message: Buffer.from(text), from: null })

const shown = ({ op, agent_id: id, ...more }: StateChange): string =>
  `${id} ${op === 'remove' ? 'gone' : (more as { state: { updated_at_ms: number } }).state.updated_at_ms}`
const wordsOf = (items: Waiting[]): string[] =>
  items.map((item) => (item.kind === 'said' ? item.message.toString() : shown(item.change)))
const all = (queue: Queue): string[] => wordsOf(queue.take(Infinity))

void t.test('what waits is told in order', async (t) => {
  const queue = new Queue()
  t.ok(queue.isEmpty)
  for (const item of [change(1, 1), said('a'), change(2, 1), change(1, 2), said('b'), removal(2)])
    queue.push(item)
  t.notOk(queue.isEmpty)
  t.strictSame(wordsOf(queue.take(2)), ['s::1 1', 'a'])
  t.strictSame(all(queue), ['s::2 1', 's::1 2', 'b', 's::2 gone'])
  t.ok(queue.isEmpty)
  t.strictSame(all(queue), [])
})

void t.test('cut: the last change of each agent, in the order of the last ones', async (t) => {
  const queue = new Queue()
  for (const item of [change(1, 1), change(2, 1), said('a'), change(3, 1), change(1, 2), removal(3)])
    queue.push(item)
  queue.cut()
  t.strictSame(all(queue), ['s::2 1', 's::1 2', 's::3 gone'])
  queue.push(removal(1))
  queue.push(change(1, 3))
  queue.cut()
  t.strictSame(all(queue), ['s::1 3'], 'one that is back')
  queue.push(said('a'))
  queue.cut()
  t.ok(queue.isEmpty)
})

/** Pushes twice as many each time until something is lost. @returns how many were pushed, and what is left. */
function fill(next: (i: number) => Waiting): { count: number; left: string[] } {
  for (let count = 4; count <= 65_536; count *= 2) {
    const queue = new Queue()
    queue.push(change(0, 0))
    for (let i = 0; i < count; i++) queue.push(next(i))
    const left = all(queue)
    if (left.length < count + 1) return { count, left }
  }
  throw new Error('it takes whatever comes')
}

void t.test('it is bounded by count and by bytes', async (t) => {
  const byCount = fill((i) => change(1, i, 10))
  t.ok(byCount.count <= 4_096, `${byCount.count} changes`)
  t.equal(byCount.left[0], 's::0 0', 'no agent is lost')
  t.equal(byCount.left.at(-1), `s::1 ${byCount.count - 1}`, 'and the newest is the last')
  const byBytes = fill((i) => change(1, i, mebibyte))
  t.ok(byBytes.count <= 32, `${byBytes.count} of a mebibyte`)
  t.equal(byBytes.left.at(-1), `s::1 ${byBytes.count - 1}`)
  const text = 'x'.repeat(mebibyte)
  const bySaid = fill(() => said(text))
  t.ok(bySaid.count <= 32, `${bySaid.count} of a mebibyte that were said`)
  t.ok(bySaid.left.includes('s::0 0'), 'what was said to all is lost, a state is not')
  t.ok(fill((i) => said(`${i}`)).count <= 4_096)
})

void t.test('more agents than its bound: each is kept, and it is not cut for each that comes', async (t) => {
  const queue = new Queue()
  const agents = 4_096
  for (let agent = 0; agent < agents; agent++) queue.push(change(agent, 0))
  for (let number = 1; number <= 10; number++)
    for (let agent = 0; agent < agents; agent++) queue.push(change(agent, number))
  const words = all(queue)
  t.ok(words.length <= 4 * agents, `${words.length} wait for ${agents} agents`)
  const last = new Map(words.map((word) => word.split(' ') as [string, string]))
  t.equal(last.size, agents)
  t.ok([...last.values()].every((number) => number === '10'))

  // The room that many agents had is not for few.
  for (let i = 0; i < 20_000; i++) queue.push(change(1, i))
  t.ok(queue.take(Infinity).length <= 2_048)
})

void t.test('what was taken is counted no more', async (t) => {
  const queue = new Queue()
  for (let i = 0; i < 100; i++) {
    queue.push(change(1, i, mebibyte))
    queue.push(said(`${i}`))
    t.strictSame(all(queue), [`s::1 ${i}`, `${i}`])
  }
  let taken = 0
  for (let i = 0; i < 5_000; i++) {
    queue.push(change(1, i))
    queue.push(change(1, i))
    taken += queue.take(2).length
  }
  t.equal(taken, 10_000, 'nothing was cut')
  t.ok(queue.isEmpty)
})
