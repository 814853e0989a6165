import t from 'tap'
import { diffOf, lastErrorOf, projectRootOf, readDiff, readTasks, tasksOf } from '../../lib/pulse/details.js'
import { diffOfFiles, stateOf, tagOf, v1StateOf } from './model.js'

void t.test('the changes of a state', async (t) => {
  const state = stateOf('1', {
    diff: diffOfFiles(['M* a.ts +3 -1', 'R* old.ts => new.ts +1 -1', '? new.txt']),
  })
  t.match(diffOf(state), {
    repoRoot: '/home/me/shop',
    reason: null,
    branch: 'main',
    additions: 4,
    deletions: 2,
    filesTotal: 3,
    files: [
      { path: 'a.ts', name: 'a.ts', nameColumns: 4, status: 'modified', staged: true, oldPath: null },
      { path: 'new.ts', name: 'old.ts → new.ts', nameColumns: 15, status: 'renamed', oldPath: 'old.ts' },
      { path: 'new.txt', status: 'untracked', staged: false },
    ],
  })
  t.equal(diffOf(state), diffOf(state), 'read once')
  t.equal(projectRootOf(state), '/home/me/shop')
})

void t.test('the tasks of a state', async (t) => {
  const tasks = {
    master: tagOf('1/1/1/1', [
      { id: 7, title: 'one', status: 'in-progress', priority: 'high', active_agent: true },
      { id: '8', title: 'two', status: 'in_progress' },
      { id: '9', title: 'three', status: 'deferred', priority: null },
    ]),
  }
  const state = stateOf('1', { tasks })
  t.strictSame(tasksOf(state), [
    {
      tag: 'master',
      counts: { total: 4, pending: 1, inProgress: 1, done: 1, blocked: 1 },
      active: [
        {
          id: '7',
          title: 'one',
          status: 'in_progress',
          statusText: 'in-progress',
          priority: 'high',
          isWorkedOn: true,
        },
        {
          id: '8',
          title: 'two',
          status: 'in_progress',
          statusText: 'in_progress',
          priority: '',
          isWorkedOn: false,
        },
        {
          id: '9',
          title: 'three',
          status: 'deferred',
          statusText: 'deferred',
          priority: '',
          isWorkedOn: false,
        },
      ],
      fault: null,
    },
  ])
})

void t.test('wrong parts are left out, the others stay', async (t) => {
  for (const wrong of [null, 1, 'x', [], {}, { git_available: 'yes' }]) t.equal(readDiff(wrong), null)
  for (const wrong of [null, undefined, 1, 'x', []]) t.equal(readTasks(wrong), null)
  const diff = readDiff({
    git_available: true,
    repo_root: 7,
    branch: {},
    summary: { staged: { files: 1, additions: 2, deletions: -3 }, unstaged: null },
    files: [
      null,
      { path: '' },
      { path: 'x'.repeat(5_000) },
      { path: 'a\u001b[2J\n', status: 'eaten', additions: 1e300, old_path: 5 },
    ],
    files_total: -1,
  })
  t.match(diff, { repoRoot: '', branch: '', additions: 2, deletions: 0, filesTotal: 1 })
  t.match(diff?.files, [
    { path: 'a\u001b[2J\n', name: 'a[2J ', status: 'modified', additions: 0, oldPath: null },
  ])
  t.match(readTasks({ a: 5, b: { counts: { total: 'x' }, active_tasks: [1, { id: 'i\u0007d' }, {}] } }), [
    { tag: 'b', counts: { total: 0 }, active: [{ id: 'id', title: '' }] },
  ])
  t.equal(readDiff({ git_available: false })?.reason, 'error', 'a reason that is not given')
  t.equal(projectRootOf(stateOf('1', { source: 5 })), '')
})

void t.test('no path holds a NUL', async (t) => {
  const files = [{ path: 'a\0b' }, { path: 'c', old_path: 'd\0e' }, { path: 'f\ng' }]
  const diff = readDiff({ git_available: true, repo_root: '/a\0b', files })
  t.match(diff, { repoRoot: '', filesTotal: 2 })
  t.strictSame(
    diff?.files.map(({ path, oldPath, name }) => [path, oldPath, name]),
    [
      ['c', null, 'c'],
      ['f\ng', null, 'f g'],
    ],
    'but a newline',
  )
  t.equal(projectRootOf(stateOf('1', { root: '/a\0b' })), '')
})

void t.test("lists end at the protocol's bounds", async (t) => {
  const files = Array.from({ length: 600 }, (_, i) => ({ path: `f${i}` }))
  const diff = readDiff({ git_available: true, files, files_total: 900 })
  t.match(diff, { filesTotal: 900, files: { length: 500 } })
  const tasks = Array.from({ length: 30 }, (_, i) => ({ id: i, title: 't', status: 'pending' }))
  const tags = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`tag${i}`, tagOf('0/0/30/0', tasks)]))
  t.match(readTasks(tags), { length: 32, 0: { active: { length: 10 } } })
})

void t.test('where a v1 publisher is, before it tells of its agent', async (t) => {
  t.equal(projectRootOf(v1StateOf('1', { message: null })), '/home/me/shop')
  t.equal(projectRootOf(v1StateOf('1', { message: null, project_root: 'a\0b' })), '')
})

void t.test('the last error of a v1 publisher', async (t) => {
  const of = (last_error: unknown) => lastErrorOf(v1StateOf('1', { last_error }))
  t.strictSame(of({ code: 'x', message: 'a\u001b[31m\nb', component: 'wrapper', fatal: true, at_ms: 7 }), {
    code: 'x',
    message: 'a[31m b',
    component: 'wrapper',
    isFatal: true,
    atMs: 7,
  })
  t.strictSame(of({ code: 7, at_ms: 'x', fatal: 'yes' }), {
    code: '',
    message: '',
    component: '',
    isFatal: false,
    atMs: null,
  })
  for (const none of [undefined, null, 7, 'x', []]) t.equal(of(none), null, JSON.stringify(none))
})
