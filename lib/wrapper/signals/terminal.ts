import { OscReader, type OscSignal } from './osc.js'
import {
  bell,
  cancel,
  esc,
  lackingBytes,
  nextControl,
  plainSequenceEnd,
  stringEnd,
  substitute,
} from './scan.js'

/** What an agent tells its terminal, and so whoever looks on. */
export type TerminalSignal =
  | OscSignal
  /** BEL outside of any string. */
  | { kind: 'bell' }

/** Where in a control sequence the output stands. Numbers, since every byte asks. */
const state = {
  /** Text. */
  ground: 0,
  /** After ESC; after ESC and intermediate bytes. */
  escape: 1,
  intermediate: 2,
  /** After `ESC [`; in the parameters of a sequence of no interest; in those of `ESC [ ?`. */
  controlStart: 3,
  control: 4,
  modes: 5,
  osc: 6,
  /** At the start of a DCS string, where it may turn out to be tmux's passthrough. */
  dcs: 7,
  /** In a string whose content means nothing here: DCS, APC, PM, SOS. */
  skipped: 8,
  /** In tmux's passthrough; after an ESC in it. */
  passthrough: 9,
  passthroughEscape: 10,
} as const

const backslash = 0x5c

const oscBytesMax = 4_096
const oneEsc = Uint8Array.of(esc)
const passthroughMark = new TextEncoder().encode('tmux;')
const nestedMax = 3

const bracketedPasteBit = 1
const alternateScreenBit = 2
const focusReportsBit = 4

/** DEC private modes: xterm, "Control Sequences", DECSET. */
function modeBit(mode: number): number {
  switch (mode) {
    case 2004:
      return bracketedPasteBit
    case 47:
    case 1047:
    case 1049:
      return alternateScreenBit
    case 1004:
      return focusReportsBit
    default:
      return 0
  }
}

/**
 * Looks at the output of an agent on its way to the terminal. It neither changes nor holds a byte, whole sequences
 * may come in any number of pieces, and its memory is bounded whatever comes.
 *
 * It reads as terminals do (the VT500 state machine in UTF-8): CAN and SUB abort, an ESC inside a sequence begins
 * the next one, C0 controls inside a control sequence act at once, and C1 bytes are only ever parts of characters.
 * GNU screen's passthrough (`ESC P ESC ] … BEL ESC \`) is read by that alone; tmux's is unwrapped.
 */
export class TerminalSignals {
  readonly #onSignal: (signal: TerminalSignal) => void
  readonly #nested: number
  readonly #oscReader = new OscReader()
  #state: number = state.ground
  /** The modes that are set, as bits. */
  #modes = 0
  /** Of `ESC [ ?`: the bits of the modes before this one, and the number of this one so far. */
  #named = 0
  #number = 0
  /** An OSC string so far; a length past the bound means that it is dropped. */
  #osc: Buffer | null = null
  #oscBytes = 0
  /** An OSC string was followed by ESC: it counts if a backslash follows. */
  #isOscEnding = false
  /** How many bytes of tmux's mark have come. */
  #marked = 0
  /** Reads what a passthrough holds. */
  #inner: TerminalSignals | null = null
  /** Bytes that the UTF-8 character at the end still lacks. */
  #lacking = 0

  /**
   * @param onSignal called while `write` runs, in the order of the output.
   * @param nested how many passthroughs are around this output; left to the default by callers.
   */
  constructor(onSignal: (signal: TerminalSignal) => void, nested = 0) {
    this.#onSignal = onSignal
    this.#nested = nested
  }

