import net from 'node:net'
import { decodeHubLine } from './decode.js'
import { WireError } from './errors.js'
import { LineReader } from './lines.js'
import type { HubEnvelope } from './messages.js'
import { whyNotTrusted } from './socket-owner.js'

/** What a connection tells of; none of it may throw. */
export interface ConnectionEvents {
  onOpen(): void
  onFrame(frame: HubEnvelope): void
  /** A line that is no frame, or a frame of a type this version does not know; the connection goes on. */
  onBadLine?(error: WireError): void
  /** The socket has room again. */
  onDrain?(): void
  /** The last event. */
  onClose(error: NodeJS.ErrnoException | null): void
}

/** One connection to a hub, from connect to close. */
export interface Connection {
  /** Bytes given to `send` that the hub has not taken. */
  readonly unsentBytes: number
  send(line: Buffer): void
  /** Says nothing more; the hub's last words are still read. */
  end(): void
  destroy(): void
}

/** Connects to a hub's socket. Never throws: a hub that is not there is `onClose` with the error. */
export function openConnection(socketPath: string, events: ConnectionEvents): Connection {
  const reader = new LineReader()
  const danger = whyNotTrusted(socketPath)
  // One that is not trusted fails as a connection does, a moment later.
  const socket = danger === null ? net.connect({ path: socketPath }) : new net.Socket()
  let failure: NodeJS.ErrnoException | null = null
  if (danger !== null)
    socket.destroy(Object.assign(new Error(`${danger}: it is not trusted`), { code: 'unsafe_folder' }))
  socket.on('connect', () => events.onOpen())
  socket.on('data', (chunk) => {
    reader.push(chunk)
    for (let line = reader.next(); line !== null && !socket.destroyed; line = reader.next()) {
      if (line.kind === 'too_long') {
        events.onBadLine?.(new WireError('frame_too_large', `the hub sent a line of ${line.length} bytes`))
        continue
      }
      let frame: HubEnvelope
      try {
        frame = decodeHubLine(line.bytes)
      } catch (error) {
        if (!(error instanceof WireError)) throw error
        events.onBadLine?.(error)
        continue
      }
      events.onFrame(frame)
    }
  })
  socket.on('drain', () => events.onDrain?.())
  socket.on('error', (error) => {
    failure = error
  })
  socket.on('close', () => events.onClose(failure))
  return {
    get unsentBytes() {
      return socket.writableLength
    },
    send(line) {
      if (socket.writable) socket.write(line)
    },
    end() {
      socket.end()
    },
    destroy() {
      socket.destroy()
    },
  }
}
