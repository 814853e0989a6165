import t from 'tap'
import { LineClient, run, until } from './processes.js'
import { V1Client, type V1Message } from './v1-client.js'
import {
  allUntilNow,
  diffOf,
  openV1Room,
  printedByPulse,
  PulseWatcher,
  statusOf,
  tasksOf,
  topicOf,
} from './v1-room.js'

/** The hub as clients of version 1 use it: what publishers say is seen by all, and subscribers see everybody. */

t.jobs = 3
// Each test needs an object of its own: tap keeps the result in it.
const parallel = (): { buffered: true } => ({ buffered: true })

/** The payloads without what depends on the clock. */
const payloadsOf = (messages: V1Message[]): Record<string, unknown>[] =>
  messages.map(({ payload }) => payload)

/** A whole state of Pulse, with a diff and two tags of tasks. */
const wholeState = (agent: string, pane: string): Record<string, unknown> => ({
  lifecycle: 'running',
  source: {
    agent_status: statusOf(agent, pane, 'running'),
    diff_summary: diffOf(agent),
    task_summaries: { web: tasksOf(agent, 'web', 3), api: tasksOf(agent, 'api', 1) },
  },
})

void t.test('a v1 publisher is an agent like any other', parallel(), async (t) => {
  const at = await openV1Room(t)
  const agent = `${at.session}::3`
  const pulse = await PulseWatcher.open(t, at)
  const subscriber = await V1Client.subscriber(t, at.session)
  const publisher = await V1Client.publisher(t, at.session, '3', { clientId: 'agent-1' })
  publisher.send('agent_status', statusOf('agent-1', '3', 'running', 'fixing the cart'))
  publisher.send('diff_summary', diffOf('agent-1'))
  publisher.send('task_summary', tasksOf('agent-1', 'mission-control'))
  publisher.send('task_summary', tasksOf('agent-1', 'web', 2))

  const state = await pulse.sees(
    agent,
    'with its tasks',
    ({ source }) => source?.task_summaries?.['web'] !== undefined,
  )
  const seen = {
    agent_id: agent,
    session_id: at.session,
    pane_id: '3',
    lifecycle: 'running',
    source: {
      agent_status: { project_root: '/home/user/dev/shop', message: 'fixing the cart' },
      diff_summary: {
        repo_root: '/home/user/dev/shop',
        git_available: true,
        files: diffOf('')['files'],
        summary: diffOf('')['summary'],
      },
      task_summaries: {
        'mission-control': { counts: { total: 9, pending: 9 }, active_tasks: [{ id: '43' }] },
        web: { counts: { total: 2 } },
      },
    },
  }
  t.match(state, seen, 'a subscriber of the Unix socket')
  t.match((await printedByPulse(t, at)).get(agent), seen, 'aoc-pulse --once --json')
  const table = await run(t, at.room, 'aoc-pulse', ['--once', '--session', at.session, '--no-hub-start'])
  t.match(table.stdout, /● running.* 3 .*shop/, 'aoc-pulse --once')

  await subscriber.get('task_summary', ({ payload }) => payload['tag'] === 'web')
  const [status] = subscriber.all('agent_status', agent)
  t.match(status, { sender_id: agent, payload: statusOf(agent, '3', 'running', 'fixing the cart') })
  t.strictSame(payloadsOf(subscriber.all('diff_summary')), [diffOf(agent)], 'as it was sent')
  t.strictSame(payloadsOf(subscriber.all('task_summary')), [
    tasksOf(agent, 'mission-control'),
    tasksOf(agent, 'web', 2),
  ])
  t.strictSame(publisher.received, [], 'a publisher is told nothing')

  publisher.socket.terminate()
  const left = await pulse.sees(agent, 'is offline', ({ lifecycle }) => lifecycle === 'offline')
  t.match(left.source, seen.source, 'and what was known of it is kept')
  const offline = ({ payload }: V1Message): boolean => payload['status'] === 'offline'
  t.match((await subscriber.get('agent_status', offline)).payload, { agent_id: agent, pane_id: '3' })
  t.equal(at.hub.stderr, '')
})

