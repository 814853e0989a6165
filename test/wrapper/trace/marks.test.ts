import t from 'tap'
import { replay, type Shown } from '../../../lib/wrapper/trace/replay.js'
import { blankKeys, OutputBlanker } from '../../../lib/wrapper/trace/blank.js'
import type { TraceEntry } from '../../../lib/wrapper/trace/entry.js'
import { playedBy, scenarios } from '../scenario.js'

/** What is told by the terminal alone must be told by a blanked trace as well: statuses, what for, by which signal. */
const blind = (await scenarios()).filter(({ launch, agent }) => launch.blind !== null || agent === 'codex')

for (const scenario of blind)
  void t.test(`${scenario.file}, blanked`, async (t) => {
    const played = await playedBy(scenario)
    const entries = played.map((one): TraceEntry =>
      one.kind === 'expect' ? { at: one.at, kind: 'end' } : one,
    )
    const blanker = new OutputBlanker()
    const blanked = entries.map((entry): TraceEntry => {
      if (entry.kind === 'output') return { ...entry, text: blanker.take(entry.text) }
      return entry.kind === 'keys' ? { ...entry, text: blankKeys(entry.text, true) } : entry
    })
    const seen = async (all: TraceEntry[]): Promise<string[]> => {
      const shown: Shown[] = []
      await replay([scenario.launch, ...all], (status) => shown.push(status))
      const words = shown.map(({ lifecycle, status }) => `${lifecycle} ${status.attention} ${status.origin}`)
      return words.filter((word, i) => word !== words[i - 1])
    }
    t.same(await seen(blanked), await seen(entries))
  })

void t.test('there are some', async (t) => {
  t.ok(blind.length >= 20)
})
