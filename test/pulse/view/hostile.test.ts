import t from 'tap'
import fc from 'fast-check'
import { Grid } from '../../../lib/pulse/view/grid.js'
import type { Item, ListView } from '../../../lib/pulse/view/list.js'
import type { PatchOverlay } from '../../../lib/pulse/model/model.js'
import { diffView } from '../../../lib/pulse/view/diff.js'
import { healthView } from '../../../lib/pulse/view/health.js'
import { drawPatch, patchLines, patchMatches } from '../../../lib/pulse/view/patch.js'
import { workView } from '../../../lib/pulse/view/work.js'
import { widthOf } from '../../../lib/pulse/text.js'
import { gridOf, modelOf, noonMs, stateOf } from '../model.js'

const views = { workView, diffView, healthView } as Record<string, ListView<Item>>

/** What is wrong with a grid; null when nothing is. */
function faultOf(grid: Grid): string | null {
  for (let y = 0; y < grid.rows; y++) {
    let columns = 0
    for (let x = 0; x < grid.columns; x++) {
      const text = grid.textAt(x, y)
      // What joins emoji, and the mark that ends a right-to-left run, have no width and move nothing.
      if (/[\p{Cc}\p{Zl}\p{Zp}]|(?![\u200d\u200e])\p{Cf}/u.test(text))
        return `${x},${y} holds ${JSON.stringify(text)}`
      columns += text === '' ? 0 : widthOf(text.replaceAll('\u200e', ''))
    }
    if (columns !== grid.columns) return `row ${y} is ${columns} of ${grid.columns} columns wide`
  }
  return null
}

const nasty = [
  '\u001b[2J\u001b]0;pwned\u0007',
  'a\nb\r\tc',
  '日本語のとても長い名前',
  '👩\u200d👩\u200d👧\u200d👦🇩🇪👍🏽',
  'e\u0301\u0301\u0301',
  'שלום עולם',
  'مرحبا',
  '\u202eevil\u2066',
  '\ud83d',
  '\u0000',
  '',
  'x'.repeat(500),
  '%s ${a} <b>',
]
const text = fc.oneof(fc.constantFrom(...nasty), fc.string({ unit: 'binary', maxLength: 40 }))
const count = fc.oneof(fc.nat(9), fc.constantFrom(-1, 1e15, 2 ** 53, Number.NaN, 0.5, null, 'x'))
const flag = fc.constantFrom(true, false, null, 'yes')
const lines = fc.record({ files: count, additions: count, deletions: count }, { requiredKeys: [] })
const diff = fc.record(
  {
    repo_root: fc.oneof(text, fc.constantFrom('/home/me/shop', '/')),
    git_available: fc.constantFrom(true, true, true, false),
    reason: fc.constantFrom('not_git_repo', 'git_missing', 'error', 'eaten', null),
    message: text,
    branch: text,
    unwatched: text,
    files_total: count,
    summary: fc.record({ staged: lines, unstaged: lines, untracked: lines }, { requiredKeys: [] }),
    files: fc.array(
      fc.oneof(
        fc.record(
          {
            path: text,
            old_path: text,
            status: fc.constantFrom('modified', 'added', 'deleted', 'renamed', 'untracked', 'eaten'),
            additions: count,
            deletions: count,
            staged: flag,
            untracked: flag,
            binary: flag,
            submodule: flag,
            conflicted: flag,
          },
          { requiredKeys: ['path'] },
        ),
        fc.constant(null),
      ),
      { maxLength: 6 },
    ),
  },
  { requiredKeys: ['git_available'] },
)
const tasks = fc.dictionary(
  text,
  fc.record(
    {
      counts: fc.record(
        { total: count, pending: count, in_progress: count, done: count, blocked: count },
        { requiredKeys: [] },
      ),
      active_tasks: fc.array(
        fc.record(
          { id: fc.oneof(text, fc.nat()), title: text, status: text, priority: text, active_agent: flag },
          { requiredKeys: ['id'] },
        ),
        { maxLength: 4 },
      ),
      error: fc.option(
        fc.record({ code: fc.constantFrom('tasks_missing', 'tasks_malformed', 'x\u001b'), message: text }),
      ),
    },
    { requiredKeys: [] },
  ),
  { maxKeys: 4 },
)
const state = fc
  .record({
    pane: text,
    lifecycle: fc.constantFrom('needs_input', 'error', 'running', 'idle', 'offline'),
    label: text,
    root: fc.oneof(text, fc.constant('/home/me/shop')),
    diff: fc.oneof({ weight: 8, arbitrary: diff }, { weight: 1, arbitrary: fc.anything() }),
    tasks: fc.oneof({ weight: 8, arbitrary: tasks }, { weight: 1, arbitrary: fc.anything() }),
    status: fc.record({ blind: fc.oneof(text, fc.constantFrom('hooks_pending', 'not_wrapped')) }),
    last_heartbeat_ms: fc.option(fc.integer({ min: noonMs - 60_000, max: noonMs })),
  })
  .map(({ pane, ...more }) => stateOf(pane, more as never))

