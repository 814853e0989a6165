import { parseCommand, type AgentCommand } from '../wire/commands.js'
import { CommandError } from '../wire/errors.js'
import { diffDebounceMs, diffIntervalMs, tasksDebounceMs } from '../wire/limits.js'
import type { Log } from '../wire/log.js'
import type { Command, CommandResult } from '../wire/messages.js'
import type { DiffSummary, TaskSummary } from '../wire/source.js'
import type { Child } from './child.js'
import { readDiffSummary, readGitDirs } from './git.js'
import { judge, type Signal } from './lifecycle.js'
import { Publisher } from './publisher.js'
import { createRefresh, type Refresh } from './refresh.js'
import type { Screen } from './signals/screen.js'
import { plainText, snippetOf } from './snippet.js'
import { agentState, type AgentIdentity } from './state.js'
import { stopProcess } from './stop.js'
import { readTaskSummaries } from './tasks.js'
import { watchProject } from './watch.js'

export interface ReportingOptions {
  who: AgentIdentity
  socketPath: string
  env: Record<string, string>
  screen: Screen
  child: Child
  /** Resolves when the child is gone. */
  exited: Promise<void>
  /** What was seen before there was anybody to tell. */
  signals: Signal[]
  sendSnippet: boolean
  startHub?: () => void
  log: Log
}

/** The last row of a screen is read at most this often. */
const snippetMs = 250
/** A tree that is not watched is read anew this often while the agent is active. */
const unwatchedMs = 10_000

/**
 * Everything that tells the bus of a running agent. It is loaded after the agent was started, and nothing in it
 * can stop or slow the agent: what fails here is logged.
 */
export class Reporting {
  readonly #publisher: Publisher
  readonly #signals: Signal[]
  readonly #refreshes: Refresh[]
  #diff: DiffSummary | null = null
  #tasks: Record<string, TaskSummary> | null = null
  #snippet: string | null = null
  #snippetTimer: NodeJS.Timeout | null = null
  #lastActivityMs: number | null = null
  #unwatched: string | null = null
  #refreshedMs = 0
  #close: () => Promise<void> = async () => {}
  #isEnded = false
  readonly #diffRefresh: Refresh
  readonly #tasksRefresh: Refresh

