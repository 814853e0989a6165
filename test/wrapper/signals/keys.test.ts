import t from 'tap'
import fc from 'fast-check'
import { KeySignals, type KeySignal } from '../../../lib/wrapper/signals/keys.js'

const esc = '\u001b'

/** What is made of input that is read in these pieces, with a pause after the last. */
function typed(...pieces: (string | Uint8Array)[]): KeySignal[] {
  const signals: KeySignal[] = []
  const keys = new KeySignals((signal) => signals.push(signal))
  for (const piece of pieces) keys.write(Buffer.from(piece))
  keys.settle()
  return signals
}

/** In short: a choice is its key, and the focus is `in` or `out`. */
function short(signals: KeySignal[]): string {
  return signals
    .map((signal) => {
      if (signal.kind === 'choice') return signal.key
      return signal.kind === 'focus' ? (signal.isFocused ? 'in' : 'out') : signal.kind
    })
    .join(' ')
}

const table: [input: string, signals: string][] = [
  ['', ''],

  // Legacy keys
  [esc, 'escape'],
  ['\u0003', 'interrupt'],
  ['\r', 'submit'],
  ['\n', ''],
  ['\r\n', 'submit'],
  ['\r\r\n\n', 'submit submit'],
  ['1', '1'],
  ['9', '9'],
  ['y', 'y'],
  ['n', 'n'],
  ['a', 'a'],
  ['0', 'text'],
  ['Y', 'text'],
  ['b', 'text'],
  ['é', 'text'],
  ['日', 'text'],
  ['😀', 'text'],
  [' ', 'text'],
  ['12', 'text'],
  ['yes', 'text'],
  ['hello world', 'text'],
  ['1\r', '1 submit'],
  ['fix it\r', 'text submit'],
  ['one\rtwo', 'text submit text'],
  ['\u0003\u0003', 'interrupt interrupt'],
  ['\t\u007f\b\u0000\u0001\u0004\u000c\u0015\u001a\u001c', ''],

  // Alt and a key
  [`${esc}\r`, ''],
  [`${esc}\n`, ''],
  [`${esc}\r\n`, ''],
  [`${esc}1`, ''],
  [`${esc}y${esc}b`, ''],
  [`${esc}\u007f`, ''],
  [`${esc}\t`, ''],
  [`${esc}\u0003`, ''],
  [`${esc}é`, ''],
  [`${esc}日1`, '1'],
  [`${esc}[`, ''],
  [`${esc}O`, ''],
  [`${esc}]`, ''],
  [`${esc}P`, ''],
  [`${esc}_`, ''],
  [`${esc}^${esc}X1`, '1'],
  [`${esc}]y`, 'y'],
  [`${esc}Phi`, 'text'],

  // Arrows and function keys
  [`${esc}[A${esc}[B${esc}OC${esc}OD${esc}[H${esc}OF`, ''],
  [`${esc}[1;5A${esc}[1;2P${esc}OP${esc}O2P${esc}[3~${esc}[15;5~${esc}[Z${esc}[1;1:3A`, ''],
  [`${esc}[[A${esc}[[E1`, '1'],
  [`${esc}[a${esc}Oa${esc}[3^${esc}[3@`, ''],
  [`${esc}[2~x`, 'text'],
  [`${esc}OM`, ''],

  // Two ESCs
  [`${esc}${esc}`, 'escape escape'],
  [`${esc}${esc}${esc}`, 'escape escape escape'],
  [`${esc}${esc}[A`, ''],
  [`${esc}${esc}OA`, ''],
  [`${esc}${esc}[1;5D${esc}${esc}[3~${esc}${esc}[[A`, ''],
  [`${esc}${esc}${esc}[A`, 'escape'],
  [`${esc}${esc}x`, 'escape'],
  [`${esc}${esc}[I`, 'escape in'],
  [`${esc}${esc}[<0;1;1M`, 'escape'],
  [`${esc}${esc}[M   1`, 'escape 1'],
  [`${esc}${esc}[200~x${esc}[201~`, 'escape text'],
  [`${esc}${esc}[?62c${esc}${esc}]11;rgb:0/0/0${esc}\\`, 'escape escape'],
  [`${esc}${esc}[12;40R`, 'escape'],
  [`${esc}${esc}[`, 'escape'],
  [`${esc}${esc}O`, 'escape'],
  [`${esc}${esc}O\r`, 'escape submit'],
  [`${esc}${esc}[1\r`, 'escape submit'],

  // kitty's protocol
  [`${esc}[27u`, 'escape'],
  [`${esc}[27;1u`, 'escape'],
  [`${esc}[27;1:1u`, 'escape'],
  [`${esc}[27;1:2u`, 'escape'],
  [`${esc}[27;1:3u`, ''],
  [`${esc}[27;129u${esc}[27;65u${esc}[27;193u`, 'escape escape escape'],
  [`${esc}[27;2u${esc}[27;3u${esc}[27;5u${esc}[27;9u`, ''],
  [`${esc}[27;1:1u${esc}[27;1:3u`, 'escape'],
  [`${esc}[99;5u`, 'interrupt'],
  [`${esc}[99;5:1u${esc}[99;5:3u`, 'interrupt'],
  [`${esc}[99;133u${esc}[99:67:99;5u${esc}[99::99;5u`, 'interrupt interrupt interrupt'],
  [`${esc}[99;6u${esc}[99;7u${esc}[99;3u${esc}[99;9u${esc}[97;5u`, ''],
  [`${esc}[99u`, 'text'],
  [`${esc}[13u`, 'submit'],
  [`${esc}[13;1u${esc}[13;1:1u${esc}[13;1:3u${esc}[13;129u`, 'submit submit submit'],
  [`${esc}[13;2u${esc}[13;3u${esc}[13;5u${esc}[13;2:1u`, ''],
  [`${esc}[57414u${esc}[57414;129u${esc}[57414;2u`, 'submit submit'],
  [`${esc}[49u`, '1'],
  [`${esc}[49;1u${esc}[49;1:3u`, '1'],
  [`${esc}[121u${esc}[110;1:1u${esc}[97;;97u`, 'y n a'],
  [`${esc}[57400;129u${esc}[57408u${esc}[57399u`, '1 9 text'],
  [`${esc}[121;2u`, 'text'],
  [`${esc}[121:89;2u`, 'text'],
  [`${esc}[38:49;2u`, '1'],
  [`${esc}[97;2;65u${esc}[97;;229u${esc}[97;3;229u`, 'text text text'],
  [`${esc}[0;;104:105u`, 'text'],
  [`${esc}[121;3u${esc}[121;5u${esc}[49;9u${esc}[49;2:3u`, ''],
  [`${esc}[98u${esc}[1076u${esc}[128512u${esc}[65585u`, 'text text text text'],
  [`${esc}[9u${esc}[127u${esc}[57376u${esc}[57441;2u${esc}[57441;1:3u${esc}[0u${esc}[u`, ''],
  [`${esc}[9;2u${esc}[57352;2u`, ''],
  [`${esc}[?1u${esc}[?27u${esc}[>27u`, ''],

  // modifyOtherKeys
  [`${esc}[27;1;27~`, 'escape'],
  [`${esc}[27;2;27~`, ''],
  [`${esc}[27;5;99~`, 'interrupt'],
  [`${esc}[27;6;99~`, ''],
  [`${esc}[27;2;13~${esc}[27;5;13~`, ''],
  [`${esc}[27;2;65~`, 'text'],
  [`${esc}[27;5;9~${esc}[27~${esc}[27;2~`, ''],

  // Focus
  [`${esc}[I`, 'in'],
  [`${esc}[O`, 'out'],
  [`${esc}[I${esc}[Ox`, 'in out text'],
  [`${esc}[1I${esc}[?O`, ''],

  // Paste
  [`${esc}[200~hello${esc}[201~`, 'text'],
  [`${esc}[200~1${esc}[201~`, 'text'],
  [`${esc}[200~one\rtwo\n\u0003${esc}[27u${esc}[99;5u${esc}${esc}[A${esc}[201~`, 'text'],
  [`${esc}[200~${esc}[201~`, ''],
  [`${esc}[200~${esc}[20${esc}[201${esc}${esc}[201~\r`, 'text submit'],
  [`${esc}[200~a${esc}[201~${esc}[200~b${esc}[201~1`, 'text text 1'],
  [`${esc}[200~${esc}[200~\r${esc}[201~\r`, 'text submit'],
  [`${esc}[200~never ends\r\u0003${esc}`, 'text'],
  [`${esc}[201~\r`, 'submit'],
  [`${esc}[200;1~\r${esc}[201~`, 'text'],
  [`${esc}[?200~\r`, 'submit'],

  // Mouse reports
  [`${esc}[<0;10;20M${esc}[<0;10;20m${esc}[<65;1;1M1`, '1'],
  [`${esc}[M !!${esc}[M#yn1`, '1'],
  [`${esc}[M \u0000\u00001`, '1'],
  [`${esc}[M \r`, 'submit'],
  [`${esc}[M ${esc}[I`, 'in'],
  [`${esc}[32;10;20M${esc}[35;10;20M1`, '1'],

  // The terminal's answers
  [`${esc}[12;40R${esc}[1;1R`, ''],
  [
    `${esc}[?62;22c${esc}[>1;4000;13c${esc}[?2026;2$y${esc}[?997;1n${esc}[0n${esc}[8;24;80t${esc}[48;1;2;3;4t`,
    '',
  ],
  [`${esc}]11;rgb:1e1e/1e1e/1e1e${esc}\\`, ''],
  [`${esc}]11;rgb:1e1e/1e1e/1e1e\u0007y`, 'y'],
  [`${esc}]52;c;MQ==${esc}\\${esc}]lthe title\u0007${esc}]LÜ icon${esc}\\1`, '1'],
  [`${esc}P1$r0m${esc}\\${esc}P>|XTerm(390)${esc}\\${esc}P!|00${esc}\\${esc}P1+r524742=38${esc}\\`, ''],
  [`${esc}_Gi=31;OK${esc}\\1`, '1'],
  [`${esc}]52;c;${'QUJD'.repeat(3_000)}\u0007\r`, 'submit'],
  // Broken off
  [`${esc}]11;rgb\r1`, 'submit 1'],
  [`${esc}]11;rgb\u0003`, 'interrupt'],
  [`${esc}]11;rgb\u00181`, '1'],
  [`${esc}]11;rgb${esc}[27u`, 'escape'],
  [`${esc}]11;rgb${esc}${esc}`, 'escape'],
  [`${esc}]11;rgb${esc}${esc}[I`, 'in'],
  [`${esc}]11;rgb${esc}b1`, '1'],
  [`${esc}[1;\r`, 'submit'],
  [`${esc}[1;é`, 'text'],
  [`${esc}[1;${esc}[27u`, 'escape'],
  [`${esc}O\u0003`, 'interrupt'],
  [`${esc}O${esc}`, 'escape'],
  [`${esc}[[\r`, 'submit'],
  [`${esc}[${'9'.repeat(10_000)}u${esc}[27u`, 'escape'],
  [`${esc}[${'1;'.repeat(10_000)}A1`, '1'],
]

