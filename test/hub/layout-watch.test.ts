import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { layoutPace, LayoutWatch, type LayoutPace, type Timers } from '../../lib/hub/layout-watch.js'
import { startHub } from '../../lib/hub/server.js'
import { noLog, type Log } from '../../lib/wire/log.js'
import type { LayoutState } from '../../lib/wire/messages.js'

const layout = (name: string): LayoutState => ({
  multiplexer: 'tmux',
  tabs: [{ index: 1, name, active: true, panes: [] }],
})

/** Time that a test sets; what is due is done as it passes. */
class HandTimers implements Timers {
  #nowMs = 0
  readonly #due = new Map<object, { atMs: number; act: () => void }>()
  now = (): number => this.#nowMs
  after = (ms: number, act: () => void): (() => void) => {
    const key = {}
    this.#due.set(key, { atMs: this.#nowMs + ms, act })
    return () => void this.#due.delete(key)
  }
  get count(): number {
    return this.#due.size
  }
  async pass(ms: number): Promise<void> {
    for (const untilMs = this.#nowMs + ms; ;) {
      const [next] = [...this.#due].toSorted((a, b) => a[1].atMs - b[1].atMs)
      if (next === undefined || next[1].atMs > untilMs) {
        this.#nowMs = untilMs
        return
      }
      this.#nowMs = next[1].atMs
      this.#due.delete(next[0])
      next[1].act()
      // What was waited for has been taken when the next thing is due.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

/** A reader that counts, and answers at once or when it is told to. */
class HandReader {
  /** When each look began. */
  readonly looks: number[] = []
  readonly seen: (LayoutState | null)[] = []
  readonly logged: string[] = []
  answer: () => Promise<LayoutState> = () => Promise.resolve(layout('api'))
  readonly timers = new HandTimers()
  readonly watch: LayoutWatch

  constructor(t: Test, pace: LayoutPace) {
    this.watch = new LayoutWatch({
      ...pace,
      read: () => {
        this.looks.push(this.timers.now())
        return this.answer()
      },
      onLayout: (seen) => this.seen.push(seen),
      log: (_, event) => this.logged.push(event),
      timers: this.timers,
    })
    t.teardown(() => this.watch.close())
  }
}

void t.test('it looks while it is wanted', async (t) => {
  const hand = new HandReader(t, { activeMs: 3_000, idleMs: null })
  await hand.timers.pass(60_000)
  t.strictSame(hand.looks, [], 'nobody wants to know')
  hand.watch.want(true)
  hand.watch.want(true)
  await hand.timers.pass(6_000)
  t.strictSame(hand.looks, [60_000, 63_000, 66_000])
  hand.watch.want(false)
  t.equal(hand.timers.count, 0)
  t.equal(hand.seen.at(-1), null, 'what it saw will soon be old')
  await hand.timers.pass(60_000)
  t.equal(hand.looks.length, 3)
  hand.watch.want(true)
  await hand.timers.pass(0)
  t.equal(hand.looks.at(-1), 126_000, 'and at once when somebody does')
  hand.watch.close()
  await hand.timers.pass(60_000)
  t.equal(hand.looks.length, 4)
})

void t.test('it looks seldom while it is not wanted, when it was told to', async (t) => {
  const hand = new HandReader(t, { activeMs: 1_000, idleMs: 20_000 })
  await hand.timers.pass(40_000)
  t.strictSame(hand.looks, [0, 20_000, 40_000])
  await hand.timers.pass(5_000)
  hand.watch.want(true)
  await hand.timers.pass(2_000)
  t.strictSame(hand.looks.slice(3), [45_000, 46_000, 47_000])
  hand.watch.want(false)
  await hand.timers.pass(20_000)
  t.strictSame(hand.looks.slice(6), [67_000])
  t.notOk(hand.seen.includes(null), 'the last one is never old')
})

void t.test('coming and going makes no hurry', async (t) => {
  const hand = new HandReader(t, { activeMs: 3_000, idleMs: null })
  for (let i = 0; i < 1_000; i++) {
    hand.watch.want(i % 2 === 0)
    await hand.timers.pass(1)
  }
  t.strictSame(hand.looks, [0, 250, 500, 750])
})

void t.test('one look at a time, however long it takes', async (t) => {
  const hand = new HandReader(t, { activeMs: 1_000, idleMs: null })
  let done: ((seen: LayoutState) => void) | undefined
  hand.answer = () => new Promise((resolve) => (done = resolve))
  hand.watch.want(true)
  await hand.timers.pass(60_000)
  hand.watch.want(false)
  hand.watch.want(true)
  await hand.timers.pass(60_000)
  t.strictSame(hand.looks, [0])
  done?.(layout('late'))
  await new Promise((resolve) => setImmediate(resolve))
  t.strictSame(hand.seen.at(-1), layout('late'))
  await hand.timers.pass(250)
  t.strictSame(hand.looks, [0, 120_250])
  hand.watch.want(false)
  done?.(layout('too late'))
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(hand.seen.at(-1), null)
})

void t.test('what cannot be read is said once', async (t) => {
  const hand = new HandReader(t, { activeMs: 1_000, idleMs: null })
  const fail = (): Promise<LayoutState> => Promise.reject(new Error('tmux: spawn tmux ENOENT'))
  hand.answer = fail
  hand.watch.want(true)
  await hand.timers.pass(10_000)
  t.equal(hand.looks.length, 11)
  t.strictSame([hand.logged, hand.seen], [['layout_unreadable'], [null]])
  hand.answer = () => Promise.resolve(layout('back'))
  await hand.timers.pass(1_000)
  t.strictSame(hand.seen.at(-1), layout('back'))
  hand.answer = fail
  await hand.timers.pass(2_000)
  t.strictSame([hand.logged.length, hand.seen.at(-1)], [2, null])
})

void t.test('what the environment asks for', async (t) => {
  type Row = [string | undefined, string | undefined, string | undefined, LayoutPace | null, string[]?]
  const [active, idle] = ['AOC_PULSE_LAYOUT_WATCH_MS', 'AOC_PULSE_LAYOUT_IDLE_WATCH_MS']
  const on = 'AOC_PULSE_LAYOUT_WATCH_ENABLED'
  const table: Row[] = [
    [undefined, undefined, undefined, null],
    ['0', '1000', '1000', null],
    ['', '1000', '1000', null],
    ['yes', undefined, undefined, null, [on]],
    ['1', undefined, undefined, { activeMs: 3_000, idleMs: null }],
    ['1', '', ' ', { activeMs: 3_000, idleMs: null }],
    ['1', '500', '60000', { activeMs: 500, idleMs: 60_000 }],
    ['1', '250', '250', { activeMs: 250, idleMs: 250 }],
    ['1', '1', '0', { activeMs: 250, idleMs: 250 }, [active, idle]],
    ['1', '-5', 'soon', { activeMs: 3_000, idleMs: 12_000 }, [active, idle]],
    ['1', '10000', '1e3', { activeMs: 10_000, idleMs: 40_000 }, [idle]],
    ['1', '2147483647', '3s', { activeMs: 2_147_483_647, idleMs: 2_147_483_647 }, [idle]],
    ['1', '2147483648', '99999999999', { activeMs: 3_000, idleMs: 12_000 }, [active, idle]],
    ['1', 'NaN', undefined, { activeMs: 3_000, idleMs: null }, [active]],
  ]
  for (const [enabled, activeMs, idleMs, expected, warned = []] of table) {
    const said: unknown[] = []
    const log: Log = (_, event, fields) => void said.push(event, fields?.['name'])
    const pace = layoutPace({ [on]: enabled, [active]: activeMs, [idle]: idleMs }, log)
    const name = JSON.stringify([enabled, activeMs, idleMs])
    t.strictSame(pace, expected, name)
    t.strictSame(
      said,
      warned.flatMap((word) => ['bad_setting', word]),
      name,
    )
  }
})

void t.test('a hub looks only while somebody subscribes', async (t) => {
  const dir = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'aoc-layout-')))
  t.teardown(() => fs.rmSync(dir, { recursive: true, force: true }))
  const socketPath = path.join(dir, 'pulse.sock')
  const timers = new HandTimers()
  let looks = 0
  let name = 'api'
  const hub = await startHub({
    sessionId: 's',
    socketPath,
    staleSeconds: 30,
    subscriberBudgetBytes: 1_024 * 1_024,
    idleSeconds: 0,
    version: '0.0.0',
    log: noLog,
    run: () => Promise.reject(new Error('no command is given')),
    layout: {
      activeMs: 3_000,
      idleMs: null,
      timers,
      read: () => {
        looks++
        return Promise.resolve(layout(name))
      },
    },
  })
  t.teardown(() => hub.close())
  const socket = net.connect(socketPath)
  t.teardown(() => void socket.destroy())
  await once(socket, 'connect')
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const say = (type: string, payload: object): void =>
    void socket.write(`${JSON.stringify({ type, session_id: 's', payload })}\n`)
  /** Waits until the hub has answered so often. */
  const told = async (count: number): Promise<{ type: string; payload: unknown }[]> => {
    for (;;) {
      const lines = text.split('\n').slice(0, -1)
      if (lines.length >= count)
        return lines.map((line) => JSON.parse(line) as { type: string; payload: unknown })
      await once(socket, 'data')
    }
  }
  say('hello', {
    client_id: 'me',
    role: 'subscriber',
    capabilities: ['hello', 'subscribe', 'health', 'layout_state'],
  })
  await told(1)
  await timers.pass(60_000)
  t.equal(looks, 0)
  say('subscribe', { topics: ['health', 'layout_state'] })
  await told(2)
  await timers.pass(0)
  t.match((await told(3))[2], { type: 'layout_state', payload: layout('api') })
  await timers.pass(9_000)
  t.equal(looks, 4)
  name = 'tests'
  await timers.pass(3_000)
  t.match((await told(4))[3], { type: 'layout_state', payload: layout('tests') }, 'nothing came before it')
  say('subscribe', { topics: ['health'] })
  await told(5)
  await timers.pass(60_000)
  t.equal(looks, 5, 'until the last one leaves')
})
