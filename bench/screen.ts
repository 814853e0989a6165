import xterm from '@xterm/headless'
import { Terminal } from './terminal.js'

export interface Size {
  cols: number
  rows: number
}

/** A program on a terminal whose screen is kept: what a person would see of it. */
export class Screen {
  /** Bytes that were shown so far. */
  bytes = 0
  readonly terminal: Terminal
  readonly #screen: xterm.Terminal
  #look: () => void = () => {}

  constructor(argv: readonly string[], options: Size & { cwd: string; env: Record<string, string> }) {
    const { cols, rows } = options
    this.#screen = new xterm.Terminal({ cols, rows, allowProposedApi: true, scrollback: 0 })
    this.terminal = new Terminal(argv, options)
    // Terminals answer what they are asked.
    this.#screen.onData((answer) => this.terminal.type(answer))
  }

  get pid(): number {
    return this.terminal.pid
  }

  /** All rows in one text. */
  get text(): string {
    const { active } = this.#screen.buffer
    return Array.from({ length: this.#screen.rows }, (_, y) =>
      active.getLine(y)?.translateToString(true),
    ).join('\n')
  }

  /** The row that is reversed up to its last cell, as that under the cursor is; -1 when there is none. */
  get selectedRow(): number {
    const { active } = this.#screen.buffer
    const last = this.#screen.cols - 1
    for (let y = 0; y < this.#screen.rows; y++) if (active.getLine(y)?.getCell(last)?.isInverse()) return y
    return -1
  }

  /** Waits until the screen is so; it is looked at whenever it has changed. */
  until(what: string, isSo: () => boolean, limitMs?: number): Promise<void> {
    return this.terminal
      .during<void>(
        (done) => {
          this.#look = () => {
            if (isSo()) done()
          }
          this.#listen()
          this.#look()
        },
        what,
        limitMs,
      )
      .finally(() => {
        this.#look = () => {}
        this.#listen()
      })
  }

  async close(): Promise<void> {
    this.#look = () => {}
    this.#listen()
    await this.terminal.close()
    this.#screen.dispose()
  }

  #listen(): void {
    this.terminal.hear = (bytes) => {
      this.bytes += bytes.length
      this.#screen.write(bytes, () => this.#look())
    }
  }
}