void t.test('what keys say', async (t) => {
  for (const [input, signals] of table)
    t.equal(short(typed(input)), signals, JSON.stringify(input).slice(0, 100))
})

/**
 * Signals without what may depend on how the input is cut: a run of text that is cut becomes several texts, or
 * choices. Between two ESCs a cut has a meaning.
 */
function uncut(signals: KeySignal[]): string {
  const kinds = signals.map((signal) => (signal.kind === 'choice' ? 'text' : short([signal])))
  return kinds.filter((kind, i) => kind !== 'text' || kinds[i - 1] !== 'text').join(' ')
}

function isCuttable(bytes: Uint8Array, at: number): boolean {
  return bytes[at] !== 0x1b || bytes[at - 1] !== 0x1b
}

function pieces(bytes: Uint8Array, cuts: number[]): Uint8Array[] {
  const at = [0, ...cuts.filter((cut) => isCuttable(bytes, cut)), bytes.length]
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end))
}

void t.test('wherever they are cut', async (t) => {
  for (const [input] of table) {
    const bytes = Buffer.from(input)
    if (bytes.length > 200) continue
    const whole = uncut(typed(bytes))
    const all = pieces(bytes, [...bytes.keys()])
    t.equal(uncut(typed(...all)), whole, `byte by byte: ${JSON.stringify(input)}`)
    const cut = Array.from(bytes, (_, at) => uncut(typed(...pieces(bytes, [at]))))
    t.strictSame(
      cut.filter((signals) => signals !== whole),
      [],
      `in two: ${JSON.stringify(input)}`,
    )
  }
})

