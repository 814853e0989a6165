import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { focus } from '../../lib/multiplexer/focus.js'
import { runProgram, type Run } from '../../lib/multiplexer/run-program.js'
import { parseCommand, type HubCommand } from '../../lib/wire/commands.js'
import { CommandError } from '../../lib/wire/errors.js'
import type { Env } from '../../lib/wire/identity.js'

const inZellij: Env = { ZELLIJ: '0', ZELLIJ_SESSION_NAME: 'shop' }
const inTmux: Env = { TMUX: '/tmp/tmux-0/default,1,0' }

function hubCommand(command: string, args: Record<string, unknown>): HubCommand {
  const parsed = parseCommand({ command, args })
  if (parsed.target !== 'hub') throw new Error(`${command} is no hub command`)
  return parsed
}

/** A `run` that answers from a table and keeps what it was asked; what the table lacks fails as a program would. */
function fakeRun(answers: Record<string, string | Error>): { run: Run; asked: string[] } {
  const asked: string[] = []
  const run: Run = (program, args) => {
    const line = [program, ...args].join(' ')
    asked.push(line)
    const key = Object.keys(answers).find((start) => line.startsWith(start))
    const answer =
      key === undefined ? new CommandError('focus_failed', `${program}: no answer`) : answers[key]!
    return typeof answer === 'string' ? Promise.resolve(answer) : Promise.reject(answer)
  }
  return { run, asked }
}

void t.test('zellij: each command is one action', async (t) => {
  const table: [string, Record<string, unknown>, string, string][] = [
    ['focus_tab', { tab_index: 1 }, 'zellij --session shop action go-to-tab 1', 'tab 1 has the focus'],
    ['focus_tab', { tab_index: 12 }, 'zellij --session shop action go-to-tab 12', 'tab 12 has the focus'],
    [
      'focus_tab',
      { tab_name: 'the api; rm -rf /' },
      'zellij --session shop action go-to-tab-name -- the api; rm -rf /',
      'tab "the api; rm -rf /" has the focus',
    ],
    [
      'focus_pane',
      { pane_id: 'terminal_3' },
      'zellij --session shop action focus-pane-id terminal_3',
      'pane terminal_3 has the focus',
    ],
    ['focus_pane', { pane_id: '3' }, 'zellij --session shop action focus-pane-id 3', 'pane 3 has the focus'],
  ]
  for (const [command, args, argv, message] of table) {
    const { run, asked } = fakeRun({ zellij: '' })
    const result = await focus(hubCommand(command, args), 'shop', inZellij, run)
    t.strictSame(result, { command, status: 'ok', message }, JSON.stringify(args))
    t.strictSame(
      asked.filter((line) => !line.endsWith('query-tab-names')),
      [argv],
    )
  }
})

void t.test('zellij: a tab that is not there is no success', async (t) => {
  const names = 'zellij --session shop action query-tab-names'
  const table: [Record<string, unknown>, string | null][] = [
    [{ tab_index: 2 }, null],
    [{ tab_name: 'the tests' }, null],
    [{ tab_index: 3 }, 'no tab 3; there are 2: Tab #1, the tests'],
    [{ tab_name: 'the' }, 'no tab "the"; there are 2: Tab #1, the tests'],
  ]
  for (const [args, message] of table) {
    const { run, asked } = fakeRun({ [names]: 'Tab #1\nthe tests\n', zellij: '' })
    const result = await focus(hubCommand('focus_tab', args), 'shop', inZellij, run)
    const name = JSON.stringify(args)
    if (message === null) t.match(result, { status: 'ok' }, name)
    else t.match(result, { status: 'error', error: { code: 'focus_failed', message } }, name)
    t.equal(asked.length, message === null ? 2 : 1, name)
  }
  const old = fakeRun({ [names]: new CommandError('focus_failed', 'unknown'), zellij: '' })
  const result = await focus(hubCommand('focus_tab', { tab_index: 9 }), 'shop', inZellij, old.run)
  t.match(result, { status: 'ok' }, 'one that does not tell its tabs is believed')
})

