import { agentsMax } from '../limits.js'
import type { AgentState, Lifecycle } from '../messages.js'
import { noticeOf, saidOf, type Notice, type NoticeKind, type Said } from './notice.js'

/** Work shorter than this ends without a notice: whoever gave it is still there. */
export const workTellsMs = 10_000
/** Rest shorter than this is a pause between turns. */
export const restSettlesMs = 1_000
/**
 * One attention may be told twice, by a title and by the agent's own event, each with a time of its own: times so
 * close are one attention. It is also the least time between two notices of one agent.
 */
export const apartMs = 2_000

/** The detail of an attention comes within this long, if at all. */
export const detailComesMs = 400

type Attention = Exclude<NoticeKind, 'finished'>

/** What is remembered of an agent. Times are milliseconds since 1970. */
interface Memory {
  lifecycle: Lifecycle | null
  /** When it came into this lifecycle, as far as was told. */
  changedMs: number
  /** The last attention of each kind that was rung, or was there at the start: since when it was, null if unsaid. */
  rung: { [kind in Attention]?: { sinceMs: number | null } }
  /** When its last notice was given. */
  noticedMs: number | null
  /** The stretch of work it is in, or has just ended. */
  work: { startMs: number; hadTurn: boolean } | null
}

/** A notice that waits for its time. */
interface Pending {
  kind: NoticeKind
  dueMs: number
  sinceMs: number | null
  state: AgentState
}

/**
 * Which changes of the agents' states a person should be told of: an agent begins to need input, fails, or finishes.
 * Pure: it is told the time.
 *
 * - Once per attention, which is known by `source.status.since_ms`: what flickers, or comes again after a restart of
 *   the hub, is the same one. Without that time an attention is new when the agent was out of it for `apartMs`.
 * - An agent has finished when it rests for `restSettlesMs` after a turn, or ends by itself, and has worked for
 *   `workTellsMs` since it last rested or needed a person. What a person ended (Esc, Ctrl-C, a signal) is not
 *   told, nor is an agent of which only the wrapper is lost.
 * - Two notices of one agent are `apartMs` apart; the later one waits, and is dropped if it is over by then.
 */
export class Notices {
  readonly #memories = new Map<string, Memory>()
  readonly #pending = new Map<string, Pending>()

  /** @param startMs since when there is somebody to tell: an older attention of a new agent is no news. */
  constructor(private readonly startMs: number) {}

  /** When `expire` should be called; null when nothing waits. */
  get dueMs(): number | null {
    let due: number | null = null
    for (const { dueMs } of this.#pending.values()) due = due === null ? dueMs : Math.min(due, dueMs)
    return due
  }

  /** What is there at the start: it rings not. */
  prime(states: Iterable<AgentState>, nowMs: number): void {
    for (const state of states) {
      const { lifecycle, agent_id: id } = state
      this.take(state, nowMs)
      this.#pending.delete(id)
      const memory = this.#memories.get(id)
      if (memory === undefined) continue
      memory.noticedMs = null
      if (lifecycle === 'needs_input' || lifecycle === 'error')
        memory.rung[lifecycle] = { sinceMs: saidOf(state).sinceMs }
    }
  }

  /** Takes a state as it was published. @returns what is to be told at once; more may come by `expire`. */
  take(state: AgentState, nowMs: number): Notice | null {
    const said = saidOf(state)
    if (isLost(state, said)) return null
    const memory = this.#remembered(state.agent_id, nowMs)
    const notice = this.#judge(state, said, memory, nowMs)
    if (memory.lifecycle !== state.lifecycle) {
      memory.lifecycle = state.lifecycle
      memory.changedMs = nowMs
    }
    return notice
  }

  /** What has become due. Whoever ends takes the rest with `Infinity`. */
  expire(nowMs: number): Notice[] {
    const due = [...this.#pending].filter(([, { dueMs }]) => dueMs <= nowMs)
    return due.map(([id, pending]) => this.#told(pending, this.#remembered(id, nowMs), nowMs))
  }

  /** The agent was removed. Should it come back as it was, that is no news. */
  forget(agentId: string): void {
    // It may be removed because it has finished: that is still to be told.
    if (this.#pending.get(agentId)?.kind !== 'finished') this.#pending.delete(agentId)
    const memory = this.#memories.get(agentId)
    if (memory !== undefined) memory.work = null
  }

  #judge(state: AgentState, said: Said, memory: Memory, nowMs: number): Notice | null {
    const { lifecycle, agent_id: id } = state
    const waiting = this.#pending.get(id)
    if (waiting !== undefined && waiting.kind === lifecycle) {
      waiting.state = state
      waiting.sinceMs = said.sinceMs
      return null
    }
    // Whatever waited is over, but a rest that goes on or has lasted long enough.
    const isRest = waiting?.kind === 'finished' && (lifecycle === 'idle' || waiting.dueMs <= nowMs)
    if (!isRest) this.#pending.delete(id)
    if (memory.lifecycle === 'idle' && nowMs - memory.changedMs >= restSettlesMs) memory.work = null
    switch (lifecycle) {
      case 'needs_input':
      case 'error':
        memory.work = null
        return this.#attention(lifecycle, state, said, memory, nowMs)
      case 'running':
        works(memory, said, nowMs)
        return null
      case 'idle':
        return this.#rests(state, said, memory, nowMs)
      case 'offline': {
        const hasWorked = workedMs(memory, said, nowMs) >= workTellsMs
        memory.work = null
        if (!hasWorked || isEndedByPerson(said)) return null
        return this.#tell({ kind: 'finished', dueMs: nowMs, sinceMs: null, state }, memory, nowMs)
      }
    }
  }

  #attention(kind: Attention, state: AgentState, said: Said, memory: Memory, nowMs: number): Notice | null {
    const { sinceMs } = said
    const isFirst = memory.lifecycle === null
    const wasThere = isFirst && sinceMs !== null && sinceMs <= this.startMs
    if (wasThere) memory.rung[kind] = { sinceMs }
    if (wasThere || isSame(kind, sinceMs, memory, nowMs)) return null
    // What it asks may come a moment after that it asks.
    const dueMs = said.isVague ? nowMs + detailComesMs : nowMs
    return this.#tell({ kind, dueMs, sinceMs, state }, memory, nowMs)
  }

  #rests(state: AgentState, said: Said, memory: Memory, nowMs: number): Notice | null {
    const { agent_id: id } = state
    const isByPerson = said.origin === 'key' || said.origin === 'stopped'
    const isEnd = (said.turn === 'inactive' || said.turn === null) && !isByPerson
    if (!isEnd) {
      this.#pending.delete(id)
      memory.work = null
      return null
    }
    const waiting = this.#pending.get(id)
    if (waiting !== undefined) {
      waiting.state = state
      return null
    }
    if (memory.work?.hadTurn !== true || workedMs(memory, said, nowMs) < workTellsMs) return null
    const dueMs = nowMs + restSettlesMs
    return this.#tell({ kind: 'finished', dueMs, sinceMs: null, state }, memory, nowMs)
  }

  /** Gives the notice, or keeps it until it is due. */
  #tell(pending: Pending, memory: Memory, nowMs: number): Notice | null {
    const sinceLastMs = memory.noticedMs === null ? apartMs : nowMs - memory.noticedMs
    // A clock that was set back does not make anybody wait.
    const waitMs = sinceLastMs >= 0 && sinceLastMs < apartMs ? apartMs - sinceLastMs : 0
    const dueMs = Math.max(pending.dueMs, nowMs + waitMs)
    if (dueMs <= nowMs) return this.#told(pending, memory, nowMs)
    this.#pending.set(pending.state.agent_id, { ...pending, dueMs })
    return null
  }

