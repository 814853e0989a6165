#!/usr/bin/env node
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { Option, type Command } from 'commander'
import { readFileSync } from 'node:fs'
import { findCommand, NoCommandError } from '../lib/wrapper/child.js'
import { profileNamed, profileNames, profileOf } from '../lib/wrapper/profiles/profiles.js'
import { runAgent, type RunOptions } from '../lib/wrapper/run.js'
import {
  agentId,
  agentLabel,
  IdentityError,
  paneId,
  projectRoot,
  runtimeRoot,
  sessionId,
  slug,
  socketPath,
  type Surroundings,
} from '../lib/wire/identity.js'
import { logDir, logLevel, openLog } from '../lib/wire/log.js'
import { noticeSetting } from '../lib/wire/notice/ways.js'
import { reportable } from '../lib/wire/reportable.js'
import { startHubProcess } from '../lib/wire/start-hub.js'
import { lookAround } from '../lib/wire/surroundings.js'
import type { ProfileName } from '../lib/wrapper/profiles/profile.js'
import type { Shown } from '../lib/wrapper/trace/replay.js'
import { exitCodes, fail, newProgram, runProgram } from './program.js'

interface WrapFlags {
  session?: string
  paneId?: string
  agentId?: string
  label?: string
  projectRoot?: string
  pulseSocketPath?: string
  logDir?: string
  profile?: string
  inject: boolean
  notify?: string
  notifyCommand?: string
  snippet: boolean
  hubStart: boolean
}

interface RecordFlags {
  output: string
  keepText?: boolean
}

interface ReplayFlags {
  json?: boolean
  check?: boolean
}

interface ReportFlags {
  lifecycle: string
  detail?: string
  agent?: string
}

const name = 'aoc-agent-wrap'
/** How long a report waits for its wrapper. */
const reportPatienceMs = 5_000
const { env } = process
// What stands behind `--` is the command's own, also when it has the name of one of ours.
const dashes = process.argv.indexOf('--')
const command = dashes === -1 ? [] : process.argv.slice(dashes + 1)

const program: Command = withWrapOptions(
  newProgram(name, 'Runs an agent as if it ran bare, and tells the session what it does.'),
)
  .usage('[options] -- <command> [args…]')
  .addHelpText(
    'after',
    `
Examples:
  aoc-agent-wrap -- claude                        run Claude Code, seen by aoc-pulse
  aoc-agent-wrap --label tests -- npm test        any command, under a name of its own
  aoc-agent-wrap report --lifecycle needs_input --detail "which branch?"
                                                  say what the agent in this pane does
  aoc-agent-wrap record -o wrong.ndjson -- claude write down what the status comes from, your text blanked
  aoc-agent-wrap replay wrong.ndjson              judge it again

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
  .addOption(new Option('--lifecycle <word>', 'what it does').choices(reportable).makeOptionMandatory())
  .option('--detail <text>', 'what it waits for, or what went wrong')
  .option('--agent <id>', 'another agent than the one of this pane: <session>::<pane>')
  .action(async (flags: ReportFlags) => report(flags))

withWrapOptions(program.command('record'))
  .description('run an agent as above, and write down all that its status comes from')
  .usage('-o <file> [options] -- <command> [args…]')
  .requiredOption('-o, --output <file>', 'the trace to write; it must not exist yet')
  .option('--keep-text', 'keep what you and the agent wrote (default: letters become x)')
  .action((flags: WrapFlags & RecordFlags) => {
    if (command.length === 0)
      program.error(
        'error: give the command after --, as in: aoc-agent-wrap record -o trace.ndjson -- claude',
      )
    return wrap(flags, flags)
  })
  .allowExcessArguments()

program
  .command('replay')
  .description('judge a recorded trace again and print the status, as it changes')
  .argument('<trace>', 'a file written by record; - for standard input')
  .option('--json', 'one JSON object a line')
  .option('--check', 'exit 1 when a status differs from the one in the trace')
  .action((trace: string, flags: ReplayFlags) => replayTrace(trace, flags))

await runProgram(program, dashes === -1 ? process.argv : process.argv.slice(0, dashes))

function withWrapOptions(of: Command): Command {
  return of
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
    .option(
      '--profile <name>',
      `which agent it is: ${profileNames.join(', ')} (default: by the command's name)`,
    )
    .option('--no-inject', 'do not ask the agent to tell of itself for this launch')
    .option(
      '--notify <ways>',
      'tell in this terminal that the agent needs you, failed or is done: bell, osc, desktop (default: aoc-pulse tells)',
    )
    .option('--notify-command <line>', 'run this then, with the state as JSON on its standard input')
    .option('--no-snippet', 'send nothing of what the agent shows')
    .option('--no-hub-start', 'do not start a hub when none listens')
}

