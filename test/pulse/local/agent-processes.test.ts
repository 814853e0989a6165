import t from 'tap'
import type { AgentState } from '../../../lib/wire/messages.js'
import {
  agentsAmong,
  isOfSession,
  joinAgents,
  type ProcessEntry,
  type ProcessPlace,
  type SessionPlace,
} from '../../../lib/pulse/local/agent-processes.js'
import { commandOf } from '../../../lib/pulse/local/agent-commands.js'
import { nameFor } from '../../../lib/wire/names.js'
import { parseLsof, parsePs } from '../../../lib/pulse/local/ps-table.js'

void t.test('which agent a process is', async (t) => {
  const rows: [string, string | null][] = [
    ['claude', 'claude'],
    ['/home/me/.local/bin/claude --resume', 'claude'],
    ['/home/me/.local/share/claude/versions/2.1.240 -p hi', 'claude'],
    ['node /usr/lib/node_modules/@anthropic-ai/claude-code/cli.js', 'claude'],
    ['node --no-warnings=DEP0040 --max-old-space-size=8192 /usr/bin/gemini', 'gemini'],
    ['/usr/bin/node -r ./claude /usr/bin/gemini -i hi', 'gemini'],
    ['node /x/node_modules/@google/gemini-cli/bundle/gemini.js', 'gemini'],
    ['bun run /x/bin/opencode', 'opencode'],
    ['/x/opencode-linux-x64/bin/.opencode', 'opencode'],
    ['/x/node_modules/@openai/codex/bin/codex.js resume', 'codex'],
    ['codex', 'codex'],
    ['node /usr/local/bin/aoc-agent-wrap -- claude', 'wrapper'],
    ['node /x/dist/bin/aoc-agent-wrap.js -- claude', 'wrapper'],
    ['codex mcp-server', null],
    ['opencode serve', null],
    ['claude --version', null],
    ['vim claude', null],
    ['less /usr/bin/claude', null],
    ['node -e claude', null],
    ['node -p /usr/bin/claude', null],
    ['node', null],
    ['node --import', null],
    ['sh -c claude', null],
    ['claude-trace', null],
    ['', null],
  ]
  for (const [line, wanted] of rows) t.equal(commandOf(line.split(' ')), wanted, line)
  t.equal(commandOf([]), null)
})

/** A process on a terminal. */
function entry(pid: number, parent: number, line: string, more: Partial<ProcessEntry> = {}): ProcessEntry {
  const argv = line === '' ? [] : line.split(' ')
  return { pid, parent, hasTerminal: true, isStopped: false, startedAtMs: 1_000 + pid, argv, ...more }
}

void t.test('the agents among processes', async (t) => {
  const table = [
    entry(1, 0, '', { hasTerminal: false }),
    entry(10, 1, 'bash'),
    entry(11, 10, 'node /usr/bin/codex'),
    entry(12, 11, '/x/@openai/codex/vendor/codex'),
    entry(13, 12, 'bash -c claude'),
    entry(14, 13, 'claude -p'),
    entry(20, 10, 'node /usr/bin/aoc-agent-wrap -- claude'),
    entry(21, 20, 'dash -c x aoc-agent-wrap claude'),
    entry(22, 21, 'claude', { isStopped: true }),
    entry(23, 22, 'codex'),
    entry(30, 999, 'gemini'),
    entry(31, 1, 'claude', { hasTerminal: false }),
    entry(40, 41, 'claude'),
    entry(41, 40, 'bash'),
    entry(50, 50, 'opencode'),
  ]
  const found = agentsAmong(table.toReversed()).map(({ pid, name, isWrapped }) => [pid, name, isWrapped])
  t.same(
    found,
    [
      [11, 'codex', false],
      [22, 'claude', true],
      [30, 'gemini', false],
    ],
    'who started it counts, and a table that contradicts itself gives nothing',
  )
})

