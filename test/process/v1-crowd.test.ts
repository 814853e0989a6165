import { once } from 'node:events'
import net from 'node:net'
import t, { type Test } from 'tap'
import { lineOf, until } from './processes.js'
import { V1Client } from './v1-client.js'
import { diffOf, openV1Room, printedByPulse, statusOf, tasksOf, type Shown, type V1Room } from './v1-room.js'

/** Two hundred clients of both protocols on one hub, killed at random: in the end all see the same. */

const counts = { v1Publishers: 20, v1Subscribers: 38, pulsePublishers: 62, pulseSubscribers: 80 }
const steps = 700

/** A generator whose sequence the printed seed repeats. */
function randomOf(t: Test): (below: number) => number {
  const seed = Number(process.env['AOC_TEST_SEED'] ?? Date.now() % 1_000_000)
  t.comment(`AOC_TEST_SEED=${seed}`)
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** What both protocols can say of an agent, in the words of v1: a line, so that views can be compared. */
interface Seen {
  status: string
  /** What it asks; empty when it does not. */
  asks: string
  additions: number
  total: number
}

const inWords = ({ status, asks, additions, total }: Seen): string =>
  `${status} ${asks} +${additions} of ${total}`

type View = Map<string, Seen>
const shown = (view: View): string[] => [...view].map(([id, seen]) => `${id} ${inWords(seen)}`).toSorted()

const nothing = (): Seen => ({ status: '', asks: '', additions: 0, total: 0 })

function seenOf(state: Shown): Seen {
  const status = (state.source as { status?: { detail?: string } } | undefined)?.status
  const files = state.source?.diff_summary?.['files'] as { additions: number }[] | undefined
  const tasks = state.source?.task_summaries?.['web'] as { counts: { total: number } } | undefined
  const asks = state.lifecycle === 'needs_input'
  return {
    status: asks ? 'running' : state.lifecycle,
    asks: asks ? (status?.detail ?? '') : '',
    additions: files?.[0]?.additions ?? 0,
    total: tasks?.counts.total ?? 0,
  }
}

/** What a v1 client makes of what it was told. */
function viewOf({ received }: V1Client): View {
  const view: View = new Map()
  for (const { type, payload } of received) {
    if (!['agent_status', 'diff_summary', 'task_summary'].includes(type)) continue
    const id = String(payload['agent_id'])
    const seen = view.get(id) ?? nothing()
    view.set(id, seen)
    if (type === 'agent_status') {
      seen.status = String(payload['status'])
      seen.asks = /^needs input: (.*)$/.exec(String(payload['message']))?.[1] ?? ''
    }
    if (type === 'diff_summary')
      seen.additions = (payload['files'] as { additions: number }[])[0]?.additions ?? 0
    if (type === 'task_summary') seen.total = (payload['counts'] as { total: number }).total
  }
  return view
}

/** A connection to the Unix socket that remembers states and nothing else. */
class PulseClient {
  readonly view: View = new Map()
  #rest = ''

  private constructor(readonly socket: net.Socket) {
    socket.setEncoding('utf8')
    socket.on('error', () => {})
    socket.on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n')
      this.#rest = lines.pop() ?? ''
      for (const line of lines) this.#take(JSON.parse(line) as { type: string; payload: unknown })
    })
  }

  static async connect(t: Test, { hub, session }: V1Room, hello: object): Promise<PulseClient> {
    const client = new PulseClient(net.connect(hub.socket))
    t.teardown(() => void client.socket.destroy())
    await once(client.socket, 'connect')
    client.socket.write(`${lineOf(session, 'hello', hello)}\n`)
    return client
  }

  #take({ type, payload }: { type: string; payload: unknown }): void {
    if (type === 'snapshot') {
      this.view.clear()
      for (const state of (payload as { states: Shown[] }).states)
        this.view.set(state.agent_id, seenOf(state))
    }
    if (type !== 'delta') return
    for (const { op, agent_id: id, state } of (
      payload as { changes: { op: string; agent_id: string; state: Shown }[] }
    ).changes)
      if (op === 'remove') this.view.delete(id)
      else this.view.set(id, seenOf(state))
  }
}

/** One that says what its agent does, and says it all again when it has connected again. */
abstract class Publisher {
  readonly seen: Seen = { status: 'idle', asks: '', additions: 0, total: 0 }
  constructor(
    protected readonly t: Test,
    protected readonly at: V1Room,
    readonly pane: string,
  ) {}
  get agent(): string {
    return `${this.at.session}::${this.pane}`
  }
  abstract readonly statuses: readonly string[]
  abstract connect(): Promise<void>
  abstract drop(): void
  abstract say(what: 'status' | 'diff' | 'tasks'): void

  sayAll(): void {
    this.say('status')
    this.say('diff')
    this.say('tasks')
  }

  change(random: (below: number) => number): void {
    const what = (['status', 'diff', 'tasks'] as const)[random(3)]!
    if (what === 'diff') this.seen.additions = random(1_000)
    else if (what === 'tasks') this.seen.total = random(100)
    else {
      const word = this.statuses[random(this.statuses.length)]!
      this.seen.status = word === 'needs_input' ? 'running' : word
      this.seen.asks = word === 'needs_input' ? `question ${random(1_000)}?` : ''
    }
    this.say(what)
  }
}

class V1Publisher extends Publisher {
  readonly statuses = ['running', 'idle', 'error', 'offline']
  #client: V1Client | null = null

  async connect(): Promise<void> {
    this.#client = await V1Client.publisher(this.t, this.at.session, this.pane)
    this.sayAll()
  }

