import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pty from '@lydell/node-pty'
import t from 'tap'
import type { Env } from '../../../lib/wire/identity.js'
import { terminalBytes, terminalKind, throughTmux, type Osc } from '../../../lib/wire/notice/escape.js'
import { noticeOf, type Notice } from '../../../lib/wire/notice/notice.js'
import type { Way } from '../../../lib/wire/notice/ways.js'
import { aNotice, stateOf } from './states.js'

const bel = '\u0007'
const esc = '\u001b'
const tmux: Env = { TMUX: '/tmp/tmux-0/default,1,0', TERM: 'tmux-256color', TERM_PROGRAM: 'tmux' }

void t.test('which sequence a terminal reads', async (t) => {
  const sure: [Env, Osc | null][] = [
    [{ TERM_PROGRAM: 'iTerm.app', TERM: 'xterm-256color' }, 9],
    [{ LC_TERMINAL: 'iTerm2', TERM: 'xterm-256color' }, 9],
    [{ TERM_PROGRAM: 'WezTerm', TERM: 'xterm-256color' }, 777],
    [{ TERM_PROGRAM: 'ghostty', TERM: 'xterm-ghostty' }, 777],
    [{ TERM: 'xterm-ghostty' }, 777],
    [{ TERM: 'xterm-kitty' }, 99],
    [{ TERM: 'foot' }, 777],
    [{ TERM: 'foot-extra' }, 777],
    [{ TERM: 'rxvt-unicode-256color' }, 777],
    [{ TERM: 'xterm-256color', KONSOLE_VERSION: '230800' }, 777],
    [{ TERM_PROGRAM: 'WarpTerminal' }, 9],
    [{ TERM_PROGRAM: 'Apple_Terminal', TERM: 'xterm-256color' }, null],
    [{ TERM: 'alacritty' }, null],
    [{ TERM: 'linux' }, null],
    [{ TERM: 'dumb', TERM_PROGRAM: 'iTerm.app' }, null],
    [{ TERM: 'vt100' }, null],
    [{ STY: '1.pts-0', TERM: 'screen' }, null],
  ]
  for (const [env, osc] of sure)
    t.strictSame(terminalKind(env), { osc, isSure: true, isTmux: false }, JSON.stringify(env))
  const unsure: [Env, Osc][] = [
    [{}, 9],
    [{ TERM: 'xterm-256color' }, 9],
    [{ TERM: 'xterm-256color', VTE_VERSION: '7600' }, 9],
    [{ TERM: 'footage' }, 9],
    [{ TERM_PROGRAM: 'vscode', TERM: 'xterm-256color' }, 99],
    [{ WT_SESSION: 'x', TERM: 'xterm-256color' }, 777],
    [{ ZELLIJ: '0', TERM: 'xterm-ghostty', TERM_PROGRAM: 'ghostty' }, 99],
  ]
  for (const [env, osc] of unsure)
    t.strictSame(terminalKind(env), { osc, isSure: false, isTmux: false }, JSON.stringify(env))
  t.strictSame(terminalKind({ ...tmux, KITTY_WINDOW_ID: '1' }), { osc: 9, isSure: false, isTmux: true })
  t.strictSame(terminalKind({ TMUX: '', TERM: 'xterm-kitty' }), { osc: 99, isSure: true, isTmux: false })
})

const kitty: Env = { TERM: 'xterm-kitty' }
const iterm: Env = { TERM_PROGRAM: 'iTerm.app' }
const ghostty: Env = { TERM: 'xterm-ghostty' }
const base64 = (text: string): string => Buffer.from(text).toString('base64')

void t.test('the bytes', async (t) => {
  const osc9 = `${esc}]9;claude asks for permission: Bash: rm -rf build${esc}\\`
  const table: [Env, Way[], string][] = [
    [iterm, [], ''],
    [iterm, ['desktop'], ''],
    [iterm, ['bell'], bel],
    [iterm, ['osc'], osc9],
    [iterm, ['bell', 'osc', 'desktop'], osc9 + bel],
    [ghostty, ['osc'], `${esc}]777;notify;claude asks for permission;Bash: rm -rf build${esc}\\`],
    [{ TERM: 'xterm' }, ['osc'], osc9 + bel],
    [{ TERM: 'linux' }, ['osc'], bel],
    [{ TERM: 'linux' }, ['bell', 'osc'], bel],
    [tmux, ['bell'], bel],
    [
      tmux,
      ['osc'],
      `${esc}Ptmux;${esc}${esc}]9;claude asks for permission: Bash: rm -rf build${esc}${esc}\\${esc}\\${bel}`,
    ],
    [
      kitty,
      ['osc'],
      `${esc}]99;i=aoc-ID:e=1:o=unfocused:d=0:p=title;${base64('claude asks for permission')}${esc}\\` +
        `${esc}]99;i=aoc-ID:e=1:o=unfocused:d=1:p=body;${base64('Bash: rm -rf build')}${esc}\\`,
    ],
    [
      { ZELLIJ: '0' },
      ['osc'],
      `${esc}]99;i=aoc-ID:e=1:d=0:p=title;${base64('claude asks for permission')}${esc}\\` +
        `${esc}]99;i=aoc-ID:e=1:d=1:p=body;${base64('Bash: rm -rf build')}${esc}\\${bel}`,
    ],
  ]
  for (const [env, ways, bytes] of table)
    t.equal(
      terminalBytes(aNotice(), ways, env).replaceAll(/aoc-[0-9a-f]+/g, 'aoc-ID'),
      bytes,
      JSON.stringify([env, ways]),
    )
})

