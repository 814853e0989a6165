import t from 'tap'
import { counts, diffIn, diffOf, tasksIn, type Fields } from './payloads.js'
import { V1Stage } from './stage.js'

/** What v1 subscribers are told of agents. */

void t.test('at hello: status, diff and tasks of each agent, in this order', async (t) => {
  const stage = new V1Stage()
  stage.wrapper('1').say({
    project_root: '/home',
    diff_summary: diffIn('a'),
    task_summaries: { x: tasksIn('x'), y: tasksIn('y') },
  })
  stage.wrapper('2').say({})
  const watcher = stage.subscriber('w')
  const messages = watcher.messages()
  t.match(
    messages.map(({ sender_id: id, type, payload }) => [id, type, (payload as Fields)['tag']]),
    [
      ['s::1', 'agent_status', undefined],
      ['s::1', 'diff_summary', undefined],
      ['s::1', 'task_summary', 'x'],
      ['s::1', 'task_summary', 'y'],
      ['s::2', 'agent_status', undefined],
    ],
  )
  t.strictSame(
    messages.map(({ payload }) => (payload as Fields)['agent_id']),
    ['s::1', 's::1', 's::1', 's::1', 's::2'],
    'the id is the agent’s, whatever its publisher has put there',
  )
  t.strictSame(stage.subscriber('later').messages(), messages, 'everybody is told the same')
})

void t.test('nobody is there: nothing is told', async (t) => {
  const stage = new V1Stage()
  const watcher = stage.subscriber('w')
  t.strictSame(watcher.messages(), [])
  stage.wrapper().say({})
  t.match(watcher.told(), [['agent_status', { agent_id: 's::1', pane_id: '1', project_root: '' }]])
})

void t.test('then what has changed, and nothing twice', async (t) => {
  const stage = new V1Stage()
  const { pulse, say } = stage.wrapper()
  const source = { diff_summary: diffIn('a'), task_summaries: { x: tasksIn('x'), y: tasksIn('y') } }
  say(source)
  const watcher = stage.subscriber('w')
  watcher.messages()
  say(source)
  say({ ...source, snippet: 'another', pid: 7 }, { last_activity_ms: 1, snippet: 'shown' })
  t.strictSame(watcher.told(), [], 'what v1 has no word for')
  say(source, { lifecycle: 'idle' })
  t.match(watcher.told(), [['agent_status', { status: 'idle' }]])
  say({ ...source, diff_summary: diffIn('a', 'b') }, { lifecycle: 'idle' })
  t.match(watcher.told(), [['diff_summary', { files: [{ path: 'a' }, { path: 'b' }] }]])
  say(
    { diff_summary: diffIn('b'), task_summaries: { x: tasksIn('x'), y: tasksIn('y', 1) } },
    { lifecycle: 'error' },
  )
  t.match(watcher.told(), [
    ['agent_status', { status: 'error' }],
    ['diff_summary', { files: [{ path: 'b' }] }],
    ['task_summary', { tag: 'y', counts: { done: 1 } }],
  ])
  pulse.say('heartbeat', { agent_id: 's::1', lifecycle: 'idle' })
  t.match(watcher.all('agent_status'), [{ status: 'idle' }])
})

void t.test('each lifecycle in the words of v1', async (t) => {
  const table: [string, unknown, string, string | undefined][] = [
    ['running', 'edits a.ts', 'running', 'edits a.ts'],
    ['running', null, 'running', undefined],
    ['needs_input', 'may it run ls?', 'running', 'needs input: may it run ls?'],
    ['needs_input', null, 'running', 'needs input'],
    ['idle', 'done', 'idle', 'done'],
    ['error', 'no network', 'error', 'no network'],
    ['offline', null, 'offline', undefined],
  ]
  for (const [lifecycle, detail, status, message] of table) {
    const stage = new V1Stage()
    stage.wrapper().say({ status: { detail } }, { lifecycle })
    const [told] = stage.subscriber('w').all('agent_status')
    t.equal(told?.status, status, lifecycle)
    t.equal(told?.message, message, lifecycle)
  }
})

