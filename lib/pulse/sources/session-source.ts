import { readLayout } from '../../multiplexer/layout.js'
import { runProgram } from '../../multiplexer/run-program.js'
import { commandDeadlineMs } from '../../wire/limits.js'
import type { Env } from '../../wire/identity.js'
import type { Log } from '../../wire/log.js'
import type { AgentState, CommandResult, HubEnvelope, Topic } from '../../wire/messages.js'
import type { Alerts } from '../../wire/notice/alerts.js'
import type { Event } from '../model/event.js'
import { rowOf } from '../row.js'
import { wholePatch, type PatchWait } from '../whole-patch.js'
import { openFallback } from './fallback.js'
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
  /**
   * Gives a command to an agent (by its last known state) or to the hub; null when the hub was lost meanwhile. A patch
   * comes whole, whatever its size. @throws the reason of `wait.signal`.
   */
  request(
    command: string,
    agent: AgentState | null,
    args: Record<string, unknown>,
    wait?: PatchWait,
  ): Promise<CommandResult | null>
  close(): Promise<void>
}

/**
 * All that is known of one session: what its hub says, and while none serves, what this machine tells by itself.
 * Seed 000, "AOC Pulse Data Source Strategy".
 */
export function openSessionSource(options: SessionSourceOptions): SessionSource {
  const { sessionId, socketPath, env, log, onEvent } = options
  let isLive = false
  let isHubTellingLayout = false
  let isClosed = false

  const fallback = options.hasFallback
    ? openFallback({
        sessionId,
        socketPath,
        projectRoot: options.projectRoot,
        env,
        panesOfSession: () => panesOf(sessionId, env),
        hubStates: () => hub.subscriber.replica.states,
        onHubExpected: () => hub.subscriber.retryNow(),
        onFound: (found) => onEvent({ kind: 'local', sessionId, found }),
        log,
      })
    : null
  const take = (event: Event): void => {
    if (isClosed) return
    if (event.kind === 'link') {
      isLive = event.link.kind === 'live'
      // Else nobody is on the way: what is to be found is found at once.
      const isComing = options.hubLogDir !== undefined || ('wasLive' in event.link && event.link.wasLive)
      if (!isLive) fallback?.lost(isComing)
    }
    if (event.kind === 'layout') isHubTellingLayout = true
    onEvent(event)
    if (isLive && (event.kind === 'link' || event.kind === 'changes')) fallback?.served()
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
    onEvent: take,
  })
  const layout = openLayout(options, () => isHubTellingLayout && isLive)

  return {
    get seq() {
      return hub.subscriber.replica.seq
    },
    async request(command, agent, args, wait) {
      const place = { sessionId, env, agent, projectRoot: options.projectRoot }
      const isForHub = agent !== null || command.startsWith('focus_')
      if (!isLive || !isForHub) return doLocally(command, args, place)
      const isOnItsWay = agent !== null && !hub.subscriber.replica.states.has(agent.agent_id)
      const ask = (asked: Record<string, unknown>): Promise<CommandResult | null> =>
        withDeadline(hub.request(command, agent?.agent_id ?? null, asked), command)
      const result = await (command === 'get_diff_patch' ? wholePatch(ask, args, wait) : ask(args))
      if (isOnItsWay && result !== null && isUnknown(result)) return stillOnItsWay(result)
      if (isSilence(command, agent, result)) {
        const own = await doLocally(command, args, place)
        return own.status === 'ok' ? own : result
      }
      return canDoBetter(command, result, env) ? doLocally(command, args, place) : result
    },
    async close() {
      isClosed = true
      layout.close()
      await Promise.all([hub.close(), fallback?.close()])
    },
  }
}

/** Whether a hub knows no such agent. */
function isUnknown({ error }: CommandResult): boolean {
  return error?.code === 'publisher_missing' || error?.code === 'invalid_target'
}

/** What is shown of an agent that its hub does not know is what was said or found before that hub came. */
function stillOnItsWay(result: CommandResult): CommandResult {
  const message = 'its wrapper is still on its way to the new hub; try again in a moment'
  return { ...result, message, error: { code: result.error?.code ?? 'publisher_missing', message } }
}

/** Whether this process can do what its hub could not. */
function canDoBetter(command: string, result: CommandResult | null, env: Env): boolean {
  const code = result?.error?.code
  // A hub outside of the multiplexer cannot reach it.
  if (command.startsWith('focus_')) return code === 'focus_failed' && isInside(env)
  // A patch that fits no frame: the repository is on this machine.
  return code === 'patch_unavailable' && result?.message?.startsWith('too_large') === true
}

/**
 * Whether an agent of v1 has not answered for a patch. That may be one too large for a message of v1, which its hub
 * refuses; the repository is on this machine, as all clients of v1 are.
 */
function isSilence(command: string, agent: AgentState | null, result: CommandResult | null): boolean {
  if (command !== 'get_diff_patch' || agent === null || result?.error?.code !== 'timeout') return false
  const { isV1, projectRoot } = rowOf(agent)
  return isV1 && projectRoot !== ''
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
