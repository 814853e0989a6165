/** Runs so many jobs at once; so many more wait for their turn, in the order they came. */
export class Turns {
  #running = 0
  readonly #waiting: (() => void)[] = []

  constructor(
    private readonly atOnceMax: number,
    private readonly waitingMax: number,
  ) {}

  /** @returns false when there was no room: the job is not done. @throws what the job throws. */
  async run(job: () => Promise<void>): Promise<boolean> {
    if (this.#running >= this.atOnceMax) {
      if (this.#waiting.length >= this.waitingMax) return false
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
      })
    } else this.#running += 1
    try {
      await job()
    } finally {
      // The place is handed on, not given back: nobody comes in between.
      const next = this.#waiting.shift()
      if (next === undefined) this.#running -= 1
      else next()
    }
    return true
  }
}
