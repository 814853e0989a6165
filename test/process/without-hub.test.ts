import fs from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { openLocal, type LocalFound } from '../../lib/pulse/local/local-source.js'
import { agentFileName, agentFolder, parseAgentFile } from '../../lib/wire/agent-file.js'
import { LineClient, newRoom, startHub, until, type Room } from './processes.js'
import { TestTerminal, wrapper } from './terminal.js'

/** A wrapped shell in a terminal, and no hub. It reports what its person types. */
function wrapped(t: Test, room: Room, more: Record<string, string> = {}, flags = ['--no-hub-start']) {
  const args = [wrapper, '--session', 's', '--pane-id', '1', ...flags, '--', 'sh', '-c']
  const report = `${process.execPath} ${wrapper} report --lifecycle`
  const script = `echo ready; while read -r word; do ${report} "$word" --detail "which branch?"; done`
  const terminal = new TestTerminal(process.execPath, [...args, script], {
    cwd: room.dir,
    env: { ...room.env, ...more },
  })
  t.teardown(() => terminal.kill())
  return terminal
}

const stateIn = (file: string) =>
  fs.existsSync(file)
    ? parseAgentFile(fs.readFileSync(file, 'utf8'), path.basename(file), 's')?.state
    : undefined

void t.test('the true status is known without a hub, and told by a hub when there is one', async (t) => {
  const room = newRoom(t)
  const socket = room.socketOf('s')
  const file = path.join(agentFolder(socket), agentFileName('1'))
  const terminal = wrapped(t, room)
  await terminal.see(/ready/)
  await until('a file', () => stateIn(file)?.lifecycle === 'running')
  terminal.type('needs_input\r')
  await until('the report is in the file', () => stateIn(file)?.lifecycle === 'needs_input')
  t.match(stateIn(file), {
    agent_id: 's::1',
    source: { kind: 'wrapper', status: { detail: 'which branch?' } },
  })

  const found: LocalFound[] = []
  const local = openLocal({
    sessionId: 's',
    socketPath: socket,
    projectRoot: room.dir,
    env: room.env,
    onFound: (one) => void found.push(one),
    log: () => {},
    intervalMs: 50,
  })
  t.teardown(() => local.close())
  const seen = () => found.at(-1)?.states
  await until('it is found', () => seen()?.length === 1)
  t.match(seen(), [{ agent_id: 's::1', lifecycle: 'needs_input' }])

  const hub = await startHub(t, room)
  const watcher = await LineClient.subscriber(t, hub)
  await until('the file is gone', () => !fs.existsSync(file))
  const told = () =>
    watcher
      .payloads('delta')
      .flatMap(({ changes }) => changes as { state?: { lifecycle: string } }[])
      .concat(
        watcher
          .payloads('snapshot')
          .flatMap(({ states }) => (states as { lifecycle: string }[]).map((state) => ({ state }))),
      )
  await until('the hub tells it', () => told().some(({ state }) => state?.lifecycle === 'needs_input'))
  await until('nothing is found beside the hub', () => seen()?.length === 0)

  await hub.kill()
  await until('the file is back', () => stateIn(file)?.lifecycle === 'needs_input')
  watcher.socket.destroy()
  terminal.type('idle\r')
  await until('it goes on being true', () => stateIn(file)?.lifecycle === 'idle')
  await until('and is found', () => seen()?.[0]?.lifecycle === 'idle')

  terminal.kill()
  await until('it is forgotten', () => seen()?.length === 0)
  await until('and its file too', () => !fs.existsSync(file))
})

void t.test('an end leaves nothing', async (t) => {
  const room = newRoom(t)
  const folder = agentFolder(room.socketOf('s'))
  const terminal = wrapped(t, room)
  await until('a file', () => fs.existsSync(path.join(folder, agentFileName('1'))))
  terminal.type('\u0004')
  await terminal.ended
  t.same(fs.readdirSync(folder), [])
})

void t.test('where no hub and no file can be, the agent runs all the same', async (t) => {
  const room = newRoom(t)
  fs.writeFileSync(path.join(room.dir, 'file'), '')
  for (const socket of [path.join(room.dir, 'file/pulse.sock'), '/proc/none/pulse.sock']) {
    const terminal = wrapped(t, room, { AOC_PULSE_SOCK: socket }, [])
    await terminal.see(/ready/)
    terminal.type('needs_input\r')
    terminal.type('\u0004')
    t.match(await terminal.ended, { exitCode: 0 }, socket)
  }
  t.same(fs.readdirSync('/proc').includes('none'), false)
})
