import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import * as fc from 'fast-check'
import t from 'tap'

import { activeTasksMax, tagsMax, tasksFileBytesMax } from '../../lib/wire/limits.js'
import { TaskSummary } from '../../lib/wire/source.js'
import { parseTasks } from '../../lib/project/tasks-parse.js'
import { readTaskSummaries, tasksPath } from '../../lib/project/tasks.js'
import { makeFolder } from './repository.js'

const agentId = 's::1'

/** `total pending in_progress done blocked | active tasks`, or the error: a summary on one line. */
function inShort({ counts, active_tasks, error }: TaskSummary): string {
  const { total, pending, in_progress, done, blocked } = counts
  const numbers = [total, pending, in_progress, done, blocked].join(' ')
  if (error) return `${numbers} | ${error.code}: ${error.message}`
  const active = (active_tasks ?? []).map(({ id, status, priority }) => `${id} ${status} ${priority ?? '-'}`)
  return [numbers, active.join(', ')].join(' | ')
}

const cases: { title: string; file: string; tags: Record<string, string> }[] = [
  {
    title: 'tagged',
    file: `{"master": {"tasks": [{"id": 1, "title": "a", "status": "done"}], "metadata": {}},
            "feature/x": {"tasks": [{"id": "2.1", "title": "b", "status": "pending", "priority": "high"}]}}`,
    tags: { master: '1 0 0 1 0 | ', 'feature/x': '1 1 0 0 0 | 2.1 pending high' },
  },
  {
    title: 'legacy',
    file: `{"tasks": [{"id": 1, "title": "a", "status": "blocked"}], "metadata": {"version": 1}}`,
    tags: { master: '1 0 0 0 1 | 1 blocked -' },
  },
  {
    title: 'every status; the unfinished ones by what matters first',
    file: `{"master": {"tasks": [
      {"id": 1, "status": "pending", "priority": "low"}, {"id": 2, "status": "pending", "priority": "high"},
      {"id": 3, "status": "pending"},                    {"id": 4, "status": "done"},
      {"id": 5, "status": "completed"},                  {"id": 6, "status": "blocked", "priority": "low"},
      {"id": 7, "status": "in-progress"},                {"id": 8, "status": "in_progress", "priority": "high"},
      {"id": 9, "status": "review"},                     {"id": 10, "status": "deferred"},
      {"id": 11, "status": "cancelled"},                 {"id": 12, "status": "no such word"},
      {"id": 13, "status": 7},                           {"title": "neither id nor status"}]}}`,
    tags: {
      master:
        '14 4 2 2 1 | 8 in-progress high, 7 in-progress -, 6 blocked low, 9 review -, 2 pending high, 3 pending -, #14 pending -, 1 pending low, 12 no such word -, 13 unknown -',
    },
  },
  {
    title: 'all but the done and the cancelled are open, the deferred ones last',
    file: `{"master": {"tasks": [
      {"id": 1, "status": "deferred", "priority": "high"}, {"id": 2, "status": "review", "priority": "low"},
      {"id": 3, "status": "pending"},   {"id": 4, "status": "cancelled"}, {"id": 5, "status": "canceled"},
      {"id": 6, "status": ""},          {"id": 7, "status": "a\\nb"},   {"id": 8, "status": null}]}}`,
    tags: {
      master: '8 1 0 0 0 | 2 review low, 3 pending -, 6 unknown -, 7 a b -, 8 unknown -, 1 deferred high',
    },
  },
  {
    title: 'a tag named tasks',
    file: '{"tasks": {"tasks": [{"id": 1}]}}',
    tags: { tasks: '1 1 0 0 0 | 1 pending -' },
  },
  { title: 'no tags', file: '{}', tags: { master: '0 0 0 0 0 | ' } },
  { title: 'no tasks', file: '{"tasks": []}', tags: { master: '0 0 0 0 0 | ' } },
  { title: 'a byte order mark', file: '\uFEFF{"tasks": []}', tags: { master: '0 0 0 0 0 | ' } },
  {
    title: 'what stands beside the tags',
    file: '{"$schema": "x", "version": 2, "metadata": {"a": 1}, "a": {"tasks": []}}',
    tags: { a: '0 0 0 0 0 | ' },
  },
  {
    title: 'tags that are names of JavaScript',
    file: '{"__proto__": {"tasks": [{"id": 1}]}, "constructor": {"tasks": []}, "toString": {"tasks": []}}',
    tags: { ['__proto__']: '1 1 0 0 0 | 1 pending -', constructor: '0 0 0 0 0 | ', toString: '0 0 0 0 0 | ' },
  },
  {
    title: 'one tag is wrong, the other is not',
    file: '{"a": {"tasks": [{"id": 1}, null]}, "b": {"tasks": [{"id": 1}]}, "c": {"tasks": {}}, "d": [], "e": null}',
    tags: {
      a: '0 0 0 0 0 | tasks_malformed: a.tasks[1] is null, not a task.',
      b: '1 1 0 0 0 | 1 pending -',
      c: '0 0 0 0 0 | tasks_malformed: c.tasks is an object, not an array.',
      d: '0 0 0 0 0 | tasks_malformed: d.tasks is missing, not an array.',
      e: '0 0 0 0 0 | tasks_malformed: e.tasks is missing, not an array.',
    },
  },
  {
    title: 'tasks is no array',
    file: '{"tasks": 5}',
    tags: { master: '0 0 0 0 0 | tasks_malformed: tasks is a number, not an array.' },
  },
]

