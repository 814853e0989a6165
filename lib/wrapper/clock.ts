/** Time as it is told to what must not know where it comes from: the machine's, or that of a replayed trace. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls back once, so many milliseconds from now. @returns what takes that back. */
  after(ms: number, act: () => void): () => void
}

/** The most a timer takes. */
const timerMsMax = 2 ** 31 - 1
/** The wall clock is this far ahead only after the machine slept, or was set. */
const aheadMs = 1_000
let wallAtZeroMs = Date.now() - performance.now()

/**
 * The machine's clock, which never goes back: when the wall clock is set back, time goes on from where it was. Nothing
 * that waits by it keeps the process alive.
 */
export const realClock: Clock = {
  now() {
    const wallMs = Date.now()
    if (wallMs > wallAtZeroMs + performance.now() + aheadMs) wallAtZeroMs = wallMs - performance.now()
    return Math.round(wallAtZeroMs + performance.now())
  },
  after(ms, act) {
    const timer = setTimeout(act, Math.min(ms, timerMsMax)).unref()
    return () => clearTimeout(timer)
  },
}
