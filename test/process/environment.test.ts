import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import t, { type Test } from 'tap'
import { LineClient, start, startHub, until, type HubProcess, type Room, type Running } from './processes.js'
import { endOf, openPulse, startPulse } from './pulse.js'
import { newSession, portOfSession, V1Client } from './v1-client.js'
import { newV1Room, openV1Room, PulseWatcher, type Shown, type V1Room } from './v1-room.js'

/**
 * The environment variables of seed 000, row by row, through the programs as they are built. How the rules fall into one
 * another is `test/wire/identity.test.ts`'s; here is what each variable does to somebody who sets it.
 */

t.jobs = 3

type Env = Record<string, string>

/** Starts a hub by its environment alone. @returns what it says of itself. */
async function hubBy(t: Test, room: Room, env: Env, cwd = room.dir): Promise<Running & { session: string }> {
  const hub = start(t, room, 'aoc-hub', [], { env, cwd })
  await until('a hub that listens', () => hub.stdout.includes(' listens on ') || hub.hasEnded)
  const session = /of session (.+) listens on /.exec(hub.stdout)?.[1]
  if (session === undefined) throw new Error(hub.stdout + hub.stderr)
  return Object.assign(hub, { session })
}

/** A wrapped command as it is shown. */
type Wrapped = Shown & { source: Record<string, unknown>; wrapperPid: number }

