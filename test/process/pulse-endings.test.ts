import fs from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { LineClient, newRoom, run, start, startHub, until, type Room } from './processes.js'
import { endOf, openAgent, openPulse, pulse, quit } from './pulse.js'
import { ScreenTerminal, untouched } from './screen.js'

// They wait more than they work.
t.jobs = 2

const taken = {
  ...untouched,
  isAlternate: true,
  isCursorHidden: true,
  mouse: 'vt200',
  mouseEncoding: 'SGR',
  isPasteMarked: true,
  wraps: false,
}

/** A room with a hub and an agent that is at rest. */
async function withAgent(t: Test): Promise<Room> {
  const room = newRoom(t)
  const hub = await startHub(t, room, 's', ['--stale-seconds', '0'])
  const publisher = await LineClient.publisher(t, hub, '1')
  publisher.upsert('1', { lifecycle: 'idle', source: { label: 'one' } })
  return room
}

/** A shell in which Pulse is started as a person does; it stays when Pulse has ended. */
function openShell(t: Test, room: Room): ScreenTerminal {
  const env = { ...room.env, TERM: 'xterm-256color', PS1: 'prompt> ', BASH_SILENCE_DEPRECATION_WARNING: '1' }
  const args = ['--norc', '--noprofile', '--noediting', '-i']
  const screen = new ScreenTerminal('bash', args, { cwd: room.dir, columns: 100, rows: 24, env })
  t.teardown(() => screen.kill())
  return screen
}

const command = `'${process.execPath}' '${pulse}' --session s --no-hub-start`
const howItIs = 'stty -a | grep -o -e "-\\?icanon" -e "-\\?isig" -e "-\\?echo " -e "-\\?ixon"'

async function isTaken(screen: ScreenTerminal): Promise<void> {
  await screen.see(/○ idle +one/)
  await screen.until('the screen is taken', () => screen.modes.mouse === 'vt200')
}

