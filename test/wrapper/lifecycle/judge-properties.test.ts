import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { claimsChangeMs } from '../../../lib/wrapper/lifecycle/claims.js'
import { explain, judge, judgeLog } from '../../../lib/wrapper/lifecycle/judge.js'
import { newMemory, type Memory } from '../../../lib/wrapper/lifecycle/memory.js'
import { remember } from '../../../lib/wrapper/lifecycle/remember.js'
import type { Asking, Meaning, Shown, Signal, Ways } from '../../../lib/wrapper/lifecycle/signal.js'
import type { Unstamped } from './rows.js'

/** What holds of any signals, for any agent. fast-check prints the seed and the smallest log of a failure. */
const wordOrNone = fc.option(fc.constantFrom('one', 'two'), { nil: null })
const asking = fc.constantFrom<Asking>('permission', 'question', 'plan')
const showsOrNone = fc.option(fc.constantFrom<Shown>('working', 'ready', 'asks'), { nil: null })
const few = fc.nat(2)

const ways: fc.Arbitrary<Ways> = fc.record({
  silentHooks: fc.constantFrom('hooks_missing', null),
  blind: fc.constantFrom('no_signals', null, null),
  escapeInterrupts: fc.boolean(),
  interruptInterrupts: fc.boolean(),
  submitAnswers: fc.boolean(),
  choiceAnswers: fc.boolean(),
  trustsNotifications: fc.boolean(),
  restingTitleProves: fc.boolean(),
  trustsScreen: fc.boolean(),
  screenTells: fc.boolean(),
  silenceMs: fc.constantFrom(null, 5_000),
})

const meaning: fc.Arbitrary<Meaning> = fc.oneof(
  fc.constantFrom<Meaning>(
    { says: 'began' },
    { says: 'prompted' },
    { says: 'working' },
    { says: 'working', detail: 'retrying' },
    { says: 'waits' },
    { says: 'withdrawn' },
    { says: 'left' },
    { says: 'failed', detail: 'quota' },
  ),
  fc.record({ says: fc.constant('asks' as const), attention: asking, id: wordOrNone, detail: wordOrNone }),
  fc.record({
    says: fc.constant('asks' as const),
    attention: asking,
    id: wordOrNone,
    detail: wordOrNone,
    settleMs: fc.constantFrom(1, 250, 2_000),
  }),
  fc.record({ says: fc.constant('answered' as const), id: wordOrNone }),
  fc.record({ says: fc.constant('done' as const), background: fc.option(few, { nil: null }) }),
  fc.record({ says: fc.constant('background' as const), count: few }),
)

const bare = <K extends Signal['kind']>(kind: K) => fc.record({ kind: fc.constant(kind) })
const said = fc.record({
  kind: fc.constant('hook' as const),
  origin: fc.constantFrom('hook' as const, 'status' as const),
  name: fc.constant('event'),
  thread: fc.constantFrom('', '', 'a', 'a/b', 'ab'),
  subagent: fc.constantFrom(null, null, 'x'),
  pid: fc.constantFrom(null, null, 7, 8),
  meaning,
})
const text = fc.constantFrom('one', 'two')
const shown = fc.oneof(
  fc.record({ kind: fc.constant('title' as const), text, shows: showsOrNone, detail: wordOrNone }),
  fc.record(
    {
      kind: fc.constant('screen' as const),
      shows: showsOrNone,
      attention: fc.option(asking, { nil: null }),
      line: wordOrNone,
      background: few,
    },
    { requiredKeys: ['kind', 'shows', 'attention', 'line'] },
  ),
  fc.record({ kind: fc.constant('notification' as const), text, meaning: fc.option(meaning, { nil: null }) }),
  fc.record({ kind: fc.constant('progress' as const), isActive: fc.boolean(), text }),
  fc.record({ kind: fc.constant('prompt' as const), isRunning: fc.boolean(), text }),
)
const typed = fc.record({
  kind: fc.constant('key' as const),
  key: fc.constantFrom('escape', 'interrupt', 'submit', 'choice', 'text'),
})
const reported = fc.record({
  kind: fc.constant('report' as const),
  lifecycle: fc.constantFrom('running', 'needs_input', 'idle', 'error'),
  detail: wordOrNone,
})
/** A process that is stopped or gone says all there is: it seldom is. */
const ended = fc.oneof(
  bare('stopped'),
  bare('continued'),
  fc.record({
    kind: fc.constant('exited' as const),
    code: fc.constantFrom(0, 1, 130),
    signal: fc.constantFrom(null, 'SIGTERM', 'SIGSEGV'),
    asked: fc.boolean(),
  }),
)
const unstamped: fc.Arbitrary<Unstamped> = fc.oneof(
  { weight: 35, arbitrary: said },
  { weight: 35, arbitrary: shown },
  { weight: 15, arbitrary: typed },
  { weight: 6, arbitrary: reported },
  { weight: 8, arbitrary: fc.oneof(bare('started'), bare('output'), bare('bell')) },
  { weight: 1, arbitrary: ended },
)

