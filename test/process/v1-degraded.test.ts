import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { start } from './processes.js'
import { V1Client } from './v1-client.js'
import { openV1Room, PulseWatcher, type V1Room } from './v1-room.js'

/** What is missing is told, not left out: seed 000, "Error Semantics and Degraded States", of real wrapped commands. */

t.jobs = 3
// Each test needs an object of its own: tap keeps the result in it.
const parallel = (): { buffered: true } => ({ buffered: true })

const noLines = { files: 0, additions: 0, deletions: 0 }
const noSummary = { staged: noLines, unstaged: noLines, untracked: { files: 0 } }
const noCounts = { total: 0, pending: 0, in_progress: 0, done: 0, blocked: 0 }

/** A folder, made a repository with one commit if it is to be one. */
function newFolder({ room }: V1Room, isRepository: boolean): string {
  const dir = path.join(room.dir, 'shop')
  fs.mkdirSync(dir)
  fs.writeFileSync(path.join(dir, 'a.txt'), 'a\n')
  if (!isRepository) return dir
  const env = { ...room.env, GIT_CONFIG_GLOBAL: '/dev/null' }
  for (const args of [
    ['init', '-q'],
    ['add', 'a.txt'],
    ['-c', 'user.name=t', '-c', 'user.email=t@localhost', 'commit', '-qm', 'start'],
  ])
    execFileSync('git', args, { cwd: dir, env })
  return dir
}

function writeTasks(dir: string, text: string): void {
  const file = path.join(dir, '.taskmaster/tasks/tasks.json')
  fs.mkdirSync(path.dirname(file), { recursive: true })
  // Whole at once: half of it would be malformed, too.
  fs.writeFileSync(`${file}.new`, text)
  fs.renameSync(`${file}.new`, file)
}

/** Wraps a command in a folder, and watches it by both protocols. */
async function watch(t: Test, at: V1Room, cwd: string, env: Record<string, string> = {}) {
  const agent = `${at.session}::1`
  const v1 = await V1Client.subscriber(t, at.session)
  const pulse = await PulseWatcher.open(t, at)
  const args = ['--session', at.session, '--pane-id', '1', '--no-hub-start', '--', 'sleep', '600']
  start(t, at.room, 'aoc-agent-wrap', args, { cwd, env: { GIT_CONFIG_GLOBAL: '/dev/null', ...env } })
  return { agent, v1, pulse }
}

const reasons: [string, boolean, 'not_git_repo' | 'git_missing'][] = [
  ['a folder that is no repository', false, 'not_git_repo'],
  ['a machine without git', true, 'git_missing'],
]
for (const [name, isRepository, reason] of reasons)
  void t.test(name, parallel(), async (t) => {
    const at = await openV1Room(t)
    const dir = newFolder(at, isRepository)
    const bin = path.join(at.room.dir, 'bin')
    fs.mkdirSync(bin)
    fs.symlinkSync('/bin/sleep', path.join(bin, 'sleep'))
    const { agent, v1, pulse } = await watch(t, at, dir, reason === 'git_missing' ? { PATH: bin } : {})
    const told = await v1.get('diff_summary')
    t.match(told, {
      sender_id: agent,
      payload: { agent_id: agent, git_available: false, reason, summary: noSummary, files: [] },
    })
    const { source } = await pulse.sees(
      agent,
      'has a diff',
      (state) => state.source?.diff_summary !== undefined,
    )
    t.match(source?.diff_summary, { git_available: false, reason, files: [] })

    // Everything else is as ever.
    t.match((await v1.get('agent_status')).payload, { status: 'running', project_root: dir })
    writeTasks(dir, JSON.stringify({ web: { tasks: [{ id: 1, title: 'Route', status: 'done' }] } }))
    const tasks = await v1.get('task_summary', ({ payload }) => payload['tag'] === 'web')
    t.match(tasks.payload, { counts: { ...noCounts, total: 1, done: 1 } })
    v1.send('diff_patch_request', { agent_id: agent, path: 'a.txt' }, { request_id: 'r1' })
    t.match((await v1.answer('diff_patch_response', 'r1')).payload, {
      patch: null,
      error: { code: 'patch_unavailable', message: new RegExp(`^${reason}`) },
    })
  })

void t.test('a git that fails', parallel(), async (t) => {
  const at = await openV1Room(t)
  const dir = newFolder(at, true)
  const bin = path.join(at.room.dir, 'bin')
  fs.mkdirSync(bin)
  fs.symlinkSync('/bin/sleep', path.join(bin, 'sleep'))
  fs.writeFileSync(path.join(bin, 'git'), '#!/bin/sh\necho "fatal: it is broken" >&2\nexit 128\n', {
    mode: 0o755,
  })
  const { agent, v1, pulse } = await watch(t, at, dir, { PATH: bin })
  t.match((await v1.get('diff_summary')).payload, {
    git_available: false,
    reason: 'error',
    summary: noSummary,
    files: [],
  })
  await pulse.sees(agent, 'says so', ({ source }) => source?.diff_summary?.['reason'] === 'error')
})

