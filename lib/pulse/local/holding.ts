import type { AgentState } from '../../wire/messages.js'
import { isBare } from './agent-processes.js'

/** For so long what was said last of an agent holds when nobody says it any more. */
const holdMs = 5_000
/** Pids are no larger on any system. */
const pidMax = 2 ** 31 - 1

/**
 * Keeps agents in sight while they go from their hub into their wrappers' files, or back: what was said of one last
 * holds for a while when there is no file of it, or nothing but its process. Only while that process lives: it does
 * not outlive its wrapper's terminal. Pure: it is told the time, which must not go back.
 */
export class Holding {
  readonly #held = new Map<string, { state: AgentState; pid: number; untilMs: number }>()

  /** These are the last words on agents, by their hub or by their wrappers' files. */
  keep(states: Iterable<AgentState>, nowMs: number): void {
    for (const state of states) {
      const pid = pidOf(state)
      if (pid !== null && !isBare(state))
        this.#held.set(state.agent_id, { state, pid, untilMs: nowMs + holdMs })
    }
  }

  /** What was found, and what holds beside it; sorted by id. Forgets what holds no longer. */
  join(found: readonly AgentState[], isAlive: (pid: number) => boolean, nowMs: number): AgentState[] {
    const states = new Map(found.map((state) => [state.agent_id, state]))
    const pids = new Set<number>()
    for (const [id, { state, pid, untilMs }] of this.#held) {
      const there = states.get(id)
      if (there !== undefined && !isBare(there)) continue
      if (nowMs < untilMs && isAlive(pid)) {
        states.set(id, state)
        pids.add(pid)
      } else this.#held.delete(id)
    }
    return [...states.values()]
      .filter((state) => !isBare(state) || !pids.has(pidOf(state) ?? 0))
      .toSorted((a, b) => (a.agent_id < b.agent_id ? -1 : 1))
  }
}

/** The process of an agent, or null when there is none or nonsense: anybody may have written it. */
function pidOf({ source }: AgentState): number | null {
  const pid: unknown = (source as { pid?: unknown } | null | undefined)?.pid
  return typeof pid === 'number' && Number.isInteger(pid) && pid > 1 && pid <= pidMax ? pid : null
}