void t.test('agents with the same name do not collide', parallel(), async (t) => {
  const at = await openV1Room(t)
  const subscriber = await V1Client.subscriber(t, at.session)
  for (const pane of ['1', '2']) {
    const publisher = await V1Client.publisher(t, at.session, pane, { clientId: 'codex' })
    publisher.send('agent_status', statusOf('codex', pane, pane === '1' ? 'idle' : 'running'))
  }
  const own = await V1Client.connect(t, at.session, { clientId: 'wrapper-9' })
  const ownId = `${at.session}::own::pane`
  own.hello({ role: 'publisher', capabilities: [], agent_id: ownId })
  own.send('agent_status', statusOf(ownId, 'own::pane', 'error'))
  const nameless = await V1Client.connect(t, at.session, { clientId: 'wrapper-8' })
  nameless.hello({ role: 'publisher', capabilities: [], pane_id: '8' })
  nameless.send('agent_status', statusOf(`${at.session}::8`, '8', 'idle'))
  for (const [id, status] of [
    [`${at.session}::1`, 'idle'],
    [`${at.session}::2`, 'running'],
    [ownId, 'error'],
    [`${at.session}::8`, 'idle'],
  ] as const)
    await subscriber.get(
      'agent_status',
      ({ payload }) => payload['agent_id'] === id && payload['status'] === status,
    )
  t.equal((await printedByPulse(t, at)).size, 4)
})

void t.test('who subscribes gets all that is known, once', parallel(), async (t) => {
  const at = await openV1Room(t)
  const [a, b, c] = ['a', 'b', 'c'].map((pane) => `${at.session}::${pane}`) as [string, string, string]
  const pulse = await PulseWatcher.open(t, at)
  const first = await LineClient.publisher(t, at.hub, 'a')
  first.upsert('a', wholeState(a, 'a'))
  const second = await V1Client.publisher(t, at.session, 'b')
  second.send('agent_status', statusOf('agent-b', 'b', 'idle'))
  second.send('diff_summary', diffOf('agent-b'))
  second.send('task_summary', tasksOf('agent-b', 'web'))
  const third = await LineClient.publisher(t, at.hub, 'c')
  third.upsert('c', { lifecycle: 'idle' })
  await pulse.sees(a, 'is there', () => true)
  await pulse.sees(b, 'with its tasks', ({ source }) => source?.task_summaries?.['web'] !== undefined)
  await pulse.sees(c, 'is there', () => true)

  const subscribers = [await V1Client.subscriber(t, at.session), await V1Client.subscriber(t, at.session)]
  for (const subscriber of subscribers) {
    const told = await allUntilNow(t, at, subscriber)
    t.strictSame(told.map(topicOf).toSorted(), [
      `agent_status ${a}`,
      `agent_status ${b}`,
      `agent_status ${c}`,
      `diff_summary ${a}`,
      `diff_summary ${b}`,
      `task_summary ${a} api`,
      `task_summary ${a} web`,
      `task_summary ${b} web`,
    ])
    t.strictSame(
      told.find((message) => topicOf(message) === `diff_summary ${a}`)?.payload['files'],
      diffOf(a)['files'],
    )
    for (const { sender_id: sender, payload } of told) t.equal(sender, payload['agent_id'])
  }
})

void t.test('names that are something else to a program, a shell or a terminal', parallel(), async (t) => {
  const at = await openV1Room(t)
  const agent = `${at.session}::1`
  const subscriber = await V1Client.subscriber(t, at.session)
  const publisher = await V1Client.publisher(t, at.session, '1')
  const hostile = 'a\u001b[2J\u001b]0;owned\u0007\u009b31m\u202eb'
  publisher.send('agent_status', statusOf('agent-1', '1', 'idle', hostile))
  const tags = ['constructor', 'toString', '$(touch owned)']
  for (const tag of tags) publisher.send('task_summary', tasksOf('agent-1', tag))
  for (const tag of tags) await subscriber.get('task_summary', ({ payload }) => payload['tag'] === tag)
  const late = await V1Client.subscriber(t, at.session)
  t.strictSame((await allUntilNow(t, at, late)).map(topicOf).toSorted(), [
    `agent_status ${agent}`,
    ...tags.map((tag) => `task_summary ${agent} ${tag}`).toSorted(),
  ])
  const printed = await run(t, at.room, 'aoc-pulse', ['--once', '--session', at.session, '--no-hub-start'])
  t.match(printed.stdout, /○ idle/)
  t.notMatch(
    printed.stdout,
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/,
    'nothing of it reaches a terminal',
  )
})

void t.test('a tag called __proto__', parallel(), async (t) => {
  const at = await openV1Room(t)
  const agent = `${at.session}::1`
  const subscriber = await V1Client.subscriber(t, at.session)
  const publisher = await V1Client.publisher(t, at.session, '1')
  publisher.send('task_summary', tasksOf('agent-1', '__proto__'))
  await subscriber.get('agent_status')
  t.strictSame((await allUntilNow(t, at, subscriber)).map(topicOf), [
    `agent_status ${agent}`,
    `task_summary ${agent} __proto__`,
  ])
})

