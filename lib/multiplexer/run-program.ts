import { CommandError } from '../wire/errors.js'

/** Runs a program and gives what it printed. @throws {CommandError} `focus_failed` with what it said. */
export type Run = (program: string, args: string[]) => Promise<string>

/** What a program may print: some ten thousand panes. */
const outputBytesMax = 16 * 1_024 * 1_024

/** Runs a program for at most two seconds, without a shell. */
export const runProgram: Run = async (program, args) => {
  const { execa } = await import('execa')
  const result = await execa(program, args, {
    timeout: 2_000,
    maxBuffer: outputBytesMax,
    stdin: 'ignore',
    reject: false,
  })
  if (!result.failed) return result.stdout
  const said = result.stderr?.split('\n', 1)[0] || result.shortMessage || 'it failed'
  throw new CommandError('focus_failed', `${program}: ${said}`)
}
