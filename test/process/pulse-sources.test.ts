import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import t, { type Test } from 'tap'
import { agentFileName, agentFolder } from '../../lib/wire/agent-file.js'
import { LineClient, newRoom, run, start, startHub, until, type Room } from './processes.js'
import { endHubs, openAgent, openPulse, quit, report } from './pulse.js'
import type { ScreenTerminal } from './screen.js'
import { TestTerminal } from './terminal.js'

// They wait more than they work.
t.jobs = 3

const asker = `${report} needs_input --detail "which branch?"; read -r x`

/** Looks at the screen all the time, between whole pictures. @returns what was seen without what had to be there. */
function watch(t: Test, screen: ScreenTerminal): { mustSee: RegExp[]; missed: string[] } {
  const watched = { mustSee: [] as RegExp[], missed: [] as string[] }
  const timer = setInterval(() => {
    if (screen.modes.isUpdating) return
    const { text } = screen
    if (!watched.mustSee.every((what) => what.test(text))) watched.missed.push(text)
  }, 5)
  t.teardown(() => clearInterval(timer))
  return watched
}

/** Waits until the wrapper of pane 1 has come to the hub: then it keeps no file any more. */
async function isTaken(room: Room, session: string): Promise<void> {
  const file = path.join(agentFolder(room.socketOf(session)), agentFileName('1'))
  await until('the wrapper has come to the hub', () => !fs.existsSync(file))
}

void t.test(
  'a hub that dies and one that comes change nothing of what is seen',
  { buffered: true },
  async (t) => {
    const room = newRoom(t)
    const first = await startHub(t, room)
    openAgent(t, room, '1', asker)
    const other = openAgent(t, room, '2', 'echo at work; read -r x')
    const screen = await openPulse(t, room)
    await screen.see('which branch?')
    await screen.see('at work')
    await screen.see('live')
    const watched = watch(t, screen)
    const [one, two] = [/◆ needs_input +agent-1 +question: which branch\?/, /● running\? +agent-2 +at work/]
    watched.mustSee = [one, two]

    await first.kill()
    await screen.see(/ (hub lost|local)$/m)
    await screen.see(/no hub: shown is what this machine tells .*aoc-hub/)
    screen.type('e')
    await screen.see(/no hub runs/)
    screen.type('\u001b')
    await screen.unsee(/no hub runs/)
    watched.mustSee = []
    screen.type('4')
    await screen.see(/no hub[^]*agent-1 +heartbeat/)
    screen.type('1')
    await screen.see(one)
    // Who ends while no hub is there does not stay.
    watched.mustSee = [one]
    other.kill()
    await screen.unsee('agent-2')

    await startHub(t, room)
    await screen.see(/ live$/m)
    await screen.unsee('no hub: shown')
    await isTaken(room, 's')
    screen.type('e')
    await screen.see('decided by')
    screen.type('\u001b')
    await screen.unsee('decided by')
    // What was found without the hub is let go some seconds after it has come.
    for (const untilMs = Date.now() + 13_000; Date.now() < untilMs;) await screen.see(one)
    t.strictSame(watched.missed.slice(0, 3), [])
  },
)

void t.test(
  'before there is a hub it shows what this machine tells, and then what the hub tells',
  { buffered: true },
  async (t) => {
    const room = newRoom(t)
    const bin = path.join(room.dir, 'bin')
    fs.mkdirSync(bin)
    // Started bare: known by its process alone, to every Pulse of its session.
    fs.writeFileSync(path.join(bin, 'claude'), "setInterval(() => {}, 1000); console.log('bare')\n")
    const bare = new TestTerminal(process.execPath, [path.join(bin, 'claude')], {
      cwd: room.dir,
      env: { ...room.env, AOC_SESSION_ID: 'bare' },
    })
    t.teardown(() => bare.kill())
    await bare.see(/bare/)
    openAgent(t, room, '1', asker, { session: 'bare' })
    const screen = await openPulse(t, room, { args: ['--session', 'bare', '--no-hub-start'] })
    await screen.see(/◆ needs_input +agent-1 +question: which branch\?/)
    await screen.see(/● running\? +claude/)
    t.match(screen.text, /no hub/)
    t.match(screen.lines[0], /local$/)
    const watched = watch(t, screen)
    watched.mustSee = [/◆ needs_input +agent-1 +question: which branch\?/]
    // Without a hub nobody can write to it: that is said where it was asked for.
    screen.type('g')
    screen.type('i')
    await screen.see('to agent-1')
    watched.mustSee = []
    screen.type('main')
    await screen.see('> main')
    screen.type('\r')
    await screen.see(/> main[^]*no hub runs/)
    screen.type('\u001b')
    await screen.unsee('> main')
    watched.mustSee = [/◆ needs_input +agent-1 +question: which branch\?/]
    const hub = await startHub(t, room, 'bare')
    await screen.see(/ live$/m)
    await screen.unsee(/● running\? +claude/, 3_000)
    await isTaken(room, 'bare')
    // The wrapper has no file now: until it has written one, what the hub said last holds.
    await hub.kill()
    await screen.see(/ (hub lost|local)$/m)
    await screen.see(/● running\? +claude/)
    await startHub(t, room, 'bare')
    await screen.see(/ live$/m)
    await isTaken(room, 'bare')
    screen.type('e')
    await screen.see('decided by')
    t.strictSame(watched.missed.slice(0, 3), [])
  },
)

