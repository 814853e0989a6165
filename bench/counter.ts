const newline = 10
const carriageReturn = 13
const brace = 125

/**
 * Counts the frames of a stream without reading them; the same for all candidates. A frame ends with a newline after
 * a `}`, a `\r` between them allowed: so ends the JSON that each of them carries, and nothing that NATS or Redis put
 * around it. Frames have mostly the length of the one before, so that is where the next end is looked for; where it
 * is not found the bytes are searched.
 */
export class FrameCounter {
  frames = 0
  /** Bytes of the last frame. */
  #stride = 0
  /** Bytes of the unfinished frame that came with chunks before. */
  #held = 0
  /** The two bytes before the chunk. */
  #last = 0
  #nextToLast = 0

  /** Takes the first `length` bytes of `chunk`. */
  take(chunk: Buffer, length: number): void {
    let start = -this.#held
    for (;;) {
      const expected = start + this.#stride - 1
      let end = -1
      if (this.#stride > 0 && expected >= 0 && expected < length && this.#isEnd(chunk, expected))
        end = expected
      else end = this.#search(chunk, Math.max(start, 0), length)
      if (end === -1) break
      this.frames++
      this.#stride = end + 1 - start
      start = end + 1
    }
    this.#held = length - start
    this.#nextToLast = length > 1 ? chunk[length - 2]! : this.#last
    this.#last = chunk[length - 1]!
  }

  #search(chunk: Buffer, from: number, length: number): number {
    for (let at = from; at < length; at++) {
      at = chunk.indexOf(newline, at)
      if (at === -1 || at >= length) return -1
      if (this.#isEnd(chunk, at)) return at
    }
    return -1
  }

  #isEnd(chunk: Buffer, at: number): boolean {
    if (chunk[at] !== newline) return false
    const before = at > 0 ? chunk[at - 1] : this.#last
    if (before !== carriageReturn) return before === brace
    return brace === (at > 1 ? chunk[at - 2] : at === 1 ? this.#last : this.#nextToLast)
  }
}
