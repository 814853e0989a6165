#!/usr/bin/env node
import { InvalidArgumentError } from 'commander'
import { openFeed } from '../lib/pulse/feed.js'
import { explanationLines } from '../lib/pulse/explain.js'
import { findAgent, rowOf } from '../lib/pulse/row.js'
import { jsonLine, printable } from '../lib/pulse/text.js'
import { wholePatch } from '../lib/pulse/whole-patch.js'
import { waitFor } from '../lib/pulse/wait-for.js'
import { agentCommandNames, argumentNames, hubCommandNames, parseCommand } from '../lib/wire/commands.js'
import { projectRoot, runtimeRoot, sessionId, slug, socketPath } from '../lib/wire/identity.js'
import { logDir, logLevel, openLog } from '../lib/wire/log.js'
import { lifecycles, type CommandResult, type Lifecycle } from '../lib/wire/messages.js'
import { noticeSetting, type NoticeSetting } from '../lib/wire/notice/ways.js'
import { giveOneCommand, NoHubError } from '../lib/wire/one-command.js'
import { lookAround } from '../lib/wire/surroundings.js'
import { openAlerts } from './alerts.js'
import type { Place } from './place.js'
import { exitCodes, fail, newProgram, runProgram, timeSpan, wholeNumber } from './program.js'

interface PulseFlags {
  session?: string
  all?: boolean
  pulseSocketPath?: string
  plain?: boolean
  json?: boolean
  once?: boolean
  sinceSeq?: number
  hubStart: boolean
  notify?: string | boolean
  notifyCommand?: string
}

interface WaitFlags extends PulseFlags {
  until: Set<Lifecycle>
  next?: boolean
  timeout?: number
}

const { env } = process
const name = 'aoc-pulse'
/** Arguments that are texts whatever they look like. */
const textKeys = new Set(['text', 'reason', 'detail', 'path', 'patch_id', 'tab_name', 'pane_id'])
const program = newProgram(name, 'Shows what the agents of a session do, and which of them needs you.')
  .option(
    '--session <id>',
    'session id (default: zellij or tmux session, AOC_SESSION_ID, or two words from the project)',
  )
  .option(
    '--pulse-socket-path <path>',
    "the hub's socket (default: AOC_PULSE_SOCK or below the runtime folder)",
  )
  .option('--all', 'all sessions of yours whose hub runs, a group for each')
  .option('--plain', 'a table, then a line for each change (the default where there is no terminal)')
  .option('--json', 'all of it as NDJSON: {"seq","op":"upsert"|"remove","agent_id","state"}')
  .option('--once', 'show what there is and end')
  .option('--since-seq <n>', 'go on after this seq instead of starting with all states', wholeNumber)
  .option('--no-hub-start', 'do not start a hub when none listens')
  .option(
    '--notify <ways>',
    'how to tell that an agent needs you, failed or is done: bell, osc, desktop, off (default: AOC_NOTIFY or bell)',
  )
  .option('--no-notify', 'tell nobody')
  .option('--notify-command <line>', 'run this then, with the state as JSON on its standard input')
  .addHelpText(
    'after',
    `
Examples:
  aoc-pulse                             the session around this terminal, full screen; ? shows the keys
  aoc-pulse --all                       all your sessions
  aoc-pulse --plain                     a table and live lines
  aoc-pulse --once                      a table of its agents
  aoc-pulse --json | jq -r 'select(.state.lifecycle == "needs_input") | .agent_id'
  aoc-pulse send stop_agent codex       end an agent
  aoc-pulse send send_input 12 text=yes submit=true
  aoc-pulse explain codex               why its status is what it is
  aoc-pulse wait 12 --until idle,error --timeout 10m

Environment:
  AOC_PULSE_THEME                       terminal (its own colours, the default), auto, dark, light; NO_COLOR: none
  AOC_PULSE_OVERVIEW_ENABLED=0          no overview: the screen begins with Work
  AOC_NOTIFY, AOC_NOTIFY_COMMAND        as --notify and --notify-command`,
  )
  .action((flags: PulseFlags) => follow(flags))

