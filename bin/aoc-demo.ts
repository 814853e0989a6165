#!/usr/bin/env node
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { focus } from '../lib/multiplexer/focus.js'
import { runProgram } from '../lib/multiplexer/run-program.js'
import { startHub } from '../lib/hub/server.js'
import { openFeed } from '../lib/pulse/feed.js'
import { slug } from '../lib/wire/identity.js'
import { staleSecondsDefault, subscriberBudgetBytes } from '../lib/wire/limits.js'
import { logLevel, noLog, openLog } from '../lib/wire/log.js'
import { version } from '../lib/wire/version.js'
import { fail } from './program.js'

/** What `npm start` runs: a session with three agents at work in a repository of its own, and Pulse on top. */

const root = fileURLToPath(new URL('../..', import.meta.url))
const session = `demo-${process.pid}`
const home = mkdtempSync(path.join(tmpdir(), 'aoc-demo-'))
const repository = path.join(home, 'repository')
const socket = path.join(home, 'pulse.sock')
const withoutTerminalMs = 10_000
const agents: ChildProcess[] = []
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
  console.log(`session ${session}: three agents in ${repository}`)
  console.log(isTerminal ? 'q or Ctrl-C ends it\n' : `it ends after ${withoutTerminalMs / 1_000} s\n`)
  for (const [i, name] of ['builder', 'asker', 'tests'].entries()) agents.push(startAgent(name, `${i + 1}`))
  await new Promise((resolve) => setTimeout(resolve, 700))
  const feed = openFeed({
    sessionId: session,
    socketPath: socket,
    once: false,
    json: false,
    look: {
      color: process.stdout.isTTY === true && !process.env['NO_COLOR'],
      columns: process.stdout.columns ?? 160,
    },
    log: noLog,
    print: (line) => console.log(line),
    note: (line) => console.error(line),
  })
  await untilTheEnd()
  await feed.close()
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

function startAgent(name: string, pane: string): ChildProcess {
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
  return spawn(process.execPath, [wrapper, ...flags, '--', ...command], {
    cwd: repository,
    env,
    stdio: 'ignore',
  })
}

async function endAgent(agent: ChildProcess): Promise<void> {
  if (agent.exitCode !== null || agent.signalCode !== null) return
  const gone = new Promise((resolve) => agent.once('exit', resolve))
  agent.kill('SIGTERM')
  const timer = setTimeout(() => agent.kill('SIGKILL'), 2_000)
  await gone
  clearTimeout(timer)
}

function untilTheEnd(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
    if (!isTerminal) return void setTimeout(resolve, withoutTerminalMs)
    process.stdin.setRawMode(true)
    process.stdin.on('data', (keys) => {
      if (/[q\u0003\u0004]/.test(keys.toString())) resolve()
    })
  })
}

function cleanUp(): void {
  if (isTerminal) process.stdin.setRawMode(false)
  for (const agent of agents) agent.kill('SIGKILL')
  rmSync(home, { recursive: true, force: true })
}
