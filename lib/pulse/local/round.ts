/** Something that is done again and again, never twice at once. */
export interface Round {
  /** Does it now, or once more after what is under way. */
  now(): Promise<void>
  /** No more of it; resolves when what is under way has ended. */
  close(): Promise<void>
}

/** Longer than this part of the time it must not take: the pause is so many times as long as the work. */
const pauseFactor = 4

/** Does it at once, and then `intervalMs` after each end, later when it takes long. `work` must not reject. */
export function openRound(intervalMs: number, work: () => Promise<void>): Round {
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  let running: Promise<void> | null = null
  let next: Promise<void> | null = null

  const run = async (): Promise<void> => {
    clearTimeout(timer)
    const startMs = performance.now()
    await work()
    running = null
    if (isClosed || next !== null) return
    const tookMs = performance.now() - startMs
    timer = setTimeout(() => void start(), Math.max(intervalMs, tookMs * pauseFactor))
  }
  const start = (): Promise<void> => (isClosed ? Promise.resolve() : (running ??= run()))
  const now = (): Promise<void> => {
    if (running === null) return start()
    next ??= running.then(() => {
      next = null
      return start()
    })
    return next
  }
  void start()
  return {
    now,
    async close() {
      isClosed = true
      clearTimeout(timer)
      await running
    },
  }
}
