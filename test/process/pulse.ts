import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import type { Test } from 'tap'
import { dist, run, type Room } from './processes.js'
import { ScreenTerminal, type ScreenOptions } from './screen.js'
import { TestTerminal, wrapper } from './terminal.js'

export const pulse = path.join(dist, 'bin/aoc-pulse.js')

export interface PulseOptions extends Partial<Omit<ScreenOptions, 'env'>> {
  /** Instead of `--session s --no-hub-start`. */
  args?: string[]
  env?: Record<string, string>
}

/** Starts Pulse in a room, on a terminal of 120×30 if nothing else is asked for. */
export function startPulse(t: Test, room: Room, options: PulseOptions = {}): ScreenTerminal {
  const { args = ['--session', 's', '--no-hub-start'], env, ...more } = options
  const screen = new ScreenTerminal(process.execPath, [pulse, ...args], {
    cwd: room.dir,
    columns: 120,
    rows: 30,
    ...more,
    env: { ...room.env, TERM: 'xterm-256color', ...env },
  })
  t.teardown(() => screen.kill())
  return screen
}

/** The same, when it fills the screen and takes keys. */
export async function openPulse(t: Test, room: Room, options: PulseOptions = {}): Promise<ScreenTerminal> {
  const screen = startPulse(t, room, options)
  await screen.until('it takes keys', () => screen.modes.mouse === 'vt200')
  return screen
}

/** Ends the hubs that Pulse has started in a room. */
export function endHubs(t: Test, room: Room): void {
  t.teardown(() => run(t, room, 'aoc-hub', ['stop', '--all']))
}

/** A shell script as a wrapped agent of session `s` if no other is named, in a terminal of its own. */
export function openAgent(
  t: Test,
  room: Room,
  pane: string,
  script: string,
  options: { cwd?: string; flags?: string[]; session?: string } = {},
): TestTerminal {
  const { cwd = room.dir, flags = ['--label', `agent-${pane}`], session = 's' } = options
  const args = [wrapper, '--session', session, '--pane-id', pane, '--no-hub-start', ...flags]
  const terminal = new TestTerminal(process.execPath, [...args, '--', 'sh', '-c', script], {
    cwd,
    env: room.env,
  })
  t.teardown(() => terminal.kill())
  return terminal
}

/** A command line by which a script in a pane says what its agent does. */
export const report = `'${process.execPath}' '${wrapper}' report --lifecycle`

/** A repository with a change of each kind, and Taskmaster tasks in two tags. */
export function newRepository(room: Room, name = 'shop'): string {
  const dir = path.join(room.dir, name)
  const write = (file: string, text: string): void => {
    fs.mkdirSync(path.dirname(path.join(dir, file)), { recursive: true })
    fs.writeFileSync(path.join(dir, file), text)
  }
  const git = (...args: string[]): void => {
    const as = ['-c', 'user.name=t', '-c', 'user.email=t@localhost']
    execFileSync('git', [...as, ...args], { cwd: dir, env: { ...room.env, GIT_CONFIG_GLOBAL: '/dev/null' } })
  }
  write('src/cart.ts', Array.from({ length: 60 }, (_, i) => `line ${i + 1}\n`).join(''))
  write('src/old.ts', 'to be deleted\n')
  write('.gitignore', '.taskmaster/\n')
  git('init', '-q', '-b', 'feature/cart')
  git('add', '-A')
  git('commit', '-qm', 'start')
  write('src/price.ts', 'export const price = 1\n')
  git('add', '-A')
  const lines = Array.from({ length: 60 }, (_, i) => (i === 29 ? 'changed here\n' : `line ${i + 1}\n`))
  write('src/cart.ts', lines.join(''))
  fs.rmSync(path.join(dir, 'src/old.ts'))
  write('notes.md', 'new\n')
  const task = (id: number, status: string, title: string): object => ({
    id,
    status,
    title,
    priority: 'high',
  })
  const tasks = {
    master: {
      tasks: [task(1, 'done', 'Shelve'), task(2, 'in-progress', 'Basket'), task(3, 'blocked', 'Pay')],
    },
    api: { tasks: [task(1, 'done', 'Route')] },
  }
  write('.taskmaster/tasks/tasks.json', JSON.stringify(tasks))
  return dir
}

/** Quits, and waits until the program has ended. @returns its exit code. @throws with what it still shows. */
export async function quit(screen: ScreenTerminal): Promise<number> {
  screen.type('q')
  return endOf(screen)
}

/** Waits until the program has ended. @returns its exit code. @throws with what it still shows. */
export async function endOf(screen: ScreenTerminal): Promise<number> {
  let code: number | null = null
  void screen.ended.then(({ exitCode }) => (code = exitCode))
  await screen.until('it ends', () => code !== null)
  return code!
}
