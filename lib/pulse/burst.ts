import type { StateChange } from '../wire/messages.js'
import type { Event } from './model/event.js'

type Changes = Extract<Event, { kind: 'changes' }>
type Heartbeat = Extract<Event, { kind: 'heartbeat' }>

/** What sources say between two pictures: of a burst the last change and the last sign of life of each agent. */
export class Burst {
  readonly #changes = new Map<string, { event: Changes; last: Map<string, StateChange> }>()
  readonly #heartbeats = new Map<string, Heartbeat>()

  /** Keeps an event that can wait. @returns false for any other: what waits has to be taken before it. */
  add(event: Event): boolean {
    if (event.kind === 'changes') {
      const last = this.#changes.get(event.sessionId)?.last ?? new Map<string, StateChange>()
      for (const change of event.changes) last.set(change.agent_id, change)
      this.#changes.set(event.sessionId, { event, last })
    } else if (event.kind === 'heartbeat') this.#heartbeats.set(`${event.sessionId}\n${event.agentId}`, event)
    else return false
    return true
  }

  /** What waits, and waits no more. Signs of life come first: those of an agent that was removed go with it. */
  take(): Event[] {
    const events: Event[] = [...this.#heartbeats.values()]
    for (const { event, last } of this.#changes.values())
      events.push({ ...event, changes: [...last.values()] })
    this.#heartbeats.clear()
    this.#changes.clear()
    return events
  }
}
