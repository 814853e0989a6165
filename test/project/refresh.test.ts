import * as fc from 'fast-check'
import t from 'tap'

import { createRefresh } from '../../lib/project/refresh.js'

/** A clock with timers, moved by hand, and the runs that were started on it. */
class World {
  nowMs = 1_000
  readonly runs: { startMs: number; end: () => void; endMs?: number }[] = []
  #timers = new Map<number, { atMs: number; fire: () => void }>()
  #ids = 0
  readonly refresh = createRefresh<number>({
    debounceMs: 500,
    intervalMs: 2_000,
    run: () =>
      new Promise<void>((resolve, reject) => {
        const run: World['runs'][number] = {
          startMs: this.nowMs,
          end: () => {
            run.endMs = this.nowMs
            // Every other run fails: that must make no difference.
            if (this.runs.length % 2 === 0) reject(new Error('failed'))
            else resolve()
          },
        }
        this.runs.push(run)
      }),
    now: () => this.nowMs,
    setTimer: (fire, delayMs) => {
      this.#timers.set(++this.#ids, { atMs: this.nowMs + delayMs, fire })
      return this.#ids
    },
    clearTimer: (id) => {
      this.#timers.delete(id)
    },
  })

  get timers(): number {
    return this.#timers.size
  }

  /** Lets the time pass, timer by timer, with the promises between. */
  async pass(ms: number): Promise<void> {
    const endMs = this.nowMs + ms
    for (;;) {
      await settle()
      const next = [...this.#timers]
        .filter(([, { atMs }]) => atMs <= endMs)
        .toSorted((a, b) => a[1].atMs - b[1].atMs)[0]
      if (next === undefined) break
      this.nowMs = Math.max(this.nowMs, next[1].atMs)
      this.#timers.delete(next[0])
      next[1].fire()
    }
    this.nowMs = endMs
    await settle()
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve()
}

type Step = 'trigger' | 'stop' | 'end' | number

/** Steps from time 0: a trigger, a stop, the end of the run under way, or so many milliseconds; and when runs start. */
const scripts: { title: string; steps: Step[]; starts: number[] }[] = [
  { title: 'nothing', steps: [10_000], starts: [] },
  { title: 'one trigger', steps: ['trigger', 10_000], starts: [500] },
  {
    title: 'a burst is one run, when it is quiet',
    steps: ['trigger', 300, 'trigger', 300, 'trigger', 'trigger', 5_000],
    starts: [1_100],
  },
  {
    title: 'unrest does not hold it up for ever',
    steps: Array.from({ length: 20 }, (): Step[] => ['trigger', 300]).flat(),
    starts: [2_000],
  },
  {
    title: 'the next run waits out the interval',
    steps: ['trigger', 500, 'end', 'trigger', 9_000],
    starts: [500, 2_500],
  },
  {
    title: 'an interval later only the debounce is left',
    steps: ['trigger', 500, 'end', 5_000, 'trigger', 9_000],
    starts: [500, 6_000],
  },
  {
    title: 'triggers during a run lead to one more',
    steps: ['trigger', 700, 'trigger', 'trigger', 'end', 9_000],
    starts: [500, 2_700],
  },
  { title: 'never two at once', steps: ['trigger', 500, 'trigger', 60_000], starts: [500] },
  {
    title: 'a slow run is followed by as long a pause',
    steps: ['trigger', 500, 'trigger', 10_000, 'end', 60_000],
    starts: [500, 20_500],
  },
  { title: 'stopped while it waits', steps: ['trigger', 100, 'stop', 'trigger', 9_000], starts: [] },
  {
    title: 'stopped while it runs',
    steps: ['trigger', 600, 'trigger', 'stop', 'end', 'trigger', 9_000],
    starts: [500],
  },
]

async function play(steps: readonly Step[]): Promise<World> {
  const world = new World()
  for (const step of steps) {
    if (step === 'trigger') world.refresh.trigger()
    else if (step === 'stop') world.refresh.stop()
    else if (step === 'end') world.runs.findLast((run) => run.endMs === undefined)?.end()
    else await world.pass(step)
    await settle()
  }
  return world
}

void t.test('steps, and when runs start', async (t) => {
  for (const { title, steps, starts } of scripts) {
    const world = await play(steps)
    t.strictSame(
      world.runs.map(({ startMs }) => startMs - 1_000),
      starts,
      title,
    )
    if (steps.includes('stop')) t.equal(world.timers, 0, `${title}: no timer is left`)
  }
})

void t.test('whatever happens', async () => {
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.constant<Step>('trigger'),
    fc.constant<Step>('end'),
    fc.integer({ min: 0, max: 3_000 }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const world = await play(steps)
      for (const [index, run] of world.runs.entries()) {
        const before = world.runs[index - 1]
        if (before === undefined) continue
        if (before.endMs === undefined) throw new Error('two at once')
        if (run.startMs - before.endMs < 2_000) throw new Error('two in one interval')
      }
      if (world.timers > 1) throw new Error('more than one timer')
      // The last trigger is always followed by the start of a run.
      const last = await play([...steps, 'trigger', 'end', 20_000, 'end', 20_000])
      const quietMs = last.nowMs - 40_000
      if (!last.runs.some(({ startMs }) => startMs >= quietMs)) throw new Error('a trigger was lost')
    }),
  )
})
