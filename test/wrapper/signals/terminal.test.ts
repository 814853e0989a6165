import t from 'tap'
import fc from 'fast-check'
import xterm from '@xterm/headless'
import { TerminalSignals, type TerminalSignal } from '../../../lib/wrapper/signals/terminal.js'

const esc = '\u001b'
const st = `${esc}\\`
const bel = '\u0007'

interface Seen {
  signals: TerminalSignal[]
  bracketedPaste: boolean
  alternateScreen: boolean
  focusReports: boolean
  isAtRest: boolean
}

/** What is made of output that comes in these pieces. */
function seen(pieces: Uint8Array[]): Seen {
  const signals: TerminalSignal[] = []
  const terminal = new TerminalSignals((signal) => signals.push(signal))
  for (const piece of pieces) terminal.write(piece)
  const { bracketedPaste, alternateScreen, focusReports, isAtRest } = terminal
  return { signals, bracketedPaste, alternateScreen, focusReports, isAtRest }
}

/** Text as UTF-8; `\xNN` past 0x7f must be given as bytes. */
function bytesOf(output: string | number[]): Buffer {
  return typeof output === 'string' ? Buffer.from(output) : Buffer.from(output)
}

function title(text: string): TerminalSignal {
  return { kind: 'title', text }
}

function notified(
  via: 'osc9' | 'osc99' | 'osc777',
  text: string,
  heading: string | null = null,
): TerminalSignal {
  return { kind: 'notification', via, title: heading, text }
}

type Progress = Extract<TerminalSignal, { kind: 'progress' }>
function progress(state: Progress['state'], percent: number | null = null): Progress {
  return { kind: 'progress', state, percent }
}

type Prompt = Extract<TerminalSignal, { kind: 'prompt' }>
function prompt(mark: Prompt['mark'], exitCode: number | null = null): Prompt {
  return { kind: 'prompt', mark, exitCode }
}

const bell: TerminalSignal = { kind: 'bell' }

function osc(...strings: string[]): string {
  return strings.map((string) => `${esc}]${string}${st}`).join('')
}

/** As a program in tmux writes what is meant for the terminal around it. */
function passed(output: string): string {
  return `${esc}Ptmux;${output.replaceAll(esc, esc + esc)}${st}`
}

