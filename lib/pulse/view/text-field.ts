import type { TextLine } from '../model/text-line.js'
import { widthOf } from '../text.js'
import type { Grid } from './grid.js'
import type { Picture } from './picture.js'
import { accent, plain } from './style.js'

/** How a line break within a line looks. */
const lineBreak = '⏎'

/**
 * Draws a line that is typed, so much of it as there is room for around its cursor.
 * @returns where its cursor is.
 */
export function drawTextLine(
  grid: Grid,
  x: number,
  y: number,
  prompt: string,
  line: TextLine,
  end = grid.columns,
): Picture['cursor'] {
  const start = grid.put(x, y, prompt, accent, end)
  const room = Math.max(1, end - start - 1)
  const shown = line.characters.map((character) => (character === '\n' ? lineBreak : character))
  let from = line.at
  let before = 0
  while (from > 0 && before + widthOf(shown[from - 1]!) <= room) before += widthOf(shown[--from]!)
  let at = start
  for (const [i, character] of shown.slice(from).entries()) {
    if (from + i === line.at) before = at - start
    const next = grid.put(at, y, character, plain, end)
    if (next === at && widthOf(character) > 0) break
    at = next
  }
  return { x: Math.max(0, Math.min(end - 1, start + before)), y }
}
