import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { fitLayout, readLayout } from '../../lib/multiplexer/layout.js'
import { runProgram, type Run } from '../../lib/multiplexer/run-program.js'
import { parseTmuxPanes } from '../../lib/multiplexer/tmux-layout.js'
import { parseZellijDump, parseZellijLists } from '../../lib/multiplexer/zellij-layout.js'
import { lineBytesMax } from '../../lib/wire/limits.js'
import { LayoutState, type LayoutTab } from '../../lib/wire/messages.js'

const recorded = (name: string): string =>
  fs.readFileSync(new URL(`../../fixtures/multiplexer/${name}`, import.meta.url), 'utf8')

/** Tabs in short: `index name`, `*` for the active one, and the panes as `id title [command]`, `*` for the focused. */
const short = (tabs: LayoutTab[]): [string, string[]][] =>
  tabs.map(({ index, name, active, panes }) => [
    `${index} ${name}${active ? ' *' : ''}`,
    panes.map(
      ({ pane_id: id, title, command, focused }) =>
        `${id ?? '-'} ${title ?? ''} [${command ?? ''}]${focused ? ' *' : ''}`,
    ),
  ])

/** Lines as tmux prints them for our format. */
const printed = (separator: string, rows: string[][]): string =>
  rows.map((row) => row.map((cell) => separator + cell).join('')).join('\n')

void t.test('tmux: panes become tabs', async (t) => {
  const rows = [
    ['3', '0', '%4', '1', 'api', 'host', 'claude'],
    ['3', '0', '%9', '0', 'api', '✳ cart\t|', 'a\nb\n7\t%1'],
    ['7', '1', '%5', '1', '', '', 'zsh'],
    ['12', '0', '%4', '1', 'api', 'host', 'claude'],
    ['x', '0', '%6', '1', 'no index', '', ''],
    ['13', '0', '6', '1', 'no id', '', ''],
  ]
  t.strictSame(short(parseTmuxPanes(printed('5e9', rows), '5e9')), [
    ['1 api', ['%4 host [claude\n] *', '%9 ✳ cart\t| [a\nb\n7\t%1\n]']],
    ['2  *', ['%5  [zsh\n] *']],
    ['3 api', ['%4 host [claude\n] *']],
  ])
  for (const text of ['', 'no server', '5e9', '5e91', printed('5e9', [rows[0]!.slice(0, 5)])])
    t.strictSame(parseTmuxPanes(text, '5e9'), [], text)
})

void t.test('a layout is cut to one frame, and holds nothing that moves a cursor', async (t) => {
  const pane = (id: number, title: string) => ({ pane_id: `%${id}`, title, command: 'zsh', focused: false })
  const hostile = fitLayout({
    multiplexer: 'tmux',
    tabs: [
      {
        index: 1,
        name: '\u001b]0;x\u0007\n',
        active: true,
        panes: [pane(1, '\u009b2J \r\n'), pane(2, '\ud800!')],
      },
      {
        index: 2,
        name: '🦀'.repeat(500),
        active: false,
        panes: [{ title: '', command: null, focused: true }],
      },
    ],
  })
  t.strictSame(hostile, {
    multiplexer: 'tmux',
    tabs: [
      {
        index: 1,
        name: ']0;x',
        active: true,
        panes: [
          { pane_id: '%1', title: '2J', command: 'zsh', focused: false },
          { pane_id: '%2', title: '\ufffd!', command: 'zsh', focused: false },
        ],
      },
      { index: 2, name: '🦀'.repeat(64), active: false, panes: [{ focused: true }] },
    ],
  })
  const many = Array.from({ length: 10_000 }, (_, i) => pane(i, '"\\'.repeat(100)))
  for (const tabs of [
    [{ index: 1, name: 'one', active: true, panes: many }],
    many.map((only, i) => ({ index: i + 1, name: '日本'.repeat(100), active: false, panes: [only] })),
  ]) {
    const cut = fitLayout({ multiplexer: 'tmux', tabs })
    t.ok(Buffer.byteLength(JSON.stringify(cut)) < lineBytesMax - 4_096)
    const kept = cut.tabs.flatMap(({ panes }) => panes).length
    t.ok(kept > 250, `${kept} are told`)
    t.equal(kept + (cut.panes_left_out ?? 0), 10_000)
    t.ok(LayoutState.safeParse(cut).success)
  }
})