  drop(): void {
    this.#client?.socket.terminate()
  }

  say(what: 'status' | 'diff' | 'tasks'): void {
    const { status, additions, total } = this.seen
    const id = `agent-${this.pane}`
    if (what === 'status') this.#client?.send('agent_status', statusOf(id, this.pane, status))
    if (what === 'diff') this.#client?.send('diff_summary', diffOf(id, additions))
    if (what === 'tasks') this.#client?.send('task_summary', tasksOf(id, 'web', total))
  }
}

class PulsePublisher extends Publisher {
  readonly statuses = ['running', 'idle', 'error', 'needs_input', 'offline']
  #client: PulseClient | null = null

  async connect(): Promise<void> {
    const hello = { client_id: `wrap-${this.pane}`, role: 'publisher', pane_id: this.pane }
    this.#client = await PulseClient.connect(this.t, this.at, hello)
    this.sayAll()
  }

  drop(): void {
    this.#client?.socket.destroy()
  }

  say(): void {
    const { status, asks, additions, total } = this.seen
    const state = {
      lifecycle: asks === '' ? status : 'needs_input',
      source: {
        status: {
          attention: asks === '' ? 'none' : 'question',
          detail: asks || null,
          confidence: 3,
          since_ms: 1,
        },
        agent_status: statusOf(this.agent, this.pane, status),
        diff_summary: diffOf(this.agent, additions),
        task_summaries: { web: tasksOf(this.agent, 'web', total) },
      },
    }
    const changes = [{ op: 'upsert', agent_id: this.agent, state }]
    this.#client?.socket.write(`${lineOf(this.at.session, 'delta', { changes })}\n`)
  }

  override sayAll(): void {
    this.say()
  }
}

void t.test('two hundred clients, killed at random', async (t) => {
  const random = randomOf(t)
  const at = await openV1Room(t, ['--stale-seconds', '0'])
  const publishers: Publisher[] = [
    ...Array.from({ length: counts.v1Publishers }, (_, i) => new V1Publisher(t, at, `v${i}`)),
    ...Array.from({ length: counts.pulsePublishers }, (_, i) => new PulsePublisher(t, at, `p${i}`)),
  ]
  const openV1 = (): Promise<V1Client> => V1Client.subscriber(t, at.session)
  const openPulse = (): Promise<PulseClient> =>
    PulseClient.connect(t, at, { client_id: 'watcher', role: 'subscriber' })
  // One after the other: the hub does not hold more than 64 that have not said who they are.
  for (const publisher of publishers) await publisher.connect()
  const v1: V1Client[] = []
  while (v1.length < counts.v1Subscribers) v1.push(await openV1())
  const pulse: PulseClient[] = []
  while (pulse.length < counts.pulseSubscribers) pulse.push(await openPulse())
  t.equal(publishers.length + v1.length + pulse.length, 200)

  const faults: string[] = []
  const check = (client: V1Client): void => {
    faults.push(...client.faults, ...client.repeats().map((message) => `twice: ${JSON.stringify(message)}`))
    faults.push(...client.all('error').map((message) => JSON.stringify(message)))
  }
  let kills = 0
  for (let step = 0; step < steps; step++) {
    const what = random(100)
    if (what < 85) publishers[random(publishers.length)]!.change(random)
    else {
      kills++
      if (what < 90) {
        const publisher = publishers[random(publishers.length)]!
        publisher.drop()
        await publisher.connect()
      } else if (what < 95) {
        const i = random(v1.length)
        check(v1[i]!)
        v1[i]!.socket.terminate()
        v1[i] = await openV1()
      } else {
        const i = random(pulse.length)
        pulse[i]!.socket.destroy()
        pulse[i] = await openPulse()
      }
    }
    // Bursts of some, as they come.
    if (step % 7 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  // Some end for good: killed, they are offline and as they were otherwise.
  for (const publisher of [...publishers.slice(0, 5), ...publishers.slice(-5)]) {
    publisher.drop()
    publisher.seen.status = 'offline'
    publisher.seen.asks = ''
  }

  const expected = publishers.map(({ agent, seen }) => `${agent} ${inWords(seen)}`).toSorted()
  const isRight = (view: View): boolean => shown(view).join('\n') === expected.join('\n')
  const everybody = (): [string, View][] => [
    ...v1.map((client): [string, View] => [`v1 (${JSON.stringify(client.end)})`, viewOf(client)]),
    ...pulse.map(({ socket, view }): [string, View] => [`Pulse (${socket.readyState})`, view]),
  ]
  const wrong = (): [string, View][] => everybody().filter(([, view]) => !isRight(view))
  await until('all views are right', () => wrong().length === 0, 20_000).catch(() => {})
  t.strictSame(
    wrong().map(([who, view]) => [who, shown(view).filter((line) => !expected.includes(line)), view.size]),
    [],
    `after ${kills} kills`,
  )

  const fresh = await openV1()
  await until('a fresh v1 client', () => isRight(viewOf(fresh))).catch(() => {})
  t.strictSame(shown(viewOf(fresh)), expected, 'a fresh v1 client')
  const printed = await printedByPulse(t, at)
  const printedView: View = new Map([...printed].map(([id, state]) => [id, seenOf(state)]))
  t.strictSame(shown(printedView), expected, 'aoc-pulse --once --json')
  for (const client of [...v1, fresh]) check(client)
  t.strictSame(faults.slice(0, 3), [], `${faults.length} faults`)
  t.equal(at.hub.hasEnded, false)
  t.equal(at.hub.stderr, '')
})
