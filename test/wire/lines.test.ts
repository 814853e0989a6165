import t from 'tap'
import fc from 'fast-check'
import { LineReader } from '../../lib/wire/lines.js'

/** What a reader gives for a stream that comes in these chunks: texts, and lengths of lines too long. */
function read(chunks: Buffer[], bytesMax?: number): (string | number)[] {
  const reader = new LineReader(bytesMax)
  const found: (string | number)[] = []
  const drain = (): void => {
    for (let line = reader.next(); line !== null; line = reader.next())
      found.push(line.kind === 'line' ? line.bytes.toString('latin1') : line.length)
  }
  for (const chunk of chunks) {
    reader.push(chunk)
    drain()
  }
  const last = reader.finish()
  if (last !== null) found.push(last.kind === 'line' ? last.bytes.toString('latin1') : last.length)
  return found
}

void t.test('lines', async (t) => {
  const table: [string, (string | number)[]][] = [
    ['', []],
    ['a', ['a']],
    ['a\nb\n', ['a', 'b']],
    ['a\r\nb\r\n', ['a', 'b']],
    ['a\n\n \t\n\r\nb', ['a', 'b']],
    ['# hand\na\n  # in\nb # not\n', ['a', 'b # not']],
    ['12345678\n', ['12345678']],
    ['12345678\r\n', ['12345678']],
    ['123456789\nok\n', [9, 'ok']],
    ['123456789\r\nok\n', [10, 'ok']],
    ['1234567890123\n{"tail"}\n', [13, '{"tail"}']],
    ['#2345678901\nok\n', [11, 'ok']],
    ['ok\n123456789', ['ok', 9]],
  ]
  for (const [stream, lines] of table)
    t.strictSame(read([Buffer.from(stream)], 8), lines, JSON.stringify(stream))
})

void t.test('lines are numbered as a person counts them', async (t) => {
  const reader = new LineReader(5)
  reader.push(Buffer.from('# one\n\nthr\nfourth\nfiv\n'))
  t.match(
    [reader.next(), reader.next(), reader.next()],
    [{ number: 3 }, { number: 4, kind: 'too_long' }, { number: 5 }],
  )
})

void t.test('the chunks make no difference, wherever they are cut', async (t) => {
  const stream = fc
    .array(fc.constantFrom('a', '\n', '\r', '\r\n', '#', ' ', 'bcd', '12345678', '\xff'), { maxLength: 40 })
    .map((parts) => Buffer.from(parts.join(''), 'latin1'))
  fc.assert(
    fc.property(stream, fc.array(fc.nat(60)), (bytes, cuts) => {
      const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
      const chunks = at.slice(1).map((end, i) => bytes.subarray(at[i], end))
      const [whole, cut] = [read([bytes], 8), read(chunks, 8)]
      if (JSON.stringify(whole) !== JSON.stringify(cut))
        throw new Error(`${JSON.stringify(whole)} is not ${JSON.stringify(cut)}`)
    }),
    { numRuns: 500 },
  )
  const text = 'first\r\nsecond line\n# note\n\nthird'
  for (let at = 0; at <= text.length; at++)
    t.strictSame(read([Buffer.from(text.slice(0, at)), Buffer.from(text.slice(at))]), [
      'first',
      'second line',
      'third',
    ])
})

void t.test('a line without end is not kept', async (t) => {
  const reader = new LineReader()
  const chunk = Buffer.alloc(65_536, 'a')
  const before = process.memoryUsage().arrayBuffers
  for (let i = 0; i < 2_000; i++) {
    reader.push(chunk)
    if (reader.next() !== null) t.fail('a line that has not ended')
  }
  t.ok(process.memoryUsage().arrayBuffers - before < 4_000_000, 'of 131 MB nothing stayed')
  reader.push(Buffer.from('\nok\n'))
  t.match(reader.next(), { kind: 'too_long', length: 131_072_000 })
  t.match(reader.next(), { kind: 'line', bytes: Buffer.from('ok') })
})
