/**
 * A key that a terminal reports by its number, as the bytes that other terminals send for it. Pulse asks no terminal
 * for such reports; a program before it may have, and not have put it back.
 * "Comprehensive keyboard handling" of kitty: CSI number[:…] ; modifiers[:event] [; text] u;
 * xterm, modifyOtherKeys: CSI 27 ; modifiers ; number ~.
 * @param sequence a whole CSI sequence.
 * @returns null when it is no such report; '' when it is one of no key that can be typed, as of a key let go.
 */
export function decodeKey(sequence: string): string | null {
  const kitty = /^\u001b\[(\d{1,7})(?::[\d:]*)?(?:;(\d{0,3})(?::(\d))?)?(?:;[\d:]*)?u$/.exec(sequence)
  const xterm = /^\u001b\[27;(\d{1,3});(\d{1,7})~$/.exec(sequence)
  if (kitty) return kitty[3] === '3' ? '' : keyBytes(Number(kitty[1]), modifiersOf(kitty[2]))
  return xterm ? keyBytes(Number(xterm[2]), modifiersOf(xterm[1])) : null
}

interface Modifiers {
  shift: boolean
  alt: boolean
  ctrl: boolean
  /** Super, hyper or meta: no key of ours has them. */
  isOther: boolean
}

/** Modifiers are sent as 1 and a sum: 1 shift, 2 alt, 4 ctrl, 8 and more others, 64 and 128 the locks. */
function modifiersOf(parameter: string | undefined): Modifiers {
  const bits = Math.max(0, Number(parameter || 1) - 1)
  return { shift: (bits & 1) > 0, alt: (bits & 2) > 0, ctrl: (bits & 4) > 0, isOther: (bits & 56) > 0 }
}

/** Keys of the keypad, by kitty's numbers. */
const keypad: Readonly<Record<number, number>> = { 57414: 13 }

function keyBytes(number: number, { shift, alt, ctrl, isOther }: Modifiers): string {
  const code = keypad[number] ?? number
  if (isOther) return ''
  if (code === 9 && shift) return '\u001b[Z'
  const before = alt ? '\u001b' : ''
  if (code === 9 || code === 13 || code === 27 || code === 127) return before + String.fromCharCode(code)
  // The private use area is for keys without a character.
  if (code < 0x20 || code > 0x10ffff || (code >= 0xd800 && code <= 0xf8ff)) return ''
  const character = String.fromCodePoint(code)
  // Alt with a character beyond ASCII is no key of ours.
  if (alt && code > 0x7e) return ''
  if (!ctrl) return before + (shift ? character.toUpperCase() : character)
  const isLetter = /^[a-z]$/i.test(character)
  return isLetter ? before + String.fromCharCode(code & 0x1f) : ''
}
