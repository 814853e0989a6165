import pty from '@lydell/node-pty'
import xterm, { type IBufferCell, type Terminal } from '@xterm/headless'
import { readToTheEnd } from '../../lib/wrapper/child-pty.js'
import type { Ended } from './terminal.js'

export interface ScreenOptions {
  cwd: string
  env: Record<string, string>
  columns?: number
  rows?: number
  /** The background's colour as `rgb:rrrr/gggg/bbbb`, for who asks the terminal for it; else there is no answer. */
  background?: string
}

/** How a cell looks. A colour is its number among 256, `#rrggbb`, or null for the terminal's own. */
export interface CellLook {
  text: string
  /** 2 for a wide character, 0 behind one. */
  width: number
  bold: boolean
  faint: boolean
  underline: boolean
  reversed: boolean
  ink: number | string | null
  background: number | string | null
}

/** What a program has told its terminal to do differently. */
export interface ScreenModes {
  isAlternate: boolean
  isCursorHidden: boolean
  /** `none`, or which events are sent: `vt200` are presses and the wheel. */
  mouse: string
  /** How their places are written: `DEFAULT` or `SGR`. */
  mouseEncoding: string
  isPasteMarked: boolean
  wraps: boolean
  isUpdating: boolean
  tellsFocus: boolean
}

/** The modes of a terminal that nobody has changed. */
export const untouched: ScreenModes = {
  isAlternate: false,
  isCursorHidden: false,
  mouse: 'none',
  mouseEncoding: 'DEFAULT',
  isPasteMarked: false,
  wraps: true,
  isUpdating: false,
  tellsFocus: false,
}

/** What xterm.js knows and does not tell. */
interface Core {
  coreService: { isCursorHidden: boolean }
  coreMouseService: { activeEncoding: string }
}

/**
 * A program on a terminal with a screen: the test types, clicks, pastes and resizes, and looks at what a person would
 * see. It answers what terminals are asked for (DA, DSR, the background). Everything is looked at only after the
 * terminal has taken all bytes, so `await screen.see(…)` first.
 */
export class ScreenTerminal {
  readonly ended: Promise<Ended>
  readonly #child
  readonly #terminal: Terminal
  readonly #output: Buffer[] = []

  constructor(file: string, args: string[], options: ScreenOptions) {
    const { cwd, env, columns: cols = 80, rows = 24, background } = options
    const name = env['TERM'] ?? 'xterm-256color'
    this.#terminal = new xterm.Terminal({ cols, rows, allowProposedApi: true, scrollback: 1_000 })
    this.#child = pty.spawn(file, args, { name, cols, rows, cwd, env, encoding: null })
    const take = (bytes: Buffer): void => {
      this.#output.push(bytes)
      this.#terminal.write(bytes)
    }
    this.#child.onData((data) => take(data as unknown as Buffer))
    readToTheEnd(this.#child, take)
    this.#terminal.onData((answer) => this.type(answer))
    this.#terminal.parser.registerOscHandler(11, (question) => {
      if (question === '?' && background !== undefined) this.type(`\u001b]11;${background}\u001b\\`)
      return true
    })
    this.ended = new Promise((resolve) => this.#child.onExit(resolve))
  }

  get pid(): number {
    return this.#child.pid
  }

