import stringWidth from 'string-width'

/**
 * Text from a state as it may go to a person's terminal: one line, no control or format characters (but the joiner
 * that emoji are made with), whole characters only. What an agent, a repository or another client wrote never moves
 * the cursor.
 */
export function printable(text: string): string {
  if (isAscii(text)) return text
  return text
    .toWellFormed()
    .replaceAll(/[\t\n\r]+/g, ' ')
    .replaceAll(/(?!\u200d)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
    .replaceAll(unjoined, '')
}

/** A joiner that joins nothing. */
const unjoined =
  /(?<![\p{L}\p{M}\p{Extended_Pictographic}\u{1f3fb}-\u{1f3ff}])\u200d|\u200d(?![\p{L}\p{Extended_Pictographic}])/gu

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** Whether text is printable ASCII, each character of which takes one column. */
export function isAscii(text: string): boolean {
  return /^[ -~]*$/.test(text)
}

/** The characters of text as a person counts them. */
export function clusters(text: string): readonly string[] {
  return measured(text).clusters
}

/** A text's characters, with the columns that they take. */
export interface Measured {
  readonly clusters: readonly string[]
  readonly widths: readonly number[]
  readonly width: number
}

/** What is shown is shown again a moment later: the last texts are not measured anew. */
const lastMeasured = new Map<string, Measured>()
const textsMax = 4_096
const textCharsMax = 1_024

/** Measures a text. Pure; long ones are measured each time. */
export function measured(text: string): Measured {
  const known = lastMeasured.get(text)
  if (known !== undefined) return known
  const clusters = Array.from(graphemes.segment(text), ({ segment }) => segment)
  const widths = clusters.map(clusterWidth)
  const found = { clusters, widths, width: widths.reduce((sum, width) => sum + width, 0) }
  if (text.length <= textCharsMax) {
    if (lastMeasured.size >= textsMax) lastMeasured.clear()
    lastMeasured.set(text, found)
  }
  return found
}

const clusterWidths = new Map<string, number>()

/** Symbols such as ⏺ and ✳ are emoji only with U+FE0F behind them; terminals give them one column without it. */
function isTextByItself(cluster: string): boolean {
  return /^(?!\p{Emoji_Presentation})\p{Emoji}$/u.test(cluster)
}

function clusterWidth(cluster: string): number {
  if (cluster.length === 1 && isAscii(cluster)) return 1
  let width = clusterWidths.get(cluster)
  if (width === undefined) {
    if (clusterWidths.size >= textsMax) clusterWidths.clear()
    clusterWidths.set(cluster, (width = isTextByItself(cluster) ? 1 : stringWidth(cluster)))
  }
  return width
}

/** Cuts printable text to so many columns, with `…` where it was cut, and fills it up with blanks. */
export function fit(text: string, columns: number): string {
  const width = widthOf(text)
  if (width <= columns) return text + ' '.repeat(columns - width)
  let cut = ''
  let used = 0
  for (const cluster of clusters(text)) {
    const wide = widthOf(cluster)
    if (used + wide > columns - 1) break
    cut += cluster
    used += wide
  }
  return `${cut}…${' '.repeat(Math.max(0, columns - used - 1))}`
}

/** Breaks printable text into lines of so many columns, between words where there are any; `…` ends what was cut. */
export function wrap(text: string, columns: number, linesMax: number): string[] {
  const lines: string[] = []
  let line = ''
  let used = 0
  const words = text
    .split(/(?<= )/)
    .flatMap((word) => (widthOf(word) > columns ? [...clusters(word)] : [word]))
  for (const word of words) {
    const width = widthOf(word.trimEnd())
    if (used + width > columns && line !== '') {
      lines.push(line.trimEnd())
      line = ''
      used = 0
    }
    if (lines.length > linesMax) break
    line += word
    used += widthOf(word)
  }
  if (line.trimEnd() !== '') lines.push(line.trimEnd())
  if (lines.length <= linesMax) return lines
  const last = lines[linesMax - 1] ?? ''
  return [...lines.slice(0, linesMax - 1), fit(`${last}……`, columns).trimEnd()]
}

/** Columns that printable text takes. */
export function widthOf(text: string): number {
  return isAscii(text) ? text.length : measured(text).width
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
