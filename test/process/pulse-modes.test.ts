import t from 'tap'
import { LineClient, newRoom, startHub } from './processes.js'
import { endOf, newRepository, openAgent, openPulse, quit, report, startPulse } from './pulse.js'
import type { ScreenTerminal } from './screen.js'

/** What a person has to see of each mode on terminals of four sizes. */
const sizes: { columns: number; rows: number; sees: Record<string, (string | RegExp)[]> }[] = [
  {
    columns: 120,
    rows: 30,
    sees: {
      Overview: [
        /◆ needs_input +agent-1 .*which branch\?/,
        /running\? +agent-2 .*busy with it/,
        'shop@feature/cart',
      ],
      Work: [
        /master .*1\/3 .*1 in progress/,
        /in progress +high +Basket/,
        /blocked +high +Pay/,
        /api .*1\/1/,
      ],
      Diff: [
        /modified +unstaged +src\/cart\.ts +\+1 -1/,
        /added +staged +src\/price\.ts/,
        /untracked +notes\.md/,
      ],
      patch: [/^src\/cart\.ts .*\+1 -1/m, /^ 30 +-line 30$/m, /^ +30 +\+changed here$/m],
      Health: [/hub .*live/, /pulse\.sock/, /agent-1 +heartbeat/, /✓ git +\d/],
    },
  },
  {
    columns: 92,
    rows: 24,
    sees: {
      Overview: [/◆ needs_input +agent-1 .*which branch\? .*4f \+2 -2/, 'on feature/cart'],
      Work: [/master .*1\/3 .*1 in progress/, /in progress +high +Basket/],
      Diff: [/modified +unstaged +src\/cart\.ts +\+1 -1/, /deleted +unstaged +src\/old\.ts/],
      patch: [/^ 30 +-line 30$/m, /^ +30 +\+changed here$/m],
      Health: [/hub .*live/, /agent-1 +heartbeat/],
    },
  },
  {
    columns: 80,
    rows: 24,
    sees: {
      Overview: [/◆ needs_input +agent-1 .*which branch\? .*4f \+2 -2/, 'on feature/cart'],
      Work: [/master .*1\/3 .*1 in progress/, /in progress +high +Basket/],
      Diff: [/modified +unstaged +src\/cart\.ts +\+1 -1/, /deleted +unstaged +src\/old\.ts/],
      patch: [/^ 30 +-line 30$/m, /^ +30 +\+changed here$/m],
      Health: [/hub .*live/, /agent-1 +heartbeat/],
    },
  },
  {
    columns: 40,
    rows: 12,
    sees: {
      Overview: [/◆ +agent-1 .*which branch\?/, /● *\? +agent-2 .*busy/],
      Work: [/master .*1\/3/, /Basket/, /Pay/],
      Diff: [/ M src\/cart\.ts +\+1 -1/, /\?\? notes\.md/],
      patch: [/^src\/cart\.ts +\+1 -1/m, /^@@ -27,7 \+27,7 @@/m],
      Health: [/hub .*live/],
    },
  },
]

/** Goes to a mode by its digit, and waits until its tab is the one that is marked. */
async function goTo(screen: ScreenTerminal, name: string): Promise<void> {
  const digit = ['Overview', 'Work', 'Diff', 'Health'].indexOf(name) + 1
  screen.type(String(digit))
  await screen.until(`${name} is marked`, () => screen.cellAt(screen.find(`${digit} ${name}`).x, 1).reversed)
}

/** A whole picture of the terminal's size: the first row ends at its right edge, the last one has the keys. */
async function isDrawn(screen: ScreenTerminal, columns: number): Promise<void> {
  await screen.until(`it is drawn on ${columns} columns`, () => {
    const { lines } = screen
    return lines[0]!.length === columns && /\S/.test(lines.at(-1)!)
  })
}

