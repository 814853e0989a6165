import { constants } from 'node:os'
import type { Log } from '../wire/log.js'
import type { Alerts } from '../wire/notice/alerts.js'
import type { NoticeSetting } from '../wire/notice/ways.js'
import { isAlive } from '../wire/process-life.js'
import { reportable } from '../wire/reportable.js'
import type { Child } from './child.js'
import { realClock } from './clock.js'
import type { HookEvent } from './door/door.js'
import { prepareLaunch, type Launch } from './launch.js'
import type { Signal } from './lifecycle/signal.js'
import { Observer, type Recorder } from './observer.js'
import { any } from './profiles/any.js'
import type { Profile } from './profiles/profile.js'
import type { Reporting } from './reporting.js'
import { outputTail, renderedScreen } from './signals/screen.js'
import { oneLine } from './snippet.js'
import type { AgentIdentity } from './state.js'
import { PersonsTerminal } from './terminal.js'

export interface RunOptions {
  who: AgentIdentity
  /** The command as it was given, its file, its arguments and all of its environment. */
  command: string
  file: string
  args: string[]
  env: Record<string, string>
  profile: Profile
  /** Whether the agent may be told, for this launch, to say what it does. */
  mayInject: boolean
  /** This user's folder for what lives as long as a session. */
  runtimeDir: string
  /** The hub's socket; null when nobody is told of the agent. */
  socketPath: string | null
  sendSnippet: boolean
  startHub?: () => void
  /** How the person is told when the agent needs them. */
  notify: NoticeSetting
  /** Opens a recorder that sees all that the status comes from. */
  record?: (launch: { blind: string | null; columns: number; rows: number; terminal: boolean }) => Recorder
  log: Log
}

/** Notices that wait for the agent to come to rest. */
const insertCharsMax = 8_192
/** The bus is loaded once the agent has shown something, or after this long. */
const reportAfterMs = 200
/** When a key may have stopped the agent (Ctrl-Z, `:suspend`), its process is looked at this long after. */
const stopChecksMs = [60, 300] as const
/** And this often in any case: another process may stop it. */
const stopCheckEveryMs = 5_000
const passedOn: NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2']
/** Those that ask for its end, if it comes within this long. */
const ends: NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP']
const endTakesMs = 10_000

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

/** How the agent ended. */
interface Ending {
  code: number
  signal: NodeJS.Signals | null
}

/** What a stream is made of, beyond its types. */
interface Insides {
  _handle?: { setBlocking?: (isBlocking: boolean) => void }
}

