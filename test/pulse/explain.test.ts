import t from 'tap'
import { explanationLines } from '../../lib/pulse/explain.js'

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
