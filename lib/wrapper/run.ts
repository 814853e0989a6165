import { constants } from 'node:os'
import type { Log } from '../wire/log.js'
import type { Child } from './child.js'
import type { Signal } from './lifecycle.js'
import type { Reporting } from './reporting.js'
import { outputTail, renderedScreen } from './signals/screen.js'
import type { AgentIdentity } from './state.js'
import { PersonsTerminal } from './terminal.js'

export interface RunOptions {
  who: AgentIdentity
  /** The command as it was given, its file, its arguments and all of its environment. */
  command: string
  file: string
  args: string[]
  env: Record<string, string>
  socketPath: string
  sendSnippet: boolean
  startHub?: () => void
  log: Log
}

/** The bus is loaded once the agent has shown something, or after this long. */
const reportAfterMs = 200
/** When a key may have stopped the agent (Ctrl-Z, `:suspend`), its process is looked at this long after. */
const stopChecksMs = [60, 300]
/** And this often in any case: another process may stop it. */
const stopCheckEveryMs = 5_000
const passedOn: NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2']

/**
 * Runs a command as if it ran bare, and tells the bus of it.
 * @returns its exit code; 128+n when signal n ended it.
 */
export async function runAgent(options: RunOptions): Promise<number> {
  const run = new AgentRun(options)
  try {
    return await run.start()
  } finally {
    run.giveBack()
  }
}

