import t from 'tap'
import { historyDeltasMax } from '../../lib/wire/limits.js'
import { Stage } from './script.js'

/** A hub whose one agent has been upserted `count` times. */
function after(count: number, options = {}): Stage {
  const stage = new Stage(options)
  stage.hello(1, { pane: '1' })
  for (let i = 1; i <= count; i++) stage.upsert(1, '1', { lifecycle: 'running', snippet: `step ${i}` })
  stage.flush()
  return stage
}

function subscribe(stage: Stage, payload: object): [string, Record<string, unknown>][] {
  stage.hello(9, { capabilities: ['subscribe'] })
  stage.frame(9, 'subscribe', payload)
  return stage.toldTo(9)
}

void t.test('where a subscription goes on', async (t) => {
  const table: [string, object, unknown[]][] = [
    ['from nowhere', {}, [['snapshot', { seq: 5, resume: undefined }]]],
    [
      'from the last delta',
      { since_seq: 5 },
      [['delta', { seq: 5, changes: [], resume: { mode: 'replay', from: 5 } }]],
    ],
    [
      'from two before',
      { since_seq: 3, epoch: 'e1' },
      [
        ['delta', { seq: 4, resume: { mode: 'replay', from: 3 } }],
        ['delta', { seq: 5, resume: undefined }],
      ],
    ],
    [
      'from the future',
      { since_seq: 6 },
      [['snapshot', { seq: 5, resume: { mode: 'snapshot', reason: 'ahead' } }]],
    ],
    [
      'from another life',
      { since_seq: 5, epoch: 'e0' },
      [['snapshot', { resume: { reason: 'epoch_changed' } }]],
    ],
  ]
  for (const [name, payload, told] of table) {
    const found = subscribe(after(5), payload)
    t.match(found, told, name)
    t.equal(found.length, told.length, name)
  }
  t.match(subscribe(after(0, { seqStart: 65_536 }), { since_seq: 12 }), [
    ['snapshot', { resume: { reason: 'too_old' } }],
  ])
})

void t.test('a replay is the deltas as they went out, byte for byte', async (t) => {
  const stage = after(0)
  stage.hello(2, {})
  stage.bytesOf(2)
  for (let i = 1; i <= 6; i++) stage.upsert(1, '1', { lifecycle: 'running', snippet: `stép ${i}` })
  const live = stage.bytesOf(2).toString().split('\n')
  stage.hello(3, { capabilities: ['subscribe'] })
  stage.frame(3, 'subscribe', { since_seq: 2 })
  const replayed = stage.bytesOf(3).toString().split('\n')
  t.strictSame(replayed.slice(1), live.slice(3))
  t.equal(replayed[0]?.replace('"resume":{"mode":"replay","from":2},', ''), live[2])
})

void t.test('what the history no longer holds is a snapshot', async (t) => {
  const stage = after(historyDeltasMax + 10)
  t.match(subscribe(stage, { since_seq: 10 + historyDeltasMax - 1 }), [
    ['delta', { seq: historyDeltasMax + 10 }],
  ])
  const old = after(historyDeltasMax + 10)
  t.match(subscribe(old, { since_seq: 9 }), [['snapshot', { resume: { reason: 'too_old' } }]])
})

void t.test('a replay larger than a snapshot is a snapshot', async (t) => {
  t.match(subscribe(after(1_000), { since_seq: 1 }), [
    ['snapshot', { seq: 1_000, resume: { reason: 'too_large' } }],
  ])
})

void t.test('a snapshot that fits no frame comes in parts that end at the present seq', async (t) => {
  const stage = new Stage()
  for (let conn = 1; conn <= 40; conn++) {
    stage.hello(conn, { pane: `${conn}` })
    stage.upsert(conn, `${conn}`, { lifecycle: 'running', source: { text: 'é'.repeat(10_000) } })
  }
  stage.hello(50, {})
  const lines = stage.bytesOf(50).toString().trimEnd().split('\n')
  for (const line of lines) t.ok(Buffer.byteLength(line) <= 262_144)
  const frames = lines.map(
    (line) => JSON.parse(line) as { type: string; payload: { seq: number; parts?: number } },
  )
  const parts = frames.length - 1
  t.ok(parts >= 3)
  t.match(frames[0], { type: 'snapshot', payload: { seq: 40 - parts, parts } })
  t.strictSame(
    frames.slice(1).map(({ type, payload }) => [type, payload.seq]),
    Array.from({ length: parts }, (_, i) => ['delta', 40 - parts + i + 1]),
  )
  stage.upsert(1, '1', { lifecycle: 'idle' })
  t.match(stage.toldTo(50), [['delta', { seq: 41 }]])

  stage.hello(51, { capabilities: ['subscribe'] })
  stage.frame(51, 'subscribe', { since_seq: 39 })
  t.match(
    stage.toldTo(51)[0],
    ['snapshot', { resume: { reason: 'incomplete' } }],
    'who was cut off within them',
  )
})

