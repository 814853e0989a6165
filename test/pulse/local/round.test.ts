import t from 'tap'
import { openRound } from '../../../lib/pulse/local/round.js'

/** Work that ends when it is told to. */
function slowWork() {
  const ends: (() => void)[] = []
  let atOnce = 0
  let most = 0
  const work = async (): Promise<void> => {
    most = Math.max(most, ++atOnce)
    await new Promise<void>((resolve) => ends.push(resolve))
    atOnce--
  }
  return { work, ends, most: () => most }
}

void t.test('it is done at once, again, and never twice at the same time', async (t) => {
  const { work, ends, most } = slowWork()
  const round = openRound(1, work)
  t.equal(ends.length, 1)
  const asked = [round.now(), round.now(), round.now()]
  t.equal(ends.length, 1)
  ends[0]!()
  while (ends.length < 2) await new Promise(setImmediate)
  ends[1]!()
  await Promise.all(asked)
  while (ends.length < 3) await new Promise((resolve) => setTimeout(resolve, 1))
  t.equal(most(), 1, 'three who ask are served by one more')
  const closed = round.close()
  ends[2]!()
  await closed
  await round.now()
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.equal(ends.length, 3, 'nothing comes after the end')
})
