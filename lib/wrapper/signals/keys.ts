import { codedKey, typedCharacter, type KeyPress } from './coded-key.js'

/** What a person does at an agent's terminal, as far as it tells of the agent's state. */
export type KeySignal =
  | KeyPress
  /** The terminal's window got or lost the focus. */
  | { kind: 'focus'; isFocused: boolean }

/** Where in a key or report the input stands. Those that are bare may yet be Alt and a key. */
type State =
  | 'ground'
  /** After ESC, `ESC [` with parameters so far, `ESC [ [`, `ESC O`. */
  | 'escape'
  | 'control'
  | 'consoleKey'
  | 'ss3'
  /** In the three bytes of an old mouse report. */
  | 'mouse'
  /** After `ESC ]`, `ESC P`, `ESC _`; in the terminal's answer that follows; after an ESC in that. */
  | 'stringStart'
  | 'string'
  | 'stringEscape'
  | 'paste'

const esc = 0x1b
const carriageReturn = 0x0d
const pasteEnd = new TextEncoder().encode('\u001b[201~')
/** More than a key's parameters ever take; what is longer is read by its start. */
const parametersMax = 64

/** With which byte the terminal's answers begin, by introducer: xterm, "Control Sequences"; kitty, "Graphics". */
const answers: Readonly<Record<string, RegExp>> = {
  ']': /[\dLl]/,
  P: /[\d>!$+@]/,
  _: /G/,
}

/**
 * Reads what a person types, from the bytes on their way to the agent: legacy keys, xterm's modifyOtherKeys and
 * kitty's keyboard protocol. Mouse reports and the terminal's answers to the agent say nothing. Keys and reports
 * may come in any number of pieces; memory is bounded whatever comes.
 *
 * How the bytes were cut matters in two places, since nothing else tells. An ESC that ends a piece may be the Esc
 * key: `settle` says so, or another ESC at the start of the next piece. And a choice is a character that came alone.
 */
export class KeySignals {
  readonly #onSignal: (signal: KeySignal) => void
  #state: State = 'ground'
  #parameters = ''
  /** An ESC came right before the one that began this sequence, in one piece with it: Esc, or Alt and a key. */
  #isDoubled = false
  #introducer = ''
  #mouseBytesLeft = 0
  /** How many bytes of the end of a paste have come; whether the paste was told of. */
  #pasteEndBytes = 0
  #isPasteTold = false
  /** The rest of a UTF-8 character that came with Alt. */
  #isAltRest = false

  /** @param onSignal called while `write` or `settle` runs, in the order of the input. */
  constructor(onSignal: (signal: KeySignal) => void) {
    this.#onSignal = onSignal
  }

  /** Whether `settle` would decide something. */
  get isUnsettled(): boolean {
    if (this.#state === 'control') return this.#parameters === ''
    return this.#state === 'escape' || this.#state === 'ss3' || this.#state === 'stringStart'
  }

  /** Looks at the next bytes of the input, as they were read: any number, any content. They are not kept. */
  write(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length) at = this.#read(bytes, at)
  }

  /**
   * Nothing followed for a while, some 50 ms: an ESC was the Esc key, and `ESC [` was Alt and a bracket. A sequence
   * that got any further was cut on its way and goes on.
   */
  settle(): void {
    if (!this.isUnsettled) return
    this.#tellDoubled()
    if (this.#state === 'escape') this.#onSignal({ kind: 'escape' })
    this.#state = 'ground'
  }

  /** Reads one key, one run of text or one byte of a sequence; gives where it ends. */
  #read(bytes: Uint8Array, at: number): number {
    const byte = bytes[at]!
    switch (this.#state) {
      case 'ground':
        return this.#key(bytes, at)
      case 'escape':
        this.#escape(byte, at === 0)
        return at + 1
      case 'control':
        return this.#control(byte) ? at + 1 : at
      case 'consoleKey':
        this.#state = 'ground'
        return isFinal(byte) ? at + 1 : at
      case 'ss3':
        return this.#ss3(byte) ? at + 1 : at
      case 'mouse':
        // A coordinate out of reach is a NUL; no other control byte is one.
        if (byte !== 0 && byte < 0x20) {
          this.#state = 'ground'
          return at
        }
        if (--this.#mouseBytesLeft === 0) this.#state = 'ground'
        return at + 1
      case 'stringStart':
        this.#tellDoubled()
        this.#state = answers[this.#introducer]?.test(String.fromCharCode(byte)) ? 'string' : 'ground'
        return at
      case 'string':
        return this.#answer(byte) ? at + 1 : at
      case 'stringEscape':
        this.#state = byte === 0x5c ? 'ground' : 'escape'
        return byte === 0x5c || byte === esc ? at + 1 : at
      case 'paste':
        return this.#paste(bytes, at)
    }
  }

  #key(bytes: Uint8Array, at: number): number {
    const byte = bytes[at]!
    if (this.#isAltRest) {
      this.#isAltRest = byte >= 0x80 && byte < 0xc0
      if (this.#isAltRest) return at + 1
    }
    if (isPrintable(byte)) {
      let end = at + 1
      while (end < bytes.length && isPrintable(bytes[end]!)) end++
      this.#tell(end === at + 1 && byte < 0x80 ? typedCharacter(byte) : { kind: 'text' })
      return end
    }
    if (byte === esc) this.#state = 'escape'
    else if (byte === 0x03) this.#onSignal({ kind: 'interrupt' })
    // A lone line feed is Ctrl+J, a new line in the text of most agents.
    else if (byte === carriageReturn) this.#onSignal({ kind: 'submit' })
    return at + 1
  }

  /** @param isFirst of its piece: the ESC stood at the end of an earlier one. */
  #escape(byte: number, isFirst: boolean): void {
    if (byte === esc) {
      this.#tellDoubled()
      if (isFirst) this.#onSignal({ kind: 'escape' })
      else this.#isDoubled = true
      return
    }
    const character = String.fromCharCode(byte)
    if (character === '[') {
      this.#state = 'control'
      this.#parameters = ''
    } else if (character === 'O') {
      this.#state = 'ss3'
    } else if (Object.hasOwn(answers, character)) {
      this.#state = 'stringStart'
      this.#introducer = character
    } else {
      // Alt and a key.
      this.#tellDoubled()
      this.#state = 'ground'
      this.#isAltRest = byte >= 0xc0
    }
  }