class AgentRun {
  readonly #streams = {
    stdin: process.stdin.isTTY === true,
    stdout: process.stdout.isTTY === true,
    stderr: process.stderr.isTTY === true,
  }
  readonly #terminal = this.#streams.stdin && this.#streams.stdout ? new PersonsTerminal() : null
  /** What came before there was an observer: hooks of an agent that has hardly begun. */
  #early: HookEvent[] = []
  #launch!: Launch
  #observer!: Observer
  #recorder: Recorder | null = null
  #child!: Child
  #reporting: Reporting | null = null
  #loading: Promise<void> | null = null
  #isSuspended = false
  /** 0 none, 1 under way, 2 to be done again after that. */
  #checksDue: 0 | 1 | 2 = 0
  #isOver = false
  /** When somebody asked for its end: by a signal that was passed on. */
  #endAskedMs: number | null = null
  /** What is to be written to the person's terminal when the agent is at rest. */
  #toInsert = ''
  #markExited = (): void => {}
  readonly #exited = new Promise<void>((resolve) => {
    this.#markExited = resolve
  })

  #isWorthTelling = false
  #markToldToEnd = (): void => {}
  readonly #toldToEnd = new Promise<void>((resolve) => {
    this.#markToldToEnd = resolve
  })

  constructor(private readonly options: RunOptions) {}

  giveBack(): void {
    this.#terminal?.giveBack()
    this.#launch?.door?.close()
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

    // A terminal that does not read (a frozen window) must not stop what the bus is told: Node makes it blocking.
    const { _handle: handle } = process.stdout as unknown as Insides
    handle?.setBlocking?.(false)

    const childPty = this.#terminal ? import('./child-pty.js') : null
    await this.#prepare()
    const outcome = new Promise<Ending>((resolve, reject) => {
      this.#startChild(childPty, (code, signal) => resolve({ code, signal })).catch(reject)
    })
    const ending = await outcome
    this.#isOver = true
    this.#gone(ending)
    // A terminal that nobody reads any more must not keep this process: it goes when it is told to.
    await Promise.race([Promise.all([written(process.stdout), written(process.stderr)]), this.#toldToEnd])
    this.giveBack()
    process.stdin.pause()
    await this.#lastWords()
    this.#observer.close()
    this.#recorder?.close()
    const { code, signal } = ending
    return signal === null ? code : 128 + (constants.signals[signal] ?? 0)
  }

  async #prepare(): Promise<void> {
    const { profile: chosen, mayInject, file, args, env, runtimeDir, log, sendSnippet } = this.options
    const onEvent = (event: HookEvent): string | void => this.#event(event)
    this.#launch = await prepareLaunch({
      profile: chosen,
      mayInject,
      file,
      args,
      env,
      runtimeDir,
      onEvent,
      log,
    })
    const { isConversation, blind } = this.#launch
    const profile = isConversation ? chosen : any
    const size = this.#terminal?.size
    this.#observer = new Observer({
      profile,
      blind,
      hasScreen: size !== undefined,
      openScreen: (isAlternate) =>
        size ? renderedScreen(size.columns, size.rows, isAlternate) : outputTail(),
      wantsSnippet: sendSnippet,
      hidesText: !sendSnippet,
      clock: realClock,
      onChange: () => this.#changed(),
    })
    const { columns = 80, rows = 24 } = size ?? {}
    this.#recorder = this.options.record?.({ blind, columns, rows, terminal: size !== undefined }) ?? null
    for (const event of this.#early.splice(0)) this.#event(event)
  }

  /** @returns what is wrong with a report; nothing for all else. */
  #event(event: HookEvent): string | void {
    if (this.#observer === undefined) return void this.#early.push(event)
    if (event.source === 'report') {
      const signal = reportSignal(event)
      if (typeof signal === 'string') return signal
      return this.#see(signal)
    }
    const { source, pid, body } = event
    const { agentPid } = this.#observer
    if (pid !== null && agentPid !== null && pid !== agentPid && !isAlive(agentPid))
      this.#see(leftSignal(agentPid))
    this.#recorder?.event({ source, pid, body })
    this.#observer.event({ source, pid, body })
  }

  #changed(): void {
    this.#reporting?.changed()
    this.#recorder?.judged(this.#observer.judge())
  }

  async #startChild(
    childPty: Promise<typeof import('./child-pty.js')> | null,
    onExit: (code: number, signal: NodeJS.Signals | null) => void,
  ): Promise<void> {
    const { command, file, who } = this.options
    const { args, env } = this.#launch
    const child = { command, file, args, env, cwd: who.cwd }
    const events = {
      onOutput: (bytes: Buffer, from: 'stdout' | 'stderr') => this.#output(bytes, from),
      onExit,
    }
    if (this.#terminal && childPty) {
      const { startOnTerminal } = await childPty
      this.#terminal.takeOver()
      this.#child = startOnTerminal(child, this.#terminal.size, events)
      this.#joinTerminals()
    } else {
      const { startOnPipes } = await import('./child-pipes.js')
      this.#child = await startOnPipes(child, this.#streams, events)
    }
    this.#passSignalsOn()
    this.#see({ kind: 'started', atMs: realClock.now() })
    setTimeout(() => void this.#load(), reportAfterMs).unref()
  }

  /** Joins the person's terminal with the agent's: keys, size, suspend and resume. */
  #joinTerminals(): void {
    process.stdin.on('data', (bytes: Buffer) => {
      this.#child.write(bytes)
      // The recorder comes first: it has to know what was asked when this was typed.
      this.#recorder?.typed(bytes)
      this.#observer.typed(bytes)
      this.#checkStoppedSoon()
    })
    process.stdin.on('error', () => {})
    process.stdout.on('resize', () => this.#resize())
    process.on('SIGCONT', () => this.#goOn())
    setInterval(() => this.#checkStopped(), stopCheckEveryMs).unref()
  }

  /** Looks whether the last keys have stopped the agent; keys that come while that is due make it due again. */
  #checkStoppedSoon(): void {
    if (this.#checksDue > 0) {
      this.#checksDue = 2
      return
    }
    this.#checksDue = 1
    setTimeout(() => this.#checkStopped(), stopChecksMs[0]).unref()
    setTimeout(() => {
      const isDueAgain = this.#checksDue === 2
      this.#checksDue = 0
      this.#checkStopped()
      if (isDueAgain) this.#checkStoppedSoon()
    }, stopChecksMs[1]).unref()
  }

  #resize(): void {
    const { columns, rows } = this.#terminal!.size
    this.#child.resize(columns, rows)
    this.#observer.resize(columns, rows)
    this.#recorder?.resize(columns, rows)
  }

  /** When the agent was stopped, this process stops too, so that the shell gets its terminal back. */
  #checkStopped(): void {
    if (this.#isOver) return
    // A shell that brings a running job to the foreground says nothing: the terminal is taken when it is there.
    if (!this.#isSuspended && !this.#terminal!.isRaw) this.#terminal!.takeOver()
    if (this.#isSuspended || !this.#child.isStopped) return
    this.#isSuspended = true
    this.#see({ kind: 'stopped', atMs: realClock.now() })
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
    this.#see({ kind: 'continued', atMs: realClock.now() })
  }

  #passSignalsOn(): void {
    for (const name of passedOn)
      process.on(name, () => {
        // Keys that signal reach a child in the terminal's own group without us.
        const isFromKeys = this.#child.sharesGroup && (name === 'SIGINT' || name === 'SIGQUIT')
        if (ends.includes(name)) this.#askedToEnd()
        if (!isFromKeys) this.#child.signal(name)
      })
  }

  #output(bytes: Buffer, from: 'stdout' | 'stderr'): void {
    const stream = process[from]
    if (!stream.write(bytes)) {
      this.#child.pause()
      stream.once('drain', () => this.#child.resume())
    }
    this.#recorder?.output(bytes)
    this.#observer.output(bytes)
    if (this.#toInsert !== '' && this.#observer.isAtRest) this.#insertNow()
    if (this.#reporting) this.#reporting.activity()
    else setImmediate(() => void this.#load())
  }

  #see(signal: Signal): void {
    this.#recorder?.see(signal)
    this.#observer.see(signal)
  }

  #load(): Promise<void> {
    this.#loading ??= (async () => {
      const { who, socketPath, sendSnippet, startHub, log } = this.options
      if (socketPath === null) return
      try {
        const { Reporting } = await import('./reporting.js')
        this.#reporting = new Reporting({
          who,
          socketPath,
          env: this.options.env,
          observer: this.#observer,
          sight: { see: (signal) => this.#see(signal), type: (text) => this.#typeIn(text) },
          child: this.#child,
          exited: this.#exited,
          sendSnippet,
          ...(startHub && { startHub }),
          alerts: await this.#openAlerts(),
          log,
        })
        this.#reporting.activity()
        this.#reporting.changed()
      } catch (error) {
        this.#note('error', 'reporting_failed', error as Error)
      }
    })()
    return this.#loading
  }

  async #openAlerts(): Promise<Alerts | null> {
    const { notify, env, log } = this.options
    if (notify.ways.length === 0 && notify.command === null) return null
    const { Alerts } = await import('../wire/notice/alerts.js')
    const { isPaneFocused } = await import('../wire/notice/focus.js')
    return new Alerts({
      ...notify,
      env,
      log,
      writeTerminal: (bytes) => this.#insert(bytes),
      isFocused: async (pane) => this.#observer.isFocused ?? (await isPaneFocused(pane, env)),
    })
  }

  /** Writes to the person's terminal between two sequences of the agent's. */
  #insert(bytes: string): void {
    if (!this.#terminal || this.#toInsert.length > insertCharsMax) return
    this.#toInsert += bytes
    if (this.#observer.isAtRest) this.#insertNow()
  }

  #insertNow(): void {
    if (this.#toInsert !== '') process.stdout.write(this.#toInsert)
    this.#toInsert = ''
  }

  /** Types for somebody who is not at this terminal. */
  #typeIn(text: string): void {
    const bytes = Buffer.from(text)
    this.#child.write(bytes)
    this.#recorder?.typed(bytes)
    this.#observer.typed(bytes)
  }

  /** The agent is gone: that is known at once, whatever of its output is still to be written. */
  #gone({ code, signal }: Ending): void {
    this.#markExited()
    const isEndAsked = this.#endAskedMs !== null && realClock.now() - this.#endAskedMs < endTakesMs
    const asked = isEndAsked || this.#reporting?.stopAsked === true
    this.#see({ kind: 'exited', code, signal, asked, atMs: realClock.now() })
    const failed = !asked && (code !== 0 || signal !== null)
    // An agent that came and went unseen is not worth the wait; one that failed is.
    if (failed) this.#isWorthTelling = true
  }

  async #lastWords(): Promise<void> {
    if (this.#isWorthTelling) await this.#load()
    // The answer to stop_agent goes out before the connection ends.
    await new Promise((resolve) => setImmediate(resolve))
    await this.#reporting?.end()
  }

  #askedToEnd(): void {
    this.#endAskedMs = realClock.now()
    if (this.#isOver) this.#markToldToEnd()
  }

  #note(level: 'error', event: string, error: Error): void {
    this.options.log(level, event, { message: error?.message, stack: error?.stack })
  }
}

/** The signal of a report that came through the door, or what is wrong with it. */
function reportSignal({ body, atMs }: HookEvent): Signal | string {
  const { lifecycle, detail } = (body ?? {}) as { lifecycle?: unknown; detail?: unknown }
  const word = reportable.find((one) => one === lifecycle)
  if (word === undefined) return `report: lifecycle: must be one of ${reportable.join(', ')}`
  return {
    kind: 'report',
    lifecycle: word,
    detail: typeof detail === 'string' ? oneLine(detail) : null,
    atMs,
  }
}

/** The agent's process was another one, which is gone: this one is no agent inside of it. */
function leftSignal(pid: number): Signal {
  const said = { name: 'its process is gone', thread: '', subagent: null, pid }
  return { kind: 'hook', ...said, meaning: { says: 'left' }, atMs: realClock.now() }
}

/** Waits until a stream has taken all that it was given; one that is broken takes nothing more. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) return resolve()
    stream.once('error', () => resolve())
    stream.write('', () => resolve())
  })
}
