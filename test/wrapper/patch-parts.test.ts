import t from 'tap'
import fc from 'fast-check'
import { cutPatch } from '../../lib/wrapper/patch-parts.js'

const bytesOf = (piece: string): number => Buffer.byteLength(JSON.stringify(piece))

void t.test('where a patch is cut', async (t) => {
  const table: [patch: string, bytesMax: number, pieces: string[], about: string][] = [
    ['', 10, [''], 'nothing is one piece'],
    ['abcd', 6, ['abcd'], 'as much as fits, with its quotes'],
    ['abcde', 6, ['abcd', 'e'], 'a byte more'],
    ['a\tb\nc', 6, ['a\tb', '\nc'], 'an escape of two bytes'],
    ['"\\"', 6, ['"\\', '"'], 'what JSON itself means something by'],
    ['a\u0001b', 8, ['a', '\u0001', 'b'], 'a control character takes six'],
    ['\b\f\r\v', 8, ['\b\f\r', '\v'], 'not all of them'],
    ['\u007fé中', 6, ['\u007fé', '中'], 'one, two and three bytes'],
    ['a😀😀', 9, ['a😀', '😀'], 'a pair is not cut'],
    ['😀', 3, ['😀'], 'not even where it does not fit'],
    ['ab', 0, ['a', 'b'], 'no room at all'],
    ['\ud83da\ude00', 9, ['\ud83da', '\ude00'], 'half a pair is printed as an escape'],
  ]
  for (const [patch, bytesMax, pieces, about] of table) t.strictSame(cutPatch(patch, bytesMax), pieces, about)
})

void t.test('any patch: joined it is the same, each piece is a text that fits and is full', async (t) => {
  const character = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    fc.constantFrom('\n', '\t', '"', '\\', '\u0000', '\u001f', '\u007f', '\u2028', '\uffff', '🦊', '\ud83d'),
  )
  const patches = fc.array(character, { maxLength: 200 }).map((list) => list.join(''))
  fc.assert(
    fc.property(patches, fc.integer({ min: 8, max: 60 }), (patch, bytesMax) => {
      const pieces = cutPatch(patch, bytesMax)
      if (pieces.join('') !== patch) throw new Error('another text')
      for (const [at, piece] of pieces.entries()) {
        if (bytesOf(piece) > bytesMax) throw new Error(`${bytesOf(piece)} bytes: ${JSON.stringify(piece)}`)
        const next = pieces[at + 1]
        if (next === undefined) continue
        const first = String.fromCodePoint(next.codePointAt(0)!)
        if (bytesOf(piece + first) <= bytesMax) throw new Error(`room for ${JSON.stringify(first)}`)
        if (/[\ud800-\udbff]$/.test(piece) && /^[\udc00-\udfff]/.test(next)) throw new Error('a pair is cut')
      }
    }),
    { numRuns: 500 },
  )
  t.pass('none that is not')
})

void t.test('as large as a patch gets', async (t) => {
  const bytesMax = 200_000
  for (const line of ['+a line of text\n', '+\u0001\u0002\u0003', '+🦊"\\\t']) {
    const patch = line.repeat(Math.ceil(1_048_576 / Buffer.byteLength(line)))
    const pieces = cutPatch(patch, bytesMax)
    t.ok(pieces.join('') === patch)
    t.ok(pieces.every((piece) => bytesOf(piece) <= bytesMax))
    t.equal(pieces.length, Math.ceil(bytesOf(patch) / (bytesMax - 20)), 'no more than it takes')
  }
})
