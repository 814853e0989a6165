import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pty from '@lydell/node-pty'
import t from 'tap'
import { agentsAmong, joinAgents } from '../../../lib/pulse/local/agent-processes.js'
import { readPlaces, readProcesses } from '../../../lib/pulse/local/process-table.js'
import { psTable } from '../../../lib/pulse/local/ps-table.js'
import { until } from '../../process/processes.js'

void t.test('a stand-in on a terminal is found where it runs', async (t) => {
  const dir = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'aoc-proc-')))
  t.teardown(() => fs.rmSync(dir, { recursive: true, force: true }))
  const script = path.join(dir, 'claude')
  fs.writeFileSync(script, 'setInterval(() => {}, 1e6)')
  const session = `real-${process.pid}`
  const env = { PATH: process.env['PATH'] ?? '', AOC_SESSION_ID: session, AOC_PANE_ID: '5', SECRET: 'x' }
  const terminal = pty.spawn(process.execPath, [script], { cwd: dir, env })
  t.teardown(() => terminal.kill('SIGKILL'))
  // Without a terminal it is no agent that a person works with.
  const silent = spawn(process.execPath, [script], { cwd: dir, env, stdio: 'ignore', detached: true })
  t.teardown(() => silent.kill('SIGKILL'))
  await once(silent, 'spawn')

  const place = {
    sessionId: session,
    env: {},
    panes: null,
    projectKey: dir,
    keyOf: (folder: string) => folder,
  }
  const look = async () => {
    const found = agentsAmong(await readProcesses())
    const places = await readPlaces(found.map(({ pid }) => pid))
    return { states: joinAgents([], found, places, place), places }
  }
  await until('it is found', async () => (await look()).states.length > 0)
  const { states, places } = await look()
  t.match(states, [
    {
      agent_id: `${session}::5`,
      lifecycle: 'running',
      source: { kind: 'process', command: 'claude', pid: terminal.pid, agent_status: { cwd: dir } },
    },
  ])
  t.equal(states.length, 1)
  if (process.platform === 'linux')
    t.same(places.get(terminal.pid)?.env, { AOC_SESSION_ID: session, AOC_PANE_ID: '5' }, 'and nothing else')
  const { started_at_ms: startedMs } = states[0]!.source as { started_at_ms: number }
  t.ok(Math.abs(startedMs - Date.now()) < 60_000)
  const byPs = (await psTable()).find(({ pid }) => pid === terminal.pid)
  t.match(byPs, { hasTerminal: true, isStopped: false, parent: process.pid }, 'ps tells the same')
  t.ok(Math.abs(byPs!.startedAtMs - startedMs) < 3_000)

  process.kill(terminal.pid, 'SIGSTOP')
  await until('it is stopped', async () => (await look()).states[0]?.lifecycle === 'idle')
  terminal.kill('SIGKILL')
  await until('it is gone', async () => (await look()).states.length === 0)
})

void t.test('processes that are not there are nowhere', async (t) => {
  const places = await readPlaces([2 ** 22 + 1])
  t.same([...places.values()], [{ env: null, cwd: null }])
})
