import t from 'tap'
import { judge } from '../../../lib/wrapper/lifecycle/judge.js'
import { newMemory } from '../../../lib/wrapper/lifecycle/memory.js'
import { remember } from '../../../lib/wrapper/lifecycle/remember.js'
import type { Signal } from '../../../lib/wrapper/lifecycle/signal.js'
import {
  agent,
  answered,
  asks,
  at,
  began,
  check,
  counted,
  dialog,
  done,
  failed,
  key,
  mayAsk,
  notifies,
  notifying,
  prompt,
  prompted,
  report,
  said,
  screen,
  showing,
  started,
  title,
  titling,
  waits,
  working,
} from './rows.js'

/** What agents and reports say, and what ends it. */
const inA = { thread: 'a' }
const inB = { thread: 'b' }
const status = (thread: string) => ({ thread, origin: 'status' as const })
const unknown = { origin: 'started', confidence: 0 } as const

check(notifying, [
  [
    'an event that comes with a notification leaves it',
    [started, prompted, at(3, notifies()), at(3.5, done())],
    9,
    'needs_input',
    { origin: 'notification', detail: 'which?' },
  ],
  [
    'one that comes later ends it',
    [started, prompted, at(3, notifies()), at(3.6, done())],
    9,
    'idle',
    { origin: 'hook' },
  ],
  [
    'work that comes with a notification ends it',
    [started, prompted, at(3, notifies()), at(3.2, working)],
    9,
    'running',
    { origin: 'hook' },
  ],
  [
    'an ask takes the place of the notification that tells the same',
    [started, prompted, notifies(), asks('a'), answered('a')],
    9,
    'running',
    { origin: 'hook' },
  ],
])