void t.test('tasks that are missing, then there, then malformed, then whole', parallel(), async (t) => {
  const at = await openV1Room(t)
  const dir = newFolder(at, true)
  const { agent, v1, pulse } = await watch(t, at, dir)
  const missing = await v1.get('task_summary')
  t.match(missing, {
    sender_id: agent,
    payload: { agent_id: agent, counts: noCounts, error: { code: 'tasks_missing', message: /\w/ } },
  })
  const tag = String(missing.payload['tag'])
  const shown = (state: { source?: { task_summaries?: Record<string, unknown> } }, name = tag): unknown =>
    state.source?.task_summaries?.[name]
  const codeOf = (summary: unknown): string | undefined =>
    (summary as { error?: { code: string } } | undefined)?.error?.code
  await pulse.sees(agent, 'has none', (state) => codeOf(shown(state)) === 'tasks_missing')
  t.match((await v1.get('diff_summary')).payload, { git_available: true }, 'git is not concerned')

  const tasks = (status: string): string =>
    JSON.stringify({ [tag]: { tasks: [{ id: 1, title: 'Route', status, priority: 'high' }] } })
  writeTasks(dir, tasks('in-progress'))
  const there = await v1.get('task_summary', ({ payload }) => payload['error'] === undefined)
  t.match(there.payload, {
    tag,
    counts: { ...noCounts, total: 1, in_progress: 1 },
    active_tasks: [{ id: '1', title: 'Route', status: 'in-progress', priority: 'high' }],
  })

  writeTasks(dir, `{\n  "${tag}": { "tasks": [\n}`)
  const malformed = await v1.get('task_summary', ({ payload }) => codeOf(payload) === 'tasks_malformed')
  t.match(malformed.payload, { agent_id: agent, error: { message: /line 3/ } }, 'and where')
  const state = await pulse.sees(agent, 'cannot read them', ({ source }) =>
    Object.values(source?.task_summaries ?? {}).some((each) => codeOf(each) === 'tasks_malformed'),
  )
  t.match(JSON.stringify(state.source?.task_summaries), /line 3/)
  t.match(state.lifecycle, 'running', 'the agent is not concerned')

  writeTasks(dir, tasks('done'))
  await v1.until('that they are whole', () => {
    const last = v1
      .all('task_summary', agent)
      .filter(({ payload }) => payload['tag'] === tag)
      .at(-1)
    const { error, counts } = last!.payload
    return error === undefined && (counts as { done: number }).done === 1
  })
  await pulse.sees(agent, 'can read them', (now) => {
    const summary = shown(now) as { error?: object; counts: { done: number } } | undefined
    return summary?.error === undefined && summary?.counts.done === 1
  })
  t.strictSame(v1.repeats(), [])
})

void t.test('a v1 publisher that is degraded is shown so by Pulse', parallel(), async (t) => {
  const at = await openV1Room(t)
  const agent = `${at.session}::1`
  const pulse = await PulseWatcher.open(t, at)
  const v1 = await V1Client.subscriber(t, at.session)
  const publisher = await V1Client.publisher(t, at.session, '1')
  publisher.send('agent_status', {
    agent_id: 'agent-1',
    status: 'running',
    pane_id: '1',
    project_root: '/srv/shop',
  })
  for (const reason of ['not_git_repo', 'git_missing', 'error']) {
    const diff = { repo_root: '/srv/shop', git_available: false, reason, summary: noSummary, files: [] }
    publisher.send('diff_summary', { agent_id: 'agent-1', ...diff })
    await pulse.sees(agent, reason, ({ source }) => source?.diff_summary?.['reason'] === reason)
    const told = await v1.get('diff_summary', ({ payload }) => payload['reason'] === reason)
    t.strictSame(told.payload, { agent_id: agent, ...diff })
  }
  for (const code of ['tasks_missing', 'tasks_malformed']) {
    const error = { code, message: 'unexpected character at line 12' }
    publisher.send('task_summary', { agent_id: 'agent-1', tag: 'master', counts: noCounts, error })
    await pulse.sees(agent, code, ({ source }) =>
      JSON.stringify(source?.task_summaries?.['master'] ?? '').includes(code),
    )
    const told = await v1.get('task_summary', ({ payload }) => JSON.stringify(payload).includes(code))
    t.strictSame(told.payload, { agent_id: agent, tag: 'master', counts: noCounts, error })
  }
})
