import { WireError } from '../wire/errors.js'
import * as limits from '../wire/limits.js'
import {
  canonicalLifecycle,
  type AgentState,
  type ClientFrame,
  type HubFrame,
  type StateChange,
  type StateInput,
} from '../wire/messages.js'
import { AgentCache } from './cache.js'
import { printChanges } from './frames.js'
import { changesSpan } from './verbatim.js'

/** A connection that publishes one agent. */
export interface Publisher {
  readonly agentId: string
  readonly paneId: string
  /** It has removed its agent and not upserted it since: a heartbeat brings nothing back. */
  hasRemoved: boolean
}

/** Sends changes to all subscribers as the next delta. @param printed the same as JSON. */
export type Emit = (changes: StateChange[], printed: Buffer, nowMs: number) => void

/**
 * The agents of the session: who publishes them, and what publishers say of them. Each accepted delta is emitted
 * as one delta, whole or not at all. Pure. Seed 001, "delta" and "heartbeat".
 */
export class Agents {
  readonly cache = new AgentCache()
  /** The connections that publish each agent, the newest last. */
  readonly #publishers = new Map<string, number[]>()

  constructor(
    private readonly sessionId: string,
    private readonly emit: Emit,
  ) {}

  /** A connection publishes the agent from now on; commands go to it. */
  join(agentId: string, conn: number): void {
    this.#publishers.set(agentId, [...(this.#publishers.get(agentId) ?? []), conn])
    this.cache.adopt(agentId)
  }

  /** A connection does not publish the agent any more. */
  leave(agentId: string, conn: number, nowMs: number): void {
    const left = (this.#publishers.get(agentId) ?? []).filter((other) => other !== conn)
    if (left.length > 0) return void this.#publishers.set(agentId, left)
    this.#publishers.delete(agentId)
    this.cache.orphan(agentId, nowMs)
  }

  /** The connection that takes the agent's commands. */
  newestPublisher(agentId: string): number | undefined {
    return this.#publishers.get(agentId)?.at(-1)
  }

  /** Whether another connection than these publishes the agent. */
  isPublished(agentId: string, besides: readonly number[]): boolean {
    return this.#publishers.get(agentId)?.some((conn) => !besides.includes(conn)) === true
  }

  /** Takes a publisher's delta. @throws {WireError} and then nothing of it is taken. */
  delta(publisher: Publisher, conn: number, frame: ClientFrame<'delta'>, line: Buffer, nowMs: number): void {
    if (line.length > limits.stateBytesMax) {
      const message = `a delta of ${line.length} bytes; ${limits.stateBytesMax} leave room for what the hub adds`
      throw new WireError('frame_too_large', message)
    }
    let asItCame = true
    const wanted: StateChange[] = []
    for (const change of frame.payload.changes) {
      checkOwner(publisher.agentId, change.agent_id)
      if (change.op === 'remove') {
        // Who was taken over may not take the agent from the one who publishes it now.
        if (this.newestPublisher(publisher.agentId) === conn) wanted.push(change)
        else asItCame = false
        continue
      }
      const state = this.#completed(change.state, publisher, nowMs)
      asItCame &&= state === change.state
      wanted.push({ op: 'upsert', agent_id: state.agent_id, state })
    }
    // What is printed may be larger than what came: 1e20 prints as 21 digits, and ids are filled in.
    const bytes =
      asItCame && line.length * growthMax <= limits.stateBytesMax ? line.length : printedBytes(wanted)
    const taken = wanted.filter((change) => this.#apply(change, publisher, bytes, nowMs))
    if (taken.length === 0) return
    const span = asItCame && taken.length === wanted.length ? changesSpan(line, frame) : null
    this.emit(taken, span === null ? printChanges(taken) : line.subarray(span.start, span.end), nowMs)
  }

  /**
   * Takes a publisher's heartbeat; it is a delta only when it changes the lifecycle or brings a new agent.
   * @returns the heartbeat to pass on; null when the agent was removed by this publisher.
   * @throws {WireError} when it is another agent's.
   */
  heartbeat(
    publisher: Publisher,
    payload: ClientFrame<'heartbeat'>['payload'],
    nowMs: number,
  ): HubFrame<'heartbeat'>['payload'] | null {
    const { agentId, paneId } = publisher
    checkOwner(agentId, payload.agent_id)
    const heartbeatMs = payload.last_heartbeat_ms ?? nowMs
    const lifecycle = payload.lifecycle ? canonicalLifecycle(payload.lifecycle) : undefined
    const change = this.cache.heartbeat(agentId, lifecycle, heartbeatMs, nowMs)
    if (change === 'unknown') {
      if (publisher.hasRemoved) return null
      const state: AgentState = {
        agent_id: agentId,
        session_id: this.sessionId,
        pane_id: paneId,
        lifecycle: lifecycle ?? 'running',
        last_heartbeat_ms: heartbeatMs,
        updated_at_ms: nowMs,
      }
      const born: StateChange = { op: 'upsert', agent_id: agentId, state }
      this.#apply(born, publisher, 0, nowMs)
      this.#emitOne(born, nowMs)
    } else if (change !== null) {
      this.#emitOne(change, nowMs)
    }
    return { agent_id: agentId, last_heartbeat_ms: heartbeatMs, lifecycle }
  }

  /** Emits what has become of silent agents, one delta each. @returns the changes. */
  expire(staleMs: number, nowMs: number): StateChange[] {
    const changes = this.cache.expire({ offlineGraceMs: limits.offlineGraceMs, staleMs }, nowMs)
    for (const change of changes) this.#emitOne(change, nowMs)
    return changes
  }

  #emitOne(change: StateChange, nowMs: number): void {
    this.emit([change], printChanges([change]), nowMs)
  }

  /** @returns whether the change did anything. */
  #apply(change: StateChange, publisher: Publisher, bytes: number, nowMs: number): boolean {
    publisher.hasRemoved = change.op === 'remove'
    if (change.op === 'remove') return this.cache.remove(change.agent_id)
    this.#makeRoom(change.agent_id, bytes, nowMs)
    this.cache.upsert(change.state, bytes, nowMs)
    return true
  }

