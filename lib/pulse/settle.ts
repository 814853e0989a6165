import type { AgentState, StateChange } from '../wire/messages.js'
import type { Applied } from '../wire/replica.js'

/** A change with the seq it came by. */
export type Settled = StateChange & { seq: number }

/** How long the wrappers of a new hub may take to come back. */
const graceMs = 5_000

/**
 * Keeps a restart of the hub from looking like the end of all agents: a new hub knows none until their wrappers are
 * back. What a new life does not know is held for a while and counts as gone only then; what comes back as it was is
 * no change. Pure: it is told the time.
 */
export class Settling {
  readonly #known = new Map<string, AgentState>()
  /** Agents a new life does not know: gone at `atMs`. */
  readonly #missing = new Map<string, { atMs: number; seq: number }>()

  /** When `expire` should be called; null when nothing waits. */
  get dueMs(): number | null {
    let due: number | null = null
    for (const { atMs } of this.#missing.values()) due = due === null ? atMs : Math.min(due, atMs)
    return due
  }

  /** What a person, or a program, should be told of what came. */
  take(applied: Extract<Applied, { kind: 'reset' | 'changes' }>, nowMs: number): Settled[] {
    const isNewLife =
      applied.kind === 'reset' && this.#known.size > 0 && applied.resume?.reason === 'epoch_changed'
    const settled: Settled[] = []
    for (const change of applied.changes) {
      const { agent_id: id } = change
      if (change.op === 'remove') {
        if (isNewLife) this.#missing.set(id, { atMs: nowMs + graceMs, seq: applied.seq })
        else if (this.#forget(id)) settled.push({ ...change, seq: applied.seq })
        continue
      }
      const before = this.#known.get(id)
      const wasMissing = this.#missing.delete(id)
      this.#known.set(id, change.state)
      if (wasMissing && before !== undefined && lasting(before) === lasting(change.state)) continue
      settled.push({ ...change, seq: applied.seq })
    }
    return settled
  }

  /** What has not come back in time. */
  expire(nowMs: number): Settled[] {
    const settled: Settled[] = []
    for (const [id, { atMs, seq }] of this.#missing) {
      if (atMs > nowMs) continue
      this.#forget(id)
      settled.push({ op: 'remove', agent_id: id, seq })
    }
    return settled
  }

  #forget(id: string): boolean {
    this.#missing.delete(id)
    return this.#known.delete(id)
  }
}

function lasting(state: AgentState): string {
  return JSON.stringify({ ...state, last_heartbeat_ms: 0, updated_at_ms: 0 })
}
