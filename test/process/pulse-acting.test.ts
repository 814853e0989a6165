import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { LineClient, newRoom, startHub, until, type Room } from './processes.js'
import { openAgent, openPulse, pulse, report } from './pulse.js'
import { ScreenTerminal } from './screen.js'
import { wrapper } from './terminal.js'

// They wait more than they work.
t.jobs = 2

const hasTmux = ((): boolean => {
  try {
    return execFileSync('tmux', ['-V'], { encoding: 'utf8' }).startsWith('tmux')
  } catch {
    return false
  }
})()

/** Esc by itself, and not as the first half of another key. */
async function escape(screen: ScreenTerminal, gone: string | RegExp): Promise<void> {
  screen.type('\u001b')
  await screen.unsee(gone)
}

const textOf = (room: Room, file: string): string | null =>
  fs.existsSync(path.join(room.dir, file)) ? fs.readFileSync(path.join(room.dir, file), 'utf8') : null

/** A script that asks, and writes down what it is answered. */
const asker = `${report} needs_input --detail "which branch?"; IFS= read -r x; printf '<%s>' "$x" > got; read -r y`

void t.test(
  'Enter goes to the pane of the agent, seen as a person sees it: all of it inside tmux',
  { buffered: true, skip: hasTmux ? false : 'tmux is not installed' },
  async (t) => {
    const room = newRoom(t)
    const env = { ...room.env, TMUX_TMPDIR: room.dir, TERM: 'xterm-256color', SHELL: '/bin/sh' }
    const own = ['-L', 'aoc', '-f', '/dev/null']
    const tmux = (...args: string[]): string =>
      execFileSync('tmux', [...own, ...args], { encoding: 'utf8', env, stdio: 'pipe' }).trim()
    t.teardown(async () => {
      const pids = tmux('list-panes', '-a', '-F', '#{pane_pid}').split('\n')
      tmux('kill-server')
      // They write into the room until they have ended.
      await until('all panes have ended', () => !pids.some((pid) => fs.existsSync(`/proc/${pid}`)))
    })
    const node = `'${process.execPath}'`
    const script = path.join(room.dir, 'agent.sh')
    fs.writeFileSync(script, `echo here I am\n${asker}\n`)
    const agent = `exec ${node} '${wrapper}' --label asker --no-hub-start -- sh '${script}'`
    tmux('new-session', '-d', '-x', '110', '-y', '30', '-s', 'shop', '-n', 'api', 'exec sleep 600')
    // The hub asks the server that its own surroundings name.
    const socket = tmux('display-message', '-p', '-t', 'shop', '#{socket_path},#{pid},0')
    await startHub(t, room, 'shop', [], { env: { TMUX: socket, TMUX_TMPDIR: room.dir } })
    tmux('split-window', '-d', '-t', '=shop:api', agent)
    tmux('new-window', '-t', 'shop:', '-n', 'watch', `exec ${node} '${pulse}' --no-hub-start`)
    const screen = new ScreenTerminal('tmux', [...own, 'attach-session', '-t', 'shop'], {
      cwd: room.dir,
      env,
      columns: 110,
      rows: 31,
    })
    t.teardown(() => screen.kill())
    await screen.see(/needs_input +asker +question: which branch\?/)
    await screen.see(/1:api %1/)
    const active = (): string => tmux('display-message', '-p', '-t', 'shop', '#{window_name} #{pane_id}')
    t.equal(active(), 'watch %2')
    screen.type('y')
    await screen.see('copied shop::%1')
    await until('it is in the clipboard of tmux', () => {
      try {
        return tmux('show-buffer') === 'shop::%1'
      } catch {
        return false
      }
    })
    screen.type('\r')
    await until('its pane is the active one', () => active() === 'api %1')
    await screen.unsee('1 Overview')
    t.match(screen.text, 'here I am', 'the person sees it')
  },
)

void t.test(
  'i writes to it, with what it asks in view, and it gets exactly that',
  { buffered: true },
  async (t) => {
    const room = newRoom(t)
    await startHub(t, room)
    openAgent(t, room, '1', asker)
    const screen = await openPulse(t, room)
    await screen.see('which branch?')
    screen.type('i')
    await screen.see(/to agent-1[^]*question: which branch\?[^]*> /)
    await screen.until('the cursor stands in it', () => !screen.modes.isCursorHidden)
    screen.type('mainq')
    await screen.see('> mainq')
    screen.type('\u007f')
    screen.paste('; not  the "dev" one: ä日本')
    await screen.see('日本')
    t.equal(textOf(room, 'got'), null)

    // The dialog stays, with what is typed, on any size.
    for (const [columns, rows] of [
      [60, 14],
      [40, 10],
      [120, 30],
    ] as const) {
      screen.resize(columns, rows)
      await screen.until(
        'it is drawn anew',
        () => /^└.*⏎ send/m.test(screen.text.replaceAll(/^ +/gm, '')) && screen.lines[0]!.length === columns,
      )
      t.match(screen.text, '日本')
      t.match(screen.text, 'to agent-1')
    }
    screen.type('\r')
    await screen.see('sent to agent-1')
    await until('it got it', () => textOf(room, 'got') !== null)
    t.equal(textOf(room, 'got'), '<main; not  the "dev" one: ä日本>')
  },
)

