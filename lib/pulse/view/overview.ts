import type { LayoutState } from '../../wire/messages.js'
import { glyphs, stateText } from '../lifecycle-look.js'
import { compactColumnsMax } from '../model/parts.js'
import { agentsOf, type Model, type Session } from '../model/model.js'
import { overviewItems, type OverviewItem } from '../model/order.js'
import type { Row } from '../row.js'
import { duration, fit, widthOf } from '../text.js'
import { countSpans } from './counts.js'
import type { Grid, Span } from './grid.js'
import type { Area, ListView } from './list.js'
import { accent, faint, on, plain, strong, style, type Style } from './style.js'

type Column = 'state' | 'glyph' | 'label' | 'what' | 'project' | 'changes' | 'age' | 'where'

const heads: Record<Column, string> = {
  state: 'STATE',
  glyph: '',
  label: 'LABEL',
  what: 'WHAT',
  project: 'PROJECT',
  changes: 'CHANGES',
  age: 'AGE',
  where: 'PANE',
}

/** The columns for so much room, with their greatest widths: what an agent wants comes before where it is. */
function columnsFor(columns: number): readonly (readonly [Column, number])[] {
  const age = ['age', 3] as const
  if (columns <= narrowColumnsMax) return [['glyph', 2], ['label', columns < 44 ? 9 : 14], ['what', 0], age]
  if (columns < 76) return [['state', 13], ['label', 12], ['what', 0], age]
  if (columns <= compactColumnsMax) return [['state', 13], ['label', 14], ['what', 0], ['changes', 12], age]
  const project = ['project', columns < 150 ? 22 : 32] as const
  const where = ['where', columns < 150 ? 12 : 20] as const
  return [['state', 13], ['label', 20], ['what', 0], project, ['changes', 16], age, where]
}

function isMeasurable(column: Column): column is Measurable {
  return column === 'label' || column === 'project' || column === 'changes' || column === 'where'
}

function gapAfter(column: Column): number {
  return column === 'glyph' ? 1 : 2
}

/** Columns narrower than this leave no room for the lifecycle's word. */
const narrowColumnsMax = 56

/** The agents, those that need the person first. */
export const overviewView: ListView<OverviewItem> = {
  items: overviewItems,
  head(grid, area, model) {
    let x = area.x
    for (const [column, width] of widthsOf(model, area.columns)) {
      const head = isNumber(column) ? heads[column].padStart(width) : heads[column]
      grid.put(x, area.y, fitted(head, width), faint, area.x + area.columns)
      x += width + gapAfter(column)
    }
    return 1
  },
  draw(item, isSelected, grid, area, model) {
    if (item.kind === 'session') return drawSession(item.session, item.agents, grid, area, model)
    let x = area.x
    for (const [column, width] of widthsOf(model, area.columns)) {
      const end = Math.min(x + width, area.x + area.columns)
      const spans = cell(column, item.agent.row, item.session, model)
      if (isNumber(column)) x = Math.max(x, end - sum(spans.map(([text]) => widthOf(text))))
      for (const [text, of] of spans) x = grid.put(x, area.y, fitted(text, end - x), on(isSelected, of), end)
      x = end + gapAfter(column)
    }
  },
  empty: emptyLines,
}

/** Numbers stand below each other by their last digit. */
function isNumber(column: Column): boolean {
  return column === 'changes' || column === 'age'
}

/** A text that is too long ends with `…`; others stay as they are. */
function fitted(text: string, columns: number): string {
  return columns <= 0 ? '' : widthOf(text) > columns ? fit(text, columns) : text
}

type Widths = readonly (readonly [Column, number])[]
const known = new WeakMap<Model['sessions'], Map<number, Widths>>()

/** The columns there is room for, with their widths. The same for all rows, whichever of them are seen. */
function widthsOf(model: Model, columns: number): Widths {
  let ofSessions = known.get(model.sessions)
  if (ofSessions === undefined) known.set(model.sessions, (ofSessions = new Map()))
  let widths = ofSessions.get(columns)
  if (widths === undefined) ofSessions.set(columns, (widths = newWidths(model, columns)))
  return widths
}

function newWidths(model: Model, columns: number): Widths {
  const widest = (column: Measurable, max: number): number => {
    let width = heads[column].length
    for (const session of model.sessions.values())
      for (const { row } of agentsOf(session).values())
        width = Math.max(
          width,
          column === 'where' ? widthOf(whereText(row, session.layout)) : widthsIn(row)[column],
        )
    return Math.min(width, max)
  }
  const measured = columnsFor(columns).map(([column, max]): [Column, number] => {
    if (column === 'what') return [column, 0]
    return [column, isMeasurable(column) ? widest(column, max) : max]
  })
  const roomOf = (widths: readonly [Column, number][]): number =>
    columns - sum(widths.map(([column, width]) => width + gapAfter(column))) + gapAfter('what')
  const withoutWhere = measured.filter(([column]) => column !== 'where')
  const fixed = roomOf(measured) < whatColumnsMin ? withoutWhere : measured
  const room = Math.max(0, roomOf(fixed))
  return fixed.map(([column, width]) => [column, column === 'what' ? room : width])
}

/** What an agent wants has so much room before it is said where it is. */
const whatColumnsMin = 40

