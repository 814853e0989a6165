import t from 'tap'
import { healthView } from '../../../lib/pulse/view/health.js'
import { linesOf, modelOf, noonMs, stateOf, v1StateOf } from '../model.js'
import { exampleStates } from './example.js'

const health = {
  epoch: '3b1f0c9a7e55',
  seq: 122,
  pid: 4711,
  hub_version: '0.1.0',
  started_at_ms: noonMs - 7_300_000,
  agents: 5,
  publishers: 5,
  subscribers: 2,
  frames_in: 7_213,
  deltas_out: 942,
  decode_errors: 0,
  queue_drops: 3,
  resyncs: 1,
  history_deltas: 942,
  history_bytes: 620_400,
}

const of = (columns: number): string[] =>
  linesOf(healthView, modelOf({ session: { states: exampleStates, health }, columns, rows: 20 }))

void t.test('the hub and the agents, in 120 columns', async (t) => {
  t.strictSame(of(120), [
    '✗ 2 errors  ! 4 warnings',
    'Hub',
    '  hub      ● live for 1h · pid 4711 · version 0.1.0 · up 2h',
    '  socket   /run/user/1000/aoc/s.sock',
    '  stream   epoch 3b1f0c9a7e55 · seq 122 · latency 3 ms',
    '  clients  5 publishers · 2 subscribers · 5 agents',
    '  traffic  7213 frames in · 942 deltas out · 0 not understood',
    '  losses   ! 3 queue drops · 1 resync',
    '  history  942 deltas · 606 KiB',
    '    · queue drops — a program read too slowly, and got all states anew; nothing to do',
    'Agents',
    '  ● running      claude    heartbeat 2s ago            %1        shop@main',
    '  ◆ needs_input  codex     ! heartbeat late, 14s ago   %2        shop@main',
    '    ! blind: its hooks are not trusted — type /hooks in it, trust them (hooks_untrusted)',
    '  ○ idle         gemini    heartbeat 2s ago            %3        docs',
    '    · blind: says nothing of itself — a script can, with: aoc-agent-wrap report (no_signals)',
    '    · not a git repository — to see changes, run there: git init',
    '  · offline      make      has ended                   %5        infra@trunk',
    '  ✗ error        opencode  ✗ no heartbeat for 42s      %4        api',
    '    ✗ its status may be old — look at its pane',
    '    ✗ the tasks file is malformed — correct it: Not JSON: the end came too early at line 12, column 3.',
    '    ! git is missing — install git, or put it on PATH',
  ])
})

void t.test('the hub and the agents, in 80 columns', async (t) => {
  t.strictSame(of(80), [
    '✗ 2 errors  ! 4 warnings',
    'Hub',
    '  hub      ● live for 1h · pid 4711 · version 0.1.0 · up 2h',
    '  socket   /run/user/1000/aoc/s.sock',
    '  stream   epoch 3b1f0c9a7e55 · seq 122 · latency 3 ms',
    '  clients  5 publishers · 2 subscribers · 5 agents',
    '  traffic  7213 frames in · 942 deltas out · 0 not understood',
    '  losses   ! 3 queue drops · 1 resync',
    '  history  942 deltas · 606 KiB',
    '    · queue drops',
    '      a program read too slowly, and got all states anew; nothing to do',
    'Agents',
    '  ● running      claude    heartbeat 2s ago            %1',
    '  ◆ needs_input  codex     ! heartbeat late, 14s ago   %2',
    '    ! blind: its hooks are not trusted',
    '      type /hooks in it, trust them (hooks_untrusted)',
    '  ○ idle         gemini    heartbeat 2s ago            %3',
    '    · blind: says nothing of itself',
    '      a script can, with: aoc-agent-wrap report (no_signals)',
    '    · not a git repository — to see changes, run there: git init',
    '  · offline      make      has ended                   %5',
    '  ✗ error        opencode  ✗ no heartbeat for 42s      %4',
    '    ✗ its status may be old — look at its pane',
    '    ✗ the tasks file is malformed',
    '      correct it: Not JSON: the end came too early at line 12, column 3.',
    '    ! git is missing — install git, or put it on PATH',
  ])
})

void t.test('the hub and the agents, in 40 columns', async (t) => {
  t.strictSame(of(40), [
    '✗ 2 errors  ! 4 warnings',
    'Hub',
    '  hub      ● live for 1h · pid 4711',
    '           version 0.1.0 · up 2h',
    '  socket   /run/user/1000/aoc/s.sock',
    '  stream   epoch 3b1f0c9a7e55 · seq 122',
    '           latency 3 ms',
    '  clients  5 publishers · 2 subscribers',
    '           5 agents',
    '  traffic  7213 frames in',
    '           942 deltas out',
    '           0 not understood',
    '  losses   ! 3 queue drops · 1 resync',
    '  history  942 deltas · 606 KiB',
    '    · queue drops',
    '      a program read too slowly, and got',
    '      all states anew; nothing to do',
    'Agents',
    '  ● claude    2s ago',
    '  ◆ codex     ! late, 14s ago',
    '    ! blind: its hooks are not trusted',
    '      type /hooks in it, trust them',
    '      (hooks_untrusted)',
    '  ○ gemini    2s ago',
    '    · blind: says nothing of itself',
    '      a script can, with: aoc-agent-wrap',
    '      report (no_signals)',
    '    · not a git repository',
    '      to see changes, run there: git',
    '      init',
    '  · make      has ended',
    '  ✗ opencode  ✗ silent 42s',
    '    ✗ its status may be old',
    '      look at its pane',
    '    ✗ the tasks file is malformed',
    '      correct it: Not JSON: the end came',
    '      too early at line 12, column 3.',
    '    ! git is missing',
    '      install git, or put it on PATH',
  ])
})

