import t from 'tap'
import { explain, judgeLog, type Status } from '../../../lib/wrapper/lifecycle/judge.js'
import { newMemory } from '../../../lib/wrapper/lifecycle/memory.js'
import { remember } from '../../../lib/wrapper/lifecycle/remember.js'
import type { Meaning, Shown, Signal, Ways } from '../../../lib/wrapper/lifecycle/signal.js'

/** Signals in, state out: one rule a row. A signal's time is its place in the row, in seconds, unless it says another. */
type Unstamped = Signal extends infer S ? (S extends Signal ? Omit<S, 'atMs'> : never) : never
type Row = [
  about: string,
  log: (Unstamped & { s?: number })[],
  nowS: number,
  lifecycle: string,
  status: Partial<Status>,
]

const agent: Ways = {
  silentHooks: 'hooks_missing',
  blind: null,
  escapeInterrupts: true,
  interruptInterrupts: true,
  submitAnswers: true,
  choiceAnswers: true,
  restingTitleProves: false,
  trustsNotifications: false,
  trustsScreen: false,
  screenTells: true,
  silenceMs: null,
}
const command: Ways = {
  ...agent,
  silentHooks: null,
  blind: 'no_signals',
  escapeInterrupts: false,
  interruptInterrupts: false,
  choiceAnswers: false,
  screenTells: false,
  silenceMs: 60_000,
}

const started: Unstamped = { kind: 'started' }
const said = (
  meaning: Meaning,
  over: { subagent?: string; thread?: string; pid?: number; name?: string } = {},
): Unstamped => ({
  kind: 'hook',
  name: over.name ?? meaning.says,
  thread: over.thread ?? '',
  subagent: over.subagent ?? null,
  pid: over.pid ?? null,
  meaning,
})
const began = said({ says: 'began' })
const prompted = said({ says: 'prompted' })
const working = said({ says: 'working' })
const done = (background = 0): Unstamped => said({ says: 'done', background })
const asks = (id: string | null, detail = 'rm -rf build', subagent?: string): Unstamped =>
  said({ says: 'asks', attention: 'permission', id, detail }, subagent === undefined ? {} : { subagent })
const answered = (id: string | null, subagent?: string): Unstamped =>
  said({ says: 'answered', id }, subagent === undefined ? {} : { subagent })
const key = (name: 'escape' | 'interrupt' | 'submit' | 'choice' | 'text', s?: number) => ({
  kind: 'key' as const,
  key: name,
  ...(s !== undefined && { s }),
})
const title = (shows: Shown | null, s?: number) => ({
  kind: 'title' as const,
  text: `title ${shows ?? 'of nothing'}`,
  shows,
  detail: null,
  ...(s !== undefined && { s }),
})
const screen = (shows: Shown | null, s?: number) => ({
  kind: 'screen' as const,
  shows,
  attention: shows === 'asks' ? ('permission' as const) : null,
  line: shows,
  ...(s !== undefined && { s }),
})
const output = (s: number) => ({ kind: 'output' as const, s })
const report = (
  lifecycle: 'running' | 'needs_input' | 'idle' | 'error',
  detail: string | null = null,
): Unstamped => ({
  kind: 'report',
  lifecycle,
  detail,
})
const exited = (code: number, signal: string | null = null, asked = false): Unstamped => ({
  kind: 'exited',
  code,
  signal,
  asked,
})
const notification = (meaning: Meaning | null): Unstamped => ({
  kind: 'notification',
  text: 'a notification',
  meaning,
})

function stamped(log: Row[1]): Signal[] {
  return log.map(({ s, ...signal }, i) => ({ ...signal, atMs: (s ?? i + 1) * 1_000 }))
}

function check(ways: Ways, rows: Row[]): void {
  for (const [about, log, nowS, lifecycle, status] of rows)
    void t.test(about, async (t) => {
      const judged = judgeLog(ways, stamped(log), nowS * 1_000)
      t.equal(judged.lifecycle, lifecycle)
      for (const [field, wanted] of Object.entries(status))
        t.equal(judged.status[field as keyof Status], wanted, `${field} in ${JSON.stringify(judged.status)}`)
    })
}

