import type { Env } from '../../wire/identity.js'
import type { Log } from '../../wire/log.js'
import type { AgentState } from '../../wire/messages.js'
import { isBare } from '../local/agent-processes.js'
import type { Local, LocalFound } from '../local/local-source.js'

export interface FallbackOptions {
  sessionId: string
  socketPath: string
  /** Absolute. */
  projectRoot: string
  env: Env
  /** The ids of the tmux session's panes; null where there is none. */
  panesOfSession: () => Promise<ReadonlySet<string> | null>
  /** What the hub says of its agents, or said last. */
  hubStates: () => ReadonlyMap<string, AgentState>
  /** A hub may listen again: it should be tried now. */
  onHubExpected: () => void
  /** What is to be shown beside the hub or in its place; null: nothing. */
  onFound: (found: LocalFound | null) => void
  log: Log
}

/** What this machine tells of a session while no hub serves it. */
export interface Fallback {
  /**
   * No hub serves; to be called before anybody is told of it, each time it is said. `isComing`: one may be there in a
   * moment.
   */
  lost(isComing: boolean): void
  /** A hub serves, or has said more of its agents; to be called after that was told. */
  served(): void
  close(): Promise<void>
}

/** A hub that is away for less than this is started anew, or is starting. */
const briefMs = 1_000
/** For so long after a hub has come the wrappers may still be on their way to it. */
const arrivalMs = 12_000
/** A hub that has come again is joined within this time: its wrappers' files go when it has their agents. */
const retryMs = 2_000

/**
 * Looks for agents on this machine while no hub serves. Of what was found, agents with a wrapper stay beside a hub
 * that comes, until it tells of them; for as long as they may take to get there.
 */
export function openFallback(options: FallbackOptions): Fallback {
  const { hubStates, onHubExpected, onFound, log } = options
  let state: 'connecting' | 'lost' | 'served' = 'connecting'
  let local: Local | null = null
  let found: LocalFound | null = null
  /** Those that the hub has told of: what it says of them counts, that they are gone too. */
  const arrived = new Set<string>()
  let isOpening = false
  let isClosed = false
  /** Opens it after a loss, closes it after an arrival. */
  let timer: NodeJS.Timeout | undefined
  let retry: NodeJS.Timeout | undefined

  const open = async (): Promise<void> => {
    if (local !== null || isOpening) return
    isOpening = true
    const module = await import('../local/local-source.js').catch((error: Error) => error)
    isOpening = false
    if (module instanceof Error) return log('error', 'local_failed', { message: module.message })
    // A hub may have come meanwhile.
    if (isClosed || state !== 'lost') return
    const { sessionId, socketPath, projectRoot, env, panesOfSession } = options
    const opened = module.openLocal({
      sessionId,
      socketPath,
      projectRoot,
      env,
      panesOfSession,
      log,
      onUnwritten: onHubExpected,
      onFound: (now) => {
        if (local !== opened) return
        found = now
        tell()
      },
    })
    local = opened
    local.hold(hubStates().values())
    retry = setInterval(onHubExpected, retryMs)
  }
  const shut = (): Promise<void> | undefined => {
    clearTimeout(timer)
    clearInterval(retry)
    const closing = local?.close()
    local = null
    found = null
    return closing
  }
  const leave = (): void => {
    if (local === null) return
    void shut()
    onFound(null)
  }
  const tell = (): void => {
    if (found === null) return
    if (state !== 'served') return onFound(found)
    for (const id of hubStates().keys()) arrived.add(id)
    const awaited = found.states.filter((agent) => !isBare(agent) && !arrived.has(agent.agent_id))
    if (awaited.length === 0) leave()
    else onFound({ ...found, states: awaited })
  }

  return {
    lost(isComing) {
      if (state === 'lost' || isClosed) return
      state = 'lost'
      arrived.clear()
      clearTimeout(timer)
      if (local === null) timer = setTimeout(() => void open(), isComing ? briefMs : 0)
      else {
        const before = found
        local.hold(hubStates().values())
        if (found === before) tell()
      }
    },
    served() {
      if (isClosed) return
      const isFirst = state !== 'served'
      state = 'served'
      if (isFirst) {
        clearTimeout(timer)
        // Nothing was found yet: nobody misses it.
        if (found === null) void shut()
        else timer = setTimeout(leave, arrivalMs)
      }
      if (isFirst || found?.states.some(({ agent_id: id }) => !arrived.has(id) && hubStates().has(id))) tell()
    },
    async close() {
      isClosed = true
      await shut()
    },
  }
}
