import t from 'tap'
import { lineBytesMax } from '../../../lib/wire/limits.js'
import { diffIn, tasksIn } from './payloads.js'
import { V1Stage } from './stage.js'

/** Subscribers that do not read what they are told, or late. */

const budget = 100_000

void t.test('who reads slowly gets the newest, and holds up nobody', async (t) => {
  const stage = new V1Stage({ subscriberBudgetBytes: budget })
  const { say } = stage.wrapper()
  const [slow, quick] = [stage.subscriber('slow'), stage.subscriber('quick')]
  say({ diff_summary: diffIn('start') })
  for (const each of [slow, quick]) each.messages()
  slow.socket.isStuck = true
  for (let i = 0; i < 100; i++) {
    say({ diff_summary: diffIn(`${i}-${'x'.repeat(4_000)}`), task_summaries: { x: tasksIn('x', i) } })
    t.equal(quick.told().length, 2, 'told at once')
  }
  t.ok(slow.socket.mostUnsent <= budget + lineBytesMax, `${slow.socket.mostUnsent} bytes`)
  t.match(stage.shim.counts, { queueDrops: 1, resyncs: 0 })
  slow.unstick()
  const told = slow.messages()
  t.ok(told.length < 70, `${told.length} of 200`)
  const last = (type: string): unknown => told.findLast((message) => message.type === type)?.payload
  t.match(last('diff_summary'), { files: [{ path: /^99-/ }] })
  t.match(last('task_summary'), { counts: { done: 99 } })
  t.equal(stage.shim.counts.resyncs, 1)
  say({ diff_summary: diffIn('next') })
  t.match(slow.all('diff_summary'), [{ files: [{ path: 'next' }] }], 'it follows again')
})

const manyBytes = Array.from({ length: 12 }, (_, i) => `${i}-${'x'.repeat(4_000)}`)

void t.test('one that never reads: never much more than its budget is kept for it', async (t) => {
  const stage = new V1Stage({ subscriberBudgetBytes: budget })
  const wrappers = Array.from({ length: 40 }, (_, i) => stage.wrapper(`${i}`))
  const stuck = stage.open(true)
  stuck.hello({ client_id: 'stuck', role: 'subscriber', capabilities: [] })
  for (let i = 0; i < 5; i++) {
    // All in one turn: the core tells of them together.
    for (const [pane, { pulse }] of wrappers.entries())
      pulse.upsert(`${pane}`, {
        lifecycle: 'running',
        source: { diff_summary: diffIn(`${i}`, ...manyBytes) },
      })
    stage.turn()
    for (const [pane, { pulse }] of wrappers.entries()) pulse.say('heartbeat', { agent_id: `s::${pane}` })
    stage.turn()
  }
  t.ok(stuck.socket.mostUnsent <= budget + lineBytesMax / 2, `${stuck.socket.mostUnsent} bytes`)
  stuck.unstick()
  const newest = new Map(stuck.all('diff_summary').map((told) => [told.agent_id, told.files[0]?.path]))
  t.equal(newest.size, 40)
  for (const path of newest.values()) t.equal(path, '4')
})

for (const others of [0, 1])
  void t.test(`one that comes to a full hub, ${others} others there: told all, as it reads`, async (t) => {
    const stage = new V1Stage({ subscriberBudgetBytes: budget })
    const wrappers = Array.from({ length: 40 }, (_, i) => stage.wrapper(`${i}`))
    for (const { say } of wrappers) say({ diff_summary: diffIn('a', ...manyBytes) })
    if (others > 0) stage.subscriber('other').messages()
    const slow = stage.open(true)
    slow.hello({ client_id: 'slow', role: 'subscriber', capabilities: [] })
    stage.turn()
    t.ok(slow.socket.mostUnsent <= budget + lineBytesMax / 2, `${slow.socket.mostUnsent} bytes`)
    // What changes meanwhile is told once, and as it is at the end.
    wrappers[9]!.say({ diff_summary: diffIn('b') })
    wrappers[9]!.say({ diff_summary: diffIn('c') })
    wrappers[0]!.say({ diff_summary: diffIn('d') })
    while (slow.socket.takeOne()) stage.turn()
    t.ok(slow.socket.mostUnsent <= budget + lineBytesMax / 2)
    const told = slow.messages()
    t.equal(new Set(told.map(({ sender_id: id }) => id)).size, 40)
    const diffsOf = (id: string): unknown[] =>
      told.flatMap(({ type, payload }) =>
        type === 'diff_summary' && payload.agent_id === id ? [payload.files[0]?.path] : [],
      )
    t.strictSame(diffsOf('s::9'), ['c'])
    t.strictSame(diffsOf('s::0'), ['a', 'd'])
  })

void t.test(
  'one that was behind is brought up to date as soon as it has read, whatever it reads last',
  async (t) => {
    const stage = new V1Stage({ subscriberBudgetBytes: budget })
    const { say } = stage.wrapper()
    const slow = stage.subscriber('slow')
    say({})
    slow.messages()
    slow.socket.isStuck = true
    const large = Array.from({ length: 30 }, (_, i) => `${i}-${'x'.repeat(4_000)}`)
    say({ diff_summary: diffIn(...large) })
    // What it is told last is no state.
    slow.write('garbage')
    say({ diff_summary: diffIn('newest') })
    slow.unstick()
    t.match(slow.all('diff_summary').at(-1), { files: [{ path: 'newest' }] })
  },
)

void t.test('what passes by is not kept for who reads slowly', async (t) => {
  const stage = new V1Stage({ subscriberBudgetBytes: budget })
  const { pulse, say } = stage.wrapper()
  const slow = stage.subscriber('slow')
  const speaker = stage.subscriber('speaker')
  say({})
  for (const each of [slow, speaker]) each.messages()
  slow.socket.isStuck = true
  for (let i = 0; i < 2_000; i++) {
    pulse.say('heartbeat', { agent_id: 's::1' })
    stage.turn()
  }
  t.ok(slow.socket.unsent <= budget / 2 + 1_000)
  for (let i = 0; i < 40; i++) speaker.send('error', { code: 'c', message: 'x'.repeat(16_000) })
  t.ok(slow.socket.mostUnsent <= budget + 20_000, `${slow.socket.mostUnsent}`)
  slow.unstick()
  slow.messages()
  say({}, { lifecycle: 'idle' })
  t.match(slow.told(), [['agent_status', { status: 'idle' }]])
})

void t.test('a subscriber that goes while it is behind', async (t) => {
  const stage = new V1Stage({ subscriberBudgetBytes: budget })
  const { say } = stage.wrapper()
  const slow = stage.subscriber('slow')
  const quick = stage.subscriber('quick')
  slow.socket.isStuck = true
  for (let i = 0; i < 60; i++) say({ diff_summary: diffIn(`${i}-${'x'.repeat(4_000)}`) })
  slow.leave()
  quick.messages()
  say({ diff_summary: diffIn('next') })
  t.match(quick.all('diff_summary'), [{ files: [{ path: 'next' }] }])
  t.match(stage.core.health(), { subscribers: 1 })
})
