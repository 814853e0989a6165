import { lifecycles } from '../../wire/messages.js'
import { glyphs, stateText } from '../lifecycle-look.js'
import type { Intent } from '../model/intent.js'
import { findAgent, type Message, type Model, type Overlay } from '../model/model.js'
import { partsOf } from '../model/parts.js'
import { duration, fit, widthOf, wrap } from '../text.js'
import type { Grid, Span } from './grid.js'
import type { Area } from './list.js'
import { lifecycleStyle, tells, wantsStyle, wantsText } from './overview.js'
import type { Hit, Picture } from './picture.js'
import { accent, faint, plain, strong, style } from './style.js'
import { drawTextLine } from './text-field.js'

/** A row of a box: its text, or the line that is typed. */
type BoxLine = readonly Span[] | 'input'

interface Box {
  title: string
  lines: BoxLine[]
  keys: readonly (readonly [key: string, word: string, intent: Intent])[]
  columns: number
}

const columnsMax = 84

/** Draws what lies on top. @returns where text is typed. */
export function drawOverlay(grid: Grid, area: Area, model: Model, hits: Hit[]): Picture['cursor'] {
  const { overlay } = model
  if (overlay === null || overlay.kind === 'patch' || overlay.kind === 'filter') return null
  const columns = Math.max(1, Math.min(columnsMax, area.columns))
  const box = boxOf(overlay, model, columns, area.rows)
  return drawBox(grid, area, box, overlay, hits)
}

function boxOf(
  overlay: Exclude<Overlay, { kind: 'patch' | 'filter' }>,
  model: Model,
  columns: number,
  rows: number,
): Box {
  const inner = Math.max(1, columns - 4)
  switch (overlay.kind) {
    case 'write':
      return writeBox(overlay, model, columns, inner, rows)
    case 'stop':
      return stopBox(overlay, model, columns, inner)
    case 'explain':
      return readBox(overlay, `why ${overlay.name} is what it is`, columns, rows)
    case 'help':
      return readBox(overlay, 'keys', columns, rows)
  }
}

function writeBox(
  overlay: Extract<Overlay, { kind: 'write' }>,
  model: Model,
  columns: number,
  inner: number,
  rows: number,
): Box {
  const agent = findAgent(model, overlay)
  const lines: BoxLine[] = []
  if (agent === null) lines.push([['it is gone', style('error')]])
  else {
    const { row } = agent
    const age = row.sinceMs === null ? '' : ` for ${duration(model.nowMs - row.sinceMs)}`
    lines.push([
      [stateText(row), lifecycleStyle(row)],
      [age, faint],
    ])
    for (const line of wrap(wantsText(row), inner, 4)) lines.push([[line, wantsStyle(row)]])
    const seen = overlay.screen ?? []
    if (seen.length > 0) lines.push(...screenLines(seen, inner, rows - lines.length - menuRows))
    else if (tells(row) || wantsText(row) === '')
      for (const line of wrap(row.snippet, inner, 2)) lines.push([[line, faint]])
    if (overlay.sinceMs !== row.askedMs && overlay.message?.tone !== 'failed')
      lines.push([
        [
          overlay.sinceMs === null
            ? 'it asks something now: close this and look again'
            : 'what it asked has passed: close this and look again',
          style('warning'),
        ],
      ])
  }
  if (overlay.isMenu) for (const line of wrap(menuText, inner, 3)) lines.push([[line, faint]])
  lines.push([], 'input', ...messageLines(overlay.message, inner))
  const send = overlay.isMenu ? 'type it' : 'send'
  const other = overlay.isMenu ? 'type it, with Enter' : 'without Enter'
  return {
    title: `to ${overlay.name}`,
    lines,
    keys: [
      ['⏎', send, { kind: 'open' }],
      ['Ctrl-T', other, { kind: 'open_otherwise' }],
      ['Esc', 'close', { kind: 'cancel' }],
    ],
    columns,
  }
}

/** Rows of the box beside what the agent shows: its edges, the line that is typed, what is said of it. */
const menuRows = 8

