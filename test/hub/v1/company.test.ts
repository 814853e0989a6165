import t from 'tap'
import { command, pair, patchOf, update } from './pair.js'
import { ask, ok, requestsTo, responsesTo, resultsOf } from './patches.js'
import { counts, diffOf, fileOf, type Fields } from './payloads.js'
import { V1Stage } from './stage.js'
import { onlyState, sourceOf } from './states.js'
import type { V1Player } from './v1-player.js'

/** Several v1 clients of one agent: whose word counts, and who is asked. */

for (const first of ['wrapper', 'tasks'] as const)
  void t.test(`a wrapper and a task list are one agent: ${first} comes first`, async (t) => {
    const { stage, wrapper, tasks } = pair()
    const watcher = stage.subscriber('w')
    const words = {
      wrapper: () => {
        wrapper.status('running', { message: 'writes' })
        wrapper.diff(diffOf(fileOf('a.ts')))
      },
      tasks: () => {
        tasks.tasks('master', { counts: counts(1) })
        tasks.send('task_update', update)
      },
    }
    words[first]()
    words[first === 'wrapper' ? 'tasks' : 'wrapper']()
    const all = {
      agent_id: 's::pane-3',
      lifecycle: 'running',
      snippet: 'writes',
      source: {
        kind: 'v1',
        agent_status: { status: 'running', message: 'writes' },
        diff_summary: { files: [{ path: 'a.ts' }] },
        task_summaries: { master: { counts: { done: 1 } } },
        last_task_update: { tag: 'master', id: '1' },
      },
    }
    t.match(onlyState(stage), all)
    watcher.messages()

    wrapper.status('idle')
    tasks.beat()
    t.match(onlyState(stage), { lifecycle: 'idle', source: { task_summaries: { master: {} } } })
    tasks.tasks('master', { counts: counts(2) })
    wrapper.beat()
    wrapper.diff(diffOf(fileOf('b.ts')))
    tasks.tasks('next')
    t.match(onlyState(stage), {
      lifecycle: 'idle',
      source: {
        client_id: 'v1-wrapper',
        diff_summary: { files: [{ path: 'b.ts' }] },
        task_summaries: { master: { counts: { done: 2 } }, next: {} },
      },
    })
    const told = watcher.told().filter(([type]) => type !== 'heartbeat')
    t.match(
      told.map(([type, { status, tag, counts: all }]) => [type, tag ?? status, (all as Fields)?.['done']]),
      [
        ['agent_status', 'idle', undefined],
        ['task_summary', 'master', 2],
        ['diff_summary', undefined, undefined],
        ['task_summary', 'next', 0],
      ],
      'each word once, and never an older one after it',
    )
    t.equal(told.length, 4)
    for (const each of [wrapper, tasks]) t.strictSame(each.messages(), [], 'nobody is refused')
  })

void t.test('tasks never go back, whoever of the two comes again', async (t) => {
  const { stage, wrapper, tasks } = pair()
  wrapper.status('running')
  for (let done = 1; done <= 3; done++) tasks.tasks('master', { counts: counts(done) })
  const doneNow = (): unknown => sourceOf(onlyState(stage)).task_summaries?.['master']?.['counts']
  wrapper.leave()
  t.strictSame(doneNow(), counts(3))
  const again = stage.publisher({ client_id: 'v1-wrapper' })
  again.status('idle')
  t.strictSame(doneNow(), counts(3))
  tasks.leave()
  again.beat()
  again.status('running')
  t.strictSame(doneNow(), counts(3))
  stage.publisher({ client_id: 'v1-tasks' }).tasks('master', { counts: counts(4) })
  again.status('idle')
  t.strictSame(doneNow(), counts(4))
  t.match(onlyState(stage), { lifecycle: 'idle' })
})