program
  .command('send')
  .argument('<command>', `one of ${agentCommandNames.join(', ')}, focus_tab, focus_pane`)
  .argument('[agent]', 'its id, pane or label; - for a command of the hub')
  .argument('[key=value...]', 'arguments of the command')
  .description('give a command and print its result; exit 0 when it is ok, 1 when not')
  .option('--session <id>', 'session id')
  .option('--pulse-socket-path <path>', "the hub's socket")
  .option('--json', 'print the result as JSON')
  .addHelpText('after', () => `\nArguments:\n${argumentHelp()}`)
  .action((command: string, agent: string | undefined, pairs: string[], flags: PulseFlags, self) =>
    send(command, agent, pairs, { ...self.parent?.opts(), ...flags }),
  )

program
  .command('explain')
  .argument('<agent>', 'its id, pane or label')
  .description("why an agent's status is what it is: what decides, what lost to it, what is missing")
  .option('--session <id>', 'session id')
  .option('--pulse-socket-path <path>', "the hub's socket")
  .option('--json', 'print it as JSON')
  .action((agent: string, flags: PulseFlags, self) => explain(agent, { ...self.parent?.opts(), ...flags }))

program
  .command('wait')
  .argument('<agent>', 'its id, pane or label')
  .description('wait until an agent is in a state; its later launches do not count')
  .requiredOption(
    '--until <words>',
    'needs_input, idle, running, error or offline; several with commas',
    lifecycleSet,
  )
  .option('--next', 'the state it is in now does not count')
  .option('--timeout <time>', 'give up after so many seconds, or 10m, 2h', timeSpan)
  .option('--session <id>', 'session id')
  .option('--pulse-socket-path <path>', "the hub's socket")
  .option('--json', 'print its state as JSON')
  .addHelpText(
    'after',
    `
Examples:
  aoc-pulse wait codex --until idle && git diff      look at what it did, once it is done
  aoc-pulse send send_input 3 text="go on" submit=true && aoc-pulse wait 3 --next --until needs_input,idle

An agent whose wrapper is not heard of may live: it is waited for, and counts as ended 60 s after the hub has
removed it. With --timeout an agent, or a hub that was there, may come until then.

Exit code: 0 it is so, and the word is printed; 5 the agent has ended before; 124 not in time; 1 no such agent;
4 no hub answers, within 3 s or a shorter --timeout.`,
  )
  .action((agent: string, flags: WaitFlags, self) => wait(agent, { ...self.parent?.opts(), ...flags }))

await runProgram(program, process.argv)

async function follow(flags: PulseFlags): Promise<void> {
  if (
    flags.all &&
    (flags.session !== undefined || flags.pulseSocketPath !== undefined || flags.sinceSeq !== undefined)
  )
    program.error(
      'error: --all joins every session: it goes with none of --session, --pulse-socket-path, --since-seq',
    )
  const around = lookAround(flags, env)
  const session = sessionId(flags, env, around)
  const dir = logDir(undefined, env, around.cwd)
  const { stdin, stdout } = process
  const log = openLog({ component: 'pulse', slug: slug(session), dir, level: logLevel(env) })
  const hasScreen = stdin.isTTY === true && stdout.isTTY === true && env['TERM'] !== 'dumb'
  const place: Place = {
    of: flags.all
      ? { runtimeRoot: runtimeRoot(env, around) }
      : { sessionId: session, socketPath: socketPath(flags, env, around, session) },
    projectRoot: projectRoot({}, env, around.cwd),
    log,
    ...(flags.hubStart && !flags.once && !flags.all && { hubLogDir: dir }),
  }
  if (hasScreen && !flags.plain && !flags.json && !flags.once && flags.sinceSeq === undefined)
    return fullScreen(flags, place)
  return lines(flags, place)
}

