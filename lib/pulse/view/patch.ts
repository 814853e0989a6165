import { isAloneInRepository } from '../model/diff-items.js'
import type { Agent, Model, PatchOverlay } from '../model/model.js'
import { findAgent } from '../model/model.js'
import { clusters, duration, isAscii, printable, widthOf, wrap } from '../text.js'
import { head, RowPen, toneGlyph } from './cells.js'
import type { Grid, Span } from './grid.js'
import type { Area } from './list.js'
import { accent, faint, plain, strong, style, type Style } from './style.js'
import { lineKindsOf, type PatchLine } from './patch-lines.js'

export { patchLines } from './patch-lines.js'

/** From so many columns on line numbers stand beside the lines. */
const numberedColumns = 72

/** Lines, by their places from 0, that hold what is looked for: in any letters, unless a capital is among them. */
export function patchMatches({ lines, search }: Pick<PatchOverlay, 'lines' | 'search'>): number[] {
  if (lines === null || search === '') return []
  if (lastMatches?.lines === lines && lastMatches.search === search) return lastMatches.found
  const { fold, wanted } = searchOf(search)
  const found: number[] = []
  for (const [i, line] of lines.entries()) if (fold(line).includes(wanted)) found.push(i)
  lastMatches = { lines, search, found }
  return found
}
let lastMatches: { lines: readonly string[]; search: string; found: number[] } | null = null

/** Letters compare as one UTF-16 unit each, so that a place in what is compared is one in the line. */
function searchOf(search: string): { fold: (text: string) => string; wanted: string } {
  const isExact = /\p{Lu}/u.test(search)
  const fold = (text: string): string => {
    if (isExact) return text
    const lower = text.toLowerCase()
    return lower.length === text.length ? lower : text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
  }
  return { fold, wanted: fold(search) }
}

/** Draws a patch: a title, then its lines from `overlay.top` on; or why there is none. */
export function drawPatch(grid: Grid, area: Area, overlay: PatchOverlay, model: Model): void {
  if (area.rows < 1 || area.columns < 1) return
  drawTitle(grid, { ...area, rows: 1 }, overlay, model)
  const body = { ...area, y: area.y + 1, rows: area.rows - 1 }
  const { lines } = overlay
  if (lines === null || lines.length === 0) return drawMessage(grid, body, overlay, model.nowMs)
  const kinds = lineKindsOf(lines)
  const digits = numberColumns(kinds, area.columns)
  for (let row = 0; row < body.rows; row++) {
    const line = lines[overlay.top + row]
    const kind = kinds[overlay.top + row]
    if (line === undefined || kind === undefined) break
    const at = { ...body, y: body.y + row, rows: 1 }
    drawLine(grid, at, line, kind, digits, overlay.search)
  }
}

function drawTitle(grid: Grid, area: Area, overlay: PatchOverlay, model: Model): void {
  const { lines, top, search, message } = overlay
  const pen = new RowPen(grid, area, false)
  const matches = patchMatches(overlay)
  if (lines !== null && lines.length > 0) {
    const position: Span[] = [[`${Math.min(lines.length, top + 1)}/${lines.length}`, faint]]
    if (matches.length > 0) position.push([` · match ${matchAt(matches, top)}/${matches.length}`, accent])
    pen.putRight(position, 10)
  }
  const agent = agentOf(overlay, model)
  const label = agent !== null && isAloneInRepository(model, agent) ? agent.row.label : ''
  if (label !== '' && area.columns >= 60) pen.putRight([[head(label, 20), style('accent')]], 24)
  if (message !== null && lines !== null && lines.length > 0)
    pen.putRight(
      [[head(`${messageGlyph(message.tone)} ${message.text}`, 30), messageStyle(message.tone)]],
      30,
    )
  if (lines !== null) pen.putRight(countSpans(lineKindsOf(lines)), 12)
  const isMissed = lines !== null && lines.length > 0 && search !== '' && matches.length === 0
  const told = isMissed && pen.room >= 24 ? '0 matches' : ''
  pen.putPath(
    overlay.path,
    strong,
    told === '' ? undefined : Math.min(widthOf(printable(overlay.path)), pen.room - told.length - 2),
  )
  if (told !== '') pen.skip(2).put(told, style('warning'))
}

/** Which match stands at the top or comes next, from 1; behind the last one the first is next. */
function matchAt(matches: readonly number[], top: number): number {
  return (
    Math.max(
      0,
      matches.findIndex((line) => line >= top),
    ) + 1
  )
}

function agentOf({ sessionId, agentId }: PatchOverlay, model: Model): Agent | null {
  return agentId === null ? null : findAgent(model, { sessionId, agentId })
}

function countSpans(kinds: readonly PatchLine[]): Span[] {
  let added = 0
  let removed = 0
  for (const { kind } of kinds) {
    if (kind === 'added') added++
    else if (kind === 'removed') removed++
  }
  if (added + removed === 0) return []
  return [
    [`+${added}`, added === 0 ? faint : style('added')],
    [' ', plain],
    [`-${removed}`, removed === 0 ? faint : style('removed')],
  ]
}

/** Digits of the longest line number; 0 when none are shown. */
function numberColumns(kinds: readonly PatchLine[], columns: number): number {
  if (columns < numberedColumns) return 0
  let last = 0
  // The last numbered line has the greatest numbers.
  for (let i = kinds.length - 1; i >= 0 && last === 0; i--) {
    const { old, new: now } = kinds[i]!
    last = Math.max(old ?? 0, now ?? 0)
  }
  return last === 0 ? 0 : Math.max(3, String(last).length + 1)
}

