import { parseCommand, type HubCommand } from '../wire/commands.js'
import { CommandError, WireError } from '../wire/errors.js'
import { agentId, paneOf } from '../wire/identity.js'
import { commandDeadlineMs, openCommandsPerClientMax } from '../wire/limits.js'
import type { ClientFrame, CommandResult } from '../wire/messages.js'
import type { Client } from './client.js'
import type { Frames } from './frames.js'
import { OpenCommands, type Answer } from './open-commands.js'

/** What commands need of the hub around them. */
export interface CommandSurroundings {
  sessionId: string
  epoch: string
  frames: Frames
  /** A connection that is still there. */
  clientOf(conn: number): Client | undefined
  /** The newest connection that publishes an agent, and whether the agent is known at all. */
  publisherOf(agent: string): { conn: number | undefined; isKnown: boolean }
  /** Has a hub command done; its result comes back by `done`. */
  run(hubRequestId: string, command: HubCommand): void
  log(event: 'command' | 'command_result', client: Client | undefined, fields: Record<string, unknown>): void
}

/** Commands on their way: from a subscriber to an agent or the hub, and their results back. design: Commands. */
export class Commands {
  readonly #open = new OpenCommands()

  constructor(private readonly hub: CommandSurroundings) {}

  get openCount(): number {
    return this.#open.count
  }

  openOf(conn: number): number {
    return this.#open.countOf(conn)
  }

  /** Takes a command. Whatever is wrong with it comes back as its result. */
  give(client: Client, { payload, request_id: id }: ClientFrame<'command'>, nowMs: number): void {
    const requestId = id ?? null
    const { command, target_agent_id: target } = payload
    this.hub.log('command', client, { command, target, request_id: requestId })
    const before = this.#open.recall(client.senderId, requestId, client.conn)
    if (before !== undefined) {
      for (const result of before) client.outbox.reply(this.#line(requestId, result, nowMs))
      return
    }
    const answer = (result: CommandResult): void =>
      this.#answer({ asker: client.conn, senderId: client.senderId, requestId, result }, nowMs)
    try {
      answer({ command, status: 'accepted', message: this.#handOver(client, payload, requestId, nowMs) })
    } catch (error) {
      if (!(error instanceof CommandError || error instanceof WireError)) throw error
      const { code, message } = error
      answer({ command, status: 'error', message, error: { code, message } })
    }
  }

  /** Takes a publisher's result. */
  result(client: Client, { payload, request_id: id }: ClientFrame<'command_result'>, nowMs: number): void {
    this.#answer(this.#open.answer(id ?? null, client.conn, payload), nowMs)
  }

  /** A hub command has been done. */
  done(hubRequestId: string, result: CommandResult, nowMs: number): void {
    this.#answer(this.#open.answer(hubRequestId, null, result), nowMs)
  }

  /** A connection will answer nothing any more. */
  publisherGone(conn: number, nowMs: number): void {
    for (const answer of this.#open.publisherGone(conn)) this.#answer(answer, nowMs)
  }

  /** Answers for those who have not in time. */
  expire(nowMs: number): void {
    for (const answer of this.#open.expire(nowMs)) this.#answer(answer, nowMs)
  }

  /** @returns to whom it was handed. @throws {CommandError | WireError} when it cannot be. */
  #handOver(
    client: Client,
    payload: ClientFrame<'command'>['payload'],
    requestId: string | null,
    nowMs: number,
  ): string {
    if (client.role.kind !== 'subscriber')
      throw new CommandError(
        'role_violation',
        'only a subscriber gives commands; this connection said role "publisher"',
      )
    if (this.#open.countOf(client.conn) >= openCommandsPerClientMax) {
      const message = `${openCommandsPerClientMax} commands of this connection are open; wait for one to end`
      throw new CommandError('too_many_commands', message)
    }
    const command = parseCommand(payload)
    const publisher = command.target === 'agent' ? this.#publisherFor(payload.target_agent_id ?? '') : null
    const { hubRequestId } = this.#open.open(
      {
        asker: client.conn,
        senderId: client.senderId,
        requestId,
        command: command.name,
        publisher: publisher?.conn ?? null,
        deadlineMs: nowMs + commandDeadlineMs,
      },
      this.hub.epoch,
    )
    if (command.target === 'hub') {
      this.hub.run(hubRequestId, command)
      return 'taken by the hub'
    }
    try {
      const more = { requestId: hubRequestId, senderId: client.senderId }
      publisher!.outbox.reply(
        this.hub.frames.frame('command', { ...payload, args: payload.args ?? {} }, nowMs, more),
      )
    } catch (error) {
      this.#open.withdraw(hubRequestId)
      throw error
    }
    return `handed to ${payload.target_agent_id}`
  }

  /** The newest connection that publishes an agent. @throws {CommandError} */
  #publisherFor(target: string): Client {
    const { sessionId } = this.hub
    if (paneOf(sessionId, target) === null) {
      const wanted = JSON.stringify(agentId(sessionId, '<pane_id>'))
      const message = `target_agent_id is an agent of this session, ${wanted}; it was ${JSON.stringify(target)}`
      throw new CommandError('invalid_target', message)
    }
    const { conn, isKnown } = this.hub.publisherOf(target)
    const publisher = conn === undefined ? undefined : this.hub.clientOf(conn)
    if (publisher !== undefined) return publisher
    const why = isKnown ? 'its wrapper is not connected' : 'no agent has this id'
    throw new CommandError('publisher_missing', `${target}: ${why}`)
  }

  #answer(answer: Answer | null, nowMs: number): void {
    if (answer === null) return
    const client = this.hub.clientOf(answer.asker)
    const { senderId, requestId, result } = answer
    if (result.status !== 'accepted') {
      const { command, status, error } = result
      this.hub.log('command_result', client, { command, status, request_id: requestId, code: error?.code })
    }
    const line = this.#line(requestId, result, nowMs)
    this.#open.remember(senderId, requestId, result, line.length, nowMs)
    client?.outbox.reply(line)
  }

  /** A result's line; one that does not fit a frame with the hub's envelope says so instead. */
  #line(requestId: string | null, result: CommandResult, nowMs: number): Buffer {
    try {
      return this.hub.frames.frame('command_result', result, nowMs, { requestId })
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      const { code, message } = error
      const instead: CommandResult = {
        command: result.command,
        status: 'error',
        message,
        error: { code, message },
      }
      return this.hub.frames.frame('command_result', instead, nowMs, { requestId })
    }
  }
}
