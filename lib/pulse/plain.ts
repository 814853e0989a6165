import type { Lifecycle } from '../wire/messages.js'
import { glyphs } from './lifecycle-look.js'
import { byNeed, type Row } from './row.js'
import { duration, fit, widthOf } from './text.js'

/** How text is shown; pure functions of what they are given. */
export interface Look {
  /** Whether colours may be used. */
  color: boolean
  /** Columns of the terminal; unlimited when it is none. */
  columns: number
}

/** SGR colours of the terminal's own palette; each has a glyph and a word beside it. */
const colors: Record<Lifecycle, string> = {
  needs_input: '33;1',
  error: '31',
  running: '32',
  idle: '36',
  offline: '90',
}

/** A lifecycle as glyph and word, 13 columns wide. */
export function lifecycleCell(lifecycle: Lifecycle, { color }: Look): string {
  const text = fit(`${glyphs[lifecycle]} ${lifecycle}`, 13)
  return color ? `\u001b[${colors[lifecycle]}m${text}\u001b[0m` : text
}

/** All agents as a table, those that need the person first. */
export function table(rows: readonly Row[], nowMs: number, look: Look, hasSessions = false): string[] {
  if (rows.length === 0) return ['no agents yet; start one with: aoc-agent-wrap -- <command>']
  const cells = [...rows].toSorted(byNeed).map((row) => ({
    lifecycle: lifecycleCell(row.lifecycle, look),
    rest: [
      ...(hasSessions ? [row.sessionId] : []),
      row.label,
      row.paneId,
      where(row),
      diffCell(row),
      age(row, nowMs),
      told(row),
    ],
  }))
  const heads = [...(hasSessions ? ['SESSION'] : []), 'LABEL', 'PANE', 'PROJECT', 'CHANGES', 'SINCE', 'WHAT']
  const last = heads.length - 1
  const widths = heads.map((head, i) =>
    Math.min(24, Math.max(widthOf(head), ...cells.map(({ rest }) => widthOf(rest[i]!)))),
  )
  widths[last] = Math.max(
    20,
    look.columns - 15 - widths.slice(0, last).reduce((sum, width) => sum + width + 2, 0),
  )
  const line = (first: string, rest: string[]): string =>
    `${first}  ${rest.map((cell, i) => (i === last && widthOf(cell) <= widths[last]! ? cell : fit(cell, widths[i]!))).join('  ')}`.trimEnd()
  return [line(fit('STATE', 13), heads), ...cells.map(({ lifecycle, rest }) => line(lifecycle, rest))]
}

/** One change as a line; null when a person would see none. */
export function changeLine(before: Row | undefined, after: Row, nowMs: number, look: Look): string | null {
  if (before !== undefined && seen(before) === seen(after)) return null
  const parts = [clock(nowMs), lifecycleCell(after.lifecycle, look), `${after.label} (${after.paneId})`]
  if (told(after) !== '') parts.push(told(after))
  if (after.diff && diffCell(after) !== (before && diffCell(before))) parts.push(`[${diffCell(after)}]`)
  return parts.join('  ').trimEnd()
}

/** The line of an agent that is gone. */
export function removedLine(before: Row, nowMs: number): string {
  return `${clock(nowMs)}  ${fit('- removed', 13)}  ${before.label} (${before.paneId})`
}

function seen(row: Row): string {
  return JSON.stringify([row.lifecycle, row.label, told(row), where(row), diffCell(row)])
}

function told({ detail, snippet }: Row): string {
  return detail && snippet && detail !== snippet ? `${detail} — ${snippet}` : detail || snippet
}

function where({ project, branch }: Row): string {
  return branch ? `${project}@${branch}` : project
}

function diffCell({ diff }: Row): string {
  if (diff === null) return ''
  return diff.files === 0 ? 'clean' : `${diff.files} +${diff.additions} -${diff.deletions}`
}

function age({ sinceMs }: Row, nowMs: number): string {
  return sinceMs === null ? '' : duration(nowMs - sinceMs)
}

function clock(nowMs: number): string {
  const at = new Date(nowMs)
  return [at.getHours(), at.getMinutes(), at.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':')
}
