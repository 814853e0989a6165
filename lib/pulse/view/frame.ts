import { cursorOf, topOf } from '../model/cursor.js'
import type { Intent } from '../model/intent.js'
import { itemsOf, type ModeItems } from '../model/lists.js'
import type { Mode, Model } from '../model/model.js'
import { partsOf } from '../model/parts.js'
import { wrap } from '../text.js'
import { drawDetail } from './detail.js'
import { diffView } from './diff.js'
import { drawFooter } from './footer.js'
import { Grid } from './grid.js'
import { drawHeader } from './header.js'
import { healthView } from './health.js'
import type { Area, Item, ListView } from './list.js'
import { drawOverlay } from './overlay.js'
import { overviewView } from './overview.js'
import { drawPatch } from './patch.js'
import type { Hit, Picture } from './picture.js'
import { faint, on, plain } from './style.js'
import { workView } from './work.js'

const views: { [M in Mode]: ListView<ModeItems[M]> } = {
  overview: overviewView,
  work: workView,
  diff: diffView,
  health: healthView,
}

/** Draws the whole screen. Pure: the same model gives the same picture. */
export function drawPicture(model: Model): Picture {
  const { columns, rows, overlay } = model
  const grid = new Grid(columns, rows)
  const hits: Hit[] = []
  if (columns < 1 || rows < 1) return { grid, cursor: null, hits }
  const parts = partsOf(model)
  const body: Area = { x: 0, y: parts.body.y, columns, rows: parts.body.rows }
  if (overlay?.kind === 'patch') drawPatch(grid, body, overlay, model)
  else drawList(grid, body, model, hits)
  if (parts.detail.rows > 0 && overlay?.kind !== 'patch')
    drawDetail(grid, { x: 0, y: parts.detail.y, columns, rows: parts.detail.rows }, model)
  drawHeader(grid, parts, model, hits)
  let cursor = drawFooter(grid, parts, model, hits)
  if (overlay !== null && overlay.kind !== 'patch' && overlay.kind !== 'filter') {
    // What lies below cannot be pressed.
    hits.length = 0
    cursor = drawOverlay(
      grid,
      { x: 0, y: parts.body.y, columns, rows: parts.footer - parts.body.y },
      model,
      hits,
    )
  }
  return { grid, cursor, hits }
}

/** What a press at a place means. */
export function hitAt(picture: Picture, x: number, y: number): Intent | null {
  const hit = picture.hits.findLast(
    (hit) => x >= hit.x && x < hit.x + hit.columns && y >= hit.y && y < hit.y + hit.rows,
  )
  return hit?.intent ?? null
}

function drawList(grid: Grid, area: Area, model: Model, hits: Hit[]): void {
  // One list of a mode has the items of that mode.
  const view = views[model.mode] as ListView<Item>
  const items = itemsOf(model) as readonly Item[]
  if (items.length === 0) {
    const lines = view.empty(model).flatMap((line) => wrap(line, Math.max(1, area.columns - 2), 3))
    lines
      .slice(0, area.rows)
      .forEach((line, i) =>
        grid.put(1, area.y + Math.min(1, area.rows - lines.length) + i, line, i === 0 ? plain : faint),
      )
    return
  }
  view.head(grid, { ...area, rows: 1 }, model)
  const rows = Math.max(0, area.rows - 1)
  const place = model.places[model.mode]
  const cursor = cursorOf(place, items)
  const top = topOf(place, items, Math.max(1, rows))
  for (let i = 0; i < rows && top + i < items.length; i++) {
    const item = items[top + i]!
    const y = area.y + 1 + i
    const isSelected = top + i === cursor
    if (isSelected) grid.fill(area.x, y, area.x + area.columns, on(true, plain))
    view.draw(item, isSelected, grid, { x: area.x, y, columns: area.columns, rows: 1 }, model)
    if (item.key !== null)
      hits.push({ x: area.x, y, columns: area.columns, rows: 1, intent: { kind: 'select', key: item.key } })
  }
  drawPlace(grid, area, top, rows, items.length)
}

/** How much of a list is out of sight, at the right end of its heads. */
function drawPlace(grid: Grid, area: Area, top: number, rows: number, count: number): void {
  if (count <= rows || rows <= 0) return
  const text = ` ${top > 0 ? '↑' : ' '}${top + 1}–${Math.min(count, top + rows)}/${count}${top + rows < count ? '↓' : ' '}`
  grid.put(Math.max(0, area.x + area.columns - text.length), area.y, text, faint)
}
