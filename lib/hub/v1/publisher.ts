import { WireError } from '../../wire/errors.js'
import { commandDeadlineMs, lineBytesMax } from '../../wire/limits.js'
import type { CommandResult, HubEnvelope, HubFrame } from '../../wire/messages.js'
import type { V1Message } from '../../wire/v1.js'
import { hubSenderId } from '../frames.js'
import { V1Agent, type StateMessage } from './agent.js'
import type { V1Around } from './around.js'
import { CoreConnection, type Passage } from './core-connection.js'
import type { V1Identity } from './identity.js'
import { patchArgs, patchRequest, patchResult, type PatchArgs } from './patch.js'
import { printV1 } from './print.js'
import type { V1Socket } from './socket.js'

interface OpenPatch {
  args: PatchArgs
  askedMs: number
  /** Whose connection of the core was given the command, and answers it. */
  core: CoreConnection
  /** Who was asked. */
  publisher: V1Publisher
}

/** An agent, and all v1 publishers that represent it: a wrapper and a task list may speak of the same one. */
export interface Represented {
  agent: V1Agent
  publishers: Set<V1Publisher>
  /** Those of their connections of the core that are open. */
  cores: Set<CoreConnection>
  /** Who told last what it does, or what it has changed: the one that has the patches. */
  speaker: V1Publisher | null
  /** Patches that were asked for, by the hub's request id. */
  patches: Map<string, OpenPatch>
}

/**
 * A v1 publisher. It is a connection of the core from its first word on its agent's state on; one that only passes on
 * tasks and errors is none, so that commands for the agent do not come to it.
 */
export class V1Publisher {
  #core: CoreConnection | null = null

  /** @param refuse tells the client of an error of the core's. */
  constructor(
    readonly who: V1Identity,
    private readonly represented: Represented,
    private readonly socket: V1Socket,
    private readonly around: V1Around,
    private readonly refuse: (error: WireError) => void,
  ) {}

  /**
   * A message that tells of the agent.
   * @throws {WireError} `agent_id_mismatch` when a client that is not v1 publishes the agent.
   */
  take(message: StateMessage): void {
    const { bus, now } = this.around
    const { agent, cores } = this.represented
    const isAside = message.type === 'error' || message.type === 'task_update'
    const mayPublish = this.#mayPublish
    // Also when it does not count: it will be what was said last when the other client has gone.
    // Beside another one that speaks for the agent it only says of itself that it lives.
    const isOwnBeat = message.type === 'heartbeat' && (this.represented.speaker ?? this) !== this
    const isChanged = !isOwnBeat && agent.take(message, now())
    if (message.type === 'agent_status' || message.type === 'diff_summary') this.represented.speaker = this
    if (!mayPublish) return this.#giveWay(message.type)
    const isNew = this.#core === null
    const core = isAside ? (this.#core ?? [...cores][0]) : this.#join()
    if (core === undefined) return
    const { agentId } = this.who
    // The hub may have given it up meanwhile, or show what another client has left.
    const isTold = isChanged || isNew || !this.#isShown
    if (isTold) {
      const { speaker } = this.represented
      const state = agent.state(speaker?.who ?? this.who, now())
      core.say('delta', { changes: [{ op: 'upsert', agent_id: agentId, state }] })
    }
    if (!isTold || message.type === 'heartbeat')
      core.say('heartbeat', { agent_id: agentId, last_heartbeat_ms: now() })
    bus.spoken()
  }

  /** Its answer to a patch that it was asked for; one that nobody waits for any more is dropped. */
  answer({ request_id: outer, payload }: V1Message<'diff_patch_response'>): void {
    const id = payload.request_id || outer || this.#oldestFor(payload.path)
    this.#answer(id, (open) => patchResult(payload, this.who.agentId, open.args))
  }

  /** Whether it was asked for a patch and has not answered. */
  get isAsked(): boolean {
    return this.represented.patches.size > 0
  }

  /** Its answer, of which no more can be had than why there is none; whoever asked is not kept waiting. */
  answerWithout(requestId: unknown, why: string): void {
    if (typeof requestId === 'string')
      this.#answer(requestId, (open) => noPatch(open.args, this.who.agentId, why))
  }

  /** The websocket is gone. */
  gone(): void {
    const { publishers, patches } = this.represented
    publishers.delete(this)
    if (this.represented.speaker === this) this.represented.speaker = null
    this.#leave()
    const message = 'the client that was asked for the patch went away before it answered'
    const error = { code: 'publisher_gone', message }
    for (const [id, { publisher, core }] of patches) {
      if (publisher !== this) continue
      patches.delete(id)
      core.say('command_result', { command: 'get_diff_patch', status: 'error', message, error }, id)
    }
  }

  /** Sends a request for a patch. */
  ask(args: PatchArgs, requestId: string, passage: Passage): void {
    const { sessionId, now } = this.around
    const head = { sessionId, senderId: hubSenderId, timestamp: new Date(now()).toISOString(), requestId }
    const request = patchRequest(args, this.who.saidId, requestId)
    this.socket.send([printV1('diff_patch_request', head, request)], passage.one())
  }

  /** Whether the hub has what v1 publishers say of the agent. */
  get #isShown(): boolean {
    const source = this.around.bus.state(this.who.agentId)?.source as { kind?: unknown } | null | undefined
    return source?.kind === 'v1'
  }

