import type { ScreenReading } from './profile.js'

/**
 * What opencode's screen shows, for when its events do not come. Read from the bottom up, where it always draws its
 * dialogs and its prompt: nothing that stands in the conversation counts. Shapes of 1.18.33, as its terminal showed them.
 */
export function opencodeScreen(lines: readonly string[]): ScreenReading | null {
  const edge = sidebarColumn(lines)
  const shown = lines.map((line) => line.slice(0, edge).trimEnd())
  while (shown.length > 0 && barOnly.test(shown.at(-1)!)) shown.pop()
  return permissionDialog(shown) ?? questionDialog(shown) ?? promptLine(shown)
}

/** In a terminal of more than 120 columns a sidebar stands at the right, and says at its end what it is of. */
function sidebarColumn(lines: readonly string[]): number | undefined {
  const last = lines.findLast((line) => line.trim() !== '') ?? ''
  const at = last.search(/\s{2}• OpenCode \d\S*\s*$/u)
  return at === -1 ? undefined : at
}

/** An empty line, or one of a dialog: a bar at its left. */
const barOnly = /^\s*┃?\s*$/u
/** The keys under a permission; in a narrow terminal they stand in a line of their own, or are cut off at its edge. */
const permissionKeys = /(?:⇆ select|enter confirm|esc cancel)/u
const permissionTitle = /^\s*┃?\s+△ (?:Permission required|Always allow|Reject permission)$/u
const permissionChoices = /^\s*┃?\s+(?:Allow once\s+Allow always\s+Reject|Confirm\s+Cancel)(?:\s|$)/u
const questionKeys = /^\s*┃?\s+(?:⇆ tab\s+)?(?:↑↓ select\s+)?enter (?:submit|confirm|toggle)\s+esc dismiss$/u
const spinner = /^\s(?:\s+|[A-Z]+\s+)(?:[⬝■]{4,}|\[⋯\])\s/u
const interrupt = /\sesc (?:again to )?interrupt(?:\s|$)/u
const promptEdge = /^\s*╹▀{8,}$/u
const dialogLinesMax = 40

function permissionDialog(shown: readonly string[]): ScreenReading | null {
  const keys = shown.at(-1) ?? ''
  if (!permissionKeys.test(keys)) return null
  const title = titleAbove(shown, permissionTitle)
  if (title === null) return null
  const isRejecting = shown[title]!.endsWith('Reject permission')
  const hasChoices = shown.slice(-4).some((line) => permissionChoices.test(line))
  if (!hasChoices && !(isRejecting && /enter confirm\s+esc cancel$/u.test(keys))) return null
  const body = shown.slice(title + 1, -1).map(bare)
  const about = body.find((text) => text.startsWith('$ ')) ?? body.find((text) => text !== '')
  return { shows: 'asks', attention: 'permission', line: about ?? bare(shown[title]!) }
}

function questionDialog(shown: readonly string[]): ScreenReading | null {
  if (!questionKeys.test(shown.at(-1) ?? '')) return null
  const block = shown.slice(blockStart(shown))
  const first = block.map(bare).find((text) => text !== '' && !isTabs(text))
  return { shows: 'asks', attention: 'question', line: first ?? 'a question' }
}

/** Several questions have a line of tabs above them, which ends with the one to confirm all. */
function isTabs(text: string): boolean {
  return /\s{2,}Confirm$/u.test(text)
}

/** The line under the prompt: a spinner and how to interrupt, else where it is. */
function promptLine(shown: readonly string[]): ScreenReading | null {
  const last = shown.at(-1) ?? ''
  if (spinner.test(last) && interrupt.test(last))
    return { shows: 'working', attention: null, line: bare(last) }
  const edge = shown.findLastIndex((line) => promptEdge.test(line))
  // Under it stand one line in a conversation, and a tip and the folder on the first screen.
  if (edge === -1 || shown.length - edge > 12) return null
  const under = shown[edge + 1] ?? ''
  if (interrupt.test(under)) return { shows: 'working', attention: null, line: bare(under) }
  return /\bcommands(?:\s|$)/u.test(under) ? { shows: 'ready', attention: null, line: bare(under) } : null
}

/** Where the dialog at the bottom has its title; null when it has none. */
function titleAbove(shown: readonly string[], title: RegExp): number | null {
  const start = Math.max(0, shown.length - dialogLinesMax)
  for (let i = shown.length - 1; i >= start; i--) if (title.test(shown[i]!)) return i
  return null
}

/** Where the lines with a bar at the bottom begin. */
function blockStart(shown: readonly string[]): number {
  let start = shown.length
  while (start > 0 && /^\s*┃/u.test(shown[start - 1]!)) start--
  return start
}

function bare(line: string): string {
  return line.replace(/^\s*┃/u, '').trim()
}