const table: [output: string | number[], signals: TerminalSignal[]][] = [
  ['plain text\r\n', []],
  ['', []],

  // Titles
  [`${esc}]0;hello${bel}`, [title('hello')]],
  [`${esc}]2;hello${st}`, [title('hello')]],
  [`a${esc}]0;one${bel}b${esc}]2;two${st}c`, [title('one'), title('two')]],
  [osc('1;icon name'), []],
  [osc('0;'), [title('')]],
  [osc('0', '2', '', ';x', '00;x', '02;x'), [title('x'), title('x')]],
  [osc('0;a;b;c'), [title('a;b;c')]],
  [osc('2;✳ Überprüfung 日本語 👩‍💻'), [title('✳ Überprüfung 日本語 👩💻')]],
  // The second byte of "Ü" is the C1 ST, and those of "✳" are other C1 codes.
  [[0x1b, 0x5d, 0x30, 0x3b, 0xc3, 0x9c, 0x62, 0x07], [title('Üb')]],
  [[0x1b, 0x5d, 0x30, 0x3b, 0x61, 0x9c, 0x62, 0x07], [title('a\ufffdb')]],
  [[0x1b, 0x5d, 0x30, 0x3b, 0xed, 0xa0, 0x80, 0x07], [title('\ufffd\ufffd\ufffd')]],
  [[0x1b, 0x5d, 0x30, 0x3b, 0xf0, 0x9f, 0x98, 0x07], [title('\ufffd')]],
  [`${esc}]0;a\r\n\tb\u0001c\u007fd\u0085e\u202ef${bel}`, [title('a bcdef')]],
  [osc(`0;${'x'.repeat(300)}`), [title('x'.repeat(256))]],
  [osc(`0;${'😀'.repeat(300)}`), [title('😀'.repeat(256))]],
  [osc(`0;${'x'.repeat(4_094)}`), [title('x'.repeat(256))]],
  [osc(`0;${'x'.repeat(4_095)}`, '0;next'), [title('next')]],
  [osc(`52;c;${'QUJD'.repeat(5_000)}`, '0;next'), [title('next')]],
  [osc('8;;https://example.org/', '7;file:///', '10;?', '1337;File=:QUJD', '6;x', '1999;x', '0x;y'), []],

  // What ends a string, and what does not
  [`${esc}]0;a\u0018b${bel}`, [bell]],
  [`${esc}]0;a\u001ab${bel}`, [bell]],
  [`${esc}]0;a${esc}[31mb${bel}`, [bell]],
  [`${esc}]0;a${esc}${st}b${bel}`, [bell]],
  [`${esc}]0;a${esc}${bel}b`, [bell]],
  [`${esc}]0;a${esc}]0;b${bel}`, [title('b')]],
  [`${esc}]0;a${esc}${esc}]2;b${st}`, [title('b')]],
  [`${esc}]0;a${esc}Pq${bel}${st}${bel}`, [bell]],
  [`${esc}]0;a${esc}[?2004hb`, []],

  // Bells
  [`a${bel}b${bel}`, [bell, bell]],
  [`${bel}${esc}]0;x${bel}${bel}`, [bell, title('x'), bell]],
  [`${esc}P1$r0m${bel}${st}`, []],
  [`${esc}_Gi=1;${bel}OK${st}`, []],
  [`${esc}^pm${bel}${st}${esc}Xsos${bel}${st}`, []],
  [`${esc}Pq${bel}\u0018${bel}`, [bell]],
  [`${esc}_a${bel}${esc}[m${bel}`, [bell]],
  // Inside a control sequence a control byte acts at once.
  [`${esc}[3${bel}1m${esc}${bel}[m${esc}(${bel}B${esc}[?20${bel}04h`, [bell, bell, bell, bell]],
  [`${esc}[31${esc}]0;x${bel}`, [title('x')]],
  [`${esc}[31\u0018${bel}`, [bell]],
  [`${esc}(B${esc}7${esc}=${esc}#8${esc} G${bel}`, [bell]],
  // C1 bytes begin nothing: they are parts of characters.
  [[0x9d, 0x30, 0x3b, 0x61, 0x07], [bell]],
  [[0x1b, 0xc3, 0xa9, 0x1b, 0x5b, 0xc3, 0xa9, 0x07], [bell]],

  // OSC 9
  [osc('9;Approval requested: ls'), [notified('osc9', 'Approval requested: ls')]],
  [osc('9;a;b'), [notified('osc9', 'a;b')]],
  [osc('9;4 files changed'), [notified('osc9', '4 files changed')]],
  [osc('9;42;x'), [notified('osc9', '42;x')]],
  [osc('9;', '9; ', '9;\u0001'), []],
  [osc('9;1;100', '9;2;box', '9;3;"tab"', '9;5', '9;9;/tmp', '9;10;1', '9;11;"c"', '9;12'), []],
  [`${esc}]9;you${bel}`, [notified('osc9', 'you')]],

  // OSC 9;4
  [osc('9;4;0', '9;4;0;', '9;4;0;50'), [progress('none'), progress('none'), progress('none')]],
  [
    osc('9;4;1;0', '9;4;1;50', '9;4;1;250', '9;4;1'),
    [progress('normal', 0), progress('normal', 50), progress('normal', 100), progress('normal')],
  ],
  [osc('9;4;2', '9;4;2;7'), [progress('error'), progress('error', 7)]],
  [osc('9;4;3', '9;4;3;', '9;4;3;9'), Array(3).fill(progress('indeterminate'))],
  [osc('9;4;4;7', '9;4;4'), [progress('paused', 7), progress('paused')]],
  [osc('9;4', '9;4;'), [progress('none'), progress('none')]],
  [osc('9;4;5', '9;4;x', '9;4;-1', '9;4;1;x', `9;4;${'9'.repeat(400)}`), []],

  // OSC 777
  [osc('777;notify;Claude;needs you'), [notified('osc777', 'needs you', 'Claude')]],
  [osc('777;notify;Claude;a;b'), [notified('osc777', 'a;b', 'Claude')]],
  [osc('777;notify;Claude', '777;notify;Claude;'), Array(2).fill(notified('osc777', 'Claude'))],
  [osc('777;notify;;body'), [notified('osc777', 'body')]],
  [osc('777;notify', '777;notify;;', '777;precmd', '777;container;push;x'), []],

  // OSC 99
  [osc('99;;Hello world'), [notified('osc99', 'Hello world')]],
  [osc('99;i=1;a;b'), [notified('osc99', 'a;b')]],
  [osc('99;p=body;only a body'), [notified('osc99', 'only a body')]],
  [osc('99;i=1:d=0;Title', '99;i=1:d=1:p=body;Body'), [notified('osc99', 'Body', 'Title')]],
  [osc('99;i=1:d=0:p=title;T', '99;i=1:d=0:p=body;B', '99;i=1:d=1:a=focus;'), [notified('osc99', 'B', 'T')]],
  [
    osc('99;i=1:d=0;One ', '99;i=2:d=0;Other', '99;i=1:d=0;title', '99;i=2:p=body;b', '99;i=1:p=body;a'),
    [notified('osc99', 'b', 'Other'), notified('osc99', 'a', 'One title')],
  ],
  [osc('99;d=0;no', '99;;id'), [notified('osc99', 'noid')]],
  [osc('99;e=1;SGVsbG8=', '99;e=1;4pyz'), [notified('osc99', 'Hello'), notified('osc99', '✳')]],
  [osc('99;e=1;SGVsbG8', '99;e=0;SGVsbG8='), [notified('osc99', 'Hello'), notified('osc99', 'SGVsbG8=')]],
  // A character in two parts; control characters under base64.
  [osc('99;i=1:d=0:e=1;4py=', '99;i=1:e=1;sw=='), [notified('osc99', '✳')]],
  [osc('99;e=1;YRtbMkpi'), [notified('osc99', 'a[2Jb')]],
  [osc('99;e=1;!', '99;;', '99;i=1:p=body;', '99', '99;', '99;no second'), []],
  [
    osc('99;i=1:p=close;', '99;i=1:p=?;', '99;i=1:p=alive;', '99;i=1:p=icon:e=1;SGk=', '99;p=buttons;Yes'),
    [],
  ],
  [
    osc('99;i=1:d=0;Title', '99;i=1:p=?;', '99;i=1:p=close;', '99;i=1:p=icon:e=1;SGk='),
    [notified('osc99', 'Title')],
  ],
  [
    osc('99;u=2:o=unfocused:x:=y:i:__proto__=1:constructor=p;urgent', '99;i=__proto__;x'),
    [notified('osc99', 'urgent'), notified('osc99', 'x')],
  ],
  [
    osc(`99;i=1:d=0;${'x'.repeat(2_000)}`, `99;i=1:d=0;${'y'.repeat(2_000)}`, '99;i=1:p=body;b'),
    [notified('osc99', 'b', 'x'.repeat(256))],
  ],
  [
    osc(...Array.from({ length: 9 }, (_, i) => `99;i=${i}:d=0;${i}`), '99;i=0;', '99;i=1;', '99;i=8;'),
    [notified('osc99', '1'), notified('osc99', '8')],
  ],

  // OSC 133 and 633
  [osc('133;A', '133;B', '133;C'), [prompt('prompt_start'), prompt('command_start'), prompt('command_run')]],
  [
    osc('133;D', '133;D;0', '133;D;127', '133;D;-1', '133;D;', '133;D;x'),
    [null, 0, 127, -1, null, null].map((code) => prompt('command_done', code)),
  ],
  [
    osc('133;A;k=i;aid=7', '133;C;cmdline_url=ls', '133;D;1;aid=7', '133;D;aid=7', '133;B;5'),
    [
      prompt('prompt_start'),
      prompt('command_run'),
      prompt('command_done', 1),
      prompt('command_done'),
      prompt('command_start'),
    ],
  ],
  [osc('633;A', '633;D;2'), [prompt('prompt_start'), prompt('command_done', 2)]],
  [osc('633;E;ls;n', '633;P;Cwd=/', '133;P;k=s', '133;', '133', '133;AB', '133;constructor', '133;a'), []],

  // Passthroughs
  [`${esc}Ptmux;${esc}${esc}]9;hi${bel}${st}`, [notified('osc9', 'hi')]],
  [`${esc}Ptmux;${esc}${esc}]9;hi${esc}${st}${st}`, [notified('osc9', 'hi')]],
  [`${esc}Ptmux;a${bel}b${st}`, [bell]],
  [
    `${esc}Ptmux;${esc}${esc}]99;i=1:d=0;T${bel}${st}${esc}Ptmux;${esc}${esc}]99;i=1:p=body;B${bel}${st}`,
    [notified('osc99', 'B', 'T')],
  ],
  // Cut off inside: what comes next is read anew.
  [`${esc}Ptmux;${esc}${esc}]9;hi${st}${esc}Ptmux;there${bel}${st}${bel}`, [bell, bell]],
  [`${esc}Ptmux;${esc}${esc}]9;hi${esc}[31m${bel}`, [bell]],
  [`${esc}Ptmux;${esc}${esc}]9;hi\u0018${bel}`, [bell]],
  [`${esc}Ptmux;${esc}${esc}]9;hi${esc}]0;x${bel}`, [title('x')]],
  [`${esc}Ptmux${bel}${st}${esc}Ptmuy;${bel}${st}${esc}PPtmux;${bel}${st}`, []],
  // A multiplexer in a multiplexer.
  [`${esc}Ptmux;${esc}${esc}Ptmux;${esc.repeat(4)}]9;deep${bel}${esc}${st}${st}`, [notified('osc9', 'deep')]],
  [passed(passed(passed(osc('9;deep')))), [notified('osc9', 'deep')]],
  [passed(passed(passed(passed(osc('9;too deep'))))), []],
  // GNU screen's.
  [`${esc}P${esc}]9;hi${bel}${st}`, [notified('osc9', 'hi')]],
  [`${esc}P${esc}]0;x${st}${st}`, [title('x')]],
]

