import t from 'tap'
import { tagsMax } from '../../../lib/wire/limits.js'
import { counts, diffOf, fileOf, type Fields } from './payloads.js'
import { V1Stage } from './stage.js'
import { onlyState, sourceOf } from './states.js'
import type { V1Player } from './v1-player.js'

void t.test('what a publisher says is one state', async (t) => {
  const stage = new V1Stage()
  const publisher = stage.publisher()
  publisher.status('running', { cwd: '/home/user', message: ' writes\n  the\tschema ', mood: 'calm' })
  publisher.diff(diffOf(fileOf('a'), fileOf('b', { old_path: 'c' })))
  publisher.tasks('master', { counts: counts(3), active_tasks: [] })
  publisher.tasks('next')
  publisher.beat()
  const { nowMs } = stage
  t.match(onlyState(stage), {
    agent_id: 's::pane-3',
    session_id: 's',
    pane_id: 'pane-3',
    lifecycle: 'running',
    snippet: 'writes the schema',
    last_heartbeat_ms: nowMs,
    updated_at_ms: nowMs,
    source: {
      kind: 'v1',
      label: 'agent-1',
      client_id: 'agent-1',
      project_root: '/home/user/repo',
      pid: 42,
      cwd: '/home',
      status: {
        turn: 'active',
        attention: 'none',
        origin: 'report',
        confidence: 3,
        since_ms: nowMs,
        detail: 'writes the schema',
        blind: null,
      },
      agent_status: { agent_id: 's::pane-3', status: 'running', mood: 'calm', cwd: '/home/user' },
      diff_summary: { agent_id: 's::pane-3', files: [{ path: 'a' }, { path: 'b', old_path: 'c' }] },
      task_summaries: {
        master: { agent_id: 's::pane-3', counts: { done: 3 } },
        next: { agent_id: 's::pane-3', counts: { done: 0 } },
      },
    },
  })
  t.notOk('files_total' in sourceOf(onlyState(stage)).diff_summary!, 'nothing was cut')
})

void t.test('each status, as Pulse sees it', async (t) => {
  const stage = new V1Stage()
  const publisher = stage.publisher()
  const table: [string, Fields][] = [
    ['idle', { turn: 'inactive', attention: 'none' }],
    ['running', { turn: 'active', attention: 'none' }],
    ['error', { turn: 'inactive', attention: 'error' }],
    ['offline', { turn: 'inactive', attention: 'none' }],
  ]
  for (const [status, inner] of table) {
    publisher.status(status)
    t.match(onlyState(stage), { lifecycle: status, source: { status: { ...inner, detail: null } } })
    t.notOk('snippet' in onlyState(stage), 'without a message there is none')
  }
})

void t.test('since when it is so', async (t) => {
  const stage = new V1Stage()
  const publisher = stage.publisher()
  const since = (): unknown => (sourceOf(onlyState(stage))['status'] as Fields)['since_ms']
  publisher.status('running', { message: 'a' })
  const first = stage.nowMs
  stage.wait(1_000)
  publisher.status('running', { message: 'a', cwd: '/elsewhere' })
  publisher.diff()
  publisher.beat()
  t.equal(since(), first, 'the same said again')
  publisher.status('running', { message: 'b' })
  t.equal(since(), stage.nowMs)
})

void t.test('a first message that is not a status makes a running agent', async (t) => {
  const table: ((publisher: V1Player) => void)[] = [
    (publisher) => publisher.beat(),
    (publisher) => publisher.diff(),
    (publisher) => publisher.tasks('master'),
  ]
  for (const say of table) {
    const stage = new V1Stage()
    say(stage.publisher())
    t.match(onlyState(stage), { lifecycle: 'running', source: { kind: 'v1' } })
    t.equal(sourceOf(onlyState(stage))['status'], undefined)
  }
})

void t.test('an error or a task alone makes no agent, and belongs to one that is there', async (t) => {
  const stage = new V1Stage()
  const publisher = stage.publisher()
  const error = {
    code: 'oops',
    message: `It\nfailed. ${'x'.repeat(1_000)}`,
    component: 'wrapper',
    fatal: true,
  }
  const update = {
    agent_id: 'agent-1',
    tag: 'master',
    action: 'add',
    task: { id: 43, title: 'Define\u0007it', status: 'pending', body: 'y'.repeat(5_000), deep: {} },
  }
  publisher.send('error', error)
  publisher.send('task_update', update)
  t.strictSame(stage.core.states(), [])
  publisher.status('idle')
  const at_ms = stage.nowMs
  const { last_error: lastError, last_task_update: lastUpdate } = sourceOf(onlyState(stage))
  t.match(lastError, { code: 'oops', message: /^It failed\. x+$/, component: 'wrapper', fatal: true, at_ms })
  t.equal(String(lastError?.['message']).length, 500)
  t.strictSame(lastUpdate, {
    tag: 'master',
    action: 'add',
    id: '43',
    title: 'Define it',
    status: 'pending',
    at_ms,
  })
  publisher.send('error', { code: 'again', message: 'm' })
  t.match(sourceOf(onlyState(stage)).last_error, { code: 'again' })
})

