import type { Log } from '../wire/log.js'
import type { Lifecycle } from '../wire/messages.js'
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

/**
 * `no_hub`: none has answered, in 3 s or in a shorter timeout. `no_agent` says which there are; with a timeout, the
 * agent may appear until then.
 */
export type WaitOutcome =
  Outcome | { kind: 'timeout' } | { kind: 'no_hub' } | { kind: 'no_agent'; why: string }

/** How long a hub may take to answer, and an agent to appear when there is no timeout. */
const patienceMs = 3_000
const tickMs = 500
/** Ticks so far apart: this process was stopped, the machine slept, or its clock was set. */
const leapMs = 5_000

/** Waits for an agent, over losses and restarts of the hub. */
export function waitFor(options: WaitOptions): Promise<WaitOutcome> {
  const { sessionId, socketPath, agent, until, next, timeoutMs, log, note } = options
  const settling = new Settling()
  let waiting: Waiting | null = null
  let wasLost = false
  let isServed = false
  let wasServed = false
  let isOver = false
  let tickedMs = Date.now()
  let agentTimer: NodeJS.Timeout | undefined
  return new Promise((resolve) => {
    const end = (outcome: WaitOutcome): void => {
      if (isOver) return
      isOver = true
      for (const timer of [...timers, agentTimer]) clearTimeout(timer)
      clearInterval(tick)
      void subscriber.close().then(() => resolve(outcome))
    }
    const judged = ({ isLost }: Waiting, outcome: Outcome | null): void => {
      if (isOver) return
      if (outcome !== null) return end(outcome)
      if (isLost !== wasLost)
        note(`${agent}: its wrapper is ${isLost ? 'not heard of; waiting for it' : 'heard of again'}`)
      wasLost = isLost
    }
    /** Looks for the agent. @returns why it is not there, or null. */
    const look = (): string | null => {
      const { states } = subscriber.replica
      try {
        waiting = new Waiting(states.get(findAgent([...states.values()], agent))!, until, next)
      } catch (error) {
        return (error as Error).message
      }
      judged(waiting, waiting.begin())
      return null
    }
    const tell = (changes: Settled[]): void => {
      if (waiting === null) return void look()
      for (const change of changes) judged(waiting, waiting.take(change, Date.now()))
    }
    const missAgent = (): void => {
      const why = waiting === null ? look() : null
      if (why === null) return
      if (timeoutMs === null) end({ kind: 'no_agent', why })
      else note(`${why}; waiting for it`)
    }
    const giveUp = (): void => {
      const why = waiting === null && isServed ? look() : null
      if (why !== null) end({ kind: 'no_agent', why })
      else end({ kind: wasServed ? 'timeout' : 'no_hub' })
    }
    const subscriber = new Subscriber({
      clientId: `wait-${process.pid}`,
      sessionId,
      socketPath,
      log,
      onChange: (applied) => tell(settling.take(applied, Date.now())),
      onFrame: ({ type }) => {
        // To be connected is not enough: a hub that hangs is connected to as well.
        if (type !== 'hello') return
        isServed = wasServed = true
        waiting?.restart(Date.now())
        clearTimeout(agentTimer)
        if (waiting === null && !isOver) agentTimer = setTimeout(missAgent, patienceMs)
      },
      onDown: (reason) => {
        if (isServed) note(`the hub is gone (${reason}); waiting for it`)
        isServed = false
        clearTimeout(agentTimer)
      },
    })
    const tick = setInterval(() => {
      const nowMs = Date.now()
      if (Math.abs(nowMs - tickedMs) > leapMs) waiting?.restart(nowMs)
      tickedMs = nowMs
      tell(settling.expire(nowMs))
      if (waiting !== null && isServed) judged(waiting, waiting.expire(nowMs))
    }, tickMs)
    const timers = [setTimeout(() => wasServed || end({ kind: 'no_hub' }), patienceMs)]
    if (timeoutMs !== null) timers.push(setTimeout(giveUp, timeoutMs))
    subscriber.open()
  })
}