  /** Whether pasted text comes in brackets (DECSET 2004). */
  get bracketedPaste(): boolean {
    return (this.#modes & bracketedPasteBit) !== 0
  }

  /** Whether the alternate screen is shown (DECSET 47, 1047, 1049). */
  get alternateScreen(): boolean {
    return (this.#modes & alternateScreenBit) !== 0
  }

  /** Whether the terminal tells when it gains and loses the focus (DECSET 1004). */
  get focusReports(): boolean {
    return (this.#modes & focusReportsBit) !== 0
  }

  /** Whether the last byte seen ended a sequence and a whole UTF-8 character: something may be inserted here. */
  get isAtRest(): boolean {
    return this.#state === state.ground && this.#lacking === 0
  }

  /** Looks at the next bytes of the output: any number, any content. They are not kept. */
  write(bytes: Uint8Array): void {
    const output = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    let at = 0
    while (at < output.length) at = this.#read(output, at)
    this.#lacking = this.#state === state.ground ? lackingBytes(output, this.#lacking) : 0
  }

  /** Reads on in the present state until it changes; gives where. */
  #read(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case state.ground:
        return this.#text(bytes, at)
      case state.escape:
        return this.#escape(bytes[at]!, at)
      case state.controlStart:
        if (this.#isControl(bytes[at]!)) return at + 1
        this.#state = bytes[at] === 0x3f ? state.modes : state.control
        this.#named = 0
        this.#number = 0
        return bytes[at] === 0x3f ? at + 1 : at
      case state.control:
        return this.#control(bytes, at)
      case state.modes:
        return this.#privateModes(bytes, at)
      case state.intermediate:
        // 0x20 to 0x2f, then one that ends it.
        if (!this.#isControl(bytes[at]!) && (bytes[at]! < 0x20 || bytes[at]! > 0x2f))
          this.#state = state.ground
        return at + 1
      case state.osc:
        return this.#collect(bytes, at)
      case state.dcs:
        return this.#begin(bytes[at]!, at)
      case state.skipped: {
        const end = stringEnd(bytes, at)
        if (end < bytes.length && bytes[end] !== bell) this.#endString(bytes[end]!)
        return end + 1
      }
      case state.passthrough:
        return this.#unwrap(bytes, at)
      default:
        return this.#unwrapEscape(bytes[at]!, at)
    }
  }

  #text(bytes: Buffer, from: number): number {
    let at = nextControl(bytes, from)
    while (at < bytes.length) {
      const byte = bytes[at++]!
      if (byte === esc) {
        const end = plainSequenceEnd(bytes, at)
        if (end === null) {
          this.#state = state.escape
          return at
        }
        at = end
      } else if (byte === bell) {
        this.#onSignal({ kind: 'bell' })
      }
      at = nextControl(bytes, at)
    }
    return at
  }

  #escape(byte: number, at: number): number {
    if (this.#isOscEnding) {
      this.#isOscEnding = false
      if (byte === backslash) this.#endOsc()
    }
    if (this.#isControl(byte)) return at + 1
    switch (byte) {
      case 0x5b: // [
        this.#state = state.controlStart
        break
      case 0x5d: // ]
        this.#state = state.osc
        this.#oscBytes = 0
        break
      case 0x50: // P
        this.#state = this.#nested < nestedMax ? state.dcs : state.skipped
        this.#marked = 0
        break
      case 0x58: // X
      case 0x5e: // ^
      case 0x5f: // _
        this.#state = state.skipped
        break
      case 0x63: // c, RIS
        this.#modes = 0
        this.#state = state.ground
        break
      default:
        this.#state = byte >= 0x20 && byte <= 0x2f ? state.intermediate : state.ground
    }
    return at + 1
  }

  /** What C0 controls do inside a sequence; false when the byte is none. */
  #isControl(byte: number): boolean {
    if (byte >= 0x20) return byte === 0x7f
    if (byte === esc) this.#state = state.escape
    else if (byte === cancel || byte === substitute) this.#state = state.ground
    else if (byte === bell) this.#onSignal({ kind: 'bell' })
    return true
  }

  #control(bytes: Buffer, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at]!
      if (byte >= 0x20 && byte < 0x40) continue
      if (!this.#isControl(byte)) this.#state = state.ground
      if (this.#state !== state.control) return at + 1
    }
    return bytes.length
  }

  /** `ESC [ ? Pm h` sets modes, `l` resets them; how many they are does not matter. */
  #privateModes(bytes: Buffer, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at]!
      if (byte >= 0x30 && byte <= 0x39) {
        this.#number = Math.min(99_999, this.#number * 10 + byte - 0x30)
        continue
      }
      if (!this.#isControl(byte)) {
        this.#named |= modeBit(this.#number)
        this.#number = 0
        if (byte === 0x68) this.#modes |= this.#named
        else if (byte === 0x6c) this.#modes &= ~this.#named
        // Anything but a semicolon makes it another sequence, and ends it from 0x40 on.
        if (byte !== 0x3b) this.#state = byte < 0x40 ? state.control : state.ground
      }
      if (this.#state !== state.modes) return at + 1
    }
    return bytes.length
  }

