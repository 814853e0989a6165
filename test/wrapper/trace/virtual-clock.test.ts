import fc from 'fast-check'
import t from 'tap'
import { VirtualClock } from '../../../lib/wrapper/trace/virtual-clock.js'

const settled = async (): Promise<void> => {}

void t.test('what falls due is done in its order, and nothing that was taken back', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ ms: fc.nat(50), isKept: fc.boolean() }), { maxLength: 400 }),
      fc.nat(60),
      async (timers, until) => {
        const clock = new VirtualClock()
        const done: number[] = []
        const takeBack = timers.map(({ ms }, i) => clock.after(ms, () => done.push(i)))
        for (const [i, { isKept }] of timers.entries()) if (!isKept) takeBack[i]!()
        await clock.advance(until, settled)
        const wanted = timers
          .map(({ ms, isKept }, i) => ({ ms, isKept, i }))
          .filter(({ ms, isKept }) => isKept && ms <= until)
          .toSorted((a, b) => a.ms - b.ms || a.i - b.i)
        if (done.join() !== wanted.map(({ i }) => i).join()) throw new Error(done.join())
        for (const again of takeBack) again()
      },
    ),
  )
  t.pass('held')
})

void t.test('time stands at the timer that is due', async (t) => {
  const clock = new VirtualClock()
  const times: number[] = []
  clock.after(10, () => {
    times.push(clock.now())
    clock.after(5, () => times.push(clock.now()))
  })
  await clock.advance(100, settled)
  t.same([...times, clock.now()], [10, 15, 100])
})

void t.test('timers without end are given up', async (t) => {
  const clock = new VirtualClock()
  const again = (): void => void clock.after(0, again)
  again()
  await t.rejects(clock.advance(1e12, settled), RangeError)
})

void t.test('many that are set and taken back cost little each', async (t) => {
  const clock = new VirtualClock()
  let takeBack = clock.after(1, () => {})
  let done = 0
  for (let i = 0; i < 200_000; i++) {
    takeBack()
    takeBack = clock.after(60_000, () => done++)
  }
  await clock.advance(1e12, settled)
  t.equal(done, 1)
})
