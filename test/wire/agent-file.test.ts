import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import {
  agentFileName,
  agentFolder,
  parseAgentFile,
  printAgentFile,
  whyFolderNotTrusted,
  type AgentFile,
} from '../../lib/wire/agent-file.js'
import { agentFileBytesMax } from '../../lib/wire/limits.js'

function tempDir(t: Test): string {
  const dir = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'aoc-file-')))
  t.teardown(() => fs.rmSync(dir, { recursive: true, force: true }))
  return dir
}

const file = (source: object = {}): AgentFile => ({
  version: 1,
  wrapper_pid: 4711,
  wrapper_start: '7:99',
  state: { agent_id: 's::%3', session_id: 's', pane_id: '%3', lifecycle: 'needs_input', source },
})
const name = agentFileName('%3')

void t.test('a file that is printed is read as it was', async (t) => {
  const whole = file({ status: { detail: 'which branch?' } })
  t.same(parseAgentFile(printAgentFile(whole), name, 's'), whole)
  t.equal(agentFolder('/run/x/pulse.sock'), '/run/x/pulse.sock.agents')
  t.match(name, /^[\w.-]+\.json$/)
  t.not(agentFileName('a b'), agentFileName('a-b'), 'panes that look alike have files of their own')
})

void t.test('what is no file of an agent of this session is none', async (t) => {
  const text = JSON.stringify(file())
  const other = (change: object): string => JSON.stringify({ ...file(), ...change })
  const state = (change: object): string => other({ state: { ...file().state, ...change } })
  const rows: [string, string, string?][] = [
    ['half of it', text.slice(0, -5)],
    ['nothing', ''],
    ['another value', '[]'],
    ['null', 'null'],
    ['a later version', other({ version: 2 })],
    ['no wrapper', other({ wrapper_pid: 0 })],
    ['a group for a pid', other({ wrapper_pid: -1 })],
    ['no token', other({ wrapper_start: '' })],
    ['no word', state({ lifecycle: 'sleeping' })],
    ['another session', state({ session_id: 'x', agent_id: 'x::%3' })],
    ['an id of another pane', state({ agent_id: 's::%4' })],
    ['the file of another pane', text, agentFileName('%4')],
    [
      'nested without end',
      state({ source: 0 }).replace('"source":0', `"source":${'['.repeat(9_000)}${']'.repeat(9_000)}`),
    ],
    ['more than its bound', other({ more: 'x'.repeat(agentFileBytesMax) })],
  ]
  t.ok(parseAgentFile(text, name, 's'))
  for (const [what, wrong, as = name] of rows) t.equal(parseAgentFile(wrong, as, 's'), null, what)
})

void t.test('a state that is too large goes without its diff and tasks, and keeps its status', async (t) => {
  const status = { detail: 'which branch?' }
  const large = { files: ['é'.repeat(agentFileBytesMax / 2)] }
  const read = parseAgentFile(printAgentFile(file({ status, diff_summary: large })), name, 's')
  t.same(read?.state.source, { status })
  t.throws(() => printAgentFile(file({ status: large })), /has \d+ bytes/)
})

void t.test('the folder is ours alone, or it is not trusted', async (t) => {
  const dir = tempDir(t)
  const at = (one: string): string => path.join(dir, one)
  fs.mkdirSync(at('ours'), { mode: 0o700 })
  fs.mkdirSync(at('open'))
  fs.chmodSync(at('open'), 0o750)
  fs.writeFileSync(at('file'), '')
  fs.symlinkSync(at('ours'), at('link'))
  t.equal(whyFolderNotTrusted(at('none')), null)
  t.equal(whyFolderNotTrusted(at('ours')), null)
  t.match(whyFolderNotTrusted(at('open')), /open to others/)
  t.match(whyFolderNotTrusted(at('file')), /no folder/)
  t.match(whyFolderNotTrusted(at('link')), /a link/)
  fs.mkdirSync(at('shared/x'), { recursive: true })
  fs.chmodSync(at('shared/x'), 0o700)
  fs.chmodSync(at('shared'), 0o777)
  t.match(whyFolderNotTrusted(at('shared/x')), /written by others/)
})
