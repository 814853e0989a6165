import { parseCommand, type AgentCommand } from '../wire/commands.js'
import { CommandError } from '../wire/errors.js'
import { stateBytesMax } from '../wire/limits.js'
import type { Log } from '../wire/log.js'
import type { Command, CommandResult } from '../wire/messages.js'
import type { Child } from './child.js'
import { judge, type Signal } from './lifecycle.js'
import { readPatch } from './patch.js'
import { Project } from './project.js'
import { Publisher } from './publisher.js'
import type { Screen } from './signals/screen.js'
import { plainText, snippetOf } from './snippet.js'
import { agentState, type AgentIdentity } from './state.js'
import { stopProcess } from './stop.js'

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

/**
 * Everything that tells the bus of a running agent. It is loaded after the agent was started, and nothing in it
 * can stop or slow the agent: what fails here is logged.
 */
export class Reporting {
  readonly #publisher: Publisher
  readonly #signals: Signal[]
  readonly #project: Project
  #snippet: string | null = null
  #snippetTimer: NodeJS.Timeout | null = null
  #lastActivityMs: number | null = null
  #isEnded = false

  constructor(private readonly options: ReportingOptions) {
    const { who, socketPath, startHub, log } = options
    this.#signals = [...options.signals]
    this.#project = new Project({
      agentId: who.agentId,
      projectRoot: who.projectRoot,
      env: options.env,
      log,
      onChange: () => this.#publisher.changed(),
    })
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
    void this.#project.open()
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
    this.#project.activity()
  }

  /** The agent is gone: says so, and ends. A failure stays in sight until the hub finds it stale. */
  async end(): Promise<void> {
    if (this.#isEnded) return
    this.#isEnded = true
    if (this.#snippetTimer) clearTimeout(this.#snippetTimer)
    if (this.options.sendSnippet)
      this.#snippet = snippetOf(await this.options.screen.lines()) ?? this.#snippet
    const { lifecycle } = judge(this.#signals)
    await Promise.all([this.#publisher.end(lifecycle === 'offline'), this.#project.close()])
  }

  #facts(): Parameters<typeof agentState>[1] {
    return {
      judged: judge(this.#signals),
      pid: this.options.child.pid,
      snippet: this.#snippet,
      lastActivityMs: this.#lastActivityMs,
      diff: this.#project.diff,
      tasks: this.#project.tasks,
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
        await this.#project.read()
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
        return await this.#patch(command.args)
    }
  }

  async #patch(args: Extract<AgentCommand, { name: 'get_diff_patch' }>['args']): Promise<{
    message: string
    result: unknown
  }> {
    const { path, context_lines: contextLines, include_untracked: includeUntracked } = args
    const { who, env } = this.options
    const result = await readPatch({
      projectRoot: who.projectRoot,
      env,
      path,
      ...(contextLines !== undefined && { contextLines }),
      ...(includeUntracked !== undefined && { includeUntracked }),
    })
    if (!result.ok) throw new CommandError('patch_unavailable', result.message)
    const bytes = Buffer.byteLength(JSON.stringify(result))
    if (bytes > stateBytesMax)
      throw new CommandError(
        'patch_unavailable',
        `too_large: The patch takes ${bytes} bytes; ${stateBytesMax} fit a frame.`,
      )
    const { ok: _, ...patch } = result
    return { message: `${patch.status}: ${patch.path}`, result: { agent_id: who.agentId, ...patch } }
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
