import { hookArgv, hookLine } from './hook-line.js'
import { openHttp } from './http.js'
import { openSpool } from './spool.js'

/** What an agent, or somebody in its terminal, told its wrapper. */
export interface HookEvent {
  /** Milliseconds since 1970, when it was taken. */
  atMs: number
  via: 'http' | 'spool'
  /** The word that its path or hook line gave: `claude`, `codex`, `codex-notify`, `gemini`, `opencode`, `report`. */
  source: string
  /** The process that ran the hook; null over HTTP, which does not tell. */
  pid: number | null
  /** Parsed JSON; anything at all. */
  body: unknown
}

/** The way by which the hooks of one launch reach its wrapper. */
export interface Door {
  /** `http://127.0.0.1:<port>/<token>/`: events are posted as JSON to this and the source's name. */
  readonly url: string
  readonly token: string
  /** A folder that only this user may enter, removed with the door. */
  readonly spoolDir: string
  /** A line for any shell that hands over the event on its standard input; see `hookLine` in `hook-line.ts`. */
  hookLine(source: string): string
  /** The same as a program and arguments, for an event that is appended as the last argument. */
  hookArgv(source: string): string[]
  /** At once; no event comes after that. */
  close(): void
}

export interface DoorOptions {
  /** A folder that exists and that only this user may enter. */
  runtimeDir: string
  /**
   * An event. For a report a returned text, an error or a rejection says what is wrong with it, and is answered; else they
   * come to nobody but `onBad`.
   */
  onEvent: (event: HookEvent) => void | string | Promise<unknown>
  /** Something was refused or failed. Each reason is told once. */
  onBad?: (why: string) => void
  /** Milliseconds since 1970. */
  now: () => number
}

/** Reasons that are remembered, so that a flood of them says nothing twice. */
const reasonsMax = 64

/**
 * Opens a private door for one launch of an agent. It keeps no process alive.
 * @throws when the system gives no port, or the folder cannot be written.
 */
export async function openDoor({ runtimeDir, onEvent, onBad, now }: DoorOptions): Promise<Door> {
  let isOpen = true
  const told = new Set<string>()
  const bad = (why: string): void => {
    if (!isOpen || told.has(why) || told.size >= reasonsMax) return
    told.add(why)
    onBad?.(why)
  }
  const failed = (error: unknown): void =>
    bad(`an event failed: ${error instanceof Error ? error.message : String(error)}`)
  const deliver = (event: Omit<HookEvent, 'atMs'>): unknown =>
    isOpen ? onEvent({ atMs: now(), ...event }) : undefined
  const deliverQuietly = (event: Omit<HookEvent, 'atMs'>): void => {
    try {
      Promise.resolve(deliver(event)).catch(failed)
    } catch (error) {
      failed(error)
    }
  }

  const http = await openHttp({
    onEvent: (source, body) => deliverQuietly({ via: 'http', source, pid: null, body }),
    onReport: (body) => deliver({ via: 'http', source: 'report', pid: null, body }),
    onBad: bad,
  })
  try {
    const spool = openSpool({
      runtimeDir,
      onEvent: (source, pid, body) => deliverQuietly({ via: 'spool', source, pid, body }),
      onBad: bad,
    })
    const target = (source: string) => ({ spoolDir: spool.dir, wrapperPid: process.pid, source })
    return {
      url: http.url,
      token: http.token,
      spoolDir: spool.dir,
      hookLine: (source) => hookLine(target(source)),
      hookArgv: (source) => hookArgv(target(source)),
      close() {
        isOpen = false
        http.close()
        spool.close()
      },
    }
  } catch (error) {
    http.close()
    throw error
  }
}
