import { startCandidates, startRelay, stopCandidates } from './candidates.js'
import { flood, roundTrips } from './load.js'
import { quantile } from './stats.js'
import { interleave, type Bench, type Row } from './suite.js'

const pauseMs = 1

/**
 * From a publisher's write to a subscriber's read, one frame at a time with a pause after each. All candidates are
 * warm: a hub runs as long as its session.
 */
export const latency: Bench = {
  name: 'latency',
  about: 'publish to deliver, p50 and p99, beside NATS and Redis',
  async run({ isQuick, rounds, say }) {
    const p50: Row = {
      name: 'publish to deliver, p50',
      unit: 'us',
      rounds: { ours: [] },
      target: { kind: 'ratio', to: 'redis', below: 1 },
      note: 'bare: a Node program that writes on what it reads, frames unread; NATS and Redis are on TCP',
    }
    const p99: Row = { name: 'publish to deliver, p99', unit: 'us', rounds: { ours: [] } }
    const perRound = isQuick ? 200 : 400
    const candidates = [...(await startCandidates()), await startRelay()]
    try {
      say('publish to deliver')
      for (const candidate of candidates) {
        await flood(candidate, 1, isQuick ? 300 : 800)
        await roundTrips(candidate, perRound, pauseMs)
      }
      await interleave(rounds, candidates, async (candidate) => {
        const times = (await roundTrips(candidate, perRound, pauseMs)).map((ms) => ms * 1_000)
        ;(p50.rounds[candidate.name] ??= []).push(quantile(times, 0.5))
        ;(p99.rounds[candidate.name] ??= []).push(quantile(times, 0.99))
      })
      return [p50, p99]
    } finally {
      await stopCandidates(candidates)
    }
  },
}
