import type { Ink } from '../view/style.js'
import { rgb, type Rgb } from './color.js'

/** The colours of a theme that brings its own background. */
export interface Palette {
  background: Rgb
  /** Behind the row that is selected. */
  selected: Rgb
  inks: Readonly<Record<Exclude<Ink, 'needs_input'>, Rgb>>
  /** The one thing on the screen with a background of its own, so that the eye finds it first. */
  alarm: { ink: Rgb; background: Rgb }
}

/** Every text has a contrast of 4.5 or more to what is behind it, also with the nearest of 256 colours. */
export const dark: Palette = {
  background: rgb('#15171c'),
  selected: rgb('#2a3346'),
  inks: {
    text: rgb('#d9dde5'),
    faint: rgb('#a0a8b6'),
    accent: rgb('#c4aeff'),
    warning: rgb('#f2ad6d'),
    added: rgb('#86cf96'),
    removed: rgb('#ff9c9c'),
    hunk: rgb('#86cbdc'),
    running: rgb('#86cf96'),
    idle: rgb('#9cc3f0'),
    error: rgb('#ff9090'),
    offline: rgb('#a0a8b6'),
  },
  alarm: { ink: rgb('#15171c'), background: rgb('#ffc24d') },
}

export const light: Palette = {
  background: rgb('#fbfaf6'),
  selected: rgb('#dce7f7'),
  inks: {
    text: rgb('#20242c'),
    faint: rgb('#555c69'),
    accent: rgb('#5d2bb5'),
    warning: rgb('#8a4a00'),
    added: rgb('#17632f'),
    removed: rgb('#ad1f2d'),
    hunk: rgb('#0b5f73'),
    running: rgb('#17632f'),
    idle: rgb('#1f57a8'),
    error: rgb('#ad1f2d'),
    offline: rgb('#555c69'),
  },
  alarm: { ink: rgb('#20242c'), background: rgb('#ffbf3d') },
}