void t.test('the newest 32 tags are kept', async (t) => {
  const stage = new V1Stage()
  const publisher = stage.publisher()
  for (let i = 0; i < 40; i++) publisher.tasks(`t${i}`)
  publisher.tasks('t10', { counts: counts(1) })
  publisher.tasks('last')
  const tags = Object.keys(sourceOf(onlyState(stage)).task_summaries!)
  t.equal(tags.length, tagsMax)
  t.notOk(tags.includes('t8'), 'the one said longest ago is gone')
  t.ok(tags.includes('t10'), 'one said again is not')
  t.ok(tags.includes('last'))
})

void t.test('names that every object has are tags like others', async (t) => {
  const stage = new V1Stage()
  const watcher = stage.subscriber('w')
  const publisher = stage.publisher()
  const tags = ['constructor', 'toString', '', '7', 'ü', 'a b']
  for (const tag of tags) publisher.tasks(tag)
  t.match(Object.keys(sourceOf(onlyState(stage)).task_summaries!).toSorted(), tags.toSorted())
  t.match(
    watcher
      .all('task_summary')
      .map(({ tag }) => tag)
      .toSorted(),
    tags.toSorted(),
  )
  publisher.tasks('__proto__')
  publisher.tasks('after')
  t.match(watcher.all('task_summary').at(-1), { tag: 'after' }, 'this one no schema takes for a key')
})

void t.test('who comes again goes on from what it had said', async (t) => {
  const stage = new V1Stage()
  const watcher = stage.subscriber('w')
  const publisher = stage.publisher()
  publisher.status('running', { message: 'writes' })
  publisher.diff(diffOf(fileOf('a')))
  publisher.tasks('master', { counts: counts(1) })
  publisher.beat()
  const since = sourceOf(onlyState(stage))['status']
  publisher.leave()
  stage.wait(1_000)
  watcher.messages()
  const again = stage.publisher()
  again.beat()
  t.match(onlyState(stage), {
    lifecycle: 'running',
    snippet: 'writes',
    source: {
      pid: 42,
      status: since,
      diff_summary: { files: [{ path: 'a' }] },
      task_summaries: { master: {} },
    },
  })
  const news = watcher.told().filter(([type]) => type !== 'heartbeat')
  t.strictSame(news, [], 'which is nothing new')
  again.leave()
  stage.wait(40_000)
  stage.publisher().beat()
  t.match(onlyState(stage), { lifecycle: 'running' })
  t.notOk('diff_summary' in sourceOf(onlyState(stage)), 'a stranger to the hub starts anew')
})

void t.test('a text is cut at a whole character, and control characters go', async (t) => {
  const stage = new V1Stage()
  const publisher = stage.publisher()
  publisher.status('idle', { message: `${'x'.repeat(139)}😀 and more` })
  t.equal(onlyState(stage).snippet, 'x'.repeat(139))
  publisher.status('idle', { message: '\u001b[31m red \u0000\u009b' })
  t.match(onlyState(stage), { snippet: '[31m red' })
  publisher.status('idle', { message: '\n\n' })
  t.notOk('snippet' in onlyState(stage))
})

void t.test('what has changed is published, what has not is a heartbeat', async (t) => {
  const stage = new V1Stage()
  const publisher = stage.publisher()
  publisher.status('running')
  publisher.diff(diffOf(fileOf('a')))
  publisher.tasks('master')
  publisher.beat()
  const { seq } = stage.core.health()
  publisher.status('running')
  publisher.diff(diffOf(fileOf('a')))
  publisher.tasks('master')
  publisher.beat({ last_update: '2026-01-28T18:43:00Z' })
  stage.turn()
  t.equal(stage.core.health().seq, seq)
  publisher.diff(diffOf(fileOf('b')))
  publisher.status('idle')
  publisher.tasks('master', { counts: counts(1) })
  publisher.beat({ pid: 43 })
  stage.turn()
  t.equal(stage.core.health().seq, seq + 4)
})

void t.test('two publishers of one agent: the last word counts, and stays when one goes', async (t) => {
  const stage = new V1Stage()
  const first = stage.publisher({ client_id: 'first' })
  const second = stage.publisher({ client_id: 'second' })
  first.status('running')
  second.status('idle')
  t.match(onlyState(stage), { lifecycle: 'idle', source: { client_id: 'second' } })
  second.leave()
  stage.wait(5_000)
  t.match(onlyState(stage), { lifecycle: 'idle' }, 'one is there')
  first.leave()
  stage.wait(5_000)
  t.match(onlyState(stage), { lifecycle: 'offline' })
})
