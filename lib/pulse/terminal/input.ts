import { decodeKey } from './coded-key.js'

/** A piece of what a terminal sends. */
export type Token =
  /** One typed character; never a control character. */
  | { kind: 'text'; text: string }
  /** The bytes of one key or of one mouse event, whole. */
  | { kind: 'sequence'; bytes: string }
  /** A whole paste, its lines parted by \n; `lost` bytes at its end were too many. */
  | { kind: 'paste'; text: string; lost: number }
  /** What the terminal answers to a question, as it came. */
  | { kind: 'reply'; bytes: string }

/** After so long an Esc is a key of its own, and not the start of something. */
export const escapeMs = 50
/** After so long the rest of what only a terminal sends is not waited for any more. */
export const quietMs = 1_000
export const pasteBytesMax = 65_536
/** An answer of a terminal, or a sequence, is not longer. */
const sequenceBytesMax = 4_096

const esc = 0x1b
const bel = 0x07
const pasteEnd = Buffer.from('\u001b[201~')

type Place =
  | 'ground'
  | 'character'
  | 'escape'
  /** Behind ESC [ and ESC O. */
  | 'csi'
  | 'ss3'
  /** Behind ESC ] ESC P ESC X ESC ^ ESC _: text up to ST or BEL. */
  | 'string'
  | 'string_escape'
  /** The three bytes behind ESC [ M, of mice of old. */
  | 'old_mouse'
  | 'paste'

const unreadable: Token = { kind: 'text', text: '\ufffd' }

/**
 * Cuts what a terminal sends into keys, texts and answers, whatever it is: half a sequence is held until the rest of
 * it comes or it is clear that none does, and what is none of these is left out. Pure: it is told the time.
 */
export class Input {
  #place: Place = 'ground'
  /** The bytes of what is held, with `#lost` more that were too many. */
  #held: number[] = []
  #lost = 0
  /** How many bytes the character that is held has. */
  #length = 0
  #paste: Buffer[] = []
  #pasteBytes = 0
  /** How much of the paste's end was seen. */
  #matched = 0
  #heardMs = 0
  #tokens: Token[] = []

