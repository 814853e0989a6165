import type { NoteItem, Tone } from '../model/notes.js'
import { noteIndent } from '../model/notes.js'
import { clusters, fit, printable, widthOf } from '../text.js'
import type { Grid, Span } from './grid.js'
import type { Area } from './list.js'
import { accent, faint, on, plain, strong, style, type Style } from './style.js'

/** Text that is cut to so many columns, with `…` where it was; '' when there are none. */
export function head(text: string, columns: number): string {
  const shown = printable(text)
  if (columns <= 0) return ''
  return widthOf(shown) <= columns ? shown : fit(shown, columns)
}

/** The same, cut at its beginning: of a path the end says most. */
export function tail(text: string, columns: number): string {
  const shown = printable(text)
  if (columns <= 0) return ''
  if (widthOf(shown) <= columns) return shown
  const kept: string[] = []
  let used = 1
  // Each character takes a column or joins another: those at the end are enough to look at.
  for (const cluster of [...clusters(shown.slice(-columns * 8).toWellFormed())].toReversed()) {
    const width = widthOf(cluster)
    if (used + width > columns) break
    kept.push(cluster)
    used += width
  }
  return `…${kept.toReversed().join('')}`
}

/** One row of an area, that is written to from both sides. */
export class RowPen {
  /** The next column from the left, and the column behind the last free one from the right. */
  x: number
  end: number
  readonly #y: number

  constructor(
    private readonly grid: Grid,
    area: Area,
    private readonly isSelected: boolean,
  ) {
    this.x = area.x
    this.end = area.x + area.columns
    this.#y = area.y
  }

  /** Columns that are free. */
  get room(): number {
    return Math.max(0, this.end - this.x)
  }

  /** Text from the left, cut to `columns` and to what is free; with `columns`, what follows stands behind all of them. */
  put(text: string, of: Style = plain, columns?: number): this {
    const width = Math.min(this.room, columns ?? Infinity)
    const behind = this.grid.put(this.x, this.#y, head(text, width), on(this.isSelected, of), this.x + width)
    this.x = columns === undefined ? behind : this.x + width
    return this
  }

  /** A path from the left: cut at its beginning. */
  putPath(path: string, of: Style = plain, columns?: number): this {
    const width = Math.min(this.room, columns ?? Infinity)
    const behind = this.grid.put(this.x, this.#y, tail(path, width), on(this.isSelected, of), this.x + width)
    this.x = columns === undefined ? behind : this.x + width
    return this
  }

  putAll(spans: readonly Span[]): this {
    for (const [text, of] of spans) this.put(text, of)
    return this
  }

  /** Text that ends in the column `columns` further right. */
  putNumber(text: string, of: Style, columns: number): this {
    return this.skip(columns - widthOf(text)).put(text, of)
  }

  skip(columns: number): this {
    this.x = Math.min(this.end, this.x + Math.max(0, columns))
    return this
  }

  /** Spans at the right edge, two blanks from what is left of them; nothing when they leave less than `least` columns. */
  putRight(spans: readonly Span[], least: number): this {
    const width = spans.reduce((sum, [text]) => sum + widthOf(text), 0)
    if (width === 0 || this.room - width - 2 < least) return this
    let x = this.end - width
    for (const [text, of] of spans) x = this.grid.put(x, this.#y, text, on(this.isSelected, of), this.end)
    this.end -= width + 2
    return this
  }
}

const toneGlyphs: Readonly<Record<Tone, string>> = { info: '·', warning: '!', error: '✗' }

/** A mark beside words of a tone. */
export function toneGlyph(tone: Tone): string {
  return toneGlyphs[tone]
}

export function toneStyle(tone: Tone): Style {
  return tone === 'info' ? faint : style(tone)
}

/** A degraded state: what is so, and what to do. */
export function drawNote(item: NoteItem, isSelected: boolean, grid: Grid, area: Area): void {
  const pen = new RowPen(grid, area, isSelected).skip(noteIndent)
  if (item.isRest) {
    pen.skip(2).put(item.what, toneStyle(item.tone)).put(item.todo)
    return
  }
  pen.put(`${toneGlyph(item.tone)} `, toneStyle(item.tone)).put(item.what, toneStyle(item.tone))
  if (item.todo !== '') pen.put(' — ', faint).put(item.todo)
}

/** What of the row above a list is free: at its right end stands where the list is. */
export function headArea(area: Area): Area {
  return { ...area, columns: Math.max(0, area.columns - 12) }
}

/** Puts spans as long as there is room for each of them whole; `between` stands between them. */
export function putWhole(pen: RowPen, spans: readonly Span[], between: string): void {
  for (const [i, [text, of]] of spans.entries()) {
    if (widthOf(text) + (i === 0 ? 0 : between.length) > pen.room) return
    if (i > 0) pen.put(between, faint)
    pen.put(text, of)
  }
}

/** The heading of a session among several. */
export function drawSession(sessionId: string, grid: Grid, area: Area): void {
  new RowPen(grid, area, false).put(`session ${sessionId}`, accent)
}

/** A folder by its last name, what is in it, who works there, and where it is, as far as there is room. */
export function drawRoot(
  pen: RowPen,
  root: string,
  labels: readonly string[],
  more: readonly (readonly Span[])[] = [],
): void {
  const name = root.slice(root.lastIndexOf('/', root.length - 2) + 1) || root || 'no folder known'
  pen.put(name, strong).skip(2)
  for (const spans of more) pen.putAll(spans).skip(2)
  if (labels.length === 0) pen.put('here, no agent', faint)
  else pen.put(namesText(labels, pen.room), style('accent'))
  if (root !== name && pen.room >= 14) pen.skip(2).putPath(root, faint)
}

/** Names beside each other, in so many columns at most; `+2` stands for those that have no room. */
export function namesText(names: readonly string[], columns: number): string {
  let text = ''
  for (const [i, name] of names.entries()) {
    const next = i === 0 ? name : `${text}, ${name}`
    const left = names.length - i - 1
    const rest = left === 0 ? '' : ` +${left}`
    if (widthOf(next) + widthOf(rest) > columns) return i === 0 ? head(next, columns) : `${text} +${left + 1}`
    text = next
  }
  return text
}
