import { randomBytes } from 'node:crypto'
import t from 'tap'
import { escapeMs, Input, pasteBytesMax, quietMs, type Token } from '../../../lib/pulse/terminal/input.js'

/** What comes of bytes, each token as a short word; `tick` is what comes later. */
function read(...chunks: (string | Uint8Array)[]): string[] {
  const input = new Input()
  const tokens = chunks.flatMap((chunk) =>
    input.take(typeof chunk === 'string' ? Buffer.from(chunk) : chunk, 0),
  )
  return [...tokens, ...input.tick(1e9)].map(word)
}

function word(token: Token): string {
  if (token.kind === 'paste')
    return `paste ${JSON.stringify(token.text)}${token.lost > 0 ? ` lost ${token.lost}` : ''}`
  return `${token.kind} ${JSON.stringify(token.kind === 'text' ? token.text : token.bytes)}`
}

const seq = (bytes: string): string => `sequence ${JSON.stringify(bytes)}`
const text = (...characters: string[]): string[] =>
  characters.map((character) => `text ${JSON.stringify(character)}`)

void t.test('whole keys, however they are cut', async (t) => {
  const cases: [bytes: string, tokens: string[]][] = [
    ['aä日👍', text('a', 'ä', '日', '👍')],
    ['\u0003\r\t\u007f', [seq('\u0003'), seq('\r'), seq('\t'), seq('\u007f')]],
    ['\u001b[A\u001b[1;5D', [seq('\u001b[A'), seq('\u001b[1;5D')]],
    ['\u001bOM\u001bO5P', [seq('\u001bOM'), seq('\u001bO5P')]],
    ['\u001bx', [seq('\u001bx')]],
    ['\u001b', [seq('\u001b')]],
    ['\u001b\u001b[A', [seq('\u001b'), seq('\u001b[A')]],
    ['\u001b[[A', [seq('\u001b[[A')]],
    ['\u001b[<0;12;3M\u001b[<0;12;3m', [seq('\u001b[<0;12;3M'), seq('\u001b[<0;12;3m')]],
    ['\u001b[M !!a', text('a')],
    [
      '\u001b]11;rgb:0/0/0\u001b\\a',
      [`reply ${JSON.stringify('\u001b]11;rgb:0/0/0\u001b\\')}`, ...text('a')],
    ],
    ['\u001b]11;rgb:0/0/0\u0007a', [`reply ${JSON.stringify('\u001b]11;rgb:0/0/0\u0007')}`, ...text('a')]],
    [
      '\u001b[?62;4c\u001bP1+r\u001b\\',
      [`reply ${JSON.stringify('\u001b[?62;4c')}`, `reply ${JSON.stringify('\u001bP1+r\u001b\\')}`],
    ],
    ['\u001b[200~a\u001b[Ab\r\nc\rd\te\u001b[201~f', ['paste "a[Ab\\nc\\nd\\te"', ...text('f')]],
    ['\u001b[200~\u001b[201~f', text('f')],
    ['\u001b[200~\u001b[20\u001b[201~', ['paste "[20"']],
    ['\u001b[1\u0003', [seq('\u0003')]],
    ['\u001b]11;rgb\u0003', [seq('\u0003')]],
    ['\u001b]11;rgb\u001b[A', [seq('\u001b[A')]],
    ['\u009bA', text('A')],
  ]
  for (const [bytes, tokens] of cases) {
    t.same(read(bytes), tokens, JSON.stringify(bytes))
    t.same(
      read(...Array.from(Buffer.from(bytes), (byte) => Buffer.of(byte))),
      tokens,
      `${JSON.stringify(bytes)} by bytes`,
    )
  }
})

void t.test('keys that are told by number', async (t) => {
  for (const [bytes, tokens] of [
    ['[27u', [seq('\u001b')]],
    ['[13u', [seq('\r')]],
    ['[13;1:1u', [seq('\r')]],
    ['[9;2u', [seq('\u001b[Z')]],
    ['[99;5u', [seq('\u0003')]],
    ['[27;5;99~', [seq('\u0003')]],
    ['[120;3u', [seq('\u001bx')]],
    ['[97;2u', text('A')],
    ['[228u', text('ä')],
    ['[97;1:3u', []],
    ['[97;9u', []],
    ['[57441u', []],
    ['[133u', []],
    ['[55296u', []],
    ['[9999999u', []],
    ['[?1u', [`reply ${JSON.stringify('\u001b[?1u')}`]],
  ] as const)
    t.same(read(`\u001b${bytes}`), tokens, bytes)
})

void t.test('what is no character', async (t) => {
  for (const [bytes, tokens] of [
    [[0x80], text('\ufffd')],
    [[0xff, 0x61], text('\ufffd', 'a')],
    [[0xc3], text('\ufffd')],
    [[0xc3, 0x61], text('\ufffd', 'a')],
    [
      [0xe6, 0x97, 0x1b, 0x5b, 0x41],
      [...text('\ufffd'), seq('\u001b[A')],
    ],
    [[0xed, 0xa0, 0x80], text('\ufffd')],
    [[0xc0, 0xaf], text('\ufffd', '\ufffd')],
    [[0xf4, 0x90, 0x80, 0x80], text('\ufffd')],
    [[0xc2, 0x9b], []],
  ] as [number[], string[]][])
    t.same(read(Buffer.from(bytes)), tokens, bytes.join())
})

