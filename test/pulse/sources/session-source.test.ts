import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import t, { type Test } from 'tap'
import type { Event } from '../../../lib/pulse/model/event.js'
import { openSessionSource } from '../../../lib/pulse/sources/session-source.js'
import { noLog } from '../../../lib/wire/log.js'
import type { AgentState, CommandResult } from '../../../lib/wire/messages.js'
import { gitEnv, makeFolder, sh } from '../../project/repository.js'
import { v1StateOf } from '../model.js'

interface Asked {
  command: string
  args: Record<string, unknown>
}

/** A hub that knows these agents and answers commands as the test wants, and the source that is joined to it. */
async function open(t: Test, states: AgentState[], answer: (asked: Asked) => Partial<CommandResult> | null) {
  const folder = makeFolder(t)
  const socketPath = path.join(folder, 'pulse.sock')
  const sockets = new Set<net.Socket>()
  const asked: Asked[] = []
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    const say = (type: string, payload: object, request_id?: string): void => {
      const head = { version: '1', type, session_id: 's', sender_id: 'aoc-hub' }
      const timestamp = new Date().toISOString()
      socket.write(`${JSON.stringify({ ...head, timestamp, request_id, payload })}\n`)
    }
    const take = (line: string): void => {
      const {
        type,
        payload,
        request_id: id,
      } = JSON.parse(line) as {
        type: string
        payload: Asked
        request_id?: string
      }
      if (type === 'hello') {
        const more = { capabilities: [], epoch: 'e', seq: 1, max_frame_bytes: 262_144, pid: 1, agents: 1 }
        say('hello', { client_id: 'aoc-hub', role: 'hub', hub_version: '0', ...more })
      } else if (type === 'subscribe') say('snapshot', { seq: 1, epoch: 'e', states })
      else if (type === 'command') {
        asked.push(payload)
        const result = answer(payload)
        if (result === null) socket.destroy()
        else say('command_result', { command: payload.command, status: 'ok', ...result }, id)
      }
    }
    let rest = ''
    socket.on('data', (data) => {
      const lines = (rest + String(data)).split('\n')
      rest = lines.pop()!
      for (const line of lines) if (line !== '') take(line)
    })
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  let joined: () => void = () => {}
  const live = new Promise<void>((resolve) => (joined = resolve))
  const source = openSessionSource({
    sessionId: 's',
    socketPath,
    projectRoot: folder,
    env: gitEnv,
    topics: ['agent_state', 'command_result'],
    hasFallback: false,
    layoutMs: 0,
    log: noLog,
    onEvent: (event: Event) => {
      if (event.kind === 'link' && event.link.kind === 'live') joined()
    },
  })
  t.teardown(async () => {
    await source.close()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await live
  return { source, asked, folder }
}

const fault = (code: string, message: string): Partial<CommandResult> => ({
  status: 'error',
  message,
  error: { code, message },
})

void t.test('a patch comes in parts, and is told as it comes', async (t) => {
  const agent = v1StateOf('1')
  const { source, asked } = await open(t, [agent], ({ args }) => ({
    result: { path: 'f', patch: `${String(args['part'])}\n`, part: args['part'], parts: 3, patch_id: 'p' },
  }))
  const told: number[][] = []
  const onPart = (part: number, parts: number): void => void told.push([part, parts])
  const result = await source.request('get_diff_patch', agent, { path: 'f' }, { onPart })
  t.match(result, { status: 'ok', result: { patch: '1\n2\n3\n' } })
  t.match(asked, [
    { args: { path: 'f', part: 1 } },
    { args: { path: 'f', part: 2, patch_id: 'p' } },
    { args: { path: 'f', part: 3, patch_id: 'p' } },
  ])
  t.strictSame(told, [
    [2, 3],
    [3, 3],
  ])
})

void t.test('other commands are given as they are', async (t) => {
  const agent = v1StateOf('1')
  const { source, asked } = await open(t, [agent], () => fault('unsupported_command', 'it has no refresh'))
  t.match(await source.request('refresh', agent, {}), { status: 'error', message: 'it has no refresh' })
  t.strictSame(
    asked.map(({ args }) => args),
    [{}],
  )
})

void t.test('a hub that is lost between two parts', async (t) => {
  const agent = v1StateOf('1')
  const first = { result: { path: 'f', patch: 'x', part: 1, parts: 2, patch_id: 'p' } }
  const { source } = await open(t, [agent], ({ args }) => (args['part'] === 1 ? first : null))
  t.equal(await source.request('get_diff_patch', agent, { path: 'f' }), null)
})

void t.test('who gives up is asked for no more', async (t) => {
  const agent = v1StateOf('1')
  const ending = new AbortController()
  const { source, asked } = await open(t, [agent], ({ args }) => {
    ending.abort()
    return { result: { path: 'f', patch: 'x', part: args['part'], parts: 9, patch_id: 'p' } }
  })
  const { signal } = ending
  await t.rejects(source.request('get_diff_patch', agent, { path: 'f' }, { signal }), /abort/)
  t.equal(asked.length, 1)
})

void t.test('a v1 agent that does not answer: its repository is read here', async (t) => {
  const root = makeFolder(t)
  fs.writeFileSync(path.join(root, 'f'), 'one\n')
  sh(root, 'git init -q')
  const of = (projectRoot: string): AgentState => v1StateOf('1', { message: null, project_root: projectRoot })
  const late = fault('timeout', 'the agent has not answered in time')
  const { source } = await open(t, [of(root)], () => late)
  const ask = (agent: AgentState, path: string) => source.request('get_diff_patch', agent, { path })
  t.match(await ask(of(root), 'f'), { status: 'ok', result: { patch: /\+one/ } })
  t.match(
    await ask(of(root), 'nothing'),
    { message: late.message! },
    'what cannot be read here is told as it came',
  )
  t.match(await ask(of(''), 'f'), { message: late.message! }, 'nor what is somewhere')
  const wrapped = { ...of(root), source: { kind: 'wrapper', project_root: root } }
  t.match(
    await ask(wrapped, 'f'),
    { message: late.message! },
    'a wrapper gives parts: it is slow for another reason',
  )
})
