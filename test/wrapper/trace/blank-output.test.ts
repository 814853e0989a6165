import fc from 'fast-check'
import t from 'tap'
import { OutputBlanker } from '../../../lib/wrapper/trace/blank-output.js'
import { blankText } from '../../../lib/wrapper/trace/blank-text.js'
import { TerminalSignals, type TerminalSignal } from '../../../lib/wrapper/signals/terminal.js'

const esc = '\u001b'
const blanked = (text: string): string => new OutputBlanker('salt').take(text)
const told = (text: string): TerminalSignal[] => {
  const signals: TerminalSignal[] = []
  new TerminalSignals((signal) => signals.push(signal)).write(Buffer.from(text))
  return signals
}
const base64 = (text: string): string => Buffer.from(text).toString('base64')

void t.test('text goes, the words of dialogs and all that moves the cursor stay', async (t) => {
  const table: [text: string, blanked: string][] = [
    ['My password is hunter2', 'xx xxxxxxxx is xxxxxxx'],
    ['❯ 1. Yes, and don’t ask again for /home/me', '❯ 1. Yes, and don’t ask again for /xxxx/xx'],
    ['│ ● 2. No\r\n│   10. Yes', '│ ● 2. No\r\n│   10. Yes'],
    ['card 4242424242424242, port 22', 'xxxx 0000000000000000, xxxx 00'],
    ['49-28-17 10.12.0.7 item 12.', '00-00-00 00.00.0.0 xxxx 00.'],
    ['١٢٣٤ ４１ ①② Ⅷ', '0000 ００ 00 0'],
    ['(1m 02s · 12s) Question 1/2', '(0m 00s · 00s) Question 0/0'],
    ['3 background terminals running', '3 background terminals running'],
    ['p', 'x'],
    ['s', 'x'],
    ['a', 'x'],
    ['7', '0'],
    ['naïve 東京 x', 'xxxxx 一一 x'],
    [`${esc}[31;1mred${esc}[0m`, `${esc}[31;1mxxx${esc}[0m`],
    [`${esc}]0;◇  Ready (secret)\u0007`, `${esc}]0;◇  Ready (xxxxxx)\u0007`],
    [`${esc}]9;Claude needs your permission${esc}\\`, `${esc}]9;Claude needs your permission${esc}\\`],
    [`${esc}]9;4;1;30\u0007`, `${esc}]9;4;1;30\u0007`],
    [`${esc}]9;2;secret\u0007`, ''],
    [`${esc}]9;pin 12 34\u0007`, `${esc}]9;xxx 00 00\u0007`],
    [`${esc}]133;D;1;name=secret\u0007`, `${esc}]133;D;1\u0007`],
    [`${esc}]133;Dsecret\u0007`, ''],
    [
      `${esc}]7501;state=blocked:app=codex:kind=permission${esc}\\`,
      `${esc}]7501;state=blocked:app=codex:kind=permission${esc}\\`,
    ],
    [
      `${esc}]7501;state=blocked:msg=${base64('secret plan')}:title=${base64('secret')}\u0007`,
      `${esc}]7501;state=blocked:msg=eA==\u0007`,
    ],
    [`${esc}]7501;state=secret\u0007`, ''],
    [`me${esc}]52;c;c2VjcmV0\u0007us`, 'xxxx'],
    [`me${esc}]8;;http://secret${esc}\\us`, 'xxxx'],
    [`me${esc}Pqsecret${esc}\\us`, 'xxxx'],
    [
      `${esc}Ptmux;${esc}${esc}]9;Claude needs your permission\u0007${esc}\\`,
      `${esc}Ptmux;${esc}${esc}]9;Claude needs your permission\u0007${esc}\\`,
    ],
    [`${esc}Ptmux;${esc}${esc}]52;c;c2VjcmV0\u0007${esc}\\`, `${esc}Ptmux;${esc}\\`],
  ]
  for (const [text, wanted] of table) t.equal(blanked(text), wanted, JSON.stringify(text))
})

void t.test('the ids of OSC 7501 stay apart, and below each other, and are not told', async (t) => {
  const ids = (text: string): string[] =>
    [...blanked(text).matchAll(/id=([^\u0007:]*)/g)].map(([, id]) => id!)
  const [parent, child, other] = ids(
    ['acme', 'acme/suit', 'beta'].map((id) => `${esc}]7501;state=working:id=${id}\u0007`).join(''),
  )
  t.match(parent, /^[0-9a-f]{8}$/)
  t.ok(child!.startsWith(`${parent}/`))
  t.not(parent, other)
})

void t.test('a notification of kitty is joined from its parts as before', async (t) => {
  const parts = [
    `${esc}]99;i=secret:d=0:p=title;Claude Code\u0007`,
    `${esc}]99;i=secret:p=body:e=1:a=report;${base64('Claude needs your permission, hunter2')}\u0007`,
  ]
  const out = blanked(parts.join(''))
  t.notMatch(out, /secret/)
  t.match(told(out), [
    { kind: 'notification', title: 'Claude Code', text: 'Claude needs your permission, xxxxxxx' },
  ])
})

void t.test('a sequence that is cut is blanked when it is whole', async (t) => {
  const blanker = new OutputBlanker('salt')
  t.equal(blanker.take(`one${esc}]0;sec`), 'xxx')
  t.equal(blanker.take(`ret\u0007two${esc}[3`), `${esc}]0;xxxxxx\u0007xxx`)
  t.equal(blanker.take('1m'), `${esc}[31m`)
  t.equal(blanker.take(`${esc}[4`), '')
  t.equal(blanker.end(), `${esc}[4`, 'what never ended is not lost')
  t.equal(blanker.take(`${esc}]0;secret`), '')
  t.equal(blanker.end(), '')
})

void t.test('a sequence that is too long says nothing, nor does its end', async (t) => {
  for (const [start, tail] of [
    [']52;c;', '\u0007'],
    [']0;', `${esc}\\`],
    ['P', `${esc}\\`],
    ['_G', `${esc}\\`],
  ] as const) {
    const blanker = new OutputBlanker('salt')
    const pieces = [`${esc}${start}`, ...Array.from({ length: 30 }, () => 'Yes '.repeat(250)), tail, 'Yes']
    t.equal(pieces.map((piece) => blanker.take(piece)).join(''), 'Yes', start)
  }
})

void t.test('no word of a text is left, however it is cut', async (t) => {
  const secret = 'zqvbk'
  const parts = [
    secret,
    ' ',
    esc,
    ']',
    '0;',
    '99;',
    '7501;',
    '[',
    'm',
    '\u0007',
    '\\',
    'P',
    'tmux;',
    '\n',
    '\u0018',
  ]
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 40 }), fc.nat(40), (parts, at) => {
      const text = parts.join('')
      const blanker = new OutputBlanker('salt')
      const out = blanker.take(text.slice(0, at)) + blanker.take(text.slice(at)) + blanker.end()
      // A sequence may end in one letter of it.
      if (out.includes(secret.slice(1))) throw new Error(JSON.stringify({ text, at, out }))
    }),
    { numRuns: 2_000 },
  )
  t.pass('held')
})

void t.test('a long run of blanks or digits takes no time', async (t) => {
  t.equal(blankText(`${' '.repeat(200_000)}1. x`).trim(), '1. x')
  t.equal(blankText('1'.repeat(200_000)), '0'.repeat(200_000))
  t.equal(blankText(''), '')
})