void t.test('zellij 0.44: lists', async (t) => {
  const tabs = parseZellijLists(recorded('zellij-panes.json'), recorded('zellij-tabs.json'))
  t.strictSame(short(tabs), [
    ['1 api', ['1 ✳ Fix the cart [claude] *', '3 ~/shop []', '4 htop [htop]', '6 behind the editor [codex]']],
    ['2 tests *', ['7 vim src/cart.ts [vim]', '8 npm test [npm] *']],
  ])
  const shown = recorded('zellij-tabs.json').replaceAll(/("are_floating_panes_visible": ?)false/g, '$1true')
  const tiled = JSON.stringify(
    (JSON.parse(recorded('zellij-panes.json')) as { is_floating: boolean }[]).filter(
      (pane) => !pane.is_floating,
    ),
  )
  t.strictSame(
    parseZellijLists(tiled, shown).map(({ panes }) => panes.map(({ focused }) => focused)),
    [[true, false, false], [true]],
    'floating panes are in front where there are some',
  )
  const odd = '[{"id":"1"},null,7,{"id":-1,"is_plugin":false}]'
  t.strictSame(parseZellijLists(odd, odd), [], 'entries that make no sense are passed over')
  for (const text of ['', 'PANE_ID  TYPE', '{}', 'null']) t.throws(() => parseZellijLists(text, '[]'), text)
})

const dumped: [string, string[]][] = [
  ['1 Tab #1', ['-  [claude] *', '- notes; // not a comment [vim]', '-  []', '-  [htop]']],
  ['2 say "hi" \\ { *', ['-  []', '-  []', '-  [codex]', '- scratch [] *']],
  ['3 Tab #3', ['-  [] *']],
]

void t.test('zellij: a dumped layout', async (t) => {
  t.strictSame(short(parseZellijDump(recorded('zellij-dump.kdl'))), dumped)
  for (const text of ['', 'no layout', 'layout {', 'Session not found'])
    t.throws(() => parseZellijDump(text), text)
  t.strictSame(parseZellijDump('layout {}'), [])
})

/** A `zellij` on a PATH of its own that knows some actions and fails with the others, as zellij does. */
function fakeZellij(t: Test, knows: Record<string, string>): { run: Run; asked: () => string[] } {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'aoc-layout-'))
  t.teardown(() => fs.rmSync(dir, { recursive: true, force: true }))
  const cases = Object.entries(knows).map(([action, file]) => {
    fs.writeFileSync(path.join(dir, action), recorded(file))
    return `*" action ${action}"*) cat '${path.join(dir, action)}';;`
  })
  fs.writeFileSync(
    path.join(dir, 'zellij'),
    `#!/bin/sh\necho "$*" >> '${dir}/asked'\ncase "$*" in ${cases.join('\n')}\n*) echo "error: Found argument '$4'" >&2; exit 2;; esac\n`,
    { mode: 0o755 },
  )
  const run: Run = (program, args) => runProgram(path.join(dir, program), args)
  const asked = (): string[] =>
    fs.readFileSync(path.join(dir, 'asked'), 'utf8').trimEnd().split('\n').toSorted()
  return { run, asked }
}

const inZellij = { ZELLIJ: '0' }
const session = '--session my shop action'

