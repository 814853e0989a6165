import { errorBurstMax, errorsPerSecond } from '../wire/limits.js'
import type { Topic } from '../wire/messages.js'
import type { Publisher } from './agents.js'
import { Outbox } from './outbox.js'
import type { Stream } from './stream.js'

/** What a connection has turned out to be. */
export type Role =
  | { kind: 'silent' }
  | ({ kind: 'publisher' } & Publisher)
  | { kind: 'subscriber'; topics: ReadonlySet<Topic>; stream: Stream; bookmarkMs: number }

/** How a connection is coming to its end. */
export type Ending =
  /** It is not. */
  | 'open'
  /** The client closed its side; it still gets the answers it waits for. */
  | 'half_closed'
  /** It is ended once its replies are written. */
  | 'ending'

/** One connection, as the core sees it. */
export interface Client {
  readonly conn: number
  /** Somebody else ends it when it does not read. */
  readonly isWatched: boolean
  readonly outbox: Outbox
  readonly errors: ErrorBudget
  connectedMs: number
  senderId: string
  capabilities: ReadonlySet<string>
  role: Role
  ending: Ending
}

/** A connection that has not said anything yet. */
export function newClient(conn: number, isWatched: boolean, nowMs: number): Client {
  return {
    conn,
    isWatched,
    outbox: new Outbox(nowMs),
    errors: new ErrorBudget(nowMs),
    connectedMs: nowMs,
    senderId: '',
    capabilities: new Set(),
    role: { kind: 'silent' },
    ending: 'open',
  }
}

/** How many errors one connection is told of; a stream of garbage is not answered line by line. */
export class ErrorBudget {
  #left = errorBurstMax
  #suppressed = 0

  constructor(private refilledMs: number) {}

  /** @returns how many errors went untold since the last one told, or null when this one goes untold too. */
  spend(nowMs: number): number | null {
    const refill = Math.floor(((nowMs - this.refilledMs) / 1_000) * errorsPerSecond)
    if (refill > 0) {
      this.#left = Math.min(errorBurstMax, this.#left + refill)
      this.refilledMs = nowMs
    }
    if (this.#left === 0) {
      this.#suppressed++
      return null
    }
    this.#left--
    const untold = this.#suppressed
    this.#suppressed = 0
    return untold
  }
}
