/**
 * What one connection has still to take: its replies (results, errors, commands for it), which are never dropped,
 * and how many bytes handed to its socket are still unsent. Pure: the edge reports what was written.
 * design: Slow subscribers.
 */
export class Outbox {
  #replies: Buffer[] = []
  #replyBytes = 0
  #unsent = 0
  #progressMs: number

  constructor(nowMs: number) {
    this.#progressMs = nowMs
  }

  /** Bytes handed over and not written yet. */
  get unsent(): number {
    return this.#unsent
  }

  get replyBytes(): number {
    return this.#replyBytes
  }

  get isEmpty(): boolean {
    return this.#unsent === 0 && this.#replies.length === 0
  }

  /** Queues a reply. */
  reply(line: Buffer): void {
    this.#replies.push(line)
    this.#replyBytes += line.length
  }

  /** Takes the replies for the socket, unless it is over its budget. */
  takeReplies(budgetBytes: number): Buffer[] {
    if (this.#replies.length === 0 || this.#unsent > budgetBytes) return []
    const taken = this.#replies
    this.#replies = []
    this.#replyBytes = 0
    return taken
  }

  /** Notes that bytes were handed to the socket. */
  handedOver(lines: readonly Buffer[], nowMs: number): void {
    if (this.#unsent === 0) this.#progressMs = nowMs
    for (const line of lines) this.#unsent += line.length
  }

  /** Notes that the socket has written bytes. */
  written(bytes: number, nowMs: number): void {
    this.#unsent -= bytes
    this.#progressMs = nowMs
  }

  /** Counts the time without progress from now. */
  restartWait(nowMs: number): void {
    this.#progressMs = nowMs
  }

  /** Whether bytes wait and none was taken for `stalledMs`. */
  isStalled(stalledMs: number, nowMs: number): boolean {
    return this.#unsent > 0 && nowMs - this.#progressMs >= stalledMs
  }
}
