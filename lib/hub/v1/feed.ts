import { printJson } from '../../wire/encode.js'
import type { AgentState, StateChange } from '../../wire/messages.js'
import type { Beat } from '../machine.js'
import { heartbeatOf, isV1Payload, messagesOf } from './messages-of.js'
import { envelopeOf, printV1 } from './print.js'

type StateType = 'agent_status' | 'diff_summary' | 'task_summary'

/** A message as it was told last. */
interface Told {
  version: number
  /** Its payload, printed. */
  payload: string
  /** Of a tag that is gone: told to those who knew it. */
  isGone?: boolean
}

/** So many tags that are gone are kept for those who read slowly. */
const goneTagsMax = 32

interface AgentTold {
  /** The highest of its messages. */
  version: number
  /** It was removed, and its last message says offline: who comes new is not told of it. */
  isGone: boolean
  status: Told | null
  diff: Told | null
  tasks: Map<string, Told>
}

/** Where a v1 subscriber stands: it has been told every message up to `base`, and some agents further. */
export interface Place {
  base: number
  /** While it catches up: agents that it has been told up to another version. */
  further: Map<string, number>
}

/** The place of one that has been told nothing. */
export function atTheStart(): Place {
  return { base: 0, further: new Map() }
}

/**
 * What all v1 subscribers are told: the hub's states as the last message of each kind, numbered in the order in which
 * they changed, so that nobody is told the same twice and who reads slowly gets the newest. Pure.
 */
export class Feed {
  /** In the order of their versions. */
  readonly #agents = new Map<string, AgentTold>()
  /** Those of them that were removed, the oldest first. */
  readonly #gone = new Set<string>()
  #version = 0

  constructor(private readonly sessionId: string) {}

  /** The number of the last message. */
  get version(): number {
    return this.#version
  }

  /** Takes a change. @returns the messages that it comes to, the status first. */
  take(change: StateChange, nowMs: number): Buffer[] {
    return change.op === 'upsert'
      ? this.#upsert(change.agent_id, change.state, nowMs)
      : this.#remove(change.agent_id, nowMs)
  }

