import { HubClient, type HubClientOptions } from './client.js'
import type { CommandResult, HubEnvelope, Topic } from './messages.js'
import { Replica, type Applied } from './replica.js'

export interface SubscriberOptions extends Omit<HubClientOptions, 'hello' | 'onFrame'> {
  clientId: string
  topics?: Topic[]
  /** Goes on after this seq instead of asking for all states. */
  sinceSeq?: number
  /** The states have changed; `applied` says from what to what. */
  onChange: (applied: Extract<Applied, { kind: 'reset' | 'changes' }>) => void
  /** The states are the hub's again: the first time after each connection. */
  onCaughtUp?: () => void
  /** Any other frame: results, heartbeats, health, errors. */
  onFrame?: (frame: HubEnvelope) => void
}

/** A hub sends something at least this often (bookmarks come every 15 s). */
const silenceMs = 45_000

/**
 * A subscriber that never loses its place: it holds the states, resumes by seq and epoch after a loss, and connects
 * again when a delta is missing or the hub has gone silent.
 */
export class Subscriber {
  readonly replica = new Replica()
  readonly #client: HubClient
  #watchdog: NodeJS.Timeout | null = null
  #isCaughtUp = false

  constructor(private readonly options: SubscriberOptions) {
    if (options.sinceSeq !== undefined) this.replica.resumeFrom(options.sinceSeq)
    const { clientId, onUp, onDown, ...rest } = options
    const capabilities = [
      'hello',
      'subscribe',
      'snapshot',
      'delta',
      'heartbeat',
      'command_result',
      'error',
      'health',
      'layout_state',
    ]
    this.#client = new HubClient({
      ...rest,
      hello: { client_id: clientId, role: 'subscriber', capabilities },
      onUp: () => {
        this.#isCaughtUp = false
        this.#client.send('subscribe', { topics: options.topics ?? [], ...this.replica.token })
        this.#heard()
        onUp?.()
      },
      onDown: (reason, retryMs) => {
        if (this.#watchdog) clearTimeout(this.#watchdog)
        onDown?.(reason, retryMs)
      },
      onFrame: (frame) => this.#frame(frame),
    })
  }

  get isUp(): boolean {
    return this.#client.isUp
  }

  open(): void {
    this.#client.open()
  }

  /** See `HubClient.retryNow`. */
  retryNow(): void {
    this.#client.retryNow()
  }

  /** See `HubClient.request`. */
  request(
    command: string,
    target: string | null,
    args: Record<string, unknown>,
  ): Promise<CommandResult | null> {
    return this.#client.request(command, target, args)
  }

  async close(): Promise<void> {
    if (this.#watchdog) clearTimeout(this.#watchdog)
    await this.#client.close()
  }

  #frame(frame: HubEnvelope): void {
    this.#heard()
    if (frame.type !== 'snapshot' && frame.type !== 'delta') return this.options.onFrame?.(frame)
    const applied = this.replica.apply(frame)
    if (applied.kind === 'gap')
      this.#client.reconnect(`expected delta ${applied.expected}, got ${applied.got}`)
    else if (applied.kind !== 'nothing') this.options.onChange(applied)
    if (this.#isCaughtUp || applied.kind === 'gap' || this.replica.seq === null) return
    this.#isCaughtUp = true
    this.options.onCaughtUp?.()
  }

  #heard(): void {
    this.#watchdog ??= setTimeout(() => {
      this.#watchdog = null
      if (this.#client.isUp) this.#client.reconnect(`the hub has said nothing for ${silenceMs / 1_000} s`)
    }, silenceMs).unref()
    this.#watchdog.refresh()
  }
}
