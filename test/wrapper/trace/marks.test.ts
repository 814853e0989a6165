import t from 'tap'
import { replay, type Shown } from '../../../lib/wrapper/trace/replay.js'
import { blankBody } from '../../../lib/wrapper/trace/blank-event.js'
import { KeyBlanker } from '../../../lib/wrapper/trace/blank-keys.js'
import { OutputBlanker } from '../../../lib/wrapper/trace/blank-output.js'
import type { TraceEntry } from '../../../lib/wrapper/trace/entry.js'
import { playedBy, scenarios } from '../scenario.js'

/** A blanked trace must tell what the whole one does: statuses, what for, by which signal. */
const all = await scenarios()

for (const scenario of all)
  void t.test(`${scenario.file}, blanked`, async (t) => {
    const played = await playedBy(scenario)
    const entries = played.map((one): TraceEntry =>
      one.kind === 'expect' ? { at: one.at, kind: 'end' } : one,
    )
    const output = new OutputBlanker('salt')
    const keys = new KeyBlanker()
    const blanked: TraceEntry[] = []
    const seen = async (
      entries: TraceEntry[],
      before: Parameters<typeof replay>[2] = () => {},
    ): Promise<string[]> => {
      const shown: Shown[] = []
      await replay([scenario.launch, ...entries], (status) => shown.push(status), before)
      const words = shown.map(({ lifecycle, status }) => `${lifecycle} ${status.attention} ${status.origin}`)
      return words.filter((word, i) => word !== words[i - 1])
    }
    const whole = await seen(entries, (entry, observer) => {
      const { attention, since_ms: sinceMs } = observer.judge().status
      keys.asked(attention === 'permission' || attention === 'plan' ? `${attention} ${sinceMs}` : null)
      if (entry.kind === 'output') blanked.push({ ...entry, text: output.take(entry.text) })
      else if (entry.kind === 'keys')
        blanked.push({ ...entry, text: keys.take(Buffer.from(entry.text), entry.at) })
      else if (entry.kind === 'event') blanked.push({ ...entry, body: blankBody(entry.body, 'salt') })
      else blanked.push(entry)
    })
    t.same(await seen(blanked), whole)
  })

void t.test('there are some', async (t) => {
  t.ok(all.length >= 20)
})
