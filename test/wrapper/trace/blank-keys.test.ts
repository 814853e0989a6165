import fc from 'fast-check'
import t from 'tap'
import { KeySignals, type KeySignal } from '../../../lib/wrapper/signals/keys.js'
import { KeyBlanker } from '../../../lib/wrapper/trace/blank-keys.js'

const esc = '\u001b'

function blanked(text: string, ask: string | null = null): string {
  const blanker = new KeyBlanker()
  blanker.asked(ask)
  return blanker.take(Buffer.from(text), 0)
}

void t.test('what a key means stays, and what was written does not', async (t) => {
  const table: [text: string, blanked: string][] = [
    ['hello\r', 'xxxxx\r'],
    ['é東', 'xx'],
    ['1', 'x'],
    ['\u0003', '\u0003'],
    [`${esc}[A${esc}`, `${esc}[A${esc}`],
    [`${esc}[1;5A${esc}[3~${esc}OP`, `${esc}[A${esc}[3~${esc}OP`],
    [`${esc}[I${esc}[O`, `${esc}[I${esc}[O`],
    [`${esc}[200~secret${esc}[201~`, `${esc}[200~xxxxxx${esc}[201~`],
    [`${esc}p${esc}\r`, `${esc}x${esc}\r`],
    // kitty and modifyOtherKeys
    [`${esc}[112u${esc}[119;1:1u${esc}[49u`, `${esc}[120u`.repeat(3)],
    [`${esc}[27;2;83~`, `${esc}[27;1;120~`],
    [`${esc}[27u${esc}[99;5u${esc}[13u`, `${esc}[27u${esc}[99;5u${esc}[13u`],
    [`${esc}[112;1:3u`, `${esc}[0u`],
    // The keypad's digits, where it is in its own mode.
    [`${esc}Oq${esc}Or`, `${esc}OE${esc}OE`],
    [`${esc}[<0;12;40M`, `${esc}[0u`],
    [`${esc}[Mabc`, `${esc}[M   `],
    [`${esc}]52;c;c2VjcmV0\u0007`, `${esc}]0\u0007`],
    [`${esc}]11;rgb:12/34/56${esc}\\x`, `${esc}]0\u0007x`],
    [`${esc}P>|secret${esc}\\`, `${esc}P0\u0007`],
    [`${esc}_Gsecret${esc}\\`, `${esc}_G\u0007`],
  ]
  for (const [text, wanted] of table) t.equal(blanked(text), wanted, JSON.stringify(text))
})

void t.test('only the first key at a dialog is kept', async (t) => {
  t.equal(blanked('1', 'permission 5'), '1')
  t.equal(blanked(`${esc}[49u`, 'permission 5'), `${esc}[49u`)
  t.equal(blanked(`${esc}[B2`, 'permission 5'), `${esc}[B2`, 'after arrows')
  t.equal(blanked('12', 'permission 5'), 'xx')
  t.equal(blanked('q', 'permission 5'), 'x')
  const blanker = new KeyBlanker()
  const type = (text: string): string => blanker.take(Buffer.from(text), 0)
  blanker.asked('permission 5')
  const typed: string[] = []
  for (const key of '492817') {
    blanker.asked('permission 5')
    typed.push(type(key))
  }
  t.equal(typed.join(''), '4xxxxx', 'a code that is typed digit by digit')
  blanker.asked('permission 9')
  t.equal(type('2'), '2', 'the next one')
  blanker.asked('permission 10')
  blanker.asked(null)
  t.equal(type('2'), 'x')
})

void t.test('an Esc byte is the key after a while', async (t) => {
  const blanker = new KeyBlanker()
  t.equal(blanker.take(Buffer.from(esc), 0), esc)
  t.equal(blanker.take(Buffer.from('[pw'), 100), 'xxx')
  t.equal(blanker.take(Buffer.from(esc), 200), esc)
  t.equal(blanker.take(Buffer.from('[A'), 210), '[A')
  t.equal(blanker.take(Buffer.from(`${esc}[2`), 300), '')
  t.equal(blanker.take(Buffer.from('7u'), 400), `${esc}[27u`)
})

void t.test('the same is read of it, however it comes', async (t) => {
  const keys = '[ O ] P _ M I A u ~ q 7 1 ; : 27 13 99 200~ \r \u0003 \u0007 \\ é G <'.split(' ')
  const parts = [...keys, esc, esc, `${esc}[200~`, `${esc}[201~`, `${esc}[27;5;99~`]
  const piece = fc.record({
    text: fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 12 }),
    isLate: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 6 }), (pieces) => {
      const blanker = new KeyBlanker()
      const [whole, other]: [KeySignal[], KeySignal[]] = [[], []]
      const signals = [whole, other].map((list) => new KeySignals((signal) => list.push(signal)))
      let at = 0
      // What is still open at the end is ended.
      for (const { text, isLate } of [...pieces, { text: ['~', '\r'], isLate: false }]) {
        // A sequence that got any further is cut by the network, for no longer than an Esc is waited for.
        const isPause = isLate && signals[0]!.isUnsettled
        at += isPause ? 100 : 1
        if (isPause) for (const one of signals) one.settle()
        const bytes = Buffer.from(text.join(''))
        const kept = blanker.take(bytes, at)
        if (/[qé<]/.test(kept)) throw new Error(kept)
        signals[0]!.write(bytes)
        signals[1]!.write(Buffer.from(kept))
      }
      // Texts are blanked, runs of them may be cut otherwise; all else is the same.
      const words = (list: KeySignal[]): string[] =>
        list.filter(({ kind }) => kind !== 'text' && kind !== 'choice').map((one) => JSON.stringify(one))
      if (words(whole).join() !== words(other).join())
        throw new Error(JSON.stringify({ pieces, whole: words(whole), other: words(other) }))
    }),
    { numRuns: 3_000 },
  )
  t.pass('held')
})