/** The process that the shell has started. */
async function childOf(pid: number): Promise<number> {
  let child = 0
  await until('the shell has a child', () => {
    child = Number(fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').at(-1))
    return child > 0
  })
  return child
}

const isAlive = (pid: number): boolean => {
  try {
    return !/\) Z /.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

void t.test('however it ends, the terminal is as it was', { buffered: true }, async (t) => {
  const room = await withAgent(t)
  const endings: Record<string, (screen: ScreenTerminal) => void | Promise<void>> = {
    q: (screen) => screen.type('q'),
    'Ctrl-C': (screen) => screen.type('\u0003'),
    'Ctrl-D in Health': (screen) => screen.type('4\u0004'),
    'Ctrl-C in a patch of nothing, twice in a dialog': async (screen) => {
      screen.type('i')
      await screen.see('to one')
      screen.type('\u0003')
      await screen.unsee('to one')
      screen.type('\u0003')
    },
    SIGTERM: async (screen) => void process.kill(await childOf(screen.pid), 'SIGTERM'),
    SIGINT: async (screen) => void process.kill(await childOf(screen.pid), 'SIGINT'),
    SIGHUP: async (screen) => void process.kill(await childOf(screen.pid), 'SIGHUP'),
    'SIGTERM in a dialog': async (screen) => {
      screen.type('i')
      await screen.see('to one')
      process.kill(await childOf(screen.pid), 'SIGTERM')
    },
  }
  for (const [name, end] of Object.entries(endings))
    await t.test(name, async (t) => {
      const screen = openShell(t, room)
      await screen.see('prompt>')
      screen.type(`${command}; echo "exit=$?"; ${howItIs}\r`)
      await isTaken(screen)
      t.same(screen.modes, taken)
      await end(screen)
      await screen.see(/exit=0[^]*^-?echo/m)
      t.match(screen.text, /(?<!-)ixon\nisig\nicanon\necho/)
      t.same(screen.modes, untouched)
      t.match(screen.text, 'prompt> ', 'what stood there before stands there again')
      t.notMatch(screen.text, '○ idle')
    })
})

void t.test('a terminal that vanishes takes it along, and nothing else', { buffered: true }, async (t) => {
  const room = await withAgent(t)
  const screen = await openPulse(t, room)
  await screen.see(/○ idle +one/)
  screen.hangUp()
  await until('it has ended', () => !isAlive(screen.pid))
  const once = await run(t, room, 'aoc-pulse', ['--session', 's', '--once'])
  t.match(once.stdout, /idle +one/, 'the hub lives on')
})

void t.test('it stops and goes on as a job of its shell', { buffered: true }, async (t) => {
  const room = await withAgent(t)
  for (const stop of ['Ctrl-Z', 'Ctrl-Z in a dialog', 'SIGTSTP', 'SIGSTOP'] as const)
    await t.test(stop, async (t) => {
      const screen = openShell(t, room)
      await screen.see('prompt>')
      screen.type(`${command}\r`)
      await isTaken(screen)
      if (stop === 'Ctrl-Z in a dialog') {
        screen.type('ihello')
        await screen.see('> hello')
      }
      if (stop === 'SIGTSTP' || stop === 'SIGSTOP') process.kill(await childOf(screen.pid), stop)
      else screen.type('\u001a')
      await screen.see('Stopped')
      // Nobody can give a terminal back who is stopped by SIGSTOP.
      if (stop !== 'SIGSTOP') {
        t.same(screen.modes, untouched)
        screen.type(`${howItIs}\r`)
        await screen.see(/(?<!-)ixon\nisig\nicanon/)
      }
      screen.resize(90, 20)
      screen.type('fg\r')
      await screen.see(/live$/m)
      await screen.until(
        'it fills the new size',
        () => screen.lines[0]!.length === 90 && /\S/.test(screen.lines[19]!),
      )
      await screen.until('the mouse is back', () => screen.modes.mouse === 'vt200')
      if (stop === 'Ctrl-Z in a dialog') {
        await screen.see('> hello')
        screen.type('\u0003')
        await screen.unsee('> hello')
      }
      t.same(screen.modes, taken)
      screen.type('q')
      await screen.until('it is given back', () => !screen.modes.isAlternate)
      // What is typed before the shell asks for it may still go to the program that ends.
      await screen.see(/prompt>\s*$/)
      screen.type(`echo "exit=$?"\r`)
      await screen.see(/exit=\d/)
      t.same(screen.modes, untouched)
    })
})

void t.test('what changes while it is stopped is seen when it goes on', { buffered: true }, async (t) => {
  const room = newRoom(t)
  await startHub(t, room)
  const agent = openAgent(t, room, '1', 'echo one; read -r x; echo two; read -r x')
  const screen = openShell(t, room)
  await screen.see('prompt>')
  screen.type(`${command}\r`)
  await screen.see(/agent-1 +one/)
  await screen.until('the screen is taken', () => screen.modes.mouse === 'vt200')
  screen.type('\u001a')
  await screen.see('Stopped')
  agent.type('\r')
  await agent.see(/two/)
  screen.type('fg\r')
  await screen.see(/agent-1 +two/)
})

void t.test('where standard output is no terminal there is no screen', { buffered: true }, async (t) => {
  const room = await withAgent(t)
  const piped = start(t, room, 'aoc-pulse', ['--session', 's', '--no-hub-start'], {
    env: { TERM: 'xterm-256color' },
  })
  await until('a table', () => /idle +one/.test(piped.stdout))
  piped.signal('SIGINT')
  t.equal(await piped.ended, 0)
  t.notMatch(piped.stdout + piped.stderr, '\u001b')

  // In a terminal, into a pipe: the terminal stays as it is.
  const screen = openShell(t, room)
  await screen.see('prompt>')
  screen.type(`${command} --once | cat; echo over\r`)
  await screen.see(/○ idle +one[^]*^over/m)
  t.same(screen.modes, untouched)
  t.notMatch(screen.bytes.toString(), '[?1049h')
  // A terminal that can do nothing.
  screen.type(`TERM=dumb ${command} --once; echo dumb\r`)
  await screen.see(/^dumb/m)
  t.notMatch(screen.bytes.toString(), '[?1049h')
})

void t.test('a failure inside gives the terminal back, with what it was', { buffered: true }, async (t) => {
  const room = await withAgent(t)
  // Something breaks beside our code: a timer that throws, loaded before the program.
  const broken = path.join(room.dir, 'broken.mjs')
  fs.writeFileSync(
    broken,
    `process.once('SIGUSR2', () => { throw new Error('broken\\u001b[31m on purpose') })\n`,
  )
  const screen = openShell(t, room)
  await screen.see('prompt>')
  screen.type(`NODE_OPTIONS='--import=${broken}' ${command}; echo "exit=$?"; ${howItIs}\r`)
  await isTaken(screen)
  process.kill(await childOf(screen.pid), 'SIGUSR2')
  await screen.see(/exit=1[^]*^-?echo/m)
  t.match(screen.text, /aoc-pulse: something failed[^]*broken\[31m on purpose/)
  t.match(screen.text, /(?<!-)ixon\nisig\nicanon\necho/)
  t.same(screen.modes, untouched)
})

void t.test(
  'a hub that it has not started stays, and one that it may not start is not started',
  async (t) => {
    const room = newRoom(t)
    const screen = await openPulse(t, room)
    await screen.see('no hub')
    t.equal(await quit(screen), 0)
    t.notOk(fs.existsSync(room.socketOf('s')))
    const early = await openPulse(t, room)
    early.type('qqq')
    t.equal(await endOf(early), 0, 'also as early as can be')
    t.same(early.modes, untouched)
  },
)
