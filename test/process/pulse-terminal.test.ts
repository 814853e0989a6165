import fs from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { nearestOf256 } from '../../lib/pulse/terminal/color.js'
import { dark, light } from '../../lib/pulse/terminal/palette.js'
import { dist, newRoom, until } from './processes.js'
import { ScreenTerminal, untouched, type ScreenOptions } from './screen.js'

const program = path.resolve('test/process/full-screen.mjs')

/** The program by itself, or below a shell that lives on. */
function open(
  t: Test,
  options: Partial<ScreenOptions> = {},
  shell?: string,
): ScreenTerminal & { dir: string } {
  const room = newRoom(t)
  const env = {
    ...room.env,
    TERM: 'xterm-256color',
    AOC_TEST_DIST: dist,
    GONE_FILE: path.join(room.dir, 'gone'),
    SAYS_FILE: path.join(room.dir, 'says'),
    PS1: 'prompt> ',
    ...options.env,
  }
  const [file, args] =
    shell === undefined
      ? [process.execPath, [program]]
      : ['bash', ['--norc', '--noprofile', '--noediting', ...shell.split(' ')]]
  const screen = new ScreenTerminal(file, args, { cwd: room.dir, ...options, env })
  t.teardown(() => screen.kill())
  return Object.assign(screen, { dir: room.dir })
}

/** The program below a shell that tells how the terminal is, after it. */
function openBelowShell(t: Test, options: Partial<ScreenOptions> = {}): ScreenTerminal & { dir: string } {
  const screen = open(t, options, '-i')
  screen.type(
    `${process.execPath} ${program}; echo "exit=$?"; stty -a | grep -o -e '-\\?icanon' -e '-\\?isig' -e '-\\?echo '\r`,
  )
  return screen
}

const taken = {
  isAlternate: true,
  isCursorHidden: true,
  mouse: 'vt200',
  mouseEncoding: 'SGR',
  isPasteMarked: true,
  wraps: false,
  isUpdating: false,
  tellsFocus: false,
}

void t.test('it draws, and takes keys, the mouse, pastes and new sizes', async (t) => {
  const screen = open(t)
  await screen.see('size 80x24')
  await screen.until('the mouse is asked for', () => screen.modes.mouse === 'vt200')
  t.same(screen.modes, taken)
  t.equal(screen.lines[2]!.replace('\u200e', ''), '日本 | ¡ol\u00e9! e\u0301 | שלום |')
  t.match(screen.cellAt(0, 1), { bold: true, ink: 0, background: 3 })
  t.match(screen.cellAt(40, 3), { reversed: true })
  t.equal(screen.cellAt(79, 23).text, '#', 'the last cell neither wraps nor scrolls')

  screen.type('\u001b[A')
  await screen.see('keys: up')
  screen.type('\u001b[1;5D\u0001äa\u001bd')
  await screen.see('keys: up ctrl_left ctrl_a ä a alt_d')
  screen.type('\u001b')
  await screen.see('alt_d escape')
  screen.type(Buffer.from('\u001b[99~\u0080 .', 'latin1'))
  await screen.see('escape \ufffd   .')
  screen.click(4, 2)
  await screen.see('press:4,2')
  screen.wheel(0, 1, -1)
  await screen.see('wheel:0,1,-1')

  screen.resize(100, 10)
  await screen.see('size 100x10')
  t.equal(screen.cellAt(99, 9).text, '#')
  screen.paste('a\r\nb\u001b[31m')
  await screen.see('paste:a b[31m')
  screen.type('c')
  await screen.until('the cursor is shown where text is typed', () => !screen.modes.isCursorHidden)
  t.same(screen.cursor, { x: 5, y: 4 })
})

