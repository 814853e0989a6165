#!/usr/bin/env node
import { InvalidArgumentError } from 'commander'
import { focus } from '../lib/multiplexer/focus.js'
import { readLayout } from '../lib/multiplexer/layout.js'
import { runProgram as runMultiplexer } from '../lib/multiplexer/run-program.js'
import { askHub, liveHubs, register, type LiveHub } from '../lib/wire/registry.js'
import { layoutPace } from '../lib/hub/layout-watch.js'
import { startHub } from '../lib/hub/server.js'
import { SocketFileError } from '../lib/hub/socket-file.js'
import { AddressError, v1Address } from '../lib/hub/v1/address.js'
import type { V1DoorOptions } from '../lib/hub/v1/door.js'
import { runtimeRoot, sessionId, slug, socketPath } from '../lib/wire/identity.js'
import { staleSecondsDefault, subscriberBudgetBytes, v1PingMs, v1WriteMs } from '../lib/wire/limits.js'
import { logDir, logLevel, openLog } from '../lib/wire/log.js'
import { lookAround } from '../lib/wire/surroundings.js'
import { version } from '../lib/wire/version.js'
import { exitCodes, fail, newProgram, runProgram, timeSpan, wholeNumber } from './program.js'

interface HubFlags {
  session?: string
  pulseSocketPath?: string
  staleSeconds: number
  subscriberBudget: number
  exitWhenIdle: number
  addr?: string
  allowOrigin: string[]
  pingInterval?: number
  writeTimeout?: number
  logDir?: string
  debug?: boolean
}

const { env } = process
const program = newProgram(
  'aoc-hub',
  'The bus of one terminal session: takes what agents say, tells those who watch.',
)
  .option(
    '--session <id>',
    'session id (default: zellij or tmux session, AOC_SESSION_ID, or two words from the project)',
  )
  .option(
    '--pulse-socket-path <path>',
    'where to listen (default: AOC_PULSE_SOCK or below the runtime folder)',
  )
  .option(
    '--stale-seconds <n>',
    'remove an agent without a sign of life; 0 keeps it',
    wholeNumber,
    staleSecondsDefault,
  )
  .option(
    '--subscriber-budget <bytes>',
    'unread bytes past which a subscriber is lagging',
    wholeNumber,
    subscriberBudgetBytes,
  )
  .option(
    '--addr <host:port>',
    'where v1 clients come in, loopback only (default: AOC_HUB_ADDR, AOC_HUB_URL or 127.0.0.1 and a port from the session)',
  )
  .option('--allow-origin <origin...>', 'let in the web pages of these origins', origins, [])
  .option('--ping-interval <time>', 'how often a v1 client is pinged (default: 10s)', someTime)
  .option('--write-timeout <time>', 'end a v1 client that reads nothing for so long (default: 30s)', someTime)
  .option('--exit-when-idle <seconds>', 'end this long after the last client left; 0 never', wholeNumber, 0)
  .option('--log-dir <dir>', 'where the log goes (default: AOC_LOG_DIR or .aoc/logs)')
  .option('--debug', 'log everything, also to standard error')
  .addHelpText(
    'after',
    `
Examples:
  aoc-hub                       run the hub of this session in the foreground
  aoc-hub --session demo        … of the session called demo
  aoc-hub list --json           the hubs that run, as JSON
  aoc-hub stop --session demo   end one
  curl 'http://127.0.0.1:<port>/health?details=true'   what it knows of itself and of its agents
  printf '%s\\n' '{"type":"hello","session_id":"demo","payload":{"client_id":"me","role":"subscriber"}}' |
    socat - UNIX-CONNECT:<socket>`,
  )
  .action((flags: HubFlags) => serve(flags))

program
  .command('list')
  .description('list the hubs of this user that run')
  .option('--json', 'print a JSON array')
  .action(async ({ json }: { json?: boolean }) => {
    const hubs = await liveHubs(runtimeRoot(env, lookAround({}, env)))
    if (json) console.log(JSON.stringify(hubs, null, 2))
    else if (hubs.length === 0) console.log('no hub runs')
    else printHubs(hubs)
  })

program
  .command('stop')
  .description('end the hub of this session')
  .option('--session <id>', 'session id')
  .option('--pulse-socket-path <path>', 'where it listens')
  .option('--all', 'end all hubs of this user')
  .action(async (flags: { session?: string; pulseSocketPath?: string; all?: boolean }, command) => {
    // The program has options of the same name; a word given before `stop` counts too.
    const given = { ...command.parent?.opts(), ...flags } as HubFlags & { all?: boolean }
    const around = lookAround(given, env)
    if (given.all) {
      for (const hub of await liveHubs(runtimeRoot(env, around))) await stop(hub)
      return
    }
    const session = sessionId(given, env, around)
    const socket = socketPath(given, env, around, session)
    const hub = await askHub(socket, session)
    if (hub === null) fail('aoc-hub', `no hub of session ${session} answers on ${socket}`, exitCodes.noHub)
    await stop(hub)
  })

