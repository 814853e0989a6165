import t from 'tap'
import { claimsChangeMs } from '../../../lib/wrapper/lifecycle/claims.js'
import type { Ways } from '../../../lib/wrapper/lifecycle/signal.js'
import {
  agent,
  asks,
  at,
  check,
  command,
  dialog,
  done,
  exited,
  failed,
  key,
  mayAsk,
  notification,
  notifies,
  notifying,
  output,
  progress,
  prompt,
  prompted,
  counted,
  remembered,
  report,
  said,
  screen,
  showing,
  started,
  title,
  titling,
  working,
  type Log,
} from './rows.js'

/** What each signal is worth, and for how long. */
const unknown = { origin: 'started', confidence: 0 } as const

check(agent, [
  ['killed by SIGTERM', [started, exited(0, 'SIGTERM')], 5, 'offline', { attention: 'none' }],
  ['its terminal was closed', [started, exited(0, 'SIGHUP')], 5, 'offline', { attention: 'none' }],
  ['its terminal was closed, by a shell’s exit code', [started, exited(129)], 5, 'offline', {}],
  ['nothing is known', [], 5, 'running', { evidence: 'nothing is known', blind: 'hooks_pending' }],

  [
    'of two asks the one that stands is in front',
    [started, prompted, at(3, mayAsk('a', 2_000)), at(3.5, asks('b', 'two'))],
    4,
    'needs_input',
    { detail: 'two' },
  ],
  [
    'until the first stands, too',
    [started, prompted, at(3, mayAsk('a', 1_000)), at(3.5, asks('b', 'two'))],
    4,
    'needs_input',
    { detail: 'a' },
  ],
  [
    'where the screen is not trusted, it says nothing of an ask',
    [started, prompted, asks(null, null), dialog('plan', 'Go ahead?', 3.3)],
    9,
    'needs_input',
    { detail: null },
  ],

  [
    'a dialog seen within a second before the title asked is what it asks',
    [started, dialog('plan', 'Go ahead?', 3), title('asks', 4)],
    9,
    'needs_input',
    { origin: 'title', attention: 'plan', detail: 'Go ahead?' },
  ],
  [
    'one seen earlier is another',
    [started, dialog('plan', 'Go ahead?', 3), title('asks', 4.001)],
    9,
    'needs_input',
    { origin: 'title', attention: 'permission', detail: null },
  ],
  [
    'a title that asks while the screen shows work guesses',
    [started, title('asks', 2), screen('working', 3)],
    9,
    'needs_input',
    { origin: 'title', attention: 'question', detail: 'working' },
  ],
  [
    'what the screen showed before it asked is no such sign',
    [started, screen('working', 1.5), title('asks', 2)],
    9,
    'needs_input',
    { origin: 'title', attention: 'permission', detail: null },
  ],
  [
    'blind: a title that asks after the key asks again',
    [started, title('asks', 2), key('submit', 3), title('asks', 4)],
    5,
    'needs_input',
    { origin: 'title', since_ms: 2_000 },
  ],
  [
    'a notification may be late where the agent tells of its work',
    [started, prompted, notifies()],
    9,
    'running',
    { origin: 'hook' },
  ],
  [
    'blind: a title that changes does not refute a dialog',
    [started, screen('asks', 2), title('working', 3)],
    9,
    'needs_input',
    { origin: 'screen' },
  ],

  [
    'a title at rest with a background task left',
    [started, prompted, done(1), prompted, title('working', 5), title('ready', 6)],
    20,
    'running',
    { origin: 'title', turn: 'inactive', background: 1 },
  ],
  [
    'a title that showed work before the turn proves nothing of it',
    [started, title('working', 2), working, title('ready', 5)],
    20,
    'running',
    { origin: 'hook', turn: 'active' },
  ],
  [
    'a title at rest is believed after 3 s',
    [started, prompted, title('working', 3), title('ready', 5)],
    7.999,
    'running',
    { origin: 'hook' },
  ],
  [
    'where every end is announced, a title at rest proves nothing',
    [started, said({ says: 'prompted' }, { origin: 'status' }), title('working', 3), title('ready', 5)],
    20,
    'running',
    { origin: 'status', turn: 'active' },
  ],
  [
    'an agent that tells only of the end: a title right after it is late',
    [started, done(), title('working', 3.4)],
    9,
    'idle',
    { origin: 'hook' },
  ],
  [
    'an agent that tells of its work, too: Enter begins nothing yet',
    [started, prompted, done(), key('submit')],
    9,
    'idle',
    { origin: 'hook' },
  ],
  [
    'an Enter before the end is not the next one',
    [started, key('submit'), done()],
    9,
    'idle',
    { origin: 'hook' },
  ],
  [
    'one background task',
    [started, prompted, done(1)],
    9,
    'running',
    { detail: '1 background task', turn: 'inactive' },
  ],
  [
    'of two conversations that go on the latest counts, whichever was told of last',
    [
      started,
      said({ says: 'prompted' }, { thread: 'a' }),
      said({ says: 'prompted' }, { thread: 'b' }),
      said({ says: 'working' }, { thread: 'a' }),
    ],
    9,
    'running',
    { since_ms: 3_000 },
  ],
  [
    'or began last',
    [started, said({ says: 'prompted' }, { thread: 'a' }), said({ says: 'prompted' }, { thread: 'b' })],
    9,
    'running',
    { since_ms: 3_000 },
  ],
  [
    'one that goes on counts before one that rests',
    [
      started,
      said({ says: 'done', background: 0 }, { thread: 'b' }),
      said({ says: 'prompted' }, { thread: 'a' }),
    ],
    9,
    'running',
    { turn: 'active' },
  ],

  [
    'blind: a title at rest waits for a look at the screen',
    [started, title('working', 2), title('ready', 9)],
    9.399,
    'running',
    unknown,
  ],
  [
    'blind: but not for long',
    [started, title('working', 2), title('ready', 9)],
    9.4,
    'idle',
    { origin: 'title', since_ms: 9_000 },
  ],
  [
    'blind: nor after the look',
    [started, title('working', 2), title('ready', 9), screen(null, 9.1)],
    9.2,
    'idle',
    { origin: 'title' },
  ],
  [
    'blind: work counts for a minute from the start where nothing was written',
    [at(100, started), title('working', 101)],
    159,
    'running',
    { origin: 'title' },
  ],
  ['blind: and no longer', [at(100, started), title('working', 101)], 160, 'running', unknown],
  [
    'blind: an Enter after the end begins something',
    [started, notification({ says: 'done', background: 0 }), key('submit')],
    9,
    'running',
    unknown,
  ],
  [
    'blind: an Enter before it does not',
    [started, key('submit'), notification({ says: 'done', background: 0 })],
    9,
    'idle',
    { origin: 'progress' },
  ],
  [
    'blind: progress after the shell’s prompt is new',
    [started, prompt(false), progress(true), output(3)],
    9,
    'running',
    { origin: 'progress' },
  ],
  [
    'an agent that speaks for itself: a key is no word of its work',
    [started, asks('a'), key('submit', 3), at(3.1, said({ says: 'answered', id: 'a' }))],
    4,
    'running',
    unknown,
  ],
  [
    'blind: an answer counts for a minute without output',
    [started, title('asks', 2), key('submit', 3)],
    62.999,
    'running',
    { origin: 'key' },
  ],
  ['blind: and no longer than that', [started, title('asks', 2), key('submit', 3)], 63, 'running', unknown],
  [
    'Esc is no answer',
    [started, report('needs_input'), key('escape', 3), title('working', 5)],
    62,
    'running',
    unknown,
  ],
])

