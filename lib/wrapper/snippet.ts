import { snippetCharsMax } from '../wire/limits.js'

/** Box drawing, blocks, braille (spinners), geometric shapes and the dingbats agents spin with. */
const ornament = /[\u2500-\u259f\u2800-\u28ff\u25a0-\u25ff\u2722-\u274b]/gu
const spinners = /(^|\s)[|/\\·∙•*-](?=\s|$)/gu
/** Control and format characters, and halves of surrogate pairs. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/**
 * The last line that means something to a person: no control characters, spinner frames or box drawing, at most
 * 140 characters; null when there is none. Pure. design: lifecycle, "The snippet".
 * @param lines from top to bottom, as a terminal shows them.
 * @param chrome lines that an agent always shows and that say nothing of what it does; null where none is known.
 */
export function snippetOf(lines: readonly string[], chrome: RegExp | null = null): string | null {
  for (const line of lines.toReversed()) {
    // Cut, so that no line is long enough for a pattern to be slow.
    if (chrome?.test(line.trim().slice(0, snippetCharsMax * 2)) === true) continue
    const text = plainText(line)
    if (/[\p{L}\p{N}]/u.test(text)) return text
  }
  return null
}

/** A line of a screen as plain text: one row of printable characters, without what only decorates it. */
export function plainText(line: string): string {
  return oneLine(line.replaceAll(/\t/g, ' ').replaceAll(ornament, ' ').replaceAll(spinners, '$1'))
}

/** A text in one row: printable characters, at most 140. */
export function oneLine(line: string): string {
  return cut(onlyPrintable(line).replaceAll(/\s+/gu, ' ').trim(), snippetCharsMax)
}

/** A text without control and format characters; a tab or a line end is a blank. */
export function onlyPrintable(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\t\n\r]/g, ' ')
    .replaceAll(unprintable, '')
}

/** A text of at most so many characters; one that was longer ends with an ellipsis. */
export function cut(text: string, charsMax: number): string {
  // Counted in code points, as every client can count them.
  const characters = Array.from(text)
  if (characters.length <= charsMax) return text
  return `${characters
    .slice(0, charsMax - 1)
    .join('')
    .trimEnd()}…`
}