void t.test(
  'an answer to a question that has passed is refused where it was given',
  { buffered: true },
  async (t) => {
    const room = newRoom(t)
    await startHub(t, room)
    const script = `${report} needs_input --detail "first?"; while [ ! -e go ]; do sleep 0.05; done
    ${report} needs_input --detail "delete all?"; IFS= read -r x; printf '<%s>' "$x" > got; read -r y`
    openAgent(t, room, '1', script)
    const screen = await openPulse(t, room)
    await screen.see('first?')
    screen.type('iyes')
    await screen.see('> yes')
    fs.writeFileSync(path.join(room.dir, 'go'), '')
    await screen.see(/delete all\?[^]*has passed/)
    screen.type('\r')
    await screen.see('✗')
    await escape(screen, 'to agent-1')
    t.equal(textOf(room, 'got'), null)
    screen.type('i')
    await screen.see('to agent-1')
    t.notMatch(screen.text, 'has passed')
    screen.type('no')
    await screen.see('> no')
    screen.type('\r')
    await until('it got the second one', () => textOf(room, 'got') !== null)
    t.equal(textOf(room, 'got'), '<no>', 'and nothing of the first')
  },
)

void t.test('Ctrl-T writes without Enter, and Alt-Enter breaks the line', { buffered: true }, async (t) => {
  const room = newRoom(t)
  await startHub(t, room)
  openAgent(
    t,
    room,
    '1',
    `echo ready; IFS= read -r x; IFS= read -r y; printf '<%s|%s>' "$x" "$y" > got; read -r z`,
  )
  const screen = await openPulse(t, room)
  await screen.see('ready')
  screen.type('i')
  await screen.see('to agent-1')
  screen.type('one ')
  screen.type('\u0014')
  await screen.see('sent to agent-1')
  t.equal(textOf(room, 'got'), null)
  screen.type('i')
  await screen.see('to agent-1')
  screen.type('two')
  screen.type('\u001b\r')
  screen.type('three')
  await screen.see(/> two.three/)
  t.match(screen.text, 'to agent-1')
  screen.type('\r')
  await until('it got them', () => textOf(room, 'got') !== null)
  t.equal(textOf(room, 'got'), '<one two|three>')
})

void t.test('x ends it after a question that names it, and by y alone', { buffered: true }, async (t) => {
  const room = newRoom(t)
  await startHub(t, room)
  const agent = openAgent(t, room, '1', 'echo at work; while :; do sleep 1; done')
  let hasEnded = false
  void agent.ended.then(() => (hasEnded = true))
  const screen = await openPulse(t, room)
  await screen.see('at work')
  for (const key of ['n', 'q', 'x', ' ']) {
    screen.type('x')
    await screen.see('End agent-1')
    screen.type(key)
    await screen.unsee('End agent-1')
  }
  screen.type('x')
  await screen.see('End agent-1')
  screen.paste('y')
  screen.type('\r')
  await escape(screen, 'End agent-1')
  t.notMatch(screen.text, /stopp|ended/)
  t.notOk(hasEnded)
  screen.type('xy')
  // By its label, or by its id when it has left the list before the answer came.
  await screen.see(/✓ (agent-1 \(1\)|s::1): ended by SIG/)
  await agent.ended
  await screen.see(/· offline +agent-1|No agents/)
})

void t.test('e explains, and a refusal stands where the command was given', { buffered: true }, async (t) => {
  const room = newRoom(t)
  const hub = await startHub(t, room, 's', ['--stale-seconds', '0'])
  openAgent(t, room, '1', asker)
  const lone = await LineClient.publisher(t, hub, '2')
  lone.upsert('2', { lifecycle: 'idle', source: { label: 'lone' } })
  const screen = await openPulse(t, room)
  await screen.see('which branch?')
  screen.type('e')
  await screen.see(/why agent-1 [^]*decided by +report → needs_input/)
  await escape(screen, 'decided by')
  // Without a multiplexer there is no pane to go to.
  screen.type('\r')
  await screen.see(/^✗ /m)
  // Who publishes it does not answer to that.
  lone.socket.on('data', () => {
    const id = lone.frames.findLast(({ type }) => type === 'command')?.request_id
    const error = { code: 'unsupported_command', message: 'it cannot do that' }
    lone.say('command_result', { command: 'send_input', status: 'error', message: error.message, error }, id)
  })
  screen.type('ji')
  await screen.see('to lone')
  screen.type('hello')
  await screen.see('> hello')
  screen.type('\r')
  await screen.see(/> hello[^]*✗ it cannot do that/)
  await escape(screen, 'to lone')
})