void t.test('it starts a hub when it may', { buffered: true }, async (t) => {
  const room = newRoom(t)
  endHubs(t, room)
  const screen = await openPulse(t, room, { args: ['--session', 's'] })
  await screen.see('No agents in session s yet')
  t.match(screen.lines[0], /live$/)
  t.match((await run(t, room, 'aoc-hub', ['list'])).stdout, /pulse\.sock/)
  openAgent(t, room, '1', asker)
  await screen.see(/◆ needs_input +agent-1/)
  t.equal(await quit(screen), 0)
})

/** What says a hub's lines and is none. */
async function standIn(
  t: Test,
  room: Room,
  onHello: (say: (type: string, payload: object) => void) => void,
): Promise<void> {
  const socketPath = room.socketOf('s')
  fs.mkdirSync(path.dirname(socketPath), { recursive: true, mode: 0o700 })
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    const say = (type: string, payload: object): void => {
      const head = {
        version: '1',
        type,
        session_id: 's',
        sender_id: 'aoc-hub',
        timestamp: new Date().toISOString(),
      }
      socket.write(`${JSON.stringify({ ...head, payload })}\n`)
    }
    socket.once('data', () => onHello(say))
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
}

void t.test('the states of the link are told in words', { buffered: true }, async (t) => {
  await t.test('connecting', async (t) => {
    const room = newRoom(t)
    await standIn(t, room, () => {})
    const screen = await openPulse(t, room)
    await screen.see('Connecting to the hub of session s')
    t.match(screen.lines[0], /connecting$/)
    t.equal(await quit(screen), 0)
  })

  await t.test('lagging', async (t) => {
    const room = newRoom(t)
    const state = {
      agent_id: 's::1',
      session_id: 's',
      pane_id: '1',
      lifecycle: 'idle',
      source: { label: 'one' },
    }
    let lag = (): void => {}
    await standIn(t, room, (say) => {
      const capabilities = ['hello', 'subscribe', 'snapshot', 'delta']
      say('hello', {
        client_id: 'aoc-hub',
        role: 'hub',
        capabilities,
        epoch: 'e',
        seq: 1,
        max_frame_bytes: 262_144,
      })
      say('snapshot', { seq: 1, epoch: 'e', states: [state] })
      const resume = { mode: 'snapshot', reason: 'lagging' }
      lag = () => say('snapshot', { seq: 9, epoch: 'e', states: [{ ...state, lifecycle: 'error' }], resume })
    })
    const screen = await openPulse(t, room)
    await screen.see(/○ idle +one/)
    lag()
    await screen.see(/behind: the hub sent a whole snapshot/)
    await screen.see(/✗ error +one/)
    t.match(screen.lines[0], /live$/, 'and it is still the truth')
    await screen.unsee('behind:')
  })

  await t.test('no hub and no agent', async (t) => {
    const room = newRoom(t)
    const screen = await openPulse(t, room)
    await screen.see(/no hub/i)
    await screen.see(/aoc-agent-wrap -- claude/)
    for (const mode of ['2', '3', '4']) {
      screen.type(mode)
      await screen.until('it is drawn', () => screen.cellAt(screen.find(`${mode} `).x, 1).reversed)
      t.match(screen.text, /no hub/i)
    }
  })
})

