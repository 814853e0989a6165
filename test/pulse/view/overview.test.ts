import t from 'tap'
import type { Model } from '../../../lib/pulse/model/model.js'
import { reduce } from '../../../lib/pulse/model/reduce.js'
import { drawPicture } from '../../../lib/pulse/view/frame.js'
import type { AgentState } from '../../../lib/wire/messages.js'
import { modelOf, noonMs, stateOf } from '../model.js'

const diff = (branch: string, files: number, additions: number, deletions: number): unknown => ({
  git_available: true,
  repo_root: '/home/me/shop',
  branch,
  summary: {
    staged: { files: 0, additions: 0, deletions: 0 },
    unstaged: { files, additions, deletions },
    untracked: { files: 0 },
  },
  files: [],
})
const states: AgentState[] = [
  stateOf('%1', { label: 'claude', snippet: 'editing src/cart.ts', diff: diff('main', 2, 31, 8) }),
  stateOf('%2', {
    label: 'codex',
    lifecycle: 'needs_input',
    snippet: 'Allow this command?',
    status: {
      attention: 'permission',
      detail: 'Bash: npm publish',
      since_ms: noonMs - 125_000,
      confidence: 3,
    },
    diff: diff('feature/checkout', 4, 5, 4),
  }),
  stateOf('%3', {
    label: '日本語のエージェント',
    snippet: 'שלום \u001b[31mred\u0007 👨‍👩‍👧 done',
    lifecycle: 'idle',
    diff: diff('main', 0, 0, 0),
  }),
  stateOf('%4', {
    label: 'tests',
    lifecycle: 'offline',
    status: { attention: 'error', detail: 'exited with 1', since_ms: noonMs - 9_000, confidence: 1 },
  }),
  stateOf('%5', {
    label: 'make',
    status: { attention: 'none', since_ms: noonMs - 7_200_000, confidence: 0, blind: 'no_signals' },
  }),
]
const layout = {
  multiplexer: 'tmux' as const,
  tabs: [
    {
      index: 1,
      name: 'api',
      active: true,
      panes: [
        { pane_id: '%1', focused: true },
        { pane_id: '%2', focused: false },
      ],
    },
  ],
}

function lines(columns: number, rows: number, parts: Partial<Omit<Model, 'sessions'>> = {}): string[] {
  const model = modelOf({ session: { states, layout }, mode: 'overview', columns, rows, ...parts })
  return drawPicture(reduce(model, { kind: 'tick' }, noonMs).model).grid.lines
}

const detail = ['', '', '', '', '', '', '', '', '']

void t.test('120 columns: everything but panes, and more on the agent under the cursor', async (t) => {
  t.strictSame(lines(120, 22), [
    's  ◆ 1 needs you  ✗ 1 failed  ● 2 running  ○ 1 idle  · 0 offline                                                    live',
    ' 1 Overview  2 Work  3 Diff  4 Health',
    'STATE          LABEL                 WHAT                                          PROJECT                  CHANGES  AGE',
    '◆ needs_input  codex                 permission: Bash: npm publish                 shop@feature/checkout   4f +5 -4   2m',
    '✗ error        tests                 exited with 1                                 shop                               9s',
    '● running      claude                editing src/cart.ts                           shop@main              2f +31 -8   1m',
    '● running?     make                                                                shop                               2h',
    '○ idle         日本語のエージェント  שלום [31mred 👨‍👩‍👧 done\u200e                          shop@main                  clean   1m',
    ...detail,
    '─ codex 1:api %2 ───────────────────────────────────────────────────────────────────────────────────────────────────────',
    ' ◆ needs_input for 2m  permission: Bash: npm publish',
    '',
    ' /home/me/shop  on feature/checkout  4f +5 -4  s::%2',
    '⏎ go there  n next that needs me  i write  x stop  e explain  / filter  s sort  y copy id                 ? keys  q quit',
  ])
  t.match(lines(140, 22)[3], /1:api %2$/, 'and panes, where there is room')
})

void t.test('80 columns: compact', async (t) => {
  t.strictSame(lines(80, 9), [
    's  ◆ 1  ✗ 1  ● 2  ○ 1  · 0                                                  live',
    ' 1 Overview  2 Work  3 Diff  4 Health',
    'STATE          LABEL           WHAT                                 CHANGES  AGE',
    '◆ needs_input  codex           permission: Bash: npm publish       4f +5 -4   2m',
    '✗ error        tests           exited with 1                                  9s',
    '● running      claude          editing src/cart.ts                2f +31 -8   1m',
    '● running?     make                                                           2h',
    '○ idle         日本語のエー…   שלום [31mred 👨‍👩‍👧 done\u200e                   clean   1m',
    '⏎ go there  n next that needs me  i write  x stop  e explain      ? keys  q quit',
  ])
})

void t.test('40 columns: who, what, since when', async (t) => {
  t.strictSame(lines(40, 7), [
    's  ◆ 1  ✗ 1  ● 2  ○ 1  · 0          live',
    ' 1 Overview  2 Work  3 Diff  4 Health',
    '   LABEL      WHAT                1–3/5↓',
    '◆  codex      permission: Bash: np…   2m',
    '✗  tests      exited with 1           9s',
    '●  claude     editing src/cart.ts     1m',
    '⏎ go  n next  i write  x stop     ? keys',
  ])
})

void t.test('no colours are needed: each lifecycle has its glyph', async (t) => {
  const glyphs = lines(40, 12)
    .slice(3, 8)
    .map((line) => line[0])
  t.strictSame(glyphs, ['◆', '✗', '●', '●', '○'])
})