void t.test('without a text', async (t) => {
  const notice = noticeOf('finished', stateOf('idle', null))
  t.equal(terminalBytes(notice, ['osc'], iterm), `${esc}]9;claude has finished${esc}\\`)
  t.equal(terminalBytes(notice, ['osc'], ghostty), `${esc}]777;notify;claude has finished;${esc}\\`)
  t.match(terminalBytes(notice, ['osc'], kitty), /^\S+:d=1:p=title;[\w=]+\u001b\\$/)
})

void t.test('in kitty the next notice of an agent takes the place of its last', async (t) => {
  const idOf = (agentId: string): string =>
    /i=(aoc-[0-9a-f]+):/.exec(terminalBytes(aNotice('error', agentId), ['osc'], kitty))?.[1] ?? ''
  t.match(idOf('a::1'), /^aoc-/)
  t.equal(idOf('a::1'), idOf('a::1'))
  t.not(idOf('a::1'), idOf('a::2'))
})

void t.test('whatever is published, no byte of it leaves its field', async (t) => {
  const hostile = [
    `${esc}\\${esc}[2J`,
    `${bel}${esc}]0;gone${bel}`,
    '\u009c\u009b2J',
    `x${esc}${esc}\\`,
    '4;1;100',
    '4',
    '9;/etc',
    'a;b;c',
    ';',
    '\u202e',
    'x'.repeat(100_000),
    '日本語'.repeat(400),
    '\ud800',
  ]
  const check = (notice: Notice, env: Env): void => {
    const bytes = terminalBytes(notice, ['osc', 'bell'], env)
    const name = JSON.stringify([env, notice.title.slice(0, 30), notice.text.slice(0, 30)])
    const inner = bytes.replace(
      /^\u001bPtmux;(.*)\u001b\\\u0007$/su,
      (_, wrapped: string) => `${wrapped.replaceAll(`${esc}${esc}`, esc)}${bel}`,
    )
    if (!/^(\u001b\](9|99|777);[^\p{Cc}\p{Cf}]*\u001b\\){1,2}\u0007$/u.test(inner)) t.fail(name, { bytes })
    if (/^\u001b\]9;\d/.test(inner)) t.fail(`a ConEmu command: ${name}`)
    if (Buffer.byteLength(bytes) > 2_048) t.fail(`${bytes.length} characters: ${name}`)
  }
  for (const label of hostile)
    for (const detail of hostile)
      for (const env of [iterm, ghostty, kitty, tmux, {}]) {
        const state = stateOf('needs_input', { attention: 'permission', detail }, { label })
        check(noticeOf('needs_input', state), env)
        check({ ...aNotice(), title: label, text: detail }, env)
      }
  t.pass('as they should be')
})

void t.test('text that a protocol has a use for', async (t) => {
  const notice: Notice = { ...aNotice(), title: '4;3;0', text: '1;2' }
  const table: [Env, string][] = [
    // Without the word it would be a progress bar.
    [iterm, `${esc}]9;agent 4;3;0: 1;2${esc}\\`],
    [ghostty, `${esc}]777;notify;4,3,0;1,2${esc}\\`],
  ]
  for (const [env, bytes] of table) t.equal(terminalBytes(notice, ['osc'], env), bytes)
})

const hasTmux = ((): boolean => {
  try {
    return execFileSync('tmux', ['-V'], { encoding: 'utf8' }).startsWith('tmux')
  } catch {
    return false
  }
})()

void t.test('through a real tmux', { skip: hasTmux ? false : 'tmux is not installed' }, async (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'aoc-notice-'))
  const env = {
    PATH: process.env['PATH'],
    TMUX_TMPDIR: dir,
    LC_ALL: 'C.UTF-8',
    TERM: 'xterm-256color',
    SHELL: '/bin/sh',
  }
  const run = (...args: string[]): string =>
    execFileSync('tmux', ['-u', '-f', '/dev/null', ...args], { encoding: 'utf8', env, stdio: 'pipe' })
  t.teardown(() => {
    try {
      run('kill-server')
    } catch {
      // It has ended.
    }
    fs.rmSync(dir, { recursive: true, force: true })
  })
  const file = path.join(dir, 'bytes')
  const sequence = `${esc}]9;a ${esc}[31m`
  fs.writeFileSync(file, `${throughTmux(`${sequence}${esc}\\`)}the end\n`)
  // The pane writes once a line is typed: by then somebody is attached.
  run('new-session', '-d', '-x', '80', '-y', '24', `read line; cat ${file}; exec sleep 600`)
  run('set-option', '-g', 'allow-passthrough', 'on')
  const outside = pty.spawn('tmux', ['-u', '-f', '/dev/null', 'attach'], {
    name: 'xterm-256color',
    cols: 80,
    rows: 24,
    env,
  })
  t.teardown(() => outside.kill())
  let seen = ''
  const isThere = new Promise<void>((resolve) => {
    outside.onData((data) => {
      seen += data
      if (seen.includes('the end')) resolve()
    })
  })
  run('send-keys', 'go', 'Enter')
  await isThere
  t.ok(seen.includes(`${sequence}${esc}\\`), 'the terminal outside gets the bytes as they were', { seen })
})
