import { parseCommand, type AgentCommand } from '../wire/commands.js'
import { CommandError } from '../wire/errors.js'
import type { Log } from '../wire/log.js'
import type { Command, CommandResult } from '../wire/messages.js'
import type { Alerts } from '../wire/notice/alerts.js'
import type { Child } from './child.js'
import { realClock } from './clock.js'
import type { Signal } from './lifecycle/signal.js'
import type { Observer } from './observer.js'
import { readPatch } from '../project/patch.js'
import { Project } from '../project/project.js'
import { PatchAnswers } from './patch-answers.js'
import { Publisher } from './publisher.js'
import { RuntimeFile } from './runtime-file.js'
import { lastRows } from './screen-rows.js'
import { inputBytes, passedError, submitAfterMs, writtenMessage } from './send-input.js'
import { oneLine } from './snippet.js'
import { agentState, type AgentIdentity } from './state.js'
import { stopProcess } from './stop.js'

export interface ReportingOptions {
  who: AgentIdentity
  socketPath: string
  env: Record<string, string>
  observer: Observer
  /** Takes what comes over the bus for the agent, as if it came from its own pane. */
  sight: { see: (signal: Signal) => void; type: (text: string) => void }
  child: Child
  /** Resolves when the child is gone. */
  exited: Promise<void>
  /** Whether what the agent shows may be told. */
  sendSnippet: boolean
  startHub?: () => void
  /** Who is told when the agent needs the person. */
  alerts: Alerts | null
  log: Log
}

type InputArgs = Extract<AgentCommand, { name: 'send_input' }>['args']

/** What an agent that is gone showed last is looked at for this long at most. */
const lastLookMs = 500

/**
 * Everything that tells the bus of a running agent. It is loaded after the agent was started, and nothing in it
 * can stop or slow the agent: what fails here is logged.
 */
export class Reporting {
  readonly #publisher: Publisher
  readonly #project: Project
  readonly #patches: PatchAnswers
  #inputs = Promise.resolve('')
  #lastActivityMs: number | null = null
  #isEnded = false
  #stopAsked = false
  /** The status that was last told to the alerts. */
  #alerted = ''