async function fullScreen(flags: PulseFlags, place: Place): Promise<void> {
  const { runScreen, screenSetting } = await import('./pulse-screen.js')
  let setting
  try {
    setting = screenSetting(env)
  } catch (error) {
    return program.error(`error: ${(error as Error).message}`)
  }
  await runScreen({ ...place, ...setting, name, env, notices: settingOf(flags, true) })
  process.exit(exitCodes.ok)
}

/** The plain and the JSON view. */
async function lines(flags: PulseFlags, { projectRoot, ...place }: Place): Promise<void> {
  const { stdout, stderr } = process
  stdout.on('error', () => process.exit(exitCodes.ok))
  const isForPerson = stdout.isTTY === true && !flags.json
  const setting = flags.once ? { ways: [], command: null } : settingOf(flags, isForPerson)
  const alerts = await openAlerts(setting, env, place.log, (bytes) => {
    if (isForPerson) stdout.write(bytes)
    else if (stderr.isTTY) stderr.write(bytes)
  })
  const feed = openFeed({
    ...place,
    once: flags.once === true,
    json: flags.json === true,
    ...(flags.sinceSeq !== undefined && { sinceSeq: flags.sinceSeq }),
    local: { projectRoot, env },
    look: {
      color: stdout.isTTY === true && !env['NO_COLOR'],
      columns: stdout.columns ?? Number.POSITIVE_INFINITY,
    },
    ...(alerts && { alerts }),
    print: (line) => void stdout.write(`${line}\n`),
    note: (line) => void stderr.write(`${name}: ${printable(line)}\n`),
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => void feed.close().then(() => process.exit(exitCodes.ok)))
  const isServed = await feed.ended
  await feed.close()
  if (isServed) return
  const what = 'sessionId' in place.of ? `no hub of session ${place.of.sessionId} answers` : 'no hub runs'
  fail(name, `${what}; aoc-agent-wrap and aoc-pulse start one`, exitCodes.noHub)
}

function settingOf(flags: PulseFlags, isForPerson: boolean): NoticeSetting {
  try {
    return noticeSetting(flags, env, isForPerson ? ['bell'] : [])
  } catch (error) {
    return program.error(`error: ${(error as Error).message}`)
  }
}

async function send(
  command: string,
  agent: string | undefined,
  pairs: string[],
  flags: PulseFlags,
): Promise<void> {
  const isOfAgent = (agentCommandNames as string[]).includes(command)
  // A command of the hub names no agent: what stands there is its first argument.
  const isPair = agent?.includes('=') === true && !agent.includes('::')
  const args = argsOf(command, !isOfAgent && isPair ? [agent, ...pairs] : pairs)
  if (isOfAgent && agent === undefined) program.error(`error: give the agent for ${command}`)
  const isForNone = agent === undefined || agent === '-' || isPair
  const ask = (asked: Record<string, unknown>) => give(command, isForNone ? null : agent, asked, flags)
  // As JSON it is one result, as it came; a person wants the whole patch.
  const isWhole = command === 'get_diff_patch' && !flags.json && !('part' in args) && !('patch_id' in args)
  const result = isWhole ? await wholePatch(ask, args) : await ask(args)
  if (flags.json) console.log(jsonLine(result))
  else if (result.status === 'ok') for (const line of resultLines(result)) console.log(line)
  else fail(name, `${printable(result.error?.code ?? 'error')}: ${printable(result.message ?? '')}`)
  process.exitCode = result.status === 'ok' ? exitCodes.ok : exitCodes.failed
}

/** What was asked for, when it is a text; else what was done. */
function resultLines({ message, result }: CommandResult): string[] {
  const { patch, lines } = (result ?? {}) as { patch?: unknown; lines?: unknown }
  if (typeof patch === 'string' && patch !== '') return patch.replace(/\n$/, '').split('\n').map(printable)
  if (Array.isArray(lines) && lines.length > 0) return lines.map((line) => printable(String(line)))
  return [printable(message ?? 'ok')]
}

/** Gives a command to an agent, by its id, pane or label, or to the hub; ends the process when that cannot be. */
async function give(
  command: string,
  agent: string | null,
  args: Record<string, unknown>,
  flags: PulseFlags,
): Promise<CommandResult> {
  const around = lookAround(flags, env)
  const session = sessionId(flags, env, around)
  try {
    return await giveOneCommand({
      socketPath: socketPath(flags, env, around, session),
      sessionId: session,
      command,
      target: (states) => (agent === null ? null : findAgent(states, agent)),
      args,
    })
  } catch (error) {
    const code = error instanceof NoHubError ? exitCodes.noHub : exitCodes.failed
    return fail(name, printable((error as Error).message), code)
  }
}

/** `key=value` pairs: texts, unless the command takes them only as true, false or a number. */
function argsOf(command: string, pairs: string[]): Record<string, unknown> {
  const texts: Record<string, unknown> = {}
  const values: Record<string, unknown> = {}
  const known = argumentNames(command)
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    if (at < 1) program.error(`error: an argument is key=value, not ${JSON.stringify(pair)}`)
    const [key, value] = [pair.slice(0, at), pair.slice(at + 1)]
    // A slip would leave out what the person relies on.
    if (known !== null && !known.includes(key))
      program.error(
        `error: ${command} takes no ${JSON.stringify(key)}; it takes ${known.join(', ') || 'none'}`,
      )
    texts[key] = value
    const isValue = !textKeys.has(key) && /^(true|false|-?(0|[1-9]\d{0,14}))$/.test(value)
    values[key] = isValue ? (JSON.parse(value) as unknown) : value
  }
  try {
    parseCommand({ command, args: texts })
    return texts
  } catch {
    return values
  }
}

