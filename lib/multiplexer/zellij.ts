import { CommandError } from '../wire/errors.js'
import type { HubCommand } from '../wire/commands.js'
import { noSuchTab } from './no-such-tab.js'
import type { Run } from './run-program.js'

/** Gives zellij an action for a session: zellij(1), "CLI actions". */
export const zellijAction =
  (sessionId: string, run: Run) =>
  (...args: string[]): Promise<string> =>
    run('zellij', ['--session', sessionId, 'action', ...args])

/**
 * zellij(1), "CLI actions": go-to-tab counts from 1; focus-pane-id takes `3`, `terminal_3` or `plugin_3` and is there
 * since 0.44.1 (an older one says that it does not know it).
 */
export async function focusZellij(command: HubCommand, sessionId: string, run: Run): Promise<string> {
  const action = zellijAction(sessionId, run)
  if (command.name === 'focus_pane') {
    const pane = command.args.pane_id
    if (!/^(?:(?:terminal|plugin)_)?\d+$/.test(pane))
      throw new CommandError(
        'invalid_args',
        `focus_pane: ${JSON.stringify(pane)} is no zellij pane id (such as "3" or "terminal_3")`,
      )
    await action('focus-pane-id', pane)
    return `pane ${pane} has the focus`
  }
  const { tab_index: index, tab_name: name } = command.args
  const names = await tabNames(action)
  // zellij does nothing for a tab that is not there, and calls that a success (its issue 3860).
  const isThere = index === undefined ? names.includes(name!) : index <= names.length
  if (names.length > 0 && !isThere) throw noSuchTab(index ?? name!, names)
  if (index !== undefined) await action('go-to-tab', String(index))
  // A name may start with a dash.
  else await action('go-to-tab-name', '--', name!)
  return `tab ${index ?? JSON.stringify(name)} has the focus`
}

/** The names of the tabs in their order; none when this zellij does not tell them. */
async function tabNames(action: (...args: string[]) => Promise<string>): Promise<string[]> {
  const printed = await action('query-tab-names').catch(() => '')
  return printed.split('\n').filter((line) => line !== '')
}
