import t from 'tap'
import { agentsMax } from '../../../lib/wire/limits.js'
import type { AgentState, Lifecycle } from '../../../lib/wire/messages.js'
import { Notices } from '../../../lib/wire/notice/due.js'
import { judgeLog } from '../../../lib/wrapper/lifecycle/judge.js'
import type { Signal } from '../../../lib/wrapper/lifecycle/signal.js'
import { any } from '../../../lib/wrapper/profiles/any.js'
import { stateOf } from './states.js'

/** All times of the tables are seconds after this. */
const startMs = 1_700_000_000_000
const at = (seconds: number): number => startMs + seconds * 1_000

/** A state at a time: lifecycle, since when (null: it does not say), and more of its status. */
type Step =
  | [atS: number, Lifecycle, sinceS: number | null, status?: Record<string, unknown>]
  /** The publisher says nothing of its status. */
  | [atS: number, Lifecycle]
  | [atS: number, 'removed']

const turns: Record<Lifecycle, string> = {
  running: 'active',
  needs_input: 'active',
  idle: 'inactive',
  error: 'inactive',
  offline: 'inactive',
}

function stepState(step: Step): AgentState {
  const [, lifecycle, since, status] = step
  if (lifecycle === 'removed') throw new Error('not a state')
  if (since === undefined) return stateOf(lifecycle, null)
  const origin = lifecycle === 'offline' ? 'exited' : 'hook'
  const sinceMs = since === null ? null : at(since)
  return stateOf(lifecycle, { turn: turns[lifecycle], origin, since_ms: sinceMs, ...status })
}

/** Plays the steps, looking for what is due every tenth of a second between them and for a while after. */
function play(steps: Step[], notices = new Notices(startMs)): string[] {
  const rung: string[] = []
  const tick = (fromS: number, toS: number): void => {
    for (let s = fromS; s < toS; s += 0.1)
      for (const { kind } of notices.expire(at(s))) rung.push(`${kind} @${s.toFixed(1)}`)
  }
  for (const [i, step] of steps.entries()) {
    const [atS] = step
    if (step[1] === 'removed') notices.forget('shop::%3')
    else {
      const notice = notices.take(stepState(step), at(atS))
      if (notice !== null) rung.push(`${notice.kind} ${atS}`)
    }
    const nextS = steps[i + 1]?.[0] ?? atS + 5
    if (notices.dueMs !== null) tick(Math.max(atS, (notices.dueMs - startMs) / 1_000), nextS)
  }
  return rung
}

