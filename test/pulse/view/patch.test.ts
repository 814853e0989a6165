import t from 'tap'
import type { PatchOverlay } from '../../../lib/pulse/model/model.js'
import { Grid } from '../../../lib/pulse/view/grid.js'
import { drawPatch, patchLines, patchMatches } from '../../../lib/pulse/view/patch.js'
import { diffOfFiles, modelOf, noonMs, stateOf } from '../model.js'

const lines = patchLines(`diff --git a/src/hub.ts b/src/hub.ts
--- a/src/hub.ts
+++ b/src/hub.ts
@@ -9,3 +9,4 @@ class Hub
 const a = 1
-\treturn old
+\treturn "日本語"
+\tawait close(everything, that, is, open)
 }
\\ No newline at end of file
`)

const model = modelOf({ states: [stateOf('1', { label: 'claude', diff: diffOfFiles([]) })] })
function overlayOf(more: Partial<PatchOverlay> = {}): PatchOverlay {
  return {
    kind: 'patch',
    sessionId: 's',
    agentId: 's::1',
    key: 'k',
    path: 'src/hub.ts',
    lines,
    message: null,
    commandId: null,
    top: 0,
    search: '',
    searchLine: null,
    ...more,
  }
}
function drawn(columns: number, rows: number, more: Partial<PatchOverlay> = {}, of = model): Grid {
  const grid = new Grid(columns, rows)
  drawPatch(grid, { x: 0, y: 0, columns, rows }, overlayOf(more), of)
  return grid
}

void t.test('a patch with numbers, where there is room for them', async (t) => {
  t.strictSame(drawn(80, 12).lines, [
    'src/hub.ts                                                    +2 -1  claude  1/7',
    '        @@ -9,3 +9,4 @@ class Hub',
    '  9  9   const a = 1',
    ' 10     -        return old',
    '    10  +        return "日本語"',
    '    11  +        await close(everything, that, is, open)',
    ' 11 12   }',
    '        \\ No newline at end of file',
    '',
    '',
    '',
    '',
  ])
})

void t.test('narrow, from a line on, with what is looked for', async (t) => {
  t.strictSame(drawn(40, 6, { top: 2, search: 'return' }).lines, [
    'src/hub.ts        +2 -1  3/7 · match 1/2',
    '-        return old',
    '+        return "日本語"',
    '+        await close(everything, that, …',
    ' }',
    '\\ No newline at end of file',
  ])
})

void t.test('what is looked for is underlined and bold, in its own colour', async (t) => {
  const grid = drawn(40, 8, { search: 'RETURN'.toLowerCase(), top: 1 })
  const marks = (y: number): string =>
    Array.from({ length: 20 }, (_, x) => (grid.styleAt(x, y).underline ? grid.textAt(x, y) : '')).join('')
  t.strictSame([marks(1), marks(2), marks(3)], ['', 'return', 'return'])
  t.match(grid.styleAt(9, 2), { ink: 'removed', bold: true, underline: true })
  t.match(grid.styleAt(9, 3), { ink: 'added', bold: true, underline: true })
  t.match(grid.styleAt(0, 3), { ink: 'added', bold: false, underline: false })
})

void t.test('lines that match: a capital makes letters count', async (t) => {
  const of = (search: string): number[] => patchMatches(overlayOf({ search }))
  t.strictSame(of('hub'), [0])
  t.strictSame(of('HUB'), [])
  t.strictSame(of('本'), [3])
  t.strictSame(of(''), [])
  t.strictSame(of('nothing'), [])
  t.strictSame(patchMatches(overlayOf({ lines: null, search: 'a' })), [])
  t.strictSame(patchMatches(overlayOf({ lines: ['İstanbul x'], search: 'x' })), [0])
})

