import pty from '@lydell/node-pty'
import { noteChild } from './children.js'

/** A program on a terminal that this process plays: it reads all that is shown, and types. */
export class Terminal {
  /** Told of every chunk. */
  hear: (bytes: Buffer) => void = () => {}
  readonly #pty: pty.IPty
  readonly #ended: Promise<unknown>
  #fail: (error: Error) => void = () => {}

  constructor(
    argv: readonly string[],
    options: { cwd: string; env: Record<string, string>; cols?: number; rows?: number },
  ) {
    const [program = '', ...args] = argv
    const given = { name: 'xterm-256color', cols: 120, rows: 40, ...options }
    this.#pty = pty.spawn(program, args, { ...given, encoding: null })
    const forget = noteChild(this.#pty.pid)
    // Without an encoding the data are bytes, whatever the types say.
    this.#pty.onData((bytes) => this.hear(bytes as unknown as Buffer))
    this.#ended = new Promise<void>((resolve) => {
      this.#pty.onExit(({ exitCode }) => {
        forget()
        this.#fail(new Error(`${program} ended with ${exitCode}`))
        resolve()
      })
    })
  }

  get pid(): number {
    return this.#pty.pid
  }

  type(keys: string): void {
    this.#pty.write(keys)
  }

  /** Reads no more until `resume`, as a terminal that cannot draw so fast. */
  pause(): void {
    this.#pty.pause()
  }

  resume(): void {
    this.#pty.resume()
  }

  /** Waits until `hear` has called `done`. @throws when the program ends before, or after `limitMs`. */
  async during<T>(start: (done: (value: T) => void) => void, late: string, limitMs = 60_000): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#fail = reject
        timer = setTimeout(() => reject(new Error(`${late} within ${limitMs / 1_000} s`)), limitMs)
        start(resolve)
      })
    } finally {
      clearTimeout(timer)
      this.#fail = () => {}
      this.hear = () => {}
    }
  }

  /** Waits until a text was shown. */
  see(text: string): Promise<void> {
    let shown = ''
    return this.during(
      (done) => {
        this.hear = (bytes) => {
          shown = (shown + bytes.toString()).slice(-4_096)
          if (shown.includes(text)) done(undefined)
        }
      },
      `never saw ${JSON.stringify(text)}`,
    )
  }

  /** Hangs up, as closing a window does, and waits for the end. */
  async close(): Promise<void> {
    this.#pty.kill('SIGHUP')
    const timer = setTimeout(() => this.#pty.kill('SIGKILL'), 3_000)
    await this.#ended
    clearTimeout(timer)
  }
}
