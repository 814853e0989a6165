import t from 'tap'
import { healthItems } from '../../../lib/pulse/model/health-items.js'
import { blindNote } from '../../../lib/pulse/model/notes.js'
import { modelOf, noonMs, stateOf } from '../model.js'

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
