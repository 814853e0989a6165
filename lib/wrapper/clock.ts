/** Time as it is told to what must not know where it comes from: the machine's, or that of a replayed trace. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls back once, so many milliseconds from now. @returns what takes that back. */
  after(ms: number, act: () => void): () => void
}

/** The machine's clock. Nothing that waits by it keeps the process alive. */
export const realClock: Clock = {
  now: () => Date.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms).unref()
    return () => clearTimeout(timer)
  },
}