  /** Gives up agents that nobody publishes when a new state needs their room. */
  #makeRoom(id: string, bytes: number, nowMs: number): void {
    while (!this.cache.hasRoomFor(id, bytes)) {
      const orphan = this.cache.oldestOrphan(id)
      if (orphan === undefined) {
        const message = `the hub holds ${this.cache.size} agents and ${this.cache.bytes} bytes of states; it takes no more`
        throw new WireError('too_many_agents', message)
      }
      this.cache.remove(orphan)
      this.#emitOne({ op: 'remove', agent_id: orphan }, nowMs)
    }
  }

  /** The state with what the publisher left out; the same object when it left out nothing. */
  #completed(input: StateInput, publisher: Publisher, nowMs: number): AgentState {
    const { sessionId } = this
    if (input.agent_id) checkOwner(publisher.agentId, input.agent_id)
    if (input.session_id && input.session_id !== sessionId)
      throw new WireError('session_mismatch', `state.session_id is ${JSON.stringify(input.session_id)}`)
    const lifecycle = canonicalLifecycle(input.lifecycle)
    const isComplete =
      input.agent_id &&
      input.session_id &&
      input.pane_id === publisher.paneId &&
      typeof input.updated_at_ms === 'number' &&
      lifecycle === input.lifecycle
    if (isComplete) return input as AgentState
    return {
      ...input,
      agent_id: publisher.agentId,
      session_id: sessionId,
      pane_id: publisher.paneId,
      lifecycle,
      updated_at_ms: input.updated_at_ms ?? nowMs,
    }
  }
}

/** How much longer JSON may get by being read and printed: of all, numbers grow most. */
const growthMax = 6

/** The bytes of changes as they are printed. @throws {WireError} when they do not fit a frame. */
function printedBytes(changes: StateChange[]): number {
  const bytes = printChanges(changes).length
  if (bytes <= limits.stateBytesMax) return bytes
  const message = `printed, the delta has ${bytes} bytes; ${limits.stateBytesMax} leave room for what the hub adds`
  throw new WireError('frame_too_large', message)
}

function checkOwner(own: string, claimed: string): void {
  if (claimed === own) return
  const message = `this connection publishes ${JSON.stringify(own)} and may change nothing else; it gave ${JSON.stringify(claimed)}`
  throw new WireError('agent_id_mismatch', message)
}