void t.test('what output says', async (t) => {
  for (const [output, signals] of table)
    t.strictSame(seen([bytesOf(output)]).signals, signals, JSON.stringify(output).slice(0, 100))
})

void t.test('wherever it is cut', async (t) => {
  for (const [output] of table) {
    const bytes = bytesOf(output)
    const whole = seen([bytes])
    t.strictSame(
      seen([...bytes].map((byte) => Uint8Array.of(byte))),
      whole,
      `byte by byte: ${JSON.stringify(output).slice(0, 80)}`,
    )
    if (bytes.length > 400) continue
    const cuts = Array.from(bytes, (_, at) => seen([bytes.subarray(0, at), bytes.subarray(at)]))
    t.strictSame(
      cuts.findIndex((cut) => JSON.stringify(cut) !== JSON.stringify(whole)),
      -1,
      `in two: ${JSON.stringify(output).slice(0, 80)}`,
    )
  }
})

void t.test('modes', async (t) => {
  const [paste, alternate, focus] = ['bracketedPaste', 'alternateScreen', 'focusReports']
  const set = (modes: string): string => `${esc}[?${modes}h`
  const reset = (modes: string): string => `${esc}[?${modes}l`
  const rows: [output: string, on: (string | undefined)[]][] = [
    ['', []],
    [set('2004'), [paste]],
    [set('2004') + reset('2004'), []],
    [set('1004') + reset('25'), [focus]],
    [set('47'), [alternate]],
    [set('1047'), [alternate]],
    [set('1049'), [alternate]],
    [set('1049') + reset('47'), []],
    [set('1048') + set('1000;1006;2026'), []],
    [set('25;2004;1049;1004'), [paste, alternate, focus]],
    [set('2004;1049;1004') + reset('1004;2004'), [alternate]],
    [`${set('2004;1049;1004')}${esc}c`, []],
    [`${set('2004')}${esc}[!p${esc}[2J${esc}[c`, [paste]],
    [set(';2004;'), [paste]],
    // Other sequences with the same numbers.
    [`${esc}[2004h${esc}[>2004h${esc}[=2004h${esc}[2004?h`, []],
    [`${set('2004 ')}${set('2004$')}${esc}[?2004$p`, []],
    [set('2004:1') + set('20?04'), []],
    [`${set('2004')}${esc}[?2004s${esc}[?2004r${esc}[?2004n`, [paste]],
    [set('2004') + reset(`${'9'.repeat(5_000)}2004`), [paste]],
    [set(`${'0'.repeat(5_000)}2004`), [paste]],
    [set(`${'1;'.repeat(5_000)}2004`), [paste]],
    [set('20\u001804'), []],
    [set('20\u000004\u007f'), [paste]],
    [`${esc}[\u0000\u007f?2004h`, [paste]],
    [`${esc}[?2004`, []],
    [`${esc}]0;[?2004h${bel}`, []],
    [`${esc}]0;${set('2004')}`, [paste]],
    // The terminal around the multiplexer is another one.
    [`${esc}Ptmux;${esc}${set('2004')}${st}`, []],
  ]
  for (const [output, on] of rows) {
    const bytes = Buffer.from(output)
    for (const pieces of [[bytes], [...bytes].map((byte) => Uint8Array.of(byte))]) {
      const { bracketedPaste, alternateScreen, focusReports } = seen(pieces)
      const isSet = { bracketedPaste, alternateScreen, focusReports }
      t.strictSame(
        Object.entries(isSet).flatMap(([mode, value]) => (value ? [mode] : [])),
        [paste, alternate, focus].filter((mode) => on.includes(mode)),
        JSON.stringify(output).slice(0, 80),
      )
    }
  }
})