  /** Takes bytes that came at a time. */
  take(bytes: Uint8Array, nowMs: number): Token[] {
    const early = this.tick(nowMs)
    this.#heardMs = nowMs
    for (let at = 0; at < bytes.length;)
      at = this.#place === 'paste' ? this.#pasteFrom(bytes, at) : this.#byte(bytes, at)
    return [...early, ...this.#given()]
  }

  /** Forgets what is held. */
  forget(): void {
    this.#rest()
    this.#paste = []
    this.#pasteBytes = 0
    this.#matched = 0
  }

  /** When to call `tick`, if nothing comes before; null: not needed. */
  get dueMs(): number | null {
    if (this.#place === 'ground') return null
    return this.#heardMs + (this.#isTyped ? escapeMs : quietMs)
  }

  /** Gives what is not waited for any longer. */
  tick(nowMs: number): Token[] {
    const { dueMs } = this
    if (dueMs === null || nowMs < dueMs) return []
    if (this.#place === 'paste') this.#endPaste(true)
    else if (this.#place === 'character') this.#text('\ufffd')
    // Esc, or Alt with [ O ] P X ^ or _.
    else if (this.#isTyped) this.#sequence()
    this.#rest()
    return this.#given()
  }

  /** Whether a person may have typed what is held: Esc, or a character with Alt. */
  get #isTyped(): boolean {
    return this.#place !== 'paste' && this.#place !== 'character' && this.#held.length <= 2
  }

  #given(): Token[] {
    const tokens = this.#tokens
    this.#tokens = []
    return tokens
  }

  #rest(): void {
    this.#place = 'ground'
    this.#held = []
    this.#lost = 0
  }

  #hold(byte: number): void {
    if (this.#held.length < sequenceBytesMax) this.#held.push(byte)
    else this.#lost++
  }

  /** @returns where to go on; the same place when the byte ends something that it is no part of. */
  #byte(bytes: Uint8Array, at: number): number {
    const byte = bytes[at]!
    switch (this.#place) {
      case 'paste':
      case 'ground':
        this.#start(byte)
        return at + 1
      case 'character':
        return this.#character(byte) ? at + 1 : at
      case 'escape':
        return this.#afterEscape(byte) ? at + 1 : at
      case 'csi':
        return this.#csi(byte) ? at + 1 : at
      case 'ss3':
        return this.#ss3(byte) ? at + 1 : at
      case 'string':
      case 'string_escape':
        return this.#string(byte) ? at + 1 : at
      case 'old_mouse':
        this.#hold(byte)
        // It tells no place behind column 223: nothing is made of it.
        if (this.#held.length === 6) this.#rest()
        return at + 1
    }
  }

  #start(byte: number): void {
    if (byte === esc) {
      this.#hold(byte)
      this.#place = 'escape'
    } else if (byte < 0x20 || byte === 0x7f)
      this.#tokens.push({ kind: 'sequence', bytes: String.fromCharCode(byte) })
    else if (byte < 0x80) this.#tokens.push({ kind: 'text', text: String.fromCharCode(byte) })
    else if (byte < 0xc2 || byte > 0xf4) this.#tokens.push(unreadable)
    else {
      this.#hold(byte)
      this.#length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4
      this.#place = 'character'
    }
  }

  #character(byte: number): boolean {
    const isPart = (byte & 0xc0) === 0x80
    if (isPart) this.#hold(byte)
    if (isPart && this.#held.length < this.#length) return true
    const text = Buffer.from(this.#held).toString()
    this.#rest()
    // Bytes that are no character, as half a surrogate pair, come as several.
    this.#text(isPart && text.length === (text.codePointAt(0)! > 0xffff ? 2 : 1) ? text : '\ufffd')
    return isPart
  }

  #afterEscape(byte: number): boolean {
    if (byte === esc) {
      // Esc twice: the first was a key.
      this.#sequence()
      this.#rest()
      return false
    }
    if (byte >= 0x80) {
      // Alt with a character beyond ASCII is no key of ours.
      this.#rest()
      return false
    }
    this.#hold(byte)
    const character = String.fromCharCode(byte)
    if (character === '[') this.#place = 'csi'
    else if (character === 'O') this.#place = 'ss3'
    else if (']PX^_'.includes(character)) this.#place = 'string'
    else {
      this.#sequence()
      this.#rest()
    }
    return true
  }

  /** ECMA-48, 5.4: parameters and intermediates, then a final byte. */
  #csi(byte: number): boolean {
    // A control character is a key of its own, whatever it came into.
    if (byte < 0x20 || byte >= 0x7f) {
      this.#rest()
      return false
    }
    this.#hold(byte)
    // The Linux console's function keys: ESC [ [ A.
    if (byte < 0x40 || (byte === 0x5b && this.#held.length === 3)) return true
    const isWhole = this.#lost === 0
    const sequence = Buffer.from(this.#held).toString('latin1')
    this.#rest()
    if (!isWhole) return true
    if (sequence === '\u001b[200~') this.#place = 'paste'
    else if (sequence === '\u001b[M') {
      this.#held = [esc, 0x5b, 0x4d]
      this.#place = 'old_mouse'
    } else this.#whole(sequence)
    return true
  }

  #whole(sequence: string): void {
    const coded = decodeKey(sequence)
    if (coded === '') return
    if (coded !== null && !/^[\u0000-\u001f\u007f]/.test(coded)) this.#text(coded)
    else if (coded !== null) this.#tokens.push({ kind: 'sequence', bytes: coded })
    // Answers to what a terminal is asked of itself: DA, DSR, DECRPM, sizes, kitty's flags.
    else if (/^\u001b\[(?:[?>=].*|[\d;]+[Rntx])$/.test(sequence))
      this.#tokens.push({ kind: 'reply', bytes: sequence })
    else this.#tokens.push({ kind: 'sequence', bytes: sequence })
  }

  #ss3(byte: number): boolean {
    if (byte < 0x20 || byte >= 0x7f) {
      this.#rest()
      return false
    }
    this.#hold(byte)
    // Some terminals put modifiers between: ESC O 5 P.
    if (byte >= 0x40) {
      this.#sequence()
      this.#rest()
    }
    return true
  }

  /** ECMA-48, 5.6: a control string, up to ST; xterm's end with BEL as well. */
  #string(byte: number): boolean {
    if (this.#place === 'string_escape') {
      const isEnd = byte === 0x5c
      if (isEnd) this.#hold(byte)
      if (isEnd) this.#reply()
      this.#rest()
      if (isEnd) return true
      this.#start(esc)
      return false
    }
    if (byte === bel) {
      this.#hold(byte)
      this.#reply()
      this.#rest()
      return true
    }
    if (byte === esc) {
      this.#hold(byte)
      this.#place = 'string_escape'
      return true
    }
    if (byte < 0x20 || byte === 0x7f) {
      this.#rest()
      return false
    }
    this.#hold(byte)
    return true
  }

  #reply(): void {
    if (this.#lost === 0) this.#tokens.push({ kind: 'reply', bytes: Buffer.from(this.#held).toString() })
  }

  #sequence(): void {
    if (this.#lost === 0)
      this.#tokens.push({ kind: 'sequence', bytes: Buffer.from(this.#held).toString('latin1') })
  }

  #text(text: string): void {
    if (!/\p{Cc}/u.test(text)) this.#tokens.push({ kind: 'text', text })
  }

  /** Takes what belongs to the paste. @returns where to go on. */
  #pasteFrom(bytes: Uint8Array, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at]!
      this.#matched = byte === pasteEnd[this.#matched] ? this.#matched + 1 : byte === esc ? 1 : 0
      if (this.#matched === pasteEnd.length) {
        this.#keep(bytes.subarray(from, at + 1))
        this.#endPaste(false)
        return at + 1
      }
    }
    this.#keep(bytes.subarray(from))
    return bytes.length
  }

  /** Keeps what there is room for; also for the end's own bytes, which are taken off again. */
  #keep(bytes: Uint8Array): void {
    const kept = Buffer.from(bytes.subarray(0, Math.max(0, pasteBytesMax - this.#pasteBytes)))
    if (kept.length > 0) this.#paste.push(kept)
    this.#pasteBytes += bytes.length
  }

  #endPaste(isCut: boolean): void {
    const bytes = this.#pasteBytes - (isCut ? 0 : pasteEnd.length)
    const kept = Buffer.concat(this.#paste).subarray(0, Math.min(bytes, pasteBytesMax))
    const text = kept
      .toString()
      .replaceAll(/\r\n?/g, '\n')
      .replaceAll(/(?![\n\t])\p{Cc}/gu, '')
    const lost = Math.max(0, bytes - pasteBytesMax)
    if (text !== '' || lost > 0) this.#tokens.push({ kind: 'paste', text, lost })
    this.#paste = []
    this.#pasteBytes = 0
    this.#matched = 0
    this.#rest()
  }
}
