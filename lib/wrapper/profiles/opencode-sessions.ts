/** One conversation, or one subagent: opencode gives each a session of its own. */
export interface Session {
  id: string
  /** The session that started it; null for one that the person sees as a conversation. */
  parent: string | null
  /** `failed` until it works again. */
  state: 'idle' | 'busy' | 'failed'
  /** What went wrong in the turn that still goes on. */
  failing: string | null
  /** A subagent that works although the turn that started it is over. */
  isBehind: boolean
  /** Which loading of the plugin told of it last. */
  instance: string
}

/** Something that is asked, and where. */
export interface OpenAsk {
  session: string
  thread: string
  subagent: string | null
}

const sessionsMax = 512
const asksMax = 64
const instancesMax = 64
const generationsMax = 16

/** The sessions of one process of opencode, as its events told of them; bounded. */
export class OpencodeSessions {
  #toldBackground = 0
  readonly #sessions = new Map<string, Session>()
  readonly asks = new Map<string, OpenAsk>()
  /** Where the plugin is loaded in this process. */
  readonly instances = new Set<string>()

  /** The session of an id; one that no event has told of is taken for a conversation: a resumed one is never told of. */
  at(id: string, instance: string): Session {
    const session: Session = this.#sessions.get(id) ?? {
      id,
      parent: null,
      state: 'idle',
      failing: null,
      isBehind: false,
      instance,
    }
    session.instance = instance
    // Those that were told of last stay longest.
    this.#sessions.delete(id)
    this.#sessions.set(id, session)
    if (this.#sessions.size > sessionsMax) this.#forgetOne()
    return session
  }

  /** The conversation that a session belongs to: its own id, or that of the first of its ancestors. */
  rootOf(id: string): string {
    let root = id
    for (let i = 0; i < generationsMax; i++) {
      const parent = this.#sessions.get(root)?.parent ?? null
      if (parent === null) break
      root = parent
    }
    return root
  }

  /** Whether the conversation's own turn goes on. */
  isBusy(id: string): boolean {
    return this.#sessions.get(id)?.state === 'busy'
  }

  /** A turn is over: what its subagents still do, they do behind it. */
  leaveBehind(root: string): void {
    for (const session of this.#sessions.values())
      if (session.state === 'busy' && this.#descends(session.id, root)) session.isBehind = true
  }

  /** How many subagents work although the turn that started them is over. */
  get background(): number {
    let count = 0
    for (const { state, isBehind } of this.#sessions.values()) if (state === 'busy' && isBehind) count++
    return count
  }

  /** The number that was last told. */
  get toldBackground(): number {
    return this.#toldBackground
  }

  tellBackground(): number {
    return (this.#toldBackground = this.background)
  }

  /** The conversation that something without a session must be about; null when there is more than one, or none. */
  get only(): string | null {
    const busy = [...this.#sessions.values()].filter(
      ({ parent, state }) => parent === null && state === 'busy',
    )
    return busy.length === 1 ? busy[0]!.id : null
  }

  load(instance: string): void {
    if (this.instances.size < instancesMax) this.instances.add(instance)
  }

  /** The conversations that one loading of the plugin told of. */
  rootsOf(instance: string): string[] {
    const own = [...this.#sessions.values()].filter((one) => one.parent === null && one.instance === instance)
    return own.map(({ id }) => id)
  }

  ask(id: string, ask: OpenAsk): void {
    this.asks.set(id, ask)
    if (this.asks.size > asksMax) this.asks.delete(this.asks.keys().next().value!)
  }

  /** Whether a conversation, or a subagent of it, asks something. */
  isAsking(thread: string): boolean {
    return [...this.asks.values()].some((ask) => ask.thread === thread)
  }

  endThreadAsks(thread: string): void {
    for (const [key, ask] of this.asks) if (ask.thread === thread) this.asks.delete(key)
  }

  /** What a session and its subagents asked is over, and nothing of them works any more. */
  end(id: string): void {
    for (const session of this.#sessions.values()) {
      if (session.id !== id && !this.#descends(session.id, id)) continue
      session.state = 'idle'
      session.failing = null
      session.isBehind = false
      this.endAsks(session.id)
    }
    this.endAsks(id)
  }

  endAsks(session: string): void {
    for (const [key, ask] of this.asks) if (ask.session === session) this.asks.delete(key)
  }

  forget(id: string): void {
    this.end(id)
    this.#sessions.delete(id)
  }

  #descends(id: string, ancestor: string): boolean {
    let parent = this.#sessions.get(id)?.parent ?? null
    for (let i = 0; i < generationsMax && parent !== null; i++) {
      if (parent === ancestor) return true
      parent = this.#sessions.get(parent)?.parent ?? null
    }
    return false
  }

  #forgetOne(): void {
    for (const { id, state } of this.#sessions.values())
      if (state !== 'busy') return void this.#sessions.delete(id)
    this.#sessions.delete(this.#sessions.keys().next().value!)
  }
}
