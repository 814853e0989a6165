import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import readline from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Candidate } from './candidates.js'
import { startChild, stopChild, waitForOutput } from './children.js'
import { nowUs } from './clock.js'
import type { Greeting, Posted } from './hook-agent.js'
import { benchSession } from './names.js'
import { hubSpeech } from './speech.js'
import { Tap } from './tap.js'
import type { Terminal } from './terminal.js'
import { quoted, type Workplace } from './wrapped.js'

const agentProgram = fileURLToPath(new URL('hook-agent.js', import.meta.url))
const doorProgram = fileURLToPath(new URL('bare-door.js', import.meta.url))
const startMs = 10_000

/** The two events that are posted in turns: a turn begins, a turn ends. */
const events = { running: 'UserPromptSubmit', idle: 'Stop' } as const

/** An agent with hooks on a terminal of its own, and where its events come out at last. */
export interface Hooked {
  /** The line of its hook that is a command. */
  hookLine: string
  /** The next event's JSON, and whether a line that comes out is of that event. */
  next: () => { body: string; isArrival: (line: string) => boolean }
  /** Has the agent post an event. */
  post: (body: string) => Promise<Posted>
  /** Where its events come out. */
  tap: Tap
  close: () => Promise<void>
}

/** Makes an agent of the name `claude`, which the wrapper knows. @returns its file. */
export function writeAgent(dir: string): string {
  const file = path.join(dir, 'claude')
  fs.writeFileSync(file, `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(agentProgram)} "$@"\n`)
  fs.chmodSync(file, 0o755)
  return file
}

/** A subscriber of a hub or of the relay. */
export function openTap({ address }: Candidate): Promise<Tap> {
  return Tap.open(address, hubSpeech.subscriber.bytes, hubSpeech.subscriber.isReady)
}

/** An agent under a wrapper that tells a hub. */
export async function startWrapped(place: Workplace, pane: string, tap: Tap, agent: string): Promise<Hooked> {
  const socketPath = path.join(place.runtimeDir, `agent-${pane}.sock`)
  const terminal = () => place.run('ours', [agent, socketPath], pane)
  const isOf = (lifecycle: string) => (line: string) => isStatus(line, `${benchSession}::${pane}`, lifecycle)
  return startHooked({ socketPath, terminal, tap, pane, isOf, alsoClose: async () => {} })
}

/** The same agent on a bare terminal, with hooks that are posted to a door that does nothing else. */
export async function startBare(
  place: Workplace,
  relay: Candidate,
  pane: string,
  tap: Tap,
  agent: string,
): Promise<Hooked> {
  const socketPath = path.join(place.runtimeDir, `bare-${pane}.sock`)
  const door = startChild(process.execPath, [doorProgram, (relay.address as { path: string }).path])
  const said = await waitForOutput(door, 'is ready')
  const url = /^\S+/.exec(said)![0]
  const hooks = Object.fromEntries(Object.values(events).map((event) => [event, [{ hooks: [{ url }] }]]))
  const command = [agent, '--settings', JSON.stringify({ hooks }), socketPath]
  const isOf = (lifecycle: 'running' | 'idle') => (line: string) => isEvent(line, pane, events[lifecycle])
  return startHooked({
    socketPath,
    terminal: () => place.run('bare', command, pane),
    tap,
    pane,
    isOf,
    alsoClose: () => stopChild(door),
  })
}

/** Resolves at the time (`nowUs`) at which a line came that `isWanted`. */
export function arrival(tap: Tap, isWanted: (line: string) => boolean, late: string): Promise<number> {
  return tap.during<number>(
    (done) => {
      let held = ''
      tap.hear = (chunk, length) => {
        const atUs = nowUs()
        held += chunk.toString('latin1', 0, length)
        const lines = held.split('\n')
        held = lines.pop() ?? ''
        if (lines.some(isWanted)) done(atUs)
      }
    },
    () => late,
  )
}

async function startHooked(start: {
  socketPath: string
  terminal: () => Terminal
  tap: Tap
  pane: string
  isOf: (lifecycle: 'running' | 'idle') => (line: string) => boolean
  alsoClose: () => Promise<void>
}): Promise<Hooked> {
  const { socketPath, tap, pane, isOf } = start
  const server = net.createServer({ pauseOnConnect: true })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  const connected = new Promise<net.Socket>((resolve, reject) => {
    server.once('connection', resolve)
    setTimeout(() => reject(new Error(`the agent of pane ${pane} did not start`)), startMs).unref()
  })
  const terminal = start.terminal()
  terminal.hear = () => {}
  const socket = await connected.finally(() => server.close())
  const lines = readline.createInterface({ input: socket })[Symbol.asyncIterator]()
  const answer = async (): Promise<string> => {
    const line = await lines.next()
    if (line.done) throw new Error(`the agent of pane ${pane} ended`)
    return line.value
  }
  const { command, hasHooks } = JSON.parse(await answer()) as Greeting
  const close = async (): Promise<void> => {
    socket.destroy()
    await Promise.all([terminal.close(), start.alsoClose()])
  }
  if (!hasHooks) {
    await close()
    throw new Error(`the agent of pane ${pane} was started without hooks`)
  }

  let isRunning = true
  return {
    hookLine: command ?? '',
    tap,
    next() {
      isRunning = !isRunning
      const lifecycle = isRunning ? 'running' : 'idle'
      const body = { session_id: pane, cwd: '/home/ada/engine', hook_event_name: events[lifecycle] }
      return { body: JSON.stringify(body), isArrival: isOf(lifecycle) }
    },
    async post(body) {
      socket.write(`${body}\n`)
      const posted = JSON.parse(await answer()) as Posted
      if (posted.status !== 200) throw new Error(`an event was answered with ${posted.status}`)
      return posted
    },
    close,
  }
}

/** Whether a hub's line says so of an agent, by a word of its own. */
function isStatus(line: string, agentId: string, lifecycle: string): boolean {
  const { type, payload } = parsed(line) as {
    type?: string
    payload?: { changes?: { agent_id: string; state?: { lifecycle: string; source: { status: unknown } } }[] }
  }
  const change = type === 'delta' ? payload?.changes?.find((one) => one.agent_id === agentId) : undefined
  const { origin } = (change?.state?.source.status ?? {}) as { origin?: string }
  return change?.state?.lifecycle === lifecycle && origin === 'hook'
}

function isEvent(line: string, pane: string, name: string): boolean {
  const { session_id: session, hook_event_name: event } = parsed(line) as Record<string, unknown>
  return session === pane && event === name
}

/** The end of a line whose beginning came before anybody listened is nothing. */
function parsed(line: string): object {
  try {
    return JSON.parse(line) as object
  } catch {
    return {}
  }
}