void t.test('half a sequence is waited for, but not for long', async (t) => {
  const input = new Input()
  t.same(input.take(Buffer.from('\u001b'), 100), [])
  t.equal(input.dueMs, 100 + escapeMs)
  t.same(input.tick(100 + escapeMs - 1), [])
  t.same(input.tick(100 + escapeMs).map(word), [seq('\u001b')])
  t.equal(input.dueMs, null)

  t.same(input.take(Buffer.from('\u001b[<0;1'), 200), [], 'only a terminal sends that')
  t.equal(input.dueMs, 200 + quietMs)
  t.same(input.take(Buffer.from('2;3M'), 900).map(word), [seq('\u001b[<0;12;3M')])

  input.take(Buffer.from('\u001b[<0;1'), 2_000)
  t.same(input.take(Buffer.from('x'), 2_000 + quietMs).map(word), text('x'), 'the rest never came')

  input.take(Buffer.from('\u001b'), 9_000)
  t.same(input.take(Buffer.from('x'), 9_000 + escapeMs).map(word), [seq('\u001b'), ...text('x')])
  input.take(Buffer.from('\u001b]'), 9_500)
  t.same(input.tick(9_500 + escapeMs).map(word), [seq('\u001b]')], 'Alt and a bracket')
  t.same(input.take(Buffer.from('a'), 9_600).map(word), text('a'))
})

void t.test('pastes have a bound and an end', async (t) => {
  const input = new Input()
  input.take(Buffer.from('\u001b[200~abc'), 0)
  t.equal(input.dueMs, quietMs)
  t.same(input.tick(quietMs).map(word), ['paste "abc"'])
  t.same(input.take(Buffer.from('d'), quietMs).map(word), text('d'))

  for (const [length, lost] of [
    [pasteBytesMax, 0],
    [pasteBytesMax + 1, 1],
    [pasteBytesMax * 3, pasteBytesMax * 2],
  ] as const) {
    const bytes = Buffer.from(`\u001b[200~${'x'.repeat(length)}\u001b[201~y`)
    for (const size of [bytes.length, 4_096, 7]) {
      const tokens: Token[] = []
      for (let at = 0; at < bytes.length; at += size)
        tokens.push(...input.take(bytes.subarray(at, at + size), 2_000))
      t.equal(tokens.length, 2)
      t.match(tokens[0], { kind: 'paste', lost, text: 'x'.repeat(pasteBytesMax) })
      t.same(tokens[1], { kind: 'text', text: 'y' })
    }
  }
})

void t.test('an answer without an end is swallowed, and what comes later is not', async (t) => {
  const input = new Input()
  t.same(input.take(Buffer.from(`\u001b]52;c;${'A'.repeat(1e6)}`), 0), [])
  t.same(input.take(Buffer.from('\u0007a'), 1).map(word), text('a'), 'too long for an answer')
  t.same(input.take(Buffer.from(`\u001b[${'1;'.repeat(1e5)}`), 2), [])
  t.same(input.take(Buffer.from('mb'), 3).map(word), text('b'))
})

void t.test('whatever comes, keys are keys and text is text', async (t) => {
  const seed = process.env['AOC_SEED'] ?? randomBytes(4).toString('hex')
  t.comment(`AOC_SEED=${seed}`)
  let state = Number.parseInt(seed, 16) >>> 0 || 1
  const random = (below: number): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
  const input = new Input()
  const pieces = [
    '\u001b',
    '\u001b[',
    '\u001b]',
    '\u001bP',
    '\u001b[200~',
    '\u001b[201~',
    '\u001b\\',
    '\u001b[M',
    '日',
    '\u001b[1;5u',
  ]
  let nowMs = 0
  let texts = 0
  let worst = ''
  for (let total = 0; total < 10_000_000;) {
    const chunk = Buffer.alloc(1 + random(8_192))
    for (let i = 0; i < chunk.length; i++) chunk[i] = random(256)
    for (let i = random(6); i > 0; i--) chunk.write(pieces[random(pieces.length)]!, random(chunk.length))
    total += chunk.length
    nowMs += random(3) === 0 ? random(1_500) : 1
    for (const token of input.take(chunk, nowMs)) {
      if (token.kind === 'text') {
        texts++
        if (!/^[^\p{Cc}\p{Cs}]$/u.test(token.text)) worst = word(token)
      } else if (token.kind === 'paste') {
        if (token.text.length > pasteBytesMax || /(?![\n\t])\p{Cc}/u.test(token.text)) worst = 'a paste'
      } else if (token.bytes.length > 4_096) worst = 'a long sequence'
    }
  }
  t.equal(worst, '')
  t.ok(texts > 10_000)
  input.tick(nowMs + 10_000)
  t.same(input.take(Buffer.from('z'), nowMs + 10_000).map(word), text('z'))
})
