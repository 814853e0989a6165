import { stat } from 'node:fs/promises'
import path from 'node:path'
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

/**
 * Every session of this user whose hub runs: joined when it comes, joined anew when its hub listens elsewhere, and let
 * go when it has been gone for a while.
 */
export function openAllSessions(options: AllSessionsOptions): AllSessions {
  const { runtimeRoot, open, onEvent, onLooked } = options
  const joined = new Map<string, { source: SessionSource; socket: string; seenMs: number }>()
  let timer: NodeJS.Timeout | null = null
  let isClosed = false
  const look = async (): Promise<void> => {
    const hubs = await newestHubs(runtimeRoot).catch(() => [])
    if (isClosed) return
    const nowMs = performance.now()
    for (const hub of hubs) {
      const { session, socket } = hub
      const known = joined.get(session)
      if (known?.socket === socket) known.seenMs = nowMs
      else {
        void known?.source.close()
        joined.set(session, { source: open(hub), socket, seenMs: nowMs })
      }
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

/** The hubs that answer; of several of one session (on sockets of their own) the one that came last. */
async function newestHubs(runtimeRoot: string): Promise<LiveHub[]> {
  const newest = new Map<string, { hub: LiveHub; cameMs: number }>()
  for (const hub of await liveHubs(runtimeRoot)) {
    // A hub writes itself down when it has come, and never again.
    const entry = path.join(runtimeRoot, 'hubs', `${path.basename(hub.epoch)}.json`)
    const cameMs = await stat(entry).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    )
    const other = newest.get(hub.session)
    if (other === undefined || other.cameMs < cameMs) newest.set(hub.session, { hub, cameMs })
  }
  return [...newest.values()].map(({ hub }) => hub)
}
