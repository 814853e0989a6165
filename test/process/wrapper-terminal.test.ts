import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { TestTerminal, until, wrapper } from './terminal.js'

/** The wrapped command in a terminal against the same command bare: no byte and no code may differ. */
const home = mkdtempSync(path.join(tmpdir(), 'aoc-test-'))
t.teardown(() => rmSync(home, { recursive: true, force: true }))
const env = {
  PATH: process.env['PATH'] ?? '',
  HOME: home,
  XDG_RUNTIME_DIR: home,
  TERM: 'xterm-256color',
  LANG: 'C.UTF-8',
  PS1: 'PROMPT> ',
}
const flags = ['--session', 't', '--pane-id', '1', '--no-hub-start']

function start(t: Test, isWrapped: boolean, command: string[]): TestTerminal {
  const [file = '', ...args] = isWrapped ? [process.execPath, wrapper, ...flags, '--', ...command] : command
  const terminal = new TestTerminal(file, args, { cwd: home, env })
  t.teardown(() => terminal.kill())
  return terminal
}

/** Runs a command both ways, with what is done to each, and compares. */
async function both(
  t: Test,
  name: string,
  command: string[],
  act?: (terminal: TestTerminal) => Promise<void>,
): Promise<string> {
  const seen: { bytes: string; exitCode: number }[] = []
  for (const isWrapped of [false, true]) {
    const terminal = start(t, isWrapped, command)
    await act?.(terminal)
    const { exitCode, signal } = await terminal.ended
    seen.push({ bytes: terminal.bytes.toString('latin1'), exitCode: signal ? 128 + signal : exitCode })
  }
  // Long output is compared by its length first: a difference in it is not to be printed whole.
  t.equal(seen[1]!.bytes.length, seen[0]!.bytes.length, `${name}: as many bytes`)
  t.ok(
    seen[1]!.bytes === seen[0]!.bytes,
    name,
    seen[0]!.bytes.length < 5_000 ? { wanted: seen[0], found: seen[1] } : {},
  )
  t.equal(seen[1]!.exitCode, seen[0]!.exitCode, `${name}: the same exit code`)
  return seen[1]!.bytes
}

void t.test('exact in every byte', async (t) => {
  const raw = `stty raw -echo; node -e 'process.stdout.write(Buffer.from(Array.from({ length: 256 }, (_, i) => i)))'; stty sane`
  await both(t, 'all bytes, to a raw terminal', ['sh', '-c', raw])
  await both(t, 'lines, to a cooked one', ['printf', 'a\\nb\\tc\\r\\nd'])
  await both(t, 'a megabyte', ['sh', '-c', 'yes 0123456789abcdef | head -c 1048576'])
  const screen = '\\033[?1049h\\033[2J\\033[5;5Hhello\\033]0;title\\007\\033[?1049l'
  await both(t, 'a full-screen program', ['printf', screen])
  await both(t, 'half a character at a time', ['sh', '-c', `printf '\\303'; sleep 0.1; printf '\\251\\n'`])
  await both(t, 'what a command is called', ['sh', '-c', 'echo "$0" "$@"', 'one two', '', 'three\nfour'])
  await both(t, 'a command that dash has built in', ['echo', '-n', 'x'])
  await both(t, 'a command that is killed', ['sh', '-c', 'echo hi; kill -KILL $$'])
  await both(t, 'what it says of its errors', ['sh', '-c', 'echo out; echo err >&2; nonsense-command'])
})

void t.test('what is typed', async (t) => {
  const read = `stty raw -echo; printf 'ready\\r\\n'; dd bs=1 count=8 2>/dev/null | od -An -tx1; stty sane`
  const typed = await both(t, 'every key as it is', ['sh', '-c', read], async (terminal) => {
    await terminal.see(/ready/)
    terminal.type('\u0003\u001a\u0000\r\u001b\u007f\u0011\u0013')
  })
  t.match(typed, '03 1a 00 0d 1b 7f 11 13')
  await both(
    t,
    'a line, and its echo',
    ['sh', '-c', 'printf "name? "; read -r name; echo "hello $name"'],
    async (terminal) => {
      await terminal.see(/name\? /)
      terminal.type('Ann\r')
    },
  )
})

void t.test('size, and that it changes', async (t) => {
  const watch = `trap 'stty size; exit 4' WINCH; stty size; while :; do sleep 0.05; done`
  const seen = await both(t, 'rows and columns', ['sh', '-c', watch], async (terminal) => {
    await terminal.see(/24 80/)
    terminal.resize(101, 33)
    await terminal.see(/33 101/)
  })
  t.match(seen, /24 80\r\n33 101\r\n/)
})

