import { agentsMax, cacheBytesMax } from '../wire/limits.js'
import type { AgentState, Lifecycle, StateChange } from '../wire/messages.js'

/** One agent as the hub knows it. */
interface AgentRecord {
  state: AgentState
  /** About what the state takes as JSON. */
  bytes: number
  /** When its publisher last gave a sign of life. */
  seenMs: number
  /** When the last of its publishers' connections was lost; null while one is there. */
  orphanedMs: number | null
}

/** How long an agent is kept without a sign of life. */
export interface Patience {
  offlineGraceMs: number
  /** 0 keeps a silent agent for ever. */
  staleMs: number
}

/**
 * The last state of each agent. Pure: it is told the time. Every method that alters what subscribers should see
 * gives back the change to send; the last write of an agent wins.
 * Seed 000, "Hub caches last-known state per agent_id"; design: Heartbeat, staleness, offline.
 */
export class AgentCache {
  readonly #records = new Map<string, AgentRecord>()
  #bytes = 0

  get size(): number {
    return this.#records.size
  }

  /** About what all states take as JSON. */
  get bytes(): number {
    return this.#bytes
  }

  has(agentId: string): boolean {
    return this.#records.has(agentId)
  }

  get(agentId: string): AgentState | undefined {
    return this.#records.get(agentId)?.state
  }

  /** All states, in the order of their ids. */
  states(): AgentState[] {
    return [...this.#records.keys()].toSorted().map((id) => this.#records.get(id)!.state)
  }

  /** Whether a state of this size may come in, in the place of the agent's last one. */
  hasRoomFor(agentId: string, bytes: number): boolean {
    const before = this.#records.get(agentId)
    if (before === undefined && this.#records.size >= agentsMax) return false
    return this.#bytes + bytes - (before?.bytes ?? 0) <= cacheBytesMax
  }

  /** Replaces an agent's state; `bytes` is about what it takes as JSON. */
  upsert(state: AgentState, bytes: number, nowMs: number): void {
    const id = state.agent_id
    this.#bytes += bytes - (this.#records.get(id)?.bytes ?? 0)
    this.#records.set(id, { state, bytes, seenMs: nowMs, orphanedMs: null })
  }

  /** Forgets an agent. @returns whether it was known. */
  remove(agentId: string): boolean {
    this.#bytes -= this.#records.get(agentId)?.bytes ?? 0
    return this.#records.delete(agentId)
  }

  /**
   * Refreshes an agent.
   * @returns the change to send when the lifecycle is another one now, `unknown` when there is no such agent.
   */
  heartbeat(
    agentId: string,
    lifecycle: Lifecycle | undefined,
    heartbeatMs: number,
    nowMs: number,
  ): StateChange | 'unknown' | null {
    const record = this.#records.get(agentId)
    if (record === undefined) return 'unknown'
    record.seenMs = nowMs
    record.orphanedMs = null
    const changed = lifecycle !== undefined && lifecycle !== record.state.lifecycle
    record.state = { ...record.state, last_heartbeat_ms: heartbeatMs }
    if (!changed) return null
    record.state = { ...record.state, lifecycle, updated_at_ms: nowMs }
    return upsertOf(record.state)
  }

  /** Notes that nobody publishes this agent any more. */
  orphan(agentId: string, nowMs: number): void {
    const record = this.#records.get(agentId)
    if (record !== undefined) record.orphanedMs = nowMs
  }

  /** Notes that somebody publishes this agent again. */
  adopt(agentId: string): void {
    const record = this.#records.get(agentId)
    if (record !== undefined) record.orphanedMs = null
  }

  /** The agent that has been without a publisher for longest, if any: the one to give up when there is no room. */
  oldestOrphan(except: string): string | undefined {
    let oldest: [string, number] | undefined
    for (const [id, { orphanedMs }] of this.#records)
      if (id !== except && orphanedMs !== null && (oldest === undefined || orphanedMs < oldest[1]))
        oldest = [id, orphanedMs]
    return oldest?.[0]
  }

  /** Whether `expire` would have something to do before long. */
  get hasOrphans(): boolean {
    for (const record of this.#records.values()) if (record.orphanedMs !== null) return true
    return false
  }

  /** Counts everybody's silence from now. */
  restartWaits(nowMs: number): void {
    for (const record of this.#records.values()) {
      record.seenMs = nowMs
      if (record.orphanedMs !== null) record.orphanedMs = nowMs
    }
  }

  /** What has become of silent agents: offline after the grace, removed once stale. */
  expire(patience: Patience, nowMs: number): StateChange[] {
    const changes: StateChange[] = []
    for (const [id, record] of this.#records) {
      if (patience.staleMs > 0 && nowMs - record.seenMs >= patience.staleMs) {
        this.remove(id)
        changes.push({ op: 'remove', agent_id: id })
      } else if (
        record.orphanedMs !== null &&
        record.state.lifecycle !== 'offline' &&
        nowMs - record.orphanedMs >= patience.offlineGraceMs
      ) {
        record.state = { ...record.state, lifecycle: 'offline', updated_at_ms: nowMs }
        changes.push(upsertOf(record.state))
      }
    }
    return changes
  }
}

function upsertOf(state: AgentState): StateChange {
  return { op: 'upsert', agent_id: state.agent_id, state }
}