  /** The first of two ESCs turns out to be the Esc key. */
  #tellDoubled(): void {
    if (this.#isDoubled) this.#onSignal({ kind: 'escape' })
    this.#isDoubled = false
  }

  /** @returns false when the byte is no part of the sequence: it broke off, and the byte is read anew. */
  #control(byte: number): boolean {
    if (byte >= 0x20 && byte < 0x40) {
      if (this.#parameters.length < parametersMax) this.#parameters += String.fromCharCode(byte)
      return true
    }
    this.#state = 'ground'
    if (!isFinal(byte)) {
      this.#tellDoubled()
      return false
    }
    this.#endControl(String.fromCharCode(byte), this.#parameters)
    return true
  }

  #endControl(final: string, parameters: string): void {
    const isPlain = /^[\d:;]*$/.test(parameters)
    const fields = parameters.split(';')
    const [first = ''] = fields
    const isPasteMark = final === '~' && (first === '200' || first === '201')
    // Some terminals put an ESC before the sequence of an arrow or a function key for Alt.
    if (isPlain && !isPasteMark && /[A-HPQSZa-d[~^@]/.test(final)) this.#isDoubled = false
    this.#tellDoubled()
    if (!isPlain) return
    if (parameters === '' && final === '[') {
      this.#state = 'consoleKey'
    } else if (parameters === '' && final === 'M') {
      this.#state = 'mouse'
      this.#mouseBytesLeft = 3
    } else if (parameters === '' && (final === 'I' || final === 'O')) {
      this.#onSignal({ kind: 'focus', isFocused: final === 'I' })
    } else if (final === '~' && first === '200') {
      this.#state = 'paste'
      this.#pasteEndBytes = 0
      this.#isPasteTold = false
    } else if (final === 'u') {
      this.#tell(codedKey(first, fields[1], fields[2]))
    } else if (final === '~' && first === '27' && fields.length === 3) {
      this.#tell(codedKey(fields[2]!, fields[1]))
    }
  }

  #tell(signal: KeySignal | null): void {
    if (signal !== null) this.#onSignal(signal)
  }

  #ss3(byte: number): boolean {
    // Modifiers, in old terminals.
    if (byte >= 0x30 && byte <= 0x3b) return true
    this.#state = 'ground'
    if (isFinal(byte)) this.#isDoubled = false
    this.#tellDoubled()
    return isFinal(byte)
  }

  /** The terminal's answer, until BEL or `ESC \`. A control byte means that it broke off, or never was one. */
  #answer(byte: number): boolean {
    if (byte >= 0x20) return true
    this.#state = byte === esc ? 'stringEscape' : 'ground'
    return byte === esc || byte === 0x07
  }

  /** What stands between `ESC [ 200 ~` and `ESC [ 201 ~` was typed by nobody. */
  #paste(bytes: Uint8Array, from: number): number {
    let matched = this.#pasteEndBytes
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at]!
      if (byte === pasteEnd[matched]) {
        if (++matched < pasteEnd.length) continue
        this.#state = 'ground'
        return at + 1
      }
      matched = byte === esc ? 1 : 0
      if (!this.#isPasteTold) this.#onSignal({ kind: 'text' })
      this.#isPasteTold = true
    }
    this.#pasteEndBytes = matched
    return bytes.length
  }
}

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte !== 0x7f
}

function isFinal(byte: number): boolean {
  return byte >= 0x40 && byte < 0x7f
}
