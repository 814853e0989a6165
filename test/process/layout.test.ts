import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { LineClient, newRoom, startHub, until, type HubProcess, type Room } from './processes.js'

const hasTmux = ((): boolean => {
  try {
    return execFileSync('tmux', ['-V'], { encoding: 'utf8' }).startsWith('tmux')
  } catch {
    return false
  }
})()

const watched = { AOC_PULSE_LAYOUT_WATCH_ENABLED: '1', AOC_PULSE_LAYOUT_WATCH_MS: '250' }

/** A subscriber to the layout alone. */
async function watcher(t: Test, hub: HubProcess): Promise<LineClient> {
  const client = await LineClient.subscriber(t, hub, ['hello', 'subscribe', 'health', 'layout_state'])
  client.say('subscribe', { topics: ['layout_state', 'health'] })
  await client.until('health')
  return client
}

const names = (layout: Record<string, unknown> | undefined): string[] =>
  ((layout?.['tabs'] ?? []) as { name: string; active: boolean; panes: unknown[] }[]).map(
    ({ name, active, panes }) => `${name}${active ? '*' : ''} ${panes.length}`,
  )

const logOf = (room: Room): string =>
  fs
    .readdirSync(room.logs)
    .map((file) => fs.readFileSync(path.join(room.logs, file), 'utf8'))
    .join('')

void t.test(
  'a subscriber sees a window come and go',
  { skip: hasTmux ? false : 'tmux is not installed' },
  async (t) => {
    const room = newRoom(t)
    const env = { ...room.env, TMUX_TMPDIR: room.dir, TERM: 'xterm', SHELL: '/bin/sh' }
    const tmux = (...args: string[]): string =>
      execFileSync('tmux', ['-f', '/dev/null', ...args], { encoding: 'utf8', env, stdio: 'pipe' }).trim()
    t.teardown(() => {
      try {
        tmux('kill-server')
      } catch {
        // It has ended.
      }
    })
    tmux('new-session', '-d', '-s', 'shop', '-n', 'api', 'exec sleep 600')
    const hub = await startHub(t, room, 'shop', [], { env: { ...watched, TMUX_TMPDIR: room.dir } })
    const client = await watcher(t, hub)
    const last = (): Record<string, unknown> | undefined => client.payloads('layout_state').at(-1)
    const sees = (...expected: string[]): Promise<void> =>
      until(expected.join(', '), () => names(last()).join() === expected.join())
    await sees('api* 1')
    t.match(JSON.stringify(client.payloads('hello')), /layout_state/)
    t.match(last(), { multiplexer: 'tmux', tabs: [{ index: 1, panes: [{ pane_id: '%0', focused: true }] }] })
    tmux('new-window', '-d', '-t', 'shop:', '-n', 'tests', 'exec sleep 600')
    await sees('api* 1', 'tests 1')
    client.say('command', { command: 'focus_tab', args: { tab_index: 2 } }, 'r1')
    await sees('api 1', 'tests* 1')
    tmux('split-window', '-d', '-t', '=shop:tests', 'exec sleep 600')
    await sees('api 1', 'tests* 2')
    tmux('kill-window', '-t', '=shop:api')
    await sees('tests* 2')
    const layouts = client.payloads('layout_state').map((layout) => JSON.stringify(layout))
    t.ok(
      layouts.every((layout, i) => layout !== layouts[i - 1]),
      'and is told nothing twice',
    )
    const later = await watcher(t, hub)
    t.strictSame(names(await later.until('layout_state')), ['tests* 2'])
  },
)

void t.test('zellij is asked when the session is one of its', async (t) => {
  const room = newRoom(t)
  const bin = path.join(room.dir, 'bin')
  fs.mkdirSync(bin)
  const dump = path.join(room.dir, 'dump.kdl')
  fs.writeFileSync(dump, 'layout {\n    tab name="one" focus=true {\n        pane\n    }\n}\n')
  const script = `#!/bin/sh\ncase "$*" in "--session shop action dump-layout") cat '${dump}';; *) exit 2;; esac\n`
  fs.writeFileSync(path.join(bin, 'zellij'), script, { mode: 0o755 })
  const env = { ...watched, ZELLIJ_SESSION_NAME: 'shop', PATH: `${bin}:${room.env['PATH']}` }
  const hub = await startHub(t, room, 'shop', [], { env })
  const client = await watcher(t, hub)
  t.match(await client.until('layout_state'), { multiplexer: 'zellij', tabs: [{ index: 1, name: 'one' }] })
  fs.writeFileSync(`${dump}.new`, 'layout {\n    tab name="two" focus=true {\n        pane\n    }\n}\n')
  fs.renameSync(`${dump}.new`, dump)
  t.strictSame(names(await client.until('layout_state', 2)), ['two* 1'])
})

void t.test('a machine without a multiplexer costs one line in the log', async (t) => {
  const room = newRoom(t)
  const bin = path.join(room.dir, 'bin')
  const asked = path.join(room.dir, 'asked')
  fs.mkdirSync(bin)
  const script = `#!/bin/sh\necho x >> '${asked}'\necho 'no server running' >&2\nexit 1\n`
  fs.writeFileSync(path.join(bin, 'tmux'), script, { mode: 0o755 })
  const hub = await startHub(t, room, 's', [], { env: { ...watched, PATH: `${bin}:${room.env['PATH']}` } })
  const client = await watcher(t, hub)
  await until('three looks', () => fs.existsSync(asked) && fs.statSync(asked).size >= 6)
  t.strictSame(client.payloads('layout_state'), [])
  const said = logOf(room)
    .split('\n')
    .filter((line) => line.includes('layout_unreadable'))
  t.equal(said.length, 1)
  t.match(said[0], /no server running/)
})

void t.test('without being told to, a hub does not look', async (t) => {
  const room = newRoom(t)
  const bin = path.join(room.dir, 'bin')
  const asked = path.join(room.dir, 'asked')
  fs.mkdirSync(bin)
  fs.writeFileSync(path.join(bin, 'tmux'), `#!/bin/sh\necho "$*" >> '${asked}'\n`, { mode: 0o755 })
  const env = { AOC_PULSE_LAYOUT_WATCH_MS: '250', PATH: `${bin}:${room.env['PATH']}` }
  const hub = await startHub(t, room, 's', [], { env })
  const client = await watcher(t, hub)
  t.notMatch(JSON.stringify(client.payloads('hello')), /layout_state/)
  // A command runs tmux: had the hub looked when it was subscribed to, it would have asked before.
  client.say('command', { command: 'focus_tab', args: { tab_index: 1 } }, 'r1')
  await client.until('command_result', 2)
  t.notMatch(fs.readFileSync(asked, 'utf8'), /list-panes/)
  t.strictSame(client.payloads('layout_state'), [])
})
