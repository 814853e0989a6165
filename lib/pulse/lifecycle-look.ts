import type { Lifecycle } from '../wire/messages.js'

/** The glyph beside each lifecycle's colour, one column wide. */
export const glyphs: Record<Lifecycle, string> = {
  needs_input: '◆',
  error: '✗',
  running: '●',
  idle: '○',
  offline: '·',
}