const asked: Step = [10, 'needs_input', 10]
const tables: Record<string, [name: string, steps: Step[], rung: string[]][]> = {
  'what begins to need a person': [
    ['it asks', [[1, 'running', 1], asked], ['needs_input 10']],
    ['it asks as soon as it is there', [[10, 'needs_input', 9]], ['needs_input 10']],
    ['it asked before anybody watched', [[10, 'needs_input', -60]], []],
    ['the same state again', [asked, [11, 'needs_input', 10], [300, 'needs_input', 10]], ['needs_input 10']],
    ['it asks something else', [asked, [60, 'needs_input', 60]], ['needs_input 10', 'needs_input 60']],
    ['a flicker', [asked, [12, 'running', 1], [12.2, 'needs_input', 10]], ['needs_input 10']],
    ['a slow flicker', [asked, [12, 'running', 1], [40, 'needs_input', 10]], ['needs_input 10']],
    [
      'answered, and asked again',
      [asked, [20, 'running', 20], [30, 'needs_input', 30]],
      ['needs_input 10', 'needs_input 30'],
    ],
    [
      'a title tells of it first, then its own event',
      [
        [10, 'needs_input', 10, { origin: 'title' }],
        [10.3, 'needs_input', 10.2, { origin: 'hook' }],
      ],
      ['needs_input 10'],
    ],
    [
      'it fails',
      [
        [1, 'running', 1],
        [3, 'error', 3],
      ],
      ['error 3'],
    ],
    [
      'it fails twice',
      [
        [3, 'error', 3],
        [20, 'running', 20],
        [40, 'error', 40],
      ],
      ['error 3', 'error 40'],
    ],
    ['it failed before anybody watched', [[3, 'error', -3]], []],
    ['it asks, then fails', [asked, [20, 'error', 20]], ['needs_input 10', 'error 20']],
    [
      'too soon after another: a little later',
      [asked, [10.5, 'error', 10.5]],
      ['needs_input 10', 'error @12.0'],
    ],
    [
      'too soon after another, and over by then',
      [asked, [10.5, 'error', 10.5], [11, 'running', 11]],
      ['needs_input 10'],
    ],
    [
      'one whose times run: at most one in two seconds',
      Array.from({ length: 8 }, (_, i): Step => [10 + i / 2, 'needs_input', (i + 1) * 100]),
      ['needs_input 10', 'needs_input @12.0', 'needs_input @14.0'],
    ],
  ],
  'one that says nothing of its status': [
    [
      'it asks',
      [
        [1, 'running'],
        [2, 'needs_input'],
        [3, 'needs_input'],
      ],
      ['needs_input 2'],
    ],
    [
      'a flicker',
      [
        [2, 'needs_input'],
        [5, 'running'],
        [6, 'needs_input'],
      ],
      ['needs_input 2'],
    ],
    [
      'it asks again',
      [
        [2, 'needs_input'],
        [5, 'running'],
        [9, 'needs_input'],
      ],
      ['needs_input 2', 'needs_input 9'],
    ],
    [
      'it finishes',
      [
        [1, 'running'],
        [30, 'idle'],
      ],
      ['finished @31.0'],
    ],
    [
      'it ends',
      [
        [1, 'running'],
        [30, 'offline'],
      ],
      ['finished 30'],
    ],
    [
      'it finishes soon',
      [
        [1, 'running'],
        [8, 'idle'],
      ],
      [],
    ],
  ],
  'what finishes': [
    [
      'a turn',
      [
        [1, 'running', 1],
        [30, 'idle', 30],
      ],
      ['finished @31.0'],
    ],
    [
      'a turn, and the diff changes after it',
      [
        [1, 'running', 1],
        [30, 'idle', 30],
        [30.5, 'idle', 30],
        [60, 'idle', 30],
      ],
      ['finished @31.0'],
    ],
    [
      'a short turn',
      [
        [1, 'running', 1],
        [10.9, 'idle', 10.9],
      ],
      [],
    ],
    [
      'a turn that began before anybody watched',
      [
        [1, 'running', -100],
        [3, 'idle', 3],
      ],
      ['finished @4.0'],
    ],
    [
      'a pause between turns',
      [
        [1, 'running', 1],
        [30, 'idle', 30],
        [30.9, 'running', 30.9],
      ],
      [],
    ],
    [
      'pauses do not part the work',
      [
        [1, 'running', 1],
        [6, 'idle', 6],
        [6.5, 'running', 6.5],
        [12, 'idle', 12],
      ],
      ['finished @13.0'],
    ],
    [
      'rests do',
      [
        [1, 'running', 1],
        [6, 'idle', 6],
        [8, 'running', 8],
        [14, 'idle', 14],
        [90, 'idle', 14],
      ],
      [],
    ],
    [
      'two turns',
      [
        [1, 'running', 1],
        [30, 'idle', 30],
        [40, 'running', 40],
        [60, 'idle', 60],
      ],
      ['finished @31.0', 'finished @61.0'],
    ],
    [
      'idle from the start',
      [
        [1, 'idle', 1],
        [9, 'idle', 1],
      ],
      [],
    ],
    [
      'a command of which nothing is known falls silent',
      [
        [1, 'running', 1, { turn: 'unknown' }],
        [60, 'idle', 60, { origin: 'silence' }],
      ],
      [],
    ],
    [
      'it works on in the background, then rests',
      [
        [1, 'running', 1],
        [20, 'running', 20, { turn: 'inactive', background: 1 }],
        [50, 'idle', 50],
      ],
      ['finished @51.0'],
    ],
    [
      'the person interrupted it',
      [
        [1, 'running', 1],
        [30, 'idle', 30, { origin: 'key' }],
      ],
      [],
    ],
    [
      'the person suspended it',
      [
        [1, 'running', 1],
        [30, 'idle', 30, { origin: 'stopped', turn: 'unknown' }],
      ],
      [],
    ],
    [
      'soon after it was answered',
      [
        [1, 'running', 1],
        [60, 'needs_input', 60],
        [90, 'running', 1],
        [95, 'idle', 95],
      ],
      ['needs_input 60'],
    ],
    [
      'long after it was answered',
      [
        [1, 'running', 1],
        [60, 'needs_input', 60],
        [90, 'running', 1],
        [120, 'idle', 120],
      ],
      ['needs_input 60', 'finished @121.0'],
    ],
    [
      'it asks at the end of its turn',
      [
        [1, 'running', 1],
        [30, 'idle', 30],
        [30.4, 'needs_input', 30.4],
      ],
      ['needs_input 30.4'],
    ],
    [
      'a turn that fails',
      [
        [1, 'running', 1],
        [30, 'error', 30],
        [31, 'idle', 31],
      ],
      ['error 30'],
    ],
    [
      'it is removed as it finishes',
      [
        [1, 'running', 1],
        [30, 'idle', 30],
        [30.2, 'removed'],
      ],
      ['finished @31.0'],
    ],
  ],
  'what ends': [
    [
      'at its work',
      [
        [1, 'running', 1],
        [30, 'offline', 30],
      ],
      ['finished 30'],
    ],
    [
      'a command of which nothing is known',
      [
        [1, 'running', 1, { turn: 'unknown' }],
        [30, 'offline', 30],
      ],
      ['finished 30'],
    ],
    [
      'at once',
      [
        [1, 'running', 1],
        [3, 'offline', 3],
      ],
      [],
    ],
    [
      'at rest',
      [
        [1, 'running', 1],
        [5, 'idle', 5],
        [900, 'offline', 900],
      ],
      [],
    ],
    [
      'at rest, after it was told',
      [
        [1, 'running', 1],
        [30, 'idle', 30],
        [900, 'offline', 900],
      ],
      ['finished @31.0'],
    ],
    [
      'as it comes to rest',
      [
        [1, 'running', 1],
        [30, 'idle', 30],
        [30.3, 'offline', 30.3],
      ],
      ['finished 30.3'],
    ],
    [
      'by Ctrl-C',
      [
        [1, 'running', 1],
        [30, 'offline', 30, { detail: 'exited with 130' }],
      ],
      [],
    ],
    [
      'by a signal',
      [
        [1, 'running', 1],
        [30, 'offline', 30, { detail: 'killed by SIGTERM' }],
      ],
      [],
    ],
    [
      'with an exit code of its own',
      [
        [1, 'running', 1],
        [30, 'offline', 30, { detail: 'exited with 0' }],
      ],
      ['finished 30'],
    ],
    [
      'with a failure, and its connection after that',
      [
        [1, 'running', 1],
        [30, 'error', 30, { origin: 'exited' }],
        [32, 'offline', 30],
      ],
      ['error 30'],
    ],
    [
      'no: only its wrapper was lost',
      [
        [1, 'running', 1],
        [30, 'offline', 1, { origin: 'hook', turn: 'active' }],
      ],
      [],
    ],
    [
      'no: its wrapper was lost as it worked in the background',
      [
        [1, 'running', 1],
        [20, 'running', 20, { turn: 'inactive', background: 1 }],
        [60, 'offline', 20, { origin: 'hook', turn: 'inactive' }],
      ],
      [],
    ],
    [
      'no: its wrapper was lost and came back, and the turn goes on',
      [
        [1, 'running', 1],
        [30, 'offline', 1, { origin: 'hook' }],
        [33, 'running', 1],
        [34, 'idle', 34],
      ],
      ['finished @35.0'],
    ],
  ],
  'what comes again': [
    [
      'its wrapper was lost and came back',
      [asked, [20, 'offline', 10, { origin: 'hook' }], [25, 'needs_input', 10]],
      ['needs_input 10'],
    ],
    ['it was removed and came back', [asked, [20, 'removed'], [25, 'needs_input', 10]], ['needs_input 10']],
    [
      'it came back with something else',
      [asked, [20, 'removed'], [25, 'needs_input', 24]],
      ['needs_input 10', 'needs_input 25'],
    ],
    [
      'without times',
      [
        [10, 'needs_input'],
        [20, 'removed'],
        [25, 'needs_input'],
      ],
      ['needs_input 10'],
    ],
    [
      'it was removed before its notice was due',
      [asked, [10.5, 'error', 10.5], [10.6, 'removed']],
      ['needs_input 10'],
    ],
  ],
}

