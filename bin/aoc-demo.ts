#!/usr/bin/env node
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import pty, { type IPty } from '@lydell/node-pty'
import { focus } from '../lib/multiplexer/focus.js'
import { runProgram } from '../lib/multiplexer/run-program.js'
import { startHub } from '../lib/hub/server.js'
import { openFeed } from '../lib/pulse/feed.js'
import { slug } from '../lib/wire/identity.js'
import { staleSecondsDefault, subscriberBudgetBytes } from '../lib/wire/limits.js'
import { logLevel, noLog, openLog } from '../lib/wire/log.js'
import { version } from '../lib/wire/version.js'
import { fail } from './program.js'
import { runScreen, screenSetting } from './pulse-screen.js'

/** What `npm start` runs: a session with three agents at work in a repository of its own, and Pulse on top. */

const root = fileURLToPath(new URL('../..', import.meta.url))
const session = `demo-${process.pid}`
const home = mkdtempSync(path.join(tmpdir(), 'aoc-demo-'))
const repository = path.join(home, 'repository')
const socket = path.join(home, 'pulse.sock')
const withoutTerminalMs = 10_000
const agents: IPty[] = []
const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true

try {
  makeRepository()
  const logs = path.join(repository, '.aoc', 'logs')
  const log = (component: 'hub' | 'pulse') =>
    openLog({ component, slug: slug(session), dir: logs, level: logLevel(process.env) })
  const hub = await startHub({
    sessionId: session,
    socketPath: socket,
    staleSeconds: staleSecondsDefault,
    subscriberBudgetBytes,
    idleSeconds: 0,
    version,
    log: log('hub'),
    run: (command) => focus(command, session, process.env, runProgram),
  })
  for (const [i, name] of ['builder', 'asker', 'tests'].entries()) agents.push(startAgent(name, `${i + 1}`))
  const of = { sessionId: session, socketPath: socket }
  if (isTerminal) {
    const place = { of, projectRoot: repository, log: log('pulse') }
    const notices = { ways: [], command: null }
    await runScreen({ ...place, ...screenSetting(process.env), name: 'aoc-demo', env: process.env, notices })
  } else {
    console.log(
      `session ${session}: three agents in ${repository}; it ends after ${withoutTerminalMs / 1_000} s\n`,
    )
    await new Promise((resolve) => setTimeout(resolve, 700))
    const feed = openFeed({
      of,
      local: null,
      once: false,
      json: false,
      look: { color: false, columns: 160 },
      log: noLog,
      print: (line) => console.log(line),
      note: (line) => console.error(line),
    })
    await untilTheEnd()
    await feed.close()
  }
  await Promise.all(agents.map(endAgent))
  await hub.close()
} catch (error) {
  cleanUp()
  fail('aoc-demo', error)
}
cleanUp()
process.exit(0)

function makeRepository(): void {
  mkdirSync(path.join(repository, 'src'), { recursive: true })
  mkdirSync(path.join(repository, '.taskmaster/tasks'), { recursive: true })
  const titles = ['parser', 'cache', 'ring', 'resume', 'focus']
  const tasks = titles.map(
    (title, i) => `{ "id": ${i + 1}, "title": "${title}", "status": "pending", "priority": "high" }`,
  )
  writeFileSync(
    path.join(repository, '.taskmaster/tasks/tasks.json'),
    `{ "demo": { "tasks": [\n${tasks.join(',\n')}\n] } }\n`,
  )
  writeFileSync(path.join(repository, 'src/feature.txt'), 'line 0\n')
  // `report` as the agents' scripts call it.
  const report = `#!/bin/sh\nexec "${process.execPath}" "${path.join(root, 'dist/bin/aoc-agent-wrap.js')}" report "$@"\n`
  mkdirSync(path.join(home, 'bin'))
  writeFileSync(path.join(home, 'bin/report'), report, { mode: 0o755 })
  for (const args of [
    ['init', '-q', '-b', 'main'],
    ['config', 'user.name', 'demo'],
    ['config', 'user.email', 'demo@localhost'],
    ['add', '-A'],
    ['commit', '-qm', 'start'],
  ]) {
    const { status, stderr, error } = spawnSync('git', args, { cwd: repository, encoding: 'utf8' })
    if (status !== 0) throw new Error(`git ${args[0]}: ${error?.message ?? stderr}`)
  }
}

function startAgent(name: string, pane: string): IPty {
  const wrapper = path.join(root, 'dist/bin/aoc-agent-wrap.js')
  const flags = [
    '--session',
    session,
    '--pane-id',
    pane,
    '--label',
    name,
    '--pulse-socket-path',
    socket,
    '--no-hub-start',
  ]
  const command = ['sh', path.join(root, 'fixtures/demo', `${name}.sh`)]
  const env = { ...process.env, PATH: `${path.join(home, 'bin')}:${process.env['PATH']}` }
  for (const name of ['ZELLIJ_SESSION_NAME', 'ZELLIJ_PANE_ID', 'AOC_WRAPPED_AGENT'])
    delete (env as NodeJS.ProcessEnv)[name]
  const agent = pty.spawn(process.execPath, [wrapper, ...flags, '--', ...command], { cwd: repository, env })
  // A terminal that nobody reads would hold its program up.
  agent.onData(() => {})
  return agent
}

function endAgent(agent: IPty): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => kill(agent, 'SIGKILL'), 2_000)
    agent.onExit(() => {
      clearTimeout(timer)
      resolve()
    })
    if (!kill(agent, 'SIGTERM')) resolve()
  })
}

function kill(agent: IPty, signal: 'SIGTERM' | 'SIGKILL'): boolean {
  try {
    process.kill(agent.pid, signal)
    return true
  } catch {
    return false
  }
}

function untilTheEnd(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
    setTimeout(resolve, withoutTerminalMs)
  })
}

function cleanUp(): void {
  for (const agent of agents) kill(agent, 'SIGKILL')
  rmSync(home, { recursive: true, force: true })
}
