import t from 'tap'
import { stateBytesMax, tagsMax } from '../../../lib/wire/limits.js'
import type { AgentState } from '../../../lib/wire/messages.js'
import { counts, diffOf, fileOf, timestamp, type Fields } from './payloads.js'
import { V1Stage } from './stage.js'
import { onlyState, sourceOf } from './states.js'
import type { V1Player } from './v1-player.js'

/** What a v1 publisher says may be larger than a state: what is kept of it then. */

/** A publisher may send this in one message: 500 files with long names. */
const hugeFiles = (nameChars: number, count = 500): Fields[] =>
  Array.from({ length: count }, (_, i) => fileOf(`${i}-`.padEnd(nameChars, 'x')))

void t.test('a diff that is too large is cut, and says how much there was', async (t) => {
  const stage = new V1Stage()
  const watcher = stage.subscriber('w')
  const pulse = stage.pulse().hello('pulse')
  const publisher = stage.publisher()
  publisher.status('running', { message: 'writes' })
  publisher.tasks('master', { counts: counts(1) })
  watcher.messages()
  publisher.diff(diffOf(...hugeFiles(400)))
  t.strictSame(publisher.codes(), [])
  const { diff_summary: diff } = sourceOf(onlyState(stage))
  t.equal(diff?.files_total, 500)
  t.ok(diff!.files.length > 100)
  t.ok(diff!.files.length < 500)
  t.match(diff?.summary, { unstaged: { files: 500 } }, 'the numbers stay')
  t.match(watcher.told(), [['diff_summary', { files_total: 500 }]])
  t.match(onlyState(stage), { snippet: 'writes', source: { task_summaries: { master: {} } } })
  t.ok(pulse.frames().length > 0)
  publisher.diff(diffOf(fileOf('a')))
  t.strictSame(Object.keys(sourceOf(onlyState(stage)).diff_summary!).includes('files_total'), false)
})

void t.test('files with names as long as they may be', async (t) => {
  const stage = new V1Stage()
  const publisher = stage.publisher()
  publisher.diff(diffOf(...hugeFiles(4_096, 60)))
  t.strictSame(publisher.codes(), [])
  const { files } = sourceOf(onlyState(stage)).diff_summary!
  t.ok(files.length >= 20)
  t.equal(files[0]?.['path'], '0-'.padEnd(4_096, 'x'))
  t.ok(bytesOf(onlyState(stage)) < stateBytesMax)
})

void t.test('tasks that fill a state keep their counts', async (t) => {
  const stage = new V1Stage()
  const watcher = stage.subscriber('w')
  const publisher = stage.publisher()
  publisher.status('running')
  publisher.diff(diffOf(fileOf('a')))
  watcher.messages()
  const active = Array.from({ length: 1_000 }, (_, i) => ({
    id: `${i}`,
    title: 'x'.repeat(200),
    status: 's',
  }))
  publisher.tasks('master', { counts: counts(9), active_tasks: active, more: 'kept?' })
  t.strictSame(publisher.codes(), [])
  t.match(watcher.told(), [['task_summary', { tag: 'master', counts: { done: 9 } }]])
  const { task_summaries: tasks, diff_summary: diff } = sourceOf(onlyState(stage))
  t.match(tasks, { master: { counts: { done: 9 } } })
  t.match(diff, { files: [{ path: 'a' }] }, 'the diff is whole')
})

