import fc from 'fast-check'
import t from 'tap'
import type { Asking, Shown } from '../../../lib/wrapper/lifecycle/signal.js'
import { codex } from '../../../lib/wrapper/profiles/codex.js'
import { profileOf } from '../../../lib/wrapper/profiles/profiles.js'
import type { Injection } from '../../../lib/wrapper/profiles/profile.js'

function inject(...args: string[]): Injection | null {
  return codex.inject!({
    file: '/usr/bin/codex',
    args,
    env: { HOME: '/home/dev' },
    url: 'http://127.0.0.1:4321/s3cret/',
    dir: '/run/aoc/files',
    hookLine: (source) => `hook ${source}`,
    hookArgv: (source) => ['hook', source],
    readText: (file) => {
      throw new Error(`${file} is read`)
    },
    listDir: () => [],
    isRootsAlone: () => true,
    platform: 'linux',
  })
}

void t.test('nothing is injected', async (t) => {
  t.equal(profileOf('/usr/local/bin/codex'), codex)
  const conversations = [
    [],
    ['fix the "tests"; rm -rf $HOME\n'],
    ['-m', 'exec', 'mcp'.toUpperCase()],
    ['resume', '--last'],
    ['fork'],
    ['exec', '--json', 'mcp'],
    ['e', 'hello'],
    ['review', '--uncommitted'],
    ['-c', 'hooks.Stop=[]', '-c', 'notify=["a"]'],
    ['--remote', 'ws://localhost:1'],
    ['--model=o3', '-C', 'mcp', '--search'],
    ['--', '--help'],
    ['--', 'login'],
    ['-i', 'a.png', '--', 'what is it'],
  ]
  for (const args of conversations)
    t.same(inject(...args), { args, env: {}, files: [], blind: 'no_status' }, args.join(' '))
  const others = [
    ['--help'],
    ['-V'],
    ['exec', '--help'],
    ['mcp', 'list'],
    ['-m', 'o3', 'login'],
    ['-c', 'a=b', 'app-server'],
    ['features', 'list'],
    ['a', '123'],
    ['--enable', 'goals', 'agents'],
  ]
  for (const args of others) t.equal(inject(...args), null, args.join(' '))
  t.same(codex.openReader()({ source: 'codex', pid: 1, body: { hook_event_name: 'Stop' } }), [])
})

void t.test('titles', async (t) => {
  const table: [string, Shown | null][] = [
    ['work', 'ready'],
    ['', null],
    ['⠋ work', 'working'],
    ['⠏ two words', 'working'],
    ['Working ⠏ work', 'working'],
    ['[ ! ] Action Required | work', 'asks'],
    ['[ . ] Action Required | work', 'asks'],
    ['[ ! ] Action Required', 'asks'],
    // A folder may have any name.
    ['Action Required', 'ready'],
    ['Action Required | work', 'ready'],
    ['work [ ! ] Action Required | x', 'ready'],
    ['[ ! ] Action Required soon', 'ready'],
    ['Working', 'ready'],
    ['a⠋b', 'ready'],
  ]
  for (const [text, shows] of table) t.equal(codex.title(text)?.shows ?? null, shows, text)
})

void t.test('of its notifications only the one that nothing better tells of', async (t) => {
  const plan = 'Plan mode prompt: Implement this plan?'
  t.match(codex.notification(null, plan), { says: 'asks', attention: 'plan' })
  const others = [
    'Approval requested: rm -rf /',
    'Plan mode prompt: Color',
    `${plan} It is said to be harmless.`,
    'Codex wants to edit a.ts',
    'Agent turn complete',
    'error: waiting for input',
  ]
  for (const text of others) t.equal(codex.notification(null, text), null, text)
})

void t.test('what it announces', async (t) => {
  const says = (state: Parameters<NonNullable<typeof codex.status>>[0], asked: Asking | null = null) =>
    codex.status!(state, asked).map((meaning) => meaning.says)
  t.same(says('working'), ['answered', 'working'])
  t.same(says('done'), ['done'])
  t.same(says('idle'), ['done'])
  t.same(says('error'), ['failed'])
  t.same(says('clear'), [], 'it is about to exit')
  for (const asked of ['permission', 'question'] as const) {
    const [before, now] = codex.status!('blocked', asked)
    t.match(now, { says: 'asks', attention: asked })
    t.equal(before?.says, 'answered')
    t.not((before as { id: string }).id, (now as { id: string }).id, 'another kind of ask is over')
  }
  t.match(codex.status!('blocked', null)[1], { attention: 'question' })
})

