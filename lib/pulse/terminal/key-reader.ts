import { EventEmitter } from 'node:events'
import type { ReadStream, WriteStream } from 'node:tty'
import type { Key } from '../model/key.js'
import { keyOf, mouseKey } from './keys.js'

/** The terminal that keys come from, without what ends it. */
export interface KeySource {
  /** Its kind, as in TERM. */
  term: string
  setRawMode: (isRaw: boolean) => void
  write: (bytes: string) => void
  onKey: (key: Key) => void
}

/** terminal-kit, fed with whole sequences. */
export interface KeyReader {
  /** One key's or mouse event's bytes, whole. What they mean goes to `onKey`. */
  take(sequence: string): void
  /** Raw mode, and the mouse's buttons and wheel. */
  grab(): void
}

/**
 * Opens terminal-kit on a terminal. It knows what each kind of terminal sends for a key; it is given nothing that it
 * would hang on or take for something else (see `Input`), and writes nothing when the process ends.
 */
export async function openKeyReader({ setRawMode, write, term, onKey }: KeySource): Promise<KeyReader> {
  const { default: terminalKit } = await import('terminal-kit')
  const stdin = Object.assign(new EventEmitter(), { setRawMode, resume() {}, pause() {} })
  const stdout = Object.assign(new EventEmitter(), { write, isTTY: false })
  const endings = ['exit', 'beforeExit', 'asyncExit'] as const
  const before = endings.map((event) => process.listeners(event as 'exit'))
  const kit = terminalKit.createTerminal({
    stdin: stdin as unknown as ReadStream,
    stdout: stdout as unknown as WriteStream,
    stderr: stdout as unknown as WriteStream,
    appId: '',
    appName: '',
    // Its other tables are of terminals that send what one of these does; they cost time, and the wrong colours.
    generic: term.startsWith('rxvt') ? 'rxvt-256color' : 'xterm-256color',
  })
  // It would write to the terminal when the process ends, after the screen was given back.
  endings.forEach((event, i) => {
    for (const listener of process.listeners(event as 'exit'))
      if (!before[i]!.includes(listener)) process.off(event, listener)
  })

  let sequence: Buffer = Buffer.alloc(0)
  kit.on('key', (name: string, _matches: unknown, data: { code?: Buffer | number }) => {
    // Of a sequence that it does not know it takes the Esc for a key and the rest for text.
    if (Buffer.isBuffer(data.code) && data.code.length !== sequence.length) return
    if (typeof data.code === 'number' && sequence.length !== 1) return
    const key = keyOf(name)
    if (key) onKey(key)
  })
  kit.on('mouse', (name: string, data: { x: number; y: number } | undefined) => {
    const key = data && mouseKey(name, data)
    if (key) onKey(key)
  })
  return {
    take(bytes) {
      sequence = Buffer.from(bytes, 'latin1')
      stdin.emit('data', sequence)
    },
    grab: () => kit.grabInput({ mouse: 'button' }),
  }
}
