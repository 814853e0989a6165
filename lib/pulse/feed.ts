import { startHubProcess } from '../wire/start-hub.js'
import { Subscriber } from '../wire/subscriber.js'
import type { Log } from '../wire/log.js'
import type { StateChange } from '../wire/messages.js'
import type { Alerts } from '../wire/notice/alerts.js'
import { changeLine, removedLine, table, type Look } from './plain.js'
import { rowOf, type Row } from './row.js'
import { Settling, type Settled } from './settle.js'
import { jsonLine } from './text.js'

export interface FeedOptions {
  sessionId: string
  socketPath: string
  /** Ends after what the hub has when it is asked: nothing is printed that comes later. */
  once: boolean
  json: boolean
  sinceSeq?: number
  /** Where a hub that has to be started logs; absent when none may be started. */
  hubLogDir?: string
  look: Look
  /** Who is told when an agent needs the person. */
  alerts?: Alerts
  log: Log
  /** Prints a line; @returns false when nobody reads any more. */
  print: (line: string) => void
  /** Says something about the feed itself. */
  note: (line: string) => void
}

export interface Feed {
  /** Resolves when the feed has ended: after `once`, or with false when no hub answered for it. */
  readonly ended: Promise<boolean>
  close(): Promise<void>
}

/** How long `once` waits for a hub that is being started or is busy. */
const onceMs = 3_000

/** Follows a session: first what there is, then each change, as lines for people or as NDJSON. */
export function openFeed(options: FeedOptions): Feed {
  const { sessionId, socketPath, once, json, sinceSeq, hubLogDir, look, alerts, log, print, note } = options
  const settling = new Settling()
  const rows = new Map<string, Row>()
  let isFirst = sinceSeq === undefined
  let wasUp = false
  let isDown = false
  let isOver = false
  /** The hub's seq when it was asked. */
  let askedSeq = Number.POSITIVE_INFINITY
  let resolveEnded: (isServed: boolean) => void = () => {}
  const ended = new Promise<boolean>((resolve) => {
    resolveEnded = resolve
  })
  const finish = (isServed: boolean): void => {
    isOver = true
    resolveEnded(isServed)
  }

  const alert = (change: Settled): void => {
    if (change.op === 'remove') alerts?.forget(change.agent_id)
    else if (isFirst) alerts?.prime([change.state])
    else alerts?.take(change.state)
  }

  const tell = (changes: Settled[]): void => {
    if (isOver) return
    for (const change of changes) {
      alert(change)
      if (json) print(jsonRecord(change))
      const before = rows.get(change.agent_id)
      if (change.op === 'remove') {
        rows.delete(change.agent_id)
        if (!json && before) print(removedLine(before, Date.now()))
        continue
      }
      const after = rowOf(change.state)
      rows.set(change.agent_id, after)
      const line = json || isFirst ? null : changeLine(before, after, Date.now(), look)
      if (line !== null) print(line)
    }
  }

  const subscriber = new Subscriber({
    clientId: `pulse-${process.pid}`,
    sessionId,
    socketPath,
    log,
    ...(sinceSeq !== undefined && { sinceSeq }),
    ...(hubLogDir !== undefined && {
      startHub: () => startHubProcess({ sessionId, socketPath, logDir: hubLogDir }),
    }),
    onChange: (applied) => {
      if (isOver) return
      tell(settling.take(applied, Date.now()))
      if (isFirst) {
        isFirst = false
        if (!json) for (const line of table([...rows.values()], Date.now(), look)) print(line)
      }
      if (once && (applied.kind === 'reset' || applied.seq >= askedSeq)) finish(true)
    },
    onFrame: (frame) => {
      if (!once || frame.type !== 'hello') return
      askedSeq = frame.payload.seq
      // Nothing was missed, and so nothing will come.
      if (subscriber.replica.seq === askedSeq) finish(true)
    },
    onUp: () => {
      if (wasUp) note('connected again')
      wasUp = true
      isDown = false
    },
    onDown: (reason) => {
      // Each attempt that fails says so again.
      if (wasUp && !isDown) note(`the hub is gone (${reason}); waiting for it`)
      isDown = true
    },
  })
  subscriber.open()
  const settle = setInterval(() => {
    if ((settling.dueMs ?? Number.POSITIVE_INFINITY) <= Date.now()) tell(settling.expire(Date.now()))
  }, 500)
  if (once) setTimeout(() => finish(false), onceMs).unref()
  return {
    ended,
    async close() {
      clearInterval(settle)
      await Promise.all([subscriber.close(), alerts?.close()])
    },
  }
}

function jsonRecord(change: StateChange & { seq: number }): string {
  const { seq, op, agent_id: id } = change
  return jsonLine(
    change.op === 'remove' ? { seq, op, agent_id: id } : { seq, op, agent_id: id, state: change.state },
  )
}
