import t from 'tap'
import fc from 'fast-check'
import type { AgentState, HubFrame } from '../../lib/wire/messages.js'
import { Replica } from '../../lib/wire/replica.js'
import { Stage } from './script.js'

/**
 * Whatever happens to a subscriber's connection, whenever it happens: once it is connected and has read all, it
 * holds what the hub holds, which is what a subscriber holds that was never cut off.
 */
type Step =
  | { do: 'upsert'; pane: number; lifecycle: string; size: number }
  | { do: 'remove'; pane: number }
  | { do: 'cut' }
  | { do: 'stick' }
  | { do: 'unstick' }
  | { do: 'turn' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('upsert' as const),
      pane: fc.nat(4),
      lifecycle: fc.constantFrom('running', 'idle', 'busy'),
      size: fc.constantFrom(0, 300, 90_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), pane: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.constant({ do: 'cut' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'stick' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'unstick' as const }) },
  { weight: 4, arbitrary: fc.constant({ do: 'turn' as const }) },
)

class Watcher {
  readonly replica = new Replica()
  conn = 0
  /** Every seq of a delta that counted, in order. */
  readonly seen: number[] = []
  resets = 0

  constructor(
    private readonly stage: Stage,
    private nextConn: number,
  ) {
    this.connect()
  }

  connect(): void {
    this.conn = this.nextConn++
    this.stage.hello(this.conn, { id: `w${this.conn}`, capabilities: ['subscribe'] })
    this.stage.frame(this.conn, 'subscribe', { ...this.replica.token })
  }

  /** Reads the first `lines` of what has come, or all. */
  read(lines = Number.POSITIVE_INFINITY): void {
    for (const frame of this.stage.framesOf(this.conn).slice(0, lines)) {
      if (frame.type !== 'snapshot' && frame.type !== 'delta') continue
      const applied = this.replica.apply(frame)
      if (applied.kind === 'gap') throw new Error(`a gap: ${JSON.stringify(applied)}`)
      if (applied.kind === 'changes') this.seen.push(applied.seq)
      if (applied.kind === 'reset') this.resets++
    }
  }
}

const plain = (states: ReadonlyMap<string, AgentState>): unknown =>
  Object.fromEntries([...states].toSorted(([a], [b]) => (a < b ? -1 : 1)))

void t.test('replay, snapshots and lag lead to the same states as no interruption', async (t) => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 5, maxLength: 60 }),
      fc.infiniteStream(fc.nat(12)),
      (steps, cuts) => {
        const stage = new Stage({ subscriberBudgetBytes: 50_000 })
        for (let pane = 0; pane <= 4; pane++) stage.hello(pane + 1, { pane: `${pane}` })
        const steady = new Watcher(stage, 100)
        const shaken = new Watcher(stage, 1_000)
        for (const at of steps) {
          if (at.do === 'upsert')
            stage.upsert(at.pane + 1, `${at.pane}`, {
              lifecycle: at.lifecycle,
              snippet: `${stage.nowMs++}`,
              source: 'x'.repeat(at.size),
            })
          else if (at.do === 'remove')
            stage.frame(at.pane + 1, 'delta', { changes: [{ op: 'remove', agent_id: `s::${at.pane}` }] })
          else if (at.do === 'stick') stage.stuck.add(shaken.conn)
          else if (at.do === 'unstick') stage.unstick(shaken.conn)
          else if (at.do === 'turn') {
            stage.flush()
            steady.read()
          } else {
            // The connection breaks with so many lines read and the rest lost.
            stage.flush()
            shaken.read(cuts.next().value as number)
            stage.stuck.delete(shaken.conn)
            stage.close(shaken.conn)
            shaken.connect()
          }
        }
        stage.unstick(shaken.conn)
        stage.flush()
        steady.read()
        shaken.read()
        stage.hello(5_000, {})
        const fresh = new Replica()
        for (const frame of stage.framesOf(5_000)) fresh.apply(frame as HubFrame<'snapshot'>)
        const [a, b, c] = [steady, shaken]
          .map(({ replica }) => JSON.stringify(plain(replica.states)))
          .concat(JSON.stringify(plain(fresh.states)))
        if (a !== c) throw new Error(`steady ${a?.slice(0, 400)} is not ${c?.slice(0, 400)}`)
        if (b !== c) throw new Error(`shaken ${b?.slice(0, 400)} is not ${c?.slice(0, 400)}`)
        if (new Set(shaken.seen).size !== shaken.seen.length) throw new Error('a delta counted twice')
      },
    ),
    { numRuns: 300 },
  )
  t.pass('they are the same')
})
