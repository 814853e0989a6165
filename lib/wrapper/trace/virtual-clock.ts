import type { Clock } from '../clock.js'

interface Timer {
  atMs: number
  /** In which order they were set. */
  nth: number
  /** Null when it was taken back. */
  act: (() => void) | null
}

/** So much may fall due while time goes on to one moment; a trace that asks for more is no agent's. */
const stepsMax = 100_000

/** A clock that is set by hand. */
export class VirtualClock implements Clock {
  #nowMs = 0
  #count = 0
  /** A binary heap: no timer is due after the two below it. */
  #timers: Timer[] = []
  #takenBack = 0

  now(): number {
    return this.#nowMs
  }

  after(ms: number, act: () => void): () => void {
    const timer: Timer = { atMs: this.#nowMs + Math.max(0, ms), nth: this.#count++, act }
    this.#add(timer)
    return () => {
      if (timer.act === null) return
      timer.act = null
      this.#takenBack++
      if (this.#takenBack > 64 && this.#takenBack > this.#timers.length / 2) this.#clear()
    }
  }

  /**
   * Lets time go on until `atMs`, and does what falls due, in order.
   * @param settled is waited for after each step, so that what was begun ends before time goes on.
   * @throws {RangeError} when that does not come to an end.
   */
  async advance(atMs: number, settled: () => Promise<void>): Promise<void> {
    for (let steps = 0; this.#timers.length > 0 && this.#timers[0]!.atMs <= atMs;) {
      const { atMs: dueMs, act } = this.#next()
      if (act === null) continue
      if (++steps > stepsMax) throw new RangeError(`more than ${stepsMax} timers were due at once`)
      this.#nowMs = Math.max(this.#nowMs, dueMs)
      act()
      await settled()
    }
    this.#nowMs = Math.max(this.#nowMs, atMs)
  }

  #add(timer: Timer): void {
    const timers = this.#timers
    let at = timers.push(timer) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(timer, timers[above]!)) break
      timers[at] = timers[above]!
      at = above
    }
    timers[at] = timer
  }

  /** Takes the first one off; there must be one. */
  #next(): Timer {
    const timers = this.#timers
    const first = timers[0]!
    const last = timers.pop()!
    if (timers.length > 0) {
      let at = 0
      for (;;) {
        let below = 2 * at + 1
        if (below + 1 < timers.length && isBefore(timers[below + 1]!, timers[below]!)) below++
        if (below >= timers.length || !isBefore(timers[below]!, last)) break
        timers[at] = timers[below]!
        at = below
      }
      timers[at] = last
    }
    if (first.act === null) this.#takenBack--
    const { act } = first
    // To take it back is too late.
    first.act = null
    return { ...first, act }
  }

  #clear(): void {
    const left = this.#timers.filter(({ act }) => act !== null)
    this.#timers = []
    this.#takenBack = 0
    // What is sorted is a heap.
    for (const timer of left.toSorted((a, b) => a.atMs - b.atMs || a.nth - b.nth)) this.#timers.push(timer)
  }
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.nth < other.nth)
}