void t.test('only what changed is told, and nothing twice', parallel(), async (t) => {
  const at = await openV1Room(t)
  const agent = `${at.session}::1`
  const subscriber = await V1Client.subscriber(t, at.session)
  const publisher = await LineClient.publisher(t, at.hub, '1')
  const state = wholeState(agent, '1') as { lifecycle: string; source: Record<string, unknown> }
  const tags = state.source['task_summaries'] as Record<string, unknown>
  publisher.upsert('1', state)
  await subscriber.until('all of it', () => subscriber.received.length >= 4)
  await allUntilNow(t, at, subscriber)

  const table: [string, () => void, string[]][] = [
    ['the lifecycle', () => (state.lifecycle = 'idle'), [`agent_status ${agent}`]],
    ['nothing', () => {}, []],
    ['the diff', () => (state.source['diff_summary'] = diffOf(agent, 9)), [`diff_summary ${agent}`]],
    ['one tag', () => (tags['web'] = tasksOf(agent, 'web', 4)), [`task_summary ${agent} web`]],
    ['a new tag', () => (tags['docs'] = tasksOf(agent, 'docs', 1)), [`task_summary ${agent} docs`]],
    ['a tag that is gone', () => delete tags['docs'], [`task_summary ${agent} docs`]],
    ['what v1 cannot say', () => (state.source['tab_scope'] = 'tab 2'), []],
    [
      'two things at once',
      () => {
        state.lifecycle = 'error'
        state.source['diff_summary'] = diffOf(agent, 10)
      },
      [`agent_status ${agent}`, `diff_summary ${agent}`],
    ],
  ]
  for (const [name, change, told] of table) {
    const from = subscriber.received.length
    change()
    publisher.upsert('1', state)
    t.strictSame((await allUntilNow(t, at, subscriber, from)).map(topicOf).toSorted(), told, name)
  }

  const gone = subscriber.all('task_summary').findLast(({ payload }) => payload['tag'] === 'docs')
  const none = { total: 0, pending: 0, in_progress: 0, done: 0, blocked: 0 }
  t.match(gone?.payload, { counts: none }, 'of a tag that is gone nothing is left')

  const from = subscriber.received.length
  const v1 = await V1Client.publisher(t, at.session, '2')
  const pulse = await PulseWatcher.open(t, at)
  v1.send('agent_status', statusOf('agent-2', '2', 'idle'))
  for (let i = 0; i < 3; i++) v1.send('diff_summary', diffOf('agent-2'))
  v1.send('agent_status', statusOf('agent-2', '2', 'running'))
  await pulse.sees(`${at.session}::2`, 'runs', ({ lifecycle }) => lifecycle === 'running')
  const told = await allUntilNow(t, at, subscriber, from)
  t.equal(told.filter(({ type }) => type === 'diff_summary').length, 1, 'said three times, told once')
  t.strictSame(subscriber.repeats(), [])
})

void t.test('the five lifecycles in the four words of v1', parallel(), async (t) => {
  const at = await openV1Room(t)
  const agent = `${at.session}::1`
  const subscriber = await V1Client.subscriber(t, at.session)
  const publisher = await LineClient.publisher(t, at.hub, '1')
  const asks = (detail: string | null): object => ({
    source: { status: { attention: 'question', detail, confidence: 3, since_ms: 1 } },
  })
  const table: [string, object, string, RegExp | null][] = [
    ['running', {}, 'running', null],
    ['needs_input', asks('which branch?'), 'running', /^needs input: which branch\?$/],
    ['idle', {}, 'idle', null],
    ['needs_input', asks('Bash: npm test'), 'running', /^needs input: Bash: npm test$/],
    ['running', {}, 'running', null],
    ['needs_input', asks(null), 'running', /^needs input/],
    ['error', {}, 'error', null],
    ['offline', {}, 'offline', null],
  ]
  for (const [i, [lifecycle, more, status, message]] of table.entries()) {
    const from = subscriber.received.length
    publisher.upsert('1', { lifecycle, snippet: 'shown in its terminal', ...more })
    const told = await subscriber.until(`${lifecycle} (row ${i})`, () =>
      subscriber.received
        .slice(from)
        .find(({ type, payload }) => type === 'agent_status' && payload['agent_id'] === agent),
    )
    const name = `${lifecycle} ${JSON.stringify(more)}`
    t.match(told.payload, { status, pane_id: '1' }, name)
    if (message !== null) t.match(String(told.payload['message']), message, name)
    else t.notMatch(String(told.payload['message']), /needs input/, name)
  }
  const late = await V1Client.subscriber(t, at.session)
  t.match((await late.get('agent_status')).payload, { agent_id: agent, status: 'offline' })

  const v1 = await V1Client.publisher(t, at.session, '2')
  const pulse = await PulseWatcher.open(t, at)
  for (const status of ['running', 'idle', 'error', 'offline', 'running']) {
    v1.send('agent_status', statusOf('agent-2', '2', status))
    await pulse.sees(`${at.session}::2`, `is ${status}`, ({ lifecycle }) => lifecycle === status)
  }
  t.pass('and the four words of v1 are lifecycles of Pulse')
})