/** A tmux of two sessions that fills in the formats it is asked for, and keeps what it is told to do. */
function fakeTmux(attached: boolean): { run: Run; told: string[] } {
  const windows = ['$1 @4 api', '$1 @2 tests', '$1 @9 api'].map((line) => line.split(' '))
  const told: string[] = []
  const run: Run = (program, given) => {
    const args = given.filter((arg) => arg !== '-u')
    const valueOf = (flag: string): string => args[args.indexOf(flag) + 1] ?? ''
    const fill = ([session = '', window = '', name = '']: string[]): string =>
      (args.find((arg) => arg.includes('#{')) ?? '')
        .replace('#{session_id}', session)
        .replace('#{window_id}', window)
        .replace('#{window_name}', name)
    const target = valueOf('-t')
    if (args[0] === 'list-windows' && target === '=shop:')
      return Promise.resolve(windows.map(fill).join('\n'))
    if (args[0] === 'display-message' && target === '%5') return Promise.resolve(fill(['$2', '@7', 'logs']))
    told.push([program, ...args].join(' '))
    const isDone = args[0]?.startsWith('select-') || (attached && args[0] === 'switch-client')
    return isDone ? Promise.resolve('') : Promise.reject(new CommandError('focus_failed', 'tmux: no'))
  }
  return { run, told }
}

void t.test('tmux: the window is found by its place or name, then shown', async (t) => {
  const show = (session: string, window: string): string[] => [
    `tmux select-window -t ${window}`,
    `tmux switch-client -t ${session}`,
  ]
  const table: [string, Record<string, unknown>, string[] | RegExp][] = [
    ['focus_tab', { tab_index: 1 }, show('$1', '@4')],
    ['focus_tab', { tab_index: 2 }, show('$1', '@2')],
    ['focus_tab', { tab_index: 3 }, show('$1', '@9')],
    ['focus_tab', { tab_name: 'tests' }, show('$1', '@2')],
    ['focus_tab', { tab_name: 'api' }, show('$1', '@4')],
    ['focus_pane', { pane_id: '%5' }, [...show('$2', '@7'), 'tmux select-pane -t %5']],
    ['focus_tab', { tab_index: 4 }, /^no tab 4; there are 3: api, tests, api$/],
    ['focus_tab', { tab_name: 'test' }, /^no tab "test"; there are 3: api, tests, api$/],
  ]
  for (const attached of [true, false])
    for (const [command, args, expected] of table) {
      const { run, told } = fakeTmux(attached)
      const result = await focus(hubCommand(command, args), 'shop', inTmux, run)
      const name = JSON.stringify(args)
      if (expected instanceof RegExp) {
        t.match(
          result,
          { command, status: 'error', error: { code: 'focus_failed', message: expected } },
          name,
        )
        t.strictSame(told, [], name)
      } else {
        t.match(result, { command, status: 'ok' }, name)
        t.strictSame(told, expected, name)
      }
    }
})

void t.test('what tmux prints in no known form is no success', async (t) => {
  const { run, asked } = fakeRun({ tmux: '$0_@0_api' })
  const result = await focus(hubCommand('focus_tab', { tab_index: 1 }), 'shop', inTmux, run)
  t.match(result, { status: 'error', error: { code: 'focus_failed' } })
  t.notOk(asked.some((line) => line.includes('select-window')))
})

void t.test('an argument stays one argument', async (t) => {
  const seen: string[][] = []
  const run: Run = (_, args) => {
    seen.push(args)
    return Promise.resolve('')
  }
  await focus(hubCommand('focus_tab', { tab_name: 'two words "and" $more' }), 'my session', inZellij, run)
  t.strictSame(seen.slice(1), [
    ['--session', 'my session', 'action', 'go-to-tab-name', '--', 'two words "and" $more'],
  ])
})

void t.test('which multiplexer is asked', async (t) => {
  const table: [Env, 'zellij' | 'tmux'][] = [
    [inZellij, 'zellij'],
    [{ ZELLIJ: '0' }, 'zellij'],
    [{ ZELLIJ_SESSION_NAME: 'shop' }, 'zellij'],
    [{ ZELLIJ_SESSION_NAME: 'another' }, 'tmux'],
    [inTmux, 'tmux'],
    [{}, 'tmux'],
  ]
  for (const [env, program] of table) {
    const { run, asked } = fakeRun({})
    await focus(hubCommand('focus_tab', { tab_index: 1 }), 'shop', env, run)
    t.equal(asked[0]?.split(' ')[0], program, JSON.stringify(env))
  }
})

