import { lineBytesMax } from './limits.js'

/** What a stream of bytes holds next: a line without its newline, or a line too long to keep. */
export type Line =
  { kind: 'line'; bytes: Buffer; number: number } | { kind: 'too_long'; length: number; number: number }

const newline = 10
const carriageReturn = 13
const space = 32
const tab = 9
const hash = 35

/**
 * Cuts a stream into lines with bounded memory. Blank lines and lines that start with `#` are passed over; a line
 * of more than `bytesMax` bytes is dropped whole, up to its newline, and told of once.
 *
 * Lines are pulled one at a time so that a reader can stop between two of them; what `push` was given and `next`
 * has not reached stays queued. Seed 001, "Framing".
 */
export class LineReader {
  #queued: Buffer[] = []
  #at = 0
  /** The start of an unfinished line; grows by doubling, so many small chunks cost no more than one. */
  #partial = Buffer.alloc(0)
  #partialBytes = 0
  #lines = 0

  constructor(private readonly bytesMax = lineBytesMax) {}

  /** Takes the next bytes of the stream; they are not copied and must not change. */
  push(chunk: Buffer): void {
    if (chunk.length > 0) this.#queued.push(chunk)
  }

  /** The next line that is complete, or null when the queue holds none. */
  next(): Line | null {
    for (;;) {
      const chunk = this.#queued[0]
      if (chunk === undefined) return null
      const end = chunk.indexOf(newline, this.#at)
      if (end === -1) {
        this.#keep(chunk.subarray(this.#at))
        this.#shift()
        continue
      }
      const rest = chunk.subarray(this.#at, end)
      if (end + 1 === chunk.length) this.#shift()
      else this.#at = end + 1
      const line = this.#take(rest)
      if (line !== null) return line
    }
  }

  /** The bytes after the last newline as a line, once the stream has ended and `next` gives null. */
  finish(): Line | null {
    return this.#partialBytes === 0 ? null : this.#take(Buffer.alloc(0))
  }

  #shift(): void {
    this.#queued.shift()
    this.#at = 0
  }

  /** Keeps the start of a line; past the bound only its length (one byte more for a `\r` that may end it). */
  #keep(piece: Buffer): void {
    const length = this.#partialBytes + piece.length
    if (length > this.bytesMax + 1) {
      this.#partial = Buffer.alloc(0)
    } else {
      if (length > this.#partial.length) {
        const grown = Buffer.allocUnsafeSlow(Math.max(length, this.#partial.length * 2, 1_024))
        this.#partial.copy(grown, 0, 0, this.#partialBytes)
        this.#partial = grown
      }
      piece.copy(this.#partial, this.#partialBytes)
    }
    this.#partialBytes = length
  }

  #take(rest: Buffer): Line | null {
    const number = ++this.#lines
    let bytes = rest
    if (this.#partialBytes > 0) {
      this.#keep(rest)
      bytes = this.#partial.subarray(0, this.#partialBytes)
    }
    let length = this.#partialBytes || rest.length
    this.#partial = Buffer.alloc(0)
    this.#partialBytes = 0
    if (length > this.bytesMax + 1) return { kind: 'too_long', length, number }
    if (bytes[length - 1] === carriageReturn) bytes = bytes.subarray(0, --length)
    if (length > this.bytesMax) return { kind: 'too_long', length, number }
    return isSkipped(bytes) ? null : { kind: 'line', bytes, number }
  }
}

function isSkipped(bytes: Buffer): boolean {
  for (const byte of bytes) {
    if (byte === space || byte === tab) continue
    return byte === hash
  }
  return true
}