void t.test('something may be inserted only between sequences and characters', async (t) => {
  const rests: [output: string, isAtRest: string][] = [
    // For each byte whether the output is at rest after it.
    ['ab\r\n', '1111'],
    [`${esc}[31ma`, '000011'],
    [`${esc}[?25hm`, '0000011'],
    [`${esc}(B${esc}7${esc}c`, '0010101'],
    [`${esc}]0;x${bel}`, '000001'],
    [`${esc}]0;x${st}`, '0000001'],
    [`${esc}]0;x\u0018`, '000001'],
    [`${esc}]0;Ü${st}`, '00000001'],
    [`${esc}Pq${st}${esc}_G${st}`, '0000100001'],
    [`${esc}Ptmux;a${esc}${esc}[m${st}`, '00000000000001'],
    [`${esc}${esc}[m`, '0001'],
    ['é日😀', '010010001'],
    [`é${esc}[mé`, '0100101'],
  ]
  for (const [output, expected] of rests) {
    const terminal = new TerminalSignals(() => {})
    t.ok(terminal.isAtRest, 'before anything')
    const bytes = Buffer.from(output)
    const found = Array.from(bytes, (byte) => {
      terminal.write(Uint8Array.of(byte))
      return terminal.isAtRest ? '1' : '0'
    })
    t.equal(found.join(''), expected, JSON.stringify(output))
    const inOne = Array.from(bytes, (_, at) => (seen([bytes.subarray(0, at + 1)]).isAtRest ? '1' : '0'))
    t.equal(inOne.join(''), expected, `${JSON.stringify(output)} at once`)
  }
  const cut = (...pieces: number[][]): boolean => seen(pieces.map((piece) => Uint8Array.from(piece))).isAtRest
  t.notOk(cut([0xe6], []), 'an empty piece changes nothing')
  t.notOk(cut([0xf0], [0x9f, 0x98]), 'one byte short')
  t.ok(cut([0xf0], [0x9f, 0x98], [0x80]))
  t.ok(cut([0x80], [0xff], [0xc0], [0xf5]), 'bytes that begin nothing')
  t.ok(cut([0xf0, 0x9f], [0x61]), 'a character that broke off')
})