void t.test('an ESC at the end of a piece', async (t) => {
  const pieces: [pieces: string[], signals: string][] = [
    [[esc, '[A'], ''],
    [[esc, 'OA'], ''],
    [[esc, '[', '2', '7', 'u'], 'escape'],
    [[esc, 'y'], ''],
    [[esc, '\r'], ''],
    [[esc, esc], 'escape escape'],
    [[esc, esc, esc], 'escape escape escape'],
    [[esc, `${esc}[A`], 'escape'],
    [[esc, `${esc}[A`, `${esc}x`], 'escape'],
    [[esc, `${esc}${esc}[A`], 'escape'],
    [[`${esc}${esc}`, '[A'], ''],
    [[`${esc}${esc}`, esc], 'escape escape escape'],
    [[`${esc}${esc}`, `${esc}[A`], 'escape escape'],
    [[`text${esc}`, `${esc}[I`], 'text escape in'],
    [[esc, '', '[A'], ''],
    [[esc, '', esc], 'escape escape'],
    [[`${esc}]11;rgb${esc}`, '\\1'], '1'],
    // An answer that ends in an ESC proves no key.
    [[`${esc}]11;rgb${esc}`], ''],
  ]
  for (const [input, signals] of pieces) t.equal(short(typed(...input)), signals, JSON.stringify(input))
})

