import { readLayout } from '../../multiplexer/layout.js'
import { runProgram } from '../../multiplexer/run-program.js'
import { commandDeadlineMs } from '../../wire/limits.js'
import type { Env } from '../../wire/identity.js'
import type { Log } from '../../wire/log.js'
import type { AgentState, CommandResult, HubEnvelope, Topic } from '../../wire/messages.js'
import type { Alerts } from '../../wire/notice/alerts.js'
import type { Local } from '../local/local-source.js'
import type { Event } from '../model/event.js'
import type { Link } from '../model/model.js'
import { openHubSource } from './hub-source.js'
import { doLocally } from './local-command.js'

export interface SessionSourceOptions {
  sessionId: string
  socketPath: string
  /** Where files are looked for while no hub tells of them; absolute. */
  projectRoot: string
  env: Env
  topics: Topic[]
  sinceSeq?: number | undefined
  /** Where a hub that has to be started logs; absent when none may be started. */
  hubLogDir?: string | undefined
  alerts?: Alerts | undefined
  /** Whether agents are looked for on this machine while no hub serves. */
  hasFallback: boolean
  /** How often the multiplexer is asked where the panes are, in ms; 0 never. */
  layoutMs: number
  log: Log
  onEvent: (event: Event) => void
  /** Any frame of the hub that is neither snapshot nor delta. */
  onFrame?: ((frame: HubEnvelope) => void) | undefined
}

export interface SessionSource {
  /** The last seq that is complete here, or null. */
  readonly seq: number | null
  /** Gives a command to an agent (by its last known state) or to the hub; null when the hub was lost meanwhile. */
  request(
    command: string,
    agent: AgentState | null,
    args: Record<string, unknown>,
  ): Promise<CommandResult | null>
  close(): Promise<void>
}

/** A hub that is away for less than this is started anew, or is starting. */
const briefMs = 1_000
/** For so long after a hub has come the wrappers may still be on their way to it. */
const arrivalMs = 12_000

/**
 * All that is known of one session: what its hub says, and while none serves, what this machine tells by itself.
 * Seed 000, "AOC Pulse Data Source Strategy".
 */
export function openSessionSource(options: SessionSourceOptions): SessionSource {
  const { sessionId, socketPath, env, log, onEvent } = options
  let link: Link['kind'] = 'connecting'
  let isHubTellingLayout = false
  let local: Local | null = null
  let isOpening = false
  let timer: NodeJS.Timeout | null = null
  let isClosed = false

  const openFallback = async (): Promise<void> => {
    if (local !== null || isOpening || isClosed || link === 'live') return
    isOpening = true
    const { openLocal } = await import('../local/local-source.js')
    isOpening = false
    if (isClosed) return
    local = openLocal({
      sessionId,
      socketPath,
      projectRoot: options.projectRoot,
      env,
      log,
      panesOfSession: () => panesOf(sessionId, env),
      onFound: (found) => {
        if (local !== null) onEvent({ kind: 'local', sessionId, found })
      },
    })
  }
  const closeFallback = (): void => {
    const closing = local
    local = null
    if (closing === null) return
    onEvent({ kind: 'local', sessionId, found: null })
    void closing.close()
  }
  const linked = (next: Link): void => {
    const before = link
    link = next.kind
    if (!options.hasFallback) return
    if (next.kind === 'live') {
      if (before === 'live') return
      if (timer !== null) clearTimeout(timer)
      timer = local === null ? null : setTimeout(closeFallback, arrivalMs)
    } else if (before !== next.kind) {
      if (timer !== null) clearTimeout(timer)
      // Nobody is on the way: what is to be found is found at once.
      const isNone = next.kind === 'lost' && !next.wasLive && options.hubLogDir === undefined
      timer = setTimeout(() => void openFallback(), isNone ? 0 : briefMs)
    }
  }

  const hub = openHubSource({
    sessionId,
    socketPath,
    topics: options.topics,
    sinceSeq: options.sinceSeq,
    hubLogDir: options.hubLogDir,
    onFrame: options.onFrame,
    alerts: options.alerts,
    log,
    onEvent: (event) => {
      if (event.kind === 'link') linked(event.link)
      if (event.kind === 'layout') isHubTellingLayout = true
      if (!isClosed) onEvent(event)
    },
  })
  const layout = openLayout(options, () => isHubTellingLayout && link === 'live')

  return {
    get seq() {
      return hub.subscriber.replica.seq
    },
    async request(command, agent, args) {
      const place = { sessionId, env, agent, projectRoot: options.projectRoot }
      const isForHub = agent !== null || command.startsWith('focus_')
      if (link !== 'live' || !isForHub) return doLocally(command, args, place)
      const result = await withDeadline(hub.request(command, agent?.agent_id ?? null, args), command)
      return canDoBetter(command, result, env) ? doLocally(command, args, place) : result
    },
    async close() {
      isClosed = true
      if (timer !== null) clearTimeout(timer)
      layout.close()
      await Promise.all([hub.close(), local?.close()])
    },
  }
}

/** Whether this process can do what its hub could not. */
function canDoBetter(command: string, result: CommandResult | null, env: Env): boolean {
  const code = result?.error?.code
  // A hub outside of the multiplexer cannot reach it.
  if (command.startsWith('focus_')) return code === 'focus_failed' && isInside(env)
  // A patch that fits no frame: the repository is on this machine.
  return code === 'patch_unavailable' && result?.message?.startsWith('too_large') === true
}

function isInside(env: Env): boolean {
  return Boolean(env['TMUX'] || env['ZELLIJ'] || env['ZELLIJ_SESSION_NAME'])
}

/** A hub answers by its deadline; one that hangs does not. */
async function withDeadline(
  answer: Promise<CommandResult | null>,
  command: string,
): Promise<CommandResult | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<CommandResult>((resolve) => {
    const message = 'the hub does not answer'
    const result: CommandResult = { command, status: 'error', message, error: { code: 'timeout', message } }
    timer = setTimeout(() => resolve(result), commandDeadlineMs + 2_000)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

async function panesOf(sessionId: string, env: Env): Promise<ReadonlySet<string> | null> {
  try {
    const { tabs } = await readLayout(sessionId, env, runProgram)
    return new Set(tabs.flatMap(({ panes }) => panes.flatMap(({ pane_id: id }) => id ?? [])))
  } catch {
    return null
  }
}

/** Asks the multiplexer now and then where the panes are, while the hub does not tell. */
function openLayout(options: SessionSourceOptions, isTold: () => boolean): { close(): void } {
  const { sessionId, env, layoutMs, onEvent } = options
  let last = ''
  let timer: NodeJS.Timeout | null = null
  let isClosed = layoutMs === 0 || !isInside(env)
  const look = async (): Promise<void> => {
    if (!isTold())
      try {
        const layout = await readLayout(sessionId, env, runProgram)
        const text = JSON.stringify(layout)
        if (text !== last && !isClosed) onEvent({ kind: 'layout', sessionId, layout })
        last = text
      } catch {
        // Without it the panes have no tabs beside them; nothing else.
      }
    if (!isClosed) timer = setTimeout(() => void look(), layoutMs)
  }
  if (!isClosed) void look()
  return {
    close() {
      isClosed = true
      if (timer !== null) clearTimeout(timer)
    },
  }
}
