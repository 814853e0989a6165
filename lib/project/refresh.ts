/** What a refresh needs; times are milliseconds of one clock that does not go back. */
export interface RefreshOptions<Timer> {
  /** Quiet to wait for after a trigger. */
  debounceMs: number
  /** Least time from the end of one run to the start of the next, and the most that further triggers can hold up a run. */
  intervalMs: number
  /** What is run. A rejection ends the run as a success does: what went wrong is the run's own to tell. */
  run: () => Promise<void>
  now: () => number
  setTimer: (fire: () => void, delayMs: number) => Timer
  clearTimer: (timer: Timer) => void
}

/** A run that is asked for by many and made by one. */
export interface Refresh {
  /** Asks for a run; costs next to nothing, however often. After `stop` it does nothing. */
  trigger(): void
  /** No run starts any more; one that is under way is not waited for. */
  stop(): void
}

type State<Timer> =
  | { is: 'idle' }
  /** A timer is set for `dueMs` or earlier; when it fires early, it is set again. */
  | { is: 'waiting'; firstMs: number; dueMs: number; timer: Timer }
  | { is: 'running'; again: boolean }
  | { is: 'stopped' }

/**
 * Joins triggers into few runs: a run starts when it has been quiet for `debounceMs`, at the latest `intervalMs` after
 * the first trigger, never two at once, and after a run not before `intervalMs`, or as long as the run took, have passed:
 * a slow run has half of the time at most. Triggers during a run lead to one more.
 * Seed 000, "Update Cadence and Throttling".
 */
export function createRefresh<Timer>(options: RefreshOptions<Timer>): Refresh {
  const { debounceMs, intervalMs, run, now, setTimer, clearTimer } = options
  let state: State<Timer> = { is: 'idle' }
  let nextStartMs = -Infinity

  function wait(firstMs: number, lastMs: number): void {
    const patienceMs = Math.max(debounceMs, intervalMs)
    const dueMs = Math.max(Math.min(lastMs + debounceMs, firstMs + patienceMs), nextStartMs)
    if (state.is === 'waiting') state.dueMs = dueMs
    else state = { is: 'waiting', firstMs, dueMs, timer: setTimer(fire, dueMs - lastMs) }
  }

  function fire(): void {
    if (state.is !== 'waiting') return
    const leftMs = state.dueMs - now()
    if (leftMs > 0) state.timer = setTimer(fire, leftMs)
    else void runOnce()
  }

  async function runOnce(): Promise<void> {
    const running: State<Timer> & { is: 'running' } = { is: 'running', again: false }
    state = running
    const startMs = now()
    try {
      await run()
    } catch {
      // See `run`.
    }
    // Stopped meanwhile.
    if (state !== running) return
    const endMs = now()
    nextStartMs = endMs + Math.max(intervalMs, endMs - startMs)
    state = { is: 'idle' }
    if (running.again) wait(endMs, endMs)
  }

  return {
    trigger() {
      switch (state.is) {
        case 'idle': {
          const nowMs = now()
          wait(nowMs, nowMs)
          return
        }
        case 'waiting':
          wait(state.firstMs, now())
          return
        case 'running':
          state.again = true
          return
        case 'stopped':
      }
    },
    stop() {
      if (state.is === 'waiting') clearTimer(state.timer)
      state = { is: 'stopped' }
    },
  }
}