void t.test('heartbeats keep an agent; one that goes is offline', parallel(), async (t) => {
  const at = await openV1Room(t, ['--stale-seconds', '2'])
  const [lively, silent] = [`${at.session}::1`, `${at.session}::2`]
  const subscriber = await V1Client.subscriber(t, at.session)
  const pulse = await PulseWatcher.open(t, at)
  const one = await V1Client.publisher(t, at.session, '1')
  const two = await V1Client.publisher(t, at.session, '2')
  one.send('agent_status', statusOf('agent-1', '1', 'idle'))
  two.send('agent_status', statusOf('agent-2', '2', 'idle'))
  const beating = setInterval(() => {
    const now = new Date().toISOString()
    one.send('heartbeat', { agent_id: 'agent-1', pid: 12_345, cwd: '/home/user/dev/shop', last_update: now })
  }, 200)
  t.teardown(() => clearInterval(beating))

  await until('the silent one is removed', () => pulse.told(silent).at(-1) === null)
  await subscriber.get(
    'agent_status',
    ({ payload }) => payload['agent_id'] === silent && payload['status'] === 'offline',
  )
  t.match(pulse.told(lively).at(-1), { lifecycle: 'idle' }, 'the other one is as it was')
  t.equal(subscriber.all('agent_status', lively).length, 1, 'and no change of it was told')
  const beat = await subscriber.get('heartbeat')
  t.match(beat, { payload: { agent_id: lively, pid: 12_345, cwd: '/home/user/dev/shop' } }, 'it is passed on')

  const line = await LineClient.publisher(t, at.hub, '3')
  line.upsert('3', { lifecycle: 'idle' })
  line.say('heartbeat', { agent_id: `${at.session}::3`, last_heartbeat_ms: Date.now(), lifecycle: 'idle' })
  await subscriber.get('heartbeat', ({ payload }) => payload['agent_id'] === `${at.session}::3`)
  line.socket.destroy()

  clearInterval(beating)
  one.socket.terminate()
  await subscriber.get(
    'agent_status',
    ({ payload }) => payload['agent_id'] === lively && payload['status'] === 'offline',
  )
  await until('Pulse removes it, too', () => pulse.told(lively).at(-1) === null)
  const told = await allUntilNow(t, at, subscriber)
  for (const agent of [lively, silent])
    t.strictSame(
      told
        .filter((message) => topicOf(message) === `agent_status ${agent}`)
        .map(({ payload }) => payload['status'] as string),
      ['idle', 'offline'],
      'told once',
    )
})

void t.test('a v1 publisher that comes back finds what was known of its agent', parallel(), async (t) => {
  const at = await openV1Room(t)
  const agent = `${at.session}::1`
  const pulse = await PulseWatcher.open(t, at)
  const subscriber = await V1Client.subscriber(t, at.session)
  const first = await V1Client.publisher(t, at.session, '1')
  first.send('agent_status', statusOf('agent-1', '1', 'idle', 'waits'))
  first.send('diff_summary', diffOf('agent-1'))
  first.send('task_summary', tasksOf('agent-1', 'web'))
  await subscriber.get('task_summary')
  const before = subscriber.received.length

  // It connects again before anybody has seen that it was gone.
  const second = await V1Client.publisher(t, at.session, '1')
  const last = '2026-01-28T18:42:20Z'
  second.send('heartbeat', { agent_id: 'agent-1', pid: 1, cwd: '/home/user/dev/shop', last_update: last })
  await subscriber.get('heartbeat')
  first.socket.terminate()
  second.send('agent_status', statusOf('agent-1', '1', 'idle', 'waits'))
  second.send('diff_summary', diffOf('agent-1'))
  second.send('task_summary', tasksOf('agent-1', 'api'))
  await subscriber.get('task_summary', ({ payload }) => payload['tag'] === 'api')
  const told = await allUntilNow(t, at, subscriber, before)
  t.strictSame(
    told.filter(({ type }) => type !== 'heartbeat').map(topicOf),
    [`task_summary ${agent} api`],
    'only what is new is told',
  )
  for (const state of pulse.told(agent)) t.match(state, { lifecycle: 'idle' }, 'nothing else was ever shown')
  const late = await V1Client.subscriber(t, at.session)
  t.strictSame((await allUntilNow(t, at, late)).map(topicOf).toSorted(), [
    `agent_status ${agent}`,
    `diff_summary ${agent}`,
    `task_summary ${agent} api`,
    `task_summary ${agent} web`,
  ])
})