  #collect(bytes: Buffer, from: number): number {
    const end = stringEnd(bytes, from)
    const isBell = bytes[end] === bell
    if (this.#oscBytes === 0 && (isBell || (bytes[end] === esc && bytes[end + 1] === backslash))) {
      // It came whole, as nearly all do: no copy.
      this.#state = state.ground
      if (end - from <= oscBytesMax) this.#tell(this.#oscReader.read(bytes, from, end))
      return isBell ? end + 1 : end + 2
    }
    if (this.#oscBytes + end - from <= oscBytesMax) {
      this.#osc ??= Buffer.alloc(oscBytesMax)
      bytes.copy(this.#osc, this.#oscBytes, from, end)
      this.#oscBytes += end - from
    } else {
      this.#oscBytes = oscBytesMax + 1
    }
    if (end === bytes.length) return end
    if (isBell) {
      this.#state = state.ground
      this.#endOsc()
    } else {
      this.#isOscEnding = bytes[end] === esc
      this.#endString(bytes[end]!)
    }
    return end + 1
  }

  #endOsc(): void {
    if (this.#osc !== null && this.#oscBytes <= oscBytesMax)
      this.#tell(this.#oscReader.read(this.#osc, 0, this.#oscBytes))
  }

  #tell(signal: TerminalSignal | null): void {
    if (signal !== null) this.#onSignal(signal)
  }

  /** ESC, CAN or SUB in a string. `ESC \` ends it; before any other byte, ESC begins a new sequence. */
  #endString(byte: number): void {
    this.#state = byte === esc ? state.escape : state.ground
  }

  /** Tells tmux's passthrough from other DCS strings. */
  #begin(byte: number, at: number): number {
    if (byte !== passthroughMark[this.#marked]) {
      this.#state = state.skipped
      return at
    }
    if (++this.#marked === passthroughMark.length) {
      this.#state = state.passthrough
      this.#inner ??= new TerminalSignals(this.#onSignal, this.#nested + 1)
      this.#inner.#state = state.ground
      this.#inner.#isOscEnding = false
    }
    return at + 1
  }

  /**
   * `ESC P tmux; … ESC \`, in which an ESC is doubled: tmux gives the content to the terminal around it. The modes
   * that it sets are that terminal's, not those of the agent's, so they are left alone.
   */
  #unwrap(bytes: Buffer, from: number): number {
    let end = stringEnd(bytes, from)
    while (bytes[end] === bell) end = stringEnd(bytes, end + 1)
    if (end > from) this.#inner?.write(bytes.subarray(from, end))
    if (end < bytes.length) this.#state = bytes[end] === esc ? state.passthroughEscape : state.ground
    return end + 1
  }

  #unwrapEscape(byte: number, at: number): number {
    if (byte !== esc) {
      this.#state = state.escape
      return at
    }
    this.#state = state.passthrough
    this.#inner?.write(oneEsc)
    return at + 1
  }
}
