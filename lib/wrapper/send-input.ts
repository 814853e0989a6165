import { CommandError } from '../wire/errors.js'
import type { Lifecycle } from '../wire/messages.js'

/** Enter comes this long after the text: several agents take both at once for one paste. */
export const submitAfterMs = 80

/**
 * The bytes that bring a text into an agent's terminal. A single character, and what holds control characters, is
 * typed as keys: dialogs take no paste for an answer. Anything longer is marked as pasted when the program has asked
 * for that (DECSET 2004), so that its line ends are not Enters. Pure.
 * @throws {CommandError} `invalid_args` for an end-of-paste mark inside the text.
 */
export function inputBytes(text: string, bracketedPaste: boolean): string {
  const isKeys = Array.from(text).length <= 1 || /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(text)
  if (text.includes('\u001b[201~'))
    throw new CommandError(
      'invalid_args',
      'send_input: args.text: must not hold the end of a paste (ESC [201~)',
    )
  if (isKeys) return text
  // A terminal pastes line ends as Enter sends them.
  const lines = text.replaceAll(/\r\n|\n/g, '\r')
  return bracketedPaste ? `\u001b[200~${lines}\u001b[201~` : lines
}

/** What was done, for the person who sent it. */
export function writtenMessage(text: string): string {
  const count = Array.from(text).length
  return `${count} ${count === 1 ? 'character' : 'characters'} written`
}

const doesNow: Record<Lifecycle, string> = {
  running: 'the agent is running',
  needs_input: 'the agent asks something else',
  idle: 'the agent is idle',
  error: 'the agent has failed',
  offline: 'the agent has ended',
}

/** The refusal of an answer whose question has passed: what the agent does now, and what was typed of the answer. */
export function passedError(lifecycle: Lifecycle, detail: string | null, typed: string): CommandError {
  const now = doesNow[lifecycle] + (detail === null ? '' : ` (${detail})`)
  return new CommandError('attention_passed', `what this answers has passed: ${now}; ${typed}`)
}
