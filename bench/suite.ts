import { median } from './stats.js'

/** Whose number it is: ours, the neighbours', or that of the bare thing that ours is made of. */
export type Side = 'ours' | 'nats' | 'redis' | 'script' | 'htop' | 'bare'

export type Unit = 'per_second' | 'bytes_per_second' | 'ms' | 'us' | 'bytes' | 'percent'

/**
 * A bound that has to hold. A ratio is our number over the other's, the median of the rounds' ratios. An absolute
 * time says as much of the machine's load as of us: below so many times what the bare thing took in the same rounds
 * (`belowBare`) is met too. `added` is our number less the bare one's, the median of the rounds' differences.
 */
export type Target =
  | { kind: 'ratio'; to: Exclude<Side, 'ours'>; atLeast?: number; below?: number }
  | { kind: 'value'; below: number; belowBare?: number }
  | { kind: 'added'; below: number }

/** One line of the table: each side's numbers, one a round, in the order of the rounds. */
export interface Row {
  name: string
  unit: Unit
  rounds: Partial<Record<Side, number[]>> & { ours: number[] }
  target?: Target
  /** What `bare` is, and what else a reader has to know. */
  note?: string
}

/** How much to measure. */
export interface Effort {
  isQuick: boolean
  rounds: number
  /** Tells that something goes on. */
  say: (text: string) => void
}

/** One bench: a noun, and what measures it. It throws when what it measures is not right. */
export interface Bench {
  name: string
  about: string
  run: (effort: Effort) => Promise<Row[]>
}

export type Verdict = 'met' | 'missed' | 'not_measured' | null

/** The median of our rounds over another side's, round by round; null when that side is not there. */
export function ratio(row: Row, to: Exclude<Side, 'ours'>): number | null {
  return compare(row, to, (ours, other) => ours / other)
}

/** The median of what our rounds took more than the bare ones; null when nothing bare was measured. */
export function added(row: Row): number | null {
  return compare(row, 'bare', (ours, bare) => ours - bare)
}

function compare(
  { rounds }: Row,
  to: Exclude<Side, 'ours'>,
  how: (ours: number, other: number) => number,
): number | null {
  const others = rounds[to]
  if (others === undefined || others.length === 0) return null
  const count = Math.min(others.length, rounds.ours.length)
  return median(Array.from({ length: count }, (_, round) => how(rounds.ours[round]!, others[round]!)))
}

export function verdict(row: Row): Verdict {
  const { target } = row
  switch (target?.kind) {
    case undefined:
      return null
    case 'value': {
      const bare = ratio(row, 'bare')
      const isFair = bare !== null && target.belowBare !== undefined && bare < target.belowBare
      return median(row.rounds.ours) < target.below || isFair ? 'met' : 'missed'
    }
    case 'added': {
      const more = added(row)
      return more === null ? 'not_measured' : more < target.below ? 'met' : 'missed'
    }
    case 'ratio': {
      const value = ratio(row, target.to)
      if (value === null) return 'not_measured'
      const holds =
        (target.atLeast === undefined || value >= target.atLeast) &&
        (target.below === undefined || value < target.below)
      return holds ? 'met' : 'missed'
    }
  }
}

/** Runs each of some things once a round, in an order that moves on by one, so that none always comes first. */
export async function interleave<T>(
  rounds: number,
  things: readonly T[],
  run: (thing: T, round: number) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round++)
    for (let i = 0; i < things.length; i++) await run(things[(i + round) % things.length]!, round)
}
