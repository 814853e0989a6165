import { fnv1a32 } from '../fnv.js'
import type { Env } from '../identity.js'
import { snippetCharsMax } from '../limits.js'
import type { Notice } from './notice.js'
import { plain } from './text.js'
import type { Way } from './ways.js'

/**
 * What makes a terminal show a notification.
 * 9: iTerm2's, a text. 777: rxvt-unicode's, a title and a text. 99: kitty's, both and more.
 */
export type Osc = 9 | 99 | 777

/** What is known of the terminal that will get the bytes. */
export interface TerminalKind {
  /** The sequence it reads; null when it is known to read none. */
  osc: Osc | null
  /** Whether it surely does: if not, a bell goes with it. */
  isSure: boolean
  /** Whether tmux stands between. */
  isTmux: boolean
}

const BEL = '\x07'
const ST = '\x1b\\'
const titleCharsMax = 80

/**
 * By `TERM_PROGRAM`, which a terminal sets, or `TERM`, which goes with a person over ssh; false where only later
 * versions read it. From their own documentation: iTerm2 "Proprietary Escape Codes" (9); kitty "Desktop notifications"
 * (99; it reads 9 too); Ghostty "OSC 9" and 777; WezTerm `notification_handling` (777 and 9); foot-ctlseqs(7) (777, 9
 * and 99); urxvt's extension and Konsole (777); Warp (9); VS Code (99, from 2026); Windows Terminal (777, from 2026).
 * Terminal.app and Alacritty show none.
 */
const byName: readonly [pattern: RegExp, osc: Osc | null, isSure: boolean][] = [
  [/^iterm/, 9, true],
  [/kitty/, 99, true],
  [/ghostty/, 777, true],
  [/wezterm/, 777, true],
  [/^foot(-|$)/, 777, true],
  [/^rxvt/, 777, true],
  [/^konsole/, 777, true],
  [/^warp/, 9, true],
  [/^vscode/, 99, false],
  [/^windows-terminal/, 777, false],
  [/^(apple_terminal|alacritty)/, null, true],
]
/** Consoles, and what is no terminal at all: stronger than a `TERM_PROGRAM` that was inherited. */
const plainTerm = /^(dumb|linux|cons\d+|vt\d+)(-|$)/

/**
 * Which sequence the terminal around this process reads, by its environment. Pure.
 *
 * Inside tmux nobody knows which terminals are attached: OSC 9 is what most of them read. It comes through only with
 * tmux's option `allow-passthrough`: `on` for panes that are seen, `all` (3.4) for others too; so a bell goes
 * along. zellij takes OSC 99, in later versions all three, and hands it on as its own terminal reads it.
 */
export function terminalKind(env: Env): TerminalKind {
  const isTmux = Boolean(env['TMUX'])
  if (isTmux) return { osc: 9, isSure: false, isTmux }
  // GNU screen hands nothing on.
  if (env['STY'] || plainTerm.test(env['TERM'] ?? '')) return { osc: null, isSure: true, isTmux }
  if (env['ZELLIJ'] !== undefined) return { osc: 99, isSure: false, isTmux }
  const names = [
    env['TERM_PROGRAM'],
    env['TERM'],
    env['LC_TERMINAL'],
    env['KONSOLE_VERSION'] && 'konsole',
    env['WT_SESSION'] && 'windows-terminal',
  ]
  for (const name of names) {
    const known = byName.find(([pattern]) => pattern.test((name ?? '').toLowerCase()))
    if (known !== undefined) return { osc: known[1], isSure: known[2], isTmux }
  }
  return { osc: 9, isSure: false, isTmux }
}

/**
 * What to write to the terminal for a notice: `''` when neither `bell` nor `osc` is among the ways. At most one BEL
 * rings; a terminal that shows no notifications gets a bell for `osc`. To be written between sequences of others',
 * never inside of one. Pure.
 */
export function terminalBytes(notice: Notice, ways: readonly Way[], env: Env): string {
  const { osc, isSure, isTmux } = terminalKind(env)
  if (!ways.includes('osc')) return ways.includes('bell') ? BEL : ''
  const bell = ways.includes('bell') || osc === null || !isSure ? BEL : ''
  if (osc === null) return bell
  const sequences = oscSequences(osc, notice, isTmux || env['ZELLIJ'] !== undefined)
  return sequences.map((sequence) => (isTmux ? throughTmux(sequence) : sequence)).join('') + bell
}

/** tmux(1), `allow-passthrough`: what is wrapped like this goes to the terminal outside as it is. */
export function throughTmux(sequence: string): string {
  return `\x1bPtmux;${sequence.replaceAll('\x1b', '\x1b\x1b')}${ST}`
}

function oscSequences(osc: Osc, notice: Notice, isInside: boolean): string[] {
  const title = plain(notice.title, titleCharsMax)
  const text = plain(notice.text, snippetCharsMax)
  switch (osc) {
    case 9: {
      const line = text === '' ? title : `${title}: ${text}`
      // ConEmu's commands are `9;<number>`: 9;4 is a progress bar, in many terminals.
      return [`\x1b]9;${/^\d/.test(line) ? 'agent ' : ''}${line}${ST}`]
    }
    case 777:
      // Nothing can be quoted in it, and `;` ends a field.
      return [`\x1b]777;notify;${title.replaceAll(';', ',')};${text.replaceAll(';', ',')}${ST}`]
    case 99: {
      // The next notice of an agent takes the place of its last. Inside of a multiplexer the window's focus says
      // nothing of the pane's.
      const head = `i=aoc-${fnv1a32(notice.agentId).toString(16)}:e=1${isInside ? '' : ':o=unfocused'}`
      const base64 = (payload: string): string => Buffer.from(payload).toString('base64')
      const parts = [`${head}:d=${text === '' ? 1 : 0}:p=title;${base64(title)}`]
      if (text !== '') parts.push(`${head}:d=1:p=body;${base64(text)}`)
      return parts.map((part) => `\x1b]99;${part}${ST}`)
    }
  }
}
