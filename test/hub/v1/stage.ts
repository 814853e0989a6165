import { HubCore } from '../../../lib/hub/core.js'
import type { CoreOptions, Effect, Input } from '../../../lib/hub/machine.js'
import type { Bus, Follower, Link } from '../../../lib/hub/bus.js'
import type { V1Client } from '../../../lib/hub/v1/client.js'
import { V1Shim } from '../../../lib/hub/v1/shim.js'
import { coreOptions } from '../script.js'
import type { Fields } from './payloads.js'
import { PulsePlayer } from './pulse-player.js'
import { TestSocket } from './test-socket.js'
import { V1Player } from './v1-player.js'

/** A time that dates can hold. */
const startMs = Date.UTC(2026, 0, 28, 18, 42)

/**
 * A hub core and the v1 shim at its edge, with everything around them played by the test: the bus as a server is one,
 * a clock that is set by hand, and websockets that take what they are told to take. What v1 clients and Pulse clients
 * are told is checked against the protocol as it comes: a message that is none throws.
 */
export class V1Stage {
  readonly core: HubCore
  readonly shim: V1Shim
  readonly bus: Bus
  nowMs = startMs
  readonly effects: Effect[] = []
  /** What clients were told of, as the hub's log has it. */
  readonly errors: { code: string; message: string; client_id: string }[] = []
  readonly #links = new Map<number, Link>()
  readonly #sockets = new Set<TestSocket>()
  /** What is to be done later: here, when the turn ends. */
  #later: (() => void)[] = []
  #follower: Follower | null = null
  #connCount = 0
  #hasFlushed = false
  #isPerforming = false

  constructor(options: Partial<CoreOptions> = {}) {
    const all = { ...coreOptions, startedMs: startMs, ...options }
    this.core = new HubCore(all)
    this.bus = {
      connect: (link, how) => {
        const conn = ++this.#connCount
        this.#links.set(conn, link)
        this.#step({ kind: 'connected', conn, isWatched: how?.isWatched === true })
        return conn
      },
      disconnect: (conn) => {
        this.#links.delete(conn)
        this.#step({ kind: 'closed', conn })
      },
      step: (input) => this.#step(input),
      spoken: () => {
        if (!this.#hasFlushed && !this.#isPerforming) this.#flush()
      },
      follow: (follower) => {
        this.#follower = follower
        this.#step({ kind: 'follow', on: follower !== null })
        return follower === null ? [] : this.core.states()
      },
      flush: () => {
        if (!this.#isPerforming) this.#flush()
      },
      isPublished: (agentId, besides) => this.core.isPublished(agentId, besides),
      state: (agentId) => this.core.state(agentId),
    }
    this.shim = new V1Shim({
      sessionId: all.sessionId,
      bus: this.bus,
      now: () => this.nowMs,
      uptime: () => this.nowMs,
      budgetBytes: all.subscriberBudgetBytes,
      later: (_, run) => this.#later.push(run),
      onError: (error) => this.errors.push(error),
    })
  }

  /** A websocket is opened; it has said nothing yet. */
  open(isStuck = false): V1Player {
    const socket = new TestSocket(isStuck, () => this.nowMs)
    this.#sockets.add(socket)
    const around = { turn: () => this.turn(), closed: (client: V1Client) => this.shim.closed(client) }
    return new V1Player(around, socket, this.shim.open(socket))
  }

  /** A v1 subscriber, which has said hello. */
  subscriber(id: string, hello: Fields = {}): V1Player {
    const player = this.open()
    player.hello({ client_id: id, role: 'subscriber', capabilities: [], ...hello })
    return player
  }

  /** A v1 publisher, which has said hello: `agent-1` in `pane-3`, as in seed 000, unless it says otherwise. */
  publisher(hello: Fields = {}): V1Player {
    const player = this.open()
    player.hello({
      client_id: 'agent-1',
      role: 'publisher',
      capabilities: ['agent_status', 'diff_summary', 'task_summary', 'heartbeat'],
      agent_id: 'agent-1',
      pane_id: 'pane-3',
      project_root: '/home/user/repo',
      ...hello,
    })
    return player
  }

  /** A client of the Unix socket. */
  pulse(): PulsePlayer {
    return new PulsePlayer(this.bus)
  }

  /** A wrapper's agent, and what it says of itself. */
  wrapper(pane = '1'): { pulse: PulsePlayer; say: (source: Fields, more?: Fields) => void } {
    const pulse = this.pulse().hello(`wrapper-${pane}`, pane)
    const say = (source: Fields, more: Fields = {}): void => {
      pulse.upsert(pane, { lifecycle: 'running', source, ...more })
      this.turn()
    }
    return { pulse, say }
  }

  /** The rest of a turn of the event loop, and as many more as it takes until nothing is on its way. */
  turn(): void {
    for (let again = true; again;) {
      this.#hasFlushed = false
      again = this.#flush()
      const due = this.#later
      this.#later = []
      for (const run of due) run()
      again ||= due.length > 0
      for (const socket of this.#sockets) {
        if (!socket.isStuck) again = socket.takeAll() || again
        if (!socket.isOver) continue
        this.#sockets.delete(socket)
        socket.onClose()
        again = true
      }
    }
    this.#hasFlushed = false
  }

  /** Lets time pass, in ticks of a quarter of a second. */
  wait(ms: number): void {
    for (const untilMs = this.nowMs + ms; this.nowMs < untilMs;) {
      this.nowMs += 250
      this.#step({ kind: 'tick' })
      if (this.nowMs % 1_000 === 0) this.shim.tick()
      this.turn()
    }
  }

  #step(input: Input): void {
    this.core.step(input, this.nowMs)
    if (this.core.isPressed && !this.#isPerforming) this.#flush()
  }

  #flush(): boolean {
    this.#hasFlushed = true
    const effects = this.core.flush(this.nowMs)
    this.#isPerforming = true
    try {
      for (const effect of effects) this.#perform(effect)
    } finally {
      this.#isPerforming = false
    }
    return effects.some(({ kind }) => kind !== 'log')
  }

  #perform(effect: Effect): void {
    this.effects.push(effect)
    if (effect.kind === 'write') this.#links.get(effect.conn)?.write(effect.lines)
    else if (effect.kind === 'changed') this.#follower?.changed(effect.changes, effect.bytes)
    else if (effect.kind === 'beat') this.#follower?.beat(effect.beat)
    else if (effect.kind === 'end') this.#links.get(effect.conn)?.end()
    else if (effect.kind === 'destroy') this.#links.get(effect.conn)?.destroy()
  }
}
