import t from 'tap'
import fc from 'fast-check'
import { any } from '../../lib/wrapper/profiles/any.js'
import { claude } from '../../lib/wrapper/profiles/claude.js'
import { codex } from '../../lib/wrapper/profiles/codex.js'
import { gemini } from '../../lib/wrapper/profiles/gemini.js'
import { opencode } from '../../lib/wrapper/profiles/opencode.js'
import type { Profile } from '../../lib/wrapper/profiles/profile.js'
import { outputTail, renderedScreen } from '../../lib/wrapper/signals/screen.js'
import { plainText, snippetOf } from '../../lib/wrapper/snippet.js'

void t.test('the last line that means something', async (t) => {
  const table: [string[], string | null][] = [
    [[], null],
    [['', '   '], null],
    [['first', 'second', ''], 'second'],
    [['⠋ Thinking about it'], 'Thinking about it'],
    [['✻ Pondering… (12s · esc to interrupt)'], 'Pondering… (12s esc to interrupt)'],
    [['│ > Try "edit a file"    │', '╰──────────────────────────╯'], '> Try "edit a file"'],
    [['done', '─────────', '› ', '|'], 'done'],
    [['\u001b[31mred\u0007\u009b2J'], '[31mred2J'],
    [['a\tb   c'], 'a b c'],
    [['\u202eevil\u200b'], 'evil'],
    [['日本語のテキスト'], '日本語のテキスト'],
    [['x'.repeat(200)], `${'x'.repeat(139)}…`],
    [['half \ud83d'], 'half \ufffd'],
  ]
  for (const [lines, snippet] of table) t.equal(snippetOf(lines), snippet, JSON.stringify(lines))
})

void t.test('what an agent always shows is no snippet', async (t) => {
  const table: [Profile, string[], string | null][] = [
    [
      claude,
      ['⏺ Bash(npm test)', '  ⎿  12 passing', '────', '❯ ', '────', '  ? for shortcuts'],
      '⎿ 12 passing',
    ],
    [
      claude,
      [' Do you want to proceed?', ' ❯ 1. Yes', '   2. No', ' Esc to cancel · Tab to amend'],
      'Do you want to proceed?',
    ],
    [
      codex,
      ['• Ran npm test', '', '› Ask Codex to do anything', '', '  ? for shortcuts   98% context left'],
      'Ran npm test',
    ],
    [
      gemini,
      ['✦ I will look at it.', ' > Type your message', '~/proj   no sandbox   Auto'],
      'I will look at it.',
    ],
    [
      opencode,
      ['  12 tests pass', '┃ ', '⬝⬝⬝ esc interrupt    tab agents  ctrl+p commands'],
      '12 tests pass',
    ],
    [any, ['? for shortcuts'], '? for shortcuts'],
  ]
  for (const [profile, lines, snippet] of table)
    t.equal(snippetOf(lines, profile.chrome), snippet, profile.name)
})

void t.test('nothing in it moves a cursor, and it is short', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (line) => {
      const text = plainText(line)
      if (/[\p{Cc}\p{Cf}]/u.test(text) || Array.from(text).length > 140) throw new Error(JSON.stringify(text))
    }),
  )
  t.pass('held')
})

void t.test('a screen shows what a terminal shows', async (t) => {
  const screen = renderedScreen(40, 4, () => false)
  const write = (text: string): void => screen.write(Buffer.from(text))
  write('one\r\ntwo\r\n')
  t.strictSame(await screen.lines(), ['one', 'two', '', ''])
  write('\u001b[1;1Hthree\u001b[K\u001b[2;1Hfo')
  write('ur\u001b[K')
  t.strictSame(await screen.lines(), ['three', 'four', '', ''])
  write('\u001b[?1049h\u001b[2J\u001b[3;5Hfull screen')
  t.strictSame(await screen.lines(), ['', '', '    full screen', ''])
  write('\u001b[?1049l')
  t.strictSame(await screen.lines(), ['three', 'four', '', ''])
  screen.resize(20, 2)
  write('\u001b[2J\u001b[Hé日')
  t.strictSame(await screen.lines(), ['é日', ''])
  for (let i = 0; i < 3_000; i++) write(`line ${i} ${'x'.repeat(400)}\r\n`)
  write('\u001b[2J\u001b[Hthe end')
  t.equal((await screen.lines())[0], 'the end', 'after a burst')
})

void t.test('two who look at once see the same screen', async (t) => {
  const screen = renderedScreen(40, 2, () => false)
  await screen.lines()
  screen.write(Buffer.from(`${'\u001b[2J\u001b[Hnot yet'.repeat(5_000)}\u001b[2J\u001b[Hthe end`))
  const seen = await Promise.all([screen.lines(), screen.lines()])
  t.strictSame(seen, [
    ['the end', ''],
    ['the end', ''],
  ])
})

void t.test('a sequence that says 2³¹ times costs nothing', async (t) => {
  // Whatever takes a count; one that is done as often as it says would hang this test.
  for (const final of 'ABCDEFGHIJKLMPSTXZ`abdegtu')
    for (const count of [2_147_483_647, 100_000, 400]) {
      const screen = renderedScreen(40, 4, () => false)
      screen.write(Buffer.from(`x\u001b[${count}${final}\r\u001b[2J\u001b[Hthe end`))
      t.match((await screen.lines()).join('|'), /the end/, `${count} ${final}`)
    }
})

void t.test('the end of output without a terminal', async (t) => {
  const tail = outputTail()
  tail.write(Buffer.from('one\n10%\r50%\r100%\r\n\u001b[32mgreen\u001b[0m\n'))
  t.strictSame(await tail.lines(), ['one', '100%', 'green', ''])
  tail.write(Buffer.alloc(100_000, 'y'))
  tail.write(Buffer.from('\nlast'))
  t.equal(snippetOf(await tail.lines()), 'last')
})
