import { decodeClientLine, tooLarge } from '../../lib/wire/decode.js'
import { WireError } from '../../lib/wire/errors.js'
import { LineReader } from '../../lib/wire/lines.js'
import type { HubEnvelope } from '../../lib/wire/messages.js'
import { HubCore } from '../../lib/hub/core.js'
import type { CoreOptions, Effect } from '../../lib/hub/machine.js'

export const coreOptions: CoreOptions = {
  sessionId: 's',
  epoch: 'e1',
  seqStart: 0,
  seqReserved: 65_536,
  version: '0.0.0',
  pid: 1,
  startedMs: 0,
  staleMs: 30_000,
  subscriberBudgetBytes: 1_024 * 1_024,
  random: () => 0,
}

/**
 * A hub core with everything around it played by the test: what a server does with bytes, but with a clock that is
 * set by hand and sockets that take what they are told to take.
 */
export class Stage {
  readonly core: HubCore
  nowMs = 0
  /** All effects so far. */
  readonly effects: Effect[] = []
  /** Connections whose sockets take nothing for now. */
  readonly stuck = new Set<number>()
  readonly ended = new Set<number>()
  readonly #readers = new Map<number, LineReader>()
  readonly #received = new Map<number, Buffer[]>()
  readonly #unwritten = new Map<number, number>()

  constructor(options: Partial<CoreOptions> = {}) {
    this.core = new HubCore({ ...coreOptions, ...options })
  }

  connect(conn: number): void {
    this.#readers.set(conn, new LineReader())
    this.core.step({ kind: 'connected', conn }, this.nowMs)
  }

  /** A client writes: text as it is, anything else as one JSON line. */
  say(conn: number, said: string | object): void {
    const reader = this.#readers.get(conn)!
    reader.push(Buffer.from(typeof said === 'string' ? `${said}\n` : `${JSON.stringify(said)}\n`))
    for (let line = reader.next(); line !== null; line = reader.next()) {
      try {
        if (line.kind === 'too_long') throw tooLarge(line.length)
        const envelope = decodeClientLine(line.bytes)
        this.core.step({ kind: 'frame', conn, envelope, line: line.bytes }, this.nowMs)
      } catch (error) {
        if (!(error instanceof WireError)) throw error
        this.core.step({ kind: 'bad_line', conn, error, number: line.number }, this.nowMs)
      }
    }
  }

  /** Says hello; publishers give their pane. */
  hello(conn: number, who: { pane?: string; id?: string; capabilities?: string[] }): void {
    this.connect(conn)
    const role = who.pane === undefined ? 'subscriber' : 'publisher'
    const { id = `c${conn}`, capabilities, pane } = who
    this.frame(conn, 'hello', { client_id: id, role, capabilities, pane_id: pane })
  }

  frame(conn: number, type: string, payload: object, requestId?: string): void {
    this.say(conn, { type, session_id: 's', request_id: requestId, payload })
  }

  /** A publisher's whole state. */
  upsert(conn: number, pane: string, state: object): void {
    this.frame(conn, 'delta', { changes: [{ op: 'upsert', agent_id: `s::${pane}`, state }] })
  }

  close(conn: number): void {
    this.core.step({ kind: 'closed', conn }, this.nowMs)
  }

  halfClose(conn: number): void {
    this.core.step({ kind: 'half_closed', conn }, this.nowMs)
  }

  /** Lets time pass, in ticks of a quarter of a second. */
  wait(ms: number): void {
    for (const untilMs = this.nowMs + ms; this.nowMs < untilMs;) {
      this.nowMs += 250
      this.core.step({ kind: 'tick' }, this.nowMs)
      this.flush()
    }
  }

  /** The end of a turn of the event loop. */
  flush(): void {
    for (let again = true; again;) {
      again = false
      for (const effect of this.core.flush(this.nowMs)) {
        this.effects.push(effect)
        if (effect.kind === 'end' || effect.kind === 'destroy') this.ended.add(effect.conn)
        if (effect.kind !== 'write') continue
        const { conn } = effect
        const bytes = Buffer.concat(effect.lines)
        this.#received.set(conn, [...(this.#received.get(conn) ?? []), bytes])
        if (this.stuck.has(conn)) this.#unwritten.set(conn, (this.#unwritten.get(conn) ?? 0) + bytes.length)
        else again = this.core.step({ kind: 'written', conn, bytes: bytes.length }, this.nowMs) || again
      }
    }
  }

  /** A stuck socket takes all it holds. */
  unstick(conn: number): void {
    this.stuck.delete(conn)
    const bytes = this.#unwritten.get(conn) ?? 0
    this.#unwritten.delete(conn)
    this.core.step({ kind: 'written', conn, bytes }, this.nowMs)
    this.flush()
  }

  /** What a client has been sent since it was last asked, as bytes. */
  bytesOf(conn: number): Buffer {
    this.flush()
    const bytes = Buffer.concat(this.#received.get(conn) ?? [])
    this.#received.delete(conn)
    return bytes
  }

  /** The same as frames. */
  framesOf(conn: number): HubEnvelope[] {
    const text = this.bytesOf(conn).toString()
    return text === ''
      ? []
      : text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as HubEnvelope)
  }

  /** The same, each as `type` and payload only. */
  toldTo(conn: number): [string, Record<string, unknown>][] {
    return this.framesOf(conn).map(({ type, payload }) => [type, payload as Record<string, unknown>])
  }
}
