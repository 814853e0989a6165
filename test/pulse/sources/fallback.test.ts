import fs from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import type { LocalFound } from '../../../lib/pulse/local/local-source.js'
import { openFallback } from '../../../lib/pulse/sources/fallback.js'
import { agentFileName, agentFolder } from '../../../lib/wire/agent-file.js'
import type { AgentState } from '../../../lib/wire/messages.js'
import { startToken } from '../../../lib/wire/process-life.js'
import { until } from '../../process/processes.js'
import { gitEnv, makeFolder } from '../../project/repository.js'

/** A fallback, and a hub that says what the test wants. The wrappers are this process. */
async function open(t: Test) {
  const folder = makeFolder(t)
  const socketPath = path.join(folder, 'pulse.sock')
  fs.mkdirSync(agentFolder(socketPath), { mode: 0o700 })
  const start = await startToken(process.pid)
  const fileOf = (pane: string): string => path.join(agentFolder(socketPath), agentFileName(pane))
  const stateOf = (pane: string, lifecycle: AgentState['lifecycle'] = 'needs_input'): AgentState => ({
    agent_id: `s::${pane}`,
    session_id: 's',
    pane_id: pane,
    lifecycle,
    source: { kind: 'wrapper', pid: process.pid },
  })
  const write = (pane: string): void => {
    const file = { version: 1, wrapper_pid: process.pid, wrapper_start: start, state: stateOf(pane) }
    fs.writeFileSync(fileOf(pane), JSON.stringify(file))
  }
  const hub = new Map<string, AgentState>()
  const tell = (...states: AgentState[]): void => {
    for (const state of states) hub.set(state.agent_id, state)
  }
  const found: (LocalFound | null)[] = []
  const expected: number[] = []
  const fallback = openFallback({
    sessionId: 's',
    socketPath,
    projectRoot: folder,
    env: gitEnv,
    panesOfSession: () => Promise.resolve(null),
    hubStates: () => hub,
    onHubExpected: () => void expected.push(1),
    onFound: (one) => void found.push(one),
    log: () => {},
  })
  t.teardown(() => fallback.close())
  const shown = (): string[] | undefined =>
    found.at(-1)?.states.map(({ pane_id: pane, lifecycle }) => `${pane} ${lifecycle}`)
  return { fallback, found, shown, write, fileOf, stateOf, hub, tell, expected }
}

// The first: the module that it loads must not be there yet.
void t.test('a hub that comes while it is being opened keeps it shut', async (t) => {
  const { fallback, found, shown, write } = await open(t)
  write('1')
  fallback.lost(false)
  await new Promise((resolve) => setTimeout(resolve, 1))
  fallback.served()
  await import('../../../lib/pulse/local/local-source.js')
  await new Promise((resolve) => setTimeout(resolve, 300))
  t.strictSame(found, [])
  fallback.lost(false)
  await until('it is opened later', () => shown()?.length === 1)
})

void t.test('agents stay beside a hub that comes until it has them', async (t) => {
  const { fallback, found, shown, write, stateOf, hub, tell } = await open(t)
  for (const pane of ['1', '2', '3']) write(pane)
  fallback.lost(false)
  await until('three', () => shown()?.length === 3)

  tell(stateOf('1', 'idle'))
  fallback.served()
  t.strictSame(shown(), ['2 needs_input', '3 needs_input'])
  tell(stateOf('2', 'idle'))
  fallback.served()
  t.strictSame(shown(), ['3 needs_input'])
  hub.delete('s::2')
  fallback.served()
  t.strictSame(shown(), ['3 needs_input'], 'what the hub had is the hub’s')
  const before = found.length
  fallback.served()
  t.equal(found.length, before)

  fallback.lost(true)
  t.strictSame(shown(), ['1 idle', '2 needs_input', '3 needs_input'], 'and all are there when it is lost')
  tell(stateOf('2'), stateOf('3'))
  fallback.served()
  t.equal(found.at(-1), null, 'nobody is waited for any more')
})

void t.test('it tells when a hub may have come, and what agents did last', async (t) => {
  const { fallback, shown, write, fileOf, stateOf, tell, expected } = await open(t)
  tell(stateOf('1', 'error'))
  fallback.lost(false)
  await until('the hub’s last words', () => shown()?.[0] === '1 error')
  write('1')
  await until('the file', () => shown()?.[0] === '1 needs_input')
  expected.length = 0
  fs.rmSync(fileOf('1'))
  await until('a hub is looked for', () => expected.length > 0)
  t.strictSame(shown(), ['1 needs_input'], 'and the agent stays')
})
