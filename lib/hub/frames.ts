import { encodeLine, printJson } from '../wire/encode.js'
import { lineBytesMax } from '../wire/limits.js'
import type { AgentState, HubEnvelope, HubFrame, Resume, StateChange } from '../wire/messages.js'

export const hubSenderId = 'aoc-hub'
/** Room kept in a snapshot's frames for what stands around the states. */
const headBytesMax = 4_096
const brace = 0x7d
const newline = 0x0a
const payloadKey = Buffer.from('"payload":{')

/**
 * Prints the hub's frames. A delta's changes may be bytes that are already printed (see `verbatim.ts`).
 * Seed 001, "snapshot" and "delta"; the additions (`epoch`, `resume`, `parts`) are invisible to a seed client.
 */
export class Frames {
  readonly #deltaHead: Buffer
  readonly #deltaEpoch: Buffer
  #time = { ms: -1, text: '' }

  constructor(
    private readonly sessionId: string,
    private readonly epoch: string,
  ) {
    const id = printJson(sessionId)
    this.#deltaHead = Buffer.from(
      `{"version":"1","type":"delta","session_id":${id},"sender_id":"${hubSenderId}","timestamp":"`,
    )
    this.#deltaEpoch = Buffer.from(`,"epoch":${printJson(epoch)},"changes":`)
  }

  /** One delta line. `changes` is printed JSON: an array of changes. */
  delta(seq: number, changes: Buffer, nowMs: number): Buffer {
    const middle = `${this.#timestamp(nowMs)}","payload":{"seq":${seq}`
    const head = this.#deltaHead
    const epoch = this.#deltaEpoch
    const line = Buffer.allocUnsafe(head.length + middle.length + epoch.length + changes.length + 3)
    line.set(head)
    let at = head.length
    at += line.write(middle, at, 'latin1')
    line.set(epoch, at)
    line.set(changes, (at += epoch.length))
    at += changes.length
    line[at] = brace
    line[at + 1] = brace
    line[at + 2] = newline
    return line
  }

  /** The same delta line, saying how a subscription was resumed. */
  withResume(line: Buffer, resume: Resume): Buffer {
    const at = line.indexOf(payloadKey) + payloadKey.length
    return Buffer.concat([
      line.subarray(0, at),
      Buffer.from(`"resume":${printJson(resume)},`),
      line.subarray(at),
    ])
  }

  /** Any other frame of the hub. */
  frame<T extends HubEnvelope['type']>(
    type: T,
    payload: HubFrame<T>['payload'],
    nowMs: number,
    more: { requestId?: string | null | undefined; senderId?: string } = {},
  ): Buffer {
    const { requestId, senderId = hubSenderId } = more
    const head = { sessionId: this.sessionId, senderId, timestamp: this.#timestamp(nowMs), requestId }
    // One generic call serves every type; the payload's type was checked by the caller's.
    return encodeLine(type as 'error', head, payload as HubFrame<'error'>['payload'])
  }

  /** The snapshot's own frame; `parts` deltas with the rest of the states follow it. */
  snapshot(
    seq: number,
    states: AgentState[],
    nowMs: number,
    more: { resume?: Resume; parts?: number },
  ): Buffer {
    const { resume, parts } = more
    return this.frame('snapshot', { seq, epoch: this.epoch, states, resume, parts }, nowMs)
  }

  #timestamp(nowMs: number): string {
    if (this.#time.ms !== nowMs) this.#time = { ms: nowMs, text: new Date(nowMs).toISOString() }
    return this.#time.text
  }
}

/** Changes as printed JSON. */
export function printChanges(changes: StateChange[]): Buffer {
  return Buffer.from(printJson(changes))
}

/** Groups of states, each of which fits one frame, in their order; at least one group. */
export function packStates(states: AgentState[]): AgentState[][] {
  const groups: AgentState[][] = [[]]
  let room = lineBytesMax - headBytesMax
  for (const state of states) {
    // A state in a delta has its change around it: the id again, and some forty bytes.
    const bytes = Buffer.byteLength(printJson(state)) + Buffer.byteLength(printJson(state.agent_id)) + 48
    if (bytes > room && groups.at(-1)!.length > 0) {
      groups.push([])
      room = lineBytesMax - headBytesMax
    }
    groups.at(-1)!.push(state)
    room -= bytes
  }
  return groups
}
