import xterm, { type Terminal } from '@xterm/headless'
import fc from 'fast-check'
import t from 'tap'
import { paint } from '../../../lib/pulse/terminal/paint.js'
import { themeOf } from '../../../lib/pulse/terminal/theme.js'
import { clusters, widthOf } from '../../../lib/pulse/text.js'
import { Grid } from '../../../lib/pulse/view/grid.js'
import { plain, style, type Ink, type Style } from '../../../lib/pulse/view/style.js'

const theme = themeOf('terminal', 256)
const columns = 24
const rows = 4

function gridOf(...lines: string[]): Grid {
  const grid = new Grid(columns, rows)
  for (const [y, line] of lines.entries()) grid.put(0, y, line)
  return grid
}

function shown(grid: Grid, cursor: { x: number; y: number } | null = null) {
  return { grid, cursor }
}

async function screenOf(...bytes: string[]): Promise<Terminal> {
  const screen = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true })
  // As the program takes it: nothing wraps. What was there before is not to be seen.
  screen.write(`\u001b[?7l${'x'.repeat(columns)}\u001b[3;5Hrest`)
  for (const part of bytes) await new Promise<void>((resolve) => screen.write(part, resolve))
  return screen
}

function cellOf(screen: Terminal, x: number, y: number): { text: string; look: string } {
  const cell = screen.buffer.active.getLine(y)!.getCell(x)!
  const text = cell.getWidth() === 0 ? '' : cell.getChars() || ' '
  const look = [
    cell.isBold(),
    cell.isDim(),
    cell.isUnderline(),
    cell.isInverse(),
    cell.getFgColor(),
    cell.getBgColor(),
  ]
  return { text, look: look.map(Number).join() }
}

/** What a style looks like, as this terminal says. */
async function lookOf(of: Style): Promise<string> {
  const screen = await screenOf(`\u001b[H\u001b[${theme.sgr(of)}mx`)
  return cellOf(screen, 0, 0).look
}

const inks: Ink[] = ['text', 'faint', 'needs_input', 'running', 'error', 'accent']
const styles = inks.flatMap((ink) => [
  style(ink),
  style(ink, { selected: true }),
  style(ink, { bold: true, underline: true }),
])
const simple = ['a', 'Z', '9', ' ', '   ', '~', 'word ', '日', '本語', 'é', 'ß', '│', '…']
const hostile = [
  '👩‍👩‍👧',
  '👍🏽',
  '🇩🇪',
  'e\u0301\u0302',
  '\u26a0\ufe0f',
  'שלום',
  'مرحبا',
  '◆',
  '\u0e33',
  '🏴‍☠️',
  '\u001b[31m',
  'a\u0007b',
  '\u202eabc',
  '\u00ad',
  'ﷺ',
]

function grids(words: string[]): fc.Arbitrary<Grid> {
  const span = fc.record({
    x: fc.nat(columns - 1),
    y: fc.nat(rows - 1),
    text: fc.array(fc.constantFrom(...words), { maxLength: 6 }).map((parts) => parts.join('')),
    style: fc.constantFrom(...styles),
  })
  return fc.array(span, { maxLength: 12 }).map((spans) => {
    const grid = new Grid(columns, rows)
    for (const { x, y, text, style } of spans) grid.put(x, y, text, style)
    return grid
  })
}

void t.test('what changed, and no more', async (t) => {
  const before = gridOf('one', 'two two', 'three')
  t.equal(paint(shown(before), shown(gridOf('one', 'two two', 'three')), theme), '')
  t.equal(
    paint(shown(before), shown(gridOf('one', 'two twX', 'three')), theme),
    '\u001b[?2026h\u001b[2;7H\u001b[0mX\u001b[0m\u001b[?2026l',
  )
  t.match(paint(shown(before), shown(gridOf('oXe', 'two two', 'three')), theme), '[1;2H\u001b[0mX')
  t.match(
    paint(shown(before), shown(gridOf('XnX', 'two two', 'three')), theme),
    'XnX',
    'a short gap is written again',
  )
  t.match(paint(shown(gridOf('a long line of words')), shown(gridOf('a')), theme), '[K', 'an end is erased')
  t.match(paint(null, shown(before), theme), '[2J')
  t.match(paint(shown(new Grid(9, 9)), shown(before), theme), '[2J')
})