check(agent, [
  [
    'an agent that asks tells of its work: Enter after its end begins nothing',
    [started, asks('a'), answered('a'), done(), key('submit')],
    9,
    'idle',
    { origin: 'hook' },
  ],
  [
    'one that told that it began may tell no more: Enter begins something',
    [started, began, key('submit')],
    9,
    'running',
    unknown,
  ],
  [
    'a failure is over with a turn of its own conversation only',
    [started, failed('quota', inA), said({ says: 'prompted' }, inB)],
    9,
    'error',
    { detail: 'quota' },
  ],
  [
    'a second prompt in a turn: the title has to show work anew',
    [started, prompted, title('working', 3), prompted, title('ready', 5)],
    20,
    'running',
    { origin: 'hook', turn: 'active' },
  ],
  [
    'a turn that the end of a background task began ends when it says so',
    [started, prompted, done(1), at(4, counted(0)), at(4.5, prompted), at(5, done())],
    5.5,
    'idle',
    { since_ms: 5_000 },
  ],
  [
    'no wait for a turn where no background task was known',
    [started, prompted, done(), counted(0)],
    5,
    'idle',
    { since_ms: 3_000 },
  ],
  [
    'nor where one of two ended',
    [
      started,
      prompted,
      said({ says: 'done', background: 2 }, { pid: 7 }),
      at(4, counted(1)),
      at(4.5, said({ says: 'left' }, { pid: 7 })),
    ],
    5,
    'idle',
    { background: 0 },
  ],
  [
    'an end that does not count the background tasks leaves them',
    [started, prompted, done(2), prompted, done(null)],
    9,
    'running',
    { background: 2, turn: 'inactive' },
  ],
  [
    'a key that was on its way to an ask still answers it when other work is told of',
    [started, prompted, asks('a'), key('submit', 5), at(5.1, working), screen('working', 5.4)],
    9,
    'running',
    { origin: 'hook' },
  ],
  [
    'but not what the end of the turn has ended',
    [started, prompted, asks('a'), key('submit', 5), at(5.1, done()), screen('ready', 5.5)],
    9,
    'idle',
    { origin: 'hook', detail: null },
  ],
  [
    'an ask after Esc shows that the turn goes on',
    [started, prompted, key('escape'), at(5, asks('a')), answered('a')],
    9,
    'running',
    { origin: 'hook', turn: 'active' },
  ],
  [
    'an ask that is told of again keeps what it says',
    [started, prompted, asks('a', 'one'), asks('a', null)],
    9,
    'needs_input',
    { detail: 'one', since_ms: 3_000 },
  ],
  [
    'unless it says another thing',
    [started, prompted, asks('a', 'one'), asks('a', 'two')],
    9,
    'needs_input',
    { detail: 'two', since_ms: 3_000 },
  ],
  [
    'a later event without an id is no second ask',
    [started, prompted, asks('a'), asks(null), answered('a')],
    9,
    'running',
    {},
  ],
  [
    'it runs again since it asks no more',
    [started, prompted, asks('a'), at(5, answered('a'))],
    9,
    'running',
    { since_ms: 5_000 },
  ],
  [
    'what it may answer by itself is no end of an ask',
    [started, prompted, mayAsk('a', 2_000), { kind: 'output', s: 3.5 }],
    4,
    'running',
    { since_ms: 2_000 },
  ],
  [
    'a report of what goes on anyway is so since it was first told',
    [started, report('running'), report('running')],
    9,
    'running',
    { since_ms: 2_000, origin: 'report' },
  ],
  [
    'a reminder does not end what was reported',
    [started, prompted, report('needs_input', 'which?'), at(63, waits)],
    70,
    'needs_input',
    { origin: 'report', detail: 'which?' },
  ],
  [
    'the end of a turn with background tasks left: subagents still ask',
    [started, prompted, asks('a', 'rm', 'x'), done(1)],
    9,
    'needs_input',
    { detail: 'rm' },
  ],
  [
    'but the turn does not',
    [started, prompted, asks('a', 'rm'), done(1)],
    9,
    'running',
    { turn: 'inactive', detail: '1 background task' },
  ],
  ['a failure ends what was asked', [started, prompted, asks('a'), failed('quota')], 9, 'error', {}],
  ['so does a session that begins', [started, prompted, asks('a'), began], 9, 'idle', {}],
  ['so does a prompt', [started, prompted, asks('a'), prompted], 9, 'running', {}],
  [
    'the failure of a subagent ends what it asked',
    [started, prompted, asks('a', 'rm', 'x'), failed('quota', { subagent: 'x' })],
    9,
    'running',
    { attention: 'none' },
  ],
  [
    'a prompt after Esc is another turn',
    [started, prompted, key('escape', 5), at(8, prompted)],
    9,
    'running',
    { since_ms: 8_000 },
  ],
  [
    'work told of 1.4 s after Esc is late',
    [started, prompted, key('escape', 4), at(5.499, working)],
    9,
    'idle',
    { origin: 'key' },
  ],
  [
    'work told of 1.5 s after it goes on',
    [started, prompted, key('escape', 4), at(5.5, working)],
    9,
    'running',
    { origin: 'hook' },
  ],
  [
    'the process that comes for one that left is the agent’s',
    [
      started,
      said({ says: 'prompted' }, { pid: 7 }),
      said({ says: 'left' }, { pid: 7 }),
      said({ says: 'prompted' }, { pid: 8 }),
    ],
    9,
    'running',
    { turn: 'active', since_ms: 4_000 },
  ],
  [
    'what was reported does not leave with the process',
    [started, said({ says: 'prompted' }, inA), report('running', 'deploys'), said({ says: 'left' })],
    9,
    'running',
    { origin: 'report', detail: 'deploys' },
  ],
  [
    'nor what was asked by a report',
    [started, prompted, report('needs_input', 'which?'), said({ says: 'left' })],
    9,
    'needs_input',
    { origin: 'report' },
  ],
  [
    'background tasks leave with the process',
    [started, prompted, done(2), said({ says: 'left' })],
    9,
    'idle',
    { background: 0 },
  ],
  [
    'where the screen is not trusted, work does not hide what it showed',
    [started, prompted, dialog('plan', 'Go ahead?', 4), at(4.2, working), title('asks', 4.5)],
    9,
    'needs_input',
    { origin: 'title', attention: 'plan', detail: 'Go ahead?' },
  ],
])

check(showing, [
  [
    'a question on a trusted screen stands when the turn ends',
    [started, prompted, screen('asks', 3), at(4, done())],
    4.2,
    'needs_input',
    { origin: 'screen', since_ms: 3_000 },
  ],
  [
    'and is over when the agent goes on',
    [started, prompted, screen('asks', 3), at(4, working)],
    4.2,
    'running',
    { origin: 'hook' },
  ],
])