/** What the agent's terminal shows, its last rows first of all. */
function screenLines(screen: readonly string[], inner: number, rows: number): BoxLine[] {
  const shown = screen.slice(-Math.max(1, rows))
  return shown.map((line): BoxLine => [
    ['│ ', faint],
    [widthOf(line) > inner - 2 ? fit(line, inner - 2) : line, plain],
  ])
}

/** A dialog of choices ignores words, and takes Enter for the choice that is highlighted: mostly Yes. */
const menuText =
  'It shows choices: type the key of one, such as its digit. Enter would take the highlighted one.'

function stopBox(
  overlay: Extract<Overlay, { kind: 'stop' }>,
  model: Model,
  columns: number,
  inner: number,
): Box {
  const agent = findAgent(model, overlay)
  const { name } = overlay
  const lines: BoxLine[] = []
  if (agent !== null) {
    const { row } = agent
    lines.push([
      [stateText(row), lifecycleStyle(row)],
      [`  ${[row.project, row.branch].filter(Boolean).join('@')}`, faint],
    ])
  }
  const how = 'It gets SIGINT, then SIGTERM, then SIGKILL, each when the one before did not end it.'
  const text = agent?.row.isV1 === true ? `End ${name}?` : `End ${name}? ${how}`
  for (const line of wrap(text, inner, 4)) lines.push([[line, strong]])
  lines.push(...messageLines(overlay.message, inner))
  return {
    title: `stop ${name}`,
    lines,
    keys: [
      ['y', `end ${name}`, { kind: 'confirm' }],
      ['Esc', 'let it live', { kind: 'cancel' }],
    ],
    columns,
  }
}

/** What is read in a box, line by line. */
function readLines(overlay: Extract<Overlay, { kind: 'explain' | 'help' }>, columns: number): BoxLine[] {
  const inner = Math.max(1, columns - 4)
  if (overlay.kind === 'help') return helpLines(inner)
  const lines = (overlay.lines ?? []).flatMap((line) => wrapIndented(line, inner))
  return [...lines.map((line): BoxLine => [[line, plain]]), ...messageLines(overlay.message, inner)]
}

/** Rows of text that a box of so many rows shows. */
function roomIn(rows: number): number {
  return Math.max(1, rows - 3)
}

/** How far what is read in a box can be scrolled. */
export function topMaxOf(overlay: Extract<Overlay, { kind: 'explain' | 'help' }>, model: Model): number {
  const { body, footer } = partsOf(model)
  const lines = readLines(overlay, Math.max(1, Math.min(columnsMax, model.columns)))
  return Math.max(0, lines.length - roomIn(footer - body.y))
}

function readBox(
  overlay: Extract<Overlay, { kind: 'explain' | 'help' }>,
  title: string,
  columns: number,
  rows: number,
): Box {
  const lines = readLines(overlay, columns)
  const room = roomIn(rows)
  const top = Math.max(0, Math.min(overlay.top, lines.length - room))
  const more = `${top > 0 ? ' ↑' : ''}${top + room < lines.length ? ' ↓' : ''}`
  return {
    title: `${title}${more}`,
    lines: lines.slice(top, top + room),
    keys: [['Esc', 'close', { kind: 'cancel' }]],
    columns,
  }
}

/** Wraps a line; what follows stands below its second part. */
function wrapIndented(line: string, columns: number): string[] {
  if (widthOf(line) <= columns) return [line]
  const indent = Math.min(12, Math.max(0, columns - 20))
  const first = wrap(line, columns, 40)[0] ?? ''
  const rest = line.slice(first.length).trimStart()
  return [first, ...wrap(rest, columns - indent, 40).map((text) => ' '.repeat(indent) + text)]
}