  constructor(private readonly options: ReportingOptions) {
    const { who, socketPath, startHub, log } = options
    this.#signals = [...options.signals]
    const clock = {
      now: Date.now,
      setTimer: setTimeout,
      clearTimer: (timer: NodeJS.Timeout) => clearTimeout(timer),
    }
    this.#diffRefresh = createRefresh({
      ...clock,
      debounceMs: diffDebounceMs,
      intervalMs: diffIntervalMs,
      run: () => this.#readDiff(),
    })
    this.#tasksRefresh = createRefresh({
      ...clock,
      debounceMs: tasksDebounceMs,
      intervalMs: tasksDebounceMs,
      run: () => this.#readTasks(),
    })
    this.#refreshes = [this.#diffRefresh, this.#tasksRefresh]
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
      state: () => agentState(who, this.#facts(), Date.now()),
      onCommand: (command) => this.#command(command),
      ...(startHub && { startHub }),
      log,
    })
    void this.#watch()
  }

  /** Something was seen of the agent. */
  signal(signal: Signal): void {
    // Only the last of each kind matters; a long life must not make a long list.
    const last = this.#signals.findLastIndex(({ kind }) => (kind === 'report') === (signal.kind === 'report'))
    if (last !== -1) this.#signals.splice(last, 1)
    this.#signals.push(signal)
    this.#publisher.changed()
  }

  /** The agent has written something. */
  activity(): void {
    this.#lastActivityMs = Date.now()
    if (this.options.sendSnippet) this.#snippetTimer ??= setTimeout(() => void this.#readSnippet(), snippetMs)
    if (this.#unwatched !== null && Date.now() - this.#refreshedMs >= unwatchedMs) {
      this.#refreshedMs = Date.now()
      this.#diffRefresh.trigger()
    }
  }

  /** The agent is gone: says so, and ends. A failure stays in sight until the hub finds it stale. */
  async end(): Promise<void> {
    if (this.#isEnded) return
    this.#isEnded = true
    for (const refresh of this.#refreshes) refresh.stop()
    if (this.#snippetTimer) clearTimeout(this.#snippetTimer)
    if (this.options.sendSnippet)
      this.#snippet = snippetOf(await this.options.screen.lines()) ?? this.#snippet
    const { lifecycle } = judge(this.#signals)
    await Promise.all([this.#publisher.end(lifecycle === 'offline'), this.#close()])
  }

  #facts(): Parameters<typeof agentState>[1] {
    return {
      judged: judge(this.#signals),
      pid: this.options.child.pid,
      snippet: this.#snippet,
      lastActivityMs: this.#lastActivityMs,
      diff: this.#diff,
      tasks: this.#tasks,
    }
  }

  async #readSnippet(): Promise<void> {
    const lines = await this.options.screen.lines()
    this.#snippetTimer = null
    if (this.#isEnded) return
    const snippet = snippetOf(lines)
    if (snippet !== null) this.#snippet = snippet
    this.#publisher.changed()
  }

  async #readDiff(): Promise<void> {
    const { who, env } = this.options
    const diff = await readDiffSummary({ agentId: who.agentId, projectRoot: who.projectRoot, env })
    this.#diff = this.#unwatched === null ? diff : { ...diff, unwatched: this.#unwatched }
    this.#publisher.changed()
  }

  async #readTasks(): Promise<void> {
    const { agentId, projectRoot } = this.options.who
    this.#tasks = await readTaskSummaries({ agentId, projectRoot })
    this.#publisher.changed()
  }

  async #watch(): Promise<void> {
    const { who, env, log } = this.options
    try {
      await Promise.all([this.#readDiff(), this.#readTasks()])
      if (this.#isEnded) return
      const { close } = await watchProject({
        projectRoot: who.projectRoot,
        gitDirs: await readGitDirs(who.projectRoot, env),
        onGit: () => this.#diffRefresh.trigger(),
        onTasks: () => this.#tasksRefresh.trigger(),
        onUnwatched: (reason) => {
          log('warn', 'unwatched', { reason })
          this.#unwatched = reason
          this.#diffRefresh.trigger()
        },
      })
      this.#close = close
      if (this.#isEnded) return await close()
      // What changed between the first look and the watch was seen by neither.
      this.#diffRefresh.trigger()
      this.#tasksRefresh.trigger()
    } catch (error) {
      log('error', 'watch_failed', { message: (error as Error).message })
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
      const code = error instanceof CommandError ? error.code : 'unsupported_command'
      return { command: payload.command, status: 'error', message, error: { code, message } }
    }
  }

  async #do(command: AgentCommand): Promise<{ message: string; result?: unknown }> {
    const { child } = this.options
    switch (command.name) {
      case 'stop_agent':
        return { message: await this.#stop() }
      case 'report': {
        const { lifecycle, detail } = command.args
        this.signal({
          kind: 'report',
          lifecycle,
          detail: detail ? plainText(detail) : null,
          atMs: Date.now(),
        })
        return { message: `reported ${lifecycle}` }
      }
      case 'refresh':
        await Promise.all([this.#readDiff(), this.#readTasks()])
        return { message: 'git and tasks were read anew' }
      case 'send_input': {
        if (!child.hasTerminal)
          throw new CommandError(
            'unsupported_command',
            'the agent has no terminal of its own; its input cannot be written',
          )
        const { text, submit } = command.args
        child.write(submit ? `${text}\r` : text)
        return { message: `${text.length} characters written` }
      }
      case 'get_diff_patch':
        throw new CommandError('unsupported_command', 'this wrapper has no patches yet')
    }
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

  #stopAsked = false

  /** Whether its end was asked for, and so is no failure. */
  get stopAsked(): boolean {
    return this.#stopAsked
  }
}