const session: SessionPlace = {
  sessionId: 's',
  env: {},
  panes: null,
  projectKey: '/r',
  keyOf: (folder) => (folder.startsWith('/r') ? '/r' : folder),
}
const inTmux = { ...session, env: { TMUX: '/tmp/tmux-0/default,1,0' }, panes: new Set(['%3']) }
const tmux = (pane: string, server = '/tmp/tmux-0/default'): Record<string, string> => ({
  TMUX: `${server},99,7`,
  TMUX_PANE: pane,
})

void t.test('whose session an agent is in', async (t) => {
  const ours = { ...session, sessionId: nameFor('/r') }
  const oursInTmux = { ...inTmux, sessionId: nameFor('/r') }
  const rows: [string, ProcessPlace, SessionPlace, boolean][] = [
    ['named', { env: { AOC_SESSION_ID: 's' }, cwd: '/x' }, session, true],
    ['named otherwise', { env: { AOC_SESSION_ID: 'x' }, cwd: '/r' }, session, false],
    ['zellij', { env: { ZELLIJ_SESSION_NAME: 's', AOC_SESSION_ID: 'x' }, cwd: '/x' }, session, true],
    [
      'zellij otherwise',
      { env: { ZELLIJ_SESSION_NAME: 'x', AOC_SESSION_ID: 's' }, cwd: '/r' },
      session,
      false,
    ],
    ['a pane', { env: tmux('%3'), cwd: '/x' }, inTmux, true],
    ['another pane', { env: tmux('%4'), cwd: '/r' }, inTmux, false],
    ['the same number on another server', { env: tmux('%3', '/tmp/tmux-0/other'), cwd: '/r' }, inTmux, false],
    ['a pane, and nobody knows which are ours', { env: tmux('%3'), cwd: '/r' }, session, false],
    ['a server without a pane', { env: { TMUX: '/tmp/tmux-0/default,1,0' }, cwd: '/r' }, ours, false],
    ['no multiplexer, our repository', { env: {}, cwd: '/r/sub' }, ours, true],
    ['its project is said', { env: { AOC_PROJECT_ROOT: '/r' }, cwd: '/x' }, ours, true],
    ['no multiplexer, another repository', { env: {}, cwd: '/x' }, ours, false],
    ['our repository, and we look at a session of another name', { env: {}, cwd: '/r' }, session, false],
    ['no multiplexer around it, and one around us', { env: {}, cwd: '/r' }, inTmux, false],
    ['the same, and we look at its session', { env: {}, cwd: '/r' }, oursInTmux, true],
    ['nobody knows where it runs', { env: {}, cwd: null }, ours, false],
    ['only its folder is known', { env: null, cwd: '/r' }, inTmux, true],
    ['nothing is known', { env: null, cwd: null }, session, false],
  ]
  for (const [what, place, of, wanted] of rows) t.equal(isOfSession(place, of), wanted, what)
})

void t.test('an agent that is known by its process says no more than that', async (t) => {
  const found = agentsAmong([entry(7, 1, 'claude'), entry(8, 1, 'codex', { isStopped: true })])
  const env = { AOC_SESSION_ID: 's', ZELLIJ_PANE_ID: '4', AOC_AGENT_LABEL: 'a\u001bb' }
  const places = new Map(found.map(({ pid }) => [pid, { env, cwd: '/r/sub' }]))
  const [first, second] = joinAgents([], found, places, session)
  t.same(first, {
    agent_id: 's::4',
    session_id: 's',
    pane_id: '4',
    lifecycle: 'running',
    source: {
      kind: 'process',
      label: 'ab',
      command: 'claude',
      profile: 'claude',
      pid: 7,
      started_at_ms: 1_007,
      status: {
        turn: 'unknown',
        attention: 'none',
        background: 0,
        origin: 'started',
        confidence: 0,
        since_ms: 1_007,
        detail: null,
        evidence: 'its process runs',
        blind: 'not_wrapped',
      },
      agent_status: {
        agent_id: 's::4',
        status: 'running',
        pane_id: '4',
        project_root: '/r/sub',
        cwd: '/r/sub',
      },
    },
  })
  t.match(second, {
    agent_id: 's::4-8',
    pane_id: '4-8',
    lifecycle: 'idle',
    source: { status: { origin: 'stopped', confidence: 1, detail: 'suspended' } },
  })
})

