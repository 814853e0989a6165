import fc from 'fast-check'
import t from 'tap'
import { widthOf } from '../../../lib/pulse/text.js'
import { Grid } from '../../../lib/pulse/view/grid.js'
import { plain, strong } from '../../../lib/pulse/view/style.js'

const wide = (text: string): Grid => {
  const grid = new Grid(8, 1)
  grid.put(0, 0, text)
  return grid
}
const cells = (grid: Grid): string[] => Array.from({ length: grid.columns }, (_, x) => grid.textAt(x, 0))

void t.test('a character takes the columns it takes', async (t) => {
  t.strictSame(cells(wide('ab')), ['a', 'b', ' ', ' ', ' ', ' ', ' ', ' '])
  t.strictSame(cells(wide('⏺✳⏳')), ['⏺', '✳', '⏳', '', ' ', ' ', ' ', ' '])
  t.strictSame(cells(wide('日本')), ['日', '', '本', '', ' ', ' ', ' ', ' '])
  t.strictSame(cells(wide('👨‍👩‍👧!')), ['👨‍👩‍👧', '', '!', ' ', ' ', ' ', ' ', ' '])
  t.strictSame(cells(wide('e\u0301x')), ['e\u0301', 'x', ' ', ' ', ' ', ' ', ' ', ' '])
})

void t.test('what does not fit whole is left out', async (t) => {
  t.equal(wide('1234567日').line(0), '1234567')
  const grid = new Grid(8, 1)
  t.equal(grid.put(2, 0, '日本語', plain, 7), 6)
  t.equal(grid.line(0), '  日本')
})

void t.test('half of a wide character that is overwritten is blank', async (t) => {
  const grid = wide('日本語')
  grid.put(1, 0, 'x')
  t.strictSame(cells(grid), [' ', 'x', '本', '', '語', '', ' ', ' '])
  grid.put(3, 0, '日')
  t.strictSame(cells(grid), [' ', 'x', ' ', '日', '', ' ', ' ', ' '])
})

void t.test(
  'text that runs from right to left is closed off, so that what follows stays where it is',
  async (t) => {
    const grid = wide('שלום')
    t.equal(grid.textAt(3, 0), 'ם\u200e')
    grid.put(5, 0, '12')
    t.equal(grid.textAt(5, 0), '1')
  },
)

void t.test('spans follow each other, in their styles', async (t) => {
  const grid = new Grid(8, 1)
  t.equal(
    grid.putAll(
      1,
      0,
      [
        ['ab', strong],
        ['cd', plain],
      ],
      4,
    ),
    4,
  )
  t.equal(grid.line(0), ' abc')
  t.equal(grid.styleAt(1, 0), strong)
  t.equal(grid.styleAt(3, 0), plain)
})

void t.test(
  'whatever is put wherever: each row has its columns, and no control character is in it',
  async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('\u001b[31m', '\u0000\u009b2J', '\u202eabc', '👩🏽‍🚀', '\u0301\u0301', '한글', '\n\t'),
    )
    const put = fc.tuple(fc.integer({ min: -3, max: 12 }), fc.integer({ min: -1, max: 3 }), text)
    fc.assert(
      fc.property(fc.array(put, { maxLength: 12 }), (puts) => {
        const grid = new Grid(10, 2)
        for (const [x, y, text] of puts) grid.put(x, y, text)
        for (let y = 0; y < 2; y++) {
          let columns = 0
          for (let x = 0; x < 10; x++) {
            const cell = grid.textAt(x, y)
            if (/[\p{Cc}\u2028\u2029]/u.test(cell)) return false
            if (cell !== '') columns += Math.max(1, widthOf(cell.replaceAll('\u200e', '')))
          }
          if (columns !== 10) return false
        }
        return true
      }),
    )
  },
)