/** Steps about the times that the rules count with, most of them small. */
const step = fc.oneof(
  fc.constantFrom(0, 1, 50, 250, 400, 500, 600, 900, 1_000, 1_500, 3_000),
  fc.nat(2_000),
  fc.constantFrom(5_000, 15_000, 60_000),
)
const startMs = 1_000_000

function logOf(steps: fc.Arbitrary<number>): fc.Arbitrary<Signal[]> {
  return fc.array(fc.tuple(steps, unstamped), { maxLength: 30, size: 'max' }).map((taken) => {
    let atMs = startMs
    return taken.map(([more, signal]) => ({ ...signal, atMs: (atMs += more) }))
  })
}
const log = logOf(step)
const lastMs = (signals: readonly Signal[]): number => signals.at(-1)?.atMs ?? startMs

function remembered(ofWays: Ways, signals: readonly Signal[]): Memory {
  const memory = newMemory(ofWays)
  for (const signal of signals) remember(memory, signal)
  return memory
}

const runs = { numRuns: 1_500 }

void t.test('between the times of change nothing changes', async (t) => {
  fc.assert(
    fc.property(ways, log, fc.nat(999), (ofWays, signals, thousandth) => {
      const memory = remembered(ofWays, signals)
      let nowMs = lastMs(signals)
      for (let i = 0; i < 20; i++) {
        const changeMs = claimsChangeMs(memory, nowMs)
        assert.ok(changeMs === null || changeMs > nowMs, 'a change is to come')
        const untilMs = changeMs ?? nowMs + 1_000_000_000
        const now = judge(memory, nowMs)
        for (const atMs of [nowMs + Math.floor(((untilMs - nowMs) * thousandth) / 1_000), untilMs - 1])
          assert.deepEqual(judge(memory, atMs), now, `${atMs} as ${nowMs}`)
        if (changeMs === null) return
        nowMs = changeMs
      }
      assert.fail('time alone changes it without end')
    }),
    runs,
  )
  t.pass()
})

void t.test('a log judged in one go is judged as it is told, however often one looks', async (t) => {
  fc.assert(
    fc.property(ways, log, (ofWays, signals) => {
      const memory = newMemory(ofWays)
      for (const [i, signal] of signals.entries()) {
        remember(memory, signal)
        const { atMs } = signal
        explain(memory, atMs)
        claimsChangeMs(memory, atMs)
        assert.deepEqual(judge(memory, atMs), judgeLog(ofWays, signals.slice(0, i + 1), atMs))
      }
    }),
    { numRuns: 300 },
  )
  t.pass()
})

void t.test('since when it is so is never to come', async (t) => {
  fc.assert(
    fc.property(ways, log, fc.nat(5_000), (ofWays, signals, laterMs) => {
      const memory = remembered(ofWays, signals)
      for (const nowMs of [lastMs(signals), lastMs(signals) + laterMs]) {
        const { since_ms: sinceMs } = judge(memory, nowMs).status
        assert.ok(sinceMs <= nowMs, `since ${sinceMs} at ${nowMs}`)
      }
    }),
    runs,
  )
  t.pass()
})

void t.test(
  'whatever comes, also from a clock that was set back, gives a state that agrees with itself',
  async (t) => {
    const wildStep = fc.oneof(step, fc.integer({ min: -100_000, max: 100_000 }))
    fc.assert(
      fc.property(
        ways,
        logOf(wildStep),
        fc.integer({ min: -100_000, max: 100_000 }),
        (ofWays, signals, more) => {
          const memory = remembered(ofWays, signals)
          const nowMs = lastMs(signals) + more
          const { lifecycle, status, deciding, losing, missing } = explain(memory, nowMs)
          assert.deepEqual({ lifecycle, status }, judge(memory, nowMs))
          const { turn, attention, background, confidence } = status
          assert.equal(
            lifecycle === 'needs_input',
            !['none', 'error'].includes(attention),
            'a question is one',
          )
          assert.equal(lifecycle === 'error', attention === 'error')
          if (lifecycle === 'offline') assert.equal(memory.process?.kind, 'exited')
          if (lifecycle === 'idle') assert.notEqual(turn, 'active')
          if (status.origin === 'screen') assert.equal(confidence, 1)
          assert.notEqual(deciding.origin, 'bell')
          assert.ok(background >= 0 && confidence >= 0 && confidence <= 3)
          for (const { age_ms, why } of [deciding, ...losing].map((one) => ({ why: 'it decides', ...one })))
            assert.ok(age_ms >= 0 && why !== '')
          assert.ok(missing.length <= 2)
        },
      ),
      runs,
    )
    t.pass()
  },
)
