import type { Picture } from '../view/picture.js'
import { paint } from './paint.js'
import type { Theme } from './theme.js'

/** At most thirty pictures a second. */
export const frameMs = 33

/** Where frames go. */
export interface Canvas {
  size(): { columns: number; rows: number }
  /** Whether the last frame has been taken. */
  isFree(): boolean
  write(bytes: string): void
}

/**
 * Draws pictures no faster than a person sees and no faster than the terminal takes them. Only the newest is kept.
 */
export class Frames {
  /** What should be shown. */
  #newest: Picture | null = null
  /** What is shown; null when that is not known. */
  #shown: Picture | null = null
  #timer: NodeJS.Timeout | null = null
  #lastMs = Number.NEGATIVE_INFINITY
  #theme: Theme | null = null

  constructor(readonly canvas: Canvas) {}

  /** Shows a picture: at once when nothing was drawn for a while. It is not to be changed any more. */
  draw(picture: Picture): void {
    this.#newest = picture
    this.next()
  }

  /** Starts to draw, or draws everything anew. */
  start(theme: Theme): void {
    this.#theme = theme
    this.#shown = null
    this.next()
  }

  /** Draws nothing until it is started again. */
  stop(): void {
    this.#theme = null
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  /** Everything has to be drawn anew: nobody knows what the terminal shows. */
  forget(): void {
    this.#shown = null
    this.next()
  }

  /** Draws if there is something to draw and the time for it. */
  next(): void {
    const { grid } = this.#newest ?? {}
    if (this.#theme === null || this.#newest === this.#shown || this.#timer || !this.canvas.isFree()) return
    // A picture of the size before; the one for this size is on its way.
    const { columns, rows } = this.canvas.size()
    if (grid === undefined || grid.columns > columns || grid.rows > rows) return
    const waitMs = this.#lastMs + frameMs - performance.now()
    if (waitMs > 0) {
      this.#timer = setTimeout(() => {
        this.#timer = null
        this.next()
      }, Math.ceil(waitMs))
      return
    }
    const bytes = paint(this.#shown, this.#newest!, this.#theme)
    this.#shown = this.#newest
    if (bytes === '') return
    this.#lastMs = performance.now()
    this.canvas.write(bytes)
  }
}
