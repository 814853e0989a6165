/**
 * A picture of the terminal as SVG. Whatever font a viewer has, the columns stay straight: each piece of text says where
 * it begins and how wide it is, and lines and corners are drawn. Pure; the same picture gives the same text.
 */

const [cellWidth, cellHeight, fontSize, margin] = [8.4, 19, 14, 14]
/** From the top of a cell to the line that letters stand on. */
const baseline = 14
const fonts =
  "ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"

/** Where a box-drawing character has strokes. */
const strokes = { '─': 'ew', '│': 'ns', '┌': 'es', '┐': 'sw', '└': 'ne', '┘': 'nw', '├': 'nes', '┤': 'nsw' }

/**
 * @param picture `grid` and `cursor`, as `drawPicture` gives them.
 * @param palette one of lib/pulse/terminal/palette.ts.
 * @param told `title`, and `about`: what is to be seen, in a sentence.
 */
export function svgOf({ grid, cursor }, palette, { title, about }) {
  const width = round(grid.columns * cellWidth + 2 * margin)
  const height = grid.rows * cellHeight + 2 * margin
  const backs = []
  const texts = []
  const lines = new Map()
  const inks = new Set()
  for (let y = 0; y < grid.rows; y++) {
    for (const { x, columns, style } of runsOf(grid, y, backOf)) {
      const back = backOf(style)
      if (back !== '') backs.push(rect(x, y, columns, back))
    }
    for (const { x, columns, style, text } of runsOf(grid, y, lookOf).flatMap(piecesOf)) {
      inks.add(style.ink)
      if ([...text].every((char) => char in strokes)) {
        const drawn = [...text].map((char, i) => strokesOf(x + i, y, strokes[char]))
        lines.set(style.ink, (lines.get(style.ink) ?? '') + joined(drawn.join('')))
      } else texts.push(textElement(x, y, columns, style, text))
    }
  }
  if (cursor !== null) backs.push(`<rect class="cursor" ${boxOf(cursor.x, cursor.y, 1)}/>`)
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title about">
<title id="title">${escaped(title)}</title>
<desc id="about">${escaped(about)}</desc>
<style>
${sheetOf(palette, [...inks])}
</style>
<rect x=".5" y=".5" width="${round(width - 1)}" height="${height - 1}" rx="8" fill="${hex(palette.background)}" stroke="${hex(palette.inks.faint)}" stroke-opacity=".4"/>
${[...backs, ...[...lines].map(([ink, d]) => `<path class="${ink}" d="${d}"/>`), ...texts].join('\n')}
</svg>
`
}

function sheetOf(palette, inks) {
  const ofInks = inks.map((ink) => {
    const color = colorOf(palette, ink)
    return `.${ink} { fill: ${color} } path.${ink} { fill: none; stroke: ${color} }`
  })
  return [
    `text { font: ${fontSize}px ${fonts} }`,
    ...ofInks,
    '.b { font-weight: 700 }',
    '.u { text-decoration: underline }',
    `.selected { fill: ${hex(palette.selected)} }`,
    `.alarm { fill: ${hex(palette.alarm.background)} }`,
    `.cursor { fill: ${hex(palette.inks.text)}; opacity: .6 }`,
  ].join('\n')
}

/** What a viewer tells styles apart by: see `withOwn` of lib/pulse/terminal/theme.ts. */
function lookOf({ ink, bold, underline }) {
  return `${ink}${bold || ink === 'needs_input' ? ' b' : ''}${underline ? ' u' : ''}`
}

function backOf({ ink, selected }) {
  return ink === 'needs_input' ? 'alarm' : selected ? 'selected' : ''
}

function colorOf({ alarm, inks }, ink) {
  return hex(ink === 'needs_input' ? alarm.ink : inks[ink])
}

/** The cells of a row that are alike, joined. */
function runsOf(grid, y, likeness) {
  const runs = []
  for (let x = 0; x < grid.columns; x++) {
    const [text, style] = [grid.textAt(x, y), grid.styleAt(x, y)]
    const last = runs.at(-1)
    if (last !== undefined && (text === '' || likeness(last.style) === likeness(style))) {
      last.columns++
      last.cells.push(text)
    } else runs.push({ x, columns: 1, style, cells: [text] })
  }
  return runs
}

/** Parts of a run that are placed by themselves: words of ASCII, lines, and each other character. */
function piecesOf({ x, style, cells }) {
  const pieces = []
  let kind = ''
  for (const [i, text] of cells.entries()) {
    const last = pieces.at(-1)
    const next = text in strokes ? 'line' : /^[ -~]$/.test(text) ? 'ascii' : 'other'
    const isGap = text === ' ' && (kind !== 'ascii' || cells[i + 1] === ' ' || i + 1 === cells.length)
    if (text === '' && last !== undefined) last.columns++
    else if (isGap) kind = ''
    else if (next === kind && next !== 'other') {
      last.columns++
      last.text += text
    } else pieces.push({ x: x + i, columns: 1, style, text })
    if (text !== '' && !isGap) kind = next
  }
  return pieces.map((piece) => {
    const text = piece.text.trimEnd()
    return { ...piece, text, columns: piece.columns - (piece.text.length - text.length) }
  })
}

function textElement(x, y, columns, style, text) {
  const place = `x="${round(margin + x * cellWidth)}" y="${margin + y * cellHeight + baseline}"`
  const length = `textLength="${round(columns * cellWidth)}" lengthAdjust="spacingAndGlyphs"`
  return `<text class="${lookOf(style)}" ${place} ${length}>${escaped(text)}</text>`
}

function rect(x, y, columns, back) {
  return `<rect class="${back}" ${boxOf(x, y, columns)}/>`
}

function boxOf(x, y, columns) {
  return `x="${round(margin + x * cellWidth)}" y="${margin + y * cellHeight}" width="${round(columns * cellWidth)}" height="${cellHeight}"`
}

function strokesOf(x, y, ends) {
  const [left, top] = [round(margin + x * cellWidth), margin + y * cellHeight]
  const [midX, midY] = [round(left + cellWidth / 2), top + cellHeight / 2]
  const to = { n: `V${top}`, s: `V${top + cellHeight}`, e: `H${round(left + cellWidth)}`, w: `H${left}` }
  if (ends === 'ew') return `M${left} ${midY}H${round(left + cellWidth)}`
  return [...ends].map((end) => `M${midX} ${midY}${to[end]}`).join('')
}

/** Strokes that go on where the last one ended are one. */
function joined(d) {
  return d.replaceAll(/(?<=H)([\d.]+)M\1 [\d.]+H(?=[\d.]+)/g, '')
}

function round(number) {
  return Math.round(number * 10) / 10
}

function hex(color) {
  return `#${color.map((part) => part.toString(16).padStart(2, '0')).join('')}`
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