type Seen = { shows: Shown; attention: Asking | null; line: string }

function seen(screen: string): Seen | null {
  const reading = codex.screen!(screen.split('\n'))
  const { shows = null, attention = null, line = '' } = reading ?? {}
  return shows === null ? null : { shows, attention, line }
}

const below = `
› Ask Codex to do anything

  gpt-6.1 default · /home/dev/app
  ← for agents · ? for shortcuts                        ⚠ 3 warnings · f2 to view`

const greeting = `
  >_ OpenAI Codex (v0.169.0)
     /home/dev/app
`

/** As 0.169.0 showed them, but where it says otherwise. */
const approval = `${greeting}
› do it

• Running touch /srv/outside.txt


  Would you like to run the following command?

  Environment: local

  Reason: need to touch a file outside

  $ touch /srv/outside.txt


› 1. Yes, proceed (y)
  2. Yes, and don't ask again for commands that start with \`touch /srv/outside.txt\` (p)
  3. No, and tell Codex what to do differently (esc)

  Press enter to confirm or esc to cancel                                                                     `

const edits = `  Would you like to make the following edits?

  lib/a.ts (+1 -1)

  1. Yes, proceed (y)
  2. Yes, and don't ask again for these files (a)
› 3. No, and tell Codex what to do differently (esc)

  Press enter to confirm or esc to cancel`

/** openai/codex, approval_overlay, snapshot of its tests. */
const permissions = `  Would you like to grant these permissions?

  Reason: need workspace access

  Permission rule: network; read \`/tmp/readme.txt\`; write \`/tmp/out.txt\`

› 1. Yes, grant these permissions for this turn (y)
  2. Yes, grant and use auto review for this turn (r)
  3. Yes, grant these permissions for this session (a)
  4. Yes, grant for this session and use auto review this turn
  5. No, continue without permissions (d)

  Press enter to confirm or esc to cancel`

const question = `› ASKME z

  Question 1/1 (1 unanswered)
  Which color?

  › 1. Red                r
    2. Blue               b
    3. None of the above  Optionally, add details in notes (tab)

  tab to add notes | enter to submit answer | esc to interrupt`

/** openai/codex, request_user_input, snapshots of its tests. */
const wrapped = `  Question 1/2 (1 unanswered)
  Choose an option.

    1. Option 1  First choice.
  › 2. Option 2  Second choice.
    3. Option 3  Third choice.

  tab to add notes | enter to submit answer
  ctrl + p prev | ctrl + n next | esc to interrupt`
const freeform = `  Question 1/1 (1 unanswered)
  Goal
  Share details.

  › Type your answer (optional)


  Enter to submit answer | Esc to interrupt`

/** A tool of an MCP server, as others have recorded it. */
const tool = `  Field 1/1
  Allow the workbench MCP server to run tool "create_session"?

  › 1. Allow                   Run the tool and continue.
    2. Allow for this session  Run the tool and remember this choice for this session.
    3. Always allow            Run the tool and remember this choice for future tool calls.
    4. Cancel                  Cancel this tool call
  enter to submit | esc to cancel`

const plan = `• Proposed Plan

  # Plan

  • step one

  Worked for <1s • 12:21

  Implement this plan?


› 1. Yes, implement this plan          Switch to Default and start coding
  2. Yes, clear context and implement  Fresh thread with this plan
  3. No, stay in Plan mode             Continue planning with the model

  enter select · esc back`

const hooks = `  Hooks need review
  12 hooks are new or changed.
  Hooks can run outside the sandbox after you trust them.


› 1. Review hooks
  2. Trust all and continue
  3. Continue without trusting (hooks won't run)

  enter confirm · esc skip`

/** Of versions before. */
const trust = `> You are in /some/workspace

  Do you trust the contents of this directory? Working with untrusted contents
  comes with higher risk of prompt injection.

› 1. Yes, continue
  2. No, quit

  Press enter to continue`
const update = `  ✨ Update available! 0.168.0 -> 0.169.0

  Release notes: https://github.com/openai/codex/releases/latest

› 1. Update now (runs \`npm install -g @openai/codex\`)
  2. Skip
  3. Skip until next version

  Press enter to continue`