/** Output with all that the parser knows, whole and broken. */
const fragments = [
  [esc, `${esc}[`, `${esc}]`, `${esc}P`, `${esc}Ptmux;`, `${esc}_`, `${esc}\\`, `${esc}${esc}`, bel],
  ['0;', '2;title', '9;', '9;4;1;5', '99;i=1:d=0;', '99;i=1;x', '777;notify;a;b', '133;D;1', '633;A'],
  ['?2004h', '?1049;1004h', '?2004l', '31m', '?', ';', 'h', 'c', '\\', 'm', ' ', '(B', 'tmux;', '\u007f'],
  ['a', 'text', '\r\n', '\u0018', '\u001a', 'é', '日本', '😀', 'x'.repeat(1_500)],
].flat()
const output = fc
  .array(
    fc.oneof(fc.constantFrom(...fragments.map((text) => Buffer.from(text))), fc.uint8Array({ maxLength: 3 })),
    { maxLength: 40 },
  )
  .map((parts) => Buffer.concat(parts))

function pieces(bytes: Buffer, cuts: number[]): Buffer[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end))
}

void t.test('the cuts make no difference to any output', async (t) => {
  const cuts = fc.array(fc.nat(20_000), { maxLength: 30 })
  fc.assert(
    fc.property(fc.oneof(output, fc.uint8Array({ maxLength: 200 })), cuts, (bytes, cuts) => {
      const whole = seen([bytes])
      const cut = seen(pieces(Buffer.from(bytes), cuts))
      if (JSON.stringify(whole) !== JSON.stringify(cut))
        throw new Error(`${JSON.stringify(whole)} but cut ${JSON.stringify(cut)}`)
    }),
    { numRuns: 2_000 },
  )
  t.pass('held')
})

