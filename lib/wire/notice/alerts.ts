import type { AgentState } from '../messages.js'
import { Notices } from './due.js'
import { openRinger, type Ringer, type RingerOptions } from './ring.js'

/** Tells a person of what becomes of the agents: joins which changes deserve it with the ways and with the time. */
export class Alerts {
  readonly #notices = new Notices(Date.now())
  readonly #ringer: Ringer
  #timer: NodeJS.Timeout | null = null

  constructor(options: RingerOptions) {
    this.#ringer = openRinger(options)
  }

  /** What was there before: nobody is told of it. */
  prime(states: Iterable<AgentState>): void {
    this.#notices.prime(states, Date.now())
  }

  take(state: AgentState): void {
    const notice = this.#notices.take(state, Date.now())
    if (notice !== null) void this.#ringer.ring(notice)
    this.#wait()
  }

  forget(agentId: string): void {
    this.#notices.forget(agentId)
  }

  /** Tells what still waits to be told, and waits for it a moment. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    for (const notice of this.#notices.expire(Number.POSITIVE_INFINITY)) void this.#ringer.ring(notice)
    await this.#ringer.close()
  }

  #wait(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    const { dueMs } = this.#notices
    if (dueMs === null) return
    this.#timer = setTimeout(
      () => {
        for (const notice of this.#notices.expire(Date.now())) void this.#ringer.ring(notice)
        this.#wait()
      },
      Math.max(0, dueMs - Date.now()),
    ).unref()
  }
}