void t.test('whatever is large is cut until the state fits a frame', async (t) => {
  const big = (bytes: number): string => 'x'.repeat(bytes)
  const table: [string, (publisher: V1Player) => void][] = [
    ['an unknown field of a status', (publisher) => publisher.status('error', { more: big(255_000) })],
    ['an unknown field of a diff', (publisher) => publisher.diff({ more: big(255_000) })],
    ['a known field of a diff', (publisher) => publisher.diff({ branch: big(255_000) })],
    [
      'an unknown field of a file',
      (publisher) => publisher.diff(diffOf(fileOf('a', { more: big(255_000) }))),
    ],
    ['an unknown field of tasks', (publisher) => publisher.tasks('t', { more: big(255_000) })],
    [
      'the message of an error of tasks',
      (publisher) => publisher.tasks('t', { error: { code: 'tasks_malformed', message: big(255_000) } }),
    ],
    [
      'a message of the longest kind',
      (publisher) => publisher.status('error', { message: '\u0001'.repeat(16_384) }),
    ],
    [
      'all tags full',
      (publisher) => {
        for (let i = 0; i < 32; i++)
          publisher.tasks(`${i}`, { error: { code: 'tasks_malformed', message: big(30_000) } })
      },
    ],
    [
      'a code of an error',
      (publisher) => publisher.send('error', { code: 'c', message: '\u0001'.repeat(16_384) }),
    ],
    [
      'numbers that grow as they are printed',
      (publisher) => {
        const head = { version: '1', session_id: 's', sender_id: 'agent-1', timestamp }
        const payload = { agent_id: 'agent-1', tag: 't', counts: counts(), x: '@' }
        const list = Array.from({ length: 40_000 }, () => '1e20').join()
        publisher.write(
          JSON.stringify({ ...head, type: 'task_summary', payload }).replace('"@"', `[${list}]`),
        )
      },
    ],
  ]
  for (const [name, say] of table) {
    const stage = new V1Stage()
    const watcher = stage.subscriber('w')
    const pulse = stage.pulse().hello('pulse')
    const publisher = stage.publisher()
    publisher.status('idle', { message: 'before' })
    say(publisher)
    stage.wait(1_000)
    // What is still told is what is said next.
    publisher.status('idle', { message: 'after' })
    t.strictSame(publisher.codes(), [], `${name}: nothing is refused`)
    t.match(onlyState(stage), { lifecycle: 'idle', snippet: 'after' }, name)
    t.ok(bytesOf(onlyState(stage)) <= stateBytesMax, name)
    t.match(watcher.all('agent_status').at(-1), { status: 'idle', message: 'after' }, name)
    t.ok(pulse.frames().length >= 2, name)
  }
})

void t.test('paths as long as they may be, beside a diff that fills the state', async (t) => {
  for (const letter of ['x', 'é', '\u0001']) {
    const stage = new V1Stage()
    const path = letter.repeat(4_096)
    const publisher = stage.publisher({ project_root: path })
    publisher.beat({ cwd: path })
    publisher.status('error', { project_root: path, cwd: path, message: letter.repeat(16_000) })
    publisher.diff({ ...diffOf(...hugeFiles(300)), repo_root: path })
    for (let i = 0; i < 32; i++) {
      stage.wait(1_000)
      publisher.tasks(`${i}`.padStart(256, letter), { error: { code: path, message: path } })
    }
    publisher.send('error', { code: 'c', message: path })
    publisher.status('idle', { project_root: path, cwd: path, message: 'after' })
    t.strictSame(publisher.codes(), [], 'nothing is refused')
    t.match(onlyState(stage), { lifecycle: 'idle', snippet: 'after' })
    t.ok(bytesOf(onlyState(stage)) <= stateBytesMax)
  }
})

void t.test('a status that is too large still says what the agent does', async (t) => {
  const stage = new V1Stage()
  const publisher = stage.publisher()
  publisher.status('idle')
  publisher.status('error', { message: 'broke', more: 'x'.repeat(258_000) })
  t.strictSame(publisher.codes(), [])
  t.match(onlyState(stage), { lifecycle: 'error', snippet: 'broke' })
})

void t.test('a publisher that fills every tag', async (t) => {
  const stage = new V1Stage()
  const watcher = stage.subscriber('w')
  const publisher = stage.publisher()
  const active_tasks = [{ id: '1', title: 'x'.repeat(200_000), status: 's' }]
  for (let i = 0; i < 64; i++) publisher.tasks(`${i}`, { counts: counts(i), active_tasks })
  t.strictSame(publisher.codes(), [])
  const { task_summaries: tasks } = sourceOf(onlyState(stage))
  t.equal(Object.keys(tasks!).length, tagsMax)
  t.match(tasks, { 63: { counts: { done: 63 } } })
  t.ok(bytesOf(onlyState(stage)) < stateBytesMax)
  t.match(
    watcher.all('task_summary').find(({ tag }) => tag === '63'),
    { counts: { done: 63 } },
  )
})

function bytesOf(state: AgentState): number {
  return Buffer.byteLength(JSON.stringify(state))
}