for (const [title, table] of Object.entries(tables))
  void t.test(title, async (t) => {
    for (const [name, steps, rung] of table) t.strictSame(play(steps), rung, name)
  })

void t.test('what is there at the start rings not, what comes of it does', async (t) => {
  const primed = (...step: Step): Notices => {
    const notices = new Notices(startMs)
    notices.prime([stepState(step)], startMs)
    return notices
  }
  const table: [string, Notices, Step[], string[]][] = [
    [
      'a question',
      primed(0, 'needs_input', -5),
      [
        [1, 'needs_input', -5],
        [9, 'needs_input', -5],
      ],
      [],
    ],
    ['a question without a time', primed(0, 'needs_input'), [[1, 'needs_input']], []],
    ['a question as old as the start', primed(0, 'needs_input', 0), [[1, 'needs_input', 0]], []],
    ['the next question', primed(0, 'needs_input', -5), [[3, 'needs_input', 3]], ['needs_input 3']],
    [
      'the next question, at once',
      primed(0, 'needs_input', -5),
      [[0.5, 'needs_input', 0.5]],
      ['needs_input 0.5'],
    ],
    ['a failure', primed(0, 'error', -5), [[1, 'error', -5]], []],
    ['a turn that ends', primed(0, 'running', -60), [[1, 'idle', 1]], ['finished @2.0']],
    ['rest', primed(0, 'idle', -60), [[1, 'idle', -60]], []],
  ]
  for (const [name, notices, steps, rung] of table) {
    t.equal(notices.dueMs, null)
    t.strictSame(play(steps, notices), rung, name)
  }
})