const any = { confidence: 0, turn: 'unknown', attention: 'none' } as const

check(command, [
  [
    'Enter where nothing was asked answers nothing',
    [started, output(2), key('submit', 3)],
    3_600,
    'idle',
    { origin: 'silence' },
  ],
  [
    'an answer counts until it is silent for long',
    [started, report('needs_input'), key('submit', 3), output(4)],
    63,
    'running',
    { origin: 'key' },
  ],
  [
    'and no longer',
    [started, report('needs_input'), key('submit', 3), output(4)],
    64,
    'idle',
    { origin: 'silence' },
  ],
  [
    'a report ends when the shell is back',
    [started, report('needs_input'), { kind: 'prompt', isRunning: false, text: 'A' }],
    900,
    'idle',
    { origin: 'prompt' },
  ],
  [
    'progress that was left over loses to the shell',
    [
      started,
      { kind: 'progress', isActive: true, text: 'p' },
      { kind: 'prompt', isRunning: false, text: 'A' },
      output(50),
    ],
    60,
    'idle',
    { origin: 'prompt' },
  ],

  ['nothing at all', [], 1, 'running', { ...any, blind: 'no_signals' }],
  [
    'a command that runs and says nothing',
    [started],
    5,
    'running',
    { ...any, origin: 'started', since_ms: 1_000 },
  ],
  [
    'it says that it asks',
    [started, report('needs_input', 'which?')],
    5,
    'needs_input',
    {
      attention: 'question',
      confidence: 3,
      origin: 'report',
      detail: 'which?',
      since_ms: 2_000,
      blind: null,
    },
  ],
  [
    'Enter answers what it reported',
    [started, report('needs_input'), key('submit')],
    5,
    'running',
    { origin: 'key', confidence: 1 },
  ],
  ['text answers nothing', [started, report('needs_input'), key('text')], 5, 'needs_input', {}],
  [
    'Esc means nothing to an unknown command',
    [started, report('running'), key('escape')],
    5,
    'running',
    { turn: 'active' },
  ],
  [
    'a second question takes the place of the first',
    [started, report('needs_input', 'a'), report('needs_input', 'b')],
    5,
    'needs_input',
    { detail: 'b', since_ms: 3_000 },
  ],
  [
    'it is done',
    [started, report('running'), report('idle')],
    5,
    'idle',
    { turn: 'inactive', confidence: 3 },
  ],
  ['it failed', [started, report('error', 'quota')], 5, 'error', { attention: 'error', detail: 'quota' }],
  ['Ctrl-Z', [started, { kind: 'stopped' }], 5, 'idle', { detail: 'suspended', origin: 'stopped' }],
  [
    'fg',
    [started, { kind: 'stopped' }, { kind: 'continued' }],
    5,
    'running',
    { since_ms: 3_000, origin: 'continued' },
  ],
  ['exit 0', [started, exited(0)], 5, 'offline', { detail: 'exited with 0', blind: null }],
  [
    'exit 3',
    [started, exited(3)],
    5,
    'error',
    { attention: 'error', detail: 'exited with 3', confidence: 1 },
  ],
  ['a crash', [started, exited(0, 'SIGSEGV')], 5, 'error', { detail: 'killed by SIGSEGV' }],
  ['Ctrl-C', [started, exited(0, 'SIGINT')], 5, 'offline', {}],
  ['Ctrl-C, by a shell’s exit code', [started, exited(130)], 5, 'offline', {}],
  ['SIGTERM, by a shell’s exit code', [started, exited(143)], 5, 'offline', {}],
  ['stop_agent needed SIGKILL', [started, exited(0, 'SIGKILL', true)], 5, 'offline', {}],
  ['silence of 59 s is nothing', [started, output(2)], 61, 'running', { confidence: 0 }],
  [
    'silence of 60 s is idle, since it began to count',
    [started, output(2)],
    62,
    'idle',
    { origin: 'silence', confidence: 1, since_ms: 62_000 },
  ],
  [
    'silence does not count against a report',
    [started, report('running')],
    900,
    'running',
    { confidence: 3 },
  ],
  [
    'progress shows work',
    [started, { kind: 'progress', isActive: true, text: 'progress' }, output(3)],
    5,
    'running',
    { origin: 'progress', confidence: 2, turn: 'active' },
  ],
  [
    'progress counts for nothing after a minute without output',
    [started, { kind: 'progress', isActive: true, text: 'p' }, output(3)],
    63,
    'idle',
    { origin: 'silence' },
  ],
  [
    'a shell at its prompt',
    [started, { kind: 'prompt', isRunning: false, text: 'A' }],
    500,
    'idle',
    { origin: 'prompt', confidence: 2 },
  ],
  [
    'a shell that runs a command',
    [
      started,
      { kind: 'prompt', isRunning: false, text: 'A' },
      { kind: 'prompt', isRunning: true, text: 'C' },
    ],
    500,
    'running',
    { origin: 'prompt', turn: 'active' },
  ],
  ['a bell says nothing', [started, { kind: 'bell' }], 5, 'running', any],
])

