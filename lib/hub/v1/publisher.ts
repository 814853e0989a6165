import { encodeLine } from '../../wire/encode.js'
import { WireError } from '../../wire/errors.js'
import { commandDeadlineMs, lineBytesMax } from '../../wire/limits.js'
import type { ClientEnvelope, ClientFrame, CommandResult, HubFrame } from '../../wire/messages.js'
import type { V1Message } from '../../wire/v1.js'
import type { Link } from '../bus.js'
import { hubSenderId } from '../frames.js'
import { V1Agent, type StateMessage } from './agent.js'
import type { V1Around } from './around.js'
import { bytesOf, framesIn, Passage } from './core-lines.js'
import type { V1Identity } from './identity.js'
import { patchArgs, patchRequest, patchResult, type PatchArgs } from './patch.js'
import { printV1 } from './print.js'
import type { V1Socket } from './socket.js'

interface OpenPatch {
  args: PatchArgs
  askedMs: number
}

/** A v1 publisher, as one connection of the core that publishes the agent it represents. */
export class V1Publisher implements Link {
  readonly #conn: number
  readonly #agent: V1Agent
  /** Patches that it was asked for, by the hub's request id. */
  readonly #patches = new Map<string, OpenPatch>()
  #isPublished = false
  #saidMs = 0
  #lastCode = 'closed'

  /** @param refuse tells the client of an error of the core's. */
  constructor(
    readonly who: V1Identity,
    private readonly socket: V1Socket,
    private readonly around: V1Around,
    private readonly refuse: (error: WireError) => void,
  ) {
    this.#agent = new V1Agent(who, around.bus.state(who.agentId))
    this.#conn = around.bus.connect(this)
    const { clientId, agentId, paneId, projectRoot } = who
    this.#step('hello', {
      client_id: clientId,
      role: 'publisher',
      capabilities: [],
      agent_id: agentId,
      pane_id: paneId,
      ...(projectRoot && { project_root: projectRoot }),
    })
  }

  /** A message that tells of the agent. */
  take(message: StateMessage): void {
    const { bus, now, staleMs } = this.around
    const nowMs = now()
    const isChanged = this.#agent.take(message, nowMs)
    // An error or a task alone does not make an agent.
    if (!this.#isPublished && (message.type === 'error' || message.type === 'task_update')) return
    // The hub may have given it up meanwhile: a heartbeat would bring back no more than its name.
    const wasSilent = staleMs > 0 && nowMs - this.#saidMs >= staleMs / 2
    const isTold = isChanged || wasSilent || !this.#isPublished
    const { agentId } = this.who
    if (isTold) {
      const state = this.#agent.state(nowMs)
      this.#step('delta', { changes: [{ op: 'upsert', agent_id: agentId, state }] })
    }
    if (!isTold || message.type === 'heartbeat')
      this.#step('heartbeat', { agent_id: agentId, last_heartbeat_ms: nowMs })
    this.#isPublished = true
    this.#saidMs = nowMs
    bus.spoken()
  }

  /** Its answer to a patch that it was asked for; one that nobody waits for any more is dropped. */
  answer({ request_id: outer, payload }: V1Message<'diff_patch_response'>): void {
    const id = payload.request_id ?? outer ?? this.#oldestFor(payload.path)
    const open = id === undefined ? undefined : this.#patches.get(id)
    if (id === undefined || open === undefined) return
    this.#patches.delete(id)
    try {
      this.#result(id, patchResult(payload, this.who.agentId, open.args))
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#result(id, tooLarge(open.args, this.who.agentId))
    }
  }

  /** Its answer, of which no more can be had than that it is too large. */
  answerTooLarge(requestId: unknown): void {
    const open = typeof requestId === 'string' ? this.#patches.get(requestId) : undefined
    if (open === undefined) return
    this.#patches.delete(requestId as string)
    this.#result(requestId as string, tooLarge(open.args, this.who.agentId))
  }

  /** The websocket is gone. */
  gone(): void {
    this.around.bus.disconnect(this.#conn)
  }

  write(lines: Buffer[]): void {
    const passage = new Passage(() =>
      this.around.bus.step({ kind: 'written', conn: this.#conn, bytes: bytesOf(lines) }),
    )
    for (const frame of framesIn(lines)) {
      if (frame.type === 'command') this.#command(frame, passage)
      else if (frame.type === 'error') {
        this.#lastCode = frame.payload.code
        this.refuse(new WireError(frame.payload.code as WireError['code'], frame.payload.message))
      }
    }
    passage.end()
  }

  end(): void {
    this.socket.close(1008, this.#lastCode)
  }

  destroy(): void {
    this.socket.terminate()
  }

  #command({ payload, request_id: id }: HubFrame<'command'>, passage: Passage): void {
    const requestId = id ?? ''
    const args = patchArgs(payload)
    const refuse = (code: string, message: string): void =>
      this.#result(requestId, {
        command: payload.command,
        status: 'error',
        message,
        error: { code, message },
      })
    if (args === null)
      return refuse(
        'unsupported_command',
        `this agent speaks the v1 protocol, which has no ${payload.command}`,
      )
    if ((args.part ?? 1) > 1) return refuse('invalid_args', 'part: this agent gives a patch in one part')
    const nowMs = this.around.now()
    for (const [old, { askedMs }] of this.#patches)
      if (nowMs - askedMs > commandDeadlineMs) this.#patches.delete(old)
    this.#patches.set(requestId, { args, askedMs: nowMs })
    const { sessionId } = this.around
    const head = { sessionId, senderId: hubSenderId, timestamp: new Date(nowMs).toISOString(), requestId }
    this.socket.send(
      [printV1('diff_patch_request', head, patchRequest(args, this.who.saidId, requestId))],
      passage.one(),
    )
  }

  #oldestFor(path: string): string | undefined {
    for (const [id, { args }] of this.#patches) if (args.path === path) return id
    return undefined
  }

  #result(requestId: string, result: CommandResult): void {
    this.#step('command_result', result, requestId)
    this.around.bus.spoken()
  }

  #step<T extends 'hello' | 'delta' | 'heartbeat' | 'command_result'>(
    type: T,
    payload: ClientFrame<T>['payload'],
    requestId?: string,
  ): void {
    const { sessionId, bus, now } = this.around
    const senderId = this.who.clientId
    const timestamp = new Date(now()).toISOString()
    // One generic call serves every type; the payload's type was checked by the caller's.
    const line = encodeLine(
      type as 'hello',
      { sessionId, senderId, timestamp, requestId },
      payload as ClientFrame<'hello'>['payload'],
    )
    const envelope = {
      version: '1',
      type,
      session_id: sessionId,
      sender_id: senderId,
      timestamp,
      ...(requestId !== undefined && { request_id: requestId }),
      payload,
    } as ClientEnvelope
    bus.step({ kind: 'frame', conn: this.#conn, envelope, line: line.subarray(0, -1) })
  }
}

function tooLarge({ path }: PatchArgs, agentId: string): CommandResult {
  const message = `too_large: The patch does not fit a message of ${lineBytesMax} bytes.`
  return {
    command: 'get_diff_patch',
    status: 'error',
    message,
    error: { code: 'patch_unavailable', message },
    result: { agent_id: agentId, path, patch: null },
  }
}
