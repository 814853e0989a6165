import type { V1Socket } from '../../../lib/hub/v1/socket.js'
import { decodeV1Message } from '../../../lib/wire/decode.js'
import type { V1Envelope } from '../../../lib/wire/v1.js'

/** A websocket that takes what it was sent at the end of the turn, or only when it is told to. */
export class TestSocket implements V1Socket {
  unsent = 0
  /** The most that ever waited in it. */
  mostUnsent = 0
  /** The close frame that it was sent. */
  closed: { code: number; reason: string } | null = null
  isTerminated = false
  /** When it was sent each error of the hub's own. */
  readonly sentErrorsMs: number[] = []
  /** Messages that have reached the client. */
  readonly taken: Buffer[] = []
  onClose: () => void = () => {}
  readonly #waiting: { message: Buffer; gone: (() => void) | undefined }[] = []
  readonly #lost: (() => void)[] = []

  constructor(
    public isStuck: boolean,
    private readonly now: () => number,
  ) {}

  /** Whether it is gone for good. */
  get isOver(): boolean {
    return this.isTerminated || (this.closed !== null && this.#waiting.length === 0)
  }

  send(messages: readonly Buffer[], gone?: () => void): void {
    if (messages.length === 0) throw new Error('nothing was sent: nobody will ever say that it has gone')
    if (this.closed !== null || this.isTerminated) {
      if (gone) this.#lost.push(gone)
      return
    }
    for (const [i, message] of messages.entries()) {
      if (isOwnError(checkV1(message))) this.sentErrorsMs.push(this.now())
      this.unsent += message.length
      this.#waiting.push({ message, gone: i === messages.length - 1 ? gone : undefined })
    }
    this.mostUnsent = Math.max(this.mostUnsent, this.unsent)
  }

  close(code: number, reason: string): void {
    this.closed ??= { code, reason }
  }

  terminate(): void {
    this.isTerminated = true
    for (const { gone } of this.#waiting.splice(0)) if (gone) this.#lost.push(gone)
    this.unsent = 0
  }

  /** One message leaves it. @returns whether there was one. */
  takeOne(): boolean {
    const next = this.#waiting.shift()
    if (next === undefined) return false
    this.taken.push(next.message)
    this.unsent -= next.message.length
    next.gone?.()
    return true
  }

  /** All that waits in it now leaves it. @returns whether there was anything. */
  takeAll(): boolean {
    const count = this.#waiting.length
    const lost = this.#lost.splice(0)
    for (const gone of lost) gone()
    for (let i = 0; i < count; i++) this.takeOne()
    return count + lost.length > 0
  }
}

/** What no v1 client may be told: what is no message of v1, and what is too large to be one. */
function checkV1(bytes: Buffer): V1Envelope {
  try {
    return decodeV1Message(bytes)
  } catch (error) {
    throw new Error(`v1 clients are told what is no message: ${bytes.toString().slice(0, 300)}`, {
      cause: error,
    })
  }
}

function isOwnError({ type, sender_id: sender }: V1Envelope): boolean {
  return type === 'error' && sender === 'aoc-hub'
}
