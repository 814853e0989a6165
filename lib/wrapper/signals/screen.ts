import { stripVTControlCharacters } from 'node:util'

/** What the agent has written, as a person would see it. */
export interface Screen {
  /** Takes output; never throws. */
  write(bytes: Uint8Array): void
  resize(columns: number, rows: number): void
  /** Its columns and rows; null for what is no terminal. */
  readonly size: { columns: number; rows: number } | null
  /** The visible lines, from top to bottom. */
  lines(): Promise<string[]>
}

/** Output of a burst past which what came before is not rendered: it has scrolled away. */
const burstBytesMax = 128 * 1_024
/** What the emulator may have before it before more is left out: a full-screen program will draw anew. */
const renderingBytesMax = 8 * 1_024 * 1_024
/** What the emulator takes at once. */
const pieceBytes = 1_024
/** Scrolling, inserting, deleting, tabs, repeating: the emulator does them as often as it is told, 2³¹ times too. */
const countedFinals = 'STLMIZb'
/** More often than a screen has lines or columns they mean nothing; such a sequence is passed over. */
const countMax = 300
/** Where rendering goes on after lines that were left out: on the main screen, at the start of a line, plain. */
const afterGap = Buffer.from('\u001b[?1049l\u001b[0m\r')

/**
 * A terminal's screen, rendered by a terminal emulator that is loaded when it is first asked for. A burst of lines
 * costs the agent nothing: only the last of them are rendered.
 * @param isAlternate whether what was written last went to the alternate screen, where nothing scrolls away.
 */
export function renderedScreen(columns: number, rows: number, isAlternate: () => boolean): Screen {
  let size = { columns, rows }
  let queued: Uint8Array[] = []
  let queuedBytes = 0
  let renderingBytes = 0
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
      for (const final of countedFinals)
        terminal.parser.registerCsiHandler({ final }, ([count]) => Number(count) > countMax)
    }
    const bytes = Buffer.concat(queued)
    queued = []
    queuedBytes = 0
    const current = terminal
    if (renderingBytes > renderingBytesMax) return current
    if (bytes.length === 0) {
      // What another look has handed to the emulator belongs to the screen too.
      if (renderingBytes > 0) await new Promise<void>((resolve) => current.write('', resolve))
      return current
    }
    renderingBytes += bytes.length
    await new Promise<void>((resolve) => {
      // The emulator lets others have their turn, but only between pieces.
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        const end = at + pieceBytes
        current.write(bytes.subarray(at, end), end < bytes.length ? undefined : resolve)
      }
    })
    renderingBytes -= bytes.length
    return current
  }

  /** Renders without anybody waiting for it; what cannot be rendered is no screen. */
  const renderBehind = (): void => {
    render().catch(() => {
      queued = []
      queuedBytes = 0
    })
  }

  return {
    write(bytes) {
      queued.push(bytes)
      queuedBytes += bytes.length
      if (queuedBytes < 2 * burstBytesMax) return
      if (isAlternate()) return renderBehind()
      const all = Buffer.concat(queued)
      // The emulator's own state is right again at the start of a line.
      const start = all.indexOf(0x0a, all.length - burstBytesMax) + 1
      if (start === 0) return renderBehind()
      queued = [afterGap, all.subarray(start)]
      queuedBytes = all.length - start
    },
    resize(toColumns, toRows) {
      size = { columns: toColumns, rows: toRows }
      terminal?.resize(Math.max(1, toColumns), Math.max(1, toRows))
    },
    get size() {
      return size
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
      tail = Buffer.concat([tail, bytes.slice(-tailBytesMax)]).subarray(-tailBytesMax)
    },
    resize() {},
    size: null,
    async lines() {
      const lines = stripVTControlCharacters(tail.toString()).split('\n')
      // What follows a carriage return stands over what came before.
      return lines.map((line) => line.replace(/\r+$/, '').split('\r').at(-1) ?? '')
    },
  }
}