check(command, [
  ['silence counts from the start', [started], 61, 'idle', { origin: 'silence', since_ms: 61_000 }],
  [
    'an answer counts from when it was typed',
    [started, report('needs_input'), key('submit', 30)],
    89,
    'running',
    { origin: 'key' },
  ],
])

const soonSilent: Ways = { ...command, silenceMs: 10_000 }
check(soonSilent, [
  [
    'an answer counts for as long as silence means nothing',
    [started, report('needs_input'), key('submit', 3)],
    12.999,
    'running',
    { origin: 'key' },
  ],
  ['and no longer', [started, report('needs_input'), key('submit', 3)], 13, 'idle', { origin: 'silence' }],
])

check({ ...agent, screenTells: false }, [
  [
    'blind: where no screen is read, a title at rest waits for none',
    [started, title('working', 2), title('ready', 9)],
    9,
    'idle',
    { origin: 'title' },
  ],
])

check(notifying, [
  [
    'a notification that comes at once counts beside the agent’s events',
    [started, prompted, notifies()],
    9,
    'needs_input',
    { origin: 'notification' },
  ],
])

check(titling, [
  [
    'blind: a title that is always right refutes a dialog seen before it changed',
    [started, screen('asks', 2), title('working', 3)],
    9,
    'running',
    { origin: 'title' },
  ],
  [
    'blind: but not one seen since',
    [started, title('working', 2), screen('asks', 3)],
    9,
    'needs_input',
    { origin: 'screen' },
  ],
  ['blind: it rests at once', [started, title('ready', 2)], 2, 'idle', { origin: 'title', confidence: 2 }],
  [
    'a title that rests after the agent’s last word ends the turn at once',
    [started, prompted, title('ready', 3)],
    3,
    'idle',
    { origin: 'title', since_ms: 3_000 },
  ],
  [
    'one that rests from before it does not yet',
    [started, title('ready', 1.5), prompted],
    4.999,
    'running',
    { origin: 'hook' },
  ],
  [
    'and does when it rests 3 s later',
    [started, title('ready', 1.5), at(2, prompted)],
    5,
    'idle',
    { origin: 'title' },
  ],
  [
    'a title that turns to work right after Esc is right',
    [started, prompted, title('working', 2.5), key('escape', 5), title('ready', 5.1), title('working', 5.5)],
    9,
    'running',
    { origin: 'hook' },
  ],
  [
    'one that showed work before Esc says nothing of it',
    [started, prompted, title('working', 2.5), key('escape', 5)],
    9,
    'idle',
    { origin: 'key' },
  ],
])

