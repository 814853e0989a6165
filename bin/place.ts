import type { Log } from '../lib/wire/log.js'

/** What Pulse follows, and where. */
export interface Place {
  /** One session; or all of this user, by the folder that holds them. */
  of: { sessionId: string; socketPath: string } | { runtimeRoot: string }
  /** Where agents, files and tasks are looked for without a hub. */
  projectRoot: string
  /** Where a hub that has to be started logs; absent when none may be started. */
  hubLogDir?: string
  log: Log
}
