import { existsSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { newRoom, run, until } from './processes.js'
import { Watched } from './watched.js'

/** What a wrapper does in its own place: its notices, what it makes of bad settings, its traces. */

/** Has the agent of pane 1 ask, and waits until a notice of that was given. */
async function askAndNotice(session: Watched): Promise<void> {
  await session.becomes('1', 'running')
  await session.command('report', '1', { lifecycle: 'needs_input', detail: 'which branch?' })
  await until('the notice', () => existsSync(path.join(session.room.dir, 'noticed')))
}

/** All ways into the terminal, and one that a test sees; it comes after them. */
const noticeFlags = ['--notify', 'bell,osc', '--notify-command', 'touch noticed']
/** A terminal that reads OSC 777. */
const kind = { TERM_PROGRAM: 'WezTerm' }

void t.test('notices never go into a pipe', async (t) => {
  const session = await Watched.open(t)
  const agent = session.onPipes('1', ['cat'], noticeFlags, kind)
  agent.say('one\n')
  await askAndNotice(session)
  agent.child.stdin.end('two\n')
  t.equal(await agent.ended, 0)
  t.equal(agent.stdout, 'one\ntwo\n')
  t.equal(agent.stderr, '')
})

void t.test('notices in a terminal never come inside of a sequence', async (t) => {
  const session = await Watched.open(t)
  const script = `stty raw -echo; printf 'a\\033[3'; while [ ! -e go ]; do sleep 0.05; done; printf '1mred'; exec cat`
  const terminal = session.inTerminal('1', script, noticeFlags, kind)
  await terminal.see(/a\u001b\[3$/)
  await askAndNotice(session)
  t.equal(terminal.text, 'a\u001b[3', 'it waits')
  writeFileSync(path.join(session.room.dir, 'go'), '')
  await terminal.see(/\u0007/)
  await terminal.see(/which branch\?/)
  // Whatever is still to come of the notice comes before this.
  terminal.type('end')
  await terminal.see(/end/)
  t.match(terminal.text, /^a\u001b\[31mred/, 'the sequence is whole')
  const notice = terminal.text.slice('a\u001b[31mred'.length, -'end'.length)
  t.match(notice, /^(?=.*\u0007).*\u001b\]777;notify;.*which branch\?/)
})

void t.test('notices in a terminal come at once when the agent is at rest', async (t) => {
  const session = await Watched.open(t)
  const terminal = session.inTerminal('1', 'printf ready; exec cat', noticeFlags, kind)
  await terminal.see(/ready/)
  await askAndNotice(session)
  await terminal.see(/^ready.*\u0007/)
  t.match(terminal.text, /\u001b\]777;notify;.*which branch\?/)
})

void t.test(
  'settings that cannot be used: of the environment the agent runs, of a flag it does not',
  async (t) => {
    const room = newRoom(t)
    const long = 'x'.repeat(2_000)
    const ran = path.join(room.dir, 'ran')
    const command = ['--', 'sh', '-c', 'echo out; touch ran; exit 5']
    const table = [
      ['AOC_SESSION_ID', '--session', long, /the session id has 2000 characters; at most \d+ are taken/],
      ['AOC_SESSION_ID', '--session', 'a\u001b]0;b\u0007', /the session id .* holds control characters/],
      ['AOC_PULSE_SOCK', '--pulse-socket-path', `/tmp/${long}`, /has 2005 bytes; a Unix socket takes \d+/],
    ] as const
    for (const [name, , value, says] of table) {
      const what = `${name}=${JSON.stringify(value.slice(0, 20))}`
      const told = await run(t, room, 'aoc-agent-wrap', ['--no-hub-start', ...command], '', {
        env: { [name]: value },
      })
      t.same([told.code, told.stdout], [5, 'out\n'], what)
      const lines = told.stderr.trimEnd().split('\n')
      t.equal(lines.length, 2, `${what}: ${told.stderr}`)
      t.match(lines, [says, /^aoc-agent-wrap: the agent runs, and nobody is told of it$/])
      t.match(lines[0], /^aoc-agent-wrap: [^\p{Cc}]+$/u)
    }
    await run(t, room, 'rm', [ran])
    for (const [, flag, value, says] of table) {
      const refused = await run(t, room, 'aoc-agent-wrap', ['--no-hub-start', flag, value, ...command])
      t.ok(refused.code === 1 || refused.code === 2, `${flag}: ${refused.code}`)
      t.equal(refused.stdout, '')
      t.match(refused.stderr, says)
      t.match(refused.stderr, /^[^\p{Cc}]+\n$/u)
    }
    t.notOk(existsSync(ran), 'the command was not run')
  },
)

void t.test('a screen scrolled by two thousand million lines', async (t) => {
  const session = await Watched.open(t)
  const script = String.raw`printf '\033[2147483647S\033[2147483647T\033[2147483647Lafter\r\n'; read -r x; echo "got $x"; exit 7`
  const terminal = session.inTerminal('1', script)
  await terminal.see(/after/)
  terminal.type('words\r')
  await terminal.see(/got words/)
  t.match(await terminal.ended, { exitCode: 7 })
})

void t.test('record and replay', async (t) => {
  const room = newRoom(t)
  const trace = path.join(room.dir, 'trace.ndjson')
  const record = (script: string) =>
    run(t, room, 'aoc-agent-wrap', [
      'record',
      '-o',
      trace,
      '--session',
      's',
      '--no-hub-start',
      '--',
      'sh',
      '-c',
      script,
    ])
  const recorded = await record(
    String.raw`printf '\033]9;4;3\007work\n'; printf '\033]9;4;0\007done\n'; exit 5`,
  )
  t.same(recorded, { code: 5, stdout: '\u001b]9;4;3\u0007work\n\u001b]9;4;0\u0007done\n', stderr: '' })
  t.equal(statSync(trace).mode & 0o777, 0o600)
  const replayed = await run(t, room, 'aoc-agent-wrap', ['replay', '--check', trace])
  t.same([replayed.code, replayed.stderr], [0, ''])
  t.match(replayed.stdout, /exited with 5/)

  const again = await record('touch ran')
  t.equal(again.code, 1)
  t.match(again.stderr, /^aoc-agent-wrap: [^\n]*trace\.ndjson[^\n]*\n$/)
  t.notOk(existsSync(path.join(room.dir, 'ran')), 'the command was not run')
  t.equal(
    (await run(t, room, 'aoc-agent-wrap', ['replay', '--check', trace])).code,
    0,
    'nor the trace touched',
  )
})
