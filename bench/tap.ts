import net from 'node:net'

/** Where a candidate listens. */
export type Address = { path: string } | { host: string; port: number }

/**
 * All sockets of this process read into the same memory: what is heard is looked at before the next read. It keeps
 * the load generator's own cost low and alike for all candidates.
 */
const readBuffer = Buffer.allocUnsafeSlow(256 * 1_024)

/** A raw connection to a candidate: bytes out, and whatever listens for the bytes that come in. */
export class Tap {
  /** Told of every chunk, which is its own only until it returns. */
  hear: (chunk: Buffer, length: number) => void = () => {}
  /** What was heard in answer to the greeting. */
  answer = ''
  readonly #socket: net.Socket
  #isClosing = false
  #fail: (error: Error) => void = (error) => {
    throw error
  }

  /**
   * Connects, says `greeting` and waits for the answer.
   * @param isReady tells from all that was heard so far whether the answer is complete.
   */
  static async open(address: Address, greeting: Buffer, isReady: (heard: string) => boolean): Promise<Tap> {
    const tap = new Tap(address)
    tap.answer = await tap.ask(greeting, isReady)
    return tap
  }

  private constructor(address: Address) {
    const onread = {
      buffer: readBuffer,
      callback: (length: number, buffer: Uint8Array) => {
        this.hear(buffer as Buffer, length)
        return true
      },
    }
    this.#socket = net.connect({ ...address, onread } as net.NetConnectOpts)
    this.#socket.setNoDelay(true)
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('close', () => {
      if (!this.#isClosing) this.#fail(new Error('the connection was closed by the other side'))
    })
  }

  /** Says something and waits until the answer is complete. @returns all that was heard meanwhile. */
  ask(said: Buffer, isComplete: (heard: string) => boolean): Promise<string> {
    return this.during(
      (done) => {
        let heard = ''
        this.hear = (chunk, length) => {
          heard += chunk.toString('latin1', 0, length)
          if (isComplete(heard)) done(heard)
        }
        this.write(said)
      },
      () => 'no complete answer',
    )
  }

  /** Waits for `start` to call `done`; fails when the connection does, or after `limitMs`. */
  async during<T>(
    start: (done: (value: T) => void) => void,
    late: () => string,
    limitMs = 15_000,
  ): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const before = this.#fail
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#fail = reject
        timer = setTimeout(() => reject(new Error(`${late()} within ${limitMs / 1_000} s`)), limitMs)
        start(resolve)
      })
    } finally {
      clearTimeout(timer)
      this.#fail = before
      this.hear = () => {}
    }
  }

  /** @returns false when it is better to wait for `onceDrained`. */
  write(bytes: Buffer): boolean {
    return this.#socket.write(bytes)
  }

  onceDrained(then: () => void): void {
    this.#socket.once('drain', then)
  }

  close(): void {
    this.#isClosing = true
    this.#fail = () => {}
    this.#socket.destroy()
  }
}