void t.test('--all joins every hub of this user', { buffered: true }, async (t) => {
  const room = newRoom(t)
  const alone = await openPulse(t, room, { args: ['--all'] })
  await alone.see('No hub of yours runs')
  const publish = async (session: string): Promise<Awaited<ReturnType<typeof startHub>>> => {
    const hub = await startHub(t, room, session, ['--stale-seconds', '0'])
    const publisher = await LineClient.publisher(t, hub, '1')
    // The group of who has waited longest stands first.
    const status = { since_ms: Date.now() - ({ shop: 3_000, blog: 2_000 }[session] ?? 1_000) }
    publisher.upsert('1', { lifecycle: 'needs_input', source: { label: `of ${session}`, status } })
    return hub
  }
  await alone.see('all: 0 sessions')
  const hubs = [await publish('shop'), await publish('blog')]
  const screen = alone
  await screen.see(/^shop .*\n◆ needs_input +of shop [^]*^blog .*\n◆ needs_input +of blog/m)
  t.match(screen.lines[0], /all: 2 sessions .*live$/)
  const third = await publish('zoo')
  await screen.see(/^zoo .*\n◆ needs_input +of zoo/m)
  for (const name of ['shop', 'blog', 'zoo']) t.match(screen.text, `of ${name}`)

  // A command goes to the hub that has the agent.
  screen.type('ni')
  await screen.see('to of shop')
  screen.type('\u001b')
  await screen.unsee('to of shop')

  const once = await run(t, room, 'aoc-pulse', ['--all', '--once'])
  t.equal(once.code, 0)
  for (const name of ['shop', 'blog', 'zoo']) t.match(once.stdout, `of ${name}`)
  const json = await run(t, room, 'aoc-pulse', ['--all', '--once', '--json'])
  const ids = json.stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { agent_id: string }).agent_id)
  t.strictSame(
    ids.toSorted((a, b) => (a < b ? -1 : 1)),
    ['blog::1', 'shop::1', 'zoo::1'],
  )

  await third.kill()
  await screen.see(/zoo: hub lost \(.*\)/)
  t.match(screen.text, 'of zoo', 'what it said last stays')
  t.match(screen.lines[0], /live 2\/3$/)
  await screen.unsee('zoo', 30_000)
  t.match(screen.lines[0], /all: 2 sessions .*live$/)
  for (const hub of hubs) await hub.kill()
  await screen.see(/2 sessions have no hub/)
})

void t.test(
  'the other outputs without a hub: what this machine tells, and a note',
  { buffered: true },
  async (t) => {
    const room = newRoom(t)
    openAgent(t, room, '1', asker)
    const file = path.join(agentFolder(room.socketOf('s')), agentFileName('1'))
    await until(
      'it is written down',
      () => fs.existsSync(file) && fs.readFileSync(file, 'utf8').includes('which branch?'),
    )

    const table = await run(t, room, 'aoc-pulse', ['--session', 's', '--once'])
    t.equal(table.code, 0)
    t.match(table.stdout, /◆ needs_input +agent-1 .*which branch\?/)
    t.match(table.stderr, /^aoc-pulse: no hub answers; found on this machine\n$/)

    const json = await run(t, room, 'aoc-pulse', ['--session', 's', '--once', '--json'])
    t.equal(json.code, 0)
    const records = json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    t.match(records, [{ seq: null, op: 'upsert', agent_id: 's::1', state: { lifecycle: 'needs_input' } }])
    t.equal(records.length, 1)
    t.match(json.stderr, /no hub answers/)

    const none = await run(t, room, 'aoc-pulse', ['--all', '--once'])
    t.equal(none.code, 4)
    t.match(none.stderr, /no hub runs/)

    const lines = start(t, room, 'aoc-pulse', ['--session', 's', '--no-hub-start', '--plain'])
    await until('its table', () => lines.stdout.includes('which branch?'))
    const hub = await startHub(t, room)
    const publisher = await LineClient.publisher(t, hub, '2')
    publisher.upsert('2', { lifecycle: 'error', source: { label: 'late' } })
    await until('and goes on with the hub', () => /error +late/.test(lines.stdout))
    lines.signal('SIGTERM')
    t.equal(await lines.ended, 0)
    t.match(lines.stderr, /no hub answers[^]*connected/)
    t.notMatch(lines.stdout, '\u001b')
    t.equal(lines.stdout.split('which branch?').length, 2, 'the hub tells nothing anew')
  },
)
