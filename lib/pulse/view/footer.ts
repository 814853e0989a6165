import type { Intent } from '../model/intent.js'
import type { Model } from '../model/model.js'
import type { Parts } from '../model/parts.js'
import { fit, widthOf } from '../text.js'
import type { Grid } from './grid.js'
import type { Hit, Picture } from './picture.js'
import { accent, faint, plain, strong, style } from './style.js'
import { drawTextLine } from './text-field.js'

/** A key that is worth a place in the last row: what is on it, what it does. */
type Hint = readonly [key: string, word: string, intent: Intent | null]

const acting: readonly Hint[] = [
  ['⏎', 'go there', { kind: 'open' }],
  ['n', 'next that needs me', { kind: 'next_waiting' }],
  ['i', 'write', { kind: 'write' }],
  ['x', 'stop', { kind: 'stop' }],
  ['e', 'explain', { kind: 'explain' }],
  ['/', 'filter', { kind: 'filter' }],
  ['s', 'sort', { kind: 'sort' }],
  ['y', 'copy id', { kind: 'copy' }],
]
const always: readonly Hint[] = [
  ['?', 'keys', { kind: 'help' }],
  ['q', 'quit', { kind: 'quit' }],
]
const ofDiff: readonly Hint[] = [
  ['⏎', 'show the patch', { kind: 'open' }],
  ['/', 'filter', { kind: 'filter' }],
  ['y', 'copy the path', { kind: 'copy' }],
]
const ofLists: readonly Hint[] = [['/', 'filter', { kind: 'filter' }]]
const ofPatch: readonly Hint[] = [
  ['n', 'next file', { kind: 'next_file', by: 1 }],
  ['p', 'previous', { kind: 'next_file', by: -1 }],
  ['/', 'search', { kind: 'search' }],
  ['] [', 'next, last match', { kind: 'next_match', by: 1 }],
  ['y', 'copy the path', { kind: 'copy' }],
  ['Esc', 'back', { kind: 'cancel' }],
]

/** The last row: what was done, a line that is typed, or the keys. @returns where text is typed. */
export function drawFooter(grid: Grid, parts: Parts, model: Model, hits: Hit[]): Picture['cursor'] {
  const { overlay, message } = model
  const y = parts.footer
  if (overlay?.kind === 'filter') return drawTextLine(grid, 0, y, 'filter: ', overlay.line)
  if (overlay?.kind === 'patch' && overlay.searchLine !== null)
    return drawTextLine(grid, 0, y, 'search: ', overlay.searchLine)
  if (message !== null) {
    const marks = { busy: '…', done: '✓', failed: '✗' }
    const of = { busy: plain, done: strong, failed: style('error', { bold: true }) }[message.tone]
    const text = `${marks[message.tone]} ${message.text}`
    grid.put(0, y, widthOf(text) > model.columns ? fit(text, model.columns) : text, of)
    const help = always.filter(([key]) => key === '?')
    const free = model.columns - rowWidth(help)
    if (widthOf(text) + 2 <= free) drawHints(grid, free, y, model.columns, help, hits)
    return null
  }
  // How to learn the other keys, and how to get out, are there at any width.
  const last = always.filter(([key]) => model.columns >= 60 || key === '?')
  const room = model.columns - rowWidth(last)
  drawHints(grid, Math.max(0, room), y, model.columns, last, hits)
  drawHints(grid, 0, y, room - 2, hintsOf(model), hits)
  return null
}

function rowWidth(hints: readonly Hint[]): number {
  return hints.reduce((sum, hint) => sum + widthIn(hint) + 2, -2)
}

function widthIn([key, word]: Hint): number {
  return widthOf(key) + 1 + widthOf(word)
}

/** Puts hints one beside the other; those that do not fit are left out. */
function drawHints(
  grid: Grid,
  from: number,
  y: number,
  end: number,
  hints: readonly Hint[],
  hits: Hit[],
): void {
  let x = from
  for (const hint of hints) {
    const [key, word, intent] = hint
    if (x + widthIn(hint) > end) continue
    const behind = grid.putAll(x, y, [
      [key, accent],
      [' ', plain],
      [word, faint],
    ])
    if (intent !== null) hits.push({ x, y, columns: behind - x, rows: 1, intent })
    x = behind + 2
  }
}

/** The keys that mean something now, the first of them first when there is little room. */
function hintsOf(model: Model): readonly Hint[] {
  if (model.overlay?.kind === 'patch') return ofPatch
  switch (model.mode) {
    case 'overview':
      return model.columns < 60 ? shortened(acting) : acting
    case 'diff':
      return ofDiff
    case 'work':
    case 'health':
      return ofLists
  }
}

function shortened(hints: readonly Hint[]): readonly Hint[] {
  const words: Record<string, string> = { n: 'next', '⏎': 'go' }
  return hints.map(([key, word, intent]) => [key, words[key] ?? word, intent])
}