void t.test('what goes wrong is a result that says so', async (t) => {
  const missing = new CommandError('focus_failed', 'zellij: spawn zellij ENOENT')
  const table: [Env, string, Record<string, unknown>, Record<string, string | Error>, string, RegExp][] = [
    [inZellij, 'focus_tab', { tab_index: 1 }, { zellij: missing }, 'focus_failed', /ENOENT/],
    [inZellij, 'focus_pane', { pane_id: '1' }, { zellij: missing }, 'focus_failed', /ENOENT/],
    [inZellij, 'focus_tab', { tab_name: 'x' }, { zellij: new Error('surprise') }, 'focus_failed', /surprise/],
    [inTmux, 'focus_tab', { tab_index: 1 }, {}, 'focus_failed', /tmux: no answer/],
    [inTmux, 'focus_pane', { pane_id: '%1' }, {}, 'focus_failed', /tmux: no answer/],
    [inTmux, 'focus_pane', { pane_id: 'terminal_3' }, {}, 'invalid_args', /"terminal_3" is no tmux pane id/],
    [inTmux, 'focus_pane', { pane_id: '%1; kill-server' }, {}, 'invalid_args', /no tmux pane id/],
    [inZellij, 'focus_pane', { pane_id: '%1' }, {}, 'invalid_args', /"%1" is no zellij pane id/],
    [inZellij, 'focus_pane', { pane_id: '--help' }, { zellij: '' }, 'invalid_args', /no zellij pane id/],
    [inTmux, 'focus_pane', { pane_id: '-t' }, {}, 'invalid_args', /no tmux pane id/],
  ]
  for (const [env, command, args, answers, code, message] of table) {
    const { run, asked } = fakeRun(answers)
    const result = await focus(hubCommand(command, args), 'shop', env, run)
    const name = JSON.stringify([command, args])
    t.match(result, { command, status: 'error', message, error: { code, message } }, name)
    if (code === 'invalid_args') t.strictSame(asked, [], 'and nothing is run')
  }
})

void t.test('running a program', async (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'aoc-focus-'))
  t.teardown(() => fs.rmSync(dir, { recursive: true, force: true }))
  const script = (text: string): string => {
    const file = path.join(dir, `p${fs.readdirSync(dir).length}`)
    fs.writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 })
    return file
  }
  t.equal(await runProgram(script(`printf '%s|' "$@"`), ['a b', '$HOME', '']), 'a b|$HOME||')
  const table: [string, string, RegExp][] = [
    ['one that fails', script('echo first >&2; echo second >&2; exit 3'), /: first$/],
    ['one that fails without a word', script('exit 3'), /exit code 3/],
    ['one that is not there', path.join(dir, 'none'), /ENOENT/],
    ['one that hangs', script('exec sleep 30'), /timed out/],
  ]
  for (const [name, program, message] of table)
    await t.rejects(runProgram(program, []), { name: 'CommandError', code: 'focus_failed', message }, name)
})

const hasTmux = ((): boolean => {
  try {
    return execFileSync('tmux', ['-V'], { encoding: 'utf8' }).startsWith('tmux')
  } catch {
    return false
  }
})()

/** A tmux server of this test's own, and a `run` that reaches only that one. */
function tmuxServer(t: Test, locale: string): { tmux: (...args: string[]) => string; run: Run } {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'aoc-focus-'))
  const own = { PATH: process.env['PATH'], TMUX_TMPDIR: dir, LC_ALL: locale, TERM: 'xterm', SHELL: '/bin/sh' }
  const exec = (args: string[], env: Record<string, string | undefined>): string =>
    execFileSync('tmux', args, { encoding: 'utf8', env, stdio: 'pipe' }).replace(/\n$/, '')
  const tmux = (...args: string[]): string =>
    exec(['-u', '-f', '/dev/null', ...args], { ...own, LC_ALL: 'C.UTF-8' })
  t.teardown(() => {
    try {
      tmux('kill-server')
    } catch {
      // It has ended.
    }
    fs.rmSync(dir, { recursive: true, force: true })
  })
  const run: Run = (program, args) => {
    if (program !== 'tmux') return Promise.reject(new Error(`asked ${program}`))
    try {
      return Promise.resolve(exec(args, own))
    } catch (error) {
      const said = (error as { stderr?: string }).stderr?.split('\n', 1)[0]
      return Promise.reject(new CommandError('focus_failed', `tmux: ${said}`))
    }
  }
  return { tmux, run }
}

