import t from 'tap'
import fc from 'fast-check'
import { stateBytesMax } from '../../lib/wire/limits.js'
import { lastRows } from '../../lib/wrapper/screen-rows.js'

void t.test('the last rows of a screen', async (t) => {
  const menu = ['', '╭──╮', '│ ok? │  ', '', ' ❯ 1. Yes', '   2. No ', '', ' \u00a0 ', '']
  const table: [lines: string[], rows: number, given: string[], about: string][] = [
    [menu, 20, ['', '╭──╮', '│ ok? │', '', ' ❯ 1. Yes', '   2. No'], 'all stands where it stood'],
    [menu, 3, ['', ' ❯ 1. Yes', '   2. No'], 'the last ones'],
    [menu, 1, ['   2. No'], 'one'],
    [[], 20, [], 'no screen'],
    [['', '  ', '\u200b\u202e'], 20, [], 'a blank one'],
    [['a\tb\u001b[2Jc\u009b\u0007\u202ed\ud83d'], 20, ['a b[2Jcd\ufffd'], 'nothing but text'],
    [['x'.repeat(401)], 20, [`${'x'.repeat(399)}…`], 'a long one'],
    [['👍'.repeat(400)], 20, ['👍'.repeat(400)], 'characters, whatever they are made of'],
  ]
  for (const [lines, rows, given, about] of table) t.strictSame(lastRows(lines, rows), given, about)
})

void t.test('they fit a frame, whatever they are', async (t) => {
  const bytesOf = (rows: string[]): number => Buffer.byteLength(JSON.stringify(rows))
  const wide = lastRows(
    Array.from({ length: 200 }, (_, row) => `${row} ${'👍'.repeat(390)}`),
    200,
  )
  t.ok(wide.length > 100 && wide.length < 200, `${wide.length} rows`)
  t.match(wide.at(-1), /^199 /, 'those at the top are left out')
  t.ok(bytesOf(wide) < stateBytesMax)
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), fc.integer({ min: 1, max: 200 }), (lines, count) => {
      const rows = lastRows(lines, count)
      if (rows.length > count || rows.at(-1) === '' || /[\p{Cc}\p{Cf}\p{Cs}]/u.test(rows.join('')))
        throw new Error(JSON.stringify(rows))
    }),
  )
})