void t.test('an agent of Pulse that is removed is offline for v1', parallel(), async (t) => {
  const at = await openV1Room(t)
  const agent = `${at.session}::1`
  const subscriber = await V1Client.subscriber(t, at.session)
  const publisher = await LineClient.publisher(t, at.hub, '1')
  publisher.upsert('1', { lifecycle: 'running' })
  await subscriber.get('agent_status')
  publisher.say('delta', { changes: [{ op: 'remove', agent_id: agent }] })
  await subscriber.get('agent_status', ({ payload }) => payload['status'] === 'offline')
  publisher.upsert('1', { lifecycle: 'idle' })
  await subscriber.get('agent_status', ({ payload }) => payload['status'] === 'idle')
  publisher.upsert('1', { lifecycle: 'offline' })
  await subscriber.until('it is offline again', () => subscriber.all('agent_status', agent).length === 4)
  publisher.say('delta', { changes: [{ op: 'remove', agent_id: agent }] })
  t.strictSame(
    (await allUntilNow(t, at, subscriber)).map(({ payload }) => payload['status'] as string),
    ['running', 'offline', 'idle', 'offline'],
    'and when it was offline already, nothing is said',
  )
  const late = await V1Client.subscriber(t, at.session)
  t.strictSame(await allUntilNow(t, at, late), [], 'nor is it in a snapshot')
})

void t.test('task_update and error are passed on', parallel(), async (t) => {
  const at = await openV1Room(t)
  const agent = `${at.session}::1`
  const subscribers = [await V1Client.subscriber(t, at.session), await V1Client.subscriber(t, at.session)]
  const publisher = await V1Client.publisher(t, at.session, '1')
  publisher.send('agent_status', statusOf('agent-1', '1', 'idle'))
  const task = { id: '43', title: 'Define it', status: 'done', subtasks: [] }
  publisher.send('task_update', { agent_id: 'agent-1', tag: 'web', action: 'update', task })
  publisher.send('error', {
    code: 'tasks_malformed',
    message: 'Failed to parse tasks.json: unexpected character at line 12',
    component: 'wrapper',
    fatal: false,
    context: { path: '.taskmaster/tasks/tasks.json' },
  })
  for (const subscriber of subscribers) {
    const update = await subscriber.get('task_update')
    t.strictSame(update.payload, { agent_id: agent, tag: 'web', action: 'update', task })
    t.match(await subscriber.error('tasks_malformed'), {
      component: 'wrapper',
      fatal: false,
      context: { path: '.taskmaster/tasks/tasks.json' },
    })
  }

  // A program for tasks, which is no agent.
  const taskmaster = await V1Client.connect(t, at.session, { clientId: 'taskmaster' })
  taskmaster.hello({ role: 'publisher', capabilities: ['task_update', 'error'] })
  taskmaster.send('task_update', { agent_id: agent, tag: 'api', action: 'add', task: { id: '44' } })
  taskmaster.send('error', { code: 'disk_full', message: 'no space left', component: 'taskmaster' })
  for (const subscriber of subscribers) {
    const update = await subscriber.get('task_update', ({ payload }) => payload['tag'] === 'api')
    t.match(update.payload, { action: 'add', task: { id: '44' } })
    t.match(await subscriber.error('disk_full'), { component: 'taskmaster' })
    const from = subscriber.received.length
    t.strictSame((await allUntilNow(t, at, subscriber, from)).map(topicOf), [])
    t.equal(subscriber.all('task_update').length, 2, 'each once')
    t.equal(subscriber.all('error').length, 2)
  }
  taskmaster.send('agent_status', statusOf(agent, '1', 'error'), { request_id: 'r1' })
  t.match((await taskmaster.answer('error', 'r1')).payload, { fatal: false }, 'it speaks for no agent')
  taskmaster.send('error', { code: 'still_there', message: 'and so it was kept' })
  await subscribers[0]!.error('still_there')
  t.match((await printedByPulse(t, at)).get(agent), { lifecycle: 'idle' })
  t.strictSame(publisher.received, [])
})