type Measurable = 'label' | 'project' | 'changes' | 'where'
const rowWidths = new WeakMap<Row, Record<Exclude<Measurable, 'where'>, number>>()

/** The columns that a row's own texts take. */
function widthsIn(row: Row): Record<Exclude<Measurable, 'where'>, number> {
  let widths = rowWidths.get(row)
  if (widths !== undefined) return widths
  const widthAll = (spans: readonly Span[]): number => sum(spans.map(([text]) => widthOf(text)))
  widths = {
    label: widthOf(row.label),
    project: widthAll(projectSpans(row)),
    changes: widthAll(changeSpans(row)),
  }
  rowWidths.set(row, widths)
  return widths
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function cell(column: Column, row: Row, session: Session, model: Model): readonly Span[] {
  const { lifecycle } = row
  switch (column) {
    case 'glyph':
      return [[`${glyphs[lifecycle]}${row.isSure ? '' : '?'}`, lifecycleStyle(row)]]
    case 'state':
      return [[stateText(row), lifecycleStyle(row)]]
    case 'label':
      return [[row.label, row.hasEnded ? faint : strong]]
    case 'what':
      return whatSpans(row)
    case 'project':
      return projectSpans(row)
    case 'changes':
      return changeSpans(row)
    case 'age':
      return [[row.sinceMs === null ? '' : duration(model.nowMs - row.sinceMs), faint]]
    case 'where':
      return [[whereText(row, session.layout), faint]]
  }
}

function projectSpans({ project, branch }: Row): Span[] {
  return branch === ''
    ? [[project, plain]]
    : [
        [project, plain],
        [`@${branch}`, faint],
      ]
}

export function lifecycleStyle({ lifecycle }: Row): Style {
  return style(lifecycle, { bold: lifecycle === 'needs_input' || lifecycle === 'error' })
}

/** What it waits for, or what it does, and what it shows. */
export function whatSpans(row: Row): Span[] {
  const { lifecycle, snippet } = row
  const wants = wantsText(row)
  if (wants === '') return [[snippet, lifecycle === 'running' ? plain : faint]]
  const spans: Span[] = [[wants, wantsStyle(row)]]
  if (tells(row)) spans.push([` — ${snippet}`, faint])
  return spans
}

/** Whether the line it shows says more than its status: one that asks shows the furniture of its dialog. */
export function tells({ lifecycle, detail, snippet }: Row): boolean {
  return snippet !== '' && snippet !== detail && (lifecycle !== 'needs_input' || detail === '')
}

export function wantsStyle({ lifecycle }: Row): Style {
  if (lifecycle === 'error') return style('error', { bold: true })
  return lifecycle === 'needs_input' ? strong : plain
}

/** What it wants of the person, or what its status is about, in a phrase. */
export function wantsText({ lifecycle, attention, detail }: Row): string {
  if (lifecycle !== 'needs_input') return detail
  return [attention, detail].filter(Boolean).join(': ') || 'waits for you'
}

/** The files and lines it has changed. */
export function changeSpans({ diff }: Row): Span[] {
  if (diff === null) return []
  if (diff.files === 0) return [['clean', faint]]
  return [
    [`${diff.files}f `, faint],
    [`+${diff.additions}`, style('added')],
    [' ', plain],
    [`-${diff.deletions}`, style('removed')],
  ]
}

/** The tab and the pane it is in. */
export function whereText(row: Row, layout: LayoutState | null): string {
  const tab = tabOf(row.paneId, layout) || row.tab
  return tab === '' ? row.paneId : `${tab} ${row.paneId}`
}

function tabOf(pane: string, layout: LayoutState | null): string {
  const tab = layout?.tabs.find(({ panes }) => panes.some(({ pane_id: id }) => id === pane))
  return tab === undefined ? '' : `${tab.index}:${tab.name}`
}

function drawSession(session: Session, agents: number, grid: Grid, area: Area, model: Model): void {
  const end = area.x + area.columns
  const x = grid.put(area.x, area.y, fitted(session.id, area.columns), accent, end)
  const rows = [...agentsOf(session).values()].map(({ row }) => row)
  const spans: Span[] = [['  ', plain], ...countSpans(rows, false)]
  const at = grid.putAll(x, area.y, spans, end)
  const said = session.link.kind === 'live' ? (agents === 0 ? 'no agents' : '') : 'no hub'
  if (said !== '' && !(model.filter !== '' && agents === 0)) grid.put(at + 2, area.y, said, faint, end)
}

function emptyLines(model: Model): string[] {
  if (model.filter !== '') return [`No agent matches "${model.filter}".`, 'Esc clears the filter.']
  const [session] = model.sessions.values()
  if (session === undefined)
    return ['No hub of yours runs.', 'One starts with the first agent: aoc-agent-wrap -- claude']
  const { link, local } = session
  const start = 'Start one in another pane: aoc-agent-wrap -- claude   (or codex, gemini, any command)'
  if (link.kind === 'live') return [`No agents in session ${session.id} yet.`, start]
  if (local !== null) return ['No hub answers, and no agent is found on this machine.', start]
  if (link.kind === 'connecting') return [`Connecting to the hub of session ${session.id} …`]
  return [
    `No hub of session ${session.id} answers (${link.reason}).`,
    `Start one with: aoc-hub --session ${session.id}`,
  ]
}
