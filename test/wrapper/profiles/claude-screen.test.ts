import fc from 'fast-check'
import t from 'tap'
import { claude } from '../../../lib/wrapper/profiles/claude.js'
import { readClaudeScreen } from '../../../lib/wrapper/profiles/claude-screen.js'

const rule = '─'.repeat(60)
const box = ['', rule, '❯ ', rule, '  ? for shortcuts']

void t.test('dialogs on the screen', async (t) => {
  const rows: [about: string, attention: string, line: string, screen: string[]][] = [
    [
      'a command (2.1.283)',
      'permission',
      'Do you want to proceed?',
      [
        '⏺ Bash(rm -rf build)',
        '  ⎿  Running…',
        rule,
        ' Bash command',
        '',
        '   rm -rf build',
        '   1. is no option',
        '',
        ' Do you want to proceed?',
        ' ❯ 1. Yes',
        '   2. Yes, and always allow access to build/ from this project',
        '   3. Yes, and switch to auto mode · shift+tab',
        '   4. No',
        '',
        ' Esc to cancel · Tab to amend',
        '',
        '',
      ],
    ],
    [
      'an edit where the terminal is narrow',
      'permission',
      'Do you want to make this edit to src/lib/long.ts?',
      [
        rule,
        ' Edit file',
        ' Do you want to make this edit to',
        ' src/lib/long.ts?',
        '   1. Yes',
        ' ❯ 2. Yes, allow all edits',
        '      during this session',
        '   3. No',
        '',
        ' Esc to cancel · Tab to',
        ' amend',
      ],
    ],
    [
      'a tool of the browser',
      'permission',
      '❯ 1. Allow',
      [rule, ' navigate wants to open example.com', ' ❯ 1. Allow', '   2. Deny (esc)'],
    ],
    [
      'a question (2.1.207)',
      'question',
      'Which fruit do you prefer?',
      [
        rule,
        ' ☐ Fruit',
        '',
        'Which fruit do you prefer?',
        '',
        '❯ 1. Apple',
        '     A crisp red fruit',
        '  2. Banana',
        '  3. Type something.',
        rule,
        '  4. Chat about this',
        '',
        'Enter to select · ↑/↓ to navigate · Esc to cancel',
      ],
    ],
    [
      'several (2.1.283)',
      'question',
      'Which toppings?',
      [
        rule,
        '←  ☒ Size  ☐ Toppings  ✔ Submit  →',
        '',
        'Which toppings?',
        '',
        '  1. [✔] Cheese',
        '❯ 2. [ ] Olives',
        '         Add olives',
        '  3. [ ] Type something',
        '     Submit',
        rule,
        '  4. Chat about this',
        '',
        'Enter to select · Tab/Arrow keys to navigate · Esc to cancel',
      ],
    ],
    [
      'their review',
      'question',
      'Ready to submit your answers?',
      [
        rule,
        'Review your answers',
        ' ● Size?',
        '   → small',
        'Ready to submit your answers?',
        '',
        '❯ 1. Submit answers',
        '  2. Cancel',
      ],
    ],
    [
      'a plan',
      'plan',
      'Would you like to proceed?',
      [
        rule,
        " Here is Claude's plan:",
        ' 1. move it',
        ' 2. test it',
        ' Claude has written up a plan and is ready to execute.',
        ' Would you like to proceed?',
        '',
        '   1. Yes, and use auto mode',
        ' ❯ 2. Yes, manually approve edits',
        '   3. Tell Claude what to change',
        '      shift+tab to approve with this feedback',
        '',
        ' ctrl+g to edit in Vim · ~/.claude/plans/x.md',
      ],
    ],
    [
      'a plan without a footer',
      'plan',
      'Would you like to proceed?',
      [rule, ' Would you like to proceed?', ' ❯ 1. Yes, and auto-accept edits', '   2. No, keep planning'],
    ],
    [
      'the folder',
      'permission',
      'Quick safety check: Is this a project you created or one you trust?',
      [
        rule,
        ' Accessing workspace:',
        ' /home/dev/app',
        ' Quick safety check: Is this a project you created or one you trust?',
        ' ❯ 1. Yes, I trust this folder',
        '   2. No, exit',
        '',
        ' Enter to confirm · Esc to cancel',
      ],
    ],
    [
      'a form of an MCP server',
      'question',
      'MCP server “tracker” requests your input',
      [
        rule,
        ' MCP server “tracker” requests your input',
        ' Project:',
        '   Accept   ❯ Decline',
        ' Esc to cancel',
      ],
    ],
  ]
  for (const [about, attention, line, screen] of rows)
    t.match(readClaudeScreen(screen), { shows: 'asks', attention, line }, about)
})