void t.test('the terminal is as it was', async (t) => {
  const endings = {
    'after close': ['q', 'exit=0'],
    'after process.exit': ['x', 'exit=3'],
    'after an exception': ['t', 'exit=1'],
    'after a rejected promise': ['r', 'exit=1'],
  }
  for (const [name, [key, exit]] of Object.entries(endings))
    await t.test(name, async (t) => {
      const screen = openBelowShell(t)
      await screen.see('size 80x24')
      screen.type(key!)
      await screen.see(/^ ?-?echo/m)
      t.match(screen.text, exit!)
      t.match(screen.text, /^isig\nicanon\necho/m)
      t.same(screen.modes, untouched)
      if (key === 't')
        t.match(screen.text, /full-screen: something failed .*\nError: broken\[31m on purpose\n +at /)
      if (key === 'r') t.match(screen.text, /rejected on purpose/)
      t.notMatch(screen.text, 'needs_input')
    })

  await t.test('after SIGTERM that the program handles', async (t) => {
    const screen = openBelowShell(t)
    await screen.see('size 80x24')
    screen.type('c')
    await screen.see('keys: c')
    process.kill(await childOf(screen.pid), 'SIGTERM')
    await screen.see('exit=0')
    t.same(screen.modes, untouched)
  })
})

void t.test('it stops and goes on as a job', async (t) => {
  await t.test('by Ctrl-Z', async (t) => {
    const screen = open(t, {}, '-i')
    screen.type(`${process.execPath} ${program} | cat >&2; echo over\r`)
    await screen.see('over')
    screen.type(`${process.execPath} ${program}\r`)
    await screen.see('size 80x24')
    screen.type('z')
    await screen.see('Stopped')
    t.same(screen.modes, untouched)
    screen.type('stty -a | grep -o -e "-\\?icanon"\r')
    await screen.see(/^icanon/m)
    // The job is not told of that.
    screen.resize(90, 20)
    screen.type('fg\r')
    await screen.see('size 90x20')
    await screen.until('the mouse is back', () => screen.modes.mouse === 'vt200')
    t.same(screen.modes, taken)
    t.equal(screen.cellAt(89, 19).text, '#')
    screen.type('q')
    await screen.see('closed')
    t.same(screen.modes, untouched)
  })

  await t.test('by signals from elsewhere', async (t) => {
    const screen = open(t, {}, '-i')
    screen.type(`${process.execPath} ${program}\r`)
    await screen.see('size 80x24')
    const pid = await childOf(screen.pid)
    for (const signal of ['SIGTSTP', 'SIGSTOP'] as const) {
      process.kill(pid, signal)
      await screen.see('Stopped')
      screen.type('clear; fg\r')
      await screen.see('size 80x24')
      await screen.until('the mouse is back', () => screen.modes.mouse === 'vt200')
      t.same(screen.modes, taken, signal)
    }
    screen.type('q')
    await screen.see('closed')
    t.same(screen.modes, untouched)
  })

  await t.test('in the background it waits for its turn', async (t) => {
    const screen = open(t, {}, '-i')
    screen.type(`${process.execPath} ${program} &\r`)
    await screen.see(/\[1\]/)
    await until('it is stopped', async () => stateOf(await childOf(screen.pid)) === 'T')
    screen.type('jobs\r')
    await screen.see('Stopped')
    t.same(screen.modes, untouched)
    screen.type('fg\r')
    await screen.see('size 80x24')
    screen.type('q')
    await screen.see('closed')
  })

  await t.test('where no shell would wake it, it goes on', async (t) => {
    const screen = open(t)
    await screen.see('size 80x24')
    screen.type('z')
    screen.type('a')
    await screen.see(/keys: .*z a/)
    await screen.until('the mouse is back', () => screen.modes.mouse === 'vt200')
    t.same(screen.modes, taken)
  })
})

void t.test('a terminal that is closed', async (t) => {
  await t.test('ends the program', async (t) => {
    const screen = open(t)
    await screen.see('size 80x24')
    screen.hangUp()
    await until('it has ended', () => !isAlive(screen.pid))
    t.ok(fs.existsSync(path.join(screen.dir, 'gone')))
  })

  await t.test('leaves no work to one that stays', async (t) => {
    const screen = open(t, { env: { STAYS: '1' } })
    await screen.see('size 80x24')
    screen.hangUp()
    const file = path.join(screen.dir, 'gone')
    await until('it is told', () => fs.existsSync(file) && fs.readFileSync(file, 'utf8') !== '')
    const before = JSON.parse(fs.readFileSync(file, 'utf8')) as NodeJS.CpuUsage
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    const { cpu } = await ask(screen)
    t.ok(cpu.user + cpu.system - before.user - before.system < 500_000, 'half of the time, in µs')
    process.kill(screen.pid, 'SIGKILL')
  })
})

void t.test('a terminal that takes nothing holds up nobody and fills no memory', async (t) => {
  const screen = open(t, { columns: 300, rows: 100 })
  await screen.see('size 300x100')
  const before = await ask(screen)
  screen.pause()
  screen.type('f')
  await until('it has drawn much', async () => (await ask(screen)).draws > before.draws + 500)
  const after = await ask(screen)
  t.ok(after.rss - before.rss < 100_000_000, `${(after.rss - before.rss) / 1e6} MB more`)
  t.ok(screen.bytes.length < 2_000_000)
  screen.resume()
  screen.type('f')
  await screen.see(/keys: f f$/m)
  screen.type('l')
  await screen.see(/keys: f f l$/m)
  const [first, second] = [screen.lines[6], screen.lines[7]]
  t.equal(first, second, 'a whole picture')
  screen.type('q')
  await screen.see('closed')
  t.same(screen.modes, untouched)
})

void t.test('AOC_PULSE_THEME=auto asks the terminal', async (t) => {
  for (const [background, cell] of [
    ['rgb:ffff/ffff/ffff', light.background],
    ['rgb:0000/0000/0000', dark.background],
    [undefined, null],
  ] as const)
    await t.test(String(background), async (t) => {
      const screen = open(t, { env: { AOC_PULSE_THEME: 'auto' }, ...(background && { background }) })
      await screen.see('size 80x24')
      t.equal(screen.cellAt(40, 12).background, cell && nearestOf256(cell))
    })
})

async function ask(
  screen: ScreenTerminal & { dir: string },
): Promise<{ draws: number; rss: number; cpu: NodeJS.CpuUsage }> {
  const file = path.join(screen.dir, 'says')
  fs.rmSync(file, { force: true })
  process.kill(screen.pid, 'SIGUSR1')
  await until('it answers', () => fs.existsSync(file) && fs.readFileSync(file, 'utf8').endsWith('}'))
  return JSON.parse(fs.readFileSync(file, 'utf8')) as { draws: number; rss: number; cpu: NodeJS.CpuUsage }
}

async function childOf(pid: number): Promise<number> {
  let child = 0
  await until('the shell has a child', () => {
    child = Number(fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').at(-1))
    return child > 0
  })
  return child
}

function stateOf(pid: number): string {
  return fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]![0]!
}

function isAlive(pid: number): boolean {
  try {
    return stateOf(pid) !== 'Z'
  } catch {
    return false
  }
}
