import type { Lifecycle } from '../wire/messages.js'
import { stateText } from './lifecycle-look.js'
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

/** Columns of a lifecycle as glyph and word. */
const stateColumns = 13
const between = '  '

/** A column of the table behind the state. */
interface Column {
  readonly head: string
  readonly cells: readonly string[]
  /** It is never narrower than this, unless it is left out; absent for one that is only shown whole. */
  readonly least?: number
}

/** No column but the last is wider than this. */
const columnMax = 24
/** Columns that the last one keeps while there is anything else to leave out. */
const whatColumns = 16
/** What is left out where a terminal is too narrow, one after the other. */
const leftOut = ['PANE', 'CHANGES', 'PROJECT', 'SINCE', 'SESSION']

/**
 * All agents as a table, those that need the person first. In a terminal no line is wider than it: columns are cut,
 * then left out.
 */
export function table(rows: readonly Row[], nowMs: number, look: Look, hasSessions = false): string[] {
  if (rows.length === 0) return ['no agents yet; start one with: aoc-agent-wrap -- <command>']
  const sorted = [...rows].toSorted(byNeed)
  const column = (head: string, of: (row: Row) => string, least?: number): Column => ({
    head,
    cells: sorted.map(of),
    least,
  })
  const all = [
    ...(hasSessions ? [column('SESSION', ({ sessionId }) => sessionId, 7)] : []),
    column('LABEL', ({ label }) => label, 8),
    column('PANE', ({ paneId }) => paneId),
    column('PROJECT', where, 8),
    column('CHANGES', diffCell),
    column('SINCE', (row) => age(row, nowMs)),
    column('WHAT', told),
  ]
  const { columns, widths } = laidOut(all, roomOf(look) - stateColumns - between.length)
  const last = columns.length - 1
  const line = (state: string, cellOf: (column: Column) => string): string => {
    const rest = columns.map((column, i) => {
      const cell = cellOf(column)
      return i === last && widthOf(cell) <= widths[i]! ? cell : fit(cell, widths[i]!)
    })
    return cut([fit(state, stateColumns), ...rest].join(between), look)
  }
  return [
    line('STATE', ({ head }) => head),
    ...sorted.map((row, i) =>
      colored(
        line(stateText(row), ({ cells }) => cells[i]!),
        0,
        row.lifecycle,
        look,
      ),
    ),
  ]
}

/** Which columns have room, and how much each of them; the last one takes what is left. */
function laidOut(all: readonly Column[], room: number): { columns: Column[]; widths: number[] } {
  const whole = new Map(
    all.map((column, i) => {
      const widest = Math.max(widthOf(column.head), ...column.cells.map(widthOf))
      return [column, Math.min(i === all.length - 1 ? whatColumns : columnMax, widest)]
    }),
  )
  for (let without = 0; ; without++) {
    const columns = all.filter(({ head }) => !leftOut.slice(0, without).includes(head))
    const widths = columns.map((column) => whole.get(column)!)
    const used = (): number => widths.reduce((sum, width) => sum + width + between.length, -between.length)
    // The widest gives first.
    while (used() > room) {
      const most = columns.reduce(
        (best, { least = Infinity }, i) => (widths[i]! > Math.max(least, widths[best] ?? 0) ? i : best),
        -1,
      )
      if (most < 0) break
      widths[most]! -= 1
    }
    if (used() > room && without < leftOut.length) continue
    const last = widths.length - 1
    widths[last] = Math.max(1, widths[last]!, room - used() + widths[last]!)
    return { columns, widths }
  }
}

/** One change as a line, no wider than the terminal; null when a person would see none. */
export function changeLine(before: Row | undefined, after: Row, nowMs: number, look: Look): string | null {
  if (before !== undefined && seen(before) === seen(after)) return null
  const at = `${clock(nowMs)}${between}`
  const parts = [fit(stateText(after), stateColumns), `${after.label} (${after.paneId})`]
  if (told(after) !== '') parts.push(told(after))
  if (after.diff && diffCell(after) !== (before && diffCell(before))) parts.push(`[${diffCell(after)}]`)
  return colored(cut(at + parts.join(between), look), at.length, after.lifecycle, look)
}

/** The line of an agent that is gone, no wider than the terminal if it is told of one. */
export function removedLine(before: Row, nowMs: number, look?: Look): string {
  const parts = [clock(nowMs), fit('- removed', stateColumns), `${before.label} (${before.paneId})`]
  return look === undefined ? parts.join(between) : cut(parts.join(between), look)
}

/** A line with its state in colour. All before it and in it takes one UTF-16 unit a column. */
function colored(line: string, from: number, lifecycle: Lifecycle, { color }: Look): string {
  const state = line.slice(from, from + stateColumns)
  if (!color || state === '') return line
  return `${line.slice(0, from)}\u001b[${colors[lifecycle]}m${state}\u001b[0m${line.slice(from + stateColumns)}`
}

/** Columns there are; a terminal that does not know its size says 0. */
function roomOf({ columns }: Look): number {
  return columns > 0 ? columns : Number.POSITIVE_INFINITY
}

function cut(line: string, look: Look): string {
  const room = roomOf(look)
  return (widthOf(line) <= room ? line : fit(line, room)).trimEnd()
}

function seen(row: Row): string {
  return JSON.stringify([stateText(row), row.label, told(row), where(row), diffCell(row)])
}

/** What it is about; of one that waits also what kind of an answer it wants. */
function told({ lifecycle, attention, detail, snippet }: Row): string {
  const text = detail && snippet && detail !== snippet ? `${detail} — ${snippet}` : detail || snippet
  return lifecycle === 'needs_input' ? [attention, text].filter(Boolean).join(': ') : text
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