check(agent, [
  [
    'a title that is not always right and turns to work right after Esc is late',
    [started, prompted, title('working', 2.5), key('escape', 5), title('ready', 5.1), title('working', 5.5)],
    9,
    'idle',
    { origin: 'key' },
  ],
  ['an end counts at once where the screen is not trusted', [started, prompted, done()], 3, 'idle', {}],
])

check({ ...showing, screenTells: false }, [
  ['and where it is not read', [started, prompted, done()], 3, 'idle', {}],
])

check(showing, [
  [
    'an end waits for what a trusted screen shows beside it',
    [started, prompted, done()],
    3.599,
    'running',
    { turn: 'inactive' },
  ],
  ['but not for long', [started, prompted, done()], 3.6, 'idle', { since_ms: 3_000 }],
  ['nor after a look', [started, prompted, done(), screen('ready', 3.05)], 3.1, 'idle', { since_ms: 3_000 }],
  ['a look may be too early', [started, prompted, done(), screen('ready', 3.049)], 3.1, 'running', {}],
  [
    'a trusted screen says what is asked',
    [started, prompted, asks(null, null), dialog('plan', 'Go ahead?', 3.3)],
    9,
    'needs_input',
    { origin: 'hook', detail: 'Go ahead?' },
  ],
  [
    'but not what it showed before',
    [started, prompted, dialog('plan', 'Go ahead?', 2.5), at(3, asks(null, null))],
    9,
    'needs_input',
    { origin: 'hook', detail: null },
  ],
  [
    'nor which of two it shows',
    [started, prompted, asks('a', null), asks('b', null), dialog('plan', 'Go ahead?', 4.3)],
    9,
    'needs_input',
    { origin: 'hook', detail: null },
  ],
  [
    'it says what failed where that was announced',
    [started, failed('failed', { origin: 'status' }), { ...screen('ready', 3), line: 'quota exceeded' }],
    9,
    'error',
    { origin: 'status', detail: 'quota exceeded' },
  ],
  [
    'an event says so itself',
    [started, failed('quota'), { ...screen('ready', 3), line: 'Ask me anything' }],
    9,
    'error',
    { origin: 'hook', detail: 'quota' },
  ],
])

/** When time alone changes something. */
const changes: [about: string, ways: Ways, log: Log, nowS: number, changeS: number | null][] = [
  ['nothing has happened', agent, [], 1, null],
  ['events may be missing', agent, [started], 1, 16],
  ['they are', agent, [started], 16, null],
  ['an ask stands', agent, [started, prompted, mayAsk('a', 250)], 3, 3.25],
  ['it does', agent, [started, prompted, mayAsk('a', 250)], 3.25, 16],
  [
    'the first of many that stand',
    agent,
    [started, prompted, mayAsk('a', 900), at(3, mayAsk('b', 250))],
    3,
    3.25,
  ],
  ['silence', command, [started, output(30)], 31, 90],
  ['work in a title', agent, [started, title('working', 20)], 20, 61],
  ['work in progress marks', agent, [started, at(20, progress(true))], 20, 61],
  ['an end by a mark holds', agent, [started, at(20, progress(false))], 20, null],
  ['rest in a title, before a look', agent, [started, title('working', 2), title('ready', 20)], 20, 20.4],
  ['an answer', agent, [started, title('asks', 2), key('submit', 20)], 20, 80],
  [
    'a title at rest in a turn',
    agent,
    [started, at(17, prompted), title('working', 18), title('ready', 20)],
    20.5,
    23,
  ],
  ['the end of a turn, before a look', showing, [started, prompted, at(20, done())], 20, 20.6],
  ['a turn that goes on', showing, [started, at(20, prompted)], 20, null],
  ['the end of a background task', agent, [started, prompted, done(1), at(20, counted(0))], 20, 23],
]
for (const [about, ways, log, nowS, changeS] of changes)
  void t.test(`what changes by itself: ${about}`, async (t) => {
    const changeMs = claimsChangeMs(remembered(ways, log), nowS * 1_000)
    t.equal(changeMs, changeS === null ? null : Math.round(changeS * 1_000))
  })
