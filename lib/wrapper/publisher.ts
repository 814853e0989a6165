import { WireError } from '../wire/errors.js'
import { HubClient } from '../wire/client.js'
import { commandDeadlineMs, heartbeatMs, publishesPerSecond } from '../wire/limits.js'
import { noLog, type Log } from '../wire/log.js'
import type { AgentState, Command, CommandResult, HelloInput } from '../wire/messages.js'
import type { RuntimeFile } from './runtime-file.js'

export interface PublisherOptions {
  socketPath: string
  sessionId: string
  agentId: string
  hello: HelloInput
  /** The agent's state now; asked for whenever it is published. */
  state: () => AgentState
  /** Does a command for the agent; must not throw. */
  onCommand: (command: Command) => Promise<CommandResult>
  /** Starts a hub when none listens. */
  startHub?: () => void
  /** Where the state is kept while no hub has it. */
  file?: RuntimeFile
  log?: Log
}

/** How long an agent that failed at once may take to be told of. */
const firstConnectMs = 1_000

/** Changes of the lifecycle that may go out at once, ahead of their time. */
const urgentMax = 8

/**
 * Keeps the hub told of one agent: at most four deltas a second and a change of the status at once, the last state
 * wins; a heartbeat every 5 s; the whole state after every reconnect, and after this process was asleep. Without a
 * hub, or with one that takes nothing, it costs nothing.
 */
export class Publisher {
  readonly #client: HubClient
  readonly #log: Log
  #last = ''
  #lastStatus = ''
  #publishedMs = 0
  #beatMs = Date.now()
  #urgentLeft = urgentMax
  #timer: NodeJS.Timeout | null = null
  readonly #heartbeat: NodeJS.Timeout
  #isEnded = false

  constructor(private readonly options: PublisherOptions) {
    const { socketPath, sessionId, hello, startHub, file, log } = options
    this.#log = log ?? noLog
    this.#client = new HubClient({
      socketPath,
      sessionId,
      hello,
      ...(log && { log }),
      ...(startHub && { startHub }),
      onUp: () => {
        this.#last = ''
        this.#publish()
        file?.taken()
      },
      onDown: () => file?.lost(),
      onDrain: () => this.changed(),
      onFrame: (frame) => {
        if (frame.type !== 'command') return
        // This process was asleep: the hub has answered for it, and nobody waits for it to be done.
        const ageMs = Date.now() - Date.parse(frame.timestamp)
        if (ageMs > commandDeadlineMs) this.#log('warn', 'stale_command', { command: frame.payload.command })
        else void this.#command(frame.payload, frame.request_id ?? undefined)
      },
    })
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs)
    this.#client.open()
  }

  /** The state may be another one now; `status` is what must not wait when it is. */
  changed(status = this.#lastStatus): void {
    if (this.#isEnded) return
    this.options.file?.changed(status !== this.#lastStatus)
    const isUrgent = status !== this.#lastStatus && this.#urgentLeft > 0
    if (isUrgent) {
      this.#urgentLeft--
      if (this.#timer !== null) clearTimeout(this.#timer)
      // What changes together goes out together.
      this.#timer = setTimeout(() => this.#publish(), 0)
      this.#lastStatus = status
      return
    }
    if (this.#timer !== null) return
    const waitMs = this.#publishedMs + 1_000 / publishesPerSecond - Date.now()
    this.#timer = setTimeout(() => this.#publish(), Math.max(0, waitMs))
  }

  /** Says the last words: the state as it is, then that the agent is gone if `remove`; then disconnects. */
  async end(remove: boolean): Promise<void> {
    clearInterval(this.#heartbeat)
    if (this.#timer !== null) clearTimeout(this.#timer)
    const fileGone = this.options.file?.end()
    // A failure at the very start is worth a moment's wait; that nothing went wrong is not.
    if (!remove) await this.#client.whenUp(firstConnectMs)
    this.#last = ''
    this.#publish()
    this.#isEnded = true
    if (remove) this.#client.send('delta', { changes: [{ op: 'remove', agent_id: this.options.agentId }] })
    await Promise.all([this.#client.close(), fileGone])
  }

  #publish(): void {
    this.#timer = null
    // What is left out now is published when the socket has room, as it is then.
    if (this.#isEnded || !this.#client.isUp || this.#client.isFull) return
    const state = this.options.state()
    const shown = JSON.stringify({ ...state, last_heartbeat_ms: 0, updated_at_ms: 0 })
    if (shown === this.#last) return
    this.#last = shown
    this.#publishedMs = Date.now()
    this.#send(state)
  }

  #send(state: AgentState): void {
    const { agentId } = this.options
    try {
      this.#client.send('delta', { changes: [{ op: 'upsert', agent_id: agentId, state }] })
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#log('error', 'state_too_large', { message: error.message })
      const { source: _, ...rest } = state
      this.#client.send('delta', {
        changes: [{ op: 'upsert', agent_id: agentId, state: rest }],
      })
    }
  }

  #beat(): void {
    this.#urgentLeft = urgentMax
    // Nobody was told for so long that the hub may have given the agent up.
    if (Date.now() - this.#beatMs > 2 * heartbeatMs) {
      this.#last = ''
      this.changed()
    }
    this.#beatMs = Date.now()
    if (this.#client.isFull) return
    const { lifecycle } = this.options.state()
    this.#client.send('heartbeat', {
      agent_id: this.options.agentId,
      last_heartbeat_ms: Date.now(),
      lifecycle,
    })
  }

  async #command(command: Command, requestId: string | undefined): Promise<void> {
    const result = await this.options.onCommand(command)
    try {
      this.#client.send('command_result', result, requestId)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      const { code, message } = error
      this.#client.send(
        'command_result',
        { command: result.command, status: 'error', message, error: { code, message } },
        requestId,
      )
    }
  }
}
