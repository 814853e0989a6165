import type { Env } from '../wire/identity.js'
import { stateBytesMax } from '../wire/limits.js'
import type { LayoutPane, LayoutState, LayoutTab } from '../wire/messages.js'
import type { Run } from './run-program.js'
import { readTmuxLayout } from './tmux-layout.js'
import { multiplexerOf } from './which.js'
import { readZellijLayout } from './zellij-layout.js'

/** Characters of a tab's name, a pane's title or id, or a command. */
const textCharsMax = 128

/**
 * The tabs and panes of the session, as its multiplexer tells them; cut to what one frame takes, and without control
 * characters. @throws {CommandError} when the multiplexer does not run, says no, or hangs.
 */
export async function readLayout(sessionId: string, env: Env, run: Run): Promise<LayoutState> {
  const multiplexer = multiplexerOf(sessionId, env)
  const read = multiplexer === 'zellij' ? readZellijLayout : readTmuxLayout
  return fitLayout({ multiplexer, tabs: await read(sessionId, run) })
}

/** The layout with texts a person may see, and so much of it as fits one frame: pure. */
export function fitLayout({ multiplexer, tabs }: LayoutState): LayoutState {
  let room = stateBytesMax
  let leftOut = 0
  const takes = (value: object): boolean => {
    const bytes = Buffer.byteLength(JSON.stringify(value)) + ','.length
    if (bytes > room) return false
    room -= bytes
    return true
  }
  const kept: LayoutTab[] = []
  for (const { index, name, active, panes } of tabs) {
    const tab: LayoutTab = { index, name: cleaned(name), active, panes: [] }
    if (takes(tab)) {
      kept.push(tab)
      tab.panes = panes.map(cleanedPane).filter(takes)
    }
    leftOut += panes.length - tab.panes.length
  }
  return { multiplexer, tabs: kept, ...(leftOut > 0 && { panes_left_out: leftOut }) }
}

function cleanedPane(pane: LayoutPane): LayoutPane {
  const [id, title, command] = [pane.pane_id, pane.title, pane.command].map((text) => cleaned(text ?? ''))
  return {
    ...(id && { pane_id: id }),
    ...(title && { title }),
    ...(command && { command }),
    focused: pane.focused,
  }
}

/** A text without control characters and halves of characters, cut. */
function cleaned(text: string): string {
  const cut = text.slice(0, textCharsMax).replace(/[\ud800-\udbff]$/, '')
  return cut
    .replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .toWellFormed()
    .trim()
}