void t.test('dialogs on the screen', async (t) => {
  const table: [name: string, screen: string, attention: Asking, line: string][] = [
    ['approval', approval, 'permission', 'touch /srv/outside.txt'],
    ['edits', edits, 'permission', 'Would you like to make the following edits?'],
    ['permissions', permissions, 'permission', 'Would you like to grant these permissions?'],
    ['question', question, 'question', 'Which color?'],
    ['wrapped', wrapped, 'question', 'Choose an option.'],
    ['freeform', freeform, 'question', 'Goal'],
    ['tool', tool, 'permission', 'Allow the workbench MCP server to run tool "create_session"?'],
    ['plan', plan, 'plan', 'Implement this plan?'],
    ['hooks', hooks, 'permission', 'Hooks need review'],
    [
      'trust',
      trust,
      'permission',
      'Do you trust the contents of this directory? Working with untrusted contents',
    ],
    ['update', update, 'question', '✨ Update available! 0.168.0 -> 0.169.0'],
  ]
  for (const [name, screen, attention, line] of table) {
    t.same(seen(screen), { shows: 'asks', attention, line }, name)
    t.same(seen(`${screen}\n\n\n`), { shows: 'asks', attention, line }, `${name}, and room below`)
    const quoted = `› show me\n\n• It looks so:\n${screen.replaceAll(/^/gm, '  ')}\n\n${below}`
    t.not(seen(quoted)?.shows, 'asks', `${name}, quoted by the agent`)
    t.not(seen(`${screen}\n${below}`)?.shows, 'asks', `${name}, above the prompt`)
    const isForm = /^ {2}(?:Question|Field) /m.test(screen)
    if (!isForm)
      t.not(seen(screen.replace(/^(\s*)[›>] (?=\d\.)/m, '$1  '))?.shows, 'asks', `${name}, nothing selected`)
    t.not(seen(screen.split('\n').slice(0, -2).join('\n'))?.shows, 'asks', `${name}, half drawn`)
  }
})

void t.test('a person’s own menus ask nothing', async (t) => {
  const menu = `  Select Model and Effort

› 1. gpt-6.1-sol (current)
  2. gpt-6.1-terra

  Press enter to confirm or esc to go back`
  t.equal(seen(menu), null)
  t.equal(seen(menu.replace('go back', 'cancel')), null)
})

void t.test('work and rest on the screen', async (t) => {
  const working = '• Working (2s • esc to interrupt)'
  t.match(seen(`› go\n\n${working}\n\n${below}`), { shows: 'working', line: working })
  t.match(seen(`› go\n\n◦ Planning the work (1h 02m 03s • esc to interrupt)\n${below}`), { shows: 'working' })
  t.match(seen(`${working} · 1 background terminal running · /ps to view · /stop to close\n${below}`), {
    shows: 'working',
  })
  t.match(seen(`› go\n\n• All done.\n\n  Worked for 4s • 12:19\n\n${below}`), {
    shows: 'ready',
    line: 'Worked for 4s • 12:19',
  })
  t.match(seen(`─ Worked for 1m 02s ──────\n\n${below}`), { shows: 'ready' })
  t.match(seen(`› go\n\n■ Conversation interrupted - use /feedback if something went wrong\n${below}`), {
    shows: 'ready',
    line: 'Conversation interrupted - use /feedback if something went wrong',
  })
  t.match(seen(`${greeting}${below}`), { shows: 'ready' }, 'nothing was asked of it yet')
  const unsaid = [
    `› go\n\n• Reading files…\n\n${below}`,
    `› go\n${below}`,
    `› go\n\n• error: it failed\n  waiting for input [y/n]:\n  >\n${below}`,
    `› go\n\n  ${working}\n\n• and more\n${below}`,
    `› go\n\n• it says "esc to interrupt"\n${below}`,
    '',
    'plain text',
    '/ T R A N S C R I P T / / / /\n› go\n\n\n\nBrowsing transcript · ↵ rewind · esc back',
  ]
  for (const screen of unsaid) t.equal(seen(screen), null, screen)
})

void t.test('any screen and any text', async (t) => {
  const pieces = [
    approval,
    question,
    plan,
    tool,
    below,
    greeting,
    '  Worked for 1s',
    '›',
    '!',
    '1. a',
    '',
    '│',
  ]
  const line = fc.oneof(fc.string(), fc.constantFrom(...pieces.join('\n').split('\n')))
  fc.assert(
    fc.property(fc.array(line, { maxLength: 80 }), (lines) => {
      codex.screen!(lines)
      for (const text of lines) {
        codex.title(text)
        codex.notification(text, text)
      }
    }),
  )
  const long = Array(500).fill(`› 1. ${'a '.repeat(500)}(`) as string[]
  t.equal(codex.screen!([...long, '  Press enter to confirm or esc to cancel'])?.shows ?? null, null)
})
