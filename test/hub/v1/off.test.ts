import t from 'tap'
import { diffIn, tasksIn, timestamp, counts, type Fields } from './payloads.js'
import { V1Stage } from './stage.js'
import { onlyState, sourceOf } from './states.js'

/** What is a little off the protocol: taken where its meaning is plain, refused where it is not. */

void t.test('a state that was typed by hand is told whole', async (t) => {
  const stage = new V1Stage()
  const watcher = stage.subscriber('w')
  const { say } = stage.wrapper()
  const status = { detail: 'edits a.ts' }
  const whole = { agent_id: 's::1', status: 'running', message: 'edits a.ts', project_root: '/srv/shop' }
  const table: [string, Fields, Fields][] = [
    ['without tasks', {}, {}],
    ['its tasks null', { task_summaries: null }, {}],
    ['its tasks a text', { task_summaries: 'none' }, {}],
    ['other parts null', { agent_status: null, pid: null, cwd: null, task_summaries: {} }, {}],
    ['parts it does not know', { mood: 'calm', task_summaries: undefined }, {}],
    ['a cwd of the status', { agent_status: { cwd: '/srv' } }, { cwd: '/srv' }],
  ]
  for (const [i, [name, more, wanted]] of table.entries()) {
    say({ status, project_root: '/srv/shop', diff_summary: diffIn(`${i}`), ...more })
    const late = stage.subscriber('late').told()
    t.match(
      late,
      [
        ['agent_status', { ...whole, ...wanted }],
        ['diff_summary', { repo_root: '/home/user/repo', files: [{ path: `${i}` }] }],
      ],
      name,
    )
    t.equal(late.length, 2, name)
    t.match(watcher.told().at(-1), ['diff_summary', { files: [{ path: `${i}` }] }], name)
  }
  say({ task_summaries: { x: tasksIn('x', 1) } })
  t.match(stage.subscriber('late').told(), [
    ['agent_status', { project_root: '' }],
    ['task_summary', { tag: 'x', counts: { done: 1 } }],
  ])
})

void t.test('an optional id that is empty, or null, is absent', async (t) => {
  for (const none of ['', null]) {
    const stage = new V1Stage()
    const watcher = stage.subscriber('w', { agent_id: none, pane_id: none })
    const byPane = stage.publisher({ client_id: 'a', agent_id: none, pane_id: '7' })
    byPane.agentId = 's::7'
    const byName = stage.publisher({ client_id: 'b', agent_id: 'codex', pane_id: none })
    const nobody = stage.publisher({ client_id: 'c', agent_id: none, pane_id: none })
    byPane.status('idle', { pane_id: '', cwd: null, message: null })
    byName.status('running', { pane_id: '' })
    t.match(stage.core.states(), [
      { agent_id: 's::7', lifecycle: 'idle' },
      { agent_id: 's::codex', lifecycle: 'running' },
    ])
    t.match(
      watcher.all('agent_status').map(({ agent_id: id, pane_id: pane }) => [id, pane]),
      [
        ['s::7', '7'],
        ['s::codex', 'codex'],
      ],
    )
    nobody.send('error', { code: 'oops', message: 'm' }, { request_id: none })
    t.match(watcher.all('error'), [{ code: 'oops' }])
    nobody.agentId = 's::7'
    nobody.status('error')
    t.match(nobody.codes(), ['agent_id_mismatch'], 'it is nobody')

    watcher.send(
      'diff_patch_request',
      { agent_id: 's::7', path: 'a', request_id: none },
      { request_id: none },
    )
    const [request] = byPane.all('diff_patch_request')
    const answer = { agent_id: 's::7', path: 'a', status: 'added', is_binary: false, patch: '+' }
    byPane.send('diff_patch_response', { ...answer, request_id: none, error: null }, { request_id: none })
    t.ok(request?.request_id)
    const [response] = watcher.messages().filter(({ type }) => type === 'diff_patch_response')
    t.match(response?.payload, { agent_id: 's::7', patch: '+' })
    t.notOk('request_id' in response!)
    t.notOk('request_id' in response!.payload)
    t.strictSame([...byPane.codes(), ...byName.codes()], [])
  }
  const stage = new V1Stage()
  const publisher = stage.publisher({ pane_id: 'a\nb' })
  t.match(publisher.codes(), ['invalid_payload'], 'one with a newline is none')
})