void t.test('a choice comes alone', async (t) => {
  t.equal(short(typed('y', 'e', 's')), 'y text text')
  t.equal(short(typed('yes')), 'text')
  t.equal(short(typed('1', '2')), '1 2')
  t.equal(short(typed(Uint8Array.of(0xc3), Uint8Array.of(0xa9, 0x31))), 'text text')
})

void t.test('a pause settles what is open', async (t) => {
  const open: [input: string, isUnsettled: boolean, then: string, signals: string][] = [
    [esc, true, '', 'escape'],
    [esc, true, '[A', 'escape text'],
    [esc, true, '1', 'escape 1'],
    [esc, true, '\r', 'escape submit'],
    [esc, true, esc, 'escape escape'],
    [`${esc}${esc}`, true, '1', 'escape escape 1'],
    [`${esc}[`, true, '1', '1'],
    [`${esc}O`, true, '1', '1'],
    [`${esc}O1`, true, '1', '1'],
    [`${esc}]`, true, '1', '1'],
    [`${esc}P`, true, '1', '1'],
    [`${esc}_`, true, 'G', 'text'],
    [`${esc}${esc}[`, true, '', 'escape'],
    // These were cut on their way, and go on.
    [`${esc}[2`, false, '7u', 'escape'],
    [`${esc}[20`, false, `0~\r${esc}[201~`, 'text'],
    [`${esc}[200~a`, false, `\r${esc}[201~`, 'text'],
    [`${esc}[200~a${esc}`, false, '[201~\r', 'text submit'],
    [`${esc}[M!`, false, '!!1', '1'],
    [`${esc}]11;rgb:1`, false, `1/1/1${esc}\\`, ''],
    [`${esc}]11;rgb${esc}`, false, '\\1', '1'],
    ['text', false, '1', 'text 1'],
    ['', false, '', ''],
    [`${esc}[A`, false, '1', '1'],
    [`${esc}x`, false, '1', '1'],
  ]
  for (const [input, isUnsettled, then, expected] of open) {
    const signals: KeySignal[] = []
    const keys = new KeySignals((signal) => signals.push(signal))
    keys.write(Buffer.from(input))
    const name = JSON.stringify([input, then])
    t.equal(keys.isUnsettled, isUnsettled, name)
    keys.settle()
    t.notOk(keys.isUnsettled, name)
    keys.settle()
    keys.write(Buffer.from(then))
    keys.settle()
    t.equal(short(signals), expected, name)
  }
})

