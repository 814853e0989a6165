import type { AgentState, HubFrame, Resume, StateChange } from './messages.js'

/** What a frame came to. */
export type Applied =
  /** The states are known anew; `changes` lead there from what was known before. */
  | { kind: 'reset'; seq: number; changes: StateChange[]; resume: Resume | null }
  | { kind: 'changes'; seq: number; changes: StateChange[] }
  /** Nothing new: a bookmark, or a part of a snapshot that is not complete yet. */
  | { kind: 'nothing'; seq: number }
  /** A delta is missing: connect again with `token`. */
  | { kind: 'gap'; expected: number; got: number }

/** Where to resume. */
export interface ResumeToken {
  since_seq: number
  epoch?: string
}

/**
 * A subscriber's copy of the hub's states. Pure. Snapshot and delta as seed 001 has them: a snapshot replaces all,
 * a delta is the next one or none.
 */
export class Replica {
  readonly #states = new Map<string, AgentState>()
  #at: { seq: number; epoch: string | null } | null = null
  /** A snapshot that is coming in parts: it counts once all are there. */
  #parts: { left: number; states: Map<string, AgentState>; resume: Resume | null } | null = null

  /** All states, by agent id. */
  get states(): ReadonlyMap<string, AgentState> {
    return this.#states
  }

  /** The last seq that is complete here, or null. */
  get seq(): number | null {
    return this.#parts === null ? (this.#at?.seq ?? null) : null
  }

  /** Where to resume; undefined when only a snapshot helps. */
  get token(): ResumeToken | undefined {
    if (this.#at === null || this.#parts !== null) return undefined
    const { seq, epoch } = this.#at
    return epoch === null ? { since_seq: seq } : { since_seq: seq, epoch }
  }

  /** Goes on from a seq that somebody else has seen; the states are not known. */
  resumeFrom(seq: number): void {
    this.#at = { seq, epoch: null }
  }

  apply(frame: HubFrame<'snapshot'> | HubFrame<'delta'>): Applied {
    return frame.type === 'snapshot' ? this.#snapshot(frame.payload) : this.#delta(frame.payload)
  }

  #snapshot(payload: HubFrame<'snapshot'>['payload']): Applied {
    const states = new Map(payload.states.map((state) => [state.agent_id, state]))
    const resume = payload.resume ?? null
    this.#at = { seq: payload.seq, epoch: payload.epoch ?? null }
    this.#parts = { left: payload.parts ?? 0, states, resume }
    return this.#partCame()
  }

  #delta({ seq, epoch, changes }: HubFrame<'delta'>['payload']): Applied {
    if (this.#at === null) return { kind: 'gap', expected: 0, got: seq }
    const isOtherLife = epoch && this.#at.epoch !== null && epoch !== this.#at.epoch
    if (isOtherLife) return { kind: 'gap', expected: this.#at.seq + 1, got: seq }
    if (epoch) this.#at.epoch = epoch
    if (seq <= this.#at.seq) return { kind: 'nothing', seq: this.#at.seq }
    if (seq !== this.#at.seq + 1) return { kind: 'gap', expected: this.#at.seq + 1, got: seq }
    this.#at.seq = seq
    if (this.#parts !== null) {
      for (const change of changes) applyChange(this.#parts.states, change)
      this.#parts.left--
      return this.#partCame()
    }
    for (const change of changes) applyChange(this.#states, change)
    return { kind: 'changes', seq, changes }
  }

  #partCame(): Applied {
    const { seq } = this.#at!
    const parts = this.#parts!
    if (parts.left > 0) return { kind: 'nothing', seq }
    this.#parts = null
    const changes = difference(this.#states, parts.states)
    for (const change of changes) applyChange(this.#states, change)
    // Heartbeats refresh states without a change: take what the hub knows now.
    for (const [id, state] of parts.states) this.#states.set(id, state)
    return { kind: 'reset', seq, changes, resume: parts.resume }
  }
}

function applyChange(states: Map<string, AgentState>, change: StateChange): void {
  if (change.op === 'remove') states.delete(change.agent_id)
  else states.set(change.agent_id, change.state)
}

function difference(
  before: ReadonlyMap<string, AgentState>,
  after: ReadonlyMap<string, AgentState>,
): StateChange[] {
  const changes: StateChange[] = []
  for (const id of before.keys()) if (!after.has(id)) changes.push({ op: 'remove', agent_id: id })
  for (const [id, state] of after) {
    const known = before.get(id)
    if (known === undefined || withoutBeat(known) !== withoutBeat(state))
      changes.push({ op: 'upsert', agent_id: id, state })
  }
  return changes
}

function withoutBeat(state: AgentState): string {
  return JSON.stringify({ ...state, last_heartbeat_ms: 0 })
}