void t.test('the tasks of Taskmaster: numbers for ids, and errors without a message', async (t) => {
  const stage = new V1Stage()
  const watcher = stage.subscriber('w')
  const publisher = stage.publisher()
  const task = { title: 'One', status: 'pending' }
  publisher.tasks('master', {
    active_tasks: [
      { ...task, id: 43 },
      { ...task, id: '43.1', priority: null, active_agent: null },
    ],
  })
  t.match(sourceOf(onlyState(stage)).task_summaries?.['master'], {
    active_tasks: [{ id: '43' }, { id: '43.1' }],
  })
  t.match(watcher.all('task_summary'), [
    {
      active_tasks: [
        { id: '43', priority: 'medium', active_agent: false },
        { id: '43.1', priority: 'medium', active_agent: false },
      ],
    },
  ])
  for (const message of [undefined, null]) {
    publisher.tasks('master', { error: { code: 'tasks_missing', message }, active_tasks: null })
    publisher.tasks(String(message), { error: { code: 'tasks_missing', message } })
    t.match(watcher.all('task_summary').at(-1)?.error, { code: 'tasks_missing', message: 'tasks_missing' })
  }
  publisher.send('task_update', { agent_id: 'agent-1', tag: 'm', action: 'add', task: { ...task, id: 43 } })
  t.match(watcher.all('task_update'), [{ task: { id: 43 } }], 'passed on as it came')
  t.match(sourceOf(onlyState(stage)).last_task_update, { id: '43' })
  t.strictSame(publisher.codes(), [])

  const before = stage.core.states()
  const refused: Fields[] = [
    { active_tasks: [{ ...task, id: null }] },
    { active_tasks: [{ ...task, id: { n: 1 } }] },
    { active_tasks: [{ id: '1', status: 'pending' }] },
    { active_tasks: [task] },
    { active_tasks: 'none' },
    { error: {} },
    { error: { code: 7 } },
    { error: 'tasks_missing' },
    { counts: { ...counts(), done: '1' } },
    { counts: null },
  ]
  for (const more of refused) {
    publisher.tasks('master', more)
    t.strictSame(publisher.codes(), ['invalid_payload'], JSON.stringify(more))
    stage.wait(1_000)
  }
  t.match(stage.core.states(), before)
  t.match(watcher.all('task_summary'), [])
})

void t.test('times', async (t) => {
  const stage = new V1Stage()
  const publisher = stage.publisher()
  publisher.status('idle')
  const taken = [
    timestamp,
    '2026-01-28t18:42:00z',
    '2026-01-28 18:42:00Z',
    '2026-01-28T18:42:60Z',
    '2026-01-28T18:42:00.5Z',
    '2026-01-28T18:42:00.123456789Z',
    '2026-01-28T18:42:00+01:00',
    '2026-01-28t18:42:00.1-08:30',
  ]
  for (const time of taken) {
    publisher.send('error', { code: 'x', message: 'm' }, { timestamp: time })
    publisher.beat({ last_update: time })
    t.strictSame(publisher.codes(), [], time)
  }
  const refused = [
    '',
    '2026-01-28',
    '2026-01-28T18:42:00',
    '2026-01-28T18:42Z',
    '2026-01-28_18:42:00Z',
    '2026-01-28T18:42:61Z',
    '2026-01-28T18:60:00Z',
    '2026-01-28T24:00:00Z',
    '2026-13-28T18:42:00Z',
    '2026-00-28T18:42:00Z',
    '2026-01-32T18:42:00Z',
    '2026-01-28T18:42:00.Z',
    '2026-01-28T18:42:00+0100',
    '2026-01-28T18:42:00Z\n',
    ' 2026-01-28T18:42:00Z',
    '26-01-28T18:42:00Z',
    `2026-01-28T18:42:00.${'1'.repeat(60)}Z`,
    'Wed, 28 Jan 2026 18:42:00 GMT',
    1_769_625_720,
    null,
    undefined,
  ]
  for (const time of refused) {
    publisher.send('error', { code: 'x', message: 'm' }, { timestamp: time })
    t.strictSame(publisher.codes(), ['invalid_envelope'], JSON.stringify(time))
    publisher.beat({ last_update: time })
    t.strictSame(publisher.codes(), ['invalid_payload'], JSON.stringify(time))
    stage.wait(1_000)
  }
})
