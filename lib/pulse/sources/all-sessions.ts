import { liveHubs, type LiveHub } from '../../wire/registry.js'
import type { Event } from '../model/event.js'
import type { SessionSource } from './session-source.js'

export interface AllSessionsOptions {
  /** The folder of all sessions of this user. */
  runtimeRoot: string
  open: (hub: LiveHub) => SessionSource
  onEvent: (event: Event) => void
  /** It was looked which hubs there are: so many. */
  onLooked?: (count: number) => void
}

export interface AllSessions {
  of(sessionId: string): SessionSource | undefined
  close(): Promise<void>
}

/** How often new hubs are looked for. */
const lookMs = 2_000
/** A hub that has been away for longer has ended. */
const goneMs = 10_000

/** Every session of this user whose hub runs: joined when it comes, and let go when it has been gone for a while. */
export function openAllSessions(options: AllSessionsOptions): AllSessions {
  const { runtimeRoot, open, onEvent, onLooked } = options
  const joined = new Map<string, { source: SessionSource; seenMs: number }>()
  let timer: NodeJS.Timeout | null = null
  let isClosed = false
  const look = async (): Promise<void> => {
    const hubs = await liveHubs(runtimeRoot).catch(() => [])
    if (isClosed) return
    const nowMs = Date.now()
    for (const hub of hubs) {
      const known = joined.get(hub.session)
      if (known !== undefined) known.seenMs = nowMs
      else joined.set(hub.session, { source: open(hub), seenMs: nowMs })
    }
    for (const [sessionId, { source, seenMs }] of joined) {
      if (nowMs - seenMs < goneMs) continue
      joined.delete(sessionId)
      void source.close()
      onEvent({ kind: 'session_gone', sessionId })
    }
    onLooked?.(hubs.length)
    if (!isClosed) timer = setTimeout(() => void look(), lookMs)
  }
  void look()
  return {
    of: (sessionId) => joined.get(sessionId)?.source,
    async close() {
      isClosed = true
      if (timer !== null) clearTimeout(timer)
      await Promise.all([...joined.values()].map(({ source }) => source.close()))
    },
  }
}
