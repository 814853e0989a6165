import type { Lifecycle } from '../wire/messages.js'
import type { Row } from './row.js'

/** The glyph beside each lifecycle's colour, one column wide. */
export const glyphs: Record<Lifecycle, string> = {
  needs_input: '◆',
  error: '✗',
  running: '●',
  idle: '○',
  offline: '·',
}

/** A lifecycle as glyph and word; with `?` when nothing but its process says so. */
export function stateText({ lifecycle, isSure }: Pick<Row, 'lifecycle' | 'isSure'>): string {
  return `${glyphs[lifecycle]} ${lifecycle}${isSure ? '' : '?'}`
}
