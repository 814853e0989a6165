import type { AgentState, Lifecycle } from '../wire/messages.js'
import type { Settled } from './settle.js'

/** How waiting for an agent ended. */
export type Outcome =
  | { kind: 'reached'; state: AgentState }
  /** It ended, or was started again, before. */
  | { kind: 'gone'; why: string }

/**
 * Waits for one launch of one agent to be in one of some lifecycles. Pure: it is told what changes.
 * The agent is gone when it is offline, removed, or another launch has taken its id.
 */
export class Waiting {
  readonly #launchId: unknown
  #isNext: boolean

  /**
   * @param first the agent's state now.
   * @param next whether the state it is in now does not count: it has to be left first.
   */
  constructor(
    private readonly first: AgentState,
    private readonly wanted: ReadonlySet<Lifecycle>,
    next: boolean,
  ) {
    this.#launchId = launchOf(first)
    this.#isNext = next
  }

  /** The outcome of the state it was in at the start; null when there is none yet. */
  begin(): Outcome | null {
    return this.#judge(this.first)
  }

  /** The outcome of a change; null when there is none yet. */
  take(change: Settled): Outcome | null {
    if (change.agent_id !== this.first.agent_id) return null
    if (change.op === 'remove')
      return this.wanted.has('offline')
        ? { kind: 'reached', state: { ...this.first, lifecycle: 'offline' } }
        : { kind: 'gone', why: 'it has ended' }
    return this.#judge(change.state)
  }

  #judge(state: AgentState): Outcome | null {
    if (launchOf(state) !== this.#launchId) return { kind: 'gone', why: 'it was started again' }
    const { lifecycle } = state
    if (this.#isNext && lifecycle === this.first.lifecycle && sinceOf(state) === sinceOf(this.first))
      return null
    this.#isNext = false
    if (this.wanted.has(lifecycle)) return { kind: 'reached', state }
    return lifecycle === 'offline' ? { kind: 'gone', why: 'it has ended' } : null
  }
}

function launchOf({ source }: AgentState): unknown {
  return (source as { launch_id?: unknown } | null | undefined)?.launch_id
}

function sinceOf({ source }: AgentState): unknown {
  return (source as { status?: { since_ms?: unknown } } | null | undefined)?.status?.since_ms
}
