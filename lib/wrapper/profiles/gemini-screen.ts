import type { Asking } from '../lifecycle/signal.js'
import { oneLine } from './detail.js'
import type { ScreenReading } from './profile.js'

/** Under a dialog there are at most some hints. */
const hintsMax = 4
/** Rows that the status may take over the prompt. */
const statusRowsMax = 4

/**
 * What the bottom of Gemini CLI's screen shows: a dialog, which takes the place of the prompt, or the prompt with the
 * status over it. Texts of 0.61.0: cli/src/ui/components. In `--screen-reader` there are no boxes, and nothing is read.
 */
export function geminiScreen(lines: readonly string[]): ScreenReading | null {
  const shown = lines.map((line) => line.trimEnd())
  return dialog(shown) ?? prompt(shown)
}

/** The content of the box at the bottom; null when there is none. */
function boxAtBottom(lines: readonly string[]): string[] | null {
  let bottom = lines.length - 1
  for (let hints = 0; bottom >= 0 && !/^ {0,2}╰─+╯$/u.test(lines[bottom]!); bottom--)
    if (lines[bottom] !== '' && (++hints > hintsMax || isPrompt(lines[bottom]!))) return null
  if (bottom < 0) return null
  const column = lines[bottom]!.indexOf('╰')
  const content: string[] = []
  for (let at = bottom - 1; at >= 0; at--) {
    const line = lines[at]!
    if (line[column] === '╭') break
    if (line[column] !== '│' || !line.endsWith('│')) return null
    content.unshift(line.slice(column + 1, -1).trim())
  }
  return content
}

/** `● 1. Allow once`, the one that Enter takes; in others the sign is a space. shared/BaseSelectionList.tsx */
const markedOption = /^● {1,2}\d+\. {1,2}(\S.*)$/u
const option = /^(?:● {1,2})?\d+\. {1,2}(\S.*)$/u
/** shared/DialogFooter.tsx */
const footer = /^Enter to (?:select|submit)(?: · .*)? · Esc to cancel$/u

function dialog(lines: readonly string[]): ScreenReading | null {
  const box = boxAtBottom(lines)?.filter((line) => line !== '')
  if (box === undefined) return null
  const options = box.flatMap((line) => option.exec(line)?.[1] ?? [])
  const isMarked = box.some((line) => markedOption.test(line))
  const hasFooter = footer.test(box.at(-1) ?? '')
  const asks = (attention: Asking, line: string): ScreenReading => ({
    shows: 'asks',
    attention,
    line: oneLine(line),
  })

  // The plan, of any length and with any lists, stands over its options.
  if (hasFooter && options.includes('Yes, automatically accept edits')) return asks('plan', planHeading(box))
  if (hasFooter && (box[0] ?? '').startsWith('Answer Questions')) return asks('question', questionIn(box))
  if (!isMarked) return null
  if (options.at(-1) === 'No, suggest changes (esc)' && option.test(box.at(-1)!))
    return asks('permission', permissionIn(box))
  if (box.includes('Do you trust the files in this folder?') && options.at(-1) === "Don't trust")
    return asks('permission', 'Do you trust the files in this folder?')
  if (
    box.includes('How would you like to authenticate for this project?') &&
    box.includes('(Use Enter to select)')
  )
    return asks('question', 'How would you like to authenticate for this project?')
  if (options[0] === 'Keep loop detection enabled (esc)')
    return asks('question', 'A potential loop was detected')
  // ConsentPrompt.tsx
  if (hasFooter && options.join(' ') === 'Yes No') return asks('question', box[0]!)
  return null
}

/** The tool and its main argument, in the head: `? Shell  ls -l`, or after `Action Required`. */
function permissionIn(box: readonly string[]): string {
  const tool = box.slice(0, 2).find((line) => /^\? +\S/u.test(line))
  const question = box.findLast((line) =>
    /^(?:Allow execution of|Apply this change\?|Do you want to proceed\?)/u.test(line),
  )
  const name = tool
    ?.replace(/^\? +/u, '')
    .replace(/ +\d+ of \d+$/u, '')
    .replace(/ {2,}/u, ': ')
  return name ?? question ?? 'Action Required'
}

/** What stands under the head, up to the options. AskUserDialog.tsx */
function questionIn(box: readonly string[]): string {
  // With several questions there are tabs: `← □ Colour │ □ Size │ ≡ Review →`.
  const rest = box.slice(1).filter((line) => !/^← .* →$/u.test(line))
  const end = rest.findIndex((line) => option.test(line) || footer.test(line) || /^[>❯]/u.test(line))
  return rest.slice(0, end === -1 ? 1 : end).join(' ') || 'Answer Questions'
}

function planHeading(box: readonly string[]): string {
  return (
    box.find((line) => !line.startsWith('Ready to start implementation?'))?.replace(/^#+ */u, '') ?? 'a plan'
  )
}

/** The line that is typed into: ` >   Type your message`, `*` when all is allowed, `!` for a shell. */
function isPrompt(line: string): boolean {
  return /^ ?[>*!](?: |$)/u.test(line)
}

/** The prompt stands between the status, with a rule under it, and the footer. Composer.tsx, LoadingIndicator.tsx */
function prompt(lines: readonly string[]): ScreenReading | null {
  const rule = lines.findLastIndex((line) => /^─{10,}$/u.test(line))
  if (rule === -1 || !lines.slice(rule + 1).some(isPrompt)) return null
  const status = lines.slice(Math.max(0, rule - statusRowsMax), rule)
  // Takes the place of the status when a shell command was silent for 5 s: a guess, which the title shares after 30 s.
  // cli/src/ui/hooks/usePhraseCycler.ts, StatusRow.tsx
  if (status.some((line) => /^ ?! Shell awaiting input \(Tab to focus\)$/u.test(line)))
    return { shows: 'working', attention: null, line: 'its shell may wait for input' }
  const working = status.findLast((line) => /\(esc to cancel, \d+[smh]/u.test(line))
  if (working !== undefined)
    return { shows: 'working', attention: null, line: oneLine(working.replace(/\? for shortcuts$/u, '')) }
  // With the person in a command's own terminal nothing says so but the sign of the tool that runs.
  if (lines.slice(0, rule).some((line) => /^ ?│ ⊶ /u.test(line))) return null
  return { shows: 'ready', attention: null, line: 'the prompt' }
}
