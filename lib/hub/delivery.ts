import { controlQueueBytesMax } from '../wire/limits.js'
import type { Client } from './client.js'
import { advance, type StreamEvent, type StreamSource } from './stream.js'

/** What is to be done for one connection at the end of a turn. */
export interface Delivery {
  /** What is written to it now. */
  lines: Buffer[]
  /** Whether deltas are among them. */
  hasDeltas: boolean
  event: StreamEvent | null
  /** Whether it is ended after that: `through` when all was said, else why it is dropped. */
  end: 'through' | (string & {}) | null
}

/** What a connection has to get: its replies first, then its deltas, neither past its budget. */
export function deliver(
  client: Client,
  source: StreamSource,
  { budgetBytes, openCommands }: { budgetBytes: number; openCommands: () => number },
  nowMs: number,
): Delivery {
  const { outbox, role, ending } = client
  const lines = outbox.takeReplies(budgetBytes)
  let event: StreamEvent | null = null
  let hasDeltas = false
  if (role.kind === 'subscriber' && ending !== 'ending') {
    const step = advance(role.stream, source, outbox.unsent, budgetBytes, nowMs)
    role.stream = step.next
    lines.push(...step.lines)
    hasDeltas = step.lines.length > 0
    event = step.event ?? null
  }
  const isDrowned = outbox.replyBytes > controlQueueBytesMax
  const end = isThrough(client, openCommands) ? 'through' : isDrowned ? 'its replies went unread' : null
  return { lines, hasDeltas, event, end }
}

/** Whether nothing more will be said to a connection that is coming to its end. */
function isThrough({ ending, outbox, role }: Client, openCommands: () => number): boolean {
  if (ending === 'open' || outbox.replyBytes > 0) return false
  if (ending === 'ending') return true
  const waits = role.kind === 'subscriber' && role.stream.kind !== 'live' && role.stream.kind !== 'off'
  return !waits && openCommands() === 0
}
