import type { Model } from '../model/model.js'
import type { Grid } from './grid.js'

/** A part of the screen. */
export interface Area {
  x: number
  y: number
  columns: number
  rows: number
}

/** A row of a list. */
export interface Item {
  /** Its own among the rows of its mode, and the same from picture to picture; null when the cursor passes over it. */
  readonly key: string | null
}

/** How one mode shows its rows. Pure. */
export interface ListView<I extends Item> {
  items(model: Model): readonly I[]
  /** Draws what stands above the rows and does not scroll. @returns how many rows of the area it took. */
  head(grid: Grid, area: Area, model: Model): number
  /** Draws one item into an area of one row; the row is blank, and in the style of a selected row if it is. */
  draw(item: I, isSelected: boolean, grid: Grid, area: Area, model: Model): void
  /** What to say, and what to do, when there is nothing to show; a sentence a line. */
  empty(model: Model): readonly string[]
}
