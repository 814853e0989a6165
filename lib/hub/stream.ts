import type { AgentState, Resume } from '../wire/messages.js'
import type { Frames } from './frames.js'
import { packStates, printChanges } from './frames.js'
import type { History } from './history.js'

/** Where a subscriber stands in the flow of deltas. */
export type Stream =
  /** Has not subscribed to agent_state. */
  | { kind: 'off' }
  /** Will be told at the next flush what it missed: all, or what came after `since`. */
  | { kind: 'catching_up'; since: number | null; epoch?: string | null | undefined; lagged: boolean }
  /** Is being sent a snapshot that does not fit one frame; `groups` are the states of the deltas to come. */
  | { kind: 'in_parts'; groups: AgentState[][]; seq: number }
  /** Has everything up to `cursor`. */
  | { kind: 'live'; cursor: number }
  /** Left so much unread that its place is gone; gets nothing until all of it is read. */
  | { kind: 'lagging'; cursor: number }

/** What the stream reads: the hub's present state. */
export interface StreamSource {
  seq: number
  epoch: string
  history: History
  frames: Frames
  states(): AgentState[]
  /** Ranges of seqs in which a client may hold half of a snapshot, see `SnapshotRanges`. */
  ranges: SnapshotRanges
}

/** A subscriber lost its place, or was brought up to date. */
export interface StreamEvent {
  name: 'resync' | 'queue_drop'
  mode?: string
  reason?: string
}

/** What a flush of one stream comes to. */
export interface Advance {
  next: Stream
  lines: Buffer[]
  /** What happened that is worth a line in the log. */
  event?: StreamEvent
}

/** Below this a replay is not weighed against a snapshot. */
const smallReplayBytes = 16_384

/**
 * A snapshot in k parts ends with deltas numbered S−k+1…S. A client cut off within them holds half of the states
 * and might resume there: such a seq is answered with a snapshot.
 */
export class SnapshotRanges {
  #ranges: { from: number; to: number }[] = []

  /** @param oldestSeq the first that the history holds: before it nothing is replayed anyway. */
  add(from: number, to: number, oldestSeq: number): void {
    this.#ranges = this.#ranges.filter(
      (range) => range.to >= oldestSeq && !(from <= range.from && range.to <= to),
    )
    if (!this.#ranges.some((range) => range.from <= from && to <= range.to)) this.#ranges.push({ from, to })
  }

  covers(seq: number): boolean {
    return this.#ranges.some(({ from, to }) => from <= seq && seq < to)
  }
}

/**
 * What to write to a subscriber now, and where it stands after. Replay, snapshot, snapshot in parts, plain deltas
 * and the recovery of a lagging subscriber are all decided here.
 * @param unsent bytes its socket still holds; @param budget past which it is lagging.
 */
export function advance(
  stream: Stream,
  source: StreamSource,
  unsent: number,
  budget: number,
  nowMs: number,
): Advance {
  switch (stream.kind) {
    case 'off':
      return { next: stream, lines: [] }
    case 'lagging':
      if (unsent > 0) return { next: stream, lines: [] }
      return catchUp({ kind: 'catching_up', since: stream.cursor, lagged: true }, source, budget, nowMs)
    case 'catching_up':
      if (unsent > budget) return { next: stream, lines: [] }
      return catchUp(stream, source, budget, nowMs)
    case 'in_parts':
      return sendParts(stream, source, unsent, budget, nowMs, [])
    case 'live':
      if (stream.cursor === source.seq) return { next: stream, lines: [] }
      if (!source.history.holdsAfter(stream.cursor, source.seq))
        return {
          next: { kind: 'lagging', cursor: stream.cursor },
          lines: [],
          event: { name: 'queue_drop' },
        }
      // Its place is held as long as the history reaches back to it.
      return unsent > budget ? { next: stream, lines: [] } : goOn(stream.cursor, source, budget)
  }
}