const faults: { title: string; file: string; message: string }[] = [
  {
    title: 'a trailing comma',
    file: '{\n  "tasks": [1,]\n}',
    message: 'Not JSON: something unexpected at line 2, column 15.',
  },
  {
    title: 'a comment',
    file: '{\r\n  // no\r\n}',
    message: 'Not JSON: something unexpected at line 2, column 3.',
  },
  {
    title: 'cut off',
    file: '{"tasks": [{"id":',
    message: 'Not JSON: the end came too early at line 1, column 18.',
  },
  {
    title: 'a bare word',
    file: '{"tasks": [yes]}',
    message: 'Not JSON: something unexpected at line 1, column 12.',
  },
  { title: 'two values', file: '{}\n{}', message: 'Not JSON: something unexpected at line 2, column 1.' },
  { title: 'empty', file: ' \n', message: 'Not JSON: the file is empty at line 1, column 1.' },
  { title: 'brackets only', file: '['.repeat(200_000), message: 'Not JSON: it is nested too deeply.' },
  { title: 'an array', file: '[]', message: 'The file holds an array, not an object of tags.' },
  { title: 'null', file: 'null', message: 'The file holds null, not an object of tags.' },
  { title: 'no tag at all', file: '{"a b": 1}', message: '["a b"] is not a tag with tasks.' },
]

/** Makes the project's tasks file, or what stands in its place. */
function project(t: Parameters<typeof makeFolder>[0], make: (file: string) => void): string {
  const projectRoot = makeFolder(t)
  const file = join(projectRoot, tasksPath)
  mkdirSync(dirname(file), { recursive: true })
  make(file)
  return projectRoot
}

/** A record's own keys, so that `__proto__` counts too. */
function shorts(summaries: Record<string, TaskSummary>): [string, string][] {
  return Object.entries(summaries).map(([tag, summary]) => [tag, inShort(summary)])
}

void t.test('a file, and its summaries', async (t) => {
  for (const { title, file, tags } of cases) {
    const projectRoot = project(t, (path) => writeFileSync(path, file))
    const summaries = await readTaskSummaries({ agentId, projectRoot })
    t.strictSame(shorts(summaries), Object.entries(tags), title)
    for (const [tag, summary] of Object.entries(summaries)) {
      t.strictSame(TaskSummary.parse(summary), { ...summary, agent_id: agentId, tag }, title)
    }
  }
})

void t.test('a file that is no tasks file', async (t) => {
  for (const { title, file, message } of faults) {
    const projectRoot = project(t, (path) => writeFileSync(path, file))
    const summaries = await readTaskSummaries({ agentId, projectRoot })
    t.strictSame(
      shorts(summaries),
      [['master', `0 0 0 0 0 | tasks_malformed: ${tasksPath}: ${message}`]],
      title,
    )
  }
})

