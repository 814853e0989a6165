import { codedKey, type KeyPress } from '../signals/coded-key.js'

/** Where in a key or report the input stands; as `KeySignals` reads it. */
type State =
  | 'ground'
  | 'escape'
  | 'control'
  | 'consoleKey'
  | 'ss3'
  | 'mouse'
  | 'stringStart'
  | 'string'
  | 'stringEscape'
  | 'paste'

const esc = 0x1b
const bell = 0x07
const backslash = 0x5c
/** As the observer settles keys: an Esc byte that nothing has followed by then is the key. */
const settleMs = 50
const parametersMax = 64
const pasteEnd = '\u001b[201~'

/** With which byte the terminal's answers begin, and what is written down in place of one. */
const answers: Readonly<Record<string, { begins: RegExp; empty: string }>> = {
  ']': { begins: /[\dLl]/, empty: '0\u0007' },
  P: { begins: /[\d>!$+@]/, empty: '0\u0007' },
  _: { begins: /G/, empty: 'G\u0007' },
}

/**
 * Blanks what was typed. What comes out says the same to `KeySignals`, and no more: Enter, Esc, Ctrl-C, marks of focus
 * and of pastes, arrows and numbered keys stay, in whatever way they were coded; a character is `x`, the terminal's
 * answers (clipboard, colors) and the mouse are empty. Of what answers a dialog only the first key stays.
 */
export class KeyBlanker {
  #state: State = 'ground'
  /** The start of a sequence, not written down yet: ESC bytes and an introducer. */
  #held = ''
  #parameters = ''
  #introducer = ''
  #bytesLeft = 0
  #pasteEndBytes = 0
  #isAltRest = false
  #lastMs = Number.NEGATIVE_INFINITY
  #ask: string | null = null
  #mayChoose = false