void t.test('texts are short and move no cursor', async (t) => {
  const before = fc.constantFrom('0;', '9;', '777;notify;', '99;;', '99;p=body:e=1;')
  fc.assert(
    fc.property(before, fc.oneof(fc.uint8Array({ maxLength: 2_000 }), output), (before, content) => {
      const { signals } = seen([Buffer.concat([Buffer.from(`${esc}]${before}`), content, Buffer.from(bel)])])
      for (const signal of signals) {
        const texts = Object.values(signal).filter((value) => typeof value === 'string')
        for (const text of texts)
          if (
            !text.isWellFormed() ||
            /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text) ||
            Array.from(text).length > 256
          )
            throw new Error(JSON.stringify(signal))
      }
    }),
    { numRuns: 1_000 },
  )
  t.pass('held')
})

void t.test('titles, bells and modes are those of a terminal emulator', async (t) => {
  // ASCII, since that emulator takes C1 codes; whole titles, since it takes any ESC for the end of one.
  const plain = [
    [
      esc,
      `${esc}[`,
      `${esc}]`,
      `${esc}]0;one${bel}`,
      `${esc}]2;two${st}`,
      `${esc}P`,
      `${esc}_`,
      `${esc}X`,
      st,
    ],
    [
      '?2004h',
      '?1049h',
      '?1004;2004h',
      '?1049l',
      '?2004l',
      `${esc}[?2004h`,
      '31m',
      '?',
      ';',
      'h',
      '\\',
      '(B',
    ],
    ['a', 'text', '\r\n', '\u0018', '\u001a', '\u007f', '5', ' ', 'q', bel],
  ].flat()
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...plain), { maxLength: 30 }), async (parts) => {
      const bytes = Buffer.from(parts.join(''))
      const terminal = new xterm.Terminal({ cols: 20, rows: 5, allowProposedApi: true, logLevel: 'off' })
      const said: TerminalSignal[] = []
      terminal.onTitleChange((text) => said.push({ kind: 'title', text: text.replaceAll(/[\r\n]+/g, ' ') }))
      terminal.onBell(() => said.push(bell))
      await new Promise<void>((resolve) => terminal.write(bytes, resolve))
      const { bracketedPasteMode: bracketedPaste, sendFocusMode: focusReports } = terminal.modes
      const alternateScreen = terminal.buffer.active.type === 'alternate'
      terminal.dispose()
      const { isAtRest: _, ...ours } = seen([bytes])
      const theirs = { signals: said, bracketedPaste, alternateScreen, focusReports }
      if (JSON.stringify(ours) !== JSON.stringify(theirs))
        throw new Error(`${JSON.stringify(ours)} but theirs ${JSON.stringify(theirs)}`)
    }),
    { numRuns: 300 },
  )
  t.pass('held')
})

