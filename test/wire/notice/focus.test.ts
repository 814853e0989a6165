import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pty from '@lydell/node-pty'
import t, { type Test } from 'tap'
import type { Env } from '../../../lib/wire/identity.js'
import { focusIn, isPaneFocused, type AskTmux } from '../../../lib/wire/notice/focus.js'

const nowS = 1_700_000_000
const recently = nowS - 10
const longAgo = nowS - 600
const knows = 'bpaste,focus,title'

void t.test("tmux's answer", async (t) => {
  const table: [string, string, boolean | null][] = [
    ['nobody is attached', '', false],
    ['its window has the focus', `%3 ${longAgo} 1 attached,focused,UTF-8 ${knows}`, true],
    ['its window has not', `%3 ${recently} 1 attached,UTF-8 ${knows}`, false],
    ['another pane is shown', `%30 ${recently} 1 attached,focused ${knows}`, false],
    [
      'tmux does not ask for the focus, and somebody types',
      `%3 ${recently} 0 attached,focused ${knows}`,
      true,
    ],
    ['tmux does not ask for the focus, and nobody types', `%3 ${longAgo} 0 attached,focused ${knows}`, null],
    ['the terminal cannot tell, and somebody types', `%3 ${recently} 1 attached,focused bpaste,title`, true],
    ['the terminal cannot tell, and nobody types', `%3 ${longAgo} 1 attached,focused `, null],
    [
      'two terminals show it, one is looked at',
      `%3 ${longAgo} 1 attached ${knows}\n%3 ${longAgo} 1 attached,focused ${knows}`,
      true,
    ],
    [
      'two show it, of one nothing is known',
      `%3 ${longAgo} 1 attached ${knows}\n%3 ${longAgo} 1 attached,focused `,
      null,
    ],
    [
      'one shows it, the focus is elsewhere',
      `%3 ${longAgo} 1 attached ${knows}\n%4 ${recently} 1 attached,focused ${knows}`,
      false,
    ],
    ['an older tmux', `%3 ${recently}  attached `, null],
    ['something else', 'no server running on /tmp/tmux-0/default', null],
  ]
  for (const [name, answer, isFocused] of table) {
    t.equal(focusIn(answer, '%3', nowS * 1_000), isFocused, name)
    t.equal(focusIn(`${answer}\n`, '%3', nowS * 1_000), isFocused, name)
  }
})

void t.test('who is asked', async (t) => {
  const tmux: Env = { TMUX: '/tmp/tmux-0/default,1,0' }
  const answer = `%3 ${Math.floor(Date.now() / 1_000)} 1 attached,focused ${knows}`
  const table: [string, Env, boolean | null, number][] = [
    ['%3', tmux, true, 1],
    ['%4', tmux, false, 1],
    ['%3', {}, null, 0],
    ['%3', { TMUX: '' }, null, 0],
    ['3', { ZELLIJ: '0' }, null, 0],
    ['terminal_3', tmux, null, 0],
    ['pid-77', tmux, null, 0],
    ['%3; kill-server', tmux, null, 0],
    ['%3\n%4', tmux, null, 0],
    ['', tmux, null, 0],
  ]
  for (const [paneId, env, isFocused, asked] of table) {
    let count = 0
    const ask: AskTmux = () => {
      count += 1
      return Promise.resolve(answer)
    }
    t.equal(await isPaneFocused(paneId, env, ask), isFocused, paneId)
    t.equal(count, asked)
  }
  for (const ask of [() => Promise.resolve(null), () => Promise.reject(new Error('no'))])
    t.equal(await isPaneFocused('%3', tmux, ask), null)
})

function tempDir(t: Test): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'aoc-focus-'))
  t.teardown(() => fs.rmSync(dir, { recursive: true, force: true }))
  return dir
}

