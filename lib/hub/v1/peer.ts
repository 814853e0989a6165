import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { V1Socket } from './socket.js'

/** One websocket: what waits to leave it, and when it last gave a sign of life. Times are of a clock that does not leap. */
export class Peer implements V1Socket {
  unsent = 0
  #seenMs: number
  /** When it last took some of what it was sent. */
  #takenMs: number

  constructor(
    private readonly ws: WebSocket,
    private readonly socket: Duplex,
  ) {
    this.#seenMs = this.#takenMs = performance.now()
  }

  send(messages: readonly Buffer[], gone?: () => void): void {
    const { ws, socket } = this
    if (ws.readyState !== ws.OPEN) return queueMicrotask(() => gone?.())
    if (this.unsent === 0) this.#takenMs = performance.now()
    socket.cork()
    for (const [i, message] of messages.entries()) {
      this.unsent += message.length
      ws.send(message, { binary: false }, () => {
        this.unsent -= message.length
        this.#takenMs = performance.now()
        if (i === messages.length - 1) gone?.()
      })
    }
    socket.uncork()
  }

  close(code: number, reason: string): void {
    this.ws.close(code, reason)
  }

  terminate(): void {
    this.ws.terminate()
  }

  ping(): void {
    if (this.ws.readyState === this.ws.OPEN) this.ws.ping()
  }

  /** It gave a sign of life. */
  seen(): void {
    this.#seenMs = performance.now()
  }

  /** Nobody could be heard for a while: all waits start anew. */
  restartWaits(): void {
    this.#seenMs = this.#takenMs = performance.now()
  }

  /** Why it is to be ended, or null. */
  faultOf({ pingMs, writeMs }: { pingMs: number; writeMs: number }): string | null {
    const nowMs = performance.now()
    if (this.unsent > 0 && nowMs - this.#takenMs > writeMs)
      return `it has read nothing for ${writeMs / 1_000} s`
    return nowMs - this.#seenMs > 3 * pingMs ? `no sign of life for ${(3 * pingMs) / 1_000} s` : null
  }
}