const places: { title: string; make: (file: string) => void; error: string; skip?: boolean }[] = [
  { title: 'nothing', make: () => {}, error: 'tasks_missing: it does not exist' },
  {
    title: 'a broken link',
    make: (file) => symlinkSync('nowhere', file),
    error: 'tasks_missing: it does not exist',
  },
  {
    title: 'a directory',
    make: (file) => mkdirSync(file),
    error: 'tasks_malformed: it is a directory, not a file',
  },
  {
    title: 'a named pipe that nobody writes to',
    make: (file) => execFileSync('mkfifo', [file]),
    error: 'tasks_malformed: it is a named pipe, not a file',
  },
  {
    title: 'a device without end',
    make: (file) => symlinkSync('/dev/zero', file),
    error: 'tasks_malformed: it is a device, not a file',
  },
  {
    title: 'a link to itself',
    make: (file) => symlinkSync(file, file),
    error: 'tasks_malformed: it cannot be read (ELOOP)',
  },
  {
    title: 'too large',
    make: (file) => {
      writeFileSync(file, '{}')
      truncateSync(file, tasksFileBytesMax + 1)
    },
    error: 'tasks_malformed: it is larger than 8,388,608 bytes',
  },
  {
    title: 'not ours to read',
    make: (file) => {
      writeFileSync(file, '{}')
      chmodSync(file, 0)
    },
    error: 'tasks_malformed: it may not be read (permission denied)',
    skip: process.getuid?.() === 0,
  },
]

void t.test('something else in its place', async (t) => {
  for (const { title, make, error, skip = false } of places) {
    await t.test(title, { skip }, async (t) => {
      const projectRoot = project(t, make)
      const [code, what] = error.split(': ')
      const summaries = await readTaskSummaries({ agentId, projectRoot })
      t.strictSame(shorts(summaries), [['master', `0 0 0 0 0 | ${code}: ${tasksPath}: ${what}.`]])
    })
  }
  const projectRoot = makeFolder(t)
  writeFileSync(join(projectRoot, '.taskmaster'), '')
  t.match(await readTaskSummaries({ agentId, projectRoot }), { master: { error: { code: 'tasks_missing' } } })
})

void t.test('a file that is being written is read again', async (t) => {
  const whole = '{"tasks": [{"id": 1, "title": "a"}]}'
  const projectRoot = project(t, (path) => writeFileSync(path, whole.slice(0, 20)))
  const reading = readTaskSummaries({ agentId, projectRoot })
  setTimeout(() => writeFileSync(join(projectRoot, tasksPath), whole), 20)
  t.strictSame(shorts(await reading), [['master', '1 1 0 0 0 | 1 pending -']])
})

void t.test('bounds', (t) => {
  const task = {
    id: '1'.repeat(500),
    title: `é\u001b[31m\n${'🦊'.repeat(500)}`,
    priority: 'p'.repeat(500),
    active_agent: true,
  }
  const tasks = Array.from({ length: 40 }, () => task)
  const file = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`tag${i}`, { tasks }]))
  const summaries = parseTasks(agentId, JSON.stringify(file))
  t.equal(Object.keys(summaries).length, tagsMax)
  const { active_tasks = [], counts } = summaries.tag0!
  t.equal(counts.total, 40)
  t.equal(active_tasks?.length, activeTasksMax)
  t.match(active_tasks?.[0], {
    id: /^1{31}…$/,
    title: /^é \[31m 🦊+…$/u,
    priority: /^p{31}…$/,
    active_agent: true,
  })
  t.ok(active_tasks![0]!.title.length <= 120)
  t.ok(Buffer.byteLength(JSON.stringify(summaries)) < 128 * 1_024, 'a state has room for it')

  const long = (end: string) => `${'t'.repeat(100)}${end}`
  const two = parseTasks(
    agentId,
    JSON.stringify({ [long('a')]: { tasks: [task] }, [long('b')]: { tasks: [] } }),
  )
  t.strictSame(
    Object.values(two).map(({ tag, counts }) => [tag, counts.total]),
    [[`${'t'.repeat(63)}…`, 1]],
  )
  t.end()
})

void t.test('any JSON gives summaries that the wire takes', (t) => {
  const status = fc.constantFrom('pending', 'in-progress', 'done', 'blocked', 'review', '')
  const task = fc.record(
    {
      id: fc.jsonValue(),
      title: fc.jsonValue(),
      status: fc.oneof(status, fc.jsonValue()),
      priority: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  const list = fc.record({ tasks: fc.oneof(fc.array(task), fc.array(fc.jsonValue()), fc.jsonValue()) })
  const file = fc.oneof(fc.dictionary(fc.string(), fc.oneof(list, fc.jsonValue())), list)
  fc.assert(
    fc.property(file, (value) => {
      try {
        for (const summary of Object.values(parseTasks(agentId, JSON.stringify(value)))) {
          const { counts } = TaskSummary.parse(summary)
          const { total, pending, in_progress, done, blocked } = counts
          if (pending + in_progress + done + blocked > total) throw new RangeError('more than there are')
        }
      } catch (error) {
        if ((error as { code?: string }).code !== 'shape') throw error
      }
    }),
  )
  t.end()
})
