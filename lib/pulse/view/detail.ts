import { stateText } from '../lifecycle-look.js'
import { agentUnderCursor } from '../model/lists.js'
import { findAgent, type Model } from '../model/model.js'
import { blindNote } from '../model/notes.js'
import { duration, fit, widthOf, wrap } from '../text.js'
import type { Grid, Span } from './grid.js'
import type { Area } from './list.js'
import { changeSpans, lifecycleStyle, tells, wantsStyle, wantsText, whereText } from './overview.js'
import { faint, plain, strong, style } from './style.js'

/** More on the agent under the cursor than its row has room for. */
export function drawDetail(grid: Grid, area: Area, model: Model): void {
  const { x, y, columns } = area
  grid.fill(x, y, x + columns, faint, '─')
  const ref = agentUnderCursor(model)
  const agent = ref === null ? null : findAgent(model, ref)
  if (ref === null || agent === null) return
  const { row } = agent
  const layout = model.sessions.get(ref.sessionId)?.layout ?? null
  const end = x + columns
  grid.putAll(
    x + 1,
    y,
    [
      [` ${row.label} `, strong],
      [`${whereText(row, layout)} `, faint],
    ],
    end,
  )
  const age = row.sinceMs === null ? '' : ` for ${duration(model.nowMs - row.sinceMs)}`
  const first: Span[] = [
    [stateText(row), lifecycleStyle(row)],
    [age, faint],
  ]
  const wants = wantsText(row)
  const room = columns - 4 - widthOf(stateText(row)) - widthOf(age)
  // What it wants goes on below, where nothing else is to be told.
  const second = tells(row) || wants === '' ? row.snippet : rest(wants, room)
  const start =
    second === '' || tells(row) || wants === '' ? wants : wants.slice(0, wants.length - second.length)
  if (start !== '') first.push(['  ', plain], [start, wantsStyle(row)])
  putCut(grid, x + 1, y + 1, first, end)
  putCut(grid, x + 1, y + 2, [[second, tells(row) || wants === '' ? plain : wantsStyle(row)]], end)
  const where: Span[] = [[row.projectRoot || row.project, faint]]
  if (row.branch !== '') where.push(['  on ', faint], [row.branch, plain])
  if (row.diff !== null) where.push(['  ', plain], ...changeSpans(row))
  where.push([`  ${row.agentId}`, faint])
  const note = blindNote(row.blind)
  if (note !== null) where.push(['  ', plain], [note.what, note.tone === 'info' ? faint : style('warning')])
  putCut(grid, x + 1, y + 3, where, end)
}

/** What of a text does not fit into so many columns, from a word on. */
function rest(text: string, columns: number): string {
  if (widthOf(text) <= columns) return ''
  const first = wrap(text, Math.max(1, columns), 40)[0] ?? ''
  return text.slice(first.length).trimStart()
}

/** Puts spans, and ends the last that fits with `…`. */
function putCut(grid: Grid, x: number, y: number, spans: readonly Span[], end: number): void {
  let at = x
  for (const [text, of] of spans) {
    const room = end - at
    if (room <= 0) return
    at = grid.put(at, y, widthOf(text) > room ? fit(text, room) : text, of, end)
  }
}
