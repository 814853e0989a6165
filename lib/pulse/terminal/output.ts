import fs from 'node:fs'
import type { WriteStream } from 'node:tty'

/** How long a terminal may take nothing before its last words are given up. */
const lastWordsMs = 1_000
/** More than this is not written into a terminal that takes nothing. */
const waitingBytesMax = 65_536

/**
 * What is written to a terminal. A terminal may stop taking what is written (a hung connection, a stopped
 * emulator): then nothing here waits for it, and little piles up.
 */
export class Output {
  #waiting = 0
  #isGone = false

  /**
   * @param onFree is called when the terminal has taken all of it.
   * @param onGone when there is no terminal any more; once.
   */
  constructor(
    readonly stdout: WriteStream & { fd: number },
    readonly onFree: () => void,
    readonly onGone: () => void,
  ) {
    stdout.on('error', this.#lost)
  }

  /** Whether the terminal has taken all that was written. */
  get isFree(): boolean {
    return this.#waiting === 0
  }

  /** Node's own writes to a terminal block the whole process until it has taken them. */
  set isBlocking(isBlocking: boolean) {
    const { _handle: handle } = this.stdout as unknown as {
      _handle?: { setBlocking?: (on: boolean) => void } | null
    }
    handle?.setBlocking?.(isBlocking)
  }

  /** Writes; left out when too much waits already, or nobody is there. */
  write(bytes: string): void {
    if (this.#isGone || bytes === '' || this.#waiting > waitingBytesMax) return
    this.#waiting += bytes.length
    this.stdout.write(bytes, () => {
      this.#waiting -= bytes.length
      if (this.isFree) this.onFree()
    })
  }

  /** Writes before it returns, for the process may end then. A terminal that takes nothing is given up. */
  writeNow(text: string): void {
    const bytes = Buffer.from(text)
    const untilMs = Date.now() + lastWordsMs
    for (let at = 0; at < bytes.length && Date.now() < untilMs;) {
      try {
        at += fs.writeSync(this.stdout.fd, bytes, at)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
      }
    }
  }

  /** Resolves when the terminal has taken all of it, or takes nothing. */
  async drained(): Promise<void> {
    for (const untilMs = Date.now() + lastWordsMs; !this.isFree && !this.#isGone && Date.now() < untilMs;)
      await new Promise((resolve) => setTimeout(resolve, 5))
  }

  close(): void {
    this.isBlocking = true
    // The listener stays: an error that comes late is none to die of.
    this.#isGone = true
  }

  readonly #lost = (): void => {
    if (this.#isGone) return
    this.#isGone = true
    this.onGone()
  }
}
