import t from 'tap'
import { barSpans, workView } from '../../../lib/pulse/view/work.js'
import { gridOf, linesOf, modelOf, stateOf, tagOf } from '../model.js'
import { exampleStates } from './example.js'

const of = (columns: number): string[] =>
  linesOf(workView, modelOf({ session: { states: exampleStates }, columns, rows: 24 }))

void t.test('tasks per tag, in 120 columns', async (t) => {
  t.strictSame(of(120), [
    '9 of 13 tasks done · 2 in progress · 1 blocked · 1 pending',
    'shop  claude, codex  /home/me/shop',
    '  master            ━━━━━━━━━━━━━━━━━━╍╍╍╍╍╍──────  6/10   60%  2 in progress · 1 blocked · 1 pending',
    '  ▸ 12    ● in progress  high      Define the schema of orders, and what each status means  an agent works on it',
    '    14.2  ✗ blocked      critical  Ask for the keys',
    '    15    ○ pending      low       Ship it 🚀',
    '  feature-checkout  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━   3/3  100%  ✓ all done',
    '  empty             no tasks in it',
    'api  opencode  /srv/api',
    '    ✗ the tasks file is malformed — correct it: Not JSON: the end came too early at line 12, column 3.',
    'docs  gemini  /home/me/docs',
    '    · no Taskmaster tasks — to see tasks, run there: task-master init',
  ])
})

void t.test('tasks per tag, in 80 columns', async (t) => {
  t.strictSame(of(80), [
    '9 of 13 tasks done · 2 in progress · 1 blocked · 1 pending',
    'shop  claude, codex  /home/me/shop',
    '  master            ━━━━━━━━━━━━╍╍╍╍────  6/10  2 in progress · 1 blocked',
    '  ▸ 12    ● in progress  high      Define the schema of orders, and what each s…',
    '    14.2  ✗ blocked      critical  Ask for the keys',
    '    15    ○ pending      low       Ship it 🚀',
    '  feature-checkout  ━━━━━━━━━━━━━━━━━━━━   3/3  ✓ all done',
    '  empty             no tasks in it',
    'api  opencode  /srv/api',
    '    ✗ the tasks file is malformed',
    '      correct it: Not JSON: the end came too early at line 12, column 3.',
    'docs  gemini  /home/me/docs',
    '    · no Taskmaster tasks — to see tasks, run there: task-master init',
  ])
})

void t.test('tasks per tag, in 40 columns', async (t) => {
  t.strictSame(of(40), [
    '9 of 13 tasks done',
    'shop  claude, codex  /home/me/shop',
    '  master      ━━━━━━╍╍──  6/10',
    '  ▸ 12   ● ! Define the schema of order…',
    '    14.2 ✗ ! Ask for the keys',
    '    15   ○ Ship it 🚀',
    '  feature-c…  ━━━━━━━━━━   3/3  ✓',
    '  empty       no tasks in it',
    'api  opencode  /srv/api',
    '    ✗ the tasks file is malformed',
    '      correct it: Not JSON: the end came',
    '      too early at line 12, column 3.',
    'docs  gemini  /home/me/docs',
    '    · no Taskmaster tasks',
    '      to see tasks, run there:',
    '      task-master init',
  ])
})

void t.test('what has no count of its own is told by the tasks that are listed', async (t) => {
  const task = (id: string, status: string): Record<string, unknown> => ({ id, title: `task ${id}`, status })
  const tag = tagOf('1/0/1/0', [
    task('1', 'review'),
    task('2', 'pending'),
    task('3', 'whatever'),
    task('4', 'deferred'),
  ])
  const counts = { total: 6, pending: 1, in_progress: 0, done: 1, blocked: 0 }
  const states = [stateOf('1', { tasks: { master: { ...tag, counts } } })]
  t.strictSame(linesOf(workView, modelOf({ states, columns: 120 })), [
    '1 of 6 tasks done · 1 in review · 1 pending · 1 deferred · 2 cancelled or other',
    'shop  1  /home/me/shop',
    '  master  ━━━━━─────────────────────────  1/6   16%  1 in review · 1 pending · 1 deferred · 2 cancelled or other',
    '    1  ◇ review       task 1',
    '    2  ○ pending      task 2',
    '    3  · whatever     task 3',
    '    4  – deferred     task 4',
  ])
})

void t.test('a project of several sessions counts once', async (t) => {
  const tasks = { master: tagOf('1/1/0/0'), next: tagOf('0/0/3/0') }
  const fault = { master: { ...tagOf('0/0/0/0'), error: { code: 'tasks_malformed', message: 'x' } } }
  const of = (id: string, tasks: unknown, more: object = {}): object => ({
    id,
    states: [stateOf('1', { session: id, tasks, ...more })],
  })
  const head = (...sessions: object[]): string | undefined =>
    linesOf(workView, modelOf({ sessions, columns: 120 }))[0]
  const whole = '1 of 5 tasks done · 1 in progress · 3 pending'
  t.equal(head(of('a', tasks), of('b', tasks)), whole)
  t.equal(head(of('a', fault), of('b', tasks)), whole, 'as told by the session that can read it')
  t.equal(
    head(of('a', tasks), of('b', { master: tagOf('2/0/0/0') }, { root: '/elsewhere' })),
    '3 of 7 tasks done · 1 in progress · 3 pending',
  )
})

void t.test('a bar shows each part that there is, and is full only when all is done', async (t) => {
  const bar = (total: number, done: number, inProgress: number, columns: number): string =>
    barSpans({ total, done, inProgress, pending: 0, blocked: 0 }, columns)
      .map(([text]) => text)
      .join('')
  t.strictSame(
    [
      bar(9, 6, 1, 9),
      bar(1000, 1, 1, 10),
      bar(1000, 999, 1, 10),
      bar(3, 3, 0, 5),
      bar(4, 0, 0, 4),
      bar(3, 1, 2, 1),
    ],
    ['━━━━━━╍──', '━╍────────', '━━━━━━━━━╍', '━━━━━', '────', '╍'],
  )
  t.strictSame([bar(0, 0, 0, 5), bar(3, 1, 1, 0), bar(3, 1, 1, -4)], ['', '', ''])
  t.equal(bar(3, 9, 9, 4), '━━━━', 'counts that do not add up')
})

void t.test('colour never speaks alone', async (t) => {
  const grid = gridOf(workView, modelOf({ states: exampleStates, columns: 40 }))
  const found = new Set<string>()
  for (let y = 0; y < grid.rows; y++)
    for (let x = 0; x < grid.columns; x++)
      if (['running', 'error', 'warning'].includes(grid.styleAt(x, y).ink) && grid.textAt(x, y) !== ' ')
        found.add(`${grid.styleAt(x, y).ink} ${grid.textAt(x, y)}`)
  for (const glyph of ['running ●', 'running ╍', 'error ✗', 'warning !']) t.ok(found.has(glyph), glyph)
})

void t.test('nothing to show', async (t) => {
  t.match(workView.empty(modelOf()), ['No tasks: there is no agent yet.', /aoc-agent-wrap/])
  t.match(workView.empty(modelOf({ states: exampleStates })), [/told of tasks/, /tasks.json/])
  t.match(workView.empty(modelOf({ filter: 'x' })), ['Nothing here matches "x".', /Esc/])
})