  /** All bytes that were written so far. */
  get bytes(): Buffer {
    return Buffer.concat(this.#output)
  }

  /** The rows that are seen, without the blanks at their ends. */
  get lines(): string[] {
    const { active } = this.#terminal.buffer
    return Array.from(
      { length: this.#terminal.rows },
      (_, y) =>
        active
          .getLine(active.baseY + y)
          ?.translateToString()
          .trimEnd() ?? '',
    )
  }

  /** All rows in one text. */
  get text(): string {
    return this.lines.join('\n')
  }

  /** Where the cursor is, also when it is hidden. Counts from 0. */
  get cursor(): { x: number; y: number } {
    const { cursorX: x, cursorY: y } = this.#terminal.buffer.active
    return { x, y }
  }

  get modes(): ScreenModes {
    const { modes, buffer } = this.#terminal
    const { coreService, coreMouseService } = (this.#terminal as unknown as { _core: Core })._core
    return {
      isAlternate: buffer.active.type === 'alternate',
      isCursorHidden: coreService.isCursorHidden,
      mouse: modes.mouseTrackingMode,
      mouseEncoding: coreMouseService.activeEncoding,
      isPasteMarked: modes.bracketedPasteMode,
      wraps: modes.wraparoundMode,
      isUpdating: modes.synchronizedOutputMode,
      tellsFocus: modes.sendFocusMode,
    }
  }

  cellAt(x: number, y: number): CellLook {
    const { active } = this.#terminal.buffer
    const cell = active.getLine(active.baseY + y)?.getCell(x)
    if (cell === undefined) throw new Error(`there is no cell ${x},${y}`)
    return lookOf(cell)
  }

  /** Where a text stands first, counted in cells from 0. @throws when it is nowhere. */
  find(text: string): { x: number; y: number } {
    for (const [y, line] of this.lines.entries()) {
      const at = line.indexOf(text)
      if (at < 0) continue
      // A wide character is one in the line and two on the screen.
      for (let x = 0, seen = ''; x < this.#terminal.cols; x++) {
        if (seen.length === at) return { x, y }
        seen += this.cellAt(x, y).text || (this.cellAt(x, y).width === 0 ? '' : ' ')
      }
    }
    throw new Error(`${JSON.stringify(text)} is not on the screen:\n${this.text}`)
  }

  /** Waits until the screen shows something. @throws with what it shows instead. */
  async see(what: string | RegExp, withinMs = 15_000): Promise<void> {
    await this.until(`it shows ${String(what)}`, () => this.#shows(what), withinMs)
  }

  /** Waits until the screen shows something no more. */
  async unsee(what: string | RegExp, withinMs = 15_000): Promise<void> {
    await this.until(`it no more shows ${String(what)}`, () => !this.#shows(what), withinMs)
  }

  /** Waits until something about the screen is so. */
  async until(what: string, isSo: () => boolean, withinMs = 15_000): Promise<void> {
    for (const untilMs = Date.now() + withinMs; ;) {
      await this.#taken()
      if (isSo()) return
      if (Date.now() > untilMs) throw new Error(`never: ${what}. The screen:\n${this.text}`)
      await new Promise((resolve) => setTimeout(resolve, 15))
    }
  }

  type(keys: string | Buffer): void {
    this.#child.write(keys as string)
  }

  /** Pastes as a terminal does: marked, if the program has asked for that. */
  paste(text: string): void {
    const { isPasteMarked } = this.modes
    this.type(isPasteMarked ? `\u001b[200~${text}\u001b[201~` : text)
  }

  /** Presses and lets go the left button; counts from 0. Does nothing when the program wants no mouse. */
  click(x: number, y: number): void {
    this.#mouse(0, x, y, 'M')
    this.#mouse(0, x, y, 'm')
  }

  wheel(x: number, y: number, rows: 1 | -1): void {
    this.#mouse(rows < 0 ? 64 : 65, x, y, 'M')
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows)
    this.#child.resize(columns, rows)
  }

  /** Takes nothing of what is written any more, as a terminal that hangs. */
  pause(): void {
    this.#child.pause()
  }

  resume(): void {
    this.#child.resume()
  }

  /** Closes the terminal, as a person closes its window: the program gets SIGHUP, and there is nothing to read. */
  hangUp(): void {
    ;(this.#child as unknown as { destroy(): void }).destroy()
  }

  kill(): void {
    try {
      this.#child.kill('SIGKILL')
    } catch {
      // It is gone.
    }
  }

  #shows(what: string | RegExp): boolean {
    return typeof what === 'string' ? this.text.includes(what) : what.test(this.text)
  }

  #mouse(button: number, x: number, y: number, end: 'M' | 'm'): void {
    if (this.modes.mouse !== 'none') this.type(`\u001b[<${button};${x + 1};${y + 1}${end}`)
  }

  #taken(): Promise<void> {
    return new Promise((resolve) => this.#terminal.write('', resolve))
  }
}

function lookOf(cell: IBufferCell): CellLook {
  return {
    text: cell.getChars(),
    width: cell.getWidth(),
    bold: cell.isBold() !== 0,
    faint: cell.isDim() !== 0,
    underline: cell.isUnderline() !== 0,
    reversed: cell.isInverse() !== 0,
    ink: cell.isFgDefault() ? null : cell.isFgRGB() ? hex(cell.getFgColor()) : cell.getFgColor(),
    background: cell.isBgDefault() ? null : cell.isBgRGB() ? hex(cell.getBgColor()) : cell.getBgColor(),
  }
}

function hex(color: number): string {
  return `#${color.toString(16).padStart(6, '0')}`
}
