import type { AgentState, Lifecycle } from '../wire/messages.js'
import { saidOf } from '../wire/notice/notice.js'
import type { Settled } from './settle.js'

/** How waiting for an agent ended. */
export type Outcome =
  | { kind: 'reached'; state: AgentState }
  /** It ended, was started again, or is not heard of any more. */
  | { kind: 'gone'; why: string }

/** How long an agent that the hub has removed may take to come back: its wrapper may only have been stopped. */
export const backMs = 60_000

/**
 * Waits for one launch of one agent to be in one of some lifecycles. Pure: it is told what changes, and the time.
 *
 * - The agent is gone when another launch has taken its id, or its publisher itself has said that it ended: by a
 *   status of origin `exited`, or by `offline` when it never gives an origin.
 * - Any other `offline` is the hub's, which has lost the wrapper and leaves what that one said last; and a removal
 *   without such an end may be the hub's too. The agent may live and come back: it is `isLost`, and gone only when
 *   it was removed for `backMs`.
 * - `offline` is reached by what its publisher says, at once; by the hub's when the agent is then removed.
 */
export class Waiting {
  #last: AgentState
  #launchId: unknown = null
  #isNext: boolean
  /** Whether its publisher says where its status comes from: then it does so at its end too. */
  #hasOrigin = false
  #isLost = false
  #removedMs: number | null = null

  /**
   * @param first the agent's state now.
   * @param next whether the state it is in now does not count: it has to be left first.
   */
  constructor(
    private readonly first: AgentState,
    private readonly wanted: ReadonlySet<Lifecycle>,
    next: boolean,
  ) {
    this.#last = first
    this.#isNext = next
  }

  /** Whether nothing is heard of the agent's wrapper, and it has not said that the agent ended. */
  get isLost(): boolean {
    return this.#isLost
  }

  /** The outcome of the state it was in at the start; null when there is none yet. */
  begin(): Outcome | null {
    return this.#judge(this.first)
  }

  /** The outcome of a change; null when there is none yet. */
  take(change: Settled, nowMs: number): Outcome | null {
    if (change.agent_id !== this.first.agent_id) return null
    if (change.op === 'remove') return this.#removed(nowMs)
    this.#removedMs = null
    return this.#judge(change.state)
  }

  /** Whether it has been away for too long. */
  expire(nowMs: number): Outcome | null {
    if (this.#removedMs === null || nowMs - this.#removedMs < backMs) return null
    return this.#over('its wrapper is not heard of any more')
  }

  /** The hub was not there, or nobody looked: the time to come back starts anew. */
  restart(nowMs: number): void {
    if (this.#removedMs !== null) this.#removedMs = nowMs
  }

  #removed(nowMs: number): Outcome | null {
    if (this.#hasEnded(this.#last)) return this.#over('it has ended')
    if (this.#last.lifecycle === 'offline' && this.wanted.has('offline')) return this.#over('')
    this.#isLost = true
    this.#removedMs = nowMs
    return null
  }

  #over(why: string): Outcome {
    return this.wanted.has('offline')
      ? { kind: 'reached', state: { ...this.#last, lifecycle: 'offline' } }
      : { kind: 'gone', why }
  }

  #judge(state: AgentState): Outcome | null {
    if (this.#isOtherLaunch(state)) return { kind: 'gone', why: 'it was started again' }
    this.#hasOrigin ||= saidOf(state).origin !== null
    this.#last = state
    const hasEnded = this.#hasEnded(state)
    const { lifecycle } = state
    this.#isLost = lifecycle === 'offline' && !hasEnded
    if (this.#isLost) return null
    this.#isNext &&= this.#isAsAtFirst(state)
    if (!this.#isNext && this.wanted.has(lifecycle)) return { kind: 'reached', state }
    // After a failure that ended it, its offline is still to come.
    const comesOffline = lifecycle !== 'offline' && this.wanted.has('offline')
    return hasEnded && !comesOffline ? { kind: 'gone', why: 'it has ended' } : null
  }

  /** A state without a launch is no other one: the hub makes such a state of a heartbeat alone. */
  #isOtherLaunch({ source }: AgentState): boolean {
    const launchId = (source as { launch_id?: unknown } | null | undefined)?.launch_id ?? null
    if (launchId === null) return false
    this.#launchId ??= launchId
    return launchId !== this.#launchId
  }

  #hasEnded(state: AgentState): boolean {
    const { origin } = saidOf(state)
    if (state.lifecycle === 'error') return origin === 'exited'
    return state.lifecycle === 'offline' && (origin === 'exited' || (origin === null && !this.#hasOrigin))
  }

  #isAsAtFirst(state: AgentState): boolean {
    const { sinceMs } = saidOf(state)
    const isSince = sinceMs === null || sinceMs === saidOf(this.first).sinceMs
    return state.lifecycle === this.first.lifecycle && isSince
  }
}
