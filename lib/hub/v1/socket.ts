/** One websocket, as the shim sees it. */
export interface V1Socket {
  /** Bytes that were sent and have not gone yet. */
  readonly unsent: number
  /** Sends messages, in one write; `gone` is called when they have left, or never will. */
  send(messages: readonly Buffer[], gone?: () => void): void
  /** Closes it once what was sent before has gone. */
  close(code: number, reason: string): void
  /** Ends it at once. */
  terminate(): void
}