void t.test('both are silent for long, then either speaks', async (t) => {
  for (const [first, second] of [
    ['wrapper', 'tasks'],
    ['tasks', 'wrapper'],
  ] as const) {
    const all = pair()
    const { stage } = all
    all.wrapper.status('idle', { message: 'waits' })
    all.tasks.tasks('master', { counts: counts(1) })
    stage.wait(31_000)
    t.strictSame(stage.core.states(), [])
    for (const name of [first, second]) {
      all[name].beat()
      t.match(
        onlyState(stage),
        { lifecycle: 'idle', snippet: 'waits', source: { task_summaries: { master: {} } } },
        `all of it is back by ${name}`,
      )
    }
    stage.wait(31_000)
    if (first === 'wrapper') all.wrapper.status('running')
    else all.tasks.tasks('master')
    t.match(stage.core.states(), [{ lifecycle: first === 'wrapper' ? 'running' : 'idle' }])
    for (const each of [all.wrapper, all.tasks]) t.strictSame(each.codes(), [])
  }
})

void t.test('a patch is asked of the one that said status or diff last', async (t) => {
  const { stage, wrapper, tasks } = pair()
  const watcher = stage.subscriber('w')
  const pulse = stage.pulse().hello('pulse')
  const asked = (from: V1Player, name: string): void => {
    watcher.messages()
    ask(watcher, { agent_id: 'agent-1' }, `by-${name}`)
    const requests = requestsTo(from)
    t.equal(requests.length, 1, name)
    for (const other of [wrapper, tasks]) if (other !== from) t.strictSame(requestsTo(other), [], name)
    from.send('diff_patch_response', patchOf(`+${name}`, requests[0]?.request_id))
    t.match(responsesTo(watcher), [{ request_id: `by-${name}`, payload: { patch: `+${name}` } }])

    command(stage, pulse, 'get_diff_patch', `pulse-${name}`, { path: 'a.ts' })
    from.send('diff_patch_response', patchOf(`+${name}`, requestsTo(from)[0]?.request_id))
    t.match(resultsOf(stage, pulse), [{ status: 'ok', result: { patch: `+${name}` } }])
  }
  wrapper.status('running')
  asked(wrapper, 'it is alone')
  tasks.tasks('master')
  asked(wrapper, 'the newest connection is the other one')
  tasks.diff()
  asked(tasks, 'the other one has said a diff')
  tasks.beat()
  wrapper.status('running')
  asked(wrapper, 'the same status said again')
  t.strictSame([...wrapper.codes(), ...tasks.codes()], [])
})

void t.test('the one with the patches leaves: then the other is asked', async (t) => {
  const { stage, wrapper, tasks } = pair()
  const watcher = stage.subscriber('w')
  wrapper.status('running')
  tasks.tasks('master')
  watcher.messages()
  ask(watcher, { agent_id: 'agent-1' }, 'lost')
  t.equal(requestsTo(wrapper).length, 1)
  wrapper.leave()
  t.match(
    responsesTo(watcher).map(({ request_id: id, payload }) => [id, payload.error?.code]),
    [['lost', 'publisher_gone']],
    'whoever waits is told so',
  )
  ask(watcher, { agent_id: 'agent-1' }, 'next')
  tasks.send('diff_patch_response', patchOf('+x', requestsTo(tasks)[0]?.request_id))
  t.match(responsesTo(watcher), [{ request_id: 'next', payload: { patch: '+x' } }])
  t.match(onlyState(stage), { lifecycle: 'running' })
})

void t.test('the one that was handed the command leaves', async (t) => {
  const { stage, wrapper, tasks } = pair()
  const watcher = stage.subscriber('w')
  wrapper.status('running')
  tasks.tasks('master')
  watcher.messages()
  ask(watcher, { agent_id: 'agent-1' }, 'r1')
  const [request] = requestsTo(wrapper)
  tasks.leave()
  wrapper.send('diff_patch_response', patchOf('+x', request?.request_id))
  t.equal(responsesTo(watcher).length, 1, 'there is one answer all the same')
  ask(watcher, { agent_id: 'agent-1' }, 'r2')
  wrapper.send('diff_patch_response', patchOf('+y', requestsTo(wrapper)[0]?.request_id))
  t.match(responsesTo(watcher), [{ request_id: 'r2', payload: { patch: '+y' } }])
})