void t.test('agents do not know of each other', async (t) => {
  const notices = new Notices(startMs)
  for (const agentId of ['a::1', 'a::2', 'a::3'])
    t.match(notices.take(stateOf('needs_input', { since_ms: at(1) }, { agentId }), at(1)), { agentId })
})

void t.test('whoever ends takes what is not yet due', async (t) => {
  const notices = new Notices(startMs)
  notices.take(stepState([1, 'running', 1]), at(1))
  t.equal(notices.take(stepState([30, 'idle', 30]), at(30)), null)
  t.equal(notices.dueMs, at(31))
  t.match(notices.expire(Number.POSITIVE_INFINITY), [{ kind: 'finished', agentId: 'shop::%3' }])
  t.equal(notices.dueMs, null)
})

void t.test('a rest that has lasted is told even if the agent works again by then', async (t) => {
  const notices = new Notices(startMs)
  notices.take(stepState([1, 'running', 1]), at(1))
  notices.take(stepState([30, 'idle', 30]), at(30))
  t.equal(notices.take(stepState([31.5, 'running', 31.5]), at(31.5)), null)
  t.match(notices.expire(at(31.6)), [{ kind: 'finished', state: { lifecycle: 'idle' } }])
  t.equal(notices.take(stepState([50, 'idle', 50]), at(50)), null)
  t.match(notices.expire(at(51)), [{ kind: 'finished' }], 'and the next turn is one of its own')
})