check(titling, [
  [
    'a key from before the agent spoke answers nothing that came after',
    [
      started,
      title('asks', 2),
      key('submit', 3),
      at(4, prompted),
      at(5, asks('a')),
      title('asks', 6),
      title('working', 7),
    ],
    9,
    'running',
    { origin: 'hook', turn: 'active' },
  ],
])

check(agent, [
  [
    'what is withdrawn of all conversations',
    [started, said({ says: 'prompted' }, status('a')), said({ says: 'withdrawn' }, status(''))],
    9,
    'running',
    unknown,
  ],
  [
    'of one conversation',
    [started, said({ says: 'prompted' }, status('a')), said({ says: 'withdrawn' }, status('a'))],
    9,
    'running',
    unknown,
  ],
  [
    'and of those below it',
    [started, said({ says: 'prompted' }, status('a/b')), said({ says: 'withdrawn' }, status('a'))],
    9,
    'running',
    unknown,
  ],
  [
    'but not of one with a longer name',
    [started, said({ says: 'prompted' }, status('ab')), said({ says: 'withdrawn' }, status('a'))],
    9,
    'running',
    { origin: 'status', turn: 'active' },
  ],
  [
    'nor what was told by an event',
    [started, said({ says: 'prompted' }, inA), said({ says: 'withdrawn' }, status('a'))],
    9,
    'running',
    { origin: 'hook', turn: 'active' },
  ],
  [
    'an ask is withdrawn with its conversation',
    [
      started,
      said({ says: 'asks', attention: 'plan', id: 'x', detail: null }, status('a')),
      said({ says: 'withdrawn' }, status('a')),
    ],
    9,
    'running',
    unknown,
  ],
  [
    'an ask of another stands',
    [
      started,
      said({ says: 'asks', attention: 'plan', id: 'x', detail: null }, status('ab')),
      said({ says: 'withdrawn' }, status('a')),
    ],
    9,
    'needs_input',
    { origin: 'status', attention: 'plan' },
  ],
  [
    'and so does one that came by an event',
    [
      started,
      said({ says: 'asks', attention: 'plan', id: 'x', detail: null }, inA),
      said({ says: 'withdrawn' }, status('a')),
    ],
    9,
    'needs_input',
    { origin: 'hook' },
  ],
  [
    'a failure is withdrawn with its conversation',
    [started, failed('quota', status('a')), said({ says: 'withdrawn' }, status('a'))],
    9,
    'running',
    unknown,
  ],
  [
    'a failure of another stands',
    [started, failed('quota', status('b')), said({ says: 'withdrawn' }, status('a'))],
    9,
    'error',
    { origin: 'status' },
  ],
  [
    'and so does one that came by an event, whatever is withdrawn',
    [started, failed('quota', inA), said({ says: 'withdrawn' }, status('a'))],
    9,
    'error',
    { origin: 'hook' },
  ],
  [
    'what a program announced ends with the shell’s prompt',
    [started, said({ says: 'prompted' }, status('a')), prompt(false)],
    9,
    'idle',
    { origin: 'prompt' },
  ],
  [
    'but not its failure',
    [started, failed('quota', status('a')), prompt(false)],
    9,
    'error',
    { origin: 'status', detail: 'quota' },
  ],
  [
    'which ends with the next command',
    [started, failed('quota', status('a')), prompt(false), prompt(true)],
    9,
    'running',
    { origin: 'prompt' },
  ],
  [
    'a command that begins ends no report',
    [started, report('needs_input', 'which?'), prompt(true)],
    9,
    'needs_input',
    { origin: 'report' },
  ],
])

void t.test('of many conversations the one that was told of longest ago is forgotten', async (t) => {
  const memory = newMemory(agent)
  const tell = (meaning: 'prompted' | 'waits', thread: string, atMs: number): void =>
    remember(memory, { ...(said({ says: meaning }, { thread }) as Signal), atMs })
  tell('prompted', 'first', 1)
  for (let i = 2; i <= 64; i++) tell('waits', `thread ${i}`, i)
  tell('prompted', 'first', 65)
  tell('waits', 'one more', 66)
  t.equal(memory.turns.size, 64)
  t.equal(judge(memory, 100).status.turn, 'active')
})
