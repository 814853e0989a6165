#!/usr/bin/env node
import path from 'node:path'
import { findCommand, NoCommandError } from '../lib/wrapper/child.js'
import { runAgent } from '../lib/wrapper/run.js'
import {
  agentId,
  agentLabel,
  paneId,
  projectRoot,
  sessionId,
  slug,
  socketPath,
} from '../lib/wire/identity.js'
import { logDir, logLevel, openLog } from '../lib/wire/log.js'
import { startHubProcess } from '../lib/wire/start-hub.js'
import { lookAround } from '../lib/wire/surroundings.js'
import { exitCodes, fail, newProgram, runProgram } from './program.js'

interface WrapFlags {
  session?: string
  paneId?: string
  agentId?: string
  label?: string
  projectRoot?: string
  pulseSocketPath?: string
  logDir?: string
  snippet: boolean
  hubStart: boolean
}

interface ReportFlags {
  lifecycle: string
  detail?: string
  agent?: string
}

const name = 'aoc-agent-wrap'
/** How long a report waits for its wrapper to be known to the hub. */
const reportPatienceMs = 5_000
const { env } = process
// What stands behind `--` is the command's own, also when it has the name of one of ours.
const dashes = process.argv.indexOf('--')
const command = dashes === -1 ? [] : process.argv.slice(dashes + 1)

const program = newProgram(name, 'Runs an agent as if it ran bare, and tells the session what it does.')
  .usage('[options] -- <command> [args…]')
  .option(
    '--session <id>',
    'session id (default: zellij or tmux session, AOC_SESSION_ID, or two words from the project)',
  )
  .option('--pane-id <id>', 'pane id (default: ZELLIJ_PANE_ID, AOC_PANE_ID, TMUX_PANE or pid-<pid>)')
  .option('--agent-id <name>', 'what to call the agent (default: AOC_AGENT_ID or the project)')
  .option('--label <text>', 'the same, for display only (default: AOC_AGENT_LABEL)')
  .option('--project-root <dir>', 'where its git and tasks are (default: AOC_PROJECT_ROOT or here)')
  .option(
    '--pulse-socket-path <path>',
    "the hub's socket (default: AOC_PULSE_SOCK or below the runtime folder)",
  )
  .option('--log-dir <dir>', 'where the log goes (default: AOC_LOG_DIR or .aoc/logs)')
  .option('--no-snippet', 'send nothing of what the agent shows')
  .option('--no-hub-start', 'do not start a hub when none listens')
  .addHelpText(
    'after',
    `
Examples:
  aoc-agent-wrap -- claude                        run Claude Code, seen by aoc-pulse
  aoc-agent-wrap --label tests -- npm test        any command, under a name of its own
  aoc-agent-wrap report --lifecycle needs_input --detail "which branch?"
                                                  say what the agent in this pane does

Exit code: the command's own; 128+n when signal n ended it; 127 when there is no such command, 126 when it
cannot be run; 2 when the options make no sense.`,
  )
  .action((flags: WrapFlags, { args }: { args: string[] }) => {
    if (command.length === 0 && args.length === 0)
      program.error('error: give the command after --, as in: aoc-agent-wrap -- claude')
    if (command.length === 0)
      program.error(`error: give the command after --, as in: aoc-agent-wrap -- ${args.join(' ')}`)
    return wrap(flags)
  })
  .allowExcessArguments()

program
  .command('report')
  .description('say what the agent of this pane does, from inside the pane')
  .requiredOption('--lifecycle <word>', 'running, needs_input, idle or error')
  .option('--detail <text>', 'what it waits for, or what went wrong')
  .option('--agent <id>', 'another agent than the one of this pane: <session>::<pane>')
  .action(async (flags: ReportFlags) => report(flags))

await runProgram(program, dashes === -1 ? process.argv : process.argv.slice(0, dashes))

async function wrap(flags: WrapFlags): Promise<void> {
  const [asked = '', ...args] = command
  const cwd = process.cwd()
  const around = lookAround(flags, env, cwd)
  const session = sessionId(flags, env, around)
  const socket = socketPath(flags, env, around, session)
  const root = projectRoot(flags, env, cwd)
  const pane = ownPane(session, paneId(flags, env, process.pid))
  const agent = agentId(session, pane)
  const logs = logDir(flags.logDir, env, root)
  let file: string
  try {
    file = findCommand(asked, env, cwd)
  } catch (error) {
    fail(name, error, error instanceof NoCommandError ? error.exitCode : exitCodes.failed)
  }
  const exitCode = await runAgent({
    who: {
      sessionId: session,
      paneId: pane,
      agentId: agent,
      label: agentLabel(flags, env, root),
      projectRoot: root,
      cwd,
      command: path.basename(asked),
      tabScope: env['AOC_TAB_SCOPE'],
    },
    command: asked,
    file,
    args,
    env: {
      ...definedEnv(),
      AOC_SESSION_ID: session,
      AOC_PANE_ID: pane,
      AOC_PULSE_SOCK: socket,
      AOC_AGENT_ID: flags.agentId || env['AOC_AGENT_ID'] || path.basename(root),
      AOC_WRAPPED_AGENT: agent,
    },
    socketPath: socket,
    sendSnippet: flags.snippet,
    ...(flags.hubStart && {
      startHub: () => startHubProcess({ sessionId: session, socketPath: socket, logDir: logs }),
    }),
    log: openLog({ component: 'wrapper', slug: slug(session), dir: logs, level: logLevel(env) }),
  })
  process.exit(exitCode)
}

/** An agent started by a wrapped agent is in the same pane and yet another one: its pid tells them apart. */
function ownPane(session: string, pane: string): string {
  return env['AOC_WRAPPED_AGENT'] === agentId(session, pane) ? `${pane}-${process.pid}` : pane
}

function definedEnv(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined),
  )
}

async function report(flags: ReportFlags): Promise<void> {
  const { giveOneCommand, NoHubError } = await import('../lib/wire/one-command.js')
  const around = lookAround({}, env)
  const agent = flags.agent ?? env['AOC_WRAPPED_AGENT']
  const session = agent?.includes('::') ? agent.slice(0, agent.lastIndexOf('::')) : sessionId({}, env, around)
  const target = agent ?? agentId(session, paneId({}, env, process.pid))
  const one = {
    socketPath: socketPath({}, env, around, session),
    sessionId: session,
    command: 'report',
    target: () => target,
    args: { lifecycle: flags.lifecycle, ...(flags.detail !== undefined && { detail: flags.detail }) },
  }
  // An agent may speak before its wrapper has found, or started, the hub.
  const untilMs = Date.now() + (env['AOC_WRAPPED_AGENT'] === undefined ? 0 : reportPatienceMs)
  for (;;) {
    const result = await giveOneCommand(one).catch((error: unknown) => {
      if (!(error instanceof NoHubError)) throw error
      return error
    })
    const isTooEarly = result instanceof NoHubError || result.error?.code === 'publisher_missing'
    if (isTooEarly && Date.now() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      continue
    }
    if (result instanceof NoHubError) fail(name, result, exitCodes.noHub)
    if (result.status === 'error') fail(name, result.message)
    return
  }
}