void t.test('a notice tells what was known last', async (t) => {
  const notices = new Notices(startMs)
  notices.take(stateOf('running', { turn: 'active', since_ms: at(1) }), at(1))
  const rest = { turn: 'inactive', since_ms: at(30) }
  notices.take(stateOf('idle', rest, { snippet: 'first' }), at(30))
  notices.take(stateOf('idle', rest, { snippet: 'All tests pass.' }), at(30.5))
  t.match(notices.expire(at(31)), [{ title: 'claude has finished', text: 'All tests pass.' }])
})

void t.test('a clock that is set back keeps nothing waiting', async (t) => {
  const notices = new Notices(startMs)
  t.ok(notices.take(stepState([5_000, 'needs_input', 5_000]), at(5_000)))
  t.ok(notices.take(stepState([10, 'error', 10]), at(10)))
})

void t.test('very many agents: those not heard of for longest are given up', async (t) => {
  const notices = new Notices(startMs)
  const state = (i: number): AgentState => stateOf('needs_input', { since_ms: at(1) }, { agentId: `a::${i}` })
  for (let i = 0; i < agentsMax; i++) notices.take(state(i), at(1))
  t.equal(notices.take(state(0), at(2)), null, 'all that there can be are remembered')
  notices.take(state(agentsMax), at(2))
  t.equal(notices.take(state(0), at(3)), null, 'who was heard of is kept')
  t.ok(notices.take(state(1), at(3)), 'the oldest was given up')
})

void t.test('states of publishers that say anything', async (t) => {
  const sources: unknown[] = [
    undefined,
    null,
    7,
    'text',
    [],
    { status: null },
    { status: 'x' },
    { status: { since_ms: 'soon', turn: 4, origin: {}, detail: [], attention: 1 } },
    { status: { since_ms: -1 } },
    { status: { since_ms: 1e300, turn: 'active' } },
    { label: { a: 1 }, agent_status: 3 },
  ]
  for (const source of sources) {
    const notices = new Notices(startMs)
    const state = { ...stateOf('needs_input', null), source }
    t.match(notices.take(state, at(1)), { kind: 'needs_input', label: '%3' }, JSON.stringify(source))
    for (const lifecycle of ['running', 'idle', 'error', 'offline'] as const)
      t.doesNotThrow(() => notices.take({ ...state, lifecycle }, at(50)))
  }
})

void t.test("a wrapper's own words: who ended it", async (t) => {
  const ways = { ...any.ways, blind: null } as Parameters<typeof judgeLog>[0]
  const table: [Partial<Extract<Signal, { kind: 'exited' }>>, string | null][] = [
    [{ code: 0 }, 'finished'],
    [{ code: 130 }, null],
    [{ code: 143 }, null],
    [{ code: 0, signal: 'SIGTERM' }, null],
    [{ code: 0, signal: 'SIGINT' }, null],
    [{ code: 1 }, 'error'],
    [{ code: 0, signal: 'SIGKILL' }, 'error'],
  ]
  for (const [exit, kind] of table) {
    const notices = new Notices(startMs)
    const signals: Signal[] = [
      { kind: 'started', atMs: at(1) },
      { kind: 'exited', code: 0, signal: null, asked: false, ...exit, atMs: at(60) },
    ]
    const told = [1, 2].map((count) => {
      const { lifecycle, status } = judgeLog(ways, signals.slice(0, count), at(60))
      return notices.take(stateOf(lifecycle, { ...status }), at(count === 1 ? 1 : 60))?.kind ?? null
    })
    t.strictSame(told, [null, kind], JSON.stringify(exit))
  }
})
