import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { version } from '../lib/wire/version.js'

/** Exit codes of all commands. README, "Exit codes". */
export const exitCodes = {
  ok: 0,
  /** What was asked for failed; the message says why. */
  failed: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** A hub for this session runs already. */
  hubIsRunning: 3,
  /** No hub answers. */
  noHub: 4,
  /** The agent that was waited for has ended. */
  agentGone: 5,
  /** What was waited for has not come in time; as of timeout(1). */
  timeout: 124,
} as const

/** A command line program with what all of ours share: `--version`, help after an error, exit code 2 for usage. */
export function newProgram(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .showHelpAfterError(`(${name} --help says more)`)
    .enablePositionalOptions()
    .exitOverride()
}

/** Runs a program; ends the process with its exit code when it fails. */
export async function runProgram(program: Command, argv: string[]): Promise<void> {
  try {
    await program.parseAsync(argv)
  } catch (error) {
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? exitCodes.ok : exitCodes.usage)
    fail(program.name(), error)
  }
}

/** What a person's terminal must not be given: all controls but line breaks and tabs, and format characters. */
const unprintable = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** Says on standard error what went wrong and ends the process. */
export function fail(name: string, error: unknown, exitCode: number = exitCodes.failed): never {
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`${name}: ${message.replaceAll(unprintable, '')}\n`)
  process.exit(exitCode)
}

/** Reads a whole number from 0 of an option. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,12}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 0.')
  return Number(text)
}

/** Reads a span of time of an option: seconds, or with `s`, `m` or `h` behind. @returns milliseconds. */
export function timeSpan(text: string): number {
  const found = /^(\d{1,9}(?:\.\d{1,3})?)([smh]?)$/.exec(text)
  if (found === null) throw new InvalidArgumentError('It must be seconds, or a time such as 90s, 10m or 2h.')
  const unit = { '': 1, s: 1, m: 60, h: 3_600 }[found[2] as 's'] ?? 1
  return Math.min(Number(found[1]) * unit * 1_000, 2 ** 31 - 1)
}