void t.test('what is right above the prompt box', async (t) => {
  const rows: [about: string, shows: string | null, screen: string[]][] = [
    ['work', 'working', ['⏺ Hello', '', '✶ Cogitating… (53s · ↓ 2.2k tokens · thought for 4s)', ...box]],
    [
      'work with tasks and a tip',
      'working',
      ['✻ Moving the scanner… (1m 2s)', '  ⎿  ☐ Move', '     ☐ Test', '  ⎿  Tip: x', ...box],
    ],
    ['work, with the keys of vi', 'working', ['✻ Writing… (3s)', ...box.slice(0, -1), '  -- INSERT --']],
    ['compaction', 'working', ['· Compacting conversation…', '  ▰▰▱▱ 5%', ...box]],
    ['agents behind', 'working', ['✻ Waiting for 2 background agents to finish', ...box]],
    ['an end', 'ready', ['⏺ Done.', '', '✻ Cooked for 1m 6s', ...box]],
    ['an end (2.1.257)', 'ready', ['⏺ Done.', '✻ Crunched for 2s · done', ...box]],
    ['an interrupt', 'ready', ['⏺ Bash(ls)', '  ⎿  Interrupted · What should Claude do instead?', ...box]],
    [
      'an earlier interrupt',
      null,
      ['  ⎿  Interrupted · What should Claude do instead?', '', '❯ go on', ...box],
    ],
    ['a refusal', 'ready', ['⏺ Write(a.md)', '  ⎿  User rejected write to a.md', '      1 + # A', ...box]],
    ['a refusal that was told more', 'working', ['  ⎿  User rejected write to a.md', '✻ Writing…', ...box]],
    ['an earlier end', null, ['✻ Cooked for 1m 6s', '', '❯ go on', '', '⏺ Well', ...box]],
    ['prose that says so', null, ['⏺ It said:', '  ✶ Cogitating… (53s)', ...box]],
    ['words of the person', null, ['❯ * Cogitating… (53s)', ...box]],
    ['nothing yet', null, box],
    ['no box', null, ['✻ Cogitating… (1s)']],
    ['an empty screen', null, []],
  ]
  for (const [about, shows, screen] of rows) t.equal(readClaudeScreen(screen)?.shows ?? null, shows, about)
})

void t.test('what only looks like a dialog', async (t) => {
  const quoted = [' Do you want to proceed?', ' ❯ 1. Yes', '   2. No', '', ' Esc to cancel · Tab to amend']
  const rows: [about: string, screen: string[]][] = [
    ['quoted above the prompt box', ['⏺ The dialog:', ...quoted, ...box]],
    ['a question in prose', ['⏺ Do you want to proceed?', ' 1. Yes', ' 2. No', ' Esc to cancel']],
    ['an answer that counts', ['Do you want to proceed?', '❯ 1. Yes', '  2. No']],
    ['typed into the prompt box', [rule, '❯ 1. Yes', '  2. No', rule, '  ? for shortcuts']],
    ['a list that does not begin with 1', ['Do you want to go?', ' ❯ 2. Yes', '   3. No', ' Esc to cancel']],
    [
      'a menu without a question',
      [rule, ' Select model', ' ❯ 1. Opus', '   2. Haiku', ' Enter to set · q to quit'],
    ],
    ['one option', ['Do you want to go?', ' ❯ 1. Yes', ' Esc to cancel']],
    [
      'a plan long gone',
      ['Would you like to proceed?', '❯ 1. Yes', '  2. No', ...Array<string>(9).fill('⏺ Well')],
    ],
  ]
  const asked = ['  Would you like to proceed?', ' ❯ 1. Yes', '   2. No']
  const transcript = [rule, '  Showing detailed transcript · ctrl+o to toggle']
  rows.push(
    ['the transcript', ['⏺ It shows:', ...quoted, ...transcript]],
    ['the transcript, with a plan', ['⏺ It shows:', ...asked, ...transcript]],
    ['an editor', ['# Dialogs', ...asked, '~', '~', '"README.md" 5L, 80B']],
    ['an editor whose file fills the screen', ['# Dialogs', ...asked, '"README.md" 5L, 80B']],
    ['an editor, with a permission', ['# Dialogs', ...quoted, '~', '-- INSERT --']],
    ['a pager', ['# Dialogs', ...quoted, '(END)']],
    ['a plan in prose that goes on', ['⏺ It asks:', ...asked, '', 'and then it goes on']],
    [
      'a list that is typed under a question',
      ['⏺ Would you like to proceed?', rule, '❯ 1. do a', '  2. do b', rule, '  ? for shortcuts'],
    ],
    [
      'the same where no rule is seen',
      ['  Would you like to proceed?', '', '❯ 1. do a', '  2. do b', '', '  ctrl+g to edit'],
    ],
    ['a review of other answers', ['Ready to submit your answers?', '❯ 1. do a', '  2. do b']],
  )
  for (const [about, screen] of rows) t.equal(readClaudeScreen(screen), null, about)
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), (lines) => {
      readClaudeScreen(lines)
    }),
  )
})

void t.test('lines made to be slow are read all the same', async (t) => {
  // Where the time grew with the square of the length, this test would run into its timeout.
  const hostile = [
    `${'─'.repeat(400_000)}x`,
    `${' '.repeat(400_000)}x`,
    `✻ ${'… ('.repeat(130_000)}`,
    '❯ '.repeat(200_000),
  ]
  for (const line of hostile) {
    t.equal(readClaudeScreen([line, line, line]), null)
    t.type(claude.chrome?.test(line), 'boolean')
  }
})
