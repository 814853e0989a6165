import type { Clock } from '../clock.js'

interface Timer {
  atMs: number
  act: () => void
}

/** A clock that is set by hand. */
export class VirtualClock implements Clock {
  #nowMs = 0
  readonly #timers = new Set<Timer>()

  now(): number {
    return this.#nowMs
  }

  after(ms: number, act: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, ms), act }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /**
   * Lets time go on until `atMs`, and does what falls due, in order.
   * @param settled is waited for after each step, so that what was begun ends before time goes on.
   */
  async advance(atMs: number, settled: () => Promise<void>): Promise<void> {
    for (;;) {
      let next: Timer | null = null
      for (const timer of this.#timers)
        if (timer.atMs <= atMs && (next === null || timer.atMs < next.atMs)) next = timer
      if (next === null) break
      this.#timers.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.act()
      await settled()
    }
    this.#nowMs = Math.max(this.#nowMs, atMs)
  }
}
