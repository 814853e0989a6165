import t from 'tap'
import { healthItems } from '../../../lib/pulse/model/health-items.js'
import { blindNote } from '../../../lib/pulse/model/notes.js'
import type { HubHealth, V1Health } from '../../../lib/wire/messages.js'
import { modelOf, noonMs, stateOf, v1StateOf } from '../model.js'

const of = (model: ReturnType<typeof modelOf>, kind: string): unknown[] =>
  healthItems(model).filter((item) => item.kind === kind)

void t.test('how old a sign of life is', async (t) => {
  const heartbeat = (ageMs: number, more: object = {}, session: object = {}): unknown => {
    const states = [stateOf('1', { last_heartbeat_ms: noonMs - ageMs, ...more })]
    const [item] = of(modelOf({ session: { states, ...session } }), 'agent') as { heartbeat: unknown }[]
    return item?.heartbeat
  }
  t.strictSame(heartbeat(5_000), { ageMs: 5_000, tone: 'info' })
  t.strictSame(heartbeat(10_001), { ageMs: 10_001, tone: 'warning' })
  t.strictSame(heartbeat(30_001), { ageMs: 30_001, tone: 'error' })
  t.strictSame(heartbeat(-5_000), { ageMs: 0, tone: 'info' }, 'a clock that is ahead')
  t.strictSame(heartbeat(60_000, { lifecycle: 'offline' }), { ageMs: 60_000, tone: 'info' })
  t.strictSame(heartbeat(60_000, {}, { heartbeats: { 's::1': noonMs - 1_000 } }), {
    ageMs: 1_000,
    tone: 'info',
  })
  t.strictSame(heartbeat(0, { last_heartbeat_ms: null }), { ageMs: null, tone: 'info' })
  const link = { kind: 'lost', reason: 'x', wasLive: true }
  t.strictSame(heartbeat(60_000, {}, { link }), { ageMs: 60_000, tone: 'info' }, 'no hub to hear it from')
})

void t.test('every word of `blind` has a sentence, and something to do', async (t) => {
  const words =
    'no_signals hooks_pending hooks_missing hooks_untrusted hooks_refused own_settings managed_policy injection_off ' +
    'door_failed no_status too_old hooks_off sandboxed remote_agent no_tty not_wrapped'
  for (const word of words.split(' ')) {
    const note = blindNote(word)
    t.match(note, { what: /^blind: (?!a better signal)/, todo: new RegExp(`^.+ \\(${word}\\)$`) }, word)
    t.ok(note !== null && note.what.length <= 37, `${word} fits a narrow screen`)
  }
  t.match(blindNote('of_tomorrow'), { what: 'blind: a better signal is missing', todo: 'of_tomorrow' })
  t.equal(blindNote(''), null)
})

void t.test('facts take as many rows as they need, and nothing is lost', async (t) => {
  const facts = (columns: number): string =>
    healthItems(modelOf({ columns }))
      .flatMap((item) => (item.kind === 'fact' ? item.parts.map(({ text }) => text) : []))
      .join(' ')
  t.equal(facts(40), facts(200))
  t.match(facts(40), 'epoch 3b1f0c9a7e55 seq 122 latency 3 ms')
})

void t.test('no hub', async (t) => {
  const link = { kind: 'lost', reason: 'connect ENOENT', wasLive: false } as const
  const model = modelOf({
    session: { link, linkMs: noonMs - 8_000, seq: null, epoch: null, latencyMs: null },
  })
  t.match(healthItems(model), [
    { kind: 'heading', title: 'Hub' },
    { kind: 'fact', parts: [{ text: '✗ no hub for 8s', tone: 'error' }, { text: 'connect ENOENT' }] },
    { kind: 'note', tone: 'warning', todo: 'start one: aoc-hub --session s' },
    { kind: 'fact', name: 'socket' },
  ])
})

void t.test('this machine, once for all sessions', async (t) => {
  const checks = [
    { name: 'git', ok: true, detail: '2.43.0', hint: '' },
    { name: 'dash', ok: false, detail: 'not found', hint: 'install dash' },
    { name: 'multiplexer', ok: null, detail: 'none around', hint: '' },
  ]
  const model = modelOf({
    sessions: [{ id: 'a' }, { id: 'b' }],
    checks,
  })
  t.match(of(model, 'heading'), [
    { title: 'Hub of session a' },
    { title: 'Hub of session b' },
    { title: 'This machine' },
  ])
  t.match(of(model, 'check'), [{ name: 'git', ok: true }, { name: 'dash' }, { name: 'multiplexer' }])
  t.match(of(model, 'note'), [{ what: 'install dash' }])
})

void t.test('a filter narrows the agents', async (t) => {
  const states = [stateOf('1', { label: 'claude' }), stateOf('2', { label: 'codex' })]
  t.match(of(modelOf({ states, filter: 'COD' }), 'agent'), [{ agentId: 's::2' }])
  t.equal(of(modelOf({ states, filter: 'nobody' }), 'agent').length, 0)
})

