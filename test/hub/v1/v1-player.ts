import type { V1Client } from '../../../lib/hub/v1/client.js'
import { decodeV1Message } from '../../../lib/wire/decode.js'
import type { V1Envelope, V1Payload, V1Type } from '../../../lib/wire/v1.js'
import { counts, diffOf, timestamp, type Fields } from './payloads.js'
import type { TestSocket } from './test-socket.js'

/** What a player needs of the stage it is on. */
interface Around {
  /** The rest of a turn of the event loop, and what follows from it. */
  turn: () => void
  /** The client's websocket is gone. */
  closed: (client: V1Client) => void
}

/** A v1 client, played by the test. */
export class V1Player {
  clientId = 'nobody'
  /** The agent it calls itself by. */
  agentId = 'agent-1'
  #isGone = false

  constructor(
    private readonly around: Around,
    readonly socket: TestSocket,
    private readonly client: V1Client,
  ) {
    socket.onClose = () => this.#gone()
  }

  hello(payload: Fields): void {
    this.clientId = String(payload['client_id'])
    if (typeof payload['agent_id'] === 'string') this.agentId = payload['agent_id']
    this.send('hello', payload)
  }

  /** Sends a message; `more` changes its envelope. */
  send(type: string, payload: unknown, more: Fields = {}): void {
    const head = { version: '1', type, session_id: 's', sender_id: this.clientId, timestamp }
    this.write(JSON.stringify({ ...head, ...more, payload }))
  }

  /** Sends a text, whatever it is. */
  write(text: string | Buffer): void {
    this.client.message(Buffer.from(text))
  }

  status(status: string, more: Fields = {}): void {
    const payload = { agent_id: this.agentId, status, pane_id: 'pane-3', project_root: '/home/user/repo' }
    this.send('agent_status', { ...payload, ...more })
  }

  diff(more: Fields = {}): void {
    this.send('diff_summary', { agent_id: this.agentId, ...diffOf(), ...more })
  }

  tasks(tag: string, more: Fields = {}): void {
    this.send('task_summary', { agent_id: this.agentId, tag, counts: counts(), ...more })
  }

  beat(more: Fields = {}): void {
    this.send('heartbeat', { agent_id: this.agentId, pid: 42, cwd: '/home', last_update: timestamp, ...more })
  }

  /** The client closes it, or the network does. */
  leave(): void {
    this.socket.terminate()
    this.around.turn()
  }

  /** The same, and nothing else in this turn yet. */
  vanish(): void {
    this.socket.terminate()
    this.#gone()
  }

  /** It reads all that it has not, in as many turns as that takes. */
  unstick(): void {
    this.socket.isStuck = false
    this.around.turn()
  }

  /** What has come since it was last asked. */
  messages(): V1Envelope[] {
    this.around.turn()
    return this.socket.taken.splice(0).map((bytes) => decodeV1Message(bytes))
  }

  /** The same, as they came: the fields in their order. */
  sent(): { type: string; payload: Fields }[] {
    this.around.turn()
    return this.socket.taken
      .splice(0)
      .map((bytes) => JSON.parse(bytes.toString()) as { type: string; payload: Fields })
  }

  /** The same, each as its type and payload. */
  told(): [V1Type, Fields][] {
    return this.messages().map(({ type, payload }) => [type, payload])
  }

  /** The payloads of one type that have come since it was last asked; what else has come is dropped. */
  all<T extends V1Type>(wanted: T): V1Payload<T>[] {
    return this.messages().flatMap(({ type, payload }) => (type === wanted ? [payload as V1Payload<T>] : []))
  }

  /** The codes of the errors that have come since it was last asked. */
  codes(): string[] {
    return this.all('error').map(({ code }) => code)
  }

  #gone(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.around.closed(this.client)
  }
}