check(agent, [
  ['an agent that has said nothing yet', [started], 5, 'running', { confidence: 0, blind: 'hooks_pending' }],
  ['an agent that never says anything', [started], 16, 'running', { confidence: 0, blind: 'hooks_missing' }],
  [
    'a session that waits for its first prompt',
    [started, began],
    5,
    'idle',
    { confidence: 3, origin: 'hook', blind: null },
  ],
  [
    'a turn',
    [started, began, prompted, working],
    900,
    'running',
    { turn: 'active', confidence: 3, since_ms: 3_000, evidence: 'working' },
  ],
  [
    'ten minutes of silence in a turn are the turn',
    [started, prompted, output(3)],
    603,
    'running',
    { turn: 'active', confidence: 3 },
  ],
  ['the end of a turn', [started, prompted, done()], 9, 'idle', { turn: 'inactive', since_ms: 3_000 }],
  [
    'a background task is left',
    [started, prompted, done(2)],
    9,
    'running',
    { turn: 'inactive', background: 2, detail: '2 background tasks' },
  ],
  [
    'the background task ends with a turn of its own',
    [started, prompted, done(1), prompted, done()],
    9,
    'idle',
    { background: 0 },
  ],
  [
    'a reminder does not end the background task',
    [started, prompted, done(1), said({ says: 'waits' })],
    9,
    'running',
    { background: 1 },
  ],
  [
    'a permission',
    [started, prompted, asks('a')],
    9,
    'needs_input',
    { attention: 'permission', detail: 'rm -rf build', since_ms: 3_000, turn: 'active' },
  ],
  [
    'a permission stays, however long',
    [started, prompted, asks('a'), output(5)],
    90_000,
    'needs_input',
    { since_ms: 3_000 },
  ],
  ['its tool has run', [started, prompted, asks('a'), answered('a'), working], 9, 'running', {}],
  [
    'another tool that runs beside it does not answer it',
    [started, prompted, asks('a'), answered('b'), working],
    9,
    'needs_input',
    {},
  ],
  [
    'a later event without an id is the same ask',
    [started, prompted, asks('a'), asks(null, 'again')],
    9,
    'needs_input',
    { detail: 'rm -rf build', since_ms: 3_000 },
  ],
  [
    'an ask without an id is over when the agent goes on',
    [started, prompted, asks(null), working],
    9,
    'running',
    {},
  ],
  [
    'two asks: the first is in front',
    [started, prompted, asks('a', 'one'), asks('b', 'two')],
    9,
    'needs_input',
    { detail: 'one', since_ms: 3_000 },
  ],
  [
    'two asks: then the second',
    [started, prompted, asks('a', 'one'), asks('b', 'two'), key('submit', 5), screen('asks', 5.3)],
    9,
    'needs_input',
    { detail: 'two', since_ms: 4_000 },
  ],
  [
    'without a screen a key is believed',
    [started, report('needs_input', 'which?'), key('submit')],
    9,
    'running',
    { origin: 'key' },
  ],
  [
    'an ask that the agent may answer by itself does not count yet',
    [
      started,
      prompted,
      {
        ...asks('a'),
        meaning: { says: 'asks', attention: 'permission', id: 'a', detail: null, settleMs: 250 },
      } as Unstamped,
    ],
    3.2,
    'running',
    {},
  ],
  [
    'and counts after that, since it was asked',
    [
      started,
      prompted,
      {
        ...asks('a'),
        meaning: { says: 'asks', attention: 'permission', id: 'a', detail: null, settleMs: 250 },
      } as Unstamped,
    ],
    3.25,
    'needs_input',
    { since_ms: 3_000 },
  ],
  [
    'what the agent says of its work',
    [started, prompted, said({ says: 'working', detail: 'retrying' })],
    9,
    'running',
    { detail: 'retrying', since_ms: 2_000 },
  ],
  [
    'the last background task ends: the agent wakes in a moment',
    [started, prompted, done(1), said({ says: 'background', count: 0 }, { subagent: 'x' })],
    6.9,
    'running',
    { background: 0 },
  ],
  [
    'or it does not',
    [started, prompted, done(1), said({ says: 'background', count: 0 })],
    7,
    'idle',
    { since_ms: 7_000 },
  ],
  [
    'another process may come for one that left',
    [
      started,
      said({ says: 'prompted' }, { pid: 7 }),
      said({ says: 'left' }, { pid: 7 }),
      said({ says: 'done', background: 0 }, { pid: 8 }),
    ],
    9,
    'idle',
    {},
  ],
  [
    'an agent that tells only of the end: the next Enter begins something',
    [started, done(), key('submit')],
    9,
    'running',
    { confidence: 0 },
  ],
  [
    'an agent that tells only of the end: the title shows the next turn',
    [started, done(), title('working', 4), output(4)],
    9,
    'running',
    { origin: 'title', confidence: 2 },
  ],
  [
    'Esc that only closed a menu: the screen shows work',
    [started, prompted, key('escape', 3), screen('working', 5)],
    9,
    'running',
    { origin: 'hook' },
  ],
  [
    'Enter answers a permission, once the dialog is gone',
    [started, prompted, asks('a'), key('submit', 5), screen('working', 5.3)],
    9,
    'running',
    { turn: 'active', origin: 'hook' },
  ],
  ['until that is seen, it stands', [started, prompted, asks('a'), key('submit', 5)], 5.2, 'needs_input', {}],
  [
    'what was answered with a no ends the turn, as only the screen shows',
    [started, prompted, asks('a'), key('submit', 5), screen('ready', 5.3)],
    9,
    'idle',
    { origin: 'screen', since_ms: 5_300 },
  ],
  [
    'a digit answers a permission',
    [started, prompted, asks('a'), key('choice', 5), screen('working', 5.3)],
    9,
    'running',
    {},
  ],
  [
    'a digit in a text row answers nothing',
    [started, prompted, asks('a'), key('choice', 5), screen('asks', 5.3), screen(null, 20)],
    30,
    'needs_input',
    { since_ms: 3_000 },
  ],
  ['arrows and text answer nothing', [started, prompted, asks('a'), key('text')], 9, 'needs_input', {}],
  [
    'the dialog still stands after Enter: it was no answer',
    [started, prompted, asks('a'), key('submit', 5), screen('asks', 5.3)],
    9,
    'needs_input',
    { since_ms: 3_000, detail: 'rm -rf build' },
  ],
  [
    'the dialog that stands is the next one',
    [started, prompted, asks('a'), key('submit', 5), { ...asks('b', 'two'), s: 5.1 }, screen('asks', 5.3)],
    9,
    'needs_input',
    { detail: 'two', since_ms: 5_100 },
  ],
  [
    'a screen read too soon after the key proves nothing',
    [started, prompted, asks('a'), key('submit', 5), screen('asks', 5.1), screen('working', 5.4)],
    9,
    'running',
    {},
  ],
  [
    'Esc at a permission ends the turn',
    [started, prompted, asks('a'), key('escape', 4), screen('ready', 4.3)],
    9,
    'idle',
    { origin: 'key', detail: 'interrupted', since_ms: 4_000 },
  ],
  [
    'Esc that closed something in front of the dialog',
    [started, prompted, asks('a'), key('escape', 5), screen('asks', 5.4)],
    9,
    'needs_input',
    { since_ms: 3_000 },
  ],
  [
    'Esc during a turn ends it, as no hook tells',
    [started, prompted, working, key('escape')],
    9,
    'idle',
    { origin: 'key', confidence: 1 },
  ],
  [
    'Ctrl-C during a turn ends it',
    [started, prompted, working, key('interrupt')],
    9,
    'idle',
    { origin: 'key' },
  ],
  [
    'a turn that goes on after Esc was not ended by it',
    [started, prompted, key('escape'), { ...working, s: 5 }],
    9,
    'running',
    { origin: 'hook' },
  ],
  [
    'the end of a tool right after Esc is late',
    [started, prompted, key('escape', 4), { ...working, s: 4.4 }],
    9,
    'idle',
    { origin: 'key' },
  ],
  [
    'a title that shows work long after Esc',
    [started, prompted, title('working', 2.5), key('escape', 3), title('working', 5)],
    9,
    'running',
    { origin: 'hook' },
  ],
  [
    'a title that shows work right after Esc is late',
    [started, prompted, title('working', 2.5), key('escape', 3), title('working', 3.5)],
    9,
    'idle',
    { origin: 'key' },
  ],
  [
    'Esc at rest is nothing',
    [started, prompted, done(), key('escape')],
    9,
    'idle',
    { origin: 'hook', detail: null },
  ],
  [
    'Esc with a background task left',
    [started, prompted, done(1), prompted, key('escape')],
    9,
    'running',
    { background: 1, turn: 'inactive' },
  ],
  [
    'a failure of the agent’s own',
    [started, prompted, said({ says: 'failed', detail: 'rate_limit' })],
    9,
    'error',
    { attention: 'error', detail: 'rate_limit', confidence: 3 },
  ],
  [
    'a reminder does not end a failure',
    [started, prompted, said({ says: 'failed', detail: 'rate_limit' }), said({ says: 'waits' })],
    9,
    'error',
    {},
  ],
  [
    'the next prompt does',
    [started, prompted, said({ says: 'failed', detail: 'rate_limit' }), prompted],
    9,
    'running',
    {},
  ],
  [
    'a subagent that works does not wake its parent',
    [started, prompted, done(), said({ says: 'working' }, { subagent: 'x' })],
    9,
    'idle',
    {},
  ],
  [
    'a subagent that stops does not end its parent',
    [started, prompted, said({ says: 'done', background: 0 }, { subagent: 'x' })],
    9,
    'running',
    {},
  ],
  [
    'a subagent asks the person',
    [started, prompted, asks('a', 'rm', 'x')],
    9,
    'needs_input',
    { detail: 'rm', evidence: 'asks (subagent)' },
  ],
  [
    'a subagent’s answer is not its sibling’s',
    [started, prompted, asks('a', 'one', 'x'), answered('a', 'y')],
    9,
    'needs_input',
    {},
  ],
  [
    'a subagent’s end ends what it asked',
    [started, prompted, asks('a', 'one', 'x'), said({ says: 'done', background: 0 }, { subagent: 'x' })],
    9,
    'running',
    {},
  ],
  [
    'the main turn’s end ends what its subagents asked',
    [started, prompted, asks('a', 'one', 'x'), done()],
    9,
    'idle',
    {},
  ],
  [
    'a nested agent’s events are not its parent’s',
    [started, said({ says: 'prompted' }, { pid: 7 }), said({ says: 'done', background: 0 }, { pid: 8 })],
    9,
    'running',
    {},
  ],
  [
    'two conversations: one still works',
    [
      started,
      said({ says: 'prompted' }, { thread: 'a' }),
      said({ says: 'prompted' }, { thread: 'b' }),
      said({ says: 'done', background: 0 }, { thread: 'b' }),
    ],
    9,
    'running',
    { since_ms: 2_000 },
  ],
  [
    'a report counts beside the agent’s own events',
    [started, prompted, report('needs_input', 'which?')],
    9,
    'needs_input',
    { origin: 'report' },
  ],
  [
    'and stands beside what the agent’s tools do',
    [started, prompted, report('needs_input', 'which?'), working],
    9,
    'needs_input',
    { origin: 'report', since_ms: 3_000 },
  ],
  [
    'until the turn ends',
    [started, prompted, report('needs_input', 'which?'), done()],
    9,
    'idle',
    { origin: 'hook' },
  ],
  [
    'a report of work ends with the turn of another conversation',
    [
      started,
      report('running'),
      said({ says: 'prompted' }, { thread: 'a' }),
      said({ says: 'done', background: 0 }, { thread: 'a' }),
    ],
    9,
    'idle',
    { origin: 'hook' },
  ],
  [
    'a report of an error ends with the next turn',
    [started, report('error'), said({ says: 'prompted' }, { thread: 'a' })],
    9,
    'running',
    { origin: 'hook' },
  ],
  [
    'a screen that cannot be read after the key proves nothing at once',
    [started, prompted, asks('a'), key('submit', 5), screen(null, 5.3)],
    9,
    'needs_input',
    {},
  ],
  [
    'and is taken for an answer after a second',
    [started, prompted, asks('a'), key('submit', 5), screen(null, 6)],
    9,
    'running',
    {},
  ],
  [
    'a dialog that is drawn only after the key was not answered by it',
    [started, prompted, asks('a'), key('submit', 3.2), screen('working', 3.5), screen('asks', 3.8)],
    9,
    'needs_input',
    { since_ms: 3_000, origin: 'hook' },
  ],
  [
    'unless the agent has said something since',
    [
      started,
      prompted,
      asks('a'),
      key('submit', 3.2),
      screen('working', 3.5),
      { ...answered('a'), s: 3.6 },
      screen('asks', 3.8),
    ],
    9,
    'running',
    {},
  ],
  [
    'two asks of one moment have two times',
    [
      started,
      prompted,
      { ...asks('a', 'one'), s: 3 },
      { ...asks('b', 'two'), s: 3 },
      key('submit', 5),
      screen('asks', 5.3),
    ],
    9,
    'needs_input',
    { detail: 'two', since_ms: 3_001 },
  ],
  [
    'the turn of a process that is gone is over',
    [started, said({ says: 'prompted' }, { pid: 7 }), asks('a'), said({ says: 'left' }, { pid: 7 })],
    9,
    'idle',
    { turn: 'inactive', attention: 'none' },
  ],
  [
    'a reminder after Esc does not make the rest begin anew',
    [started, prompted, key('escape', 5), { ...said({ says: 'waits' }), s: 65 }],
    70,
    'idle',
    { since_ms: 5_000 },
  ],
  [
    'a no that the screen shows does not make the next tool late',
    [started, prompted, asks('a'), key('submit', 5), screen('ready', 5.3), { ...working, s: 5.9 }],
    9,
    'running',
    { origin: 'hook' },
  ],
  [
    'suspended during a turn',
    [started, prompted, { kind: 'stopped' }],
    9,
    'idle',
    { origin: 'stopped', turn: 'unknown' },
  ],
  [
    'gone in the middle of a question',
    [started, prompted, asks('a'), exited(0)],
    9,
    'offline',
    { attention: 'none' },
  ],
  ['killed', [started, prompted, done(1), exited(0, 'SIGKILL')], 9, 'error', { background: 0 }],

  [
    'blind: the title shows work',
    [started, title('working', 2), output(3)],
    20,
    'running',
    { origin: 'title', confidence: 2, turn: 'active', blind: 'hooks_missing' },
  ],
  [
    'blind: work that shows in a title ends with the output',
    [started, title('working', 2), output(3)],
    70,
    'running',
    { confidence: 0, turn: 'unknown' },
  ],
  [
    'blind: a title at rest after one at work',
    [started, title('working', 2), title('ready', 9)],
    20,
    'idle',
    { origin: 'title', confidence: 2 },
  ],
  [
    'blind: a title at rest that has never shown work proves nothing',
    [started, title('ready', 2)],
    20,
    'running',
    { confidence: 0 },
  ],
  [
    'blind: the title asks',
    [started, title('asks', 2)],
    20,
    'needs_input',
    { origin: 'title', confidence: 2, attention: 'permission' },
  ],
  [
    'blind: a notification asks',
    [started, notification({ says: 'asks', attention: 'question', id: null, detail: 'which?' })],
    20,
    'needs_input',
    { origin: 'notification', confidence: 2, detail: 'which?' },
  ],
  [
    'blind: Enter answers it',
    [started, notification({ says: 'asks', attention: 'question', id: null, detail: null }), key('submit')],
    20,
    'running',
    {},
  ],
  [
    'blind: a notification tells of the end of a turn',
    [
      started,
      title('working', 2),
      title(null, 3),
      { ...notification({ says: 'done', background: 0 }), s: 4 },
    ],
    20,
    'idle',
    { confidence: 2 },
  ],
  [
    'blind: the screen asks, which is the weakest',
    [started, screen('asks')],
    20,
    'needs_input',
    { origin: 'screen', confidence: 1 },
  ],
  [
    'blind: a dialog on the screen counts although the title shows work',
    [started, title('working', 2), screen('asks', 3), output(4)],
    20,
    'needs_input',
    { origin: 'screen' },
  ],
  [
    'the screen does not win over the agent’s own word',
    [started, prompted, screen('asks')],
    9,
    'running',
    { origin: 'hook' },
  ],
  ['the screen is never an error', [started, screen('ready')], 9, 'idle', { origin: 'screen' }],

  [
    'a title that asks after the agent’s last word',
    [started, prompted, title('asks', 4)],
    9,
    'needs_input',
    { origin: 'title', confidence: 2 },
  ],
  [
    'a title that still asks when the agent has gone on is late',
    [started, prompted, title('asks', 4), { ...working, s: 5 }],
    9,
    'running',
    { origin: 'hook' },
  ],
  [
    'the title shows rest, and no event told of the end',
    [started, prompted, title('working', 3), title('ready', 5)],
    8,
    'idle',
    { origin: 'title', confidence: 2, since_ms: 5_000 },
  ],
  [
    'not at once: the event may be on its way',
    [started, prompted, title('working', 3), title('ready', 5)],
    7,
    'running',
    { origin: 'hook' },
  ],
  [
    'not if it showed no work in this turn',
    [started, title('working', 1.5), prompted, title('ready', 5)],
    9,
    'running',
    { origin: 'hook' },
  ],
  [
    'not if the agent has said something since',
    [started, prompted, title('working', 3), title('ready', 5), { ...working, s: 6 }],
    20,
    'running',
    { origin: 'hook' },
  ],
])