void t.test('which match is at the top or comes next', async (t) => {
  const at = (top: number): string => drawn(60, 3, { search: 'return', top }).line(0)
  t.match(at(0), /1\/7 · match 1\/2$/)
  t.match(at(3), /4\/7 · match 2\/2$/)
  t.match(at(4), /5\/7 · match 1\/2$/, 'behind the last one the first is next')
})

void t.test('no match is said beside the name', async (t) => {
  const grid = drawn(60, 3, { search: 'nowhere' })
  t.match(grid.line(0), /^src\/hub\.ts {2}0 matches .*1\/7$/)
  t.equal(grid.styleAt(12, 0).ink, 'warning')
  t.match(drawn(60, 3, { search: 'nowhere', path: 'x/'.repeat(60) }).line(0), /^….* {2}0 matches {2}.*1\/7$/)
  t.notMatch(
    drawn(60, 3, { search: 'nowhere', lines: null }).line(0),
    /matches/,
    'nothing was looked through',
  )
})

void t.test('changes belong to the repository: an agent is named only where it works alone', async (t) => {
  const diff = diffOfFiles([])
  const one = stateOf('1', { label: 'claude', diff })
  const title = (of: ReturnType<typeof modelOf>): string => drawn(80, 3, {}, of).line(0)
  t.match(title(modelOf({ states: [one] })), /claude/)
  t.notMatch(title(modelOf({ states: [one, stateOf('2', { label: 'codex', diff })] })), /claude|codex/)
  const elsewhere = stateOf('2', { diff: diffOfFiles([], { repo_root: '/srv/api' }) })
  t.match(title(modelOf({ states: [one, elsewhere, stateOf('3')] })), /claude/)
  const other = { id: 'b', states: [stateOf('1', { session: 'b', diff })] }
  t.notMatch(title(modelOf({ sessions: [{ states: [one] }, other] })), /claude/, 'nor across sessions')
})

void t.test('a character with its marks is one, found or not', async (t) => {
  const grid = drawn(40, 2, { lines: ['+cafe\u0301 au lait'], search: 'e' })
  t.equal(grid.line(1), '+cafe\u0301 au lait')
  t.equal(grid.styleAt(4, 1).underline, true)
})

void t.test('why there is no patch, and what to do', async (t) => {
  const of = (text: string, tone: 'failed' | 'busy' = 'failed', columns = 60): string[] =>
    drawn(columns, 6, { lines: null, message: { tone, text, atMs: noonMs } })
      .lines.slice(1)
      .filter((line) => line !== '')
  t.strictSame(of('binary: Git sees no text in it.', 'failed', 70), [
    '  · Git sees no text in it.',
    '    There are no lines to compare; open it in its own program.',
  ])
  t.match(of('too_large: The patch takes 300000 bytes; 253952 fit a frame.', 'failed', 40), [
    '✗ The patch takes 300000 bytes; 253952',
    '  fit a frame.',
    '  Look at it in a pane of its own, with:',
    '  git diff',
  ])
  t.match(of('vanished: There is no such file, and git lists no change of it.')[1], /anew/)
  t.strictSame(of('fetching the patch …', 'busy'), ['  … fetching the patch …'])
  t.strictSame(of('binary', 'failed', 70), [
    '  · Its agent calls it binary.',
    '    There are no lines to compare; open it in its own program.',
  ])
  t.match(of('changed: The file has another patch by now.')[1], /asks again/)
  t.strictSame(of('no answer within 10 s'), ['  ✗ no answer within 10 s'])
  t.strictSame(drawn(40, 3, { lines: [] }).lines[1], '· There is nothing to show.')
})

void t.test('no hub, no agent', async (t) => {
  t.equal(drawn(80, 2, { agentId: null }).line(0).includes('claude'), false)
  t.equal(drawn(80, 2, { agentId: 's::gone' }).line(0).includes('claude'), false)
})

void t.test('a title holds no control characters', async (t) => {
  t.equal(drawn(40, 2, { path: 'a\u001b[2Jb\nc', lines: null }).line(0), 'a[2Jb c')
})
