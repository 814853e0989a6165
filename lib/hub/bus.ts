import type { AgentState, StateChange } from '../wire/messages.js'
import type { Beat, Input } from './machine.js'

/** The far end of one connection of the core: what the core has done to it. */
export interface Link {
  /** Takes whole lines, several in one buffer perhaps; says `written` to the bus when they have gone. */
  write(lines: Buffer[]): void
  /** Ends it once what was written before has gone; it has `lingerMs` to end its own side. */
  end(lingerMs?: number): void
  /** Ends it at once. */
  destroy(): void
}

/** Who is told what all subscribers are told, as it is and not as frames. */
export interface Follower {
  /** @param bytes what they take as JSON. */
  changed(changes: readonly StateChange[], bytes: number): void
  beat(beat: Beat): void
}

/** What a door, through which clients come, is given of the hub. */
export interface Bus {
  /** A connection of the core. `isWatched`: its door ends it when it does not read. @returns its number. */
  connect(link: Link, how?: { isWatched: boolean }): number
  /** It is gone, from its own side. */
  disconnect(conn: number): void
  /** Takes what has happened; what is to be done about it is done at the end of the turn at the latest. */
  step(input: Input): void
  /** Somebody has said all for now: the first to speak in a turn is passed on at once. */
  spoken(): void
  /** Does now all there is to do, so that what comes next comes after it. */
  flush(): void
  /** Tells one follower, or nobody any more, of everything from now on. @returns all states as they are now. */
  follow(follower: Follower | null): AgentState[]
  /** Whether another connection than these publishes the agent. */
  isPublished(agentId: string, besides: readonly number[]): boolean
  /** An agent's state. */
  state(agentId: string): AgentState | undefined
}
