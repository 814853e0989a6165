import { CommandError } from '../wire/errors.js'

/** What is said when there is no tab of this number or name. */
export function noSuchTab(wanted: number | string, names: string[]): CommandError {
  const which = typeof wanted === 'number' ? wanted : JSON.stringify(wanted)
  return new CommandError('focus_failed', `no tab ${which}; there are ${names.length}: ${names.join(', ')}`)
}
