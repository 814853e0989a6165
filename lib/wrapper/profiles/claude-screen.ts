import type { Asking } from '../lifecycle/signal.js'
import type { ScreenReading } from './profile.js'

/**
 * What Claude Code's screen shows. It is told by the shape of what stands at the bottom, never by words alone:
 * - a dialog stands in the place of the prompt box: options with one selected, `❯ 1. Yes`, and a footer of keys
 *   (captures of 2.1.88 to 2.1.283; herdrdev/herdr, distribution/agent-detection/claude.toml)
 * - the prompt box, `❯` between two rules, is there also while it works; what stands right above it tells.
 */
export function readClaudeScreen(lines: readonly string[]): ScreenReading | null {
  const filled = lines.map((line) => line.trimEnd()).filter((line) => line !== '')
  const bottom = filled.slice(-footerLinesMax)
  if (bottom.some((line) => transcript.test(line))) return null
  const box = promptBoxIn(filled)
  if (box !== null) return activityAbove(filled.slice(0, box))
  return bottom.some((line) => otherProgram.test(line)) ? null : dialogIn(filled)
}

const option = /^\s*(?:❯\s*)?(\d)\. +\S/
/** Ctrl-O: prose to the bottom. */
const transcript = /^\s*Showing detailed transcript\b/
/** What vi and less end a screen with: Ctrl-G starts the person's editor. */
const otherProgram =
  /^(?:~$|:$|\(END\)$|--More--|-- (?:INSERT|NORMAL|VISUAL|REPLACE)|".+" (?:\[.+\] )?\d+L\b)/
/** More options, with their descriptions, than any dialog has lines of. */
const dialogLinesMax = 60
/** `ctrl+g to edit`, `Esc to cancel`. */
const keyHint = /\b(?:ctrl|shift|tab|esc|enter)\b(?:\+| to\b)/i
/** A footer is one line, more where the terminal is narrow. */
const footerLinesMax = 4

function isRule(line: string): boolean {
  return line.endsWith('─') && /^\s*─{4}/.test(line)
}