const open: V1Health = {
  url: 'ws://127.0.0.1:42123/ws',
  listening: true,
  connections: 2,
  publishers: 1,
  subscribers: 1,
  refused: 0,
  messages_in: 9,
  messages_out: 9,
  errors: 0,
  queue_drops: 0,
  resyncs: 0,
}
const counts =
  'seq agents publishers subscribers frames_in deltas_out decode_errors queue_drops resyncs history_deltas history_bytes'
const hubHealth = {
  ...Object.fromEntries(counts.split(' ').map((name) => [name, 0])),
  epoch: 'e',
  pid: 1,
  hub_version: '0.1.0',
  started_at_ms: noonMs,
} as HubHealth

/** The fact `v1` as a line, and its notes as lines. */
const v1Of = (v1: V1Health | null | undefined): { fact: string; tones: string[]; notes: string[] } => {
  const items = healthItems(modelOf({ columns: 400, session: { health: { ...hubHealth, v1 } } }))
  const parts = items.flatMap((item) => (item.kind === 'fact' && item.name === 'v1' ? item.parts : []))
  const notes = items.flatMap((item) =>
    item.kind === 'note' ? [`${item.tone} ${item.what} — ${item.todo}`] : [],
  )
  return {
    fact: parts.map(({ text }) => text).join(' · '),
    tones: parts.map(({ tone }) => tone).filter((tone) => tone !== 'plain'),
    notes,
  }
}

void t.test('the door of v1 clients', async (t) => {
  const fact = '127.0.0.1:42123 · 2 websockets · 1 publisher · 1 subscriber'
  t.strictSame(v1Of(open), { fact, tones: [], notes: [] })
  t.match(v1Of({ ...open, url: 'ws://[::1]:42123/ws' }).fact, /^\[::1\]:42123 /)
  const worn = v1Of({ ...open, refused: 3, errors: 1, queue_drops: 2 })
  t.equal(worn.fact, `${fact} · ! 3 refused · ! 1 error · ! 2 queue drops`)
  t.strictSame(worn.tones, ['warning', 'warning', 'warning'])
  t.match(worn.notes, [
    /^info refused: .* log/,
    /^info errors: .* told/,
    /^info queue drops — .*nothing to do/,
  ])
  for (const older of [undefined, null]) t.equal(v1Of(older).fact, '', 'a hub that says nothing of it')
})

void t.test('why v1 clients cannot come in, and what to do', async (t) => {
  const closed = { ...open, listening: false, connections: 0, publishers: 0, subscribers: 0 }
  t.strictSame(v1Of({ ...closed, reason: 'node (pid 12) has port 42123' }), {
    fact: '! does not listen · 127.0.0.1:42123',
    tones: ['warning'],
    notes: [
      'info node (pid 12) has port 42123 — free the port: the hub tries every 5 s; or give it and its clients AOC_HUB_URL',
    ],
  })
  const reason =
    'AOC_HUB_ADDR is "0.0.0.0:4000": the hub listens on loopback only. Give 127.0.0.1:4000, for one.'
  t.strictSame(v1Of({ ...closed, url: '', reason }), {
    fact: '! does not listen',
    tones: ['warning'],
    notes: [
      'info AOC_HUB_ADDR is "0.0.0.0:4000": the hub listens on loopback only — give 127.0.0.1:4000, and start the hub again',
    ],
  })
  t.match(v1Of({ ...closed, url: '', reason: 'no\u001b[2J' }).notes, [
    'info no[2J — give 127.0.0.1 and a port, and start the hub again',
  ])
  t.strictSame(v1Of({ ...closed, reason: null }), {
    fact: '127.0.0.1:42123 · … opening',
    tones: ['info'],
    notes: [],
  })
})

void t.test('the last error of a v1 agent, and how old it is', async (t) => {
  const noteOf = (last_error: object): unknown => {
    const state = v1StateOf('7', { last_error: { code: 'lint', message: 'it crashed', ...last_error } })
    return of(modelOf({ columns: 200, states: [state] }), 'note')[0]
  }
  const recent = { at_ms: noonMs - 180_000, component: 'wrapper', fatal: false }
  t.match(noteOf(recent), { tone: 'warning', what: 'error 3m ago in wrapper: lint, it crashed' })
  t.match(noteOf({ at_ms: noonMs - 600_000 }), { tone: 'info', what: 'error 10m ago: lint, it crashed' })
  t.match(noteOf({ at_ms: noonMs - 3_600_000, fatal: true }), {
    tone: 'error',
    what: 'fatal error 1h ago: lint, it crashed',
  })
  t.match(noteOf({ message: 'a\u001b[2J\u009b31m\u202eb' }), { what: 'error: lint, a[2J31mb' })
})
