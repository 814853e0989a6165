import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import type { Log } from '../../../lib/wire/log.js'
import { openRinger, type Ringer, type RingerOptions } from '../../../lib/wire/notice/ring.js'
import type { Notice } from '../../../lib/wire/notice/notice.js'
import { aNotice } from './states.js'

const bel = '\u0007'

interface Rig {
  ringer: Ringer
  /** What the person's terminal got. */
  written: string[]
  logged: Record<string, unknown>[]
  /** A folder of this test's own; commands find it in `$DIR`. */
  dir: string
  /** Puts a program on the PATH of what is run. */
  install: (name: string, script: string) => void
  /** What a program has written, `''` before it has. */
  read: (file: string) => string
}

function rig(t: Test, options: Partial<RingerOptions>): Rig {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'aoc-ring-'))
  const written: string[] = []
  const logged: Record<string, unknown>[] = []
  const log: Log = (_, event, fields) => void logged.push({ event, ...fields })
  const ringer = openRinger({
    ways: [],
    command: null,
    // Below the programs of the test, only what the system itself has: no notify-send of a real desktop.
    env: { PATH: `${dir}/bin:${dir}/tools`, DIR: dir, TERM: 'linux' },
    writeTerminal: (bytes) => void written.push(bytes),
    isFocused: () => Promise.resolve(null),
    log,
    platform: 'linux',
    ...options,
  })
  fs.mkdirSync(path.join(dir, 'bin'))
  fs.mkdirSync(path.join(dir, 'tools'))
  for (const tool of ['cat', 'env', 'grep', 'sleep'])
    for (const from of ['/bin', '/usr/bin'])
      if (fs.existsSync(`${from}/${tool}`) && !fs.existsSync(`${dir}/tools/${tool}`))
        fs.symlinkSync(`${from}/${tool}`, `${dir}/tools/${tool}`)
  t.teardown(async () => {
    await ringer.close(0)
    fs.rmSync(dir, { recursive: true, force: true })
  })
  const file = (name: string): string => path.join(dir, name)
  return {
    ringer,
    written,
    logged,
    dir,
    install: (name, script) => {
      fs.writeFileSync(file(`bin/${name}`), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    },
    read: (name) => (fs.existsSync(file(name)) ? fs.readFileSync(file(name), 'utf8') : ''),
  }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** A shell line that waits for the file `go`. */
const waitForGo = 'while [ ! -e "$DIR/go" ]; do sleep 0.02; done'

void t.test('never for the pane that has the focus', async (t) => {
  const asked: string[] = []
  const table: [string, () => Promise<boolean | null>, string[]][] = [
    ['it has', () => Promise.resolve(true), []],
    ['it has not', () => Promise.resolve(false), [bel]],
    ['nobody knows', () => Promise.resolve(null), [bel]],
    ['it cannot be found out', () => Promise.reject(new Error('no')), [bel]],
    ['no answer comes', () => new Promise(() => {}), [bel]],
  ]
  for (const [name, isFocused, bytes] of table) {
    const { ringer, written } = rig(t, {
      ways: ['bell'],
      isFocused: (paneId) => {
        asked.push(paneId)
        return isFocused()
      },
    })
    await ringer.ring(aNotice())
    t.strictSame(written, bytes, name)
  }
  t.strictSame(asked, ['%3', '%3', '%3', '%3', '%3'])
})

void t.test('without a way nothing is asked and nothing rings', async (t) => {
  const { ringer, written } = rig(t, {
    isFocused: () => {
      throw new Error('asked')
    },
  })
  await ringer.ring(aNotice())
  t.strictSame(written, [])
})

void t.test('a command gets the notice as data', async (t) => {
  const label = `$(:>"$DIR/gone");\`:>"$DIR/gone"\`'"\\`
  const notice: Notice = aNotice('needs_input', 'shop::%3', { label, snippet: 'x' })
  const { ringer, read, logged, dir } = rig(t, {
    command:
      'cat > "$DIR/stdin"; env | grep ^AOC_NOTICE_ > "$DIR/env"; printf %s "$AOC_NOTICE_TITLE" > "$DIR/title"',
  })
  await ringer.ring(notice)
  t.strictSame(logged, [])
  t.strictSame(JSON.parse(read('stdin')), {
    kind: 'needs_input',
    agent_id: 'shop::%3',
    pane_id: '%3',
    label: notice.label,
    title: notice.title,
    text: 'Bash: rm -rf build',
    state: notice.state,
  })
  t.strictSame(read('env').trimEnd().split('\n').toSorted(), [
    'AOC_NOTICE_AGENT_ID=shop::%3',
    'AOC_NOTICE_KIND=needs_input',
    `AOC_NOTICE_LABEL=${notice.label}`,
    'AOC_NOTICE_PANE_ID=%3',
    'AOC_NOTICE_TEXT=Bash: rm -rf build',
    `AOC_NOTICE_TITLE=${notice.title}`,
  ])
  t.equal(read('title'), notice.title)
  t.notOk(fs.existsSync(path.join(dir, 'gone')))
})

void t.test('a command has no terminal, and its output goes nowhere', async (t) => {
  const { ringer, read, logged } = rig(t, {
    command:
      '[ /dev/fd/1 -ef /dev/null ] && [ /dev/fd/2 -ef /dev/null ] && ! ( : < /dev/tty ) 2> /dev/null && : > "$DIR/x" && echo quiet > "$DIR/out"',
  })
  await ringer.ring(aNotice())
  t.strictSame(logged, [])
  t.equal(read('out'), 'quiet\n')
})

void t.test('a command that does not read a large state', async (t) => {
  const { ringer, logged } = rig(t, { command: 'exit 0' })
  await ringer.ring(aNotice('error', 'a::1', { snippet: 'x'.repeat(250_000) }))
  t.strictSame(logged, [])
})

void t.test('what fails is logged and leaves the rest', async (t) => {
  const { ringer, read, logged, install } = rig(t, {
    ways: ['bell', 'desktop'],
    command: 'echo run > "$DIR/out"; exit 3',
    writeTerminal: () => {
      throw new Error('the terminal is gone')
    },
  })
  install('notify-send', 'exit 1')
  await ringer.ring(aNotice())
  t.equal(read('out'), 'run\n')
  t.strictSame(logged.map(({ event, way }) => `${String(event)} ${String(way)}`).toSorted(), [
    'notice_failed command',
    'notice_failed desktop',
    'notice_failed undefined',
  ])
  t.match(
    logged.find(({ way }) => way === 'command'),
    { reason: /exit code 3/ },
  )
})

void t.test('a command that hangs is killed with what it started', { timeout: 20_000 }, async (t) => {
  const { ringer, logged, dir, install } = rig(t, { command: 'hang', programMs: 1_000 })
  // All of them hold the pipe open: it ends when none of them is left.
  install('hang', 'exec 3> "$DIR/pipe"; echo started >&3; sleep 600 & (sleep 600; true) & wait')
  execFileSync('mkfifo', [path.join(dir, 'pipe')])
  const pipe = fs.promises.readFile(path.join(dir, 'pipe'), 'utf8')
  await ringer.ring(aNotice())
  t.equal(await pipe, 'started\n')
  t.match(logged, [{ event: 'notice_failed', way: 'command', reason: 'killed after 1 s' }])
})

void t.test('four commands at once, the others after them', { timeout: 30_000 }, async (t) => {
  const { ringer, read, logged, dir } = rig(t, {
    command: `echo + >> "$DIR/log"; ${waitForGo}; sleep 0.05; echo - >> "$DIR/log"`,
  })
  const rings = Array.from({ length: 9 }, (_, i) => ringer.ring(aNotice('error', `a::${i}`)))
  await until(() => read('log') === '+\n'.repeat(4))
  fs.writeFileSync(path.join(dir, 'go'), '')
  await Promise.all(rings)
  const marks = read('log').trimEnd().split('\n')
  let running = 0
  const most = Math.max(...marks.map((mark) => (running += mark === '+' ? 1 : -1)))
  t.strictSame([marks.length, most, running], [18, 4, 0])
  t.strictSame(logged, [])
})

/** Keeps its arguments, one a line, and waits for `go`. */
const notifySend = `printf '%s\\n' "$@" end >> "$DIR/shown"; ${waitForGo}`

void t.test('the desktop gets arguments, whatever they look like', async (t) => {
  const { ringer, read, logged, install, dir } = rig(t, { ways: ['desktop'] })
  install('notify-send', notifySend)
  fs.writeFileSync(path.join(dir, 'go'), '')
  await ringer.ring({ ...aNotice(), title: '--help; $(id)', text: '-x <b> "y"' })
  t.strictSame(logged, [])
  t.strictSame(read('shown').split('\n'), [
    '--app-name=aoc-pulse',
    '--',
    '--help; $(id)',
    '-x &lt;b&gt; "y"',
    'end',
    '',
  ])
})

void t.test(
  'one notification of an agent at a time; the last one comes after it',
  { timeout: 30_000 },
  async (t) => {
    const { ringer, read, install, dir } = rig(t, { ways: ['desktop'] })
    install('notify-send', notifySend)
    const count = (): number => read('shown').split('end\n').length - 1
    const ring = (title: string, agentId: string): Promise<void> =>
      ringer.ring({ ...aNotice('error', agentId), title, text: '' })
    const rings = [ring('first', 'a::1')]
    await until(() => count() === 1)
    rings.push(ring('second', 'a::1'), ring('third', 'a::1'), ring('other', 'a::2'))
    await until(() => count() === 2)
    fs.writeFileSync(path.join(dir, 'go'), '')
    await Promise.all(rings)
    const titles = read('shown').match(/^(first|second|third|other)$/gm)
    t.strictSame(titles, ['first', 'other', 'third'])
  },
)

void t.test('a desktop without notifications is said once', async (t) => {
  const { ringer, written, logged } = rig(t, { ways: ['bell', 'desktop'] })
  for (let i = 0; i < 3; i++) await ringer.ring(aNotice('error', `a::${i}`))
  t.strictSame(written, [bel, bel, bel])
  t.strictSame(logged, [{ event: 'notice_failed', way: 'desktop', reason: 'notify-send is not installed' }])
})

void t.test('a flood is cut off', async (t) => {
  const { ringer, written, logged } = rig(t, { ways: ['bell'] })
  await Promise.all(Array.from({ length: 200 }, (_, i) => ringer.ring(aNotice('error', `a::${i}`))))
  t.equal(written.length, 20)
  t.strictSame(logged, [{ event: 'notice_dropped', reason: 'too many notices' }])
})

void t.test('its end', { timeout: 20_000 }, async (t) => {
  const { ringer, read, written, dir } = rig(t, {
    ways: ['bell'],
    command: `echo + >> "$DIR/log"; ${waitForGo}; echo - >> "$DIR/log"`,
  })
  const first = ringer.ring(aNotice())
  await until(() => read('log') === '+\n')
  const closed = ringer.close(10_000)
  await ringer.ring(aNotice('error'))
  t.strictSame(written, [bel], 'no more notices are taken')
  fs.writeFileSync(path.join(dir, 'go'), '')
  await closed
  await first
  t.equal(read('log'), '+\n-\n', 'what is under way is waited for')
})

void t.test('its end does not wait for ever', { timeout: 20_000 }, async (t) => {
  const { ringer, logged, read } = rig(t, { command: 'echo + >> "$DIR/log"; exec sleep 600' })
  const rung = ringer.ring(aNotice())
  await until(() => read('log') === '+\n')
  await ringer.close(10)
  await rung
  t.match(logged, [{ event: 'notice_failed', way: 'command', reason: 'killed' }])
})
