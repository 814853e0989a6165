import { screenLineCharsMax, stateBytesMax } from '../wire/limits.js'
import { cut, onlyPrintable } from './snippet.js'

/** Of the rows as JSON; the rest of what a result may take is for what goes with them. */
const rowsBytesMax = stateBytesMax - 1_024

/**
 * The last rows of a screen, down to the last that is not blank, for somebody who looks at it from elsewhere: where
 * everything stands stays as it is, what is no text goes. Rows at the top are left out when they do not fit a frame.
 * Pure.
 * @param lines from top to bottom, as a terminal shows them.
 * @param rows how many at most.
 */
export function lastRows(lines: readonly string[], rows: number): string[] {
  const texts = lines.map((line) => cut(onlyPrintable(line).trimEnd(), screenLineCharsMax))
  const last = texts.slice(0, texts.findLastIndex((text) => text !== '') + 1).slice(-rows)
  let first = last.length
  for (let bytes = 0; first > 0; first--) {
    bytes += Buffer.byteLength(JSON.stringify(last[first - 1])) + 1
    if (bytes > rowsBytesMax) break
  }
  return last.slice(first)
}