void t.test('without a hub, with what this machine tells', async (t) => {
  const checks = [
    { name: 'git', ok: true, detail: '2.43.0', hint: '' },
    { name: 'dash', ok: false, detail: 'not found', hint: 'install dash' },
    { name: 'multiplexer', ok: null, detail: 'none around', hint: '' },
  ]
  const status = { blind: 'not_wrapped', since_ms: noonMs, confidence: 0, attention: 'none' }
  const states = [stateOf('%1', { label: 'claude', status, last_heartbeat_ms: null })]
  const link = { kind: 'lost', reason: 'connect ENOENT', wasLive: false } as const
  const session = {
    link,
    linkMs: noonMs - 8_000,
    seq: null,
    epoch: null,
    latencyMs: null,
    local: { states },
  }
  t.strictSame(linesOf(healthView, modelOf({ session, checks, columns: 92, rows: 20 })), [
    '✗ 1 error  ! 3 warnings',
    'Hub',
    '  hub      ✗ no hub for 8s · connect ENOENT',
    '    ! shown is what this machine tells — start one: aoc-hub --session s',
    '  socket   /run/user/1000/aoc/s.sock',
    'Agents',
    '  ● running?     claude  no heartbeat yet            %1',
    '    ! blind: not started by aoc-agent-wrap',
    '      end it, then: aoc-agent-wrap -- <agent> (not_wrapped)',
    'This machine',
    '  ✓ git          2.43.0',
    '  ! dash         not found',
    '    · install dash',
    '  · multiplexer  none around',
  ])
})

void t.test('a project is named where there is room for its name', async (t) => {
  const row = (columns: number): string | undefined =>
    linesOf(healthView, modelOf({ states: [stateOf('%1', { label: 'a-rather-long-label' })], columns })).find(
      (line) => line.includes('rather'),
    )
  t.match(row(99), /%1$/)
  t.match(row(100), /%1 +shop$/)
})

void t.test('nothing is wrong', async (t) => {
  const states = [stateOf('1', { label: 'claude' })]
  const [head] = linesOf(healthView, modelOf({ states }))
  t.equal(head, '✓ nothing is wrong')
})

void t.test('a hub that is slow, and lags', async (t) => {
  const session = { latencyMs: 2_500, link: { kind: 'live', laggedMs: noonMs - 4_000 } as const }
  const lines = linesOf(healthView, modelOf({ session, columns: 100 }))
  t.ok(lines.includes('  stream   epoch 3b1f0c9a7e55 · seq 122 · ! latency 3s, slow'), lines.join('\n'))
  t.ok(lines.includes('    · lagged 4s ago — all states came anew; nothing to do'))
})

const door = {
  url: 'ws://127.0.0.1:42123/ws',
  listening: true,
  connections: 3,
  publishers: 2,
  subscribers: 1,
  refused: 4,
  messages_in: 9,
  messages_out: 9,
  errors: 0,
  queue_drops: 0,
  resyncs: 0,
}
/** What stands below `history`: the door of v1 clients, and their agents. */
const withDoor = (columns: number, v1: object = door): string[] => {
  const last_error = {
    code: 'lint_failed',
    message: 'the linter \u001b[31mcrashed',
    component: 'wrapper',
    fatal: false,
    at_ms: noonMs - 180_000,
  }
  const states = [v1StateOf('7', { last_error }), v1StateOf('8', { message: null })]
  const told = { ...health, queue_drops: 0, v1: { ...door, ...v1 } }
  const lines = linesOf(healthView, modelOf({ session: { states, health: told }, columns, rows: 20 }))
  return [lines[0]!, ...lines.slice(lines.findIndex((line) => line.startsWith('  v1 ')))]
}

void t.test('the door of v1 clients and their agents, in 80 and in 40 columns', async (t) => {
  t.strictSame(withDoor(80), [
    '! 2 warnings',
    '  v1       127.0.0.1:42123 · 3 websockets · 2 publishers · 1 subscriber',
    '           ! 4 refused',
    '    · refused: web pages, other users, wrong addresses',
    "      the hub's log says which",
    'Agents',
    '  ● running      bot-7  heartbeat 2s ago            7',
    '    ! error 3m ago in wrapper: lint_failed, the linter [31mcrashed',
    '  ● running?     bot-8  heartbeat 2s ago            8',
  ])
  t.strictSame(withDoor(40), [
    '! 2 warnings',
    '  v1       127.0.0.1:42123',
    '           3 websockets · 2 publishers',
    '           1 subscriber · ! 4 refused',
    '    · refused: web pages, other users,',
    '      wrong addresses',
    "      the hub's log says which",
    'Agents',
    '  ● bot-7  2s ago',
    '    ! error 3m ago in wrapper:',
    '      lint_failed, the linter',
    '      [31mcrashed',
    '  ● bot-8  2s ago',
  ])
})

void t.test('a door that is shut counts once, with its reason and what to do', async (t) => {
  const shut = { listening: false, reason: 'node (pid 12) has port 42123', refused: 0 }
  t.strictSame(withDoor(80, shut).slice(0, 4), [
    '! 2 warnings',
    '  v1       ! does not listen · 127.0.0.1:42123',
    '    · node (pid 12) has port 42123',
    '      free the port: the hub tries every 5 s; or give it and its clients',
  ])
  t.match(withDoor(40, shut)[1], '  v1       ! does not listen')
})
