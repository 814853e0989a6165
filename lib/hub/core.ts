import { WireError } from '../wire/errors.js'
import * as limits from '../wire/limits.js'
import type { AgentState, ClientEnvelope, ClientFrame, HubHealth, StateChange } from '../wire/messages.js'
import { Agents, type Publisher } from './agents.js'
import { newClient, type Client } from './client.js'
import { Commands } from './commands.js'
import { deliver } from './delivery.js'
import { Frames, printChanges } from './frames.js'
import { helloOf, roleOf } from './hello.js'
import { History } from './history.js'
import type { CoreOptions, Effect, Input } from './machine.js'
import { SnapshotRanges, type StreamEvent, type StreamSource } from './stream.js'
import { grant, Told } from './told.js'

/** Ticks come every second; one later than this was not on time because of the clock. */
const leapMsMin = 5_000

/**
 * The hub without sockets, timers and clocks: `step` takes what happened, `flush` gives what to do about it. A
 * server calls `flush` once at the end of each turn of its event loop, so that all the deltas of a turn become one
 * write per subscriber. Seed 001; design: protocol.
 */
export class HubCore {
  readonly #clients = new Map<number, Client>()
  readonly #agents: Agents
  readonly #history = new History(limits.historyDeltasMax, limits.historyBytesMax)
  readonly #commands: Commands
  readonly #frames: Frames
  readonly #source: StreamSource
  readonly #told: Told
  #effects: Effect[] = []
  #seqReserved: number
  #isFollowed = false
  #silent = 0
  #flushedSeq: number
  #unflushedBytes = 0
  #lastTickMs: number
  #healthMs: number
  readonly #counts = { framesIn: 0, deltasOut: 0, decodeErrors: 0, queueDrops: 0, resyncs: 0 }

