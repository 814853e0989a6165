import fc from 'fast-check'
import t from 'tap'
import { gemini } from '../../../lib/wrapper/profiles/gemini.js'

/** A box with these lines, as wide as they need. */
function box(...lines: string[]): string[] {
  const width = Math.max(...lines.map((line) => line.length))
  const rule = '─'.repeat(width + 2)
  return [`╭${rule}╮`, ...lines.map((line) => `│ ${line.padEnd(width)} │`), `╰${rule}╯`]
}

const composer = [
  '─'.repeat(60),
  ' Shift+Tab to accept edits',
  '',
  ' >   Type your message or @path/to/file',
  '',
  ' workspace',
  ' ~/proj',
]
const allow = ['● 1. Allow once', '  2. Allow for this session', '  3. No, suggest changes (esc)']
const footer = 'Enter to select · ↑/↓ to navigate · Esc to cancel'

void t.test('screens', async (t) => {
  const reads = (...lines: string[]): unknown => gemini.screen!(['✦ Running.', '', ...lines, '', ''])
  const asks = (attention: string, line: string): object => ({ shows: 'asks', attention, line })

  await t.test('permissions', async (t) => {
    const command = box(
      '? Shell  touch a && ls',
      ...box('touch a && ls'),
      'Allow execution of [Shell]?',
      '',
      ...allow,
    )
    t.same(reads(...command), asks('permission', 'Shell: touch a && ls'))
    t.same(
      gemini.screen!(command.slice(4)),
      asks('permission', 'Allow execution of [Shell]?'),
      'its top is out of sight',
    )
    t.same(reads(...command, '', ' Press Ctrl+C again to exit.'), asks('permission', 'Shell: touch a && ls'))
    const moved = ['  1. Allow once', '● 2. No, suggest changes (esc)']
    t.same(
      reads(
        ...box(
          'Action Required',
          '',
          '?  Enter Plan Mode plan it',
          '',
          'Do you want to proceed?',
          '',
          ...moved,
        ),
      ),
      asks('permission', 'Enter Plan Mode plan it'),
    )
    t.same(
      reads(...box('? Edit  a.ts                      1 of 2', '1 + x', 'Apply this change?', '', ...allow)),
      asks('permission', 'Edit: a.ts'),
    )
  })

  await t.test('questions', async (t) => {
    const options = ['● 1.  Red', '      r', '  2.  Enter a custom value']
    t.same(
      reads(...box('Answer Questions', '', 'Which colour?', '', ...options, '', footer)),
      asks('question', 'Which colour?'),
    )
    const tabs = '← □ Colour │ □ Size │ ≡ Review →'
    const foot = 'Enter to select · ←/→ to switch questions · Esc to cancel'
    t.same(
      reads(...box('Answer Questions', '', tabs, '', 'Which size?', '', ...options, '', foot)),
      asks('question', 'Which size?'),
    )
    t.same(
      reads(...box('Answer Questions', '', 'Why?', '', '> because', '', 'Enter to submit · Esc to cancel')),
      asks('question', 'Why?'),
    )
    t.same(
      reads(...box('Install it?', '', '● 1. Yes', '  2. No', '', footer)),
      asks('question', 'Install it?'),
    )
  })

  await t.test('a plan', async (t) => {
    const options = [
      '● 1.  Yes, automatically accept edits',
      '  2.  Yes, manually accept edits',
      '  3.  Type your feedback...',
    ]
    const foot = 'Enter to select · ↑/↓ to navigate · Ctrl+X to edit plan · Esc to cancel'
    t.same(
      reads(
        ...box('Ready to start implementation?', '', '# Move it', '', '1. Copy', '', ...options, '', foot),
      ),
      asks('plan', 'Move it'),
    )
  })

  await t.test('dialogs before the first turn', async (t) => {
    const trust = box(
      '',
      'Do you trust the files in this folder?',
      '',
      '● 1. Trust folder (a)',
      '  2. Trust parent folder (b)',
      "  3. Don't trust",
      '',
    )
    t.same(
      reads(...trust.map((line) => ` ${line}`)),
      asks('permission', 'Do you trust the files in this folder?'),
    )
    t.same(
      reads(
        ...box(
          '',
          '? Get started',
          '',
          '  How would you like to authenticate for this project?',
          '',
          '  ● 1. Sign in with Google',
          '    2. Vertex AI',
          '',
          '  (Use Enter to select)',
          '',
        ),
      ),
      asks('question', 'How would you like to authenticate for this project?'),
    )
  })

  await t.test('the prompt, with the status over it', async (t) => {
    t.same(reads(' ⠋ Thinking... (esc to cancel, 1m 2s)        ? for shortcuts', ...composer), {
      shows: 'working',
      attention: null,
      line: '⠋ Thinking... (esc to cancel, 1m 2s)',
    })
    t.match(reads('                 ? for shortcuts', ...composer), { shows: 'ready' })
    const silent = ' ! Shell awaiting input (Tab to focus)'
    t.match(reads(silent, ...composer), { shows: 'working', line: 'its shell may wait for input' })
    t.match(reads(`✦ It says "${silent}"`, ...composer), { shows: 'ready' }, 'in prose')
    t.equal(reads(...box('⊶  Shell vim', ''), '', ...composer), null, 'the person may be in there')
  })

  await t.test('prose and boxes over the prompt are no dialogs', async (t) => {
    const dialogs = [
      ['Do you want to proceed? [y/n]', ...allow],
      box('Answer Questions', '', 'Which?', '', ...allow, footer),
      box('? Shell  ls', 'Allow execution of [Shell]?', '', ...allow),
      ['Action Required', 'waiting for input:', '>'],
    ]
    for (const lines of dialogs)
      t.match(reads(...lines, '', '', ...composer), { shows: 'ready' }, lines.join('\n'))
    t.equal(reads(...dialogs[0]!), null, 'without a box')
    t.equal(reads(...box('? Shell  ls', 'Do you want to proceed?')), null, 'without options')
    t.equal(reads(...box('Answer Questions', '● 1. Red')), null, 'without its foot')
    t.equal(
      reads(...box('Select a theme', '● 1. Dark', '  2. Light', '', '(Use Enter to select, Esc to close)')),
      null,
    )
    t.equal(reads(...box('1. Allow once', '2. No, suggest changes (esc)')), null, 'nothing is marked')
    t.equal(
      reads(...box(...allow), ...Array.from({ length: 6 }, (_, i) => `line ${i}`)),
      null,
      'more follows',
    )
  })

  await t.test('whatever is on it, nothing is thrown', async (t) => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom('╭──╮', '╰──╯', '│', '│ ● 1. Yes │', ' >', '─'.repeat(20), '', `│ ${footer} │`),
    )
    fc.assert(fc.property(fc.array(line, { maxLength: 40 }), (lines) => void gemini.screen!(lines)))
    t.pass()
  })
})
