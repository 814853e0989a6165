import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { agentFileName, agentFolder } from '../../../lib/wire/agent-file.js'
import { startToken } from '../../../lib/wire/process-life.js'
import { readAgentFiles } from '../../../lib/pulse/local/agent-files.js'

async function room(t: Test) {
  const dir = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'aoc-read-')))
  t.teardown(() => fs.rmSync(dir, { recursive: true, force: true }))
  const socketPath = path.join(dir, 'pulse.sock')
  const folder = agentFolder(socketPath)
  fs.mkdirSync(folder, { mode: 0o700 })
  const start = (await startToken(process.pid))!
  const text = (pane: string, more: object = {}): string =>
    JSON.stringify({
      version: 1,
      wrapper_pid: process.pid,
      wrapper_start: start,
      state: { agent_id: `s::${pane}`, session_id: 's', pane_id: pane, lifecycle: 'needs_input' },
      ...more,
    })
  const at = (pane: string): string => path.join(folder, agentFileName(pane))
  const panes = async () => (await readAgentFiles(socketPath, 's')).map(({ pane_id: pane }) => pane)
  return { dir, socketPath, folder, text, at, panes, start }
}

void t.test('hostile files are passed over, and the others are read', async (t) => {
  const { folder, text, at, panes, dir } = await room(t)
  fs.writeFileSync(at('good'), text('good'))
  fs.writeFileSync(at('half'), text('half').slice(0, -9))
  fs.writeFileSync(path.join(dir, 'outside'), text('link'))
  fs.symlinkSync(path.join(dir, 'outside'), at('link'))
  execFileSync('mkfifo', [at('fifo')])
  fs.mkdirSync(at('folder'))
  fs.writeFileSync(at('large'), text('large'))
  fs.truncateSync(at('large'), 100 * 1_024 * 1_024)
  fs.writeFileSync(at('binary'), Buffer.alloc(1_000, 0xff))
  fs.writeFileSync(at('mine'), text('another'))
  fs.writeFileSync(path.join(folder, 'notes.txt'), text('good'))
  const before = fs.readdirSync(folder)
  t.same(await panes(), ['good'])
  t.same(fs.readdirSync(folder), before, 'what is none of ours stays')
})

void t.test('what a killed wrapper left is taken away', async (t) => {
  const { folder, text, at, panes, start } = await room(t)
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' })
  const pid = child.pid!
  await once(child, 'exit')
  fs.writeFileSync(at('dead'), text('dead', { wrapper_pid: pid }))
  fs.writeFileSync(at('recycled'), text('recycled', { wrapper_start: `${start}0` }))
  fs.writeFileSync(at('elsewhere'), text('elsewhere', { wrapper_start: `x${start}` }))
  fs.writeFileSync(at('alive'), text('alive'))
  fs.writeFileSync(`${at('alive')}.${pid}.tmp`, 'half')
  fs.writeFileSync(`${at('alive')}.${process.pid}.tmp`, 'half')
  t.same(await panes(), ['alive'])
  const kept = [at('alive'), `${at('alive')}.${process.pid}.tmp`, at('elsewhere')]
  t.same(fs.readdirSync(folder).toSorted(), kept.map((file) => path.basename(file)).toSorted())
})

void t.test('a folder that is not ours alone is not read', async (t) => {
  const { folder, text, at, panes, dir } = await room(t)
  fs.writeFileSync(at('good'), text('good'))
  t.same(await panes(), ['good'])
  fs.chmodSync(folder, 0o755)
  await t.rejects(panes(), /open to others/)
  fs.chmodSync(folder, 0o700)
  fs.renameSync(folder, path.join(dir, 'moved'))
  t.same(await panes(), [], 'none is no fault')
  fs.symlinkSync(path.join(dir, 'moved'), folder)
  await t.rejects(panes(), /a link/)
})