class AgentRun {
  readonly #streams = {
    stdin: process.stdin.isTTY === true,
    stdout: process.stdout.isTTY === true,
    stderr: process.stderr.isTTY === true,
  }
  readonly #terminal = this.#streams.stdin && this.#streams.stdout ? new PersonsTerminal() : null
  readonly #screen
  readonly #signals: Signal[] = []
  #child!: Child
  #reporting: Reporting | null = null
  #loading: Promise<void> | null = null
  #isSuspended = false
  #isOver = false
  #endAsked = false
  #markExited = (): void => {}
  readonly #exited = new Promise<void>((resolve) => {
    this.#markExited = resolve
  })

  constructor(private readonly options: RunOptions) {
    const size = this.#terminal?.size
    this.#screen = size ? renderedScreen(size.columns, size.rows) : outputTail()
  }

  giveBack(): void {
    this.#terminal?.giveBack()
  }

  async start(): Promise<number> {
    // A fault in the bus must not take the agent's terminal with it.
    process.on('uncaughtException', (error) => this.#note('error', 'uncaught', error))
    process.on('unhandledRejection', (error) => this.#note('error', 'uncaught', error as Error))
    process.on('exit', () => this.giveBack())
    // Who does not read any more is no reason to go on for the command: it gets its own SIGPIPE.
    for (const name of ['stdout', 'stderr'] as const)
      process[name].on('error', () => {
        this.#child?.abandon(name)
        this.#child?.resume()
      })

    const outcome = new Promise<{ code: number; signal: NodeJS.Signals | null }>((resolve) => {
      void this.#startChild((code, signal) => resolve({ code, signal }))
    })
    const { code, signal } = await outcome
    this.#isOver = true
    await Promise.all([written(process.stdout), written(process.stderr)])
    this.giveBack()
    process.stdin.pause()
    await this.#ended(code, signal)
    return signal === null ? code : 128 + (constants.signals[signal] ?? 0)
  }

  async #startChild(onExit: (code: number, signal: NodeJS.Signals | null) => void): Promise<void> {
    const { command, file, args, env, who } = this.options
    const child = { command, file, args, env, cwd: who.cwd }
    const events = {
      onOutput: (bytes: Buffer, from: 'stdout' | 'stderr') => this.#output(bytes, from),
      onExit,
    }
    if (this.#terminal) {
      const { startOnTerminal } = await import('./child-pty.js')
      this.#terminal.takeOver()
      this.#child = startOnTerminal(child, this.#terminal.size, events)
      this.#joinTerminals()
    } else {
      const { startOnPipes } = await import('./child-pipes.js')
      this.#child = await startOnPipes(child, this.#streams, events)
    }
    this.#passSignalsOn()
    this.#see({ kind: 'started', atMs: Date.now() })
    setTimeout(() => void this.#load(), reportAfterMs).unref()
  }

  /** Joins the person's terminal with the agent's: keys, size, suspend and resume. */
  #joinTerminals(): void {
    process.stdin.on('data', (bytes: Buffer) => {
      this.#child.write(bytes)
      for (const ms of stopChecksMs) setTimeout(() => this.#checkStopped(), ms).unref()
    })
    process.stdin.on('error', () => {})
    process.stdout.on('resize', () => this.#resize())
    process.on('SIGCONT', () => this.#goOn())
    setInterval(() => this.#checkStopped(), stopCheckEveryMs).unref()
  }

  #resize(): void {
    const { columns, rows } = this.#terminal!.size
    this.#child.resize(columns, rows)
    this.#screen.resize(columns, rows)
  }

  /** When the agent was stopped, this process stops too, so that the shell gets its terminal back. */
  #checkStopped(): void {
    if (this.#isOver) return
    // A shell that brings a running job to the foreground says nothing: the terminal is taken when it is there.
    if (!this.#isSuspended && !this.#terminal!.isRaw) this.#terminal!.takeOver()
    if (this.#isSuspended || !this.#child.isStopped) return
    this.#isSuspended = true
    this.#see({ kind: 'stopped', atMs: Date.now() })
    // The bus is told before there is nobody to tell it.
    setTimeout(() => {
      if (!this.#isSuspended) return
      this.#terminal!.giveBack()
      process.kill(0, 'SIGTSTP')
      // Reached again when the job goes on; or at once, when no shell is there to wake it.
      setTimeout(() => this.#goOn(), 50)
    }, 300)
  }

  #goOn(): void {
    if (this.#isOver) return
    this.#terminal?.takeOver()
    if (!this.#isSuspended) return
    this.#isSuspended = false
    this.#resize()
    this.#child.wake()
    this.#see({ kind: 'continued', atMs: Date.now() })
  }

  #passSignalsOn(): void {
    for (const name of passedOn)
      process.on(name, () => {
        // Keys that signal reach a child in the terminal's own group without us.
        const isFromKeys = this.#child.sharesGroup && (name === 'SIGINT' || name === 'SIGQUIT')
        this.#endAsked = true
        if (!isFromKeys) this.#child.signal(name)
      })
  }

  #output(bytes: Buffer, from: 'stdout' | 'stderr'): void {
    const stream = process[from]
    if (!stream.write(bytes)) {
      this.#child.pause()
      stream.once('drain', () => this.#child.resume())
    }
    this.#screen.write(bytes)
    if (this.#reporting) this.#reporting.activity()
    else setImmediate(() => void this.#load())
  }

  #see(signal: Signal): void {
    if (this.#reporting) this.#reporting.signal(signal)
    else this.#signals.push(signal)
  }

  #load(): Promise<void> {
    this.#loading ??= (async () => {
      try {
        const { Reporting } = await import('./reporting.js')
        const { who, socketPath, env, sendSnippet, startHub, log } = this.options
        this.#reporting = new Reporting({
          who,
          socketPath,
          env,
          screen: this.#screen,
          child: this.#child,
          exited: this.#exited,
          signals: this.#signals,
          sendSnippet,
          ...(startHub && { startHub }),
          log,
        })
        this.#reporting.activity()
      } catch (error) {
        this.#note('error', 'reporting_failed', error as Error)
      }
    })()
    return this.#loading
  }

  async #ended(code: number, signal: NodeJS.Signals | null): Promise<void> {
    this.#markExited()
    const asked = this.#endAsked || this.#reporting?.stopAsked === true
    this.#see({ kind: 'exited', code, signal, asked, atMs: Date.now() })
    const failed = !asked && (code !== 0 || signal !== null)
    // An agent that came and went unseen is not worth the wait; one that failed is.
    if (failed) await this.#load()
    // The answer to stop_agent goes out before the connection ends.
    await new Promise((resolve) => setImmediate(resolve))
    await this.#reporting?.end()
  }

  #note(level: 'error', event: string, error: Error): void {
    this.options.log(level, event, { message: error?.message, stack: error?.stack })
  }
}

/** Waits until a stream has taken all that it was given; one that is broken takes nothing more. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) return resolve()
    stream.once('error', () => resolve())
    stream.write('', () => resolve())
  })
}