const session = fc.record({
  id: fc.oneof(text, fc.constant('s')),
  socketPath: text,
  states: fc.array(state, { maxLength: 4 }),
  link: fc.oneof(
    fc.constant({ kind: 'live', laggedMs: noonMs - 1_000 } as const),
    fc.constant({ kind: 'connecting' } as const),
    text.map((reason) => ({ kind: 'lost', reason, wasLive: true }) as const),
  ),
  epoch: fc.option(text),
  latencyMs: fc.option(fc.double({ noNaN: true, min: -5, max: 1e7 })),
  local: fc.option(
    fc.record({
      states: fc.array(state, { maxLength: 2 }),
      here: fc.record({ projectRoot: text, diff, tasks }),
    }),
  ),
})

const checks = fc.array(
  fc.record({ name: text, ok: fc.constantFrom(true, false, null), detail: text, hint: text }),
  { maxLength: 3 },
)

void t.test('whatever is published, the grid stays straight and holds no control character', async (t) => {
  const property = fc.property(
    fc.array(session, { minLength: 1, maxLength: 2 }),
    fc.integer({ min: 1, max: 220 }),
    fc.integer({ min: 1, max: 60 }),
    fc.oneof({ weight: 4, arbitrary: fc.constant('') }, { weight: 1, arbitrary: text }),
    checks,
    (sessions, columns, rows, filter, checks) => {
      const model = modelOf({
        sessions: sessions as never,
        checks,
        columns,
        rows,
        filter,
        isAll: sessions.length > 1,
      })
      for (const [name, view] of Object.entries(views)) {
        const items = view.items(model)
        const fault = faultOf(gridOf(view, model))
        if (fault !== null) throw new Error(`${name} at ${columns}: ${fault}`)
        const keys = items.flatMap(({ key }) => (key === null ? [] : [key]))
        if (new Set(keys).size !== keys.length) throw new Error(`${name}: a key is not its row's own`)
        for (const line of view.empty(model)) if (line === '') throw new Error(`${name}: an empty line`)
      }
    },
  )
  t.doesNotThrow(() => fc.assert(property, { numRuns: 60 }))
})

void t.test('whatever a patch holds', async (t) => {
  const property = fc.property(
    fc.array(fc.tuple(fc.constantFrom('', '+', '-', ' ', '@@ -1,2 +3,4 @@ ', '@@@ ', '\\ ', '\t'), text), {
      maxLength: 12,
    }),
    fc.integer({ min: 1, max: 220 }),
    fc.integer({ min: 1, max: 12 }),
    fc.oneof(text, fc.constantFrom('a', 'E', '語')),
    fc.nat(20),
    (parts, columns, rows, search, top) => {
      const lines = patchLines(parts.map((part) => part.join('')).join('\n'))
      const overlay: PatchOverlay = {
        kind: 'patch',
        sessionId: 's',
        agentId: 's::1',
        key: 'k',
        path: search,
        lines,
        message: { tone: 'failed', text: `binary: ${search}`, atMs: 0 },
        commandId: null,
        top,
        search,
        searchLine: null,
      }
      const grid = new Grid(columns, rows)
      drawPatch(grid, { x: 0, y: 0, columns, rows }, overlay, modelOf())
      const fault = faultOf(grid)
      if (fault !== null) throw new Error(`at ${columns}: ${fault}`)
      for (const at of patchMatches(overlay)) if (lines[at] === undefined) throw new Error(`no line ${at}`)
    },
  )
  t.doesNotThrow(() => fc.assert(property, { numRuns: 200 }))
})
