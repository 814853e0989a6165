import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { agentFileName, agentFolder, parseAgentFile } from '../../lib/wire/agent-file.js'
import type { AgentState } from '../../lib/wire/messages.js'
import { startToken } from '../../lib/wire/process-life.js'
import { RuntimeFile } from '../../lib/wrapper/runtime-file.js'
import { until } from '../process/processes.js'

function room(t: Test) {
  const dir = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'aoc-rt-')))
  t.teardown(() => fs.rmSync(dir, { recursive: true, force: true }))
  const socketPath = path.join(dir, 'deep/er/pulse.sock')
  const folder = agentFolder(socketPath)
  const file = path.join(folder, agentFileName('1'))
  const logged: string[] = []
  const state: AgentState = { agent_id: 's::1', session_id: 's', pane_id: '1', lifecycle: 'running' }
  let asked = 0
  const runtime = new RuntimeFile({
    socketPath,
    paneId: '1',
    state: () => {
      asked++
      return { ...state, updated_at_ms: asked }
    },
    log: (_, event) => void logged.push(event),
  })
  t.teardown(() => runtime.end())
  const read = () =>
    fs.existsSync(file) ? parseAgentFile(fs.readFileSync(file, 'utf8'), path.basename(file), 's') : null
  return { socketPath, folder, file, logged, state, runtime, read, asked: () => asked }
}

void t.test('the state is in the file while no hub has it', async (t) => {
  const { folder, file, state, runtime, read } = room(t)
  runtime.changed(true)
  t.equal(read(), null, 'nothing is written before a hub is missed')
  runtime.lost()
  await until('a file', () => read() !== null)
  t.match(read(), { version: 1, wrapper_pid: process.pid, state: { lifecycle: 'running' } })
  t.equal(read()?.wrapper_start, await startToken(process.pid))
  t.equal(fs.statSync(folder).mode & 0o777, 0o700)
  t.equal(fs.statSync(file).mode & 0o777, 0o600)

  state.lifecycle = 'needs_input'
  runtime.changed(true)
  state.snippet = 'which branch?'
  runtime.changed(false)
  await until('the last state', () => read()?.state.snippet === 'which branch?')
  t.equal(read()?.state.lifecycle, 'needs_input')

  runtime.taken()
  await until('no file', () => !fs.existsSync(file))
  runtime.changed(true)
  runtime.lost()
  await until('a file again', () => read()?.state.lifecycle === 'needs_input')
  await runtime.end()
  t.same(fs.readdirSync(folder), [])
  runtime.lost()
  runtime.changed(true)
  await runtime.end()
  t.same(fs.readdirSync(folder), [], 'nothing comes after the end')
})

void t.test('a hub that does not keep the agent has not taken it', async (t) => {
  const { file, runtime, read } = room(t)
  runtime.lost()
  await until('a file', () => read() !== null)
  const { ino } = fs.statSync(file)
  for (let i = 0; i < 8; i++) {
    runtime.taken()
    runtime.lost()
  }
  // Longer than a hub has to keep it.
  await new Promise((resolve) => setTimeout(resolve, 700))
  t.equal(fs.statSync(file).ino, ino, 'it stayed, and was not written anew')
})

void t.test('many changes are few writes, and the last one counts', async (t) => {
  const { state, runtime, read, asked } = room(t)
  runtime.lost()
  await until('a file', () => read() !== null)
  const before = asked()
  for (let i = 0; i < 1_000; i++) {
    state.snippet = String(i)
    runtime.changed(i % 2 === 0)
  }
  await until('the last', () => read()?.state.snippet === '999')
  t.ok(asked() - before <= 2, `${asked() - before} for a thousand changes`)
})

void t.test("another's file stays", async (t) => {
  const { file, folder, runtime, read } = room(t)
  runtime.lost()
  await until('a file', () => read() !== null)
  fs.writeFileSync(path.join(folder, 'other'), 'of another wrapper')
  fs.renameSync(path.join(folder, 'other'), file)
  await runtime.end()
  t.equal(fs.readFileSync(file, 'utf8'), 'of another wrapper')
})

void t.test('what cannot be written is said once, and harms nobody', async (t) => {
  for (const put of [
    (folder: string) => fs.symlinkSync(os.tmpdir(), folder),
    (folder: string) => fs.writeFileSync(folder, ''),
    (folder: string) => {
      fs.mkdirSync(folder)
      fs.chmodSync(folder, 0o777)
    },
  ]) {
    const { folder, file, logged, runtime } = room(t)
    fs.mkdirSync(path.dirname(folder), { recursive: true })
    put(folder)
    runtime.lost()
    await until('a word in the log', () => logged.length > 0)
    runtime.changed(true)
    await new Promise((resolve) => setTimeout(resolve, 250))
    t.same(logged, ['runtime_file_failed'])
    t.notOk(fs.existsSync(file))
    await runtime.end()
  }
})
