import type { Lifecycle } from '../../../wire/messages.js'
import type { Asking, Origin } from '../signal.js'

/** 3 said by the agent or by somebody for it, 2 a structured signal of the terminal, 1 keys, screen, silence or the process, 0 unknown. */
export type Confidence = 0 | 1 | 2 | 3

/** What one kind of signal says of the agent now. */
export interface Claim {
  origin: Origin
  lifecycle: Lifecycle
  turn: 'active' | 'inactive' | 'unknown'
  attention: 'none' | Asking | 'error'
  confidence: Confidence
  /** Since when it is so. */
  sinceMs: number
  /** When it was last said. */
  atMs: number
  detail: string | null
  evidence: string
  /** Why it does not decide although nothing stronger does; null when it may. */
  void: string | null
  /** Times at which it may change without a signal; those that have passed do not count. */
  turnsMs: readonly number[]
}

type Part = Pick<Claim, 'origin' | 'lifecycle' | 'turn' | 'confidence' | 'sinceMs' | 'evidence'> &
  Partial<Claim>

export function claim(part: Part): Claim {
  return { attention: 'none', detail: null, void: null, atMs: part.sinceMs, turnsMs: [], ...part }
}
