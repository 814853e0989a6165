import type { Key } from '../model/key.js'
import { Input, type Token } from './input.js'
import { openKeyReader, type KeyReader } from './key-reader.js'
import { textKey } from './keys.js'

export interface KeyboardOptions {
  /** The terminal's kind, as in TERM. */
  term: string
  setRawMode: (isRaw: boolean) => void
  write: (bytes: string) => void
  onKey: (key: Key) => void
  onPasteCut: (lost: number) => void
  /** What the terminal answers to a question. */
  onReply: (bytes: string) => void
}

/** Keys that are kept while terminal-kit is being loaded. */
const earlyMax = 4_096

/** What a person does at a terminal: its bytes as keys. */
export class Keyboard {
  readonly #input = new Input()
  #timer: NodeJS.Timeout | undefined
  #reader: KeyReader | null = null
  #early: Token[] = []
  #isHeard = false

  constructor(readonly options: KeyboardOptions) {
    void this.#load()
  }

  /** Listens from now on: raw mode and the mouse, as soon as they can be had. */
  start(): void {
    this.#isHeard = true
    this.#reader?.grab()
  }

  /** Whatever comes is none of ours; what is half heard is forgotten. */
  stop(): void {
    this.#isHeard = false
    this.#early = []
    clearTimeout(this.#timer)
    this.#input.forget()
  }

  /** Takes what the terminal sends. */
  readonly hear = (bytes: Uint8Array): void => {
    if (this.#isHeard) this.#obeyAll(this.#input.take(bytes, performance.now()))
  }

  #obeyAll(tokens: readonly Token[]): void {
    for (const token of tokens) if (this.#isHeard) this.#obey(token)
    clearTimeout(this.#timer)
    const { dueMs } = this.#input
    if (dueMs === null || !this.#isHeard) return
    const tick = (): void => this.#obeyAll(this.#input.tick(performance.now()))
    this.#timer = setTimeout(tick, Math.ceil(dueMs - performance.now()))
  }

  #obey(token: Token): void {
    const { onKey, onPasteCut, onReply } = this.options
    if (token.kind === 'reply') onReply(token.bytes)
    else if (this.#reader === null) this.#keep(token)
    else if (token.kind === 'sequence') this.#reader.take(token.bytes)
    else if (token.kind === 'paste') {
      if (token.lost > 0) onPasteCut(token.lost)
      onKey({ kind: 'paste', text: token.text })
    } else {
      const key = textKey(token.text)
      if (key) onKey(key)
    }
  }

  #keep(token: Token): void {
    if (this.#early.length < earlyMax) this.#early.push(token)
  }

  /** Loads what knows the keys, while the first picture is on its way. */
  async #load(): Promise<void> {
    const { term, setRawMode, write, onKey } = this.options
    this.#reader = await openKeyReader({ term, setRawMode, write, onKey })
    if (!this.#isHeard) return
    this.#reader.grab()
    const early = this.#early
    this.#early = []
    this.#obeyAll(early)
  }
}
