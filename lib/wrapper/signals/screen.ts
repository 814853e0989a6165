import { stripVTControlCharacters } from 'node:util'

/** What the agent has written, as a person would see it. */
export interface Screen {
  /** Takes output; never throws. */
  write(bytes: Buffer): void
  resize(columns: number, rows: number): void
  /** The visible lines, from top to bottom. */
  lines(): Promise<string[]>
}

/** Output of a burst past which what came before is not rendered: it has scrolled away anyway. */
const burstBytesMax = 512 * 1_024

/**
 * A terminal's screen, rendered by a terminal emulator that is loaded with the first output. It renders when it is
 * asked for, so a burst of output costs the agent nothing.
 */
export function renderedScreen(columns: number, rows: number): Screen {
  let size = { columns, rows }
  let queued: Buffer[] = []
  let queuedBytes = 0
  let terminal: import('@xterm/headless').Terminal | null = null

  const render = async (): Promise<import('@xterm/headless').Terminal> => {
    if (terminal === null) {
      const xterm = await import('@xterm/headless')
      const { columns: cols, rows: high } = size
      terminal ??= new xterm.default.Terminal({
        cols,
        rows: high,
        scrollback: 0,
        allowProposedApi: true,
        logLevel: 'off',
      })
    }
    const bytes = Buffer.concat(queued)
    queued = []
    queuedBytes = 0
    const current = terminal
    if (bytes.length > 0) await new Promise<void>((resolve) => current.write(bytes, resolve))
    return current
  }

  return {
    write(bytes) {
      queued.push(bytes)
      queuedBytes += bytes.length
      while (queuedBytes - queued[0]!.length > burstBytesMax) queuedBytes -= queued.shift()!.length
    },
    resize(toColumns, toRows) {
      size = { columns: toColumns, rows: toRows }
      terminal?.resize(Math.max(1, toColumns), Math.max(1, toRows))
    },
    async lines() {
      const { buffer, rows: high } = await render()
      return Array.from(
        { length: high },
        (_, row) => buffer.active.getLine(buffer.active.viewportY + row)?.translateToString(true) ?? '',
      )
    },
  }
}

const tailBytesMax = 8_192

/** The end of output that went to no terminal: its last lines, without what would move a cursor. */
export function outputTail(): Screen {
  let tail = Buffer.alloc(0)
  return {
    write(bytes) {
      tail = Buffer.concat([tail, bytes.subarray(-tailBytesMax)]).subarray(-tailBytesMax)
    },
    resize() {},
    async lines() {
      const lines = stripVTControlCharacters(tail.toString()).split('\n')
      // What follows a carriage return stands over what came before.
      return lines.map((line) => line.replace(/\r+$/, '').split('\r').at(-1) ?? '')
    },
  }
}
