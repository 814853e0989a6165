import type { Log } from '../wire/log.js'
import type { AgentState, Lifecycle } from '../wire/messages.js'
import { Subscriber } from '../wire/subscriber.js'
import { findAgent } from './row.js'
import { Settling, type Settled } from './settle.js'
import { Waiting, type Outcome } from './wait.js'

export interface WaitOptions {
  sessionId: string
  socketPath: string
  /** The agent's id, pane or label. */
  agent: string
  until: ReadonlySet<Lifecycle>
  /** Whether it has to leave the state it is in first. */
  next: boolean
  /** Gives up after so long; null never. Milliseconds. */
  timeoutMs: number | null
  log: Log
  /** Says something about the waiting itself. */
  note: (line: string) => void
}

/** `no_agent` says which there are. */
export type WaitOutcome =
  Outcome | { kind: 'timeout' } | { kind: 'no_hub' } | { kind: 'no_agent'; why: string }

/** How long an agent may take to appear, and a hub to answer. */
const patienceMs = 3_000

/** Waits for an agent, over losses and restarts of the hub. */
export function waitFor(options: WaitOptions): Promise<WaitOutcome> {
  const { sessionId, socketPath, agent, until, next, timeoutMs, log, note } = options
  const settling = new Settling()
  let waiting: Waiting | null = null
  let wasUp = false
  return new Promise((resolve) => {
    const end = (outcome: WaitOutcome | null): void => {
      if (outcome === null) return
      for (const timer of timers) clearTimeout(timer)
      clearInterval(settle)
      void subscriber.close().then(() => resolve(outcome))
    }
    const states = (): AgentState[] => [...subscriber.replica.states.values()]
    const begin = (): void => {
      const id = findAgent(states(), agent)
      waiting = new Waiting(subscriber.replica.states.get(id)!, until, next)
      end(waiting.begin())
    }
    const tell = (changes: Settled[]): void => {
      if (waiting === null) {
        try {
          begin()
        } catch {
          // It may still come.
        }
        return
      }
      for (const change of changes) end(waiting.take(change))
    }
    const subscriber = new Subscriber({
      clientId: `wait-${process.pid}`,
      sessionId,
      socketPath,
      log,
      onChange: (applied) => tell(settling.take(applied, Date.now())),
      onUp: () => (wasUp = true),
      onDown: (reason) => {
        if (waiting !== null) note(`the hub is gone (${reason}); waiting for it`)
      },
    })
    const settle = setInterval(() => tell(settling.expire(Date.now())), 500)
    const timers = [
      setTimeout(() => {
        if (waiting !== null) return
        if (!wasUp) return end({ kind: 'no_hub' })
        try {
          begin()
        } catch (error) {
          end({ kind: 'no_agent', why: (error as Error).message })
        }
      }, patienceMs),
    ]
    if (timeoutMs !== null) timers.push(setTimeout(() => end({ kind: 'timeout' }), timeoutMs))
    subscriber.open()
  })
}
