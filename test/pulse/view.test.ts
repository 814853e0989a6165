import t from 'tap'
import fc from 'fast-check'
import type { AgentState } from '../../lib/wire/messages.js'
import { changeLine, removedLine, table } from '../../lib/pulse/plain.js'
import { byNeed, findAgent, rowOf, type Row } from '../../lib/pulse/row.js'
import { fit, printable, widthOf } from '../../lib/pulse/text.js'
import { v1StateOf } from './model.js'

const look = { color: false, columns: 100 }
/** 2026-02-07 12:00:00, wherever the test runs. */
const noon = new Date(2026, 1, 7, 12).getTime()

function state(
  pane: string,
  lifecycle: AgentState['lifecycle'],
  more: Record<string, unknown> = {},
): AgentState {
  return {
    agent_id: `s::${pane}`,
    session_id: 's',
    pane_id: pane,
    lifecycle,
    updated_at_ms: noon - 5_000,
    ...more,
  }
}

const full = state('12', 'needs_input', {
  snippet: 'Allow?',
  source: {
    label: 'codex',
    status: { detail: 'which branch?', since_ms: noon - 125_000 },
    agent_status: { project_root: '/home/me/shop' },
    diff_summary: {
      git_available: true,
      branch: 'main',
      summary: {
        staged: { files: 1, additions: 2, deletions: 0 },
        unstaged: { files: 2, additions: 3, deletions: 4 },
        untracked: { files: 1 },
      },
    },
  },
})

void t.test('a state as a row', async (t) => {
  t.strictSame(rowOf(full), {
    agentId: 's::12',
    sessionId: 's',
    paneId: '12',
    tab: '',
    label: 'codex',
    lifecycle: 'needs_input',
    hasEnded: false,
    isSure: true,
    isV1: false,
    attention: '',
    profile: 'any',
    detail: 'which branch?',
    snippet: 'Allow?',
    project: 'shop',
    projectRoot: '/home/me/shop',
    branch: 'main',
    diff: { files: 4, additions: 5, deletions: 4 },
    sinceMs: noon - 125_000,
    launchId: '',
    askedMs: noon - 125_000,
    blind: '',
  })
  const bare = {
    label: '1',
    detail: '',
    snippet: '',
    project: '',
    branch: '',
    diff: null,
    sinceMs: noon - 5_000,
  }
  const nonsense: unknown[] = [
    undefined,
    null,
    7,
    [],
    { label: 7 },
    { status: 'x', agent_status: [], diff_summary: { summary: 1 } },
  ]
  for (const source of nonsense) t.match(rowOf(state('1', 'idle', { source })), bare, JSON.stringify(source))
})

void t.test(
  'a v1 agent: its message once, since its status; nothing is sure before it has told of one',
  async (t) => {
    const v1 = rowOf(v1StateOf('7', { message: 'building', sinceMs: noon - 61_000 }))
    t.match(v1, { isV1: true, isSure: true, label: 'bot-7', project: 'shop', detail: 'building' })
    const failed = rowOf(
      v1StateOf('8', { lifecycle: 'error', message: '3 tests failed', sinceMs: noon - 5_000 }),
    )
    t.match(failed, { attention: 'error', detail: '3 tests failed' })
    const untold = rowOf(v1StateOf('9', { message: null }))
    t.match(untold, { isSure: false, sinceMs: null, project: 'shop', projectRoot: '/home/me/shop' })
    const lost = v1StateOf('1', { sinceMs: noon - 900_000 })
    const ended = { ...lost, lifecycle: 'offline' as const, updated_at_ms: noon - 4_000 }
    t.match(rowOf(ended), { sinceMs: noon - 4_000 }, 'since its hub says so')
    const said = v1StateOf('1', { lifecycle: 'offline', sinceMs: noon - 9_000 })
    t.match(rowOf(said), { sinceMs: noon - 9_000 }, 'since it says so itself')
    const never = { ...v1StateOf('1', { message: null }), lifecycle: 'offline' as const, updated_at_ms: noon }
    t.match(rowOf(never), { isSure: true, sinceMs: noon }, 'gone is gone')
    t.strictSame(table([v1, failed, untold], noon, look), [
      'STATE          LABEL  PANE  PROJECT  CHANGES  SINCE  WHAT',
      '✗ error        bot-8  8     shop              5s     3 tests failed',
      '● running      bot-7  7     shop              1m     building',
      '● running?     bot-9  9     shop',
    ])
  },
)

