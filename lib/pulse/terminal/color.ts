/** Red, green and blue, each 0 to 255. */
export type Rgb = readonly [number, number, number]

/** How many colours a terminal has; 0: it has none, or the person wants none. */
export type ColorDepth = 0 | 16 | 256 | 'all'

/** A colour from `#rrggbb`. */
export function rgb(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16)
  return [value >> 16, (value >> 8) & 255, value & 255]
}

/** How bright a colour is, 0 to 1. WCAG 2, "relative luminance". */
export function luminance(color: Rgb): number {
  const [r, g, b] = color.map((part) => {
    const share = part / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

/** How well one colour can be told from another, 1 to 21. WCAG 2, "contrast ratio". */
export function contrast(a: Rgb, b: Rgb): number {
  const [dark, light] = [luminance(a), luminance(b)].toSorted((x, y) => x - y) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

const steps = [0, 95, 135, 175, 215, 255]

/** One of the 256 colours of xterm that is the same everywhere: the cube (16 to 231) and the greys (232 to 255). */
export function colorOf256(index: number): Rgb {
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10
    return [grey, grey, grey]
  }
  const at = index - 16
  return [steps[Math.floor(at / 36)]!, steps[Math.floor(at / 6) % 6]!, steps[at % 6]!]
}

/** The nearest of the 256 colours, 16 to 255. */
export function nearestOf256(color: Rgb): number {
  let nearest = 16
  let least = Number.POSITIVE_INFINITY
  for (let index = 16; index < 256; index++) {
    const far = distance(color, colorOf256(index))
    if (far < least) [least, nearest] = [far, index]
  }
  return nearest
}

/** Green counts most and blue least, as for the eye. */
function distance([r, g, b]: Rgb, [r2, g2, b2]: Rgb): number {
  return 3 * (r - r2) ** 2 + 4 * (g - g2) ** 2 + 2 * (b - b2) ** 2
}

/** How many colours the terminal has, by its environment. https://no-color.org; COLORTERM as VTE and others set it. */
export function colorDepth(env: Readonly<Record<string, string | undefined>>): ColorDepth {
  const term = env['TERM'] ?? ''
  if (env['NO_COLOR'] || /^$|^dumb$|^unknown$|^vt\d|-m(ono)?$/.test(term)) return 0
  if (/^(truecolor|24bit)$/i.test(env['COLORTERM'] ?? '') || term.endsWith('-direct')) return 'all'
  return /256|kitty|alacritty|ghostty|foot|wezterm/.test(term) ? 256 : 16
}
