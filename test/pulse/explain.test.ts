import t from 'tap'
import { explanationLines, stateLines } from '../../lib/pulse/explain.js'
import { noonMs, v1StateOf } from './model.js'

const result = {
  agent_id: 's::1',
  lifecycle: 'needs_input',
  status: { attention: 'permission', detail: 'Bash: npm test', since_ms: 10_000, background: 2, blind: null },
  deciding: {
    origin: 'hook',
    lifecycle: 'needs_input',
    confidence: 3,
    evidence: 'PermissionRequest',
    age_ms: 4_200,
  },
  losing: [
    {
      origin: 'title',
      lifecycle: 'running',
      confidence: 2,
      evidence: '◐ Fix\u001b[31m it',
      age_ms: 900,
      why: 'hook is stronger',
    },
  ],
  missing: ['events of an agent started inside this one were left out'],
}

void t.test('what decides, what lost, what is missing', async (t) => {
  t.same(explanationLines(result, 130_000), [
    's::1 is needs_input for 2m',
    '  permission: Bash: npm test',
    '  2 in the background',
    'decided by  hook → needs_input, 4s ago: "PermissionRequest"  (3: said by the agent)',
    'not by      title → running, 1s ago: "◐ Fix[31m it": hook is stronger',
    'missing     events of an agent started inside this one were left out',
  ])
  t.throws(() => explanationLines({ lifecycle: 'idle' }, 0))
})

void t.test('what is known of one that cannot explain itself', async (t) => {
  t.same(stateLines(v1StateOf('7', { message: 'building' }), noonMs), [
    's::7 is running for 2m',
    '  building',
    'decided by  report → running, 2m ago: "agent_status running, by the v1 client bot-7"  (3: said by the agent)',
  ])
  t.same(stateLines(v1StateOf('7', { message: null }), noonMs), [
    's::7 is running?',
    'decided by  nothing: it has not said what it does',
  ])
  const hostile = { origin: 'a\u001b[2J', confidence: 99, evidence: 'b\u001b[2J', since_ms: noonMs }
  const lines = stateLines(v1StateOf('7', { message: null, status: hostile }), noonMs)
  t.notMatch(lines.join(''), /\p{Cc}/u)
})
