import { CommandError } from '../wire/errors.js'
import type { HubCommand } from '../wire/commands.js'
import { noSuchTab } from './no-such-tab.js'
import type { Run } from './run-program.js'

/** Runs tmux so that it prints what there is: without -u and a UTF-8 locale it prints `_` for every tab and every letter that is not ASCII. */
export const inUtf8 =
  (run: Run): Run =>
  (program, args) =>
    run(program, ['-u', ...args])

/**
 * tmux(1): panes have ids of their own on a server (`%3`); a tab is a window, counted here from 1 in the order of
 * the session's list whatever `base-index` says.
 */
export async function focusTmux(command: HubCommand, sessionId: string, runProgram: Run): Promise<string> {
  const run = inUtf8(runProgram)
  if (command.name === 'focus_pane') {
    const pane = command.args.pane_id
    if (!/^%\d+$/.test(pane))
      throw new CommandError(
        'invalid_args',
        `focus_pane: ${JSON.stringify(pane)} is no tmux pane id (such as "%3")`,
      )
    const at = await run('tmux', ['display-message', '-p', '-t', pane, '#{session_id}\t#{window_id}'])
    // tmux 3.3 prints an empty answer and no error for a pane that is not there.
    if (at.trim() === '') throw new CommandError('focus_failed', `tmux: no pane ${pane}`)
    await show(at, run)
    await run('tmux', ['select-pane', '-t', pane])
    return `pane ${pane} has the focus`
  }
  const { tab_index: index, tab_name: name } = command.args
  const format = '#{session_id}\t#{window_id}\t#{window_name}'
  const windows = (await run('tmux', ['list-windows', '-t', `=${sessionId}:`, '-F', format])).split('\n')
  const wanted =
    index === undefined ? windows.find((line) => line.split('\t')[2] === name) : windows[index - 1]
  if (!wanted)
    throw noSuchTab(
      index ?? name!,
      windows.map((line) => line.split('\t')[2] ?? ''),
    )
  await show(wanted, run)
  return `tab ${index ?? JSON.stringify(name)} has the focus`
}

/** Makes the window of a `session\twindow` line the one shown, also for a client that looks at another session. */
async function show(line: string, run: Run): Promise<void> {
  const [session = '', window = ''] = line.trim().split('\t')
  // An empty target is the current window: that would be a success that did nothing.
  if (!/^@\d+$/.test(window))
    throw new CommandError('focus_failed', `tmux: unexpected answer ${JSON.stringify(line)}`)
  await run('tmux', ['select-window', '-t', window])
  // Without a terminal attached there is nobody to switch.
  await run('tmux', ['switch-client', '-t', session]).catch(() => '')
}