void t.test('each mode on each size, of agents in a repository with changes and tasks', async (t) => {
  const room = newRoom(t)
  await startHub(t, room)
  const cwd = newRepository(room)
  openAgent(t, room, '1', `${report} needs_input --detail "which branch?"; read -r x`, { cwd })
  openAgent(t, room, '2', 'echo busy with it; read -r x', { cwd })
  const screen = await openPulse(t, room)
  await screen.see(/which branch\? .*4f \+2 -2[^]*busy with it .*4f \+2 -2/)
  for (const { columns, rows, sees } of sizes)
    await t.test(`${columns}×${rows}`, async (t) => {
      screen.resize(columns, rows)
      await isDrawn(screen, columns)
      for (const [name, texts] of Object.entries(sees)) {
        if (name === 'patch') {
          await goTo(screen, 'Diff')
          await screen.see('src/cart.ts')
          screen.type('\r')
        } else await goTo(screen, name)
        for (const text of texts) await screen.see(text)
        await isDrawn(screen, columns)
        t.match(screen.lines[0], /◆ 1.*● 1.*live$/, `${name}: the counts are in sight`)
        t.ok(screen.modes.isCursorHidden)
        if (name !== 'patch') continue
        screen.type('\u001b')
        await screen.see('notes.md')
      }
    })
})

void t.test('without an overview it begins with Work', async (t) => {
  const room = newRoom(t)
  await startHub(t, room)
  const screen = await openPulse(t, room, { env: { AOC_PULSE_OVERVIEW_ENABLED: '0' } })
  await screen.see('No tasks: there is no agent yet')
  t.match(screen.lines[1], /2 Work +3 Diff +4 Health/)
  t.notMatch(screen.text, 'Overview')
  screen.type('1n')
  await screen.see('the overview is turned off')
  screen.type('3')
  await screen.see('No changes: there is no agent yet')
  screen.type('\t\t')
  await screen.see('No tasks: there is no agent yet')
})

/** What a publisher says of its agent. */
const state = {
  lifecycle: 'needs_input',
  snippet: 'Shall I go on?',
  source: {
    label: 'asker',
    status: { attention: 'question', detail: 'go on?', confidence: 3, since_ms: 1 },
    agent_status: { project_root: '/srv/shop' },
  },
}

