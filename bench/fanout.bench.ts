import { startCandidates, stopCandidates } from './candidates.js'
import { flood } from './load.js'
import { interleave, type Bench, type Row } from './suite.js'

/** Deliveries a second to 1, 10 and 100 subscribers; a delta that one of them did not get fails the bench. */
export const fanout: Bench = {
  name: 'fanout',
  about: 'deliveries/s to 1, 10 and 100 subscribers, beside NATS and Redis',
  async run({ isQuick, rounds, say }) {
    const rows: Row[] = [
      { name: 'deliveries to 1 subscriber', unit: 'per_second', rounds: { ours: [] } },
      {
        name: 'deliveries to 10 subscribers',
        unit: 'per_second',
        rounds: { ours: [] },
        target: { kind: 'ratio', to: 'nats', atLeast: 1 },
      },
      {
        name: 'deliveries to 100 subscribers',
        unit: 'per_second',
        rounds: { ours: [] },
        target: { kind: 'ratio', to: 'nats', atLeast: 3 },
      },
    ]
    const roundMs = isQuick ? 300 : 800
    const candidates = await startCandidates()
    try {
      for (const [index, subscribers] of [1, 10, 100].entries()) {
        say(`fan-out to ${subscribers}`)
        for (const candidate of candidates) await flood(candidate, subscribers, roundMs)
        await interleave(rounds, candidates, async (candidate) => {
          const { frames, ms } = await flood(candidate, subscribers, roundMs)
          ;(rows[index]!.rounds[candidate.name] ??= []).push(((frames * subscribers) / ms) * 1_000)
        })
      }
      return rows
    } finally {
      await stopCandidates(candidates)
    }
  },
}