void t.test('its pane', async (t) => {
  const found = agentsAmong([entry(7, 1, 'claude')])
  const here = { ...inTmux, env: {}, sessionId: nameFor('/r') }
  const paneOf = (env: Record<string, string>): string | undefined =>
    joinAgents([], found, new Map([[7, { env, cwd: '/r' }]]), here)[0]?.pane_id
  t.equal(paneOf({}), 'pid-7')
  t.equal(paneOf(tmux('%3')), '%3')
  t.equal(paneOf({ AOC_PANE_ID: 'x\u0007' }), 'pid-7', 'a name that no frame could carry is none')
  t.equal(paneOf({ AOC_PANE_ID: 'x'.repeat(500) }), 'pid-7')
})

void t.test('a wrapper knows better than a process', async (t) => {
  const written = (pane: string, pid: number): AgentState => ({
    agent_id: `s::${pane}`,
    session_id: 's',
    pane_id: pane,
    lifecycle: 'needs_input',
    source: { pid },
  })
  const table = [
    entry(20, 1, 'aoc-agent-wrap -- claude'),
    entry(21, 20, 'claude'),
    entry(30, 1, 'aoc-agent-wrap -- codex'),
    entry(31, 30, 'codex'),
    entry(40, 1, 'aoc-agent-wrap -- gemini'),
    entry(41, 40, 'gemini'),
    entry(50, 1, 'opencode'),
  ]
  const wrapped = (agent: string): ProcessPlace => ({
    env: { AOC_WRAPPED_AGENT: agent, AOC_SESSION_ID: 's', AOC_PANE_ID: '9' },
    cwd: '/r',
  })
  const places = new Map<number, ProcessPlace>([
    [21, wrapped('s::1')],
    [31, wrapped('s::2-30')],
    [41, wrapped('x::1')],
    [50, { env: { AOC_SESSION_ID: 's', AOC_PANE_ID: '1' }, cwd: '/r' }],
  ])
  const states = joinAgents([written('1', 21)], agentsAmong(table), places, session)
  t.match(
    states.map(({ agent_id: id, lifecycle, source }) => [id, lifecycle, source]),
    [
      ['s::1', 'needs_input', { pid: 21 }],
      ['s::1-50', 'running', { pid: 50, status: { blind: 'not_wrapped' } }],
      ['s::2-30', 'running', { pid: 31, status: { blind: 'wrapper_silent', confidence: 0 } }],
    ],
  )
  t.equal(states.length, 3, 'what is wrapped for another session is not here')
  t.same(joinAgents([written('1', 50)], agentsAmong(table.slice(6)), places, session), [written('1', 50)])
})

void t.test('what ps and lsof print', async (t) => {
  const text = `
    1     0 ??       Ss   Thu Oct  1 06:33:01 2026     /sbin/launchd
  501   400 ttys003  S+   Thu Oct  1 06:40:10 2026     /opt/homebrew/bin/node /opt/homebrew/bin/gemini -i x
  502   501 ttys003  Z+   Thu Oct  1 06:40:11 2026     (node)
  503   400 ttys004  T    Thu Oct  1 06:40:12 2026     claude
garbage`
  const table = parsePs(text)
  t.same(
    table.map(({ pid, parent, hasTerminal, isStopped }) => [pid, parent, hasTerminal, isStopped]),
    [
      [1, 0, false, false],
      [501, 400, true, false],
      [503, 400, true, true],
    ],
  )
  t.equal(table[1]?.startedAtMs, Date.UTC(2026, 9, 1, 6, 40, 10))
  t.same(
    agentsAmong(table).map(({ pid, name }) => [pid, name]),
    [
      [501, 'gemini'],
      [503, 'claude'],
    ],
  )
  t.same(
    parseLsof('p501\nfcwd\nn/Users/me/my shop\np503\nfcwd\nn/r\nn/second\nncwd (readlink: denied)\n'),
    new Map([
      [501, '/Users/me/my shop'],
      [503, '/r'],
    ]),
  )
})
