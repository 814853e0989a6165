import type { HubCommand } from '../wire/commands.js'
import type { Run } from './run-program.js'

/** zellij(1), "CLI actions": go-to-tab counts from 1; focus-pane-with-id is not in every version, which then says so. */
export async function focusZellij(command: HubCommand, sessionId: string, run: Run): Promise<string> {
  const action = (...args: string[]): Promise<string> =>
    run('zellij', ['--session', sessionId, 'action', ...args])
  if (command.name === 'focus_pane') {
    await action('focus-pane-with-id', command.args.pane_id)
    return `pane ${command.args.pane_id} has the focus`
  }
  const { tab_index: index, tab_name: name } = command.args
  if (index !== undefined) await action('go-to-tab', String(index))
  else await action('go-to-tab-name', name!)
  return `tab ${index ?? JSON.stringify(name)} has the focus`
}
