import type { Bus } from '../bus.js'

/** What every v1 client is told of the hub around it. */
export interface V1Around {
  readonly sessionId: string
  readonly bus: Bus
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds of a clock that is never set. */
  readonly uptime: () => number
  /** Unsent bytes past which a subscriber is behind. */
  readonly budgetBytes: number
  /** A client was told of an error. */
  readonly onError: (error: { code: string; message: string; client_id: string }) => void
  readonly counts: V1Counts
}

/** What has happened so far. */
export interface V1Counts {
  messagesIn: number
  messagesOut: number
  errors: number
  queueDrops: number
  resyncs: number
}