void t.test('what a v1 agent says of itself, v1 clients are told as it said it', async (t) => {
  const stage = new V1Stage()
  const watcher = stage.subscriber('w')
  const publisher = stage.publisher()
  const long = `First line.\n${'x'.repeat(2_000)}`
  publisher.status('running', { message: long, cwd: '/home', mood: 'calm' })
  const told = {
    agent_id: 's::pane-3',
    status: 'running',
    pane_id: 'pane-3',
    project_root: '/home/user/repo',
  }
  t.match(watcher.told(), [['agent_status', { ...told, cwd: '/home', message: long }]])
  publisher.status('idle', { message: 'short' })
  t.match(watcher.told(), [['agent_status', { status: 'idle', message: 'short' }]])
  const active = [{ id: '1', title: 'One', status: 'pending', priority: 'high', active_agent: true, more: 1 }]
  publisher.tasks('master', { counts: counts(2), active_tasks: active, mood: 'calm' })
  t.match(watcher.told(), [['task_summary', { counts: counts(2), active_tasks: active, mood: 'calm' }]])
  const error = { code: 'tasks_malformed', message: `line 12\n${long}` }
  publisher.tasks('master', { error })
  t.match(watcher.told(), [['task_summary', { error }]])
  publisher.diff({ ...diffOf(), git_available: false, reason: 'not_git_repo' })
  t.match(watcher.told(), [['diff_summary', { git_available: false, reason: 'not_git_repo', files: [] }]])
})

void t.test('a tag that is gone is told once more, with nothing in it', async (t) => {
  const stage = new V1Stage()
  const { say } = stage.wrapper()
  say({ task_summaries: { x: tasksIn('x', 1), y: tasksIn('y', 1) } })
  const watcher = stage.subscriber('w')
  watcher.messages()
  say({ task_summaries: { y: tasksIn('y', 1) } })
  t.strictSame(watcher.told(), [['task_summary', { tag: 'x', agent_id: 's::1', counts: counts() }]])
  t.strictSame(
    stage
      .subscriber('later')
      .all('task_summary')
      .map(({ tag }) => tag),
    ['y'],
    'who comes later is not told of it',
  )
  say({})
  t.match(watcher.told(), [['task_summary', { tag: 'y', counts: counts() }]])
  say({})
  t.strictSame(watcher.told(), [])
  say({ task_summaries: { x: tasksIn('x', 1) } })
  t.match(watcher.told(), [['task_summary', { tag: 'x', counts: { done: 1 } }]], 'it is back')
})

void t.test('many tags come and go', async (t) => {
  const stage = new V1Stage()
  const { say } = stage.wrapper()
  const watcher = stage.subscriber('w')
  watcher.messages()
  for (let i = 0; i < 200; i++) {
    say({ task_summaries: { [`t${i}`]: tasksIn(`t${i}`, 1) } })
    const told = watcher.all('task_summary').map(({ tag }) => tag)
    t.strictSame(told, i === 0 ? ['t0'] : [`t${i}`, `t${i - 1}`])
  }
})

void t.test('an agent that is removed is offline, once', async (t) => {
  const stage = new V1Stage()
  const { pulse, say } = stage.wrapper()
  say({ status: { detail: 'edits' }, diff_summary: diffIn('a') })
  const watcher = stage.subscriber('w')
  watcher.messages()
  pulse.remove('1')
  const offline = { agent_id: 's::1', status: 'offline', pane_id: '1', project_root: '/home/user/repo' }
  t.strictSame(watcher.told(), [['agent_status', offline]])
  t.strictSame(stage.subscriber('later').told(), [], 'who comes later is not told of it')
  say({ status: { detail: 'edits' }, diff_summary: diffIn('a') })
  t.match(watcher.told(), [
    ['agent_status', { status: 'running', message: 'edits' }],
    ['diff_summary', {}],
  ])
  say({}, { lifecycle: 'offline' })
  t.match(watcher.told(), [['agent_status', { status: 'offline' }]])
  pulse.remove('1')
  t.strictSame(watcher.told(), [], 'it was told that')
})

