import type { ReadStream, WriteStream } from 'node:tty'
import type { Log } from '../../wire/log.js'
import type { Key } from '../model/key.js'
import type { Picture } from '../view/picture.js'
import { askBackground, BackgroundAnswer } from './background.js'
import { colorDepth } from './color.js'
import { Frames } from './frames.js'
import { guard } from './guard.js'
import { stopAsJob } from './job.js'
import { Keyboard } from './keyboard.js'
import { giveScreenBack, takeScreen } from './modes.js'
import { Output } from './output.js'
import { themeOf, themeOn, type Theme, type ThemeName } from './theme.js'

/** Columns and rows. */
export interface Size {
  columns: number
  rows: number
}

export interface TerminalOptions {
  /** Both are a terminal. */
  stdin: ReadStream
  stdout: WriteStream & { fd: number }
  env: Readonly<Record<string, string | undefined>>
  theme: ThemeName
  /** The program's name, for what is said when it fails. */
  name: string
  onKey: (key: Key) => void
  /** The size is another than before; a picture of that size is due. */
  onResize: (size: Size) => void
  /** There is no terminal any more. Called once. */
  onGone: () => void
  /** A paste was longer than 64 KiB: the last `lost` bytes are not in the key that comes next. */
  onPasteCut?: (lost: number) => void
  log: Log
}

/** A person's terminal, as a screen. */
export interface Terminal {
  readonly size: Size
  /** Shows a picture, soon; of several the newest. It is not to be changed any more, and has the terminal's size. */
  draw(picture: Picture): void
  /** Draws everything anew, when something else has written over it. */
  redraw(): void
  /** Writes between two pictures what moves no cursor, as the bell or a notice. */
  write(bytes: string): void
  /** Gives the terminal back and stops, as a shell's job does on Ctrl-Z; takes it again when it goes on. */
  suspend(): void
  /** Gives the terminal back for good. Resolves when it has taken everything. */
  close(): Promise<void>
}

/**
 * Takes a terminal as a screen, at once. It is always given back: by `close`, and when the process exits, fails or is
 * stopped. SIGINT and SIGTERM are the caller's; so is Ctrl-Z, which comes as a key.
 * @throws {Error} when it is no terminal.
 */
export function openTerminal(options: TerminalOptions): Terminal {
  if (!options.stdin.isTTY || !options.stdout.isTTY) throw new Error('there is no terminal to draw on')
  return new FullScreen(options)
}

class FullScreen implements Terminal {
  size: Size
  #state: 'taken' | 'stopped' | 'closed' = 'stopped'
  #isGone = false
  readonly #output: Output
  readonly #frames: Frames
  #endGuard = (): void => {}
  /** Null until the terminal has said which background it has. */
  #theme: Theme | null = null
  #background: BackgroundAnswer | null = null
  readonly #keyboard: Keyboard

  constructor(readonly options: TerminalOptions) {
    const { stdin, stdout, env, theme } = options
    this.size = sizeOf(stdout)
    this.#output = new Output(
      stdout,
      () => this.#frames.next(),
      () => this.#lose(),
    )
    this.#frames = new Frames({
      write: (bytes) => this.#output.write(bytes),
      isFree: () => this.#output.isFree,
      size: () => this.size,
    })
    this.#keyboard = new Keyboard({
      term: env['TERM'] ?? '',
      setRawMode: (isRaw) => void stdin.setRawMode(isRaw),
      write: (bytes) => this.write(bytes),
      onKey: options.onKey,
      onPasteCut: options.onPasteCut ?? (() => {}),
      onReply: (bytes) => this.#background?.take(bytes),
    })
    stdin.on('data', this.#keyboard.hear)
    for (const event of ['end', 'close', 'error']) stdin.on(event, this.#lose)
    stdout.on('resize', this.#resize)
    const depth = colorDepth(env)
    // Without colours nothing depends on the background, and the Linux console does not say it.
    const isAsked = theme === 'auto' && depth !== 0 && env['TERM'] !== 'linux'
    if (!isAsked) this.#theme = themeOf(theme === 'auto' ? 'terminal' : theme, depth)
    this.#take()
    if (isAsked) {
      this.#output.write(askBackground)
      this.#background = new BackgroundAnswer((background) => {
        this.#theme = themeOf(themeOn(background), depth)
        if (this.#state === 'taken') this.#frames.start(this.#theme)
      })
    }
  }

  draw(picture: Picture): void {
    this.#frames.draw(picture)
  }

  redraw(): void {
    this.#frames.forget()
  }

  write(bytes: string): void {
    if (this.#state === 'taken') this.#output.write(bytes)
  }

  suspend(): void {
    void this.#stop('group')
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return
    this.#frames.stop()
    if (this.#state === 'taken') await this.#output.drained()
    this.#giveBack()
    this.#state = 'closed'
    this.#endGuard()
    this.#background?.cancel()
    const { stdin, stdout } = this.options
    stdin.off('data', this.#keyboard.hear)
    stdout.off('resize', this.#resize)
    this.#output.close()
  }

  #take(): void {
    const { stdin, name, log } = this.options
    // First: it stops a process that a shell has put into the background, before that has written anything.
    stdin.setRawMode(true)
    stdin.resume()
    this.#state = 'taken'
    this.#endGuard()
    this.#endGuard = guard({
      name,
      giveBack: () => this.#giveBack(),
      onStop: () => void this.#stop('self'),
      onContinue: () => {
        // Whoever had the terminal in between has set it as it likes.
        stdin.setRawMode(false)
        this.#take()
        askForSize()
      },
      onHangup: this.#lose,
      onFailure: (error) => log('error', 'failed', { error: String(error) }),
    })
    this.#output.isBlocking = false
    this.#output.write(takeScreen)
    this.#keyboard.start()
    if (this.#theme) this.#frames.start(this.#theme)
  }

  /** Gives the terminal back before it returns. */
  #giveBack(): void {
    if (this.#state !== 'taken') return
    this.#state = 'stopped'
    this.#frames.stop()
    this.#keyboard.stop()
    this.#output.writeNow(giveScreenBack)
    this.options.stdin.setRawMode(false)
    this.options.stdin.pause()
  }

  async #stop(whom: 'group' | 'self'): Promise<void> {
    this.#frames.stop()
    await this.#output.drained()
    if (this.#state !== 'taken' || this.#isGone) return
    this.#giveBack()
    // Our own listener would keep the signal from stopping us.
    this.#endGuard()
    await stopAsJob(whom)
    // It may have been closed meanwhile.
    if ((this.#state as string) !== 'stopped') return
    this.#take()
    askForSize()
  }

  #resize = (): void => {
    const size = sizeOf(this.options.stdout)
    if (size.columns === this.size.columns && size.rows === this.size.rows) return
    this.size = size
    this.#frames.forget()
    this.options.onResize(size)
  }

  #lose = (): void => {
    if (this.#isGone || this.#state === 'closed') return
    this.#isGone = true
    this.#frames.stop()
    this.#keyboard.stop()
    this.options.stdin.pause()
    this.options.onGone()
  }
}

/** A process is not told of a size that its terminal got while another one was in the foreground. */
function askForSize(): void {
  process.kill(process.pid, 'SIGWINCH')
}

function sizeOf({ columns, rows }: WriteStream): Size {
  return { columns: columns || 80, rows: rows || 24 }
}
