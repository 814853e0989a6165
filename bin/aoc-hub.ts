#!/usr/bin/env node
import { focus } from '../lib/multiplexer/focus.js'
import { readLayout } from '../lib/multiplexer/layout.js'
import { runProgram as runMultiplexer } from '../lib/multiplexer/run-program.js'
import { askHub, liveHubs, register, type LiveHub } from '../lib/wire/registry.js'
import { layoutPace } from '../lib/hub/layout-watch.js'
import { startHub } from '../lib/hub/server.js'
import { SocketFileError } from '../lib/hub/socket-file.js'
import { runtimeRoot, sessionId, slug, socketPath } from '../lib/wire/identity.js'
import { staleSecondsDefault, subscriberBudgetBytes } from '../lib/wire/limits.js'
import { logDir, logLevel, openLog } from '../lib/wire/log.js'
import { lookAround } from '../lib/wire/surroundings.js'
import { version } from '../lib/wire/version.js'
import { exitCodes, fail, newProgram, runProgram, wholeNumber } from './program.js'

interface HubFlags {
  session?: string
  pulseSocketPath?: string
  staleSeconds: number
  subscriberBudget: number
  exitWhenIdle: number
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
  let unregister = (): void => {}
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
    console.log(`aoc-hub ${version} of session ${session} listens on ${socket}`)
  } catch (error) {
    const isRunning = error instanceof SocketFileError && error.code === 'hub_is_running'
    fail('aoc-hub', error, isRunning ? exitCodes.hubIsRunning : exitCodes.failed)
  }
}

function printHubs(hubs: LiveHub[]): void {
  const rows = [['SESSION', 'PID', 'AGENTS', 'SEQ', 'SOCKET']]
  for (const hub of hubs) rows.push([hub.session, `${hub.pid}`, `${hub.agents}`, `${hub.seq}`, hub.socket])
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