for (const locale of ['C.UTF-8', 'C'])
  void t.test(
    `a real tmux, LC_ALL=${locale}`,
    { skip: hasTmux ? false : 'tmux is not installed' },
    async (t) => {
      const { tmux, run } = tmuxServer(t, locale)
      const sleep = 'exec sleep 600'
      tmux('new-session', '-d', '-s', 'shop', '-n', 'api', sleep)
      tmux('set-option', '-g', 'base-index', '7')
      tmux('new-window', '-d', '-t', 'shop:', '-n', 'two words', sleep)
      tmux('new-window', '-d', '-t', 'shop:', '-n', 'séance', sleep)
      // Its name starts as the other's does, and it was used last: a target taken as a prefix would find it.
      tmux('new-session', '-d', '-s', 'shop-two', '-n', 'elsewhere', sleep)
      const current = (session = 'shop'): string =>
        tmux('display-message', '-p', '-t', `=${session}:`, '#{window_name}')
      t.equal(current(), 'api')

      const tabs: [Record<string, unknown>, string, string][] = [
        [{ tab_index: 2 }, 'two words', 'ok'],
        [{ tab_index: 1 }, 'api', 'ok'],
        [{ tab_name: 'two words' }, 'two words', 'ok'],
        [{ tab_name: 'séance' }, 'séance', 'ok'],
        [{ tab_name: 'api' }, 'api', 'ok'],
        [{ tab_index: 3 }, 'séance', 'ok'],
        [{ tab_index: 4 }, 'séance', 'no tab 4; there are 3: api, two words, séance'],
        [{ tab_name: 'ap' }, 'séance', 'no tab "ap"; there are 3: api, two words, séance'],
        [{ tab_name: 'elsewhere' }, 'séance', 'no tab "elsewhere"; there are 3: api, two words, séance'],
      ]
      for (const [args, window, answer] of tabs) {
        const result = await focus(hubCommand('focus_tab', args), 'shop', {}, run)
        const name = JSON.stringify(args)
        t.equal(current(), window, name)
        if (answer === 'ok') t.match(result, { status: 'ok' }, name)
        else t.match(result, { status: 'error', error: { code: 'focus_failed', message: answer } }, name)
      }
      t.equal(current('shop-two'), 'elsewhere', 'the other session is as it was')

      const right = tmux('split-window', '-d', '-h', '-t', '=shop:api', '-P', '-F', '#{pane_id}', sleep)
      const left = tmux('list-panes', '-t', '=shop:api', '-F', '#{pane_id}').split('\n')[0]!
      const active = (): string => tmux('display-message', '-p', '-t', '=shop:', '#{window_name} #{pane_id}')
      t.equal(active().split(' ')[0], 'séance')
      for (const pane of [right, left, right]) {
        const result = await focus(hubCommand('focus_pane', { pane_id: pane }), 'shop', {}, run)
        t.match(result, { status: 'ok', message: `pane ${pane} has the focus` })
        t.equal(active(), `api ${pane}`)
      }
      const gone = await focus(hubCommand('focus_pane', { pane_id: '%99' }), 'shop', {}, run)
      t.match(gone, { status: 'error', error: { code: 'focus_failed', message: /%99/ } })
      t.equal(active(), `api ${right}`, 'and nothing else moved')
      const none = await focus(hubCommand('focus_tab', { tab_index: 1 }), 'sho', {}, run)
      t.match(none, { status: 'error', error: { code: 'focus_failed', message: /find session.*sho/ } })
    },
  )

void t.test('without a tmux server', { skip: hasTmux ? false : 'tmux is not installed' }, async (t) => {
  const { run } = tmuxServer(t, 'C.UTF-8')
  for (const command of [
    hubCommand('focus_tab', { tab_index: 1 }),
    hubCommand('focus_pane', { pane_id: '%1' }),
  ])
    t.match(await focus(command, 'shop', {}, run), {
      status: 'error',
      error: { code: 'focus_failed', message: /no server running|error connecting/ },
    })
})