const styles: Readonly<Record<PatchLine['kind'], Style>> = {
  header: faint,
  hunk: style('hunk'),
  context: plain,
  added: style('added'),
  removed: style('removed'),
  note: faint,
}

function drawLine(
  grid: Grid,
  area: Area,
  line: string,
  { kind, old, new: now }: PatchLine,
  digits: number,
  search: string,
): void {
  const end = area.x + area.columns
  let { x } = area
  if (digits > 0) {
    const number = (value: number | null): string => (value === null ? '' : String(value)).padStart(digits)
    x = grid.put(x, area.y, `${number(old)}${number(now)}  `, faint, end)
  }
  const room = end - x
  const isCut = widthAtLeast(line, room + 1)
  const behind = grid.putAll(x, area.y, marked(line, styles[kind], search), isCut ? end - 1 : end)
  if (isCut && room > 0) grid.put(Math.min(behind, end - 1), area.y, '…', faint, end)
}

/** Whether text takes so many columns; of a long one only the beginning is measured. */
function widthAtLeast(line: string, columns: number): boolean {
  if (isAscii(line)) return line.length >= columns
  return widthOf(line.slice(0, columns * 16).toWellFormed()) >= columns
}

/** A line in its style, with what is looked for underlined and bold; whole characters are marked. */
function marked(line: string, of: Style, search: string): Span[] {
  const ranges = rangesOf(line, search)
  if (ranges.length === 0) return [[line, of]]
  const found = style(of.ink, { bold: true, underline: true })
  const spans: Span[] = []
  let run = ''
  let isRunFound = false
  let at = 0
  let next = 0
  for (const cluster of clusters(line)) {
    const behind = at + cluster.length
    while (next < ranges.length && ranges[next]![1] <= at) next++
    const isFound = next < ranges.length && ranges[next]![0] < behind
    if (isFound !== isRunFound && run !== '') {
      spans.push([run, isRunFound ? found : of])
      run = ''
    }
    isRunFound = isFound
    run += cluster
    at = behind
  }
  spans.push([run, isRunFound ? found : of])
  return spans
}

/** Where in a line what is looked for stands, from and to, in UTF-16 units. */
function rangesOf(line: string, search: string): [number, number][] {
  if (search === '') return []
  const { fold, wanted } = searchOf(search)
  const text = fold(line)
  const ranges: [number, number][] = []
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length))
    ranges.push([at, at + wanted.length])
  return ranges
}

/** From then on it is said how long it has taken. */
const slowMs = 2_000

/** Causes that are no failure: there is just no patch of such a file. */
const harmless: ReadonlySet<string> = new Set(['binary', 'unchanged'])

function messageGlyph(tone: 'busy' | 'done' | 'failed'): string {
  return tone === 'failed' ? toneGlyph('error') : tone === 'busy' ? '…' : '·'
}

function messageStyle(tone: 'busy' | 'done' | 'failed'): Style {
  return tone === 'failed' ? style('error') : plain
}

/** Why there is no patch, and what to do. */
function drawMessage(grid: Grid, area: Area, { message, lines }: PatchOverlay, nowMs: number): void {
  // A v1 publisher that says no more than that it is binary.
  const said = message?.text === 'binary' ? 'binary: Its agent calls it binary.' : (message?.text ?? '')
  const [, cause = '', told] = /^([a-z_]+): (.*)$/s.exec(said) ?? []
  const tone = harmless.has(cause) ? 'done' : (message?.tone ?? 'done')
  const waitMs = message?.tone === 'busy' ? nowMs - message.atMs : 0
  const todo = waitMs >= slowMs ? `It has taken ${duration(waitMs)}. Esc gives up.` : causes[cause]
  const text =
    (causes[cause] === undefined ? message?.text : told) ??
    (lines === null ? '' : 'There is nothing to show.')
  if (text === '') return
  const indent = area.columns > 50 ? 2 : 0
  const columns = area.columns - indent - 2
  if (columns < 1) return
  let y = area.y + (area.rows > 6 ? 1 : 0)
  const end = area.y + area.rows
  const say = (said: string, of: Style): void => {
    for (const line of wrap(printable(said), columns, 6))
      if (y < end) grid.put(area.x + indent + 2, y++, line, of)
  }
  if (y < end) grid.put(area.x + indent, y, messageGlyph(tone), messageStyle(tone))
  say(text, messageStyle(tone))
  if (todo !== undefined && todo !== '') say(todo, plain)
}

/** What to do about each cause that the patch's message begins with; see `PatchCause` of lib/project. */
const causes: Readonly<Record<string, string>> = {
  not_git_repo: 'Esc goes back to the list.',
  git_missing: 'Install git, or put it on the PATH of the agent.',
  error: 'Esc goes back; Enter on the file asks again.',
  invalid_path: 'Esc goes back to the list.',
  outside: 'Look at it in its own folder, with: git diff',
  git_dir: 'Esc goes back to the list.',
  binary: 'There are no lines to compare; open it in its own program.',
  too_large: 'Look at it in a pane of its own, with: git diff',
  vanished: 'The list is a moment old; it comes anew by itself.',
  unchanged: 'It was put back meanwhile; the list comes anew by itself.',
  untracked: 'Esc goes back to the list.',
  ignored: 'Esc goes back to the list.',
  symlink: 'Esc goes back to the list.',
  directory: 'Its files are rows of their own once git lists them.',
  not_regular: 'Esc goes back to the list.',
  unreadable: 'See its permissions.',
  changed: 'Esc goes back; Enter on the file asks again.',
}