  /** Whether what it says of the agent counts: beside a client that knows more it does not. */
  get #mayPublish(): boolean {
    const own = [...this.represented.cores].map(({ conn }) => conn)
    // Who comes new would take the commands from one that has said no more than hello yet.
    const isIn = this.#core !== null && this.#isShown
    return isIn || !this.around.bus.isPublished(this.who.agentId, own)
  }

  /** Leaves the agent to the other client. @throws {WireError} for what is not said over and over anyway. */
  #giveWay(type: StateMessage['type']): void {
    const { agentId } = this.who
    this.#leave()
    if (type === 'heartbeat' || type === 'error' || type === 'task_update') return
    const message = `payload.agent_id: ${JSON.stringify(agentId)} is published on the Unix socket, by a client that says more; ${type} was dropped`
    throw new WireError('agent_id_mismatch', message)
  }

  /** It is no connection of the core any more, which answers for what it was handed. */
  #leave(): void {
    const core = this.#core
    if (core === null) return
    const { cores, patches } = this.represented
    for (const [id, open] of patches) if (open.core === core) patches.delete(id)
    cores.delete(core)
    this.#core = null
    core.close()
  }

  #join(): CoreConnection {
    if (this.#core !== null) return this.#core
    const { clientId, agentId, paneId, projectRoot } = this.who
    const core = new CoreConnection({
      clientId,
      socket: this.socket,
      around: this.around,
      onFrame: (frame, passage) => this.#told(core, frame, passage),
      refuse: this.refuse,
    })
    this.#core = core
    this.represented.cores.add(core)
    core.say('hello', {
      client_id: clientId,
      role: 'publisher',
      capabilities: [],
      agent_id: agentId,
      pane_id: paneId,
      ...(projectRoot && { project_root: projectRoot }),
    })
    return core
  }

  #told(core: CoreConnection, frame: HubEnvelope, passage: Passage): void {
    if (frame.type === 'command') this.#command(core, frame, passage)
  }

  #command(core: CoreConnection, { payload, request_id: id }: HubFrame<'command'>, passage: Passage): void {
    const requestId = id ?? ''
    const { command } = payload
    const args = patchArgs(payload)
    const refuse = (code: string, message: string): void => {
      core.say('command_result', { command, status: 'error', message, error: { code, message } }, requestId)
      this.around.bus.spoken()
    }
    if (args === null)
      return refuse('unsupported_command', `this agent speaks the v1 protocol, which has no ${command}`)
    if ((args.part ?? 1) > 1) return refuse('invalid_args', 'part: this agent gives a patch in one part')
    const { patches, speaker } = this.represented
    const askedMs = this.around.uptime()
    for (const [old, open] of patches) if (askedMs - open.askedMs > commandDeadlineMs) patches.delete(old)
    const publisher = speaker ?? this
    patches.set(requestId, { args, askedMs, core, publisher })
    publisher.ask(args, requestId, passage)
  }

  #oldestFor(path: string): string | undefined {
    for (const [id, { args }] of this.represented.patches) if (args.path === path) return id
    return undefined
  }

  #answer(requestId: string | undefined, result: (open: OpenPatch) => CommandResult): void {
    const { patches } = this.represented
    const open = requestId === undefined ? undefined : patches.get(requestId)
    if (requestId === undefined || open === undefined) return
    patches.delete(requestId)
    const { core, args } = open
    const told = result(open)
    const isTooLarge = Buffer.byteLength(JSON.stringify(told)) > lineBytesMax - headBytes
    core.say('command_result', isTooLarge ? noPatch(args, this.who.agentId, tooLarge) : told, requestId)
    this.around.bus.spoken()
  }
}

/** What the hub's envelope takes of a frame. */
const headBytes = 2_048

/** Why there is no patch when an answer is larger than a message may be. */
export const tooLarge = `too_large: The patch does not fit one message of ${lineBytesMax} bytes.`

function noPatch({ path }: PatchArgs, agentId: string, message: string): CommandResult {
  return {
    command: 'get_diff_patch',
    status: 'error',
    message,
    error: { code: 'patch_unavailable', message },
    result: { agent_id: agentId, path, patch: null },
  }
}

/** An agent that nobody represents yet. */
export function representedBy(agentId: string, around: V1Around): Represented {
  return {
    agent: new V1Agent(agentId, around.bus.state(agentId)),
    publishers: new Set(),
    cores: new Set(),
    speaker: null,
    patches: new Map(),
  }
}