const help: readonly (readonly [string, string])[] = [
  ['Tab  1–4', 'Overview, Work, Diff, Health; or press them with the mouse'],
  ['↑ ↓  j k', 'move; PgUp PgDn a page, g G to the first or last, the wheel scrolls'],
  ['⏎', 'go to the agent (zellij, tmux); in Diff show the patch'],
  ['n  N', 'the next agent that needs me; the next that has failed'],
  ['i', 'write to it; ⏎ sends, Ctrl-T sends without Enter, Alt-⏎ breaks the line'],
  ['x', 'stop it, after a question'],
  ['e', 'explain its status'],
  ['r', 'have it look at its repository and tasks again'],
  ['/', 'filter: words of what is shown; Esc clears it'],
  ['s', 'sort by need, label, project, age'],
  ['y', 'copy its id, in Diff the path'],
  ['n p', 'in a patch: next, previous file; / searches, ] [ next, last match; q, Esc go back'],
  ['held', 'while you move, rows keep their places for 4 s: order held'],
  ['Ctrl-L', 'draw again'],
  ['Ctrl-Z', 'suspend; fg brings it back'],
  ['q', 'quit; Ctrl-C too'],
  ['Shift', 'with the mouse: the terminal selects text'],
]

function helpLines(inner: number): BoxLine[] {
  const keyColumns = 10
  const lines: BoxLine[] = help.flatMap(([key, what]) =>
    wrap(what, Math.max(8, inner - keyColumns), 4).map((line, i): BoxLine => [
      [fit(i === 0 ? key : '', keyColumns), accent],
      [line, plain],
    ]),
  )
  const glyphLines = lifecycles.map((word): BoxLine => [[`${glyphs[word]} ${word}`, style(word)]])
  return [...lines, [], ...glyphLines, [['word? nothing but its process says so', faint]]]
}

function messageLines(message: Message | null, inner: number): BoxLine[] {
  if (message === null) return []
  const of = message.tone === 'failed' ? style('error', { bold: true }) : faint
  const mark = message.tone === 'failed' ? '✗ ' : ''
  return wrap(`${mark}${message.text}`, inner, 4).map((line) => [[line, of]])
}

function drawBox(grid: Grid, area: Area, box: Box, overlay: Overlay, hits: Hit[]): Picture['cursor'] {
  const { columns } = box
  const rows = Math.min(area.rows, box.lines.length + 2)
  const x = area.x + Math.floor((area.columns - columns) / 2)
  const y = area.y + Math.max(0, Math.floor((area.rows - rows) / 2))
  const end = x + columns
  const edge = style('accent')
  // A blank column beside the edges keeps what lies below apart.
  for (let row = y; row < y + rows; row++) grid.fill(x - 1, row, end + 1)
  for (const row of [y, y + rows - 1]) grid.fill(x, row, end, edge, '─')
  for (let row = y + 1; row < y + rows - 1; row++) for (const at of [x, end - 1]) grid.put(at, row, '│', edge)
  const corners = [
    [x, y, '┌'],
    [end - 1, y, '┐'],
    [x, y + rows - 1, '└'],
    [end - 1, y + rows - 1, '┘'],
  ] as const
  for (const [at, row, corner] of corners) grid.put(at, row, corner, edge)
  const title = ` ${box.title} `
  grid.put(
    x + 2,
    y,
    widthOf(title) > columns - 4 ? fit(title, Math.max(0, columns - 4)) : title,
    strong,
    end - 2,
  )
  let cursor: Picture['cursor'] = null
  // Of a box that is too high its end is worth more: what is typed, and what came of it.
  const shown = box.lines.slice(Math.max(0, box.lines.length - Math.max(0, rows - 2)))
  for (const [i, line] of shown.entries()) {
    const row = y + 1 + i
    if (line !== 'input') grid.putAll(x + 2, row, line, end - 2)
    else if (overlay.kind === 'write') cursor = drawTextLine(grid, x + 2, row, '> ', overlay.line, end - 2)
  }
  drawKeys(grid, x + 2, y + rows - 1, end - 2, box, hits)
  return cursor
}

function drawKeys(grid: Grid, x: number, y: number, end: number, { keys }: Box, hits: Hit[]): void {
  let at = x
  for (const [key, word, intent] of keys) {
    const width = widthOf(key) + widthOf(word) + 3
    if (at + width > end) continue
    const behind = grid.putAll(at, y, [
      [' ', plain],
      [key, accent],
      [` ${word} `, faint],
    ])
    hits.push({ x: at, y, columns: behind - at, rows: 1, intent })
    at = behind + 1
  }
}
