import { execFile } from 'node:child_process'
import path from 'node:path'
import type { Event } from '../lib/pulse/model/event.js'
import { openScreen } from '../lib/pulse/screen.js'
import { openAllSessions } from '../lib/pulse/sources/all-sessions.js'
import { openSessionSource, type SessionSource } from '../lib/pulse/sources/session-source.js'
import { openTerminal, type Terminal } from '../lib/pulse/terminal/terminal.js'
import { themeName, type ThemeName } from '../lib/pulse/terminal/theme.js'
import type { Env } from '../lib/wire/identity.js'
import type { Topic } from '../lib/wire/messages.js'
import type { NoticeSetting } from '../lib/wire/notice/ways.js'
import { openAlerts } from './alerts.js'
import type { Place } from './place.js'

/** What the environment says of the screen. Seed 000, "Environment Variables". */
export interface ScreenSetting {
  theme: ThemeName
  hasOverview: boolean
  /** How often the multiplexer is asked where the panes are while the hub does not tell; ms. */
  layoutMs: number
}

const layoutMsDefault = 3_000
const layoutMsMin = 250

/** Reads the setting. @throws {Error} for a theme that does not exist. */
export function screenSetting(env: Env): ScreenSetting {
  const layoutMs = Number(env['AOC_MISSION_CONTROL_LAYOUT_REFRESH_MS'] || layoutMsDefault)
  return {
    theme: themeName(env),
    hasOverview: !/^(0|false|no|off)$/i.test(env['AOC_PULSE_OVERVIEW_ENABLED'] ?? ''),
    layoutMs: layoutMs >= layoutMsMin && layoutMs < 2 ** 31 ? layoutMs : layoutMsDefault,
  }
}

const topics: Topic[] = ['agent_state', 'command_result', 'health', 'layout_state']

/** The full-screen Pulse, until the person quits or the terminal is gone. */
export async function runScreen(
  options: Place & ScreenSetting & { name: string; env: Env; notices: NoticeSetting },
): Promise<void> {
  const { of, env, log, name, theme } = options
  let terminal: Terminal | null = null
  let checking = { stop: () => {} }
  const alerts = await openAlerts(options.notices, env, log, (bytes) => terminal?.write(bytes))
  const open = (
    session: { sessionId: string; socketPath: string },
    onEvent: (event: Event) => void,
  ): SessionSource =>
    openSessionSource({
      ...session,
      topics,
      hubLogDir: options.hubLogDir,
      projectRoot: options.projectRoot,
      env,
      alerts,
      hasFallback: 'sessionId' in of,
      layoutMs: options.layoutMs,
      log,
      onEvent,
    })
  const screen = openScreen({
    openTerminal: (told) =>
      (terminal = openTerminal({
        stdin: process.stdin,
        stdout: process.stdout,
        env,
        theme,
        name,
        ...told,
        log,
      })),
    openSources: (onEvent) => {
      checking = check(options, onEvent)
      if ('runtimeRoot' in of)
        return openAllSessions({
          runtimeRoot: of.runtimeRoot,
          open: ({ session, socket }) => open({ sessionId: session, socketPath: socket }, onEvent),
          onEvent,
        })
      const source = open(of, onEvent)
      return { of: () => source, close: () => source.close() }
    },
    hasOverview: options.hasOverview,
    isAll: 'runtimeRoot' in of,
    copy: (text) => {
      terminal?.write(`\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`)
      // tmux takes a clipboard from a program only if it is told to; it always takes it from its own command.
      if (env['TMUX']) execFile('tmux', ['set-buffer', '-w', '--', text], () => {})
    },
  })
  const signalled = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)
      process.on(signal, () => resolve())
  })
  await Promise.race([screen.ended, signalled])
  checking.stop()
  await screen.close()
  await alerts?.close()
}

/** How often it is looked what this machine has. */
const checkMs = 30_000
/** Not while the first picture is drawn. */
const firstCheckMs = 500

/** Looks now and then what this machine has of what Pulse and agents need. */
function check(
  { of, projectRoot, env }: Pick<Place, 'of' | 'projectRoot'> & { env: Env },
  onEvent: (event: Event) => void,
): { stop: () => void } {
  const ending = new AbortController()
  const socketPath = 'socketPath' in of ? of.socketPath : path.join(of.runtimeRoot, 'any', 'pulse.sock')
  const look = async (): Promise<void> => {
    const { openChecks } = await import('../lib/pulse/local/checks.js')
    const checks = await openChecks({ socketPath, projectRoot, env })(ending.signal)
    if (ending.signal.aborted) return
    onEvent({ kind: 'checks', checks })
    timer = setTimeout(() => void look(), checkMs)
  }
  let timer = setTimeout(() => void look(), firstCheckMs)
  return {
    stop() {
      clearTimeout(timer)
      ending.abort()
    },
  }
}