void t.test('endless strings take no memory', async (t) => {
  const piece = Buffer.alloc(1_024 * 1_024, 'QUJD')
  for (const begin of [
    `${esc}]52;c;`,
    `${esc}]0;`,
    `${esc}Pq`,
    `${esc}_G`,
    `${esc}Ptmux;${esc}${esc}]0;`,
    `${esc}[?`,
  ]) {
    const signals: TerminalSignal[] = []
    const terminal = new TerminalSignals((signal) => signals.push(signal))
    terminal.write(Buffer.from(begin))
    const before = process.memoryUsage()
    for (let i = 0; i < 32; i++)
      terminal.write(begin.endsWith('?') ? Buffer.alloc(piece.length, '1;') : piece)
    const after = process.memoryUsage()
    const grown = after.arrayBuffers - before.arrayBuffers
    t.ok(grown < 16 * 1_024 * 1_024 || begin.endsWith('?'), `${JSON.stringify(begin)} grew by ${grown}`)
    t.notOk(terminal.isAtRest)
    terminal.write(Buffer.from(`\u0018${esc}]0;still there${bel}`))
    t.strictSame(signals, [title('still there')])
    t.ok(terminal.isAtRest)
  }
})

void t.test('unfinished notifications take no memory', async (t) => {
  const signals: TerminalSignal[] = []
  const terminal = new TerminalSignals((signal) => signals.push(signal))
  for (let i = 0; i < 20_000; i++) terminal.write(Buffer.from(osc(`99;i=${i}:d=0;${'x'.repeat(200)}`)))
  for (let i = 0; i < 20_000; i++) terminal.write(Buffer.from(osc(`99;i=${i};`)))
  t.equal(signals.length, 8)
})

void t.test('the bytes are left as they are, and may change later', async (t) => {
  const signals: TerminalSignal[] = []
  const terminal = new TerminalSignals((signal) => signals.push(signal))
  const bytes = Buffer.from(`${esc}]0;first`)
  terminal.write(bytes)
  t.equal(bytes.toString(), `${esc}]0;first`)
  bytes.fill(0)
  terminal.write(new Uint8Array(Buffer.from(`xx and last${bel}yy`)).subarray(2, -2))
  t.strictSame(signals, [title('first and last')])
})