  constructor(private readonly options: ReportingOptions) {
    const { who, socketPath, startHub, log } = options
    this.#project = new Project({
      agentId: who.agentId,
      projectRoot: who.projectRoot,
      env: options.env,
      log,
      onChange: () => this.#publisher.changed(),
    })
    this.#patches = new PatchAnswers({
      agentId: who.agentId,
      projectRoot: who.projectRoot,
      env: options.env,
      clock: realClock,
      read: readPatch,
    })
    const state = () => agentState(who, this.#facts(), Date.now())
    this.#publisher = new Publisher({
      socketPath,
      sessionId: who.sessionId,
      agentId: who.agentId,
      hello: {
        client_id: `wrap-${process.pid}`,
        role: 'publisher',
        capabilities: ['delta', 'heartbeat', 'command', 'command_result', 'error'],
        agent_id: who.agentId,
        pane_id: who.paneId,
        project_root: who.projectRoot,
      },
      state,
      file: new RuntimeFile({ socketPath, paneId: who.paneId, state, log }),
      onCommand: (command) => this.#command(command),
      ...(startHub && { startHub }),
      log,
    })
    void this.#project.open()
  }

  /** The status or the snippet may be another one. */
  changed(): void {
    const { lifecycle, status } = this.options.observer.judge()
    const seen = `${lifecycle} ${status.attention} ${status.since_ms}`
    this.#publisher.changed(seen)
    if (this.options.alerts === null || seen === this.#alerted) return
    this.#alerted = seen
    this.options.alerts.take(agentState(this.options.who, this.#facts(), Date.now()))
  }

  /** The agent has written something. */
  activity(): void {
    this.#lastActivityMs = Date.now()
    this.#publisher.changed()
    this.#project.activity()
  }

  /** The agent is gone: says so, and ends. A failure stays in sight until the hub finds it stale. */
  async end(): Promise<void> {
    if (this.#isEnded) return
    this.#isEnded = true
    const { observer } = this.options
    await Promise.race([observer.look(), new Promise((resolve) => setTimeout(resolve, lastLookMs))])
    this.changed()
    await Promise.all([
      this.options.alerts?.close(),
      this.#publisher.end(observer.judge().lifecycle === 'offline'),
      this.#project.close(),
    ])
  }

  #facts(): Parameters<typeof agentState>[1] {
    return {
      judged: this.options.observer.judge(),
      pid: this.options.child.pid,
      snippet: this.options.observer.snippet,
      lastActivityMs: this.#lastActivityMs,
      diff: this.#project.diff,
      tasks: this.#project.tasks,
    }
  }

  async #command(payload: Command): Promise<CommandResult> {
    this.options.log('info', 'command', { command: payload.command })
    try {
      const command = parseCommand(payload)
      if (command.target !== 'agent')
        throw new CommandError('unsupported_command', `${payload.command} is a command for the hub`)
      return { command: payload.command, status: 'ok', ...(await this.#do(command)) }
    } catch (error) {
      const message = (error as Error).message
      const { code, result } =
        error instanceof CommandError ? error : new CommandError('unsupported_command', message)
      return {
        command: payload.command,
        status: 'error',
        message,
        error: { code, message },
        ...(result !== undefined && { result }),
      }
    }
  }

  async #do(command: AgentCommand): Promise<{ message: string; result?: unknown }> {
    const { who, observer, sight } = this.options
    switch (command.name) {
      case 'stop_agent':
        return { message: await this.#stop() }
      case 'report': {
        const { lifecycle, detail } = command.args
        sight.see({
          kind: 'report',
          lifecycle,
          detail: detail ? oneLine(detail) : null,
          atMs: realClock.now(),
        })
        return { message: `reported ${lifecycle}` }
      }
      case 'explain': {
        const { lifecycle, deciding, ...rest } = observer.explain()
        const message = `${lifecycle}, by ${deciding.origin}: ${deciding.evidence}`
        return { message, result: { agent_id: who.agentId, lifecycle, deciding, ...rest } }
      }
      case 'refresh':
        await this.#project.read()
        return { message: 'git and tasks were read anew' }
      case 'send_input':
        return { message: await this.#input(command.args) }
      case 'get_screen':
        return await this.#screen(command.args.rows)
      case 'get_diff_patch':
        return await this.#patches.answer(command.args)
    }
  }

  /** One input after the other: what two people send does not mix. */
  #input(args: InputArgs): Promise<string> {
    const done = this.#inputs.then(() => this.#inputNow(args))
    this.#inputs = done.catch(() => '')
    return done
  }

  async #inputNow({ text, submit, expected_since_ms: expectedMs }: InputArgs): Promise<string> {
    const { child, observer, sight } = this.options
    if (!child.hasTerminal)
      throw new CommandError(
        'no_terminal',
        'the agent has no terminal of its own; its input cannot be written',
      )
    if (expectedMs !== undefined) this.#checkAttention(expectedMs, 'nothing was typed')
    const bytes = inputBytes(text, observer.bracketedPaste)
    if (bytes !== '') sight.type(bytes)
    if (submit) {
      if (bytes !== '') await new Promise((resolve) => setTimeout(resolve, submitAfterMs))
      // A dialog may have taken the text for its answer, and another one may stand there now.
      if (expectedMs !== undefined && bytes !== '') {
        await observer.look()
        this.#checkAttention(expectedMs, 'the text was typed, Enter was not')
      }
      sight.type('\r')
    }
    if (this.#isEnded) throw new CommandError('attention_passed', 'the agent has ended meanwhile')
    return writtenMessage(text)
  }

  /** @throws {CommandError} `attention_passed` unless the agent still waits for what began at that time. */
  #checkAttention(expectedMs: number, done: string): void {
    const { lifecycle, status } = this.options.observer.judge()
    if (lifecycle === 'needs_input' && status.since_ms === expectedMs) return
    throw passedError(lifecycle, status.detail, done)
  }

  async #screen(rowsAsked: number): Promise<{ message: string; result: unknown }> {
    const { observer, sendSnippet } = this.options
    const shown = await observer.shown()
    if (shown === null)
      throw new CommandError('no_terminal', 'the agent has no terminal of its own; it has no screen')
    if (!sendSnippet)
      throw new CommandError(
        'unsupported_command',
        'the agent was started with --no-snippet; what it shows is not told',
      )
    const { columns, rows } = shown
    const lines = lastRows(shown.lines, rowsAsked)
    const message = `${lines.length} ${lines.length === 1 ? 'line' : 'lines'}`
    return { message, result: { lines, columns, rows } }
  }

  async #stop(): Promise<string> {
    const { child, exited } = this.options
    this.#stopAsked = true
    const signal = await stopProcess(
      (name) => child.signal(name),
      exited,
      (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    )
    if (signal !== null) return `ended by ${signal}`
    this.#stopAsked = false
    throw new CommandError('stop_failed', 'the agent outlived SIGKILL; it hangs in the kernel')
  }

  /** Whether its end was asked for, and so is no failure. */
  get stopAsked(): boolean {
    return this.#stopAsked
  }
}
