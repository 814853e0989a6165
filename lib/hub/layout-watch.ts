import type { Env } from '../wire/identity.js'
import type { Log } from '../wire/log.js'
import type { LayoutState } from '../wire/messages.js'

/** How often the layout is looked at, in milliseconds. */
export interface LayoutPace {
  activeMs: number
  /** Without a subscriber; null: not at all. */
  idleMs: number | null
}

const activeMsDefault = 3_000
const idleMsMin = 12_000
const pollMsMin = 250
/** Node fires a longer timer at once. */
const timerMsMax = 2 ** 31 - 1

/**
 * What `AOC_PULSE_LAYOUT_WATCH_ENABLED`, `…_WATCH_MS` and `…_IDLE_WATCH_MS` ask for; null when the layout is not
 * watched, which is the default. What is no sensible number counts as the default, and the log says so. Seed 000.
 */
export function layoutPace(env: Env, log: Log): LayoutPace | null {
  const enabled = env['AOC_PULSE_LAYOUT_WATCH_ENABLED'] ?? ''
  if (!['', '0', '1'].includes(enabled))
    log('warn', 'bad_setting', { name: 'AOC_PULSE_LAYOUT_WATCH_ENABLED', value: enabled, taken: '0' })
  if (enabled !== '1') return null
  const millis = (name: string, otherwise: number): number => {
    const value = (env[name] ?? '').trim()
    const ms = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN
    const taken = ms <= timerMsMax ? Math.max(ms, pollMsMin) : otherwise
    if (value !== '' && taken !== ms) log('warn', 'bad_setting', { name, value, taken })
    return taken
  }
  const activeMs = millis('AOC_PULSE_LAYOUT_WATCH_MS', activeMsDefault)
  const idleName = 'AOC_PULSE_LAYOUT_IDLE_WATCH_MS'
  const isIdleSet = (env[idleName] ?? '').trim() !== ''
  const idleDefault = Math.min(Math.max(4 * activeMs, idleMsMin), timerMsMax)
  return { activeMs, idleMs: isIdleSet ? millis(idleName, idleDefault) : null }
}

/** Time as it is told to the watch, so that a test may set it. */
export interface Timers {
  /** Milliseconds that never go back. */
  now: () => number
  /** Calls back once. @returns what takes that back. */
  after: (ms: number, act: () => void) => () => void
}

const realTimers: Timers = {
  now: () => performance.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, ms).unref()
    return () => clearTimeout(timer)
  },
}

export interface LayoutWatchOptions extends LayoutPace {
  read: () => Promise<LayoutState>
  /** What was seen; null when nobody looks any more, or it cannot be seen. */
  onLayout: (layout: LayoutState | null) => void
  log: Log
  timers?: Timers
}

/**
 * Looks at the layout again and again: often while it is wanted, seldom or not at all while it is not. One look at a
 * time, however long it takes, and never two within a quarter of a second.
 */
export class LayoutWatch {
  readonly #timers: Timers
  #isWanted = false
  #isClosed = false
  #isReading = false
  #hasFailed = false
  /** When the last look began, and when it ended. */
  #beganMs = -Infinity
  #endedMs = -Infinity
  #cancel: (() => void) | null = null

  constructor(private readonly options: LayoutWatchOptions) {
    this.#timers = options.timers ?? realTimers
    this.#plan()
  }

  /** Whether somebody wants to know; who newly does is told at once. */
  want(isWanted: boolean): void {
    if (isWanted === this.#isWanted || this.#isClosed) return
    this.#isWanted = isWanted
    if (isWanted) this.#beganMs = -Infinity
    else if (this.options.idleMs === null) this.options.onLayout(null)
    this.#plan()
  }

  close(): void {
    this.#isClosed = true
    this.#cancel?.()
  }

  #plan(): void {
    this.#cancel?.()
    this.#cancel = null
    const { activeMs, idleMs } = this.options
    const everyMs = this.#isWanted ? activeMs : idleMs
    if (everyMs === null || this.#isReading || this.#isClosed) return
    const dueMs = Math.max(this.#beganMs + everyMs, this.#endedMs + pollMsMin)
    const waitMs = Math.max(0, dueMs - this.#timers.now())
    this.#cancel = this.#timers.after(waitMs, () => void this.#look())
  }

  async #look(): Promise<void> {
    const { read, onLayout, log, idleMs } = this.options
    this.#isReading = true
    this.#beganMs = this.#timers.now()
    try {
      const layout = await read()
      this.#hasFailed = false
      // Nobody may want it any more, and nobody would look when it changes.
      if (!this.#isClosed && (this.#isWanted || idleMs !== null)) onLayout(layout)
    } catch (error) {
      // Once, not with each look: a machine without a multiplexer is nothing to go on about.
      if (!this.#hasFailed && !this.#isClosed) {
        log('warn', 'layout_unreadable', { message: (error as Error).message })
        onLayout(null)
      }
      this.#hasFailed = true
    }
    this.#isReading = false
    this.#endedMs = this.#timers.now()
    this.#plan()
  }
}
