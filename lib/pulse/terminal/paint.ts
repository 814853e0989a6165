import type { Grid } from '../view/grid.js'
import type { Picture } from '../view/picture.js'
import type { Theme } from './theme.js'

/** What of a picture the terminal shows. */
export type Shown = Pick<Picture, 'grid' | 'cursor'>

const csi = '\u001b['
const beginUpdate = `${csi}?2026h`
const endUpdate = `${csi}?2026l`
const hideCursor = `${csi}?25l`
const showCursor = `${csi}?25h`

/**
 * What makes a terminal that shows one picture show another; '' when it does already. Without a picture before, or
 * with one of another size, everything is drawn anew. Automatic wrapping has to be off.
 *
 * Terminals disagree on how wide a character is. So a column is counted on only behind plain ASCII; behind everything
 * else the cursor is sent to its column, and what the character may have run into is written after it.
 */
export function paint(before: Shown | null, after: Shown, theme: Theme): string {
  const old =
    before !== null && before.grid.columns === after.grid.columns && before.grid.rows === after.grid.rows
      ? before
      : null
  const pen = new Pen(theme)
  if (old === null) pen.clear()
  for (let y = 0; y < after.grid.rows; y++) {
    const isChanged = changed(old?.grid ?? null, after.grid, y, theme)
    if (isChanged !== null) paintRow(pen, isChanged, after.grid, y)
  }
  if (pen.written === '' && old !== null && isSame(old.cursor, after.cursor)) return ''
  const hidden = old === null || old.cursor !== null ? hideCursor : ''
  const { cursor } = after
  const shown = cursor === null ? '' : `${csi}${cursor.y + 1};${cursor.x + 1}H${showCursor}`
  return `${beginUpdate}${hidden}${pen.written}${pen.written === '' ? '' : `${csi}0m`}${shown}${endUpdate}`
}

function isSame(a: Shown['cursor'], b: Shown['cursor']): boolean {
  return a === b || (a !== null && b !== null && a.x === b.x && a.y === b.y)
}

/**
 * The columns of a row that have to be written, each 1; null when there are none. Of a wide character the first
 * one counts: where that is as before, so are the others.
 */
function changed(before: Grid | null, after: Grid, y: number, theme: Theme): Uint8Array | null {
  const isChanged = new Uint8Array(after.columns)
  let isAny = false
  for (let x = 0; x < after.columns; x++) {
    if (isChanged[x] === 0 && isAsBefore(before, after, x, y, theme)) continue
    isChanged[x] = 1
    isAny = true
    const text = after.textAt(x, y)
    // What a character of uncertain width runs into is written again.
    if (!isPlain(text)) isChanged.fill(1, x + 1, x + reach(text))
  }
  return isAny ? isChanged : null
}

function isAsBefore(before: Grid | null, after: Grid, x: number, y: number, theme: Theme): boolean {
  const style = after.styleAt(x, y)
  if (before === null) return after.textAt(x, y) === ' ' && theme.sgr(style) === '0'
  if (after.textAt(x, y) !== before.textAt(x, y)) return false
  const old = before.styleAt(x, y)
  return style === old || theme.sgr(style) === theme.sgr(old)
}

/** How many columns the character that begins here has. */
function widthAt(grid: Grid, x: number, y: number): number {
  let end = x + 1
  while (end < grid.columns && grid.textAt(end, y) === '') end++
  return end - x
}

/** How many columns a terminal may give a text at most. */
function reach(text: string): number {
  let points = 0
  for (const _ of text) points++
  return points * 2
}

function paintRow(pen: Pen, isChanged: Uint8Array, grid: Grid, y: number): void {
  const blankFrom = blanksAtEnd(pen, grid, y)
  for (let x = 0; x < grid.columns;) {
    const width = widthAt(grid, x, y)
    if (isChanged[x] === 1) {
      pen.go(x, y, grid)
      if (x >= blankFrom && isChanged.subarray(x).filter(Boolean).length > 4) return pen.eraseRow()
      pen.write(grid, x, y, width)
    }
    x += width
  }
}

/** The column behind which a row is as an erased one. */
function blanksAtEnd(pen: Pen, grid: Grid, y: number): number {
  let x = grid.columns
  while (x > 0 && grid.textAt(x - 1, y) === ' ' && pen.look(grid, x - 1, y) === '0') x--
  return x
}

/** Where the terminal's cursor is, and how it writes there. */
class Pen {
  written = ''
  /** Null when it is not known. */
  #x: number | null = null
  #y = -1
  #look: string | null = null

  constructor(readonly theme: Theme) {}

  clear(): void {
    this.written += `${csi}0m${csi}2J`
    this.#look = '0'
  }

  look(grid: Grid, x: number, y: number): string {
    return this.theme.sgr(grid.styleAt(x, y))
  }

  /** Goes to a cell; over a few cells that are there already it goes by writing them, when that is shorter. */
  go(x: number, y: number, grid: Grid): void {
    if (this.#y === y && this.#x !== null && this.#x <= x && x - this.#x <= 4) {
      let between = ''
      for (let at = this.#x; at < x; at++) {
        const text = grid.textAt(at, y)
        if (!isPlain(text) || this.look(grid, at, y) !== this.#look) return this.#jump(x, y)
        between += text
      }
      this.written += between
      this.#x = x
      return
    }
    this.#jump(x, y)
  }

  /** Writes the character of a cell. */
  write(grid: Grid, x: number, y: number, width: number): void {
    this.#take(this.look(grid, x, y))
    const text = safe(grid.textAt(x, y))
    if (isPlain(text)) {
      this.written += text + ' '.repeat(width - 1)
      const end = x + width
      this.#x = end < grid.columns ? end : null
      return
    }
    // Where the terminal takes it for narrower, nothing of what was there before stays.
    if (width > 1 || text.length > (text.codePointAt(0)! > 0xffff ? 2 : 1)) {
      this.written += ' '.repeat(width)
      this.#x = null
      this.#jump(x, y)
    }
    this.written += text
    this.#x = null
  }

  /** Erases the row from here to its end. */
  eraseRow(): void {
    this.#take('0')
    this.written += `${csi}K`
  }

  #jump(x: number, y: number): void {
    this.written +=
      this.#y === y ? `${csi}${x === 0 ? '' : x + 1}G` : `${csi}${y + 1}${x === 0 ? '' : `;${x + 1}`}H`
    this.#x = x
    this.#y = y
  }

  #take(look: string): void {
    if (look === this.#look) return
    this.written += `${csi}${look}m`
    this.#look = look
  }
}

/** Whether a text is one character of ASCII, about which all terminals agree. */
function isPlain(text: string): boolean {
  if (text.length !== 1) return false
  const code = text.charCodeAt(0)
  return code >= 0x20 && code < 0x7f
}

/** A grid holds no control characters; if one did, the terminal would still not get it. */
function safe(text: string): string {
  return text === '' || /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(text) ? ' ' : text
}
