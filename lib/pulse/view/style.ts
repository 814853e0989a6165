import type { Lifecycle } from '../../wire/messages.js'

/** What a piece of text is; a theme says how that looks. Beside every colour stands a glyph or a word. */
export type Ink =
  | Lifecycle
  | 'text'
  /** Less important than the text around it. */
  | 'faint'
  /** A key to press, the mode that is shown, what was found. */
  | 'accent'
  | 'warning'
  | 'added'
  | 'removed'
  /** Where in a file a hunk is. */
  | 'hunk'

/** How a cell is drawn. Equal styles are the same object: see `style`. */
export interface Style {
  readonly ink: Ink
  readonly bold: boolean
  readonly underline: boolean
  /** The row under the cursor, or the word that is meant. */
  readonly selected: boolean
}

const known = new Map<string, Style>()

/** The style of an ink; the same object for the same answer. */
export function style(ink: Ink, marks: Partial<Omit<Style, 'ink'>> = {}): Style {
  const { bold = false, underline = false, selected = false } = marks
  const key = `${ink} ${bold} ${underline} ${selected}`
  let found = known.get(key)
  if (found === undefined) known.set(key, (found = { ink, bold, underline, selected }))
  return found
}

export const plain = style('text')
export const faint = style('faint')
export const strong = style('text', { bold: true })
export const accent = style('accent', { bold: true })

/** The same style on a row that is selected, or not. */
export function on(isSelected: boolean, of: Style): Style {
  return of.selected === isSelected ? of : style(of.ink, { ...of, selected: isSelected })
}