const fragments = [
  [
    esc,
    `${esc}[`,
    `${esc}O`,
    `${esc}]`,
    `${esc}P`,
    `${esc}_G`,
    `${esc}\\`,
    `${esc}[200~`,
    `${esc}[201~`,
    `${esc}[M`,
  ],
  [
    '27u',
    '27;1:3u',
    '99;5u',
    '13;2u',
    '49u',
    '27;5;99~',
    '<0;1;1M',
    '?62c',
    '1;1R',
    '11;rgb',
    'A',
    'I',
    'O',
    '[A',
  ],
  [
    '\r',
    '\n',
    '\u0003',
    '\u0007',
    '\u0018',
    '\u007f',
    '\u0000',
    '1',
    'y',
    'text',
    'é',
    '日本',
    '~',
    ';',
    ':',
    '2',
    '$',
  ],
].flat()
const input = fc
  .array(
    fc.oneof(
      fc.constantFrom(...fragments.map((text) => Buffer.from(text))),
      fc.uint8Array({ minLength: 1, maxLength: 2 }),
    ),
    { maxLength: 30 },
  )
  .map((parts) => Buffer.concat(parts))

void t.test('the cuts make no difference to any input', async (t) => {
  fc.assert(
    fc.property(fc.oneof(input, fc.uint8Array({ maxLength: 100 })), fc.array(fc.nat(200)), (bytes, cuts) => {
      const at = cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b)
      const [whole, cut] = [uncut(typed(bytes)), uncut(typed(...pieces(bytes, at)))]
      if (whole !== cut) throw new Error(`${whole} but cut ${cut}`)
    }),
    { numRuns: 3_000 },
  )
  t.pass('held')
})

void t.test('nothing is taken for a key in a paste', async (t) => {
  fc.assert(
    fc.property(input, (content) => {
      if (content.includes(`${esc}[201~`)) return
      const signals = uncut(typed(`${esc}[200~`, content, `${esc}[201~`))
      if (signals !== (content.length > 0 ? 'text' : '')) throw new Error(signals)
    }),
    { numRuns: 1_000 },
  )
  t.pass('held')
})

void t.test('whatever came before, a key is soon read again', async (t) => {
  fc.assert(
    fc.property(input, (bytes) => {
      const signals: KeySignal[] = []
      const keys = new KeySignals((signal) => signals.push(signal))
      keys.write(bytes)
      // Out of a paste and of a mouse report; then anything else ends at an Enter.
      keys.write(Buffer.from(`${esc}[201~${esc}[201~\r\r`))
      signals.length = 0
      keys.write(Buffer.from('\u0003'))
      keys.write(Buffer.from(esc))
      keys.settle()
      if (short(signals) !== 'interrupt escape') throw new Error(short(signals))
    }),
    { numRuns: 1_000 },
  )
  t.pass('held')
})

void t.test('endless input takes no memory', async (t) => {
  const piece = Buffer.alloc(256 * 1_024, '1;')
  for (const begin of [`${esc}[200~`, `${esc}]52;c;`, `${esc}P1$r`, `${esc}[`, 'text']) {
    const signals: KeySignal[] = []
    const keys = new KeySignals((signal) => signals.push(signal))
    keys.write(Buffer.from(begin))
    for (let i = 0; i < 16; i++) keys.write(piece)
    t.ok(signals.length <= 17, `${JSON.stringify(begin)}: ${signals.length} signals`)
    keys.write(Buffer.from(`${esc}[201~${esc}[27u`))
    t.equal(signals.at(-1)?.kind, 'escape')
  }
})