/** @returns where the prompt box begins: a rule, its text from `❯` on, a rule and at most a few lines of hints. */
function promptBoxIn(lines: readonly string[]): number | null {
  const bottom = lines.findLastIndex(isRule)
  if (bottom < 2 || lines.length - bottom > 8) return null
  const top = lines.slice(0, bottom).findLastIndex(isRule)
  return top !== -1 && /^[❯!#>](?:\s|$)/.test(lines[top + 1] ?? '') && !hasOptions(lines.slice(top, bottom))
    ? top
    : null
}

function isSelected(line: string): boolean {
  return line.trimStart().startsWith('❯') && option.test(line)
}

function hasOptions(lines: readonly string[]): boolean {
  return lines.filter((line) => option.test(line)).length > 1
}

function dialogIn(lines: readonly string[]): ScreenReading | null {
  const bottom = lines.slice(-dialogLinesMax)
  const selected = bottom.findLastIndex((line) => isSelected(line))
  if (selected === -1) return formIn(bottom)
  const first = firstOption(bottom, selected)
  if (first === null) return null
  // A question may take several lines where the terminal is narrow.
  const above = bottom.slice(Math.max(0, first - 4), first)
  const asked = above.map((line) => line.trim()).join(' ')
  const last = bottom.findLastIndex((line) => option.test(line))
  const below = bottom.slice(last + 1)
  const keys = below
    .slice(-footerLinesMax)
    .map((line) => line.trim())
    .join(' ')
  const attention = attentionOf(asked, keys, bottom.slice(first, last + 1), below.length)
  return attention === null
    ? null
    : { shows: 'asks', attention, line: questionIn(above) ?? bottom[selected]!.trim() }
}

/** @returns the line of option 1, from which the options are numbered on without a gap; null when they are not. */
function firstOption(lines: readonly string[], selected: number): number | null {
  const numbered = lines.flatMap((line, at) => {
    const number = Number(option.exec(line)?.[1] ?? 0)
    return number > 0 ? [{ at, number }] : []
  })
  const start = numbered.findLastIndex(({ at, number }) => at <= selected && number === 1)
  const options = numbered.slice(start)
  const isWhole = start !== -1 && options.length > 1 && options.every(({ number }, i) => number === i + 1)
  return isWhole ? options[0]!.at : null
}

function attentionOf(
  asked: string,
  keys: string,
  options: readonly string[],
  linesBelow: number,
): Asking | null {
  const escapes = /\bEsc to (?:cancel|exit|reject)\b/i.test(keys) || /\(esc\)\s*$/.test(options.at(-1) ?? '')
  const isLast = linesBelow === 0 || (linesBelow <= footerLinesMax && keyHint.test(keys))
  // The plan's dialog has other footers than the rest, and at times none; all of it is indented, unlike what is typed.
  if (asked.endsWith('Would you like to proceed?'))
    return isLast && options.every((line) => line.startsWith(' ')) ? 'plan' : null
  if (asked.endsWith('Ready to submit your answers?'))
    return isLast && /\d\. +Submit answers$/.test(options[0]!) ? 'question' : null
  if (!escapes || linesBelow > 2 * footerLinesMax) return null
  if (/\bEnter to select\b.*\bto navigate\b/i.test(keys)) return 'question'
  if (/\bDo you want to .*\?$/.test(asked) || /\bwants to\b/.test(asked) || /\bTab to amend\b/i.test(keys))
    return 'permission'
  // Whether a folder, or an MCP server, is trusted.
  if (/\bEnter to confirm\b/i.test(keys))
    return /\btrust\b/i.test(options.join(' ')) ? 'permission' : 'question'
  return null
}

/** A form of an MCP server has buttons. Claude Code docs, MCP, "elicitation"; herdrdev/herdr#3283. */
function formIn(lines: readonly string[]): ScreenReading | null {
  const header = lines.findLastIndex((line) => /^\s*MCP server ["“].+["”] requests your input$/.test(line))
  if (header === -1) return null
  const form = lines.slice(header)
  const hasButtons = form.some((line) => /^\s*(?:❯\s*)?(?:Accept|Decline)\b/.test(line))
  const keys = form
    .slice(-footerLinesMax)
    .map((line) => line.trim())
    .join(' ')
  return hasButtons && /\bEsc to cancel\b/i.test(keys)
    ? { shows: 'asks', attention: 'question', line: lines[header]!.trim() }
    : null
}

/** The question above the options, of whichever lines it takes. */
function questionIn(lines: readonly string[]): string | null {
  const start = lines.findLastIndex((line) => /^\s*(?:Do you want to|Would you like to)\b/.test(line))
  if (start !== -1)
    return lines
      .slice(start)
      .map((line) => line.trim())
      .join(' ')
  return lines.findLast((line) => line.endsWith('?'))?.trim() ?? null
}

/** `✻ Cogitating… (12s · ↓ 156 tokens)`: flush left, unlike all that people and Claude write. */
const working = /^[·✢✳✶✻✽*] \S.*…(?: \(.*)?$/
const waitingBehind = /^[·✢✳✶✻✽*] Waiting for \d+ background agents? to finish$/
/** `✻ Cooked for 1m 6s` */
const turnEnded = /^[✳✶✻✽] \p{Lu}\p{L}+ for \d+[smh](?: \d+[smh])*(?: · .*)?$/u
const interrupted = /^\s+⎿\s+Interrupted · What should Claude do instead\?$/
/** Beneath the call, before what would have been written. */
const rejected = /^\s+⎿\s+User rejected \S/

/** What the lines above the prompt box tell: the last of them, but for the indented tips and tasks of a working line. */
function activityAbove(lines: readonly string[]): ScreenReading | null {
  const last = lines.at(-1) ?? ''
  const at = lines.findLastIndex((line) => !/^\s/.test(line))
  const flush = lines[at] ?? ''
  const beneath = lines[at + 1] ?? ''
  const isWork = working.test(flush) || waitingBehind.test(flush)
  const told = [
    { shows: 'ready', line: last, is: interrupted.test(last) },
    { shows: 'working', line: flush, is: isWork },
    { shows: 'ready', line: last, is: turnEnded.test(last) },
    { shows: 'ready', line: beneath, is: rejected.test(beneath) },
  ] as const
  const found = told.find(({ is }) => is)
  return found === undefined ? null : { shows: found.shows, attention: null, line: found.line.trim() }
}
