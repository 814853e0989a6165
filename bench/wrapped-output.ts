import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import xterm from '@xterm/headless'
import { versionOf } from './candidates.js'
import { writeOutput, type Output } from './compiler-output.js'
import { interleave, type Effort, type Row } from './suite.js'
import type { Terminal } from './terminal.js'
import { settledMs, type Workplace, type WrappedSide } from './wrapped.js'

/** What a long build shows. */
const outputBytes = 26 * 1_048_576
/** A terminal that has so much to draw reads no more for the moment. */
const drawingBytesMax = 131_072

type Reader = (terminal: Terminal, output: Output) => Promise<number>

/**
 * Output of a command that has run for a while, from the key that starts it to the last byte. A person's terminal
 * draws what it reads. To one that only reads, everything between costs: so that is compared with script(1), which
 * hands on and does nothing else.
 */
export async function measureOutput(place: Workplace, effort: Effort): Promise<Row[]> {
  const bytes = outputBytes / (effort.isQuick ? 4 : 1)
  const colored = writeOutput(path.join(place.dir, 'colored.out'), 'colored', bytes)
  const plain = writeOutput(path.join(place.dir, 'plain.out'), 'plain', bytes)
  const target = { kind: 'ratio', to: 'bare', atLeast: 0.9 } as const
  return [
    await measure(place, effort, {
      row: { name: 'colored output, drawn', target, note: 'the terminal is @xterm/headless' },
      output: colored,
      read: drawn,
    }),
    await measure(place, effort, {
      row: { name: 'plain output, drawn', target },
      output: plain,
      read: drawn,
    }),
    await measure(place, effort, {
      row: {
        name: 'colored output, only read',
        target: { kind: 'ratio', to: 'script', atLeast: 0.9 },
        note: 'nothing between two terminals is faster than script(1) by much: three programs want the cores',
      },
      output: colored,
      read: onlyRead,
    }),
  ]
}

async function measure(
  place: Workplace,
  { rounds, say }: Effort,
  { row, output, read }: { row: Pick<Row, 'name' | 'target' | 'note'>; output: Output; read: Reader },
): Promise<Row> {
  say(row.name)
  const measured: Row = { ...row, unit: 'bytes_per_second', rounds: { ours: [] } }
  const sides: WrappedSide[] = ['ours', 'bare']
  // The one of util-linux: others take no command.
  if (read === onlyRead && versionOf('script')?.includes('util-linux')) sides.push('script')
  const script = 'printf ready; while read -r _; do cat "$1"; done'
  const started = sides.map((side) => ({ side, terminal: place.start(side, script, output.file) }))
  try {
    await Promise.all(started.map(({ terminal }) => terminal.see('ready')))
    await wait(settledMs)
    for (const { terminal } of started) await read(terminal, output)
    await interleave(rounds, started, async ({ side, terminal }) => {
      const ms = await read(terminal, output)
      ;(measured.rounds[side] ??= []).push((output.shownBytes / ms) * 1_000)
    })
    return measured
  } finally {
    await Promise.all(started.map(({ terminal }) => terminal.close()))
  }
}

/** @returns milliseconds until the last byte was read. */
async function onlyRead(terminal: Terminal, output: Output): Promise<number> {
  return timed(terminal, output, (heard, done) => {
    terminal.hear = (bytes) => {
      if (heard(bytes.length)) done()
    }
  })
}

/** @returns milliseconds until the last byte was drawn. */
async function drawn(terminal: Terminal, output: Output): Promise<number> {
  const screen = new xterm.Terminal({ cols: 120, rows: 40, scrollback: 1_000 })
  try {
    return await timed(terminal, output, (heard, done) => {
      let drawing = 0
      terminal.hear = (bytes) => {
        drawing += bytes.length
        if (drawing > drawingBytesMax) terminal.pause()
        screen.write(bytes, () => {
          drawing -= bytes.length
          if (drawing < drawingBytesMax / 2) terminal.resume()
          if (heard(bytes.length)) done()
        })
      }
    })
  } finally {
    screen.dispose()
  }
}

/** @throws when a byte is missing, or one too many came. */
async function timed(
  terminal: Terminal,
  output: Output,
  listen: (heard: (bytes: number) => boolean, done: () => void) => void,
): Promise<number> {
  // The key is echoed first.
  const wanted = output.shownBytes + '\r\n'.length
  let total = 0
  const ms = await terminal.during<number>((done) => {
    const beginMs = performance.now()
    const heard = (bytes: number): boolean => (total += bytes) >= wanted
    listen(heard, () => done(performance.now() - beginMs))
    terminal.type('\r')
  }, 'the output did not come')
  if (total !== wanted) throw new Error(`the terminal showed ${total} bytes instead of ${wanted}`)
  return ms
}
