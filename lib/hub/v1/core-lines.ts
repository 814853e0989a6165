import type { HubEnvelope } from '../../wire/messages.js'

/** The frames in what the core has written to one connection. */
export function framesIn(lines: readonly Buffer[]): HubEnvelope[] {
  return lines.flatMap((buffer) =>
    buffer
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as HubEnvelope),
  )
}

/**
 * What becomes of the core's lines when they are said in v1: `done` is called once, when all the messages they come to
 * have gone. So the core's own rules for who reads slowly hold for v1 clients.
 */
export class Passage {
  #open = 1

  constructor(private readonly done: () => void) {}

  /** One more message is on its way. @returns what to call when it is gone. */
  one(): () => void {
    this.#open++
    return () => this.#close()
  }

  /** There are no more. */
  end(): void {
    this.#close()
  }

  #close(): void {
    if (--this.#open === 0) this.done()
  }
}

/** Bytes of all lines together. */
export function bytesOf(lines: readonly Buffer[]): number {
  return lines.reduce((bytes, line) => bytes + line.length, 0)
}