/** A session of twelve agents, of which two ask. */
async function openMany(t: Test, rows = 16): Promise<ScreenTerminal> {
  const room = newRoom(t)
  const hub = await startHub(t, room, 's', ['--stale-seconds', '0'])
  for (let i = 10; i < 50; i++) {
    const publisher = await LineClient.publisher(t, hub, String(i))
    const lifecycle = i === 20 || i === 30 ? 'needs_input' : 'idle'
    const status = { confidence: 3, since_ms: i, detail: `job ${i}` }
    publisher.upsert(String(i), { lifecycle, source: { label: `agent-${60 - i}`, status } })
  }
  const screen = await openPulse(t, room, { columns: 100, rows })
  await screen.see(/◆ 2 .*○ 38 /)
  return screen
}

const selected = (screen: ScreenTerminal): string =>
  screen.lines.find((_, y) => y > 2 && screen.cellAt(50, y).reversed)?.trim() ?? ''

void t.test('the mouse works for rows, modes, keys and scrolling', { buffered: true }, async (t) => {
  const screen = await openMany(t)
  await screen.see(/1–\d+\/40↓/)
  const first = screen.lines[3]!
  screen.wheel(10, 6, 1)
  await screen.see(/↑4–\d+\/40/)
  t.notMatch(screen.text, first)
  screen.wheel(10, 6, -1)
  await screen.see(/1–\d+\/40↓/)
  const { y } = screen.find('job 12')
  screen.click(20, y)
  await screen.until('the row is selected', () => selected(screen).includes('job 12'))
  screen.click(20, y)
  await screen.see(/^✗ /m)
  screen.click(screen.find('3 Diff').x, 1)
  await screen.see(/No agent has told of changes/)
  screen.click(screen.find('1 Overview').x, 1)
  await screen.see('job 12')
  await escape(screen, /^✗ /m)
  screen.click(screen.find('x stop').x, screen.find('x stop').y)
  await screen.see('End agent-48')
  // What lies below a box cannot be pressed.
  screen.click(screen.find('4 Health').x, 1)
  const { x, y: below } = screen.find('let it live')
  screen.click(x, below)
  await screen.unsee('End agent-48')
  t.match(screen.text, 'job 12', 'still the overview')
})

void t.test('n, /, s and ? do what they say', { buffered: true }, async (t) => {
  const screen = await openMany(t)
  screen.type('n')
  await screen.until('the one that waits longest', () => selected(screen).includes('job 20'))
  screen.type('n')
  await screen.until('the other one', () => selected(screen).includes('job 30'))
  screen.type('n')
  await screen.until('the first again', () => selected(screen).includes('job 20'))

  screen.type('/JOB agent-1')
  await screen.see('filter: JOB agent-1')
  await screen.unsee('job 30')
  t.match(screen.text, 'job 45')
  screen.type('\r')
  await screen.see(/Health.*filter: JOB agent-1/)
  screen.type('/')
  screen.type('zz')
  await screen.see('No agent matches')
  await escape(screen, 'No agent matches')
  t.match(screen.text, /Health.*filter: JOB agent-1/, 'Esc takes back what was typed last')
  await escape(screen, 'filter:')
  screen.type('g')
  await screen.see('job 20')

  screen.type('s')
  await screen.see(/sorted by label/)
  screen.type('g')
  await screen.until('the first by its label', () => selected(screen).includes('agent-11'))
  screen.type('sss')
  await screen.see(/sorted by need/)
  screen.type('?')
  await screen.see(/┌─ keys/)
  await screen.see('the next agent that needs me')
  // Of a help that is too high the rest can be reached.
  screen.type('G')
  await screen.see('nothing but its process')
  screen.type('q')
  await screen.unsee(/┌─ keys/)
  t.match(screen.text, 'Overview', 'q closed the help and nothing else')
})

void t.test(
  'y copies by the terminal itself, and a paste never acts as keys',
  { buffered: true },
  async (t) => {
    const screen = await openMany(t)
    screen.type('ny')
    await screen.see('copied s::20')
    const copied = `\u001b]52;c;${Buffer.from('s::20').toString('base64')}\u0007`
    t.ok(screen.bytes.toString().includes(copied), 'OSC 52')
    const before = screen.text
    screen.paste('q')
    screen.paste('xy')
    screen.paste('4\r/i?e')
    screen.type('\u001b[Z')
    await screen.see('● live')
    t.match(before, 'Overview')
    t.notMatch(screen.text, /┌─|filter:/)
    screen.type('\t')
    await screen.see('job 20')
    screen.type('i')
    await screen.see('to agent-40')
    screen.paste('one\ntwo\u001b[31m')
    await screen.see(/> one.two\[31m/)
    t.match(screen.text, 'to agent-40', 'and its line break is no Enter')
  },
)
