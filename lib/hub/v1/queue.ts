import type { StateChange } from '../../wire/messages.js'

/** What waits to be told to v1 subscribers. */
export type Waiting =
  | { kind: 'change'; change: StateChange; bytes: number }
  /** What a v1 client has said to all; `from` is not told its own. */
  | { kind: 'said'; message: Buffer; from: object | null }

const itemsMax = 1_024
const bytesMax = 8 * 1_024 * 1_024

/**
 * What waits to be told, in order. When it is too much only each agent's last change is kept, and what was said to all is
 * lost: it is worth nothing late. Pure.
 */
export class Queue {
  #items: Waiting[] = []
  #bytes = 0
  /** What was left after it was cut last. */
  #least = { items: 0, bytes: 0 }

  get isEmpty(): boolean {
    return this.#items.length === 0
  }

  push(item: Waiting): void {
    this.#items.push(item)
    this.#bytes += item.kind === 'change' ? item.bytes : item.message.length
    const { items, bytes } = this.#least
    if (this.#items.length > itemsMax + 2 * items || this.#bytes > bytesMax + 2 * bytes) this.cut()
  }

  /** Takes out the first ones, in order. */
  take(count: number): Waiting[] {
    const taken = this.#items.splice(0, count)
    for (const item of taken) this.#bytes -= item.kind === 'change' ? item.bytes : item.message.length
    if (this.#items.length === 0) this.#least = { items: 0, bytes: 0 }
    return taken
  }

  /** Keeps the last change of each agent, and nothing else. */
  cut(): void {
    const last = new Map<string, Waiting & { kind: 'change' }>()
    for (const item of this.#items) {
      if (item.kind !== 'change') continue
      last.delete(item.change.agent_id)
      last.set(item.change.agent_id, item)
    }
    this.#items = [...last.values()]
    this.#bytes = [...last.values()].reduce((sum, { bytes }) => sum + bytes, 0)
    this.#least = { items: this.#items.length, bytes: this.#bytes }
  }
}