await runProgram(program, process.argv)

async function serve(flags: HubFlags): Promise<void> {
  const around = lookAround(flags, env)
  const session = sessionId(flags, env, around)
  const socket = socketPath(flags, env, around, session)
  const log = openLog({
    component: 'hub',
    slug: slug(session),
    dir: logDir(flags.logDir, env, around.cwd),
    level: logLevel(env, flags.debug),
    ...(flags.debug && { toStderr: true }),
  })
  const pace = layoutPace(env, log)
  const v1 = v1Door(flags, session)
  let unregister = (): void => {}
  let isSaid = false
  const ended = (): void => {
    unregister()
    process.exit(exitCodes.ok)
  }
  try {
    const hub = await startHub({
      sessionId: session,
      socketPath: socket,
      staleSeconds: flags.staleSeconds,
      subscriberBudgetBytes: flags.subscriberBudget,
      idleSeconds: flags.exitWhenIdle,
      version,
      log,
      run: (command) => focus(command, session, env, runMultiplexer),
      ...(pace && { layout: { ...pace, read: () => readLayout(session, env, runMultiplexer) } }),
      v1,
      onV1: (url) => {
        if (isSaid) console.log(`aoc-hub: v1 clients come in at ${url}`)
      },
      onIdle: ended,
    })
    try {
      unregister = register(runtimeRoot(env, around), hub.epoch, { session, socket, pid: process.pid })
    } catch (error) {
      log('warn', 'not_registered', { message: (error as Error).message })
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => void hub.close().then(ended))
    process.stdout.on('error', () => {})
    process.stderr.on('error', () => {})
    await hub.v1Opened
    const { v1: door } = hub.health()
    const also = door?.listening ? ` and ${door.url}` : ''
    console.log(`aoc-hub ${version} of session ${session} listens on ${socket}${also}`)
    if (door && !door.listening) console.error(`aoc-hub: no v1 clients: ${door.reason}`)
    isSaid = true
  } catch (error) {
    const isRunning = error instanceof SocketFileError && error.code === 'hub_is_running'
    fail('aoc-hub', error, isRunning ? exitCodes.hubIsRunning : exitCodes.failed)
  }
}

/** How v1 clients come in; a text says why they do not: what the environment says wrong costs them, not the hub. */
function v1Door(flags: HubFlags, session: string): V1DoorOptions | string {
  try {
    return {
      address: v1Address(flags, env, session),
      allowedOrigins: flags.allowOrigin,
      pingMs: flags.pingInterval ?? v1PingMs,
      writeMs: flags.writeTimeout ?? v1WriteMs,
    }
  } catch (error) {
    if (!(error instanceof AddressError)) throw error
    if (error.source === '--addr') fail('aoc-hub', error, exitCodes.usage)
    return error.message
  }
}

/** One more origin, as a browser sends it. */
function origins(text: string, before: string[]): string[] {
  const isOrigin = URL.canParse(text) && new URL(text).origin === text
  if (!isOrigin) throw new InvalidArgumentError('It must be an origin, such as http://localhost:3000.')
  return [...before, text]
}

/** A span of time of an option, at least a second. @returns milliseconds. */
function someTime(text: string): number {
  const ms = timeSpan(text)
  if (ms < 1_000) throw new InvalidArgumentError('It must be a second at least.')
  return ms
}

function printHubs(hubs: LiveHub[]): void {
  const rows = [['SESSION', 'PID', 'AGENTS', 'SEQ', 'V1', 'SOCKET']]
  for (const { session, pid, agents, seq, v1_url: v1, socket } of hubs)
    rows.push([session, `${pid}`, `${agents}`, `${seq}`, v1 ?? '-', socket])
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
}

async function stop(hub: LiveHub): Promise<void> {
  process.kill(hub.pid, 'SIGTERM')
  for (let waitedMs = 0; waitedMs < 3_000; waitedMs += 50) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    if ((await askHub(hub.socket, hub.session)) === null) {
      console.log(`ended the hub of session ${hub.session} (pid ${hub.pid})`)
      return
    }
  }
  fail('aoc-hub', `the hub of session ${hub.session} (pid ${hub.pid}) has not ended within 3 s`)
}
