import type { Intent } from '../model/intent.js'
import type { Grid } from './grid.js'

/** A place where a press of the mouse means something. */
export interface Hit {
  x: number
  y: number
  columns: number
  rows: number
  intent: Intent
}

/** What the terminal shows. */
export interface Picture {
  grid: Grid
  /** Where text is typed; null when nowhere. */
  cursor: { x: number; y: number } | null
  /** The later ones lie on top. */
  hits: readonly Hit[]
}
