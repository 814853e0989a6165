import { isAscii, measured, printable } from '../text.js'
import { plain, type Style } from './style.js'

/** A text in a style. */
export type Span = readonly [text: string, style: Style]

/** Scripts that are written from right to left. */
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u
/** Ends a right-to-left run, so that a terminal which reorders text leaves the columns behind it where they are. */
const leftToRightMark = '\u200e'

/**
 * A terminal's screen as cells. Each column holds a whole character, or '' behind one that takes more than a column.
 * Whatever is put in, no control character is in it, and nothing is outside of it.
 */
export class Grid {
  readonly #texts: string[]
  readonly #styles: Style[]

  constructor(
    readonly columns: number,
    readonly rows: number,
  ) {
    this.#texts = cells(columns * rows, ' ')
    this.#styles = cells(columns * rows, plain)
  }

  /** The character at a column, with its style; '' in the later columns of a wide one. */
  textAt(x: number, y: number): string {
    return this.#texts[y * this.columns + x] ?? ' '
  }

  styleAt(x: number, y: number): Style {
    return this.#styles[y * this.columns + x] ?? plain
  }

  /** A row as text, without the blanks at its end. */
  line(y: number): string {
    return this.#texts
      .slice(y * this.columns, (y + 1) * this.columns)
      .join('')
      .trimEnd()
  }

  /** All rows as text. */
  get lines(): string[] {
    return Array.from({ length: this.rows }, (_, y) => this.line(y))
  }

  /**
   * Puts text at a column, at most up to `end` (exclusive; the grid's edge by default). A character that does not fit
   * whole is left out.
   * @returns the column behind it.
   */
  put(x: number, y: number, text: string, style: Style = plain, end = this.columns): number {
    const limit = Math.min(end, this.columns)
    if (y < 0 || y >= this.rows || x < 0) return x
    return isAscii(text) ? this.#putAscii(x, y, text, style, limit) : this.#putAny(x, y, text, style, limit)
  }

  /** Puts spans one behind the other. @returns the column behind them. */
  putAll(x: number, y: number, spans: readonly Span[], end = this.columns): number {
    let at = x
    for (const [text, style] of spans) at = this.put(at, y, text, style, end)
    return at
  }

  /** Fills columns of a row with one character of one column. */
  fill(x: number, y: number, end: number, style: Style = plain, text = ' '): void {
    if (y < 0 || y >= this.rows) return
    for (let at = Math.max(0, x); at < Math.min(end, this.columns); at++) this.#set(at, y, text, 1, style)
  }

  #putAscii(x: number, y: number, text: string, style: Style, limit: number): number {
    const count = Math.min(text.length, Math.max(0, limit - x))
    for (let i = 0; i < count; i++) this.#set(x + i, y, text[i]!, 1, style)
    return x + count
  }

  #putAny(x: number, y: number, text: string, style: Style, limit: number): number {
    let at = x
    let last = -1
    const { clusters, widths } = measured(printable(text))
    for (const [i, cluster] of clusters.entries()) {
      const width = widths[i]!
      if (width === 0) continue
      if (at + width > limit) break
      this.#set(at, y, cluster, width, style)
      last = at
      at += width
    }
    if (last >= 0 && rightToLeft.test(text)) this.#texts[y * this.columns + last] += leftToRightMark
    return at
  }

  #set(x: number, y: number, text: string, width: number, style: Style): void {
    const row = y * this.columns
    // Half of a wide character is none.
    if (this.#texts[row + x] === '') this.#blank(x, y)
    if (x + width < this.columns && this.#texts[row + x + width] === '') this.#blank(x + width, y)
    for (let i = 0; i < width; i++) {
      this.#texts[row + x + i] = i === 0 ? text : ''
      this.#styles[row + x + i] = style
    }
  }

  /** Blanks the wide character that has a later column here. */
  #blank(x: number, y: number): void {
    const row = y * this.columns
    let first = x
    while (first > 0 && this.#texts[row + first] === '') first--
    this.#texts[row + first] = ' '
    for (let at = first + 1; at < this.columns && this.#texts[row + at] === ''; at++)
      this.#texts[row + at] = ' '
  }
}

/** Cells that are all alike. Of a screen's ten thousand `Array.from` would ask for each, in ten times the time. */
function cells<T>(count: number, alike: T): T[] {
  const all: T[] = []
  all.length = count
  return all.fill(alike)
}