  #told({ kind, sinceMs, state }: Pending, memory: Memory, nowMs: number): Notice {
    this.#pending.delete(state.agent_id)
    if (Number.isFinite(nowMs)) memory.noticedMs = nowMs
    if (kind !== 'finished') memory.rung[kind] = { sinceMs }
    return noticeOf(kind, state)
  }

  /** The memory of an agent; of very many, those not heard of for longest are given up. */
  #remembered(id: string, nowMs: number): Memory {
    const memory = this.#memories.get(id) ?? {
      lifecycle: null,
      changedMs: nowMs,
      rung: {},
      noticedMs: null,
      work: null,
    }
    this.#memories.delete(id)
    this.#memories.set(id, memory)
    for (const oldest of this.#memories.keys()) {
      if (this.#memories.size <= agentsMax) break
      this.#memories.delete(oldest)
      this.#pending.delete(oldest)
    }
    return memory
  }
}

/** The hub says offline of an agent whose wrapper it lost, and leaves what that one said last. */
function isLost({ lifecycle }: AgentState, { origin }: Said): boolean {
  return lifecycle === 'offline' && origin !== null && origin !== 'exited'
}

/** An end without failure that a signal or Ctrl-C brought: see `exited` in the wrapper's lifecycle. */
function isEndedByPerson({ detail }: Said): boolean {
  return /^(killed by|exited with (129|130|143)$)/.test(detail)
}

function isSame(kind: Attention, sinceMs: number | null, memory: Memory, nowMs: number): boolean {
  const last = memory.rung[kind]
  if (last === undefined) return false
  if (last.sinceMs !== null && sinceMs !== null) return Math.abs(sinceMs - last.sinceMs) < apartMs
  return memory.lifecycle === kind || nowMs - memory.changedMs < apartMs
}

function works(memory: Memory, said: Said, nowMs: number): void {
  // An answered question is a person who was there; otherwise the state knows better than when it was heard.
  const wasAsking = memory.lifecycle === 'needs_input'
  memory.work ??= { startMs: wasAsking ? nowMs : Math.min(said.sinceMs ?? nowMs, nowMs), hadTurn: false }
  // Who says nothing of turns says all by the lifecycle.
  memory.work.hadTurn ||= said.turn === 'active' || said.turn === null
}

/** How long it had worked when it came to this. */
function workedMs({ work }: Memory, { sinceMs }: Said, nowMs: number): number {
  return work === null ? 0 : Math.min(sinceMs ?? nowMs, nowMs) - work.startMs
}