/** The deltas after a cursor, as many as the budget allows at once; the rest when these are written. */
function goOn(cursor: number, source: StreamSource, budget: number): Advance {
  const { bytes, to } = source.history.joinedAfter(cursor, source.seq, budget)
  return { next: { kind: 'live', cursor: to }, lines: [bytes] }
}

function catchUp(
  stream: Extract<Stream, { kind: 'catching_up' }>,
  source: StreamSource,
  budget: number,
  nowMs: number,
): Advance {
  const { since } = stream
  if (since === null) return snapshot(source, budget, nowMs)
  const reason = whyNotReplay(since, stream.epoch, source)
  if (reason === null) return replay(since, source, budget, nowMs)
  const shown = stream.lagged && reason !== 'epoch_changed' ? 'lagging' : reason
  return snapshot(source, budget, nowMs, { mode: 'snapshot', reason: shown })
}

/** Why the deltas after `since` cannot be sent, or null when they can. Never an error: clients would loop on it. */
function whyNotReplay(since: number, epoch: string | null | undefined, source: StreamSource): string | null {
  if (epoch && epoch !== source.epoch) return 'epoch_changed'
  if (since > source.seq) return 'ahead'
  if (!source.history.holdsAfter(since, source.seq)) return 'too_old'
  if (source.ranges.covers(since)) return 'incomplete'
  const bytes = source.history.bytesAfter(since)
  if (bytes > smallReplayBytes && bytes > snapshotBytes(source.states())) return 'too_large'
  return null
}

function snapshotBytes(states: AgentState[]): number {
  let bytes = 0
  for (const state of states) bytes += JSON.stringify(state).length
  return bytes
}

function replay(since: number, source: StreamSource, budget: number, nowMs: number): Advance {
  const { seq, history, frames } = source
  const resume: Resume = { mode: 'replay', from: since }
  const event = { name: 'resync', mode: 'replay' } as const
  const line = since === seq ? frames.delta(seq, printChanges([]), nowMs) : history.at(since + 1)!
  const first = frames.withResume(line, resume)
  if (since + 1 >= seq) return { next: { kind: 'live', cursor: seq }, lines: [first], event }
  const { next, lines } = goOn(since + 1, source, budget)
  return { next, lines: [first, ...lines], event }
}

function snapshot(source: StreamSource, budget: number, nowMs: number, resume?: Resume): Advance {
  const { seq, frames } = source
  const [first = [], ...groups] = packStates(source.states())
  const parts = groups.length
  const more = { ...(resume && { resume }), ...(parts > 0 && { parts }) }
  const line = frames.snapshot(seq - parts, first, nowMs, more)
  const event = resume && ({ name: 'resync', mode: 'snapshot', reason: resume.reason ?? '' } as const)
  if (parts === 0) return { next: { kind: 'live', cursor: seq }, lines: [line], ...(event && { event }) }
  source.ranges.add(seq - parts, seq, source.history.oldestSeq)
  const begun = sendParts({ kind: 'in_parts', groups, seq }, source, 0, budget, nowMs, [line])
  return event ? { ...begun, event } : begun
}

/** Sends as many parts as the budget allows; the rest when the socket has taken them. */
function sendParts(
  stream: Extract<Stream, { kind: 'in_parts' }>,
  source: StreamSource,
  unsent: number,
  budget: number,
  nowMs: number,
  lines: Buffer[],
): Advance {
  let pending = unsent + lines.reduce((bytes, line) => bytes + line.length, 0)
  let at = 0
  for (; at < stream.groups.length && pending <= budget; at++) {
    const changes = stream.groups[at]!.map((state) => ({
      op: 'upsert' as const,
      agent_id: state.agent_id,
      state,
    }))
    const line = source.frames.delta(stream.seq - stream.groups.length + at + 1, printChanges(changes), nowMs)
    lines.push(line)
    pending += line.length
  }
  const groups = stream.groups.slice(at)
  if (groups.length > 0) return { next: { ...stream, groups }, lines }
  return { next: { kind: 'live', cursor: stream.seq }, lines }
}