void t.test('the cursor is shown where text is typed', async (t) => {
  const grid = gridOf('abc')
  t.equal(
    paint(shown(grid), shown(grid, { x: 2, y: 1 }), theme),
    '\u001b[?2026h\u001b[2;3H\u001b[?25h\u001b[?2026l',
  )
  t.equal(paint(shown(grid, { x: 2, y: 1 }), shown(grid, { x: 2, y: 1 }), theme), '')
  t.equal(paint(shown(grid, { x: 2, y: 1 }), shown(grid), theme), '\u001b[?2026h\u001b[?25l\u001b[?2026l')
  t.match(paint(null, shown(grid), theme), '[?25l')
})

void t.test('a column is counted on only behind ASCII', async (t) => {
  const bytes = paint(null, shown(gridOf('a日b')), theme)
  t.match(bytes, 'a  \u001b[2G日\u001b[4Gb', 'blank, back, written, on')
  t.match(paint(null, shown(gridOf('◆x')), theme), '◆\u001b[2Gx')
})

void t.test('with half a wide character the whole one goes', async (t) => {
  for (const [from, to] of [
    ['日本', 'a本'],
    ['日本', ' 日本'],
    [' 日本', '日本'],
    ['日本', '日a'],
    ['abcd', 'a日d'],
  ] as const) {
    const screen = await screenOf(
      paint(null, shown(gridOf(from)), theme),
      paint(shown(gridOf(from)), shown(gridOf(to)), theme),
    )
    t.equal(screen.buffer.active.getLine(0)!.translateToString().trimEnd(), to, `${from} to ${to}`)
  }
})

void t.test('any grid becomes any other', async (t) => {
  const looks = new Map<string, string>()
  for (const of of [...styles, plain]) looks.set(theme.sgr(of), await lookOf(of))
  const check = async (a: Grid, b: Grid, isExact: (text: string) => boolean): Promise<void> => {
    const screen = await screenOf(paint(null, shown(a), theme), paint(shown(a), shown(b), theme))
    const fresh = await screenOf(paint(null, shown(b), theme))
    for (let y = 0; y < rows; y++)
      for (let x = 0; x < columns; x++) {
        const text = b.textAt(x, y)
        if (!isExact(text)) continue
        for (const [name, drawn] of Object.entries({ screen, fresh })) {
          const cell = cellOf(drawn, x, y)
          const wanted = looks.get(theme.sgr(b.styleAt(x, y)))
          if (cell.text !== text || cell.look !== wanted)
            throw new Error(
              `${name} ${x},${y}: ${JSON.stringify(cell)} is not ${JSON.stringify({ text, look: wanted })}\n${a.lines.join('\n')}\n--\n${b.lines.join('\n')}`,
            )
        }
      }
  }
  await t.resolves(
    fc.assert(
      fc.asyncProperty(grids(simple), grids(simple), (a, b) => check(a, b, () => true)),
      { numRuns: 150 },
    ),
    'with simple and wide characters, every cell',
  )
  const isSimple = (text: string): boolean => /^[ -~]$/.test(text)
  await t.resolves(
    fc.assert(
      fc.asyncProperty(grids([...simple, ...hostile]), grids([...simple, ...hostile]), (a, b) =>
        check(a, b, isSimple),
      ),
      { numRuns: 150 },
    ),
    'with hostile ones, every simple cell',
  )
})

void t.test('no control byte but of our own sequences', async (t) => {
  const own = /\u001b\[(?:\?(?:2026|25)[hl]|[\d;]*[HGKJm])/g
  await t.resolves(async () =>
    fc.assert(
      fc.property(
        grids([...simple, ...hostile]),
        fc.string({ unit: 'binary', maxLength: 9 }),
        (grid, text) => {
          grid.put(1, 1, text)
          // A grid's own `fill` takes what it is given.
          grid.fill(0, 2, 3, plain, text)
          const rest = paint(null, shown(grid), theme).replaceAll(own, '')
          return !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(rest)
        },
      ),
    ),
  )
})

void t.test('a terminal that gives a character more columns shows the rest where it belongs', async (t) => {
  // Wide for this terminal, one column for the grid: it is told so by a stand-in for the character's width.
  const grid = gridOf('x◆y')
  const bytes = paint(shown(gridOf('x●y')), shown(grid), theme)
  t.match(bytes, '◆\u001b[3Gy', 'what it may have run into is written again')
  t.equal([...clusters('◆')].length, widthOf('◆'))
})
