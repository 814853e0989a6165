import { glyphs, stateText } from '../lifecycle-look.js'
import { factNameColumns, healthItems, type HealthItem } from '../model/health-items.js'
import type { FactPart, Tone } from '../model/notes.js'
import { duration } from '../text.js'
import { drawNote, RowPen, toneGlyph, toneStyle } from './cells.js'
import type { Grid } from './grid.js'
import type { Area, ListView } from './list.js'
import { accent, faint, plain, strong, style, type Style } from './style.js'

/** Narrower than this only glyphs stand for words. */
const wordyColumns = 60
/** Narrower than this there is no room for the names of projects. */
const projectColumns = 100

/** The hub, the agents and this machine: what works, and what does not. */
export const healthView: ListView<HealthItem> = {
  items: healthItems,

  head(grid, area, model) {
    if (area.rows < 1) return 0
    const tones = healthItems(model).flatMap(tonesOf)
    const errors = tones.filter((tone) => tone === 'error').length
    const warnings = tones.filter((tone) => tone === 'warning').length
    const pen = new RowPen(grid, area, false)
    if (errors + warnings === 0) pen.put('✓ nothing is wrong', style('running'))
    if (errors > 0)
      pen.put(`✗ ${errors} ${errors === 1 ? 'error' : 'errors'}  `, style('error', { bold: true }))
    if (warnings > 0) pen.put(`! ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`, style('warning'))
    return 1
  },

  draw(item, isSelected, grid, area) {
    switch (item.kind) {
      case 'gap':
        return
      case 'heading':
        new RowPen(grid, area, isSelected).put(item.title, accent)
        return
      case 'fact':
        return drawFact(item, isSelected, grid, area)
      case 'agent':
        return drawAgent(item, isSelected, grid, area)
      case 'check':
        return drawCheck(item, isSelected, grid, area)
      case 'note':
        return drawNote(item, isSelected, grid, area)
    }
  },

  empty(model) {
    return model.filter !== ''
      ? [`Nothing here matches "${model.filter}".`, 'Esc clears the filter.']
      : ['No hub of yours runs.', 'One starts with the first agent: aoc-agent-wrap -- claude']
  },
}

type Of<K extends HealthItem['kind']> = Extract<HealthItem, { kind: K }>

/** What a row counts as: something said twice counts once. */
function tonesOf(item: HealthItem): Tone[] {
  switch (item.kind) {
    case 'note':
      return item.isRest ? [] : [item.tone]
    case 'fact':
      return item.parts.map(({ tone }) => tone).filter((tone) => tone === 'warning' || tone === 'error')
    case 'agent':
      // A silent one has a note that counts.
      return item.heartbeat.tone === 'warning' ? ['warning'] : []
    case 'check':
      return item.ok === false ? ['warning'] : []
    case 'gap':
    case 'heading':
      return []
  }
}

function partStyle(tone: FactPart['tone']): Style {
  return tone === 'plain' ? plain : tone === 'good' ? style('running') : toneStyle(tone)
}

function drawFact({ name, parts }: Of<'fact'>, isSelected: boolean, grid: Grid, area: Area): void {
  const pen = new RowPen(grid, area, isSelected).skip(2)
  pen.put(name, faint, factNameColumns - 2)
  for (const [i, { text, tone }] of parts.entries()) {
    if (i > 0) pen.put(' · ', faint)
    // The end of a socket's path says most.
    if (name === 'socket') pen.putPath(text, partStyle(tone))
    else pen.put(text, partStyle(tone))
  }
}

function drawAgent(item: Of<'agent'>, isSelected: boolean, grid: Grid, area: Area): void {
  const { row, heartbeat, labelColumns } = item
  const pen = new RowPen(grid, area, isSelected).skip(2)
  const isWordy = area.columns >= wordyColumns
  const { lifecycle } = row
  pen
    .put(isWordy ? stateText(row) : glyphs[lifecycle], style(lifecycle), isWordy ? 13 : 1)
    .skip(isWordy ? 2 : 1)
  const isGone = lifecycle === 'offline'
  const label = Math.min(labelColumns, Math.max(8, Math.floor(area.columns / 3)))
  pen.put(row.label, isGone ? faint : strong, label).skip(2)
  pen
    .put(heartbeatText(item, isWordy), toneStyle(heartbeat.tone), isWordy ? 26 : Math.min(16, pen.room))
    .skip(2)
  if (!isWordy) return
  pen.put(row.paneId, faint, 8).skip(2)
  if (area.columns < projectColumns) return
  if (row.project !== '') pen.put(row.project, plain)
  if (row.branch !== '') pen.put(`@${row.branch}`, faint)
}

/** A heartbeat's age in words; what is late has a mark. */
function heartbeatText({ row, heartbeat: { ageMs, tone } }: Of<'agent'>, isWordy: boolean): string {
  if (row.lifecycle === 'offline') return 'has ended'
  if (ageMs === null) return isWordy ? 'no heartbeat yet' : 'no heartbeat'
  const ago = `${duration(ageMs)} ago`
  switch (tone) {
    case 'info':
      return isWordy ? `heartbeat ${ago}` : ago
    case 'warning':
      return isWordy ? `! heartbeat late, ${ago}` : `! late, ${ago}`
    case 'error':
      return isWordy ? `✗ no heartbeat for ${duration(ageMs)}` : `✗ silent ${duration(ageMs)}`
  }
}

function drawCheck(
  { name, ok, detail, nameColumns }: Of<'check'>,
  isSelected: boolean,
  grid: Grid,
  area: Area,
): void {
  const of = ok === null ? faint : style(ok ? 'running' : 'warning')
  const pen = new RowPen(grid, area, isSelected).skip(2)
  pen.put(ok === null ? '· ' : ok ? '✓ ' : `${toneGlyph('warning')} `, of)
  pen.put(name, ok === false ? of : plain, Math.min(nameColumns, Math.max(8, Math.floor(area.columns / 3))))
  pen.skip(2).put(detail, faint)
}
