import type { HubCommand } from '../wire/commands.js'
import type { WireError } from '../wire/errors.js'
import type {
  ClientEnvelope,
  CommandResult,
  HubFrame,
  LayoutState,
  StateChange,
  V1Health,
} from '../wire/messages.js'

/** The words of the hub's machine: what it is told at its birth, what happens to it, and what it has done. */

/** A publisher's heartbeat as it is passed on. */
export type Beat = HubFrame<'heartbeat'>['payload']

/** What a hub is told at its birth; times in milliseconds, sizes in bytes. */
export interface CoreOptions {
  sessionId: string
  epoch: string
  /** The seq to go on from; `seqReserved` and all below may be emitted. */
  seqStart: number
  seqReserved: number
  version: string
  pid: number
  startedMs: number
  staleMs: number
  subscriberBudgetBytes: number
  /** Whether somebody will look at the layout when it is wanted; the hub's hello says so. */
  watchesLayout?: boolean
  /** The door of v1 clients, if there is one. */
  v1Health?: () => V1Health | null
  /** A number from 0 to 1, for the bookmarks' jitter. */
  random: () => number
}

/** What happens to a hub. */
export type Input =
  /** `isWatched`: somebody else ends it when it does not read. */
  | { kind: 'connected'; conn: number; isWatched?: boolean }
  | { kind: 'frame'; conn: number; envelope: ClientEnvelope; line: Buffer }
  | { kind: 'bad_line'; conn: number; error: WireError; number: number }
  | { kind: 'half_closed'; conn: number }
  | { kind: 'closed'; conn: number }
  | { kind: 'written'; conn: number; bytes: number }
  /** Whether a door wants to be told of every change and heartbeat. */
  | { kind: 'follow'; on: boolean }
  | { kind: 'command_done'; hubRequestId: string; result: CommandResult }
  /** The session's layout as it was just seen; null when it is not known any more. */
  | { kind: 'layout'; layout: LayoutState | null }
  /** What of the hub's health comes from elsewhere is another now. */
  | { kind: 'health_changed' }
  | { kind: 'tick' }

/** What a hub has done to it; performed in order. */
export type Effect =
  | { kind: 'reserve'; seq: number }
  | { kind: 'write'; conn: number; lines: Buffer[] }
  /** Ends the connection once what was written before has gone. */
  | { kind: 'end'; conn: number }
  /** Ends it at once: it takes nothing. */
  | { kind: 'destroy'; conn: number; reason: string }
  /** For the door that follows: what was emitted, in order. */
  | { kind: 'changed'; changes: StateChange[]; bytes: number }
  | { kind: 'beat'; beat: Beat }
  | { kind: 'run'; hubRequestId: string; command: HubCommand }
  | { kind: 'log'; level: 'debug' | 'info' | 'warn'; event: string; fields: Record<string, unknown> }
