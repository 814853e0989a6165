import t from 'tap'
import { replay, type Shown } from '../../lib/wrapper/trace/replay.js'
import type { TraceEntry } from '../../lib/wrapper/trace/entry.js'
import { playedBy, scenarios } from './scenario.js'

/**
 * Every scenario, played by its agent's stand-in in the scenario's own time: the lifecycles that are shown must be
 * just those it names, in their order, and at each `expect` the status must be as it says. A text between slashes is a
 * regular expression.
 */
const all = await scenarios()

void t.test('there are enough of them', async (t) => {
  t.ok(all.length >= 40, `${all.length} scenarios`)
  t.equal(new Set(all.map(({ about }) => about)).size, all.length, 'each is about something else')
})

for (const scenario of all)
  void t.test(`${scenario.file}: ${scenario.about}`, async (t) => {
    const played = await playedBy(scenario)
    const shown: Shown[] = []
    const entries = played.map((one): TraceEntry =>
      one.kind === 'expect' ? { at: one.at, kind: 'end' } : one,
    )
    const expected = new Map(entries.map((entry, i) => [entry, played[i]!]))
    t.ok(
      played.some(({ kind }) => kind === 'expect'),
      'it expects something',
    )
    await replay(
      [scenario.launch, ...entries],
      (status) => shown.push(status),
      (entry, observer) => {
        const one = expected.get(entry)
        if (one?.kind !== 'expect') return
        const { lifecycle, status } = observer.judge()
        const now = { lifecycle, ...status } as Record<string, unknown>
        for (const [field, wanted] of Object.entries(one.expect))
          t.match(now[field], pattern(wanted), `at ${one.at}: ${field}, in ${JSON.stringify(now)}`)
      },
    )
    const lifecycles = shown
      .map(({ lifecycle }) => lifecycle)
      .filter((word, i, words) => word !== words[i - 1])
    t.same(
      lifecycles,
      scenario.lifecycles,
      shown
        .map(({ at, lifecycle, status }) => `${at} ${lifecycle} ${status.origin}: ${status.evidence}`)
        .join('\n'),
    )
  })

function pattern(wanted: unknown): unknown {
  if (typeof wanted !== 'string') return wanted
  const regexp = /^\/(.*)\/$/.exec(wanted)
  return regexp
    ? new RegExp(regexp[1]!)
    : new RegExp(`^${wanted.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}$`)
}
