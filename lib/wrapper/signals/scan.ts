/** The bytes that end or abort a string in a terminal's output. */
export const bell = 0x07
export const cancel = 0x18
export const substitute = 0x1a
export const esc = 0x1b

function isAbort(byte: number): boolean {
  return byte === esc || byte === cancel || byte === substitute
}

/** Where the next byte up to ESC stands (a C0 control, but for four of them), or the length. */
export function nextControl(bytes: Uint8Array, from: number): number {
  let at = from
  // Four at a time takes half as long.
  for (const last = bytes.length - 3; at < last; at += 4)
    if (bytes[at]! <= esc || bytes[at + 1]! <= esc || bytes[at + 2]! <= esc || bytes[at + 3]! <= esc) break
  while (at < bytes.length && bytes[at]! > esc) at++
  return at
}

/** Where the next BEL, ESC, CAN or SUB stands, or the length. */
export function stringEnd(bytes: Uint8Array, from: number): number {
  let at = nextControl(bytes, from)
  while (at < bytes.length && bytes[at] !== bell && !isAbort(bytes[at]!)) at = nextControl(bytes, at + 1)
  return at
}

/**
 * Most sequences are colors and cursor moves, whole and of no interest: they are passed over at once.
 * @param from what follows an ESC.
 * @returns where the text goes on; null when the sequence is one to be read byte by byte.
 */
export function plainSequenceEnd(bytes: Uint8Array, from: number): number | null {
  if (bytes.length - from < 2 || bytes[from] !== 0x5b) return null
  for (let at = from + 1; at < bytes.length; at++) {
    const byte = bytes[at]!
    if (byte >= 0x40) return byte < 0x7f ? at + 1 : null
    if (byte < 0x20 || byte === 0x3f) return null
  }
  return null
}

/**
 * How many bytes the UTF-8 character at the end still lacks.
 * @param lackedBefore what the text before these bytes lacked.
 */
export function lackingBytes(bytes: Uint8Array, lackedBefore: number): number {
  for (let back = 1; back <= 3; back++) {
    const byte = bytes[bytes.length - back]
    if (byte === undefined) return Math.max(0, lackedBefore - bytes.length)
    if (byte < 0x80) return 0
    if (byte >= 0xc0) return Math.max(0, characterBytes(byte) - back)
  }
  return 0
}

function characterBytes(first: number): number {
  if (first < 0xc2 || first > 0xf4) return 1
  if (first < 0xe0) return 2
  return first < 0xf0 ? 3 : 4
}
