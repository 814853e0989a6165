import t from 'tap'
import { workItems } from '../../../lib/pulse/model/work-items.js'
import { modelOf, noonMs, stateOf, tagOf } from '../model.js'

const task = (id: string, title: string): Record<string, unknown> => ({ id, title, status: 'pending' })
const tasks = {
  master: tagOf('1/0/2/0', [task('1', 'Write the hub'), task('2', 'Test it')]),
  next: tagOf('0/0/0/0'),
}

/** Items as lines. */
function told(model: ReturnType<typeof modelOf>): string[] {
  return workItems(model).map((item) => {
    switch (item.kind) {
      case 'session':
        return `session ${item.sessionId}`
      case 'gap':
        return 'gap'
      case 'project':
        return `project ${item.root} by ${item.labels.join(',')} agent ${item.agentId ?? 'none'}`
      case 'tag':
        return `tag ${item.tag.tag}`
      case 'task':
        return `task ${item.task.id}`
      case 'note':
        return `note ${item.what}${item.todo && ` / ${item.todo}`}`
    }
  })
}

void t.test('agents of one project share its tasks', async (t) => {
  const states = [
    stateOf('%2', { label: 'codex', tasks }),
    stateOf('%1', { label: 'claude', tasks }),
    stateOf('%3', { label: 'gemini', root: '/home/me/api', tasks: { master: tagOf('0/0/0/0') } }),
    stateOf('%4', { label: 'silent', root: '/home/me/none' }),
  ]
  t.strictSame(told(modelOf({ states, rows: 24 })), [
    'project /home/me/api by gemini agent s::%3',
    'tag master',
    'project /home/me/shop by claude,codex agent none',
    'tag master',
    'task 1',
    'task 2',
    'tag next',
  ])
  t.ok(told(modelOf({ states, rows: 50 })).includes('gap'), 'projects stand apart where there is room')
})

void t.test('the word of who still runs holds, then the later one', async (t) => {
  const tagged = (title: string): unknown => ({ master: tagOf('0/0/1/0', [task('1', title)]) })
  const states = [
    stateOf('1', { tasks: tagged('old'), updated_at_ms: noonMs - 9_000 }),
    stateOf('2', { tasks: tagged('new'), updated_at_ms: noonMs - 1_000 }),
    stateOf('3', { tasks: tagged('ended'), updated_at_ms: noonMs, lifecycle: 'offline' }),
    stateOf('4', {
      tasks: { master: { ...tagOf('0/0/0/0'), error: { code: 'tasks_malformed', message: '?' } } },
      updated_at_ms: noonMs,
    }),
  ]
  const titles = (model: ReturnType<typeof modelOf>): string[] =>
    workItems(model).flatMap((item) => (item.kind === 'task' ? [item.task.title] : []))
  t.strictSame(titles(modelOf({ states })), ['new'])
  t.strictSame(titles(modelOf({ states: states.toReversed() })), ['new'], 'whoever comes first')
})

void t.test('a filter leaves what is meant', async (t) => {
  const states = [
    stateOf('%1', { label: 'claude', tasks }),
    stateOf('%2', {
      label: 'codex',
      root: '/home/me/api',
      tasks: { master: tagOf('0/0/1/0', [task('9', 'Docs')]) },
    }),
  ]
  const of = (filter: string): string[] => told(modelOf({ states, filter, rows: 24 }))
  t.strictSame(of('CODEX'), ['project /home/me/api by codex agent s::%2', 'tag master', 'task 9'])
  t.strictSame(of('hub write'), ['project /home/me/shop by claude agent s::%1', 'tag master', 'task 1'])
  t.strictSame(of('next'), ['project /home/me/shop by claude agent s::%1', 'tag next'])
  t.strictSame(of('nowhere'), [])
})

void t.test('the folder Pulse was started in is shown when no agent works there', async (t) => {
  const here = { projectRoot: '/home/me/here', diff: null, tasks: tasks as never }
  const lost = { kind: 'lost', reason: 'gone', wasLive: false } as const
  const items = (local: object, link: object = lost): string[] =>
    told(modelOf({ session: { link: link as never, local: { here, ...local } } }))
  t.equal(items({})[0], 'project /home/me/here by  agent none')
  t.strictSame(items({}, { kind: 'live', laggedMs: null }), [], 'not while a hub serves')
  const states = [stateOf('%1', { root: '/home/me/here', tasks })]
  t.equal(items({ states })[0], 'project /home/me/here by %1 agent s::%1')
})

void t.test('sessions have headings, and keys of their own', async (t) => {
  const of = (session: string): object => ({ id: session, states: [stateOf('1', { session, tasks })] })
  const model = modelOf({ sessions: [of('b'), of('a')], rows: 24 })
  t.strictSame(
    told(model).filter((line) => line.startsWith('session')),
    ['session a', 'session b'],
  )
  const keys = workItems(model).flatMap(({ key }) => (key === null ? [] : [key]))
  t.equal(new Set(keys).size, keys.length)
  t.strictSame(
    workItems(modelOf({ sessions: [of('b'), of('a')], rows: 24, nowMs: noonMs + 60_000 })).map(
      ({ key }) => key,
    ),
    workItems(model).map(({ key }) => key),
    'the same from picture to picture',
  )
})

void t.test('degraded states say what to do; where there are no tasks stands last', async (t) => {
  const fault = (code: string, message: string): unknown => ({
    master: { ...tagOf('0/0/0/0'), error: { code, message } },
  })
  const states = [
    stateOf('1', { root: '/a', tasks: fault('tasks_missing', 'x') }),
    stateOf('2', {
      root: '/b',
      tasks: fault('tasks_malformed', '.taskmaster/tasks/tasks.json: Not JSON: at line 3, column 5.'),
    }),
  ]
  t.strictSame(told(modelOf({ states, rows: 24 })), [
    'project /b by 2 agent s::2',
    'note the tasks file is malformed / correct it: Not JSON: at line 3, column 5.',
    'project /a by 1 agent s::1',
    'note no Taskmaster tasks / to see tasks, run there: task-master init',
  ])
  t.strictSame(told(modelOf({ states, columns: 40, rows: 24 })).slice(1, 4), [
    'note the tasks file is malformed',
    'note  / correct it: Not JSON: at line 3,',
    'note  / column 5.',
  ])
})
