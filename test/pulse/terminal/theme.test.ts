import t from 'tap'
import {
  colorDepth,
  colorOf256,
  contrast,
  nearestOf256,
  type Rgb,
} from '../../../lib/pulse/terminal/color.js'
import { dark, light, type Palette } from '../../../lib/pulse/terminal/palette.js'
import { backgroundOf, themeName, themeOf, themeOn } from '../../../lib/pulse/terminal/theme.js'
import { style, type Ink } from '../../../lib/pulse/view/style.js'

const inks = [...Object.keys(dark.inks), 'needs_input'] as Ink[]

void t.test('every text can be read', async (t) => {
  for (const [name, palette] of Object.entries({ dark, light }))
    for (const [depth, shown] of Object.entries({
      all: (color: Rgb) => color,
      256: (color: Rgb) => colorOf256(nearestOf256(color)),
    }))
      for (const [what, ink, background] of pairs(palette))
        t.ok(
          contrast(shown(ink), shown(background)) >= 4.5,
          `${name} ${depth} ${what}: ${contrast(shown(ink), shown(background)).toFixed(2)}`,
        )
})

function* pairs(palette: Palette): Generator<[string, Rgb, Rgb]> {
  for (const [ink, color] of Object.entries(palette.inks)) {
    yield [ink, color, palette.background]
    yield [`${ink} selected`, color, palette.selected]
  }
  yield ['alarm', palette.alarm.ink, palette.alarm.background]
}

void t.test('what needs the person is found first', async (t) => {
  for (const [name, palette] of Object.entries({ dark, light })) {
    // Its background is like no other, also under the cursor.
    t.ok(distance(palette.alarm.background, palette.background) > 100, name)
    t.ok(distance(palette.alarm.background, palette.selected) > 100, name)
  }
  for (const theme of ['terminal', 'dark', 'light'] as const)
    for (const depth of [0, 16, 256, 'all'] as const)
      for (const selected of [false, true]) {
        const { sgr } = themeOf(theme, depth)
        const alarm = sgr(style('needs_input', { selected }))
        for (const ink of inks.filter((ink) => ink !== 'needs_input'))
          t.not(alarm, sgr(style(ink, { selected })), `${theme} ${depth} ${ink}`)
      }
})

function distance(a: Rgb, b: Rgb): number {
  return Math.hypot(...a.map((part, i) => part - b[i]!))
}

void t.test('a row that is selected is seen', async (t) => {
  for (const theme of ['terminal', 'dark', 'light'] as const)
    for (const depth of [0, 16, 256, 'all'] as const) {
      const { sgr } = themeOf(theme, depth)
      t.not(sgr(style('text')), sgr(style('text', { selected: true })), `${theme} ${depth}`)
    }
})

void t.test('the terminal theme has no colours but the terminal gives them', async (t) => {
  const { sgr } = themeOf('terminal', 'all')
  t.equal(sgr(style('text')), '0')
  t.equal(sgr(style('text', { selected: true })), '0;7')
  t.equal(sgr(style('needs_input')), '0;1;30;43')
  for (const ink of inks)
    for (const selected of [false, true])
      for (const part of sgr(style(ink, { selected, bold: true, underline: true })).split(';'))
        t.match(part, /^([01247]|3[0-6]|43)$/, ink)
})

void t.test('without colours there are none', async (t) => {
  for (const theme of ['terminal', 'dark', 'light'] as const)
    for (const ink of inks)
      for (const marks of [{}, { selected: true }, { bold: true, underline: true }])
        t.match(themeOf(theme, 0).sgr(style(ink, marks)), /^0(;[147])*$/)
})

void t.test('looks say everything', async (t) => {
  const { sgr } = themeOf('dark', 'all')
  t.equal(sgr(style('text', { bold: true })), '0;1;38;2;217;221;229;48;2;21;23;28')
  t.equal(
    themeOf('dark', 256).sgr(style('text')),
    `0;38;5;${nearestOf256(dark.inks.text)};48;5;${nearestOf256(dark.background)}`,
  )
  t.equal(themeOf('light', 16).sgr(style('text')), '0;30;47')
})

void t.test('how many colours there are', async (t) => {
  for (const [env, depth] of [
    [{ TERM: 'xterm-256color' }, 256],
    [{ TERM: 'xterm-256color', COLORTERM: 'truecolor' }, 'all'],
    [{ TERM: 'xterm', COLORTERM: '24bit' }, 'all'],
    [{ TERM: 'xterm-kitty' }, 256],
    [{ TERM: 'xterm' }, 16],
    [{ TERM: 'linux' }, 16],
    [{ TERM: 'linux-m' }, 0],
    [{ TERM: 'dumb', COLORTERM: 'truecolor' }, 0],
    [{ TERM: 'vt100' }, 0],
    [{}, 0],
    [{ TERM: 'xterm-256color', NO_COLOR: '1' }, 0],
    [{ TERM: 'xterm-256color', NO_COLOR: '' }, 256],
  ] as const)
    t.equal(colorDepth(env), depth, JSON.stringify(env))
})

void t.test('AOC_PULSE_THEME', async (t) => {
  t.equal(themeName({}), 'terminal')
  t.equal(themeName({ AOC_PULSE_THEME: '' }), 'terminal')
  t.equal(themeName({ AOC_PULSE_THEME: 'auto' }), 'auto')
  t.throws(
    () => themeName({ AOC_PULSE_THEME: 'Dark\u001b[' }),
    /"Dark\\u001b\[".*terminal.*dark.*light.*auto/,
  )
})

void t.test('the background that a terminal answers', async (t) => {
  t.same(backgroundOf('\u001b]11;rgb:ffff/8080/0000\u001b\\'), [255, 128, 0])
  t.same(backgroundOf('\u001b]11;rgb:f/8/0\u0007'), [255, 136, 0])
  t.same(backgroundOf('\u001b]11;rgba:1e1e/1e1e/2e2e/ffff\u0007'), [30, 30, 46])
  t.equal(backgroundOf('\u001b]11;?\u0007'), null)
  t.equal(backgroundOf('\u001b[?62;4c'), null)
  t.equal(themeOn([253, 246, 227]), 'light')
  t.equal(themeOn([40, 44, 52]), 'dark')
  t.equal(themeOn(null), 'terminal')
})