void t.test('the tmux that is on the PATH', { timeout: 20_000 }, async (t) => {
  const dir = tempDir(t)
  const table: [string, string, boolean | null][] = [
    [
      'one that answers',
      `[ "$TMUX" = here ] && [ "$*" = "list-clients -F $4" ]; echo "%3 ${longAgo} 1 focused focus"`,
      true,
    ],
    ['one that fails', `echo "%3 ${longAgo} 1 focused focus"; exit 1`, null],
    ['one that hangs', 'exec sleep 600', null],
    ['one that does not stop', 'while :; do echo "%4 1 1 focused focus"; done', null],
  ]
  for (const [name, script, isFocused] of table) {
    fs.writeFileSync(path.join(dir, 'tmux'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    const PATH = `${dir}:${process.env['PATH']}`
    t.equal(await isPaneFocused('%3', { TMUX: 'here', PATH }), isFocused, name)
  }
  t.equal(await isPaneFocused('%3', { TMUX: 'here', PATH: path.join(dir, 'none') }), null, 'none')
})

const hasTmux = ((): boolean => {
  try {
    return execFileSync('tmux', ['-V'], { encoding: 'utf8' }).startsWith('tmux')
  } catch {
    return false
  }
})()

const focusIs = { in: '\u001b[I', out: '\u001b[O' }

void t.test(
  'a real tmux',
  { skip: hasTmux ? false : 'tmux is not installed', timeout: 60_000 },
  async (t) => {
    const dir = tempDir(t)
    const env = {
      PATH: process.env['PATH'],
      TMUX_TMPDIR: dir,
      LC_ALL: 'C',
      TERM: 'xterm-256color',
      SHELL: '/bin/sh',
    }
    const tmux = (...args: string[]): string =>
      execFileSync('tmux', ['-f', '/dev/null', ...args], { encoding: 'utf8', env, stdio: 'pipe' }).trimEnd()
    t.teardown(() => {
      try {
        tmux('kill-server')
      } catch {
        // It has ended.
      }
    })
    const sleep = 'exec sleep 600'
    tmux('new-session', '-d', '-s', 'shop', sleep)
    tmux('set-option', '-s', 'focus-events', 'on')
    tmux('split-window', '-d', '-t', 'shop:', sleep)
    tmux('new-window', '-d', '-t', 'shop:', sleep)
    const [first, second, third] = tmux('list-panes', '-s', '-t', 'shop', '-F', '#{pane_id}').split('\n')
    const inside: Env = {
      ...env,
      TMUX: tmux('display-message', '-p', '-t', 'shop:', '#{socket_path},#{pid},0'),
    }
    const focus = (): Promise<(boolean | null)[]> =>
      Promise.all([first, second, third].map((pane) => isPaneFocused(pane ?? '', inside)))
    /** tmux hears of things in its own time: asks until it says so, or the test is over. */
    const becomes = async (name: string, ...wanted: (boolean | null)[]): Promise<void> => {
      while (JSON.stringify(await focus()) !== JSON.stringify(wanted))
        await new Promise((resolve) => setTimeout(resolve, 20))
      t.pass(name)
    }
    await becomes('nobody is attached', false, false, false)
    const outside = pty.spawn('tmux', ['-f', '/dev/null', 'attach', '-t', 'shop'], {
      name: 'xterm-256color',
      cols: 80,
      rows: 24,
      env,
    })
    t.teardown(() => outside.kill())
    await becomes('somebody is', true, false, false)
    outside.write(focusIs.out)
    await becomes('and looks elsewhere', false, false, false)
    outside.write(focusIs.in)
    await becomes('and is back', true, false, false)
    tmux('select-pane', '-t', second ?? '')
    await becomes('the other pane', false, true, false)
    tmux('select-window', '-t', third ?? '')
    await becomes('the other window', false, false, true)
    outside.write(focusIs.out)
    await becomes('and looks elsewhere again', false, false, false)
    tmux('set-option', '-s', 'focus-events', 'off')
    await becomes('without word of the focus: somebody has typed lately', false, false, true)
  },
)
