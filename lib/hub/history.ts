/** One delta as it went out: its number and its line, newline included. */
interface Entry {
  seq: number
  line: Buffer
}

/**
 * The recent deltas as bytes, bounded by count and by bytes. A subscriber is a cursor into it: those that keep up
 * stand at its end, those that resume stand further back. The seqs in it have no gap.
 * design: seq, epoch, resume.
 */
export class History {
  /** A ring: `#count` entries from `#first`. */
  readonly #ring: (Entry | undefined)[]
  #first = 0
  #count = 0
  #bytes = 0
  #joined: { from: number; last: number; to: number; bytes: Buffer } | null = null

  constructor(
    private readonly deltasMax: number,
    private readonly bytesMax: number,
  ) {
    this.#ring = Array.from({ length: deltasMax })
  }

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The first seq that is still here; 0 when none is. */
  get oldestSeq(): number {
    return this.#ring[this.#first]?.seq ?? 0
  }

  /** Adds the delta after the last one; the oldest go when there is no room. */
  push(seq: number, line: Buffer): void {
    while (this.#count > 0 && (this.#count === this.deltasMax || this.#bytes + line.length > this.bytesMax)) {
      this.#bytes -= this.#ring[this.#first]!.line.length
      this.#ring[this.#first] = undefined
      this.#first = (this.#first + 1) % this.deltasMax
      this.#count--
    }
    this.#ring[(this.#first + this.#count) % this.deltasMax] = { seq, line }
    this.#count++
    this.#bytes += line.length
  }

  /** Whether every delta after `seq` is still here; true when there is none. */
  holdsAfter(seq: number, lastSeq: number): boolean {
    return seq === lastSeq || (seq < lastSeq && this.#count > 0 && this.#ring[this.#first]!.seq <= seq + 1)
  }

  /** Bytes of the deltas after `seq`, which must all be here. */
  bytesAfter(seq: number): number {
    let total = 0
    for (const line of this.#after(seq)) total += line.length
    return total
  }

  /** The line of the delta with this seq, if it is still here. */
  at(seq: number): Buffer | undefined {
    const entry = this.#ring[this.#slot(seq)]
    return entry?.seq === seq ? entry.line : undefined
  }

  /**
   * The deltas after `seq` as one buffer, of at most `bytesMax` bytes or a single delta; made once for all subscribers
   * that stand at the same place. @returns it, and the seq of its last delta.
   */
  joinedAfter(seq: number, lastSeq: number, bytesMax: number): { bytes: Buffer; to: number } {
    if (this.#joined?.from === seq && this.#joined.last === lastSeq) return this.#joined
    const lines: Buffer[] = []
    let length = 0
    for (const line of this.#after(seq)) {
      if (lines.length > 0 && length + line.length > bytesMax) break
      lines.push(line)
      length += line.length
    }
    const bytes = lines.length === 1 ? lines[0]! : Buffer.concat(lines, length)
    this.#joined = { from: seq, last: lastSeq, to: seq + lines.length, bytes }
    return this.#joined
  }

  /** Lets go of the buffer that the last round of writes shared. */
  release(): void {
    this.#joined = null
  }

  #slot(seq: number): number {
    const first = this.#ring[this.#first]
    return first === undefined
      ? 0
      : (((this.#first + seq - first.seq) % this.deltasMax) + this.deltasMax) % this.deltasMax
  }

  #after(seq: number): Buffer[] {
    const first = this.#ring[this.#first]
    if (first === undefined) return []
    const lines: Buffer[] = []
    for (let i = Math.max(0, seq + 1 - first.seq); i < this.#count; i++)
      lines.push(this.#ring[(this.#first + i) % this.deltasMax]!.line)
    return lines
  }
}