void t.test('colours are taken and left out as the person wants', async (t) => {
  const room = newRoom(t)
  const hub = await startHub(t, room, 's', ['--stale-seconds', '0'])
  const asker = await LineClient.publisher(t, hub, '1')
  asker.upsert('1', state)
  const open = async (env: Record<string, string>): Promise<ScreenTerminal> => {
    const screen = await openPulse(t, room, { env, columns: 80, rows: 24 })
    await screen.see('go on?')
    screen.type('234?')
    await screen.see('draw again')
    screen.type('\u001b')
    await screen.unsee('draw again')
    screen.type('1i')
    await screen.see('to asker')
    return screen
  }

  const colorless: Record<string, string>[] = [
    { NO_COLOR: '1' },
    { NO_COLOR: '1', AOC_PULSE_THEME: 'dark' },
    { TERM: 'xterm-mono' },
  ]
  for (const env of colorless)
    await t.test(JSON.stringify(env), async (t) => {
      const screen = await open(env)
      screen.type('\u001b')
      await screen.unsee('to asker')
      const parameters = [...screen.bytes.toString().matchAll(/\u001b\[([\d;:]*)m/g)].flatMap(([, all]) =>
        all!.split(/[;:]/).map(Number),
      )
      t.strictSame(
        parameters.filter((one) => one >= 30),
        [],
        'no colour at all',
      )
      const { x, y } = screen.find('◆ needs_input')
      t.match(screen.cellAt(x, y), { bold: true, underline: true, reversed: true }, 'and still it is seen')
      t.equal(await quit(screen), 0)
    })

  for (const [theme, isDark] of [
    ['dark', true],
    ['light', false],
  ] as const)
    await t.test(theme, async (t) => {
      const screen = await open({ AOC_PULSE_THEME: theme, COLORTERM: 'truecolor' })
      const { background } = screen.cellAt(79, 12)
      t.equal(Number.parseInt(String(background).slice(1, 3), 16) < 128, isDark, String(background))
    })

  await t.test('a theme that does not exist', async (t) => {
    const screen = startPulse(t, room, { env: { AOC_PULSE_THEME: 'solarized' }, columns: 200 })
    t.equal(await endOf(screen), 2)
    t.match(screen.text, /"solarized".*none of terminal.*dark.*light.*auto/)
    t.notMatch(screen.bytes.toString(), '[?1049h')
  })
})

/** Everything that could move the cursor, change the terminal or lie about what is there. */
const hostile = [
  '\u001b[2J\u001b[H',
  '\u001b]0;owned\u0007',
  '\u001b]52;c;b3duZWQ=\u001b\\',
  '\u001bP1$r\u001b\\',
  '\u009b31m\u009d0;owned\u009c',
  '\r\n\t\b\u007f\u0000',
  '\u202etxt.exe\u2066\u200f',
].join('x')

/** All that Pulse itself sends: cursor places, looks, erasing, modes; and where it was at its start and end. */
const ours = /\u001b\[(?:\d+(?:;\d+)*)?[HmKJXCGd]|\u001b\[\?\d+(?:;\d+)*[hl]|\u001b\\/g

void t.test('nothing that an agent says reaches the terminal but as text', async (t) => {
  const room = newRoom(t)
  const hub = await startHub(t, room, 's', ['--stale-seconds', '0'])
  const publisher = await LineClient.publisher(t, hub, '1')
  const file = {
    // Nothing has a NUL in its path: such a file would not be listed at all.
    path: `a${hostile.replaceAll('\0', '')}.ts`,
    status: 'modified',
    additions: 1,
    deletions: 0,
    staged: false,
    untracked: false,
  }
  const lines = { files: 1, additions: 1, deletions: 0 }
  publisher.upsert('1', {
    lifecycle: 'needs_input',
    snippet: `snippet ${hostile} end`,
    source: {
      label: `label${hostile}`,
      tab_scope: `tab${hostile}`,
      command: hostile,
      status: {
        attention: `q${hostile}`,
        detail: `detail ${hostile} end`,
        confidence: 3,
        since_ms: 1,
        blind: hostile,
      },
      agent_status: { agent_id: 's::1', status: 'idle', pane_id: '1', project_root: `/srv/${hostile}` },
      diff_summary: {
        agent_id: 's::1',
        repo_root: `/srv/repo${hostile}`,
        git_available: true,
        branch: `branch${hostile}`,
        summary: { staged: lines, unstaged: lines, untracked: { files: 0 } },
        files: [file],
      },
      task_summaries: {
        [`tag${hostile}`]: {
          agent_id: 's::1',
          tag: `tag${hostile}`,
          counts: { total: 1, pending: 0, in_progress: 1, done: 0, blocked: 0 },
          active_tasks: [
            { id: `7${hostile}`, title: `title ${hostile}`, status: 'in-progress', priority: hostile },
          ],
        },
      },
    },
  })
  /** Answers what it is asked for with something as bad. */
  const answered = new Set<string>()
  const answering = setInterval(() => {
    for (const { type, request_id: id, payload } of publisher.frames) {
      if (type !== 'command' || id === undefined || answered.has(id)) continue
      answered.add(id)
      const { command } = payload
      const patch = `@@ -1 +1 @@ ${hostile}\n+patched ${hostile} line\n`
      const answer = {
        status: 'ok',
        message: `message ${hostile}`,
        result: { patch, status: hostile, path: hostile },
      }
      const refusal = {
        status: 'error',
        message: `refusal ${hostile}`,
        error: { code: 'invalid_args', message: hostile },
      }
      publisher.say('command_result', { command, ...(command === 'get_diff_patch' ? answer : refusal) }, id)
    }
  }, 20)
  t.teardown(() => clearInterval(answering))

  const screen = await openPulse(t, room, { args: ['--session', 's', '--no-hub-start', '--no-notify'] })
  const escape = async (what: string): Promise<void> => {
    screen.type('\u001b')
    await screen.unsee(what)
  }
  await screen.see('label')
  screen.type('2')
  await screen.see(/7.*title/)
  screen.type('3\r')
  await screen.see(/patched/)
  await escape('patched')
  screen.type('4')
  await screen.see('blind')
  screen.type('1e')
  await screen.see('refusal')
  await escape('refusal')
  screen.type('i')
  await screen.see('to label')
  screen.type('go\r')
  await screen.see('refusal')
  await escape('refusal')
  screen.type('xy')
  await screen.see(/End label[^]*refusal/)
  await escape('End label')
  screen.type('r')
  await screen.see('refusal')
  t.equal(await quit(screen), 0)
  const rest = screen.bytes.toString().replaceAll(ours, '').replaceAll('\u001b[22;0;0t', '')
  const bad = [
    ...rest.matchAll(/.{0,20}[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200f].{0,20}/g),
  ]
  t.strictSame(
    bad.map(([text]) => JSON.stringify(text)),
    [],
  )
})
