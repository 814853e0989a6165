import type { Asking } from '../lifecycle/signal.js'
import type { ScreenReading } from './profile.js'

/**
 * What Codex's screen shows. It is told by the shape of what stands at the bottom, never by words alone: a dialog takes
 * the place of the composer (`› …`) and of the lines under it, and ends in a footer of its keys.
 * Sources: captures of 0.169.0; openai/codex, codex-rs/tui, snapshots under bottom_pane and chatwidget.
 */
export function readCodexScreen(lines: readonly string[]): ScreenReading | null {
  const filled = lines.map((line) => line.trimEnd()).filter((line) => line !== '')
  return dialogIn(filled) ?? activityIn(filled)
}

/** `› 1. Yes, proceed (y)`; the sign before the selected one was another in some dialogs. */
const option = /^\s{0,4}([›❯>])?\s*(\d{1,2})\. +\S/
/** More lines than a dialog's options, with their descriptions, have. */
const optionLinesMax = 30
/** How far up from the options the question may stand: a command, or a change, is shown between. */
const headLinesMax = 40

interface Dialog {
  /** The keys, the last line or two. */
  foot: RegExp
  /** The question; it stands above the options. */
  head: RegExp
  attention: Asking
}

const dialogs: readonly Dialog[] = [
  {
    foot: /^Press enter to confirm or esc to cancel$/i,
    head: /^(?:Would you like to (?:run|make|grant|send)\b|Do you want to approve network access to )|\bneeds your approval\.$/,
    attention: 'permission',
  },
  // A tool of an MCP server.
  { foot: /^(?:.+ \| )?enter to submit \| esc to cancel$/i, head: /^Allow .+\?$/, attention: 'permission' },
  {
    foot: /^(?:enter select · esc back|Press enter to confirm or esc to go back)$/i,
    head: /^Implement this plan\?$/,
    attention: 'plan',
  },
  // Before it starts.
  {
    foot: /^enter confirm · esc skip$|^Press enter to .*\besc to skip$/i,
    head: /^Hooks need review$/,
    attention: 'permission',
  },
  {
    foot: /^Press enter to continue$/i,
    head: /^Do you trust the contents of this directory\?/,
    attention: 'permission',
  },
  { foot: /^Press enter to continue$/i, head: /\bUpdate available!/, attention: 'question' },
]

function dialogIn(lines: readonly string[]): ScreenReading | null {
  const form = formIn(lines)
  if (form !== null) return form
  const foot = (lines.at(-1) ?? '').trim()
  const fitting = dialogs.filter((dialog) => dialog.foot.test(foot))
  const first = fitting.length === 0 ? null : firstOption(lines)
  if (first === null) return null
  const above = lines.slice(Math.max(0, first - headLinesMax), first).map((line) => line.trim())
  for (const { head, attention } of fitting) {
    const at = above.findLastIndex((line) => head.test(line))
    if (at !== -1) return { shows: 'asks', attention, line: wantedIn(above.slice(at)) }
  }
  return null
}

/** @returns the line of option 1, from which they are numbered on, with one selected; null when they are not there. */
function firstOption(lines: readonly string[]): number | null {
  const from = Math.max(0, lines.length - optionLinesMax)
  const options = lines.slice(from).flatMap((line, i) => {
    const [, mark, number] = option.exec(line) ?? []
    return number === undefined
      ? []
      : [{ at: from + i, number: Number(number), isSelected: mark !== undefined }]
  })
  const block = options.slice(options.findLastIndex(({ number }) => number === 1))
  const isWhole = block.length > 1 && block.every(({ number }, i) => number === i + 1)
  return isWhole && block.filter(({ isSelected }) => isSelected).length === 1 ? block[0]!.at : null
}

/** What it wants: the command, else the question. */
function wantedIn(dialog: readonly string[]): string {
  const command = dialog.find((line) => line.startsWith('$ '))
  return command?.slice(2) ?? dialog[0]!
}

const escapes = /\besc:? (?:to )?(?:interrupt|cancel)$/i

/** `Question 1/2 (2 unanswered)` of the agent, or `Field 1/1` of an MCP server, down to the keys that submit it. */
function formIn(lines: readonly string[]): ScreenReading | null {
  const keys = lines
    .slice(-3)
    .map((line) => line.trim())
    .join(' ')
  const isEnd = /\b(?:enter:? (?:to )?submit|to submit (?:answer|all))\b/i.test(keys) && escapes.test(keys)
  const head = lines.findLastIndex((line) => /^ {0,2}(?:Question|Field) \d+\/\d+\b/.test(line))
  if (!isEnd || head === -1 || lines.length - head > headLinesMax + optionLinesMax) return null
  const below = lines.slice(head + 1, -1).map((line) => line.trim())
  // A header may come before the question.
  const question = below.slice(0, 4).find((line) => line.endsWith('?')) ?? below[0]
  const isAllowed = question !== undefined && /^Allow .+\?$/.test(question)
  return {
    shows: 'asks',
    attention: isAllowed ? 'permission' : 'question',
    line: question ?? lines[head]!.trim(),
  }
}

/** The composer and what stands under it: its state, hints, a list of commands. */
const belowComposerMax = 14
/** Messages that wait for the turn's end stand between the working line and the composer. */
const queuedLinesMax = 8
/** `• Working (1m 02s • esc to interrupt)`; the first word may be what it thinks about. */
const working = /^[•◦] \S.* \((?:\d+h )?(?:\d+m )?\d+s • esc to interrupt\)/
/** On the working line, or in its place. */
const background = /(?:^ {2}| · )([0-9]{1,3}) background terminals? running(?: ·|…|$)/
const turnEnded = /^[\s─]*Worked for \S/

/** What the lines above the composer tell. */
function activityIn(lines: readonly string[]): ScreenReading | null {
  const composer = lines.findLastIndex((line) => /^[›!](?: |$)/.test(line))
  if (composer === -1 || option.test(lines[composer]!) || lines.length - composer > belowComposerMax)
    return null
  const above = lines.slice(0, composer)
  const counts = above.slice(-queuedLinesMax).map((line) => background.exec(line)?.[1])
  const count = counts.findLast((found) => found !== undefined)
  const shown = shownAbove(above) ?? { shows: null, attention: null, line: '' }
  // A narrow terminal cuts the working line.
  if (count === undefined && shown.shows === 'working') return shown
  return { ...shown, background: Number(count ?? 0) }
}

function shownAbove(lines: readonly string[]): ScreenReading | null {
  const bottom = lines.slice(-queuedLinesMax)
  const status = bottom.findLast((line) => /^\S/.test(line)) ?? ''
  if (working.test(status)) return { shows: 'working', attention: null, line: status }
  // `■` begins what Codex itself says of an interrupt or a failure; the agent's text is indented, or begins with `•`.
  const last = bottom.findLast((line) => turnEnded.test(line) || /^\S/.test(line)) ?? ''
  if (last.startsWith('■ ')) return { shows: 'ready', attention: null, line: last.slice(2) }
  return turnEnded.test(last) || isUnused(lines)
    ? { shows: 'ready', attention: null, line: last.trim() || lines[0]!.trim() }
    : null
}

/** Nothing but its greeting stands there: no prompt, no answer, nothing that it has done. */
function isUnused(lines: readonly string[]): boolean {
  const isGreeted = lines.some((line) => line.includes('>_ OpenAI Codex (v'))
  return isGreeted && !lines.some((line) => /^[›•◦■✔✗⚠] /.test(line))
}