void t.test('a client that only passes on takes no commands and makes no agent', async (t) => {
  const stage = new V1Stage()
  const watcher = stage.subscriber('w')
  const asker = stage.pulse().hello('asker')
  const tasks = stage.publisher({ client_id: 'v1-tasks' })
  tasks.send('task_update', update)
  tasks.send('error', { code: 'oops', message: 'm' })
  t.strictSame(
    watcher.told().map(([type]) => type),
    ['task_update', 'error'],
  )
  t.strictSame(stage.core.states(), [])
  t.equal(stage.core.health().publishers, 0)
  t.match(command(stage, asker, 'stop_agent', 'c1'), { error: { code: 'publisher_missing' } })
  ask(watcher, { agent_id: 'agent-1' })
  t.match(responsesTo(watcher), [{ payload: { error: { code: 'publisher_missing' } } }])

  const wrapper = stage.publisher({ client_id: 'v1-wrapper' })
  wrapper.status('idle')
  const { pulse, say } = stage.wrapper('9')
  say({})
  tasks.send('error', { code: 'again', message: 'm' })
  t.match(sourceOf(stage.core.state('s::pane-3')).last_error, { code: 'again' }, 'it is of the agent')
  ask(watcher, { agent_id: 'agent-1' })
  t.equal(requestsTo(wrapper).length, 1)
  pulse.leave()
  wrapper.leave()
  stage.wait(2_500)
  t.match(stage.core.state('s::pane-3'), { lifecycle: 'offline' }, 'it does not keep it either')
  tasks.send('task_update', update)
  t.match(stage.core.state('s::pane-3'), { lifecycle: 'offline' })
  t.strictSame(tasks.messages(), [])
})

void t.test('a patch of Pulse is handed to nobody twice', async (t) => {
  const { stage, wrapper, tasks } = pair()
  wrapper.status('running')
  tasks.tasks('master')
  const asker = stage.pulse().hello('asker')
  t.equal(command(stage, asker, 'get_diff_patch', 'c1', { path: 'a.ts' }), undefined)
  const [request] = requestsTo(wrapper)
  // Either of them may answer for the agent; the first answer counts.
  tasks.send('diff_patch_response', patchOf('+first', request?.request_id))
  wrapper.send('diff_patch_response', patchOf('+second', request?.request_id))
  t.match(resultsOf(stage, asker), [{ ...ok(), message: /./, result: { patch: '+first' } }])
  t.strictSame(resultsOf(stage, asker), [])
  t.strictSame([...wrapper.codes(), ...tasks.codes()], [])
})

void t.test('what one client says in one turn is told in that order', async (t) => {
  const stage = new V1Stage()
  const watcher = stage.subscriber('w')
  const publisher = stage.publisher()
  const error = (code: string): void => publisher.send('error', { code, message: 'm' })
  const told = (): unknown[] =>
    watcher
      .told()
      .map(([type, { status, tag, code, counts: all }]) =>
        [type, status ?? tag ?? code, (all as Fields | undefined)?.['done']].filter((x) => x !== undefined),
      )
  publisher.status('error')
  error('one')
  t.strictSame(told(), [
    ['agent_status', 'error'],
    ['error', 'one'],
  ])
  publisher.tasks('master', { counts: counts(1) })
  publisher.send('task_update', update)
  t.strictSame(told(), [
    ['task_summary', 'master', 1],
    ['task_update', 'master'],
  ])
  error('two')
  publisher.status('idle')
  publisher.send('task_update', update)
  publisher.tasks('master', { counts: counts(2) })
  error('three')
  publisher.tasks('master', { counts: counts(3) })
  publisher.status('running')
  error('four')
  t.strictSame(told(), [
    ['error', 'two'],
    ['agent_status', 'idle'],
    ['task_update', 'master'],
    ['task_summary', 'master', 2],
    ['error', 'three'],
    ['task_summary', 'master', 3],
    ['agent_status', 'running'],
    ['error', 'four'],
  ])
  // More than is worked on in one turn.
  const wanted: unknown[] = []
  for (let i = 0; i < 50; i++) {
    publisher.status(i % 2 === 0 ? 'idle' : 'running')
    error(`e${i}`)
    wanted.push(['agent_status', i % 2 === 0 ? 'idle' : 'running'], ['error', `e${i}`])
  }
  t.strictSame(told(), wanted)
})
