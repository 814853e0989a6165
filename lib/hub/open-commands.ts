import type { CommandErrorCode } from '../wire/errors.js'
import { commandMemoryBytesMax, commandMemoryMax, commandMemoryMs } from '../wire/limits.js'
import type { CommandResult } from '../wire/messages.js'

/** A command handed over and not yet answered. */
export interface OpenCommand {
  /** The id under which it was handed over; the asker's own may be another asker's too. */
  hubRequestId: string
  command: string
  asker: number
  senderId: string
  requestId: string | null
  /** The connection that has to answer; null when the hub itself does it. */
  publisher: number | null
  deadlineMs: number
}

/** A result for an asker. */
export interface Answer {
  asker: number
  senderId: string
  requestId: string | null
  result: CommandResult
}

interface Memory {
  results: CommandResult[]
  bytes: number
  forgetMs: number
}

/**
 * The open commands and the results that a repeated request gets again. Each command gets one `accepted` and then
 * one terminal result, whatever the agent does. Pure. design: Commands.
 */
export class OpenCommands {
  readonly #open = new Map<string, OpenCommand>()
  /** By sender and request, oldest first. */
  readonly #memory = new Map<string, Memory>()
  #memoryBytes = 0
  #handedOver = 0

  get count(): number {
    return this.#open.size
  }

  /** How many one connection has open. */
  countOf(asker: number): number {
    let count = 0
    for (const open of this.#open.values()) if (open.asker === asker) count++
    return count
  }

  /** The results a repeated request gets; undefined when it is a new one. An open one belongs to this asker now. */
  recall(senderId: string, requestId: string | null, asker: number): readonly CommandResult[] | undefined {
    if (requestId === null) return undefined
    for (const open of this.#open.values())
      if (open.senderId === senderId && open.requestId === requestId) open.asker = asker
    return this.#memory.get(keyOf(senderId, requestId))?.results
  }

  /** Opens a command. @returns it, with the request id to hand over. */
  open(command: Omit<OpenCommand, 'hubRequestId'>, epoch: string): OpenCommand {
    const open = { ...command, hubRequestId: `${epoch}-${++this.#handedOver}` }
    this.#open.set(open.hubRequestId, open)
    return open
  }

  /** Takes back a command that could not be handed over. */
  withdraw(hubRequestId: string): void {
    this.#open.delete(hubRequestId)
  }

  /**
   * Takes an agent's answer. `accepted` is swallowed: the hub has said so already.
   * @returns the answer for the asker; null when nothing waits for it.
   */
  answer(hubRequestId: string | null, publisher: number | null, result: CommandResult): Answer | null {
    const open = this.#open.get(hubRequestId ?? '')
    if (open === undefined || open.publisher !== publisher || result.status === 'accepted') return null
    this.#open.delete(open.hubRequestId)
    return answerOf(open, { ...result, command: open.command })
  }

  /** The errors for all commands that this publisher will not answer any more. */
  publisherGone(publisher: number): Answer[] {
    return this.#end(
      (open) => open.publisher === publisher,
      'publisher_gone',
      'the agent went away before it answered; it may have ended',
    )
  }

  /** The errors for all commands past their deadline; forgets old results. */
  expire(nowMs: number): Answer[] {
    for (const [key, memory] of this.#memory) {
      if (memory.forgetMs > nowMs) break
      this.#forget(key, memory)
    }
    return this.#end((open) => open.deadlineMs <= nowMs, 'timeout', 'the agent has not answered in time')
  }

  /** Keeps a result for a request that comes again. */
  remember(
    senderId: string,
    requestId: string | null,
    result: CommandResult,
    bytes: number,
    nowMs: number,
  ): void {
    if (requestId === null) return
    const key = keyOf(senderId, requestId)
    const before = this.#memory.get(key)
    if (before !== undefined) this.#forget(key, before)
    const results = [...(before?.results ?? []), result]
    const memory = { results, bytes: (before?.bytes ?? 0) + bytes, forgetMs: nowMs + commandMemoryMs }
    this.#memory.set(key, memory)
    this.#memoryBytes += memory.bytes
    for (const [oldKey, old] of this.#memory) {
      if (this.#memory.size <= commandMemoryMax && this.#memoryBytes <= commandMemoryBytesMax) break
      if (oldKey !== key) this.#forget(oldKey, old)
    }
  }

  #forget(key: string, memory: Memory): void {
    this.#memory.delete(key)
    this.#memoryBytes -= memory.bytes
  }

  #end(is: (open: OpenCommand) => boolean, code: CommandErrorCode, message: string): Answer[] {
    const ended: Answer[] = []
    for (const open of this.#open.values()) {
      if (!is(open)) continue
      this.#open.delete(open.hubRequestId)
      ended.push(
        answerOf(open, { command: open.command, status: 'error', message, error: { code, message } }),
      )
    }
    return ended
  }
}

function answerOf({ asker, senderId, requestId }: OpenCommand, result: CommandResult): Answer {
  return { asker, senderId, requestId, result }
}

function keyOf(senderId: string, requestId: string): string {
  return JSON.stringify([senderId, requestId])
}
