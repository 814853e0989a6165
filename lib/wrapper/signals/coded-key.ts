/** A key that a person pressed, as far as it tells of the agent's state. */
export type KeyPress =
  /** The Esc key alone; not with a modifier. */
  | { kind: 'escape' }
  /** Ctrl-C. */
  | { kind: 'interrupt' }
  /** Enter, without a modifier: with Shift or Alt, agents begin a new line. */
  | { kind: 'submit' }
  /** One digit 1 to 9, or y, n or a, typed alone: no other character came with it. */
  | { kind: 'choice'; key: string }
  /** Other text, typed or pasted. One for a run of characters, and for a paste. */
  | { kind: 'text' }

const shift = 1
const ctrl = 4
const capsLock = 64
const numLock = 128
const released = '3'
const keypad0 = 57_399
const keypadEnter = '57414'

/**
 * A key that came as numbers, `CSI codes ; modifiers ; text u` (kitty, "Comprehensive keyboard handling in
 * terminals") or `CSI 27 ; modifiers ; codes ~` (xterm, modifyOtherKeys). All fields are decimal numbers with colons.
 * @param codes `code:shifted:base`, as far as given.
 * @param modifiers `1 + bits:event`.
 * @param text the code points that the key typed, when the terminal tells them.
 * @returns null for what says nothing: releases, shortcuts, functional keys.
 */
export function codedKey(codes: string, modifiers = '', text = ''): KeyPress | null {
  const [code = '', shifted = ''] = codes.split(':')
  const [bits = '', event = ''] = modifiers.split(':')
  if (event === released) return null
  // The state of the locks says nothing.
  const held = (Number(bits || 1) - 1) & ~(capsLock | numLock)
  if (code === '27') return held === 0 ? { kind: 'escape' } : null
  if (code === '13' || code === keypadEnter) return held === 0 ? { kind: 'submit' } : null
  if (code === '99' && held === ctrl) return { kind: 'interrupt' }
  if (text !== '') return text.includes(':') ? { kind: 'text' } : typedCharacter(Number(text))
  if (held === 0) return typedCharacter(Number(code))
  if (held !== shift) return null
  if (shifted !== '') return typedCharacter(Number(shifted))
  return typedCharacter(Number(code)) === null ? null : { kind: 'text' }
}

/**
 * A character that was typed alone.
 * @param code its code point, or kitty's number of a key of the keypad.
 * @returns null when it is none that can be seen.
 */
export function typedCharacter(code: number): KeyPress | null {
  const isKeypad = code >= keypad0 && code <= keypad0 + 9
  // Functional keys have numbers of the Private Use Area.
  const isFunctional = code >= 57_344 && code <= 63_743 && !isKeypad
  if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code > 0x10ffff || isFunctional) return null
  const key = isKeypad ? String(code - keypad0) : String.fromCharCode(Math.min(code, 0x7f))
  return /^[1-9yna]$/.test(key) ? { kind: 'choice', key } : { kind: 'text' }
}