async function wrap(flags: WrapFlags, recording?: RecordFlags): Promise<void> {
  const [asked = '', ...args] = command
  const profile = flags.profile === undefined ? profileOf(asked) : profileNamed(flags.profile)
  if (profile === undefined)
    program.error(`error: no profile ${JSON.stringify(flags.profile)}; there are ${profileNames.join(', ')}`)
  const cwd = process.cwd()
  const around = lookAround(flags, env, cwd)
  const { session, socket, pane } = whereabouts(flags, around)
  const root = projectRoot(flags, env, cwd)
  const agent = agentId(session, pane)
  const logs = logDir(flags.logDir, env, root)
  const log = openLog({ component: 'wrapper', slug: slug(session), dir: logs, level: logLevel(env) })
  let file: string
  try {
    file = findCommand(asked, env, cwd)
  } catch (error) {
    fail(name, error, error instanceof NoCommandError ? error.exitCode : exitCodes.failed)
  }
  const record = recording && (await recorderOf(recording, profile.name, path.basename(asked)))
  const exitCode = await runAgent({
    who: {
      sessionId: session,
      paneId: pane,
      agentId: agent,
      label: agentLabel(flags, env, root),
      projectRoot: root,
      cwd,
      command: path.basename(asked),
      profile: profile.name,
      launchId: randomBytes(6).toString('hex'),
      startedAtMs: Date.now(),
      tabScope: env['AOC_TAB_SCOPE'],
    },
    command: asked,
    file,
    args,
    env: {
      ...definedEnv(),
      AOC_SESSION_ID: session,
      AOC_PANE_ID: pane,
      ...(socket !== null && { AOC_PULSE_SOCK: socket }),
      AOC_AGENT_ID: flags.agentId || env['AOC_AGENT_ID'] || path.basename(root),
      AOC_WRAPPED_AGENT: agent,
    },
    profile,
    // What is set for aoc-pulse in the environment is not for each agent beside it.
    notify: noticeSetting(flags, {}, []),
    mayInject: flags.inject,
    runtimeDir: runtimeRoot(env, around),
    socketPath: socket,
    sendSnippet: flags.snippet,
    ...(flags.hubStart &&
      socket !== null && {
        startHub: () => startHubProcess({ sessionId: session, socketPath: socket, logDir: logs }),
      }),
    ...(record && { record }),
    log,
  })
  process.exit(exitCode)
}

/** Where the agent is told of. What the environment has wrong costs the telling, not the agent. */
function whereabouts(
  flags: WrapFlags,
  around: Surroundings,
): { session: string; socket: string | null; pane: string } {
  try {
    const session = sessionId(flags, env, around)
    const socket = socketPath(flags, env, around, session)
    return { session, socket, pane: ownPane(session, paneId(flags, env, process.pid)) }
  } catch (error) {
    const isGiven = [flags.session, flags.paneId, flags.pulseSocketPath].some((flag) => flag !== undefined)
    if (isGiven || !(error instanceof IdentityError)) throw error
    process.stderr.write(`${name}: ${error.message}\n${name}: the agent runs, and nobody is told of it\n`)
    return { session: 'unreported', socket: null, pane: `pid-${process.pid}` }
  }
}

async function recorderOf(
  { output, keepText }: RecordFlags,
  profile: ProfileName,
  shown: string,
): Promise<NonNullable<RunOptions['record']>> {
  const { openRecorder } = await import('../lib/wrapper/trace/recorder.js')
  return (launch) =>
    openRecorder({
      ...launch,
      file: output,
      profile,
      command: shown,
      keepsText: keepText === true,
      now: () => Date.now(),
      onFailed: (error) => process.stderr.write(`\r\n${name}: the trace ends here: ${error.message}\r\n`),
    })
}

async function replayTrace(file: string, flags: ReplayFlags): Promise<void> {
  const { parseTrace } = await import('../lib/wrapper/trace/entry.js')
  const { replay } = await import('../lib/wrapper/trace/replay.js')
  const { statusLine, differences } = await import('../lib/wrapper/trace/timeline.js')
  let text: string
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    fail(name, `${file}: cannot be read: ${(error as NodeJS.ErrnoException).code}`)
  }
  const entries = parseTrace(text)
  const shown: Shown[] = []
  await replay(entries, (status) => {
    shown.push(status)
    console.log(flags.json ? JSON.stringify(status) : statusLine(status))
  })
  if (!flags.check) return
  const found = differences(entries, shown)
  for (const line of found) console.error(line)
  process.exitCode = found.length === 0 ? exitCodes.ok : exitCodes.failed
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

/** Says it through the pane's private door when there is one, else over the hub. */
async function report(flags: ReportFlags): Promise<void> {
  const door = env['AOC_AGENT_DOOR']
  const args = { lifecycle: flags.lifecycle, ...(flags.detail !== undefined && { detail: flags.detail }) }
  if (flags.agent === undefined && door !== undefined) return reportAtDoor(door, args)
  const { giveOneCommand, NoHubError } = await import('../lib/wire/one-command.js')
  const around = lookAround({}, env)
  const agent = flags.agent ?? env['AOC_WRAPPED_AGENT']
  const session = agent?.includes('::') ? agent.slice(0, agent.lastIndexOf('::')) : sessionId({}, env, around)
  if (agent === undefined && env['AOC_PANE_ID'] === undefined)
    fail(name, 'this is not inside a wrapped agent; name one with --agent <session>::<pane>', exitCodes.noHub)
  const target = agent ?? agentId(session, paneId({}, env, process.pid))
  try {
    const result = await giveOneCommand({
      socketPath: socketPath({}, env, around, session),
      sessionId: session,
      command: 'report',
      target: () => target,
      args,
    })
    if (result.status === 'error') fail(name, result.message)
  } catch (error) {
    fail(name, error, error instanceof NoHubError ? exitCodes.noHub : exitCodes.failed)
  }
}

async function reportAtDoor(door: string, args: Record<string, string>): Promise<void> {
  let answer: { ok?: boolean; message?: string }
  try {
    const response = await fetch(`${door}report`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(args),
      signal: AbortSignal.timeout(reportPatienceMs),
    })
    answer = (await response.json()) as typeof answer
  } catch {
    fail(name, 'the wrapper of this pane does not answer; has it ended?', exitCodes.noHub)
  }
  if (answer.ok !== true) fail(name, answer.message ?? 'the wrapper did not take the report')
}