void t.test('exit codes and signals', async (t) => {
  const table: [string, string[], number][] = [
    ['0', ['true'], 0],
    ['7', ['sh', '-c', 'exit 7'], 7],
    ['255', ['sh', '-c', 'exit 255'], 255],
    ['148, which is no stop', ['sh', '-c', 'exit 148'], 148],
    ['SIGKILL', ['sh', '-c', 'kill -KILL $$'], 137],
    ['SIGTERM', ['sh', '-c', 'kill -TERM $$'], 143],
    ['SIGSEGV', ['sh', '-c', 'kill -SEGV $$'], 139],
  ]
  for (const [name, command, code] of table) {
    const terminal = start(t, true, command)
    t.match(await terminal.ended, { exitCode: code }, name)
  }
  const interrupted = start(t, true, ['sh', '-c', 'echo ready; sleep 60'])
  await interrupted.see(/ready/)
  interrupted.type('\u0003')
  t.match(await interrupted.ended, { exitCode: 130 }, 'Ctrl-C')
  const trapped = start(t, true, [
    'sh',
    '-c',
    'trap "echo caught; exit 3" TERM; echo ready; while :; do sleep 0.05; done',
  ])
  await trapped.see(/ready/)
  process.kill(trapped.pid, 'SIGTERM')
  await trapped.see(/caught/)
  t.match(await trapped.ended, { exitCode: 3 }, 'a signal to the wrapper is passed on')
})

void t.test('commands that cannot be run', async (t) => {
  writeFileSync(path.join(home, 'data'), '')
  for (const [command, code, says] of [
    ['no-such-command', 127, /no-such-command: command not found/],
    ['./data', 126, /\.\/data: permission denied/],
  ] as const) {
    const terminal = start(t, true, [command])
    t.match(await terminal.ended, { exitCode: code }, command)
    t.match(terminal.text, says)
  }
})

void t.test('Ctrl-Z gives the shell its terminal back, and fg the agent', async (t) => {
  const terminal = new TestTerminal('bash', ['--norc', '--noprofile', '-i'], { cwd: home, env })
  t.teardown(() => terminal.kill())
  let at = await terminal.see(/PROMPT> /)
  const run = async (line: string, pattern: RegExp): Promise<void> => {
    terminal.type(`${line}\r`)
    at = await terminal.see(pattern, at)
  }
  await run('stty -a | md5sum | cut -c1-8 > before; echo "o"k', /ok\r\n.*PROMPT> /s)
  await run(
    `${process.execPath} ${wrapper} ${flags.join(' ')} -- sh -c 'echo star"t"ed; read -r x; echo "read $x"'`,
    /started/,
  )
  terminal.type('\u001a')
  at = await terminal.see(/Stopped.*PROMPT> /s, at)
  await run('stty -a | md5sum | cut -c1-8 > after; cmp before after && echo "sa"me', /same\r\n.*PROMPT> /s)
  terminal.type('fg\r')
  // Its terminal is raw again when the shell's echo is off: give it a moment, as a person does.
  await new Promise((resolve) => setTimeout(resolve, 700))
  await run('words', /read words\r\n.*PROMPT> /s)
  await run('stty -a | md5sum | cut -c1-8 > after; cmp before after && echo "sa"me', /same\r\n.*PROMPT> /s)
})

void t.test(
  'vim: edit, suspend, come back, write',
  { skip: existsSync('/usr/bin/vim') ? false : 'vim is not installed' },
  async (t) => {
    const file = path.join(home, 'text')
    writeFileSync(file, 'one\n')
    const terminal = new TestTerminal('bash', ['--norc', '--noprofile', '-i'], { cwd: home, env })
    t.teardown(() => terminal.kill())
    let at = await terminal.see(/PROMPT> /)
    terminal.type(`${process.execPath} ${wrapper} ${flags.join(' ')} -- vim -u NONE text\r`)
    at = await terminal.see(/one/, at + 60)
    terminal.type('otwo')
    await terminal.see(/two/, at)
    terminal.type('\u001b')
    await new Promise((resolve) => setTimeout(resolve, 300))
    terminal.type('\u001a')
    at = await terminal.see(/\[\?1049l.*Stopped.*PROMPT> /s, at)
    terminal.type('fg\r')
    at = await terminal.see(/\[\?1049h.*two/s, at)
    terminal.type(':wq\r')
    at = await terminal.see(/\[\?1049l.*PROMPT> /s, at)
    t.equal(readFileSync(file, 'utf8'), 'one\ntwo\n')
  },
)

void t.test('a terminal that is closed ends the agent', async (t) => {
  const terminal = start(t, true, ['sh', '-c', 'echo $$ > pid; exec sleep 60'])
  const pid = Number(
    await until(
      'the agent runs',
      () => existsSync(path.join(home, 'pid')) && readFileSync(path.join(home, 'pid'), 'utf8').trim(),
    ),
  )
  process.kill(terminal.pid, 'SIGHUP')
  t.match(await terminal.ended, { exitCode: 129 })
  await until('the agent is gone', () => !isAlive(pid))
  t.pass()
})

void t.test('a wrapper that is killed takes the agent along', async (t) => {
  rmSync(path.join(home, 'pid'), { force: true })
  const terminal = start(t, true, ['sh', '-c', 'echo $$ > pid; exec sleep 60'])
  const pid = Number(
    await until(
      'the agent runs',
      () => existsSync(path.join(home, 'pid')) && readFileSync(path.join(home, 'pid'), 'utf8').trim(),
    ),
  )
  process.kill(terminal.pid, 'SIGKILL')
  await until('the agent is gone', () => !isAlive(pid))
  t.pass()
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