void t.test('the table: who needs the person first, who waits longest before others', async (t) => {
  const rows = [
    rowOf(state('1', 'running')),
    rowOf(state('2', 'offline')),
    rowOf(state('3', 'needs_input', { source: { status: { since_ms: noon - 1_000 } } })),
    rowOf(full),
    rowOf(state('4', 'error')),
  ]
  t.strictSame(table(rows, noon, look), [
    'STATE          LABEL  PANE  PROJECT    CHANGES  SINCE  WHAT',
    '◆ needs_input  codex  12    shop@main  4 +5 -4  2m     which branch? — Allow?',
    '◆ needs_input  3      3                         1s',
    '✗ error        4      4                         5s',
    '● running      1      1                         5s',
    '· offline      2      2                         5s',
  ])
  t.match(table([], noon, look), [/aoc-agent-wrap/])
  t.match(
    table([rowOf(full)], noon, { color: true, columns: 100 })[1],
    /^\u001b\[33;1m◆ needs_input\u001b\[0m/,
  )
})

void t.test('the table is no wider than the terminal', async (t) => {
  const row = rowOf({
    ...full,
    session_id: 'a-session-of-some-length',
    pane_id: '%1234',
    snippet: 'Which size do you want? '.repeat(9),
    source: {
      ...(full.source as object),
      label: 'claude-in-the-checkout-of-日本語',
      agent_status: { project_root: '/home/me/a-project-with-a-long-name' },
      status: { attention: 'question', detail: 'Which size?', since_ms: noon - 125_000 },
    },
  })
  const rows = [row, rowOf(state('2', 'idle'))]
  const of = (columns: number): string[] => table(rows, noon, { color: false, columns })
  t.strictSame(of(120), [
    'STATE          LABEL                     PANE   PROJECT                   CHANGES  SINCE  WHAT',
    '◆ needs_input  claude-in-the-checkout-…  %1234  a-project-with-a-long-n…  4 +5 -4  2m     question: Which size? — Which…',
    '○ idle         2                         2                                         5s',
  ])
  t.strictSame(of(92), [
    'STATE          LABEL              PANE   PROJECT            CHANGES  SINCE  WHAT',
    '◆ needs_input  claude-in-the-ch…  %1234  a-project-with-a…  4 +5 -4  2m     question: Which…',
    '○ idle         2                  2                                  5s',
  ])
  t.strictSame(
    [80, 72, 60, 40, 30].map((columns) => of(columns)[0]),
    [
      'STATE          LABEL        PANE   PROJECT      CHANGES  SINCE  WHAT',
      'STATE          LABEL       PROJECT      CHANGES  SINCE  WHAT',
      'STATE          LABEL      PROJECT    SINCE  WHAT',
      'STATE          LABEL     WHAT',
      'STATE          LABEL     WHAT',
    ],
  )
  for (let columns = 1; columns <= 130; columns++)
    for (const hasSessions of [false, true]) {
      const lines = table(rows, noon, { color: false, columns }, hasSessions)
      const widest = Math.max(...lines.map(widthOf))
      if (widest > columns) t.fail(`${widest} of ${columns} columns`)
      const colored = table(rows, noon, { color: true, columns }, hasSessions)
      const bare = colored.map((line) => line.replaceAll(/\u001b\[[\d;]*m/g, ''))
      if (bare.join('\n') !== lines.join('\n')) t.fail(`colours change what is said in ${columns} columns`)
    }
  const unlimited = of(Number.POSITIVE_INFINITY)
  t.ok(unlimited[1]!.endsWith(row.snippet.trimEnd()), 'all of it in a pipe')
  t.strictSame(of(0), unlimited, 'a terminal that does not know its size')
})

void t.test('one that waits says for what kind of answer', async (t) => {
  const asks = (lifecycle: AgentState['lifecycle'], status: object, snippet = ''): string =>
    table([rowOf(state('1', lifecycle, { snippet, source: { status } }))], noon, look)[1]!
      .split(/ {2,}/)
      .slice(4)
      .join(' ')
  t.equal(asks('needs_input', { attention: 'question', detail: 'Which size?' }), 'question: Which size?')
  t.equal(asks('needs_input', { attention: 'plan' }), 'plan')
  t.equal(asks('needs_input', { attention: 'permission' }, 'rm -r x'), 'permission: rm -r x')
  t.equal(asks('needs_input', { attention: 'none', detail: 'what?' }), 'what?')
  t.equal(asks('error', { attention: 'error', detail: 'no network' }), 'no network')
})

void t.test('a change as a line', async (t) => {
  const before = rowOf(state('1', 'running', { snippet: 'a' }))
  const line = (after: Row): string | null => changeLine(before, after, noon, look)
  t.equal(line(rowOf(state('1', 'running', { snippet: 'a', last_heartbeat_ms: 7, updated_at_ms: 9 }))), null)
  t.equal(line(rowOf(state('1', 'running', { snippet: 'b' }))), '12:00:00  ● running      1 (1)  b')
  t.equal(line(rowOf(state('1', 'idle', { snippet: 'a' }))), '12:00:00  ○ idle         1 (1)  a')
  t.equal(line(rowOf(full)), '12:00:00  ◆ needs_input  codex (12)  which branch? — Allow?  [4 +5 -4]')
  t.equal(removedLine(before, noon), '12:00:00  - removed      1 (1)')
  for (let columns = 1; columns <= 80; columns++) {
    const [plain, colored] = [false, true].map((color) =>
      changeLine(before, rowOf(full), noon, { color, columns })!.replaceAll(/\u001b\[[\d;]*m/g, ''),
    )
    if (widthOf(plain!) > columns || plain !== colored) t.fail(`${plain} in ${columns} columns`)
    if (widthOf(removedLine(before, noon, { color: false, columns })) > columns) t.fail(`${columns}`)
  }
  t.equal(
    changeLine(before, rowOf(full), noon, { color: true, columns: 40 }),
    '12:00:00  \u001b[33;1m◆ needs_input\u001b[0m  codex (12)  wh…',
  )
})

void t.test('which agent a person means', async (t) => {
  const states = [
    full,
    state('1', 'idle', { source: { label: 'claude' } }),
    state('13', 'idle', { source: { label: 'claude-2' } }),
  ]
  const table: [string, string | RegExp][] = [
    ['s::12', 's::12'],
    ['12', 's::12'],
    ['codex', 's::12'],
    ['cod', /no agent "cod"/],
    ['claude', 's::1'],
    ['claude-2', 's::13'],
    ['1', 's::1'],
    ['', /no agent ""/],
    ['nobody', /no agent "nobody"; there are: s::12 \(codex\)/],
  ]
  for (const [wanted, found] of table)
    if (typeof found === 'string') t.equal(findAgent(states, wanted), found, wanted)
    else t.throws(() => findAgent(states, wanted), { message: found })
  t.throws(() => findAgent([], 'x'), { message: /there is none/ })
})

void t.test('nothing that an agent writes moves the cursor', async (t) => {
  t.equal(printable('a\u001b[2J\u0007\u009bb\r\nc\u202e\u2028d'), 'a[2Jb cd')
  const anyText = fc.string({ unit: 'binary' })
  fc.assert(
    fc.property(
      anyText,
      anyText,
      anyText,
      fc.integer({ min: 40, max: 120 }),
      (label, detail, snippet, columns) => {
        const row = rowOf({
          ...full,
          pane_id: label,
          snippet,
          source: { label, status: { detail }, agent_status: { project_root: detail } },
        })
        const lines = [
          ...table([row], noon, { ...look, columns }),
          changeLine(undefined, row, noon, look) ?? '',
        ]
        for (const line of lines)
          if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(line)) throw new Error(JSON.stringify(line))
      },
    ),
  )
})

void t.test('columns', async (t) => {
  const cases: [string, number, string][] = [
    ['abc', 5, 'abc  '],
    ['abcdef', 5, 'abcd…'],
    ['日本語', 6, '日本語'],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日… '],
    ['👩‍👩‍👧‍👦family', 4, '👩‍👩‍👧‍👦f…'],
    ['e\u0301e\u0301e\u0301', 2, 'e\u0301…'],
  ]
  for (const [text, columns, fitted] of cases) t.equal(fit(text, columns), fitted, text)
  t.strictSame(
    [rowOf(state('b', 'idle')), rowOf(state('a', 'idle'))].toSorted(byNeed).map((row) => row.paneId),
    ['a', 'b'],
  )
})

void t.test('what nothing but its process says is told with a question mark', async (t) => {
  const unsure = rowOf(state('1', 'running', { source: { status: { confidence: 0 } } }))
  t.match(table([unsure], noon, look)[1], /^● running\? /)
  const sure = rowOf(state('1', 'running', { source: { status: { confidence: 3 } } }))
  t.match(table([sure], noon, look)[1], /^● running {3}/)
  t.match(changeLine(unsure, sure, noon, look), /● running /, 'that it is known now is a change')
})
