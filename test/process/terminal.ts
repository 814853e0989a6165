import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import pty from '@lydell/node-pty'
import { readToTheEnd } from '../../lib/wrapper/child-pty.js'

/** The folder of the built binaries. */
export const dist = path.resolve(
  process.env['AOC_TEST_DIST'] ?? fileURLToPath(new URL('../../dist', import.meta.url)),
)
export const wrapper = path.join(dist, 'bin/aoc-agent-wrap.js')

if (!existsSync(wrapper)) throw new Error(`${wrapper} is missing: npm run build`)

/** How a program ended. */
export interface Ended {
  exitCode: number
  signal?: number | undefined
}

/** A program on a terminal that the test plays: types, looks, resizes. */
export class TestTerminal {
  readonly ended: Promise<Ended>
  #output: Buffer[] = []
  readonly #child

  constructor(
    file: string,
    args: string[],
    options: { cwd: string; env: Record<string, string>; columns?: number; rows?: number },
  ) {
    const { cwd, env, columns: cols = 80, rows = 24 } = options
    this.#child = pty.spawn(file, args, { name: 'xterm-256color', cols, rows, cwd, env, encoding: null })
    this.#child.onData((data) => this.#output.push(data as unknown as Buffer))
    readToTheEnd(this.#child, (bytes) => this.#output.push(bytes))
    this.ended = new Promise((resolve) => this.#child.onExit(resolve))
  }

  get pid(): number {
    return this.#child.pid
  }

  /** All that was written so far, as bytes. */
  get bytes(): Buffer {
    return Buffer.concat(this.#output)
  }

  get text(): string {
    return this.bytes.toString()
  }

  type(keys: string): void {
    this.#child.write(keys)
  }

  resize(columns: number, rows: number): void {
    this.#child.resize(columns, rows)
  }

  /** Waits until the output matches, from `from` on. @throws what there was instead. */
  async see(pattern: RegExp, from = 0, withinMs = 15_000): Promise<number> {
    for (const untilMs = Date.now() + withinMs; ;) {
      const text = this.text.slice(from)
      const match = pattern.exec(text)
      if (match) return from + match.index + match[0].length
      if (Date.now() > untilMs)
        throw new Error(`never saw ${String(pattern)} in ${JSON.stringify(text.slice(-2_000))}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  kill(): void {
    try {
      this.#child.kill('SIGKILL')
    } catch {
      // It is gone.
    }
  }
}

/** Waits for something to become true. @throws when it does not. */
export async function until<T>(
  what: string,
  check: () => T | Promise<T>,
  withinMs = 15_000,
): Promise<NonNullable<T>> {
  for (const untilMs = Date.now() + withinMs; ;) {
    const found = await check()
    if (found !== null && found !== undefined && found !== false) return found
    if (Date.now() > untilMs) throw new Error(`never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
}
