import { encodeLine } from '../../wire/encode.js'
import { WireError, type WireErrorCode } from '../../wire/errors.js'
import type { ClientEnvelope, ClientFrame, HubEnvelope } from '../../wire/messages.js'
import type { Link } from '../bus.js'
import type { V1Around } from './around.js'
import type { V1Socket } from './socket.js'

export interface CoreConnectionOptions {
  clientId: string
  socket: V1Socket
  around: V1Around
  /** Takes what the core says to it; what it comes to is counted by the passage. */
  onFrame: (frame: HubEnvelope, passage: Passage) => void
  /** Tells the client of an error of the core's. */
  refuse: (error: WireError) => void
}

type Said = 'hello' | 'delta' | 'heartbeat' | 'command' | 'command_result'

/** A v1 client as one connection of the core. */
export class CoreConnection implements Link {
  readonly conn: number
  /** Why the core ends it, if it does. */
  #lastCode = 'closed'

  constructor(private readonly options: CoreConnectionOptions) {
    this.conn = options.around.bus.connect(this, { isWatched: true })
  }

  /** Says a frame to the core, as the client. @throws {WireError} `frame_too_large` for a delta that no frame holds. */
  say<T extends Said>(type: T, payload: ClientFrame<T>['payload'], requestId?: string): void {
    const { around, clientId } = this.options
    const { sessionId, bus, now } = around
    const head = { sessionId, senderId: clientId, timestamp: new Date(now()).toISOString(), requestId }
    const envelope = {
      version: '1',
      type,
      session_id: sessionId,
      sender_id: clientId,
      timestamp: head.timestamp,
      ...(requestId !== undefined && { request_id: requestId }),
      payload,
    } as ClientEnvelope
    // The core reads the bytes of deltas only.
    const line =
      envelope.type === 'delta' ? encodeLine('delta', head, envelope.payload).subarray(0, -1) : emptyLine
    bus.step({ kind: 'frame', conn: this.conn, envelope, line })
  }

  /** The client is gone. */
  close(): void {
    this.options.around.bus.disconnect(this.conn)
  }

  write(lines: Buffer[]): void {
    const { around, onFrame, refuse } = this.options
    const bytes = lines.reduce((sum, line) => sum + line.length, 0)
    const passage = new Passage(() => around.bus.step({ kind: 'written', conn: this.conn, bytes }))
    for (const frame of lines.flatMap(framesIn)) {
      if (frame.type === 'error') {
        const { code, message } = frame.payload
        this.#lastCode = code
        refuse(new WireError(code as WireErrorCode, message))
      } else onFrame(frame, passage)
    }
    passage.end()
  }

  end(): void {
    this.options.socket.close(1008, this.#lastCode)
  }

  destroy(): void {
    this.options.socket.terminate()
  }
}

const emptyLine = Buffer.alloc(0)

/**
 * What becomes of the core's lines when they are said in v1: `done` is called once, when all the messages they come to
 * have gone. So the core's own budget holds for v1 clients.
 */
export class Passage {
  #open = 1

  constructor(private readonly done: () => void) {}

  /** One more message is on its way. @returns what to call when it is gone. */
  one(): () => void {
    this.#open++
    return () => this.end()
  }

  /** There are no more. */
  end(): void {
    if (--this.#open === 0) this.done()
  }
}

/** The frames in what the core has written: whole lines, several in one buffer perhaps. */
function framesIn(lines: Buffer): HubEnvelope[] {
  return lines
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as HubEnvelope)
}
