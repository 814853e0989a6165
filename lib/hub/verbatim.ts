import type { ClientFrame } from '../wire/messages.js'

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const point = 0x2e
const minus = 0x2d
const zero = 0x30
const nine = 0x39
const upperE = 0x45
const lowerE = 0x65
const carriageReturn = 0x0d
const letterU = 0x75
const endOfDelta = Buffer.from(']}}')
const payloadKey = Buffer.from(',"payload":{')
const changesKey = Buffer.from('"changes":[')

/**
 * Where in a publisher's line its `changes` stand, when those bytes may be sent on as they are; null when they have
 * to be printed anew. Printing costs more than everything else done for a delta, so this is worth its care.
 *
 * The bytes are safe to send when any JSON parser reads in them just what was validated:
 * - no key stands twice (as many colons outside of strings as keys in the parsed value): parsers differ on which wins;
 * - every number is a plain whole one (no fraction, exponent or minus zero) and no escape could be half a surrogate pair:
 *   parsers differ on the first and refuse the second;
 * - the array found is the payload's: no other value of the envelope can hold an object, a quote inside a string is
 *   escaped, so the first `"payload":{` is the key itself, and `changes` is the last thing in it.
 * @param line the frame's bytes, valid UTF-8, already parsed and validated as `frame`.
 */
export function changesSpan(
  line: Buffer,
  frame: ClientFrame<'delta'>,
): { start: number; end: number } | null {
  const length = line.length
  if (line.compare(endOfDelta, 0, 3, length - 3, length) !== 0) return null
  const payload = line.indexOf(payloadKey)
  if (payload === -1) return null
  const start = line.indexOf(changesKey, payload + payloadKey.length)
  if (start === -1) return null
  // An escape before it could be a key that only looks like another one.
  const escape = line.indexOf(backslash)
  if (escape !== -1 && escape < start) return null
  const keys = countKeys(frame)
  if (keys === -1 || keys !== countColons(line)) return null
  return { start: start + changesKey.length - 1, end: length - 2 }
}

/** Keys in a value, at every level; -1 when a number in it is not finite. An array is not asked for its keys: that is slow. */
function countKeys(value: object): number {
  if (Array.isArray(value)) {
    let keys = 0
    for (let i = 0; i < value.length; i++) {
      const more = countKeysIn(value[i])
      if (more === -1) return -1
      keys += more
    }
    return keys
  }
  let keys = 0
  for (const key in value) {
    const more = countKeysIn((value as Record<string, unknown>)[key])
    if (more === -1) return -1
    keys += more + 1
  }
  return keys
}

function countKeysIn(value: unknown): number {
  if (typeof value === 'object' && value !== null) return countKeys(value)
  return typeof value === 'number' && !Number.isFinite(value) ? -1 : 0
}

/** Colons outside of strings; -1 when a `\ud…` escape, a number that is not plain, or a raw `\r` stands anywhere. */
function countColons(line: Buffer): number {
  return line.includes(backslash) ? countColonsEscaped(line) : countColonsPlain(line)
}

/** As below, for a line without escapes: a string ends at the next quote. */
function countColonsPlain(line: Buffer): number {
  const { length } = line
  let colons = 0
  for (let i = 0; i < length; i++) {
    const byte = line[i]!
    if (byte === colon) colons++
    else if (byte === quote) {
      do i++
      while (i < length && line[i] !== quote)
    } else if (isUnplain(byte, line[i + 1]!)) return -1
  }
  return colons
}

function countColonsEscaped(line: Buffer): number {
  let colons = 0
  let inString = false
  for (let i = 0; i < line.length; i++) {
    const byte = line[i]
    if (inString) {
      if (byte === quote) inString = false
      else if (byte === backslash) {
        i++
        if (line[i] === letterU && (line[i + 1]! | 0x20) === 0x64) return -1
      }
    } else if (byte === quote) {
      inString = true
    } else if (byte === colon) {
      colons++
    } else if (isUnplain(byte!, line[i + 1]!)) return -1
  }
  return colons
}

/** Whether a byte outside of strings is part of a number that parsers of whole numbers refuse, or a raw `\r`. */
function isUnplain(byte: number, next: number): boolean {
  if (byte === point || byte === upperE || byte === carriageReturn) return true
  if (byte === minus) return next === zero
  return byte >= zero && byte <= nine && next === lowerE
}
