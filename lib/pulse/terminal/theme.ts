import type { Ink, Style } from '../view/style.js'
import { luminance, nearestOf256, type ColorDepth, type Rgb } from './color.js'
import { dark, light, type Palette } from './palette.js'

/** What `AOC_PULSE_THEME` may say. */
export const themeNames = ['terminal', 'dark', 'light', 'auto'] as const
export type ThemeName = (typeof themeNames)[number]

/** How styles look on one terminal. */
export interface Theme {
  /**
   * What a style is as parameters of SGR (ECMA-48, 8.3.117). They say all of the look: what was set before does not
   * matter. '0' is how an erased cell looks.
   */
  readonly sgr: (style: Style) => string
}

/**
 * Reads `AOC_PULSE_THEME`; unset and empty mean `terminal`.
 * @throws {Error} with a message for the person when it is none of the four.
 */
export function themeName(env: Readonly<Record<string, string | undefined>>): ThemeName {
  const value = env['AOC_PULSE_THEME'] || 'terminal'
  const known = themeNames.find((name) => name === value)
  if (known === undefined)
    throw new Error(
      `AOC_PULSE_THEME is ${JSON.stringify(value)}, which is none of terminal (the colours of your terminal), dark, light, auto (dark or light, as your terminal is)`,
    )
  return known
}

/** A theme on a terminal of so many colours. */
export function themeOf(name: Exclude<ThemeName, 'auto'>, depth: ColorDepth): Theme {
  if (depth === 0) return remembered(withoutColors)
  if (name === 'terminal') return remembered((style) => withTheTerminals(style, '0'))
  if (depth === 16) {
    const base = name === 'dark' ? '0;37;40' : '0;30;47'
    return remembered((style) => withTheTerminals(style, base))
  }
  const palette = name === 'dark' ? dark : light
  return remembered((style) => withOwn(style, palette, depth))
}

/**
 * The theme for a terminal with this background, as it answers OSC 11; null: it has not answered.
 * @returns `terminal` when the background is not known.
 */
export function themeOn(background: Rgb | null): Exclude<ThemeName, 'auto'> {
  if (background === null) return 'terminal'
  return luminance(background) > 0.18 ? 'light' : 'dark'
}

/**
 * The background that an answer to OSC 11 names. The parts have one to four digits each.
 * xterm, "Control Sequences", Operating System Commands.
 */
export function backgroundOf(reply: string): Rgb | null {
  const parts = /^\u001b\]11;rgba?:([\da-f]{1,4})\/([\da-f]{1,4})\/([\da-f]{1,4})/i.exec(reply)?.slice(1, 4)
  if (parts === undefined) return null
  return parts.map((digits) =>
    Math.round((Number.parseInt(digits, 16) / (16 ** digits.length - 1)) * 255),
  ) as unknown as Rgb
}

/** A style is one object, so its look is worked out once. */
function remembered(sgr: (style: Style) => string): Theme {
  const known = new WeakMap<Style, string>()
  return {
    sgr(style) {
      let found = known.get(style)
      if (found === undefined) known.set(style, (found = sgr(style)))
      return found
    },
  }
}

function withoutColors({ ink, bold, underline, selected }: Style): string {
  const isAlarm = ink === 'needs_input'
  const isStrong = bold || isAlarm || ink === 'error' || ink === 'accent'
  const isReversed = selected || isAlarm
  // On a row that is reversed already, the alarm is underlined.
  const isUnderlined = underline || (isAlarm && selected)
  return `0${isStrong ? ';1' : ''}${isUnderlined ? ';4' : ''}${isReversed ? ';7' : ''}`
}

/**
 * Only colours 1 to 6 and the default ones: the others are the background itself in some palettes (Solarized), and
 * blue is too dark in many.
 */
const terminals: Record<Ink, string> = {
  text: '',
  faint: ';2',
  accent: ';35',
  warning: ';33',
  added: ';32',
  removed: ';31',
  hunk: ';36',
  needs_input: ';1;30;43',
  running: ';32',
  idle: ';36',
  error: ';1;31',
  offline: ';2',
}

function withTheTerminals({ ink, bold, underline, selected }: Style, base: string): string {
  const marks = `${bold ? ';1' : ''}${underline ? ';4' : ''}`
  // Black on yellow is seen on a row that is reversed, too.
  if (ink === 'needs_input') return `0${terminals[ink]}${underline ? ';4' : ''}`
  // Reversed, each colour would be a patch; the default pair is one bar, and can be read wherever the text can.
  return selected ? `${base}${marks};7` : `${base}${terminals[ink]}${marks}`
}

function withOwn({ ink, bold, underline, selected }: Style, palette: Palette, depth: 256 | 'all'): string {
  const isAlarm = ink === 'needs_input'
  const front = isAlarm ? palette.alarm.ink : palette.inks[ink]
  const back = isAlarm ? palette.alarm.background : selected ? palette.selected : palette.background
  const marks = `${bold || isAlarm ? ';1' : ''}${underline ? ';4' : ''}`
  return `0${marks};38;${parameters(front, depth)};48;${parameters(back, depth)}`
}

function parameters(color: Rgb, depth: 256 | 'all'): string {
  return depth === 'all' ? `2;${color.join(';')}` : `5;${nearestOf256(color)}`
}