function lifecycleSet(text: string): Set<Lifecycle> {
  const words = text.split(',').map((word) => word.trim())
  for (const word of words)
    if (!(lifecycles as readonly string[]).includes(word))
      throw new InvalidArgumentError(`${JSON.stringify(word)} is none of ${lifecycles.join(', ')}.`)
  return new Set(words as Lifecycle[])
}

async function explain(agent: string, flags: PulseFlags): Promise<void> {
  const result = await give('explain', agent, {}, flags)
  if (result.status === 'error') fail(name, printable(result.message ?? 'it could not be explained'))
  if (flags.json) console.log(jsonLine(result['result'] ?? null))
  else for (const line of explanationLines(result['result'], Date.now())) console.log(line)
}

async function wait(agent: string, flags: WaitFlags): Promise<void> {
  const around = lookAround(flags, env)
  const session = sessionId(flags, env, around)
  const outcome = await waitFor({
    sessionId: session,
    socketPath: socketPath(flags, env, around, session),
    agent,
    until: flags.until,
    next: flags.next === true,
    timeoutMs: flags.timeout ?? null,
    log: openLog({
      component: 'pulse',
      slug: slug(session),
      dir: logDir(undefined, env, around.cwd),
      level: logLevel(env),
    }),
    note: (line) => void process.stderr.write(`${name}: ${printable(line)}\n`),
  })
  switch (outcome.kind) {
    case 'reached': {
      const { lifecycle } = outcome.state
      const { detail } = rowOf(outcome.state)
      console.log(flags.json ? jsonLine(outcome.state) : [lifecycle, detail].filter(Boolean).join('  '))
      process.exit(exitCodes.ok)
    }
    case 'gone':
      return fail(name, `${agent}: ${outcome.why}`, exitCodes.agentGone)
    case 'timeout':
      return fail(name, `${agent}: not within ${flags.timeout! / 1_000} s`, exitCodes.timeout)
    case 'no_agent':
      return fail(name, printable(outcome.why))
    case 'no_hub':
      return fail(name, `no hub of session ${session} answers`, exitCodes.noHub)
  }
}

/** Each command with its arguments, a line each. */
function argumentHelp(): string {
  return [...agentCommandNames, ...hubCommandNames]
    .map((command) => `  ${command.padEnd(16)}${argumentNames(command)?.join('  ') ?? ''}`)
    .join('\n')
}