/** Wraps a command in the session of a hub, everything else by the environment. @returns the agent that is shown. */
async function shownBy(
  t: Test,
  at: V1Room,
  env: Env,
  isSo: (state: Shown) => boolean = () => true,
  cwd = at.room.dir,
): Promise<Wrapped> {
  const line = await LineClient.subscriber(t, at.hub)
  await line.until('snapshot')
  const args = ['--session', at.session, '--no-hub-start', '--', 'sleep', '600']
  const agent = start(t, at.room, 'aoc-agent-wrap', args, { env, cwd })
  const states = (): Shown[] =>
    line
      .payloads('delta')
      .flatMap(({ changes }) => changes as { state?: Shown }[])
      .flatMap(({ state }) => (state && isSo(state) ? [state] : []))
  await until(`an agent by ${JSON.stringify(env)}: ${agent.stderr}`, () => states().length > 0)
  line.socket.destroy()
  agent.signal('SIGTERM')
  await agent.ended
  return { ...states()[0]!, wrapperPid: agent.pid } as Wrapped
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** A multiplexer that writes down what it is asked for, and can say nothing. */
function fakeTmux(room: Room): { env: Env; asked: () => number } {
  const bin = path.join(room.dir, 'bin')
  const file = path.join(room.dir, 'asked')
  fs.mkdirSync(bin)
  fs.writeFileSync(file, '')
  const script = `#!/bin/sh\ncase "$*" in *list-panes*) echo x >> '${file}';; esac\nexit 1\n`
  fs.writeFileSync(path.join(bin, 'tmux'), script, { mode: 0o755 })
  return {
    env: { PATH: `${bin}:${room.env['PATH']}` },
    asked: () => fs.readFileSync(file, 'utf8').length / 2,
  }
}

/** A hub beside that multiplexer, and a subscriber to the layout if there is to be one. */
async function layoutHub(
  t: Test,
  env: Env,
  isWatched: boolean,
): Promise<{ asked: () => number; hub: HubProcess }> {
  const room = newV1Room(t)
  const { env: path, asked } = fakeTmux(room)
  const hub = await startHub(t, room, await newSession(), [], { env: { ...path, ...env } })
  if (isWatched) {
    const client = await LineClient.subscriber(t, hub, ['hello', 'subscribe', 'health', 'layout_state'])
    client.say('subscribe', { topics: ['layout_state', 'health'] })
    await client.until('health')
  }
  return { asked, hub }
}

const rows: Record<string, (t: Test) => Promise<void>> = {
  AOC_SESSION_ID: async (t) => {
    const room = newV1Room(t)
    const [own, zellij] = [await newSession(), await newSession()]
    const table: [Env, string | RegExp][] = [
      [{ AOC_SESSION_ID: own }, own],
      [{ AOC_SESSION_ID: own, ZELLIJ_SESSION_NAME: zellij }, zellij],
      [{}, /^[a-z]+-[a-z]+$/],
    ]
    for (const [env, session] of table) {
      let [hub, cwd] = [await hubBy(t, room, env), room.dir]
      t.match(hub.session, session, JSON.stringify(env))
      // Two words are made of the folder, and their port may be somebody's.
      for (let i = 0; !hub.stdout.includes(`:${portOfSession(hub.session)}/ws`); i++) {
        await hub.kill()
        cwd = path.join(room.dir, `${i}`)
        fs.mkdirSync(cwd)
        hub = await hubBy(t, room, env, cwd)
      }
      const agent = start(t, room, 'aoc-agent-wrap', ['--no-hub-start', '--', 'sleep', '600'], {
        env: { ...env, AOC_PANE_ID: '1' },
        cwd,
      })
      const subscriber = await V1Client.subscriber(t, hub.session)
      const told = await subscriber.get('agent_status')
      t.match(
        told,
        { session_id: hub.session, payload: { agent_id: `${hub.session}::1` } },
        'all are of one session',
      )
      await agent.kill()
      hub.signal('SIGTERM')
      await hub.ended
    }
  },
  AOC_PANE_ID: async (t) => {
    const at = await openV1Room(t)
    t.match(await shownBy(t, at, { AOC_PANE_ID: '7' }), { pane_id: '7', agent_id: `${at.session}::7` })
    t.match(await shownBy(t, at, { AOC_PANE_ID: '7', ZELLIJ_PANE_ID: '3' }), { pane_id: '3' })
    const nameless = await shownBy(t, at, {})
    t.equal(nameless.pane_id, `pid-${nameless.wrapperPid}`)
  },
  AOC_AGENT_ID: async (t) => {
    const at = await openV1Room(t)
    const named = await shownBy(t, at, { AOC_AGENT_ID: 'codex', AOC_PANE_ID: '1' })
    t.match(named, { agent_id: `${at.session}::1`, source: { label: 'codex' } }, 'a name, and nothing more')
    const project = path.join(at.room.dir, 'shop')
    fs.mkdirSync(project)
    t.match(await shownBy(t, at, {}, undefined, project), { source: { label: 'shop' } }, "else the project's")
  },
  AOC_AGENT_LABEL: async (t) => {
    const at = await openV1Room(t)
    const env = { AOC_AGENT_LABEL: 'the tests', AOC_AGENT_ID: 'codex', AOC_PANE_ID: '1' }
    t.match(await shownBy(t, at, env), { agent_id: `${at.session}::1`, source: { label: 'the tests' } })
  },
  AOC_PROJECT_ROOT: async (t) => {
    const at = await openV1Room(t)
    const project = path.join(at.room.dir, 'shop')
    const tasks = path.join(project, '.taskmaster/tasks')
    fs.mkdirSync(tasks, { recursive: true })
    const web = { tasks: [{ id: 1, title: 'Route', status: 'done' }] }
    fs.writeFileSync(path.join(tasks, 'tasks.json'), JSON.stringify({ web }))
    const state = await shownBy(
      t,
      at,
      { AOC_PROJECT_ROOT: project },
      ({ source }) => source?.task_summaries?.['web'] !== undefined,
    )
    t.match(state.source, {
      agent_status: { project_root: project },
      task_summaries: { web: { counts: { total: 1, done: 1 } } },
    })
    const here = await shownBy(t, at, {})
    t.match(here.source, { agent_status: { project_root: at.room.dir } }, 'else where it was started')
  },
  AOC_HUB_ADDR: async (t) => {
    const room = newV1Room(t)
    const [session, port] = [await newSession(), await freePort()]
    await startHub(t, room, session, [], { env: { AOC_HUB_ADDR: `127.0.0.1:${port}` } })
    const subscriber = await V1Client.subscriber(t, session, { port })
    subscriber.send('nonsense', {}, { request_id: 'r1' })
    await subscriber.answer('error', 'r1')
    await t.rejects(
      new Promise((resolve, reject) => {
        net.connect(portOfSession(session), '127.0.0.1').once('connect', resolve).once('error', reject)
      }),
      { code: 'ECONNREFUSED' },
      'there alone',
    )
    const other = await openV1Room(t)
    await V1Client.subscriber(t, other.session, { port: portOfSession(other.session) })
    t.pass("else at the session's own port")
  },
  AOC_HUB_URL: async (t) => {
    const room = newV1Room(t)
    const [session, port] = [await newSession(), await freePort()]
    await startHub(t, room, session, [], { env: { AOC_HUB_URL: `ws://127.0.0.1:${port}/ws` } })
    const subscriber = await V1Client.subscriber(t, session, { port })
    subscriber.send('nonsense', {}, { request_id: 'r1' })
    await subscriber.answer('error', 'r1')
    t.pass('the hub is where clients look for it')
  },
  AOC_TAB_SCOPE: async (t) => {
    const at = await openV1Room(t)
    t.match(await shownBy(t, at, { AOC_TAB_SCOPE: 'api tab' }), { source: { tab_scope: 'api tab' } })
    t.equal((await shownBy(t, at, {})).source['tab_scope'], undefined)
  },
  AOC_PULSE_THEME: async (t) => {
    const room = newV1Room(t)
    const hub = await startHub(t, room)
    await PulseWatcher.open(t, { room, session: 's', hub, port: 0 })
    const background = async (env: Env): Promise<unknown> => {
      const screen = await openPulse(t, room, {
        env: { COLORTERM: 'truecolor', ...env },
        columns: 80,
        rows: 24,
      })
      await screen.see('live')
      const cell = screen.cellAt(79, 12).background
      screen.kill()
      return cell
    }
    t.equal(await background({}), null, "the terminal's own")
    t.equal(await background({ AOC_PULSE_THEME: 'terminal' }), null)
    const [dark, light] = [
      await background({ AOC_PULSE_THEME: 'dark' }),
      await background({ AOC_PULSE_THEME: 'light' }),
    ]
    t.match(dark, /^#[0-7]/)
    t.match(light, /^#[8-f]/)
    const wrong = startPulse(t, room, { env: { AOC_PULSE_THEME: 'blue' }, columns: 200 })
    t.equal(await endOf(wrong), 2)
    t.match(wrong.text, /"blue"/)
  },
  AOC_PULSE_OVERVIEW_ENABLED: async (t) => {
    const room = newV1Room(t)
    await startHub(t, room)
    const [all, some] = [
      await openPulse(t, room),
      await openPulse(t, room, { env: { AOC_PULSE_OVERVIEW_ENABLED: '0' } }),
    ]
    await all.see(/1 Overview +2 Work +3 Diff +4 Health/)
    await some.see(/2 Work +3 Diff +4 Health/)
    t.notMatch(some.text, 'Overview')
  },
  AOC_PULSE_LAYOUT_WATCH_ENABLED: async (t) => {
    const pace = { AOC_PULSE_LAYOUT_WATCH_MS: '250', AOC_PULSE_LAYOUT_IDLE_WATCH_MS: '250' }
    const off = await layoutHub(t, pace, true)
    const zero = await layoutHub(t, { ...pace, AOC_PULSE_LAYOUT_WATCH_ENABLED: '0' }, true)
    const on = await layoutHub(t, { ...pace, AOC_PULSE_LAYOUT_WATCH_ENABLED: '1' }, true)
    // It was started last: the others would have looked by then.
    await until('the third has looked', () => on.asked() >= 2)
    t.strictSame([off.asked(), zero.asked()], [0, 0])
  },
  AOC_PULSE_LAYOUT_WATCH_MS: async (t) => {
    const env = { AOC_PULSE_LAYOUT_WATCH_ENABLED: '1' }
    const slow = await layoutHub(t, { ...env, AOC_PULSE_LAYOUT_WATCH_MS: '60000' }, true)
    const quick = await layoutHub(t, { ...env, AOC_PULSE_LAYOUT_WATCH_MS: '250' }, true)
    await until('four looks', () => quick.asked() >= 4)
    t.equal(slow.asked(), 1, 'once at the beginning')
  },
  AOC_PULSE_LAYOUT_IDLE_WATCH_MS: async (t) => {
    const env = { AOC_PULSE_LAYOUT_WATCH_ENABLED: '1', AOC_PULSE_LAYOUT_WATCH_MS: '250' }
    const otherwise = await layoutHub(t, env, false)
    const quick = await layoutHub(t, { ...env, AOC_PULSE_LAYOUT_IDLE_WATCH_MS: '250' }, false)
    await until('four looks', () => quick.asked() >= 4)
    t.equal(otherwise.asked(), 0, 'nobody wants to know')
  },
  AOC_MISSION_CONTROL_LAYOUT_REFRESH_MS: async (t) => {
    const room = newV1Room(t)
    await startHub(t, room)
    const { env, asked } = fakeTmux(room)
    const inside = { ...env, TMUX: `${room.dir}/tmux,1,0`, TMUX_PANE: '%1' }
    await openPulse(t, room, { env: { ...inside, AOC_MISSION_CONTROL_LAYOUT_REFRESH_MS: '60000' } })
    await until('the first look', () => asked() >= 1)
    const slow = asked()
    await openPulse(t, room, { env: { ...inside, AOC_MISSION_CONTROL_LAYOUT_REFRESH_MS: '250' } })
    await until('looks of another', () => asked() >= slow + 4)
    t.equal(slow, 1)
  },
  AOC_LOG_DIR: async (t) => {
    const at = await openV1Room(t)
    const [given, project] = [path.join(at.room.dir, 'given'), path.join(at.room.dir, 'shop')]
    fs.mkdirSync(project)
    const names = (dir: string): string[] => (fs.existsSync(dir) ? fs.readdirSync(dir) : [])
    const has = (dir: string, component: string): boolean =>
      names(dir).some((name) => name.startsWith(component))
    await shownBy(t, at, { AOC_LOG_DIR: given })
    await until("the wrapper's", () => has(given, 'wrapper'))
    await shownBy(t, at, { AOC_LOG_DIR: '' }, undefined, project)
    await until('else in the project', () => has(path.join(project, '.aoc/logs'), 'wrapper'))
    t.ok(has(at.room.logs, 'hub'), "and the hub's where the room says")
    t.notOk(has(given, 'hub'))
  },
}

for (const [name, check] of Object.entries(rows)) void t.test(name, { buffered: true }, check)