void t.test('what v1 clients could not read is not told', async (t) => {
  const stage = new V1Stage()
  const { say } = stage.wrapper()
  const watcher = stage.subscriber('w')
  say({ diff_summary: diffIn('a'), task_summaries: { x: tasksIn('x'), y: tasksIn('y') } })
  watcher.messages()
  const table: [string, unknown][] = [
    ['nothing', undefined],
    ['a text', 'x'],
    ['a list', [1]],
    ['a diff that is a text', { diff_summary: 'x' }],
    ['a diff without files', { diff_summary: { ...diffIn(), files: undefined } }],
    ['files that are none', { diff_summary: { ...diffIn(), files: [1, null] } }],
    [
      'a status of its own',
      { agent_status: { status: 7, pane_id: '\u0000', project_root: 'x'.repeat(5_000), cwd: [] } },
    ],
    ['a detail that is none', { status: { detail: { x: 1 } } }],
    ['a project_root that is none', { project_root: 7, pid: -1, cwd: {} }],
    ['tasks that are a list', { task_summaries: [1] }],
    ['names of objects', { diff_summary: { constructor: 1 }, status: { detail: 'running', __proto__: 7 } }],
  ]
  for (const [name, source] of table) {
    say(source as Fields)
    for (const [type, payload] of watcher.told()) {
      t.ok(['agent_status', 'task_summary'].includes(type), `${name}: ${type}`)
      t.match(payload, { agent_id: 's::1' })
    }
    t.match(stage.subscriber('later').all('agent_status'), [{ status: 'running', pane_id: '1' }], name)
  }
  say({ task_summaries: { x: { counts: 'many' }, y: tasksIn('y', 5) } })
  const told = (): unknown => watcher.all('task_summary').map(({ tag, counts: { done } }) => [tag, done])
  t.strictSame(told(), [['y', 5]], 'one does not spoil the other')
  say({ task_summaries: { x: 7, y: tasksIn('y', 6) } })
  t.match(told(), [['y', 6]], 'nor does one that is no object')
})

void t.test('more files than v1 takes', async (t) => {
  const stage = new V1Stage()
  const { say } = stage.wrapper()
  say({ diff_summary: diffIn(...Array.from({ length: 600 }, (_, i) => `${i}`)) })
  t.equal(stage.subscriber('w').all('diff_summary')[0]?.files.length, 500)
})

void t.test('two summaries of one tag: the one under its name counts', async (t) => {
  const stage = new V1Stage()
  const { say } = stage.wrapper()
  say({ task_summaries: { x: tasksIn('x', 1), y: { ...tasksIn('y', 2), tag: 'x' } } })
  const told = stage.subscriber('w').all('task_summary')
  t.match(told.find(({ tag }) => tag === 'x')?.counts, counts(1))
  t.equal(told.filter(({ tag }) => tag === 'x').length, 1)
})

void t.test('heartbeats of wrappers, with what is known of them', async (t) => {
  const stage = new V1Stage()
  const { pulse, say } = stage.wrapper()
  const watcher = stage.subscriber('w')
  say({ pid: 77, cwd: '/here', project_root: '/home' })
  watcher.messages()
  const beatMs = Date.UTC(2026, 0, 2)
  pulse.say('heartbeat', { agent_id: 's::1', last_heartbeat_ms: beatMs })
  t.match(watcher.told(), [
    ['heartbeat', { agent_id: 's::1', pid: 77, cwd: '/here', last_update: '2026-01-02T00:00:00.000Z' }],
  ])
  say({ project_root: '/home' })
  pulse.say('heartbeat', { agent_id: 's::1' })
  t.match(watcher.all('heartbeat'), [{ pid: 0, cwd: '/home' }])
  for (const strangeMs of [0, 8.64e15, 9e15, 253_402_300_800_000]) {
    pulse.say('heartbeat', { agent_id: 's::1', last_heartbeat_ms: strangeMs })
    t.equal(watcher.all('heartbeat').length, 1, `a clock at ${strangeMs}`)
  }
})
