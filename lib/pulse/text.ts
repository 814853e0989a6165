import stringWidth from 'string-width'

/**
 * Text from a state as it may go to a person's terminal: one line, no control or format characters, whole
 * characters only. What an agent, a repository or another client wrote never moves the cursor.
 */
export function printable(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\t\n\r]+/g, ' ')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** Cuts printable text to so many columns, with `…` where it was cut, and fills it up with blanks. */
export function fit(text: string, columns: number): string {
  const width = stringWidth(text)
  if (width <= columns) return text + ' '.repeat(columns - width)
  let cut = ''
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    const wide = stringWidth(segment)
    if (used + wide > columns - 1) break
    cut += segment
    used += wide
  }
  return `${cut}…${' '.repeat(Math.max(0, columns - used - 1))}`
}

/** Columns that printable text takes. */
export function widthOf(text: string): number {
  return stringWidth(text)
}

/** A span of time in its largest unit: `3s`, `2m`, `5h`, `1d`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`
  return seconds < 86_400 ? `${Math.floor(seconds / 3_600)}h` : `${Math.floor(seconds / 86_400)}d`
}

/** A value as one line of JSON that a terminal may show: JSON itself leaves some control characters as they are. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\u009f]/g,
    (control) => `\\u00${control.charCodeAt(0).toString(16)}`,
  )
}
