import type { Rgb } from './color.js'
import { backgroundOf } from './theme.js'

/** How long a terminal has to say which background it has. */
const backgroundMs = 200

/** Asks for the background's colour, and then what every terminal answers: after that no other answer comes. */
export const askBackground = '\u001b]11;?\u001b\\\u001b[c'

/** A terminal's answer to `askBackground`. */
export class BackgroundAnswer {
  #timer: NodeJS.Timeout

  /** @param onAnswer is called once; with null when there is no answer. */
  constructor(readonly onAnswer: (background: Rgb | null) => void) {
    this.#timer = setTimeout(() => onAnswer(null), backgroundMs)
  }

  /** Takes anything that the terminal answers. */
  take(reply: string): void {
    const background = backgroundOf(reply)
    // DA1: it answers in order, so it has not answered before.
    if (background === null && !/^\u001b\[\?[\d;]*c$/.test(reply)) return
    this.cancel()
    this.onAnswer(background)
  }

  cancel(): void {
    clearTimeout(this.#timer)
  }
}
