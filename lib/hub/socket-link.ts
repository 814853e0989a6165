import type net from 'node:net'
import { decodeClientLine, tooLarge } from '../wire/decode.js'
import { WireError } from '../wire/errors.js'
import { framesPerTurnMax, stalledMs } from '../wire/limits.js'
import { LineReader, type Line } from '../wire/lines.js'
import type { Bus, Link } from './bus.js'

/** A client on the Unix socket: its bytes as frames for the core, and the core's lines back. */
export class SocketLink implements Link {
  readonly #reader = new LineReader()
  #conn = 0
  #state: 'open' | 'waiting_for_turn' | 'ended_by_client' | 'closed' = 'open'

  constructor(
    private readonly socket: net.Socket,
    private readonly bus: Bus,
  ) {}

  /** Lets it in. */
  open(): void {
    const { socket, bus } = this
    this.#conn = bus.connect(this)
    socket.on('data', (chunk) => {
      this.#reader.push(chunk)
      if (this.#state === 'open') this.#pump()
      bus.spoken()
    })
    socket.on('end', () => {
      const waits = this.#state === 'waiting_for_turn'
      this.#state = 'ended_by_client'
      if (!waits) this.#pump()
    })
    // What went wrong with a connection ends it; the close below says so.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      this.#state = 'closed'
      bus.disconnect(this.#conn)
    })
  }

  write(lines: Buffer[]): void {
    if (!this.socket.writable) return
    const buffer = lines.length === 1 ? lines[0]! : Buffer.concat(lines)
    this.socket.write(buffer, (error) => {
      if (!error) this.bus.step({ kind: 'written', conn: this.#conn, bytes: buffer.length })
    })
  }

  /** Ends our side; what the client still says is thrown away. */
  end(lingerMs = 2_000): void {
    const { socket } = this
    socket.removeAllListeners('data').removeAllListeners('end')
    socket.resume()
    // The core has let go of it: nobody else notices when it never takes its last bytes.
    setTimeout(() => socket.destroy(), stalledMs).unref()
    socket.end(() => setTimeout(() => socket.destroy(), lingerMs).unref())
  }

  destroy(): void {
    this.socket.destroy()
  }

  /** Takes lines, so many a turn that no connection can hold up the others. */
  #pump(): void {
    for (let taken = 0; taken < framesPerTurnMax; taken++) {
      const line = this.#reader.next()
      if (line === null) {
        if (this.#state === 'ended_by_client') this.#pumpEnd()
        else {
          this.#state = 'open'
          if (this.socket.isPaused()) this.socket.resume()
        }
        return
      }
      this.#take(line)
    }
    if (this.#state === 'open') this.#state = 'waiting_for_turn'
    this.socket.pause()
    setImmediate(() => {
      if (this.#state !== 'closed') this.#pump()
    })
  }

  #pumpEnd(): void {
    const last = this.#reader.finish()
    if (last !== null) this.#take(last)
    this.bus.step({ kind: 'half_closed', conn: this.#conn })
  }

  #take(line: Line): void {
    const conn = this.#conn
    try {
      if (line.kind === 'too_long') throw tooLarge(line.length)
      const envelope = decodeClientLine(line.bytes)
      this.bus.step({ kind: 'frame', conn, envelope, line: line.bytes })
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.bus.step({ kind: 'bad_line', conn, error, number: line.number })
    }
  }
}
