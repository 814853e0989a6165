import fs from 'node:fs'
import path from 'node:path'
import pty from '@lydell/node-pty'
import t, { type Test } from 'tap'
import { openLocal, type LocalFound, type LocalOptions } from '../../../lib/pulse/local/local-source.js'
import { agentFileName, agentFolder } from '../../../lib/wire/agent-file.js'
import { startToken } from '../../../lib/wire/process-life.js'
import { until } from '../../process/processes.js'
import { gitEnv, makeFolder, sh } from '../../project/repository.js'

const env = gitEnv as Record<string, string>

function open(t: Test, more: Partial<LocalOptions> & { sessionId: string; projectRoot: string }) {
  const found: LocalFound[] = []
  const logged: Record<string, unknown>[] = []
  const socketPath = path.join(makeFolder(t), 'pulse.sock')
  const options: LocalOptions = {
    socketPath,
    env,
    onFound: (one) => void found.push(one),
    log: (_level, _event, fields = {}) => void logged.push(fields),
    intervalMs: 20,
    ...more,
  }
  const local = openLocal(options)
  t.teardown(() => local.close())
  return { local, found, logged, last: () => found.at(-1), socketPath: options.socketPath }
}

function repository(t: Test): string {
  const root = makeFolder(t)
  sh(root, 'git init -q; echo one > a; git add a; git commit -qm first; echo two >> a')
  fs.mkdirSync(path.join(root, '.taskmaster/tasks'), { recursive: true })
  const tasks = [{ id: 1, title: 'one', status: 'pending', priority: 'high' }]
  fs.writeFileSync(path.join(root, '.taskmaster/tasks/tasks.json'), JSON.stringify({ master: { tasks } }))
  return root
}

void t.test('the project and its tasks are told without any agent', async (t) => {
  const root = repository(t)
  const { local, found, last } = open(t, { sessionId: 'nobody', projectRoot: root })
  await local.refresh()
  t.match(last(), {
    states: [],
    here: {
      projectRoot: root,
      diff: {
        agent_id: 'nobody',
        git_available: true,
        repo_root: root,
        summary: { unstaged: { additions: 1 } },
      },
      tasks: { master: { agent_id: 'nobody', counts: { total: 1, pending: 1 } } },
    },
  })
  const before = found.length
  await local.refresh()
  await local.refresh()
  t.equal(found.length, before, 'what stays the same is not told again')
  fs.writeFileSync(path.join(root, 'new'), '')
  await local.refresh()
  t.equal(last()?.here.diff?.summary.untracked.files, 2)
  await local.close()
  const end = found.length
  fs.writeFileSync(path.join(root, 'newer'), '')
  await local.refresh()
  t.equal(found.length, end, 'nothing comes after the end')
})

void t.test('agents: those written down, and bare ones with what their project says', async (t) => {
  const session = `local-${process.pid}`
  const [here, there] = [repository(t), repository(t)]
  const script = path.join(makeFolder(t), 'codex')
  fs.writeFileSync(script, 'setInterval(() => {}, 1e6)')
  const around = { AOC_SESSION_ID: session, AOC_PANE_ID: '7' }
  const terminal = pty.spawn(process.execPath, [script], {
    cwd: there,
    env: { ...around, PATH: env['PATH']! },
  })
  t.teardown(() => terminal.kill('SIGKILL'))
  const { last, socketPath, local, logged } = open(t, { sessionId: session, projectRoot: here })
  await until('a bare agent with its diff', () => {
    const source = last()?.states[0]?.source as { diff_summary?: object } | undefined
    return source?.diff_summary !== undefined
  })
  const id = `${session}::7`
  t.match(last()?.states, [
    {
      agent_id: id,
      source: {
        kind: 'process',
        command: 'codex',
        diff_summary: { agent_id: id, repo_root: there },
        task_summaries: { master: { agent_id: id, counts: { total: 1 } } },
      },
    },
  ])
  t.equal(last()?.states[0]?.last_heartbeat_ms, last()?.atMs, 'it was seen to live')

  const folder = agentFolder(socketPath)
  fs.mkdirSync(folder, { mode: 0o700 })
  const write = (pane: string, source: object): void => {
    const state = {
      agent_id: `${session}::${pane}`,
      session_id: session,
      pane_id: pane,
      lifecycle: 'needs_input',
    }
    const who = { version: 1, wrapper_pid: process.pid, wrapper_start: start }
    fs.writeFileSync(
      path.join(folder, agentFileName(pane)),
      JSON.stringify({ ...who, state: { ...state, source } }),
    )
  }
  const start = await startToken(process.pid)
  write('1', { kind: 'wrapper' })
  write('7', { kind: 'wrapper', pid: terminal.pid })
  await local.refresh()
  t.match(last()?.states, [
    { pane_id: '1', lifecycle: 'needs_input' },
    { pane_id: '7', lifecycle: 'needs_input', source: { kind: 'wrapper' } },
  ])
  t.equal(last()?.states.length, 2, 'a file and a process are one agent')

  fs.chmodSync(folder, 0o777)
  await local.refresh()
  await local.refresh()
  t.match(last()?.states, [{ pane_id: '7', source: { kind: 'wrapper' } }], 'while its process lives it holds')
  await until('only its process is known', () => {
    return (last()?.states[0]?.source as { kind: string } | undefined)?.kind === 'process'
  })
  t.match(logged, [{ what: 'files', message: /open to others/ }])
  t.equal(logged.length, 1, 'said once')
  terminal.kill('SIGKILL')
  await until('it is forgotten', () => last()?.states.length === 0)
})

void t.test('panes that cannot be asked for cost nothing else', async (t) => {
  const root = makeFolder(t)
  const panesOfSession = () => Promise.reject(new Error('no tmux'))
  const { local, last } = open(t, { sessionId: 'nobody', projectRoot: root, panesOfSession })
  await local.refresh()
  t.match(last()?.here, {
    diff: { git_available: false, reason: 'not_git_repo' },
    tasks: { master: { error: { code: 'tasks_missing' } } },
  })
})