  /** A dialog that a digit or a letter answers is shown now; null: none is. The same `id`: still the same one. */
  asked(id: string | null): void {
    if (id === this.#ask) return
    this.#ask = id
    this.#mayChoose = id !== null
  }

  /**
   * @param bytes what was typed, as it was read.
   * @param atMs by any clock: after a while an Esc is the key.
   * @returns ASCII text; empty while nothing can be said yet.
   */
  take(bytes: Uint8Array, atMs: number): string {
    if (this.#isUnsettled && atMs - this.#lastMs >= settleMs) this.#state = 'ground'
    this.#lastMs = atMs
    let blanked = ''
    for (let at = 0; at < bytes.length;) {
      const [text, end] = this.#read(bytes, at)
      blanked += text
      at = end
    }
    return blanked + (this.#isUnsettled ? this.#release() : '')
  }

  get #isUnsettled(): boolean {
    if (this.#state === 'control') return this.#parameters === ''
    return this.#state === 'escape' || this.#state === 'ss3' || this.#state === 'stringStart'
  }

  /** Reads one step; gives what is written down for it and where it ends. */
  #read(bytes: Uint8Array, at: number): [text: string, end: number] {
    const byte = bytes[at]!
    switch (this.#state) {
      case 'ground':
        return this.#key(bytes, at)
      case 'escape':
        return [this.#escape(byte, at === 0), at + 1]
      case 'control':
        return this.#control(byte, at)
      case 'consoleKey':
        this.#state = 'ground'
        return ['', isFinal(byte) ? at + 1 : at]
      case 'ss3':
        return this.#ss3(byte, at)
      case 'mouse':
        this.#bytesLeft--
        if (this.#bytesLeft === 0 || (byte !== 0 && byte < 0x20)) this.#state = 'ground'
        return byte !== 0 && byte < 0x20 ? ['', at] : [' ', at + 1]
      case 'stringStart': {
        const { begins, empty } = answers[this.#introducer]!
        const isAnswer = begins.test(String.fromCharCode(byte))
        this.#state = isAnswer ? 'string' : 'ground'
        return [this.#release() + (isAnswer ? empty : ''), at]
      }
      case 'string':
        if (byte >= 0x20) return ['', at + 1]
        this.#state = byte === esc ? 'stringEscape' : 'ground'
        return ['', byte === esc || byte === bell ? at + 1 : at]
      case 'stringEscape':
        this.#state = byte === backslash ? 'ground' : 'escape'
        this.#held = byte === backslash ? '' : '\u001b'
        return ['', byte === backslash || byte === esc ? at + 1 : at]
      case 'paste':
        return [this.#paste(byte), at + 1]
    }
  }

  #key(bytes: Uint8Array, at: number): [string, number] {
    const byte = bytes[at]!
    if (this.#isAltRest) {
      this.#isAltRest = isContinuation(byte)
      if (this.#isAltRest) return ['', at + 1]
    }
    if (byte === esc) {
      this.#state = 'escape'
      this.#held = '\u001b'
      return ['', at + 1]
    }
    if (!isPrintable(byte)) {
      if (byte === 0x0d || byte === 0x03) this.#mayChoose = false
      return [String.fromCharCode(byte), at + 1]
    }
    let end = at + 1
    while (end < bytes.length && isPrintable(bytes[end]!)) end++
    const run = bytes.subarray(at, end)
    const choice = String.fromCharCode(byte)
    const isKept = run.length === 1 && this.#mayChoose && /^[1-9yna]$/.test(choice)
    this.#mayChoose = false
    const characters = run.filter((one) => !isContinuation(one)).length
    return [isKept ? choice : 'x'.repeat(Math.max(1, characters)), end]
  }

  #escape(byte: number, isFirst: boolean): string {
    if (byte === esc) {
      // What came before the last two says nothing new of them.
      const done = isFirst || this.#held.length > 1 ? this.#held.slice(0, 1) : ''
      this.#held = `${this.#held.slice(done.length)}\u001b`
      return done
    }
    const character = String.fromCharCode(byte)
    if (character === '[' || character === 'O' || Object.hasOwn(answers, character)) {
      this.#state = character === '[' ? 'control' : character === 'O' ? 'ss3' : 'stringStart'
      this.#introducer = character
      this.#parameters = ''
      this.#held += character
      return ''
    }
    this.#state = 'ground'
    this.#isAltRest = byte >= 0xc0
    this.#mayChoose = false
    return this.#release() + (isPrintable(byte) ? 'x' : character)
  }

  #control(byte: number, at: number): [string, number] {
    if (byte >= 0x20 && byte < 0x40) {
      if (this.#parameters.length < parametersMax) this.#parameters += String.fromCharCode(byte)
      return ['', at + 1]
    }
    this.#state = 'ground'
    const said = isFinal(byte) ? this.#controlKey(String.fromCharCode(byte), this.#parameters) : '0u'
    return [this.#release() + said, isFinal(byte) ? at + 1 : at]
  }

  /** The rest of a control sequence, as short as it can be said. `0u` and `0~` say nothing. */
  #controlKey(final: string, parameters: string): string {
    if (!/^[\d:;]*$/.test(parameters)) return '0u'
    const [first = '', second = '', third = '', ...more] = parameters.split(';')
    if (final === 'u')
      return codedText(this.#told(codedKey(first, second, third)), (of, held) => `${of}${held}u`)
    if (final === '~' && first === '200') {
      this.#state = 'paste'
      this.#pasteEndBytes = 0
      return '200~'
    }
    if (final === '~' && first === '27' && parameters.split(';').length === 3 && more.length === 0)
      return codedText(this.#told(codedKey(third, second)), (of, held) => `27${held || ';1'};${of}~`)
    if (final === '~')
      return /^(?:201|[1-9]|[12]\d|3[0-4])$/.test(first) && first !== '27' ? `${first}~` : '0~'
    if (parameters === '' && (final === 'I' || final === 'O')) return final
    if (parameters === '' && final === 'M') {
      this.#state = 'mouse'
      this.#bytesLeft = 3
      return 'M'
    }
    if (parameters === '' && final === '[') {
      this.#state = 'consoleKey'
      return '[A'
    }
    if (/[A-HPQSZa-d]/.test(final)) return final
    return /[[^@]/.test(final) ? '0~' : '0u'
  }

  /** A key that came as numbers: a choice is one only where it may be. */
  #told(key: KeyPress | null): KeyPress | null {
    const isKept = key?.kind !== 'choice' || this.#mayChoose
    if (key !== null) this.#mayChoose = false
    return isKept ? key : { kind: 'text' }
  }

  #ss3(byte: number, at: number): [string, number] {
    // Modifiers, in old terminals.
    if (byte >= 0x30 && byte <= 0x3b) return ['', at + 1]
    this.#state = 'ground'
    const character = String.fromCharCode(byte)
    // The digits of the keypad come so, too.
    if (isFinal(byte)) return [this.#release() + (/[A-DFHP-S]/.test(character) ? character : 'E'), at + 1]
    // It broke off before a character, as it would not before an x.
    return [`${this.#release()}${isPrintable(byte) ? ' ' : ''}`, at]
  }

  #paste(byte: number): string {
    if (byte === pasteEnd.charCodeAt(this.#pasteEndBytes)) {
      if (++this.#pasteEndBytes < pasteEnd.length) return ''
      this.#state = 'ground'
      return pasteEnd
    }
    this.#pasteEndBytes = byte === esc ? 1 : 0
    this.#mayChoose = false
    return isContinuation(byte) ? '' : 'x'
  }

  #release(): string {
    const held = this.#held
    this.#held = ''
    return held
  }
}

/** @param code makes a key of its code and of `;modifiers`, empty for none. */
function codedText(key: KeyPress | null, code: (of: number, held: string) => string): string {
  switch (key?.kind) {
    case 'escape':
      return code(27, '')
    case 'interrupt':
      return code(99, ';5')
    case 'submit':
      return code(13, '')
    case 'choice':
      return code(key.key.charCodeAt(0), '')
    case 'text':
      return code(120, '')
    case undefined:
      return code(0, '')
  }
}

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte !== 0x7f
}

function isContinuation(byte: number): boolean {
  return byte >= 0x80 && byte < 0xc0
}

function isFinal(byte: number): boolean {
  return byte >= 0x40 && byte < 0x7f
}
