import { randomBytes } from 'node:crypto'
import type { LayoutTab } from '../wire/messages.js'
import type { Run } from './run-program.js'
import { inUtf8 } from './tmux.js'

/** tmux(1), "FORMATS". The three that a program in a pane or a person has a say in come last. */
const fields = [
  'window_index',
  'window_active',
  'pane_id',
  'pane_active',
  'window_name',
  'pane_title',
  'pane_current_command',
]

/** The windows of a session and their panes, by one `list-panes`. @throws {CommandError} when tmux says no. */
export async function readTmuxLayout(sessionId: string, run: Run): Promise<LayoutTab[]> {
  // A command's name may hold tabs and line ends: what stands between the fields is a word that nobody knows.
  const separator = randomBytes(12).toString('hex')
  const format = fields.map((field) => `${separator}#{${field}}`).join('')
  const args = ['list-panes', '-s', '-t', `=${sessionId}:`, '-F', format]
  return parseTmuxPanes(await inUtf8(run)('tmux', args), separator)
}

/** What `list-panes` printed, the separator before each field: pure. Panes that make no sense are passed over. */
export function parseTmuxPanes(text: string, separator: string): LayoutTab[] {
  const cells = text.split(separator).slice(1)
  const tabs = new Map<string, LayoutTab>()
  for (let at = 0; at + fields.length <= cells.length; at += fields.length) {
    const [window = '', isShown, pane = '', isActive, name = '', title = '', command = ''] = cells.slice(
      at,
      at + fields.length,
    )
    if (!/^\d+$/.test(window) || !/^%\d+$/.test(pane)) continue
    // A window that is linked into the session twice is two tabs; they come in the order in which they are shown.
    let tab = tabs.get(window)
    if (tab === undefined) {
      tab = { index: tabs.size + 1, name, active: isShown === '1', panes: [] }
      tabs.set(window, tab)
    }
    tab.panes.push({ pane_id: pane, title, command, focused: isActive === '1' })
  }
  return [...tabs.values()]
}
