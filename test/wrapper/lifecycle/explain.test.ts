import t from 'tap'
import { explain, type Explained } from '../../../lib/wrapper/lifecycle/judge.js'
import type { Ways } from '../../../lib/wrapper/lifecycle/signal.js'
import {
  agent,
  answered,
  asks,
  at,
  check,
  command,
  done,
  exited,
  prompted,
  remembered,
  report,
  screen,
  started,
  title,
  working,
  type Log,
  type Unstamped,
} from './rows.js'

/** What an explanation says of the signals that do not decide, and of those that are missing. */
const bell: Unstamped = { kind: 'bell' }
const noPicture: Ways = { ...command, blind: null }
const madeUp: Ways = { ...agent, blind: 'made_up' }

check(agent, [
  ['before 15 s its events may still come', [started], 15.999, 'running', { blind: 'hooks_pending' }],
  ['after 15 s they are missing', [started], 16, 'running', { blind: 'hooks_missing' }],
  ['before it has started they cannot be', [], 20, 'running', { blind: 'hooks_pending' }],
  [
    'a report does not stand for the events of an agent',
    [started, report('running')],
    5,
    'running',
    { origin: 'report', blind: 'hooks_pending' },
  ],
  ['an agent that has spoken is not blind', [started, prompted], 60, 'running', { blind: null }],
  ['nor is one that is gone', [started, exited(0)], 60, 'offline', { blind: null }],
])

check({ ...agent, blind: 'hooks_off' }, [
  ['known from the start to be blind', [started], 2, 'running', { blind: 'hooks_off' }],
  ['also later', [started], 60, 'running', { blind: 'hooks_off' }],
])

check(command, [
  [
    'a silent command that reports says all there is',
    [started, report('running')],
    5,
    'running',
    { blind: null },
  ],
  ['one that does not is blind', [started, title('working', 2)], 5, 'running', { blind: 'no_signals' }],
])

check(noPicture, [['nothing is missing where nothing is expected', [started], 5, 'running', { blind: null }]])

const at9 = (ways: Ways, log: Log, nowS = 9): Explained => explain(remembered(ways, log), nowS * 1_000)
const losing = (ways: Ways, log: Log, nowS = 9): string[] =>
  at9(ways, log, nowS).losing.map(({ origin, why }) => `${origin}: ${why}`)

void t.test('a signal that loses says why', async (t) => {
  t.same(
    losing(agent, [started, prompted, screen('asks', 3), title('working', 4)]),
    ['screen: this agent tells by its own events', 'title: hook is stronger'],
    'its own reason goes before that of the winner',
  )
  t.same(
    losing(agent, [started, title('ready', 2)]),
    ['title: this title rests also while the agent works'],
    'that the process runs is not a signal that loses',
  )
  t.same(losing(agent, [started, prompted, at(4, working)]), [], 'nor is the winner')
})

void t.test('a bell is mentioned for a minute', async (t) => {
  const rang = 'bell: a bell does not say what for'
  t.same(losing(agent, [started, bell], 62), [rang])
  t.same(losing(agent, [started, bell], 62.001), [])
  t.same(losing(agent, [started, prompted, bell]), [rang])
  t.same(losing(agent, [started, prompted, at(3, bell), at(3, done())]), [rang], 'with the end of the turn')
  t.same(losing(agent, [started, bell, prompted]), [], 'not after the agent went on')
  t.same(losing(agent, [started]), [], 'and not where none rang')
})

void t.test('what is missing, in words', async (t) => {
  t.same(at9(agent, [started]).missing, ['hooks_pending: its own events have not come yet'])
  t.same(at9(madeUp, [started]).missing, ['made_up: a better signal is missing'], 'a reason without words')
  t.same(at9(agent, [started, prompted]).missing, [])
  t.same(at9(command, [started, report('idle')]).missing, [])
})

void t.test('nothing was said in the future', async (t) => {
  const log: Log = [started, prompted, at(3, asks('a')), at(3, asks('b')), at(3, answered('a'))]
  const { deciding, status } = at9(agent, log, 3)
  t.equal(deciding.age_ms, 1)
  t.equal(status.since_ms, 2_999, 'no two asks have the same time, and none one that is to come')
})