void t.test('explain: what decides, what loses and why, what is missing', async (t) => {
  const memory = newMemory(agent)
  for (const signal of stamped([started, prompted, asks('a'), title('working', 4), screen('asks', 5)]))
    remember(memory, signal)
  const { deciding, losing, missing, lifecycle } = explain(memory, 10_000)
  t.equal(lifecycle, 'needs_input')
  t.same(deciding, {
    origin: 'hook',
    lifecycle: 'needs_input',
    confidence: 3,
    evidence: 'asks',
    age_ms: 7_000,
  })
  t.same(
    losing.map(({ origin, lifecycle: word, why }) => [origin, word, why]),
    [
      ['screen', 'needs_input', 'this agent tells by its own events'],
      ['hook', 'running', 'hook is stronger'],
      ['title', 'running', 'hook is stronger'],
    ],
  )
  t.same(missing, [])
  const deaf = newMemory(agent)
  remember(deaf, { kind: 'started', atMs: 0 })
  t.match(explain(deaf, 20_000).missing[0], /^hooks_missing: /)
  const nested = newMemory(agent)
  for (const signal of stamped([
    started,
    said({ says: 'prompted' }, { pid: 7 }),
    said({ says: 'done', background: 0 }, { pid: 8 }),
  ]))
    remember(nested, signal)
  t.match(explain(nested, 20_000).missing[0], /started inside/)
})

void t.test('what is remembered stays bounded', async (t) => {
  const memory = newMemory(agent)
  for (let i = 0; i < 5_000; i++) {
    remember(memory, { ...(asks(`id ${i}`) as Signal), atMs: i })
    remember(memory, { ...(said({ says: 'prompted' }, { thread: `t${i}` }) as Signal), atMs: i })
  }
  t.ok(memory.asks.length <= 32)
  t.ok(memory.turns.size <= 64)
})
