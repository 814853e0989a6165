import { agentsOf, type Mode, type Model, type Session } from '../model/model.js'
import { isHeld, passes } from '../model/order.js'
import { compactColumnsMax, type Parts } from '../model/parts.js'
import type { Row } from '../row.js'
import { fit, widthOf } from '../text.js'
import { countSpans } from './counts.js'
import type { Grid, Span } from './grid.js'
import type { Hit } from './picture.js'
import { faint, plain, strong, style } from './style.js'

const names: Record<Mode, string> = { overview: 'Overview', work: 'Work', diff: 'Diff', health: 'Health' }
const digits: Record<Mode, string> = { overview: '1', work: '2', diff: '3', health: '4' }

/** The first rows: whose agents, how many in each lifecycle, where that is from; the modes; what is wrong. */
export function drawHeader(grid: Grid, parts: Parts, model: Model, hits: Hit[]): void {
  const { columns } = model
  const isWide = columns > compactColumnsMax
  const rows = [...model.sessions.values()].flatMap((session) =>
    [...agentsOf(session).values()].map(({ row }) => row),
  )
  const counts = countSpans(rows, isWide)
  const countsWidth = counts.reduce((sum, [text]) => sum + widthOf(text), 0)
  const source = sourceSpan(model)
  const sourceWidth = widthOf(source[0])
  const room = columns - countsWidth - sourceWidth - 4
  const name = titleOf(model)
  // On a narrow screen the counts come first: they are the answer.
  let x = 0
  if (room >= 6) x = grid.put(0, parts.header, widthOf(name) > room ? fit(name, room) : name, strong) + 2
  grid.putAll(x, parts.header, counts)
  if (x + countsWidth + sourceWidth + 1 <= columns) grid.putAll(columns - sourceWidth, parts.header, [source])
  if (parts.hasTabs) drawTabs(grid, parts.header + 1, model, hits)
  if (parts.banner !== null) {
    const { y, text } = parts.banner
    grid.put(0, y, fit(`! ${text}`, columns), style('warning'))
  }
}

/** How many that need the person the filter hides. */
function hiddenText(model: Model): string {
  if (model.mode !== 'overview' || model.filter === '') return ''
  const asks = (row: Row): boolean => row.lifecycle === 'needs_input'
  const all = [...model.sessions.values()].flatMap((session) =>
    [...agentsOf(session).values()].filter(({ row }) => asks(row)),
  )
  const hidden = all.filter(({ row }) => !passes(row, model.filter)).length
  return hidden === 0 ? '' : `${hidden} hidden ${hidden === 1 ? 'needs' : 'need'} you`
}

function titleOf(model: Model): string {
  const [session] = model.sessions.values()
  if (!model.isAll) return session?.id ?? ''
  return model.sessions.size === 1 ? 'all: 1 session' : `all: ${model.sessions.size} sessions`
}

/** Where what is shown comes from, in a word. */
function sourceSpan(model: Model): Span {
  const sessions = [...model.sessions.values()]
  if (sessions.length > 0 && sessions.every(({ link }) => link.kind === 'live'))
    return ['live', style('running')]
  const [session] = sessions
  if (session === undefined) return ['no hub', style('warning')]
  if (sessions.length > 1) {
    const live = sessions.filter(({ link }) => link.kind === 'live').length
    return [`live ${live}/${sessions.length}`, style('warning')]
  }
  return [sourceWord(session), style('warning')]
}

function sourceWord({ link, local }: Session): string {
  if (local !== null) return 'local'
  return link.kind === 'connecting' || link.kind === 'live' || !link.wasLive ? 'connecting' : 'hub lost'
}

function drawTabs(grid: Grid, y: number, model: Model, hits: Hit[]): void {
  let x = 0
  for (const mode of model.modes) {
    const isShown = mode === model.mode
    const text = ` ${digits[mode]} ${names[mode]} `
    const of = isShown ? style('accent', { bold: true, selected: true }) : faint
    const end = grid.put(x, y, text, of)
    hits.push({ x, y, columns: end - x, rows: 1, intent: { kind: 'mode', mode } })
    x = end
  }
  const told = [
    hiddenText(model),
    model.filter !== '' && model.overlay?.kind !== 'filter' ? `filter: ${model.filter}` : '',
    model.mode === 'overview' && model.sort !== 'need' ? `by ${model.sort}` : '',
    model.mode === 'overview' && isHeld(model) ? 'order held' : '',
  ].filter(Boolean)
  if (told.length === 0) return
  const text = told.join(' · ')
  const room = grid.columns - x - 2
  if (room < 8) return
  const cut = widthOf(text) > room ? fit(text, room) : text
  grid.put(grid.columns - widthOf(cut), y, cut, model.filter === '' ? faint : plain)
}