  /** A heartbeat as a message. @param state that of its agent. */
  beat(
    { agent_id: id, last_heartbeat_ms: beatMs }: Beat,
    state: AgentState | undefined,
    nowMs: number,
  ): Buffer {
    // A clock that is far off gives a year that RFC 3339 cannot write.
    const shownMs = beatMs <= Date.UTC(9_999, 11, 31) ? beatMs : nowMs
    return printV1('heartbeat', this.#head(id, nowMs), heartbeatOf(state, id, shownMs))
  }

  /**
   * What a subscriber has not been told, agent by agent, each with its status first; `place` moves along with what is
   * taken, and stands at the end when all was.
   */
  *missing(place: Place, nowMs: number): Generator<Buffer[]> {
    const upTo = this.#version
    for (const [id, agent] of this.#agents) {
      const since = place.further.get(id) ?? place.base
      if (agent.version <= since || (agent.isGone && since === 0)) continue
      place.further.set(id, agent.version)
      yield this.#since(id, agent, since, nowMs)
    }
    place.base = upTo
    place.further.clear()
  }

  /** Forgets removed agents that everybody has been told of, and the oldest when there are more than `keep`. */
  forgetGone(keep: number): void {
    if (this.#gone.size <= keep) return
    for (const id of [...this.#gone].slice(0, this.#gone.size - keep)) {
      this.#gone.delete(id)
      this.#agents.delete(id)
    }
  }

  #remove(id: string, nowMs: number): Buffer[] {
    const agent = this.#agents.get(id)
    if (agent?.status === null || agent === undefined) return []
    const payload = JSON.parse(agent.status.payload) as { status: string; message?: string }
    agent.isGone = true
    this.#gone.add(id)
    agent.diff = null
    delete payload.message
    const messages =
      payload.status === 'offline'
        ? []
        : [this.#tell(id, agent, 'agent_status', agent.status, { ...payload, status: 'offline' }, nowMs)]
    for (const [tag, told] of agent.tasks) {
      if (told.isGone) continue
      messages.push(this.#tell(id, agent, 'task_summary', told, emptyTag(id, tag), nowMs))
      told.isGone = true
    }
    return messages.filter((message) => message !== null)
  }

  #upsert(id: string, state: AgentState, nowMs: number): Buffer[] {
    const agent = this.#agents.get(id) ?? {
      version: 0,
      isGone: false,
      status: null,
      diff: null,
      tasks: new Map<string, Told>(),
    }
    this.#agents.set(id, agent)
    // Who came while it was gone knows nothing of it.
    if (agent.isGone) agent.status = null
    agent.isGone = false
    this.#gone.delete(id)
    const { status, diff, tasks } = messagesOf(state)
    const messages: (Buffer | null)[] = []
    const tell = (type: StateType, told: Told | null, payload: object): Told | null => {
      const kept = told ?? { version: 0, payload: '' }
      messages.push(this.#tell(id, agent, type, kept, payload, nowMs))
      return kept.payload === '' ? null : kept
    }
    agent.status = tell('agent_status', agent.status, status)
    agent.diff = diff === undefined ? null : tell('diff_summary', agent.diff, diff)
    for (const [tag, summary] of tasks) {
      const before = agent.tasks.get(tag)
      // One that is back is told also to those who came while it was gone.
      const told = tell('task_summary', before === undefined || before.isGone ? null : before, summary)
      if (told !== null) agent.tasks.set(tag, { ...told, isGone: false })
    }
    for (const [tag, told] of agent.tasks) {
      // v1 has no word for a tag that is gone: it has no tasks any more.
      if (tasks.has(tag) || told.isGone) continue
      tell('task_summary', told, emptyTag(id, tag))
      told.isGone = true
    }
    const gone = [...agent.tasks].filter(([, told]) => told.isGone)
    for (const [tag] of gone.slice(0, -goneTagsMax)) agent.tasks.delete(tag)
    return messages.filter((message) => message !== null)
  }

  /** @returns the message, or null when it was told already or is none that v1 clients may be told. */
  #tell(
    id: string,
    agent: AgentTold,
    type: StateType,
    told: Told,
    payload: object,
    nowMs: number,
  ): Buffer | null {
    const printed = printJson(payload)
    if (printed === told.payload || !mayBeTold(type, payload)) return null
    told.payload = printed
    told.version = agent.version = ++this.#version
    // The agents stand in the order of their versions.
    this.#agents.delete(id)
    this.#agents.set(id, agent)
    return envelopeOf(type, this.#head(id, nowMs), printed)
  }

  #since(id: string, { status, diff, tasks }: AgentTold, since: number, nowMs: number): Buffer[] {
    const head = this.#head(id, nowMs)
    const messages: Buffer[] = []
    const add = (type: StateType, told: Told | null): void => {
      const isNews = told !== null && told.version > since && !(told.isGone && since === 0)
      if (isNews) messages.push(envelopeOf(type, head, told.payload))
    }
    add('agent_status', status)
    add('diff_summary', diff)
    for (const told of tasks.values()) add('task_summary', told)
    return messages
  }

  #head(id: string, nowMs: number): { sessionId: string; senderId: string; timestamp: string } {
    return { sessionId: this.sessionId, senderId: id, timestamp: new Date(nowMs).toISOString() }
  }
}

/** What publishers give is checked before v1 clients are told; a status is made here. */
function mayBeTold(type: StateType, payload: object): boolean {
  return type === 'agent_status' || isV1Payload(type, payload)
}

function emptyTag(id: string, tag: string): object {
  return { tag, agent_id: id, counts: { total: 0, pending: 0, in_progress: 0, done: 0, blocked: 0 } }
}