void t.test(
  'a subscriber that reads late gets every delta, as long as the history holds its place',
  async (t) => {
    const stage = new Stage({ subscriberBudgetBytes: 10_000 })
    stage.hello(1, { pane: '1' })
    stage.hello(2, {})
    stage.flush()
    stage.stuck.add(2)
    stage.bytesOf(2)
    for (let i = 1; i <= 500; i++) {
      stage.upsert(1, '1', { lifecycle: 'running', snippet: `step ${i}`.padEnd(100) })
      stage.flush()
    }
    const told = stage.bytesOf(2)
    t.ok(told.length > 10_000 && told.length < 21_000, `${told.length} bytes wait, and no more`)
    stage.unstick(2)
    const deltas = [told.toString(), stage.bytesOf(2).toString()].join('').trimEnd().split('\n')
    t.strictSame(
      deltas.map((line) => (JSON.parse(line) as { payload: { seq: number } }).payload.seq),
      Array.from({ length: 500 }, (_, i) => i + 1),
    )
    t.match(stage.core.health(), { queue_drops: 0, resyncs: 0 })
  },
)

void t.test('a lagging subscriber gets nothing until it has read all, then one snapshot', async (t) => {
  const stage = new Stage({ subscriberBudgetBytes: 10_000 })
  stage.hello(1, { pane: '1' })
  stage.hello(2, {})
  stage.hello(3, {})
  stage.flush()
  stage.stuck.add(2)
  stage.bytesOf(2)
  const last = historyDeltasMax + 500
  for (let i = 1; i <= last; i++) {
    stage.upsert(1, '1', { lifecycle: 'running', snippet: `step ${i}`.padEnd(100) })
    stage.flush()
  }
  t.ok(stage.bytesOf(2).length < 21_000)
  const deltas = stage.framesOf(3).filter(({ type }) => type === 'delta')
  t.equal(deltas.length, last, 'the other one has them all')
  stage.unstick(2)
  const resume = { mode: 'snapshot', reason: 'lagging' }
  const told = stage.toldTo(2)
  t.match(told, [['snapshot', { seq: last, states: [{ snippet: `step ${last}`.padEnd(100) }], resume }]])
  t.equal(told.length, 1)
  stage.upsert(1, '1', { lifecycle: 'idle' })
  t.match(stage.toldTo(2), [['delta', { seq: last + 1 }]])
  t.match(stage.core.health(), { queue_drops: 1, resyncs: 1 })
})

void t.test('results are not lost to a lag', async (t) => {
  const stage = new Stage({ subscriberBudgetBytes: 1_000 })
  stage.hello(1, { pane: '1' })
  stage.hello(2, {})
  stage.flush()
  stage.stuck.add(2)
  for (let i = 0; i < 50; i++) {
    stage.upsert(1, '1', { lifecycle: 'running', snippet: `${i}`.padEnd(100) })
    stage.flush()
  }
  stage.bytesOf(2)
  stage.frame(2, 'command', { command: 'nonsense' }, 'r1')
  t.strictSame(stage.toldTo(2), [])
  stage.unstick(2)
  t.match(stage.toldTo(2)[0], ['command_result', { status: 'error' }], 'before the deltas')
})

void t.test('who reads nothing is closed', async (t) => {
  const stage = new Stage({ subscriberBudgetBytes: 1_000 })
  stage.hello(1, { pane: '1' })
  stage.hello(2, {})
  stage.flush()
  stage.stuck.add(2)
  stage.upsert(1, '1', { lifecycle: 'running' })
  stage.flush()
  stage.wait(29_750)
  t.notOk(stage.ended.has(2))
  stage.wait(250)
  t.ok(stage.ended.has(2))
})

void t.test('a turn larger than the history is cut before it runs past those who keep up', async (t) => {
  const stage = new Stage()
  stage.hello(1, { pane: '1' })
  stage.hello(2, {})
  stage.bytesOf(2)
  const last = historyDeltasMax * 2
  for (let i = 1; i <= last; i++) {
    stage.upsert(1, '1', { lifecycle: 'running', snippet: `step ${i}` })
    // As a server does between two frames of a turn.
    if (stage.core.isPressed) stage.flush()
  }
  t.equal(stage.framesOf(2).filter(({ type }) => type === 'delta').length, last)
  t.match(stage.core.health(), { queue_drops: 0 })
})
