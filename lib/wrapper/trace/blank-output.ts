import { createHash } from 'node:crypto'
import { programStatus } from '../signals/program-status.js'
import { blankText } from './blank-text.js'

type State = 'text' | 'escape' | 'control' | 'string' | 'stringEscape'

/** A string of more characters says nothing, to the rules or here: its end alone is waited for. */
const stringCharsMax = 8_192
const parametersMax = 256
/** How deep tmux's passthrough may be wrapped in itself. */
const nestedMax = 3
const passthrough = 'tmux;'

/**
 * Blanks what an agent wrote: texts, titles and notifications by `blankText`; control sequences stay, and of other
 * strings what the status may come from. It reads as `TerminalSignals` does; sequences may come in any number of
 * pieces, memory is bounded.
 */
export class OutputBlanker {
  #state: State = 'text'
  /** A sequence so far, from its ESC. */
  #sequence = ''
  #introducer = ''
  #body = ''
  #isTooLong = false

  /** @param salt the trace's: names become the same hashes throughout. */
  constructor(
    private readonly salt: string,
    private readonly nested = 0,
  ) {}

  /** @returns what can be written down now. */
  take(text: string): string {
    let blanked = ''
    for (let at = 0; at < text.length;) {
      if (this.#state === 'text') {
        const next = text.indexOf('\u001b', at)
        const end = next === -1 ? text.length : next
        blanked += blankText(text.slice(at, end))
        at = end
        if (next !== -1) this.#begin()
        if (next !== -1) at++
      } else if (this.#state === 'string') {
        const end = stringEnd(text, at)
        this.#collect(text.slice(at, end))
        at = end
        if (end < text.length) blanked += this.#endString(text[at++]!)
      } else {
        const [out, isTaken] = this.#step(text[at]!)
        blanked += out
        if (isTaken) at++
      }
    }
    return blanked
  }

  /** @returns what is left of a sequence that never ended: its start, without any text. */
  end(): string {
    const rest = this.#state === 'escape' || this.#state === 'control' ? this.#sequence : ''
    this.#state = 'text'
    return rest
  }

  #begin(): void {
    this.#state = 'escape'
    this.#sequence = '\u001b'
  }

  /** One character of a sequence. @returns what is written down, and whether the character was used up. */
  #step(character: string): [string, boolean] {
    if (this.#state === 'stringEscape') return this.#stringEscape(character)
    if (character === '\u001b') {
      this.#begin()
      return ['', true]
    }
    if (character < ' ' || character === '\u007f') {
      // CAN and SUB abort; other controls act at once.
      if (character === '\u0018' || character === '\u001a') this.#state = 'text'
      return [character, true]
    }
    if (character > '\u007f') {
      this.#state = 'text'
      return ['', false]
    }
    return [this.#state === 'escape' ? this.#escape(character) : this.#control(character), true]
  }

  #escape(character: string): string {
    if (this.#sequence === '\u001b' && ']PX^_'.includes(character)) {
      this.#state = 'string'
      this.#introducer = character
      this.#body = ''
      this.#isTooLong = false
      return ''
    }
    if (this.#sequence === '\u001b' && character === '[') this.#state = 'control'
    else if (character >= '0') this.#state = 'text'
    return this.#add(character)
  }

  #control(character: string): string {
    if (character >= '@') this.#state = 'text'
    return this.#add(character)
  }

  /** @returns the sequence when it is whole now. */
  #add(character: string): string {
    if (this.#sequence.length < parametersMax) this.#sequence += character
    const isWhole = this.#state === 'text' && this.#sequence.length < parametersMax
    return isWhole ? this.#sequence : ''
  }

  #collect(text: string): void {
    this.#isTooLong ||= this.#body.length + text.length > stringCharsMax
    this.#body = this.#isTooLong ? '' : this.#body + text
  }

  /** BEL, ESC, CAN or SUB in a string. */
  #endString(character: string): string {
    if (character === '\u001b') {
      this.#state = 'stringEscape'
      return ''
    }
    // BEL ends an OSC string alone.
    if (character === '\u0007' && this.#introducer !== ']') {
      this.#collect(character)
      return ''
    }
    this.#state = 'text'
    return character === '\u0007' ? this.#blankString(character) : character
  }

  #stringEscape(character: string): [string, boolean] {
    if (character === '\\') {
      this.#state = 'text'
      return [this.#blankString('\u001b\\'), true]
    }
    // In tmux's passthrough, an ESC is doubled.
    if (character === '\u001b' && this.#introducer === 'P' && this.#body.startsWith(passthrough)) {
      this.#state = 'string'
      this.#collect(character)
      return ['', true]
    }
    this.#begin()
    return ['', false]
  }

  #blankString(tail: string): string {
    if (this.#isTooLong) return ''
    const body = this.#body
    if (this.#introducer === 'P' && body.startsWith(passthrough) && this.nested < nestedMax) {
      const inner = new OutputBlanker(this.salt, this.nested + 1)
      const blanked = inner.take(body.slice(passthrough.length)).replaceAll('\u001b', '\u001b\u001b')
      return `\u001bP${passthrough}${blanked}${tail}`
    }
    const osc = this.#introducer === ']' ? blankOsc(body, this.salt) : null
    return osc === null ? '' : `\u001b]${osc}${tail}`
  }
}

