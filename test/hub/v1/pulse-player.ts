import type { Bus, Link } from '../../../lib/hub/bus.js'
import { decodeClientLine, decodeHubLine } from '../../../lib/wire/decode.js'
import type { HubEnvelope } from '../../../lib/wire/messages.js'
import type { Fields } from './payloads.js'

/** A client of the Unix socket, played by the test; it reads at once unless it is stuck. */
export class PulsePlayer implements Link {
  readonly conn: number
  isStuck = false
  hasEnded = false
  #frames: HubEnvelope[] = []

  constructor(private readonly bus: Bus) {
    this.conn = bus.connect(this)
  }

  /** A subscriber, or with a pane a publisher. */
  hello(id: string, pane?: string): this {
    const role = pane === undefined ? 'subscriber' : 'publisher'
    return this.say('hello', { client_id: id, role, pane_id: pane })
  }

  say(type: string, payload: object, requestId?: string): this {
    const line = Buffer.from(JSON.stringify({ type, session_id: 's', request_id: requestId, payload }))
    this.bus.step({ kind: 'frame', conn: this.conn, envelope: decodeClientLine(line), line })
    return this
  }

  /** A publisher's whole state. */
  upsert(pane: string, state: Fields): this {
    return this.say('delta', { changes: [{ op: 'upsert', agent_id: `s::${pane}`, state }] })
  }

  remove(pane: string): this {
    return this.say('delta', { changes: [{ op: 'remove', agent_id: `s::${pane}` }] })
  }

  leave(): void {
    this.bus.disconnect(this.conn)
  }

  /** What has come since it was last asked. */
  frames(): HubEnvelope[] {
    return this.#frames.splice(0)
  }

  write(lines: Buffer[]): void {
    const bytes = Buffer.concat(lines)
    const texts = bytes.toString().split('\n')
    if (texts.pop() !== '') throw new Error('a line was not ended')
    for (const text of texts) this.#frames.push(readByPulse(text))
    if (!this.isStuck) this.bus.step({ kind: 'written', conn: this.conn, bytes: bytes.length })
  }

  end(): void {
    this.hasEnded = true
  }

  destroy(): void {
    this.hasEnded = true
  }
}

/** What no client of the Unix socket may be told: what it would drop. */
function readByPulse(line: string): HubEnvelope {
  try {
    return decodeHubLine(Buffer.from(line))
  } catch (error) {
    throw new Error(`Pulse clients are told what is no frame: ${line.slice(0, 300)}`, { cause: error })
  }
}