  constructor(private readonly options: CoreOptions) {
    const { sessionId, epoch, seqStart, seqReserved, startedMs, subscriberBudgetBytes } = options
    this.#seqReserved = seqReserved
    this.#flushedSeq = seqStart
    this.#healthMs = startedMs
    this.#lastTickMs = startedMs
    this.#frames = new Frames(sessionId, epoch)
    this.#told = new Told(this.#frames, subscriberBudgetBytes / 2, () => this.health())
    this.#agents = new Agents(sessionId, (changes, printed, nowMs) => this.#emit(changes, printed, nowMs))
    this.#commands = new Commands({
      sessionId,
      epoch,
      frames: this.#frames,
      clientOf: (conn) => this.#clients.get(conn),
      publisherOf: (agent) => ({
        conn: this.#agents.newestPublisher(agent),
        isKnown: this.#agents.cache.has(agent),
      }),
      run: (hubRequestId, command) => this.#effects.push({ kind: 'run', hubRequestId, command }),
      log: (event, client, fields) => this.#log('info', event, client, fields),
    })
    this.#source = {
      seq: seqStart,
      epoch,
      history: this.#history,
      frames: this.#frames,
      states: () => this.#agents.cache.states(),
      ranges: new SnapshotRanges(),
    }
  }

  /** How soon `tick` should come: 0 when nothing waits for time to pass. */
  get tickMs(): number {
    if (this.#commands.openCount > 0 || this.#agents.cache.hasOrphans) return 250
    return this.#clients.size > 0 || this.#agents.cache.size > 0 ? 1_000 : 0
  }

  /** Whether a subscriber is to be told the layout. */
  get isLayoutWanted(): boolean {
    return this.#told.isLayoutWanted
  }

  /** Takes one input. Nothing is sent before `flush`. @returns whether `flush` may have something to do now. */
  step(input: Input, nowMs: number): boolean {
    if (input.kind === 'written') return this.#written(input.conn, input.bytes, nowMs)
    this.#take(input, nowMs)
    return true
  }

  #written(conn: number, bytes: number, nowMs: number): boolean {
    const client = this.#clients.get(conn)
    if (client === undefined) return false
    client.outbox.written(bytes, nowMs)
    const { role, outbox, ending } = client
    const isWaiting =
      role.kind === 'subscriber' &&
      role.stream.kind !== 'off' &&
      (role.stream.kind !== 'live' || role.stream.cursor < this.#source.seq)
    return isWaiting || outbox.replyBytes > 0 || ending !== 'open'
  }

  #take(input: Exclude<Input, { kind: 'written' }>, nowMs: number): void {
    if (input.kind === 'tick') return this.#tick(nowMs)
    if (input.kind === 'command_done') return this.#commands.done(input.hubRequestId, input.result, nowMs)
    if (input.kind === 'connected') return this.#connected(input.conn, input.isWatched === true, nowMs)
    if (input.kind === 'layout') return this.#told.layoutSeen(input.layout, nowMs)
    if (input.kind === 'health_changed') {
      for (const client of this.#clients.values()) this.#told.health(client, nowMs)
      return
    }
    if (input.kind === 'follow') {
      this.#isFollowed = input.on
      // What another follower was to be told is older than the states that this one gets.
      this.#effects = this.#effects.filter(({ kind }) => kind !== 'changed' && kind !== 'beat')
      return
    }
    const client = this.#clients.get(input.conn)
    if (client === undefined) return
    switch (input.kind) {
      case 'frame':
        this.#counts.framesIn++
        if (client.ending !== 'ending') this.#frame(client, input.envelope, input.line, nowMs)
        return
      case 'bad_line':
        this.#counts.decodeErrors++
        this.#refuse(client, input.error, nowMs, input.number)
        return
      case 'half_closed':
        if (client.ending === 'open') client.ending = 'half_closed'
        return
      case 'closed':
        return this.#forget(client, nowMs)
    }
  }

  /** Whether so much has come since the last flush that the history would soon run past those who keep up. */
  get isPressed(): boolean {
    return (
      this.#source.seq - this.#flushedSeq > limits.historyDeltasMax / 2 ||
      this.#unflushedBytes > limits.historyBytesMax / 2
    )
  }

  /** All there is to do now, in order. */
  flush(nowMs: number): Effect[] {
    const { seq } = this.#source
    const effects = this.#effects
    this.#effects = []
    if (seq > this.#seqReserved - limits.seqBlock / 2) {
      this.#seqReserved = seq + limits.seqBlock
      effects.unshift({ kind: 'reserve', seq: this.#seqReserved })
    }
    this.#told.layout()
    for (const client of this.#clients.values()) {
      try {
        this.#flushClient(client, effects, nowMs)
      } catch (error) {
        // What cannot be printed for one client must not end the hub for all.
        this.#forget(client, nowMs)
        effects.push({ kind: 'destroy', conn: client.conn, reason: (error as Error).message })
      }
    }
    this.#flushedSeq = this.#source.seq
    this.#unflushedBytes = 0
    this.#history.release()
    return effects
  }

  /** What the hub knows of itself. */
  health(): HubHealth {
    let [publishers, subscribers] = [0, 0]
    for (const { role } of this.#clients.values()) {
      if (role.kind === 'publisher') publishers++
      else if (role.kind === 'subscriber') subscribers++
    }
    const { epoch, pid, version, startedMs } = this.options
    const v1 = this.options.v1Health?.() ?? null
    return {
      epoch,
      seq: this.#source.seq,
      pid,
      hub_version: version,
      started_at_ms: startedMs,
      agents: this.#agents.cache.size,
      publishers,
      subscribers,
      frames_in: this.#counts.framesIn,
      deltas_out: this.#counts.deltasOut,
      decode_errors: this.#counts.decodeErrors,
      queue_drops: this.#counts.queueDrops,
      resyncs: this.#counts.resyncs,
      history_deltas: this.#history.count,
      history_bytes: this.#history.bytes,
      ...(v1 && { v1 }),
    }
  }

  /** Whether another connection than these publishes the agent. */
  isPublished(agentId: string, besides: readonly number[]): boolean {
    return this.#agents.isPublished(agentId, besides)
  }

  /** An agent's state. */
  state(agentId: string): AgentState | undefined {
    return this.#agents.cache.get(agentId)
  }

  /** All states, in the order of their ids. */
  states(): AgentState[] {
    return this.#agents.cache.states()
  }

  #flushClient(client: Client, effects: Effect[], nowMs: number): void {
    const { conn, outbox, role } = client
    const { lines, hasDeltas, event, end } = deliver(
      client,
      this.#source,
      { budgetBytes: this.options.subscriberBudgetBytes, openCommands: () => this.#commands.openOf(conn) },
      nowMs,
    )
    if (event !== null) this.#noteStream(client, event)
    if (lines.length > 0) {
      effects.push({ kind: 'write', conn, lines })
      outbox.handedOver(lines, nowMs)
    }
    if (hasDeltas && role.kind === 'subscriber') {
      role.bookmarkMs = this.#nextBookmark(nowMs)
    }
    if (end === null) return
    this.#forget(client, nowMs)
    effects.push(end === 'through' ? { kind: 'end', conn } : { kind: 'destroy', conn, reason: end })
  }

  #noteStream(client: Client, event: StreamEvent): void {
    if (event.name === 'queue_drop') this.#counts.queueDrops++
    else this.#counts.resyncs++
    const level = event.name === 'queue_drop' ? 'warn' : 'info'
    const { mode, reason } = event
    this.#log(level, event.name, client, { mode, reason, unsent: client.outbox.unsent })
  }

  #connected(conn: number, isWatched: boolean, nowMs: number): void {
    const client = newClient(conn, isWatched, nowMs)
    this.#clients.set(conn, client)
    this.#silent++
    if (this.#clients.size <= limits.connectionsMax && this.#silent <= limits.silentConnectionsMax) return
    const message =
      this.#silent > limits.silentConnectionsMax
        ? `${limits.silentConnectionsMax} connections have said no hello yet; try again when they are gone`
        : `the hub holds ${limits.connectionsMax} connections; that is all it takes`
    this.#refuseAndEnd(client, new WireError('too_many_connections', message), nowMs)
  }

  /** Lets go of a connection: its agent is orphaned, its commands end. */
  #forget(client: Client, nowMs: number): void {
    this.#clients.delete(client.conn)
    this.#told.gone(client)
    if (client.role.kind === 'silent') this.#silent--
    else this.#log('info', 'client_disconnected', client, {})
    if (client.role.kind === 'publisher') {
      this.#agents.leave(client.role.agentId, client.conn, nowMs)
      this.#commands.publisherGone(client.conn, nowMs)
    }
  }

  #frame(client: Client, envelope: ClientEnvelope, line: Buffer, nowMs: number): void {
    const { sessionId } = this.options
    if (envelope.session_id !== sessionId) {
      const message = `this is the hub of session ${JSON.stringify(sessionId)}, not of ${JSON.stringify(envelope.session_id)}`
      const error = new WireError('session_mismatch', message)
      return client.role.kind === 'silent'
        ? this.#refuseAndEnd(client, error, nowMs)
        : this.#refuse(client, error, nowMs)
    }
    if (client.role.kind === 'silent') {
      if (envelope.type === 'hello') return this.#hello(client, envelope, nowMs)
      const message = `say hello first: {"type":"hello","session_id":${JSON.stringify(sessionId)},"payload":{"client_id":"me","role":"subscriber"}}`
      return this.#refuseAndEnd(client, new WireError('expected_hello', message), nowMs)
    }
    try {
      this.#obey(client, envelope, line, nowMs)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#refuse(client, error, nowMs)
    }
  }

  /** A frame after hello. @throws {WireError} when it is refused. */
  #obey(client: Client, envelope: ClientEnvelope, line: Buffer, nowMs: number): void {
    switch (envelope.type) {
      case 'hello':
        throw new WireError('unexpected_hello', 'hello was said already; connect again to be somebody else')
      case 'subscribe':
        return this.#subscribe(client, envelope, nowMs)
      case 'delta':
        return this.#delta(client, envelope, line, nowMs)
      case 'heartbeat':
        return this.#heartbeat(client, envelope, nowMs)
      case 'command':
        return this.#commands.give(client, envelope, nowMs)
      case 'command_result':
        this.#publisherOf(client, 'command_result')
        return this.#commands.result(client, envelope, nowMs)
    }
  }

  #hello(client: Client, { payload }: ClientFrame<'hello'>, nowMs: number): void {
    client.senderId = payload.client_id
    client.capabilities = new Set(payload.capabilities ?? [])
    try {
      client.role = roleOf(payload, this.options.sessionId, this.#nextBookmark(nowMs))
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      return this.#refuseAndEnd(client, error, nowMs)
    }
    if (client.role.kind === 'publisher') this.#agents.join(client.role.agentId, client.conn)
    this.#silent--
    this.#log('info', 'client_connected', client, { role: payload.role })
    if (client.capabilities.has('hello')) this.#helloBack(client, nowMs)
  }

  #helloBack(client: Client, nowMs: number): void {
    const payload = helloOf(this.health(), this.options.watchesLayout === true)
    client.outbox.reply(this.#frames.frame('hello', payload, nowMs))
  }

  #subscribe(client: Client, { payload }: ClientFrame<'subscribe'>, nowMs: number): void {
    const { role } = client
    if (role.kind !== 'subscriber') throw new WireError('role_violation', 'a publisher does not subscribe')
    const { topics, error } = grant(payload)
    role.topics = topics
    role.stream = topics.has('agent_state')
      ? { kind: 'catching_up', since: payload.since_seq ?? null, epoch: payload.epoch, lagged: false }
      : { kind: 'off' }
    this.#told.subscribed(client, nowMs)
    if (error !== null) throw error
  }

  #publisherOf(client: Client, type: string): Publisher {
    if (client.role.kind === 'publisher') return client.role
    throw new WireError(
      'role_violation',
      `only a publisher sends ${type}; this connection said role "subscriber"`,
    )
  }

  #delta(client: Client, frame: ClientFrame<'delta'>, line: Buffer, nowMs: number): void {
    this.#agents.delta(this.#publisherOf(client, 'delta'), client.conn, frame, line, nowMs)
  }

  #heartbeat(client: Client, { payload }: ClientFrame<'heartbeat'>, nowMs: number): void {
    const beat = this.#agents.heartbeat(this.#publisherOf(client, 'heartbeat'), payload, nowMs)
    if (beat === null) return
    if (this.#isFollowed) this.#effects.push({ kind: 'beat', beat })
    this.#told.heartbeat(client, beat, this.#clients.values(), nowMs)
  }

  #emit(changes: StateChange[], printed: Buffer, nowMs: number): void {
    if (this.#isFollowed) this.#effects.push({ kind: 'changed', changes, bytes: printed.length })
    const seq = ++this.#source.seq
    this.#counts.deltasOut++
    const line = this.#frames.delta(seq, printed, nowMs)
    this.#unflushedBytes += line.length
    this.#history.push(seq, line)
  }

  /** A clock that has leapt (the machine slept, the time was set) makes nobody silent: all waits start anew. */
  #forgiveLeap(nowMs: number): void {
    const leapMs = nowMs - this.#lastTickMs
    this.#lastTickMs = nowMs
    if (leapMs >= 0 && leapMs <= leapMsMin) return
    this.#agents.cache.restartWaits(nowMs)
    for (const client of this.#clients.values()) {
      client.connectedMs = nowMs
      client.outbox.restartWait(nowMs)
      if (client.role.kind === 'subscriber') client.role.bookmarkMs = this.#nextBookmark(nowMs)
    }
    this.#healthMs = nowMs
  }

  #tick(nowMs: number): void {
    this.#forgiveLeap(nowMs)
    const { staleMs } = this.options
    for (const change of this.#agents.expire(staleMs, nowMs)) {
      const event = change.op === 'remove' ? 'agent_stale' : 'agent_offline'
      this.#log('info', event, undefined, { agent_id: change.agent_id })
    }
    this.#commands.expire(nowMs)
    const healthDue = nowMs - this.#healthMs >= limits.bookmarkMs
    if (healthDue) this.#healthMs = nowMs
    for (const client of this.#clients.values()) this.#tickClient(client, healthDue, nowMs)
  }

  #tickClient(client: Client, healthDue: boolean, nowMs: number): void {
    const { role, outbox } = client
    if (!client.isWatched && outbox.isStalled(limits.stalledMs, nowMs)) {
      this.#forget(client, nowMs)
      const reason = `it has read nothing for ${limits.stalledMs / 1_000} s`
      this.#effects.push({ kind: 'destroy', conn: client.conn, reason })
    } else if (role.kind === 'silent') {
      if (nowMs - client.connectedMs < limits.helloWaitMs || client.ending === 'ending') return
      const message = `no hello within ${limits.helloWaitMs / 1_000} s`
      this.#refuseAndEnd(client, new WireError('hello_timeout', message), nowMs)
    } else if (role.kind === 'subscriber') {
      if (healthDue) this.#told.health(client, nowMs)
      if (role.stream.kind !== 'live' || role.stream.cursor !== this.#source.seq || nowMs < role.bookmarkMs)
        return
      role.bookmarkMs = this.#nextBookmark(nowMs)
      outbox.reply(this.#frames.delta(this.#source.seq, printChanges([]), nowMs))
    }
  }

  #nextBookmark(nowMs: number): number {
    return nowMs + limits.bookmarkMs * (1 - this.options.random() / 5)
  }

  #refuseAndEnd(client: Client, error: WireError, nowMs: number): void {
    this.#refuse(client, error, nowMs)
    client.ending = 'ending'
  }

  #refuse(client: Client, error: WireError, nowMs: number, line?: number): void {
    const untold = client.errors.spend(nowMs)
    if (untold === null || client.ending === 'ending') return
    this.#log('warn', 'decode_error', client, { code: error.code, message: error.message, line })
    const context = untold > 0 ? { ...error.context, errors_untold: untold } : error.context
    const payload = { code: error.code, message: error.message, line, context }
    client.outbox.reply(this.#frames.frame('error', payload, nowMs))
  }

  #log(
    level: 'debug' | 'info' | 'warn',
    event: string,
    client: Client | undefined,
    fields: Record<string, unknown>,
  ): void {
    const agent = client?.role.kind === 'publisher' ? client.role.agentId : undefined
    this.#effects.push({
      kind: 'log',
      level,
      event,
      fields: {
        ...(client && { conn: client.conn, sender_id: client.senderId, agent_id: agent }),
        ...fields,
      },
    })
  }
}
