import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { openFeed, type FeedOptions } from '../../lib/pulse/feed.js'
import { agentFileName, agentFolder } from '../../lib/wire/agent-file.js'
import { noLog } from '../../lib/wire/log.js'
import { startToken } from '../../lib/wire/process-life.js'
import { until } from '../process/processes.js'

/** `once`: what a hub sends at one time, and what is printed of it. */

const frame = (type: string, payload: object): string =>
  `${JSON.stringify({
    version: '1',
    type,
    session_id: 's',
    sender_id: 'aoc-hub',
    timestamp: '2026-01-01T00:00:00Z',
    payload,
  })}\n`
const agent = (pane: string, lifecycle = 'running') => ({
  agent_id: `s::${pane}`,
  session_id: 's',
  pane_id: pane,
  lifecycle,
})
const hello = (seq: number): string =>
  frame('hello', {
    client_id: 'aoc-hub',
    role: 'hub',
    capabilities: [],
    epoch: 'e',
    seq,
    max_frame_bytes: 262_144,
    hub_version: '0',
    pid: 1,
    agents: 1,
  })
const upsert = (seq: number, state: ReturnType<typeof agent>, resume?: object): string =>
  frame('delta', {
    seq,
    epoch: 'e',
    changes: [{ op: 'upsert', agent_id: state.agent_id, state }],
    ...(resume && { resume }),
  })

/** What `once` prints of a hub that says all this as soon as it is asked. */
async function printed(
  t: Test,
  frames: string[],
  options: Partial<FeedOptions>,
): Promise<{ isServed: boolean; lines: string[] }> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'aoc-f-'))
  const socketPath = path.join(dir, 's')
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.write(frames.join('')))
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  t.teardown(() => {
    server.close()
    fs.rmSync(dir, { recursive: true, force: true })
  })
  const lines: string[] = []
  const feed = openFeed({
    of: { sessionId: 's', socketPath },
    local: null,
    once: true,
    json: false,
    look: { color: false, columns: Number.POSITIVE_INFINITY },
    log: noLog,
    print: (line) => lines.push(line),
    note: () => {},
    ...options,
  })
  const isServed = await feed.ended
  await feed.close()
  return { isServed, lines }
}

void t.test('nothing is printed after the first table', async (t) => {
  const first = frame('snapshot', { seq: 7, epoch: 'e', states: [agent('1')] })
  const table = await printed(t, [hello(7), first], {})
  t.equal(table.isServed, true)
  t.match(table.lines.join('\n'), /running/)
  const live = [hello(7), first, upsert(8, agent('1', 'needs_input')), upsert(9, agent('2'))]
  t.strictSame((await printed(t, live, {})).lines.length, table.lines.length)
  t.equal((await printed(t, live, { json: true })).lines.length, 1)
})

void t.test('once, from the seq where the hub is: nothing was missed', async (t) => {
  const resume = { mode: 'replay', from: 7 }
  const nothing = [hello(7), frame('delta', { seq: 7, epoch: 'e', changes: [], resume })]
  t.strictSame(await printed(t, nothing, { sinceSeq: 7 }), { isServed: true, lines: [] })
})

void t.test('once, from an earlier seq: all that was missed, and no more', async (t) => {
  const missed = [hello(7), upsert(6, agent('1'), { mode: 'replay', from: 5 }), upsert(7, agent('2'))]
  const { isServed, lines } = await printed(t, [...missed, upsert(8, agent('3'))], {
    sinceSeq: 5,
    json: true,
  })
  t.equal(isServed, true)
  t.strictSame(
    lines.map((line) => (JSON.parse(line) as { agent_id: string }).agent_id),
    ['s::1', 's::2'],
  )
})

void t.test('without a hub, a change of one agent tells nothing of the others', async (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'aoc-f-'))
  const socketPath = path.join(dir, 's')
  fs.mkdirSync(agentFolder(socketPath), { mode: 0o700 })
  const start = await startToken(process.pid)
  const write = (state: ReturnType<typeof agent>): void => {
    const text = JSON.stringify({ version: 1, wrapper_pid: process.pid, wrapper_start: start, state })
    fs.writeFileSync(path.join(agentFolder(socketPath), agentFileName(state.pane_id)), text)
  }
  write(agent('1'))
  write(agent('2'))
  const told: string[] = []
  const feed = openFeed({
    of: { sessionId: 's', socketPath },
    local: { projectRoot: dir, env: { PATH: process.env['PATH'] } },
    once: false,
    json: true,
    look: { color: false, columns: Number.POSITIVE_INFINITY },
    log: noLog,
    print: (line) => {
      const { seq, agent_id: id, state } = JSON.parse(line) as Record<string, unknown>
      told.push(`${String(seq)} ${String(id)} ${(state as { lifecycle: string }).lifecycle}`)
    },
    note: () => {},
  })
  t.teardown(async () => {
    await feed.close()
    fs.rmSync(dir, { recursive: true, force: true })
  })
  const both = ['null s::1 running', 'null s::2 running']
  await until('both', () => told.length === 2)
  t.strictSame(told, both)
  write(agent('2', 'needs_input'))
  await until('the change', () => told.length > 2)
  t.strictSame(told, [...both, 'null s::2 needs_input'])
})