/** Where BEL, ESC, CAN or SUB stands, or the length. */
function stringEnd(text: string, from: number): number {
  let at = from
  while (at < text.length && !'\u0007\u001b\u0018\u001a'.includes(text[at]!)) at++
  return at
}

/** @returns null when nothing of it is read. */
function blankOsc(body: string, salt: string): string | null {
  const [, digits = '', text = ''] = /^(\d{1,4});(.*)$/s.exec(body) ?? []
  if (digits === '') return null
  switch (Number(digits)) {
    case 0:
    case 2:
      return `${digits};${blankText(text)}`
    case 9:
      return blankProgressOrText(text)
    case 99: {
      const blanked = blankKitty(text, salt)
      return blanked === null ? null : `99;${blanked}`
    }
    case 133:
    case 633: {
      const mark = /^[A-D](?=;|$)/.exec(text)?.[0]
      const code = /^D(;-?\d{1,10})(?=;|$)/.exec(text)?.[1] ?? ''
      return mark === undefined ? null : `${digits};${mark}${code}`
    }
    case 777:
      return text.startsWith('notify;') ? `777;notify;${blankText(text.slice('notify;'.length))}` : null
    case 7501:
      return blankStatus(text, salt)
    default:
      return null
  }
}

/** ConEmu's functions begin with their number; 4 is progress, no other is read. All else is a notification. */
function blankProgressOrText(text: string): string | null {
  const [code = ''] = text.split(';', 1)
  if (!/^(?:[1-9]|1[0-2])$/.test(code)) return `9;${blankText(text)}`
  const progress = /^4(?:;\d{0,3}){0,2}(?=;|$)/.exec(text)?.[0]
  return progress === undefined ? null : `9;${progress}`
}

/** kitty, "Desktop notifications": metadata `key=value:…` before the first semicolon, the text behind it. */
function blankKitty(text: string, salt: string): string | null {
  const at = text.indexOf(';')
  if (at === -1) return null
  const metadata = new Map(
    text
      .slice(0, at)
      .split(':')
      .filter((pair) => pair[1] === '=')
      .map((pair) => [pair[0]!, pair.slice(2)]),
  )
  const [id = '', part = 'title', done, encoding] = ['i', 'p', 'd', 'e'].map((key) => metadata.get(key))
  const isText = part === 'title' || part === 'body'
  const kept = [
    id === '' ? '' : `i=${hashed(id, salt)}`,
    isText || part === 'close' || part === '?' || part === 'alive' ? `p=${part}` : 'p=icon',
    done === '0' ? 'd=0' : '',
    encoding === '1' ? 'e=1' : '',
  ]
  const payload = text.slice(at + 1)
  const decoded = encoding === '1' ? Buffer.from(payload, 'base64').toString() : payload
  const blanked = isText ? blankText(decoded) : ''
  return `${kept.filter(Boolean).join(':')};${encoding === '1' ? Buffer.from(blanked).toString('base64') : blanked}`
}

/** OSC 7501: the state stays, with the kind of answer and the program's name; ids are hashed, a text is `x`. */
function blankStatus(text: string, salt: string): string | null {
  const said = programStatus(text)
  if (said === null) return null
  const { state, id, app, attention, text: words } = said
  const pairs = [
    `state=${state}`,
    id === ''
      ? ''
      : `id=${id
          .split('/')
          .map((name) => hashed(name, salt))
          .join('/')}`,
    app === null ? '' : `app=${app}`,
    attention === null ? '' : `kind=${attention}`,
    words === null ? '' : 'msg=eA==',
  ]
  return `7501;${pairs.filter(Boolean).join(':')}`
}

function hashed(text: string, salt: string): string {
  return createHash('sha256').update(salt).update(text).digest('hex').slice(0, 8)
}