void t.test('zellij is asked for what it knows', async (t) => {
  const newer = fakeZellij(t, { 'list-panes': 'zellij-panes.json', 'list-tabs': 'zellij-tabs.json' })
  const layout = await readLayout('my shop', inZellij, newer.run)
  t.equal(layout.multiplexer, 'zellij')
  t.strictSame(
    layout.tabs.map(({ panes }) => panes.map(({ pane_id: id }) => id)),
    [
      ['1', '3', '4', '6'],
      ['7', '8'],
    ],
  )
  t.strictSame(newer.asked(), [`${session} list-panes --json --all`, `${session} list-tabs --json --all`])

  const older = fakeZellij(t, { 'dump-layout': 'zellij-dump.kdl' })
  t.strictSame(short((await readLayout('my shop', inZellij, older.run)).tabs), dumped)
  t.ok(older.asked().includes(`${session} dump-layout`))

  const none = fakeZellij(t, {})
  await t.rejects(readLayout('my shop', inZellij, none.run), {
    name: 'CommandError',
    message: /Found argument/,
  })
})

const hasTmux = ((): boolean => {
  try {
    return execFileSync('tmux', ['-V'], { encoding: 'utf8' }).startsWith('tmux')
  } catch {
    return false
  }
})()

for (const locale of ['C.UTF-8', 'C'])
  void t.test(
    `a real tmux, LC_ALL=${locale}`,
    { skip: hasTmux ? false : 'tmux is not installed' },
    async (t) => {
      const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'aoc-layout-'))
      const env = { PATH: process.env['PATH'], TMUX_TMPDIR: dir, TERM: 'xterm', SHELL: '/bin/sh' }
      const exec = (args: string[], given: Record<string, string | undefined>): string =>
        execFileSync('tmux', args, { encoding: 'utf8', env: given, stdio: 'pipe' })
      const tmux = (...args: string[]): string =>
        exec(['-u', '-f', '/dev/null', ...args], { ...env, LC_ALL: 'C.UTF-8' }).trimEnd()
      t.teardown(() => {
        try {
          tmux('kill-server')
        } catch {
          // It has ended.
        }
        fs.rmSync(dir, { recursive: true, force: true })
      })
      const run: Run = (program, args) => {
        t.equal(program, 'tmux')
        return Promise.resolve(exec(args, { ...env, LC_ALL: locale }))
      }
      // A command's name is what it calls itself: here it looks like another pane's line.
      const odd = path.join(dir, 'a\tb\n2\t1\t%7')
      fs.copyFileSync('/bin/sleep', odd)
      fs.chmodSync(odd, 0o755)
      const sleep = 'exec sleep 600'
      tmux('new-session', '-d', '-s', 'shop', '-n', 'api', sleep)
      tmux('set-option', '-g', 'base-index', '7')
      tmux('new-window', '-d', '-t', 'shop:', '-n', 'séance | two', sleep)
      tmux('new-session', '-d', '-s', 'shop-two', '-n', 'elsewhere', sleep)
      tmux('split-window', '-d', '-t', '=shop:séance | two', odd, '600')
      tmux('select-pane', '-t', '=shop:api', '-T', '✳ cart ##{pane_id} ##(id)')
      const panes = tmux('list-panes', '-s', '-t', '=shop:', '-F', '#{pane_id}').split('\n')

      const seen = await readLayout('shop', {}, run)
      t.match(seen, {
        multiplexer: 'tmux',
        tabs: [
          {
            index: 1,
            name: 'api',
            active: true,
            panes: [{ pane_id: panes[0], title: '✳ cart #{pane_id} #(id)', focused: true }],
          },
          {
            index: 2,
            name: 'séance | two',
            active: false,
            panes: [
              { pane_id: panes[1], focused: true },
              { pane_id: panes[2], focused: false },
            ],
          },
        ],
      })
      t.equal(seen.tabs.length, 2)
      t.ok(LayoutState.safeParse(seen).success)
      t.notMatch(JSON.stringify(seen), /\\n|\\t|\\u00/, 'and no control characters')

      tmux('select-window', '-t', '=shop:séance | two')
      tmux('select-pane', '-t', panes[2]!)
      const next = await readLayout('shop', {}, run)
      t.strictSame(
        next.tabs.map(({ active, panes }) => [active, panes.map(({ focused }) => focused)]),
        [
          [false, [true]],
          [true, [false, true]],
        ],
      )
      await t.rejects(
        readLayout('sho', {}, async (program, args) => run(program, args)),
        /find session.*sho/,
      )
    },
  )
