import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { HubClient, type HubClientOptions } from '../../lib/wire/client.js'
import { LineReader } from '../../lib/wire/lines.js'
import type { Log } from '../../lib/wire/log.js'
import { Subscriber, type SubscriberOptions } from '../../lib/wire/subscriber.js'

interface Frame {
  type: string
  session_id: string
  sender_id: string
  request_id?: string
  payload: Record<string, unknown>
}

/** One connection of a fake hub, and what came over it. */
class Guest {
  readonly frames: Frame[] = []
  isGone = false
  readonly #reader = new LineReader()

  constructor(
    readonly socket: net.Socket,
    readonly number: number,
    onFrame: (guest: Guest, frame: Frame) => void,
  ) {
    socket.on('error', () => {})
    socket.on('close', () => (this.isGone = true))
    socket.on('data', (chunk: Buffer) => {
      this.#reader.push(chunk)
      for (let line = this.#reader.next(); line !== null; line = this.#reader.next()) {
        if (line.kind === 'too_long') throw new Error(`a line of ${line.length} bytes`)
        const frame = JSON.parse(line.bytes.toString()) as Frame
        this.frames.push(frame)
        onFrame(this, frame)
      }
    })
  }

  say(type: string, payload: object, requestId?: string): void {
    this.socket.write(lineOf(type, payload, requestId))
  }

  /** The payloads of one type, in order. */
  heard(type: string): unknown[] {
    return this.frames.filter((frame) => frame.type === type).map(({ payload }) => payload)
  }
}

function lineOf(type: string, payload: object, requestId?: string): string {
  const head = {
    version: '1',
    type,
    session_id: 's',
    sender_id: 'aoc-hub',
    timestamp: '2026-01-01T00:00:00Z',
  }
  return `${JSON.stringify({ ...head, request_id: requestId, payload })}\n`
}

interface FakeHub {
  socketPath: string
  guests: Guest[]
  listen(): Promise<void>
}

interface Part {
  /** A connection has come. */
  greet?: (guest: Guest) => void
  onFrame?: (guest: Guest, frame: Frame) => void
}

/** A hub that does what the test says. */
async function fakeHub(t: Test, part: Part, { listens = true } = {}): Promise<FakeHub> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'aoc-client-'))
  const socketPath = path.join(dir, 'pulse.sock')
  const guests: Guest[] = []
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const guest = new Guest(socket, guests.length + 1, part.onFrame ?? (() => {}))
    guests.push(guest)
    socket.on('end', () => socket.end())
    part.greet?.(guest)
  })
  t.teardown(() => {
    for (const { socket } of guests) socket.destroy()
    server.close()
    fs.rmSync(dir, { recursive: true, force: true })
  })
  const listen = async (): Promise<void> => {
    server.listen(socketPath)
    await once(server, 'listening')
  }
  if (listens) await listen()
  return { socketPath, guests, listen }
}

/** Waits until something is so. */
async function until(what: string, isSo: () => boolean, withinMs = 10_000): Promise<void> {
  for (const endMs = Date.now() + withinMs; !isSo();) {
    if (Date.now() > endMs) throw new Error(`not within ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

type Noted = [reason: string, retryMs: number]

interface Told {
  up: number
  down: Noted[]
  logged: [string, unknown][]
}

function notes(): { told: Told; log: Log; onUp: () => void; onDown: (...noted: Noted) => void } {
  const told: Told = { up: 0, down: [], logged: [] }
  return {
    told,
    log: (_, event, fields) => told.logged.push([event, fields?.['code'] ?? fields?.['reason']]),
    onUp: () => told.up++,
    onDown: (...noted) => told.down.push(noted),
  }
}

function newClient(
  t: Test,
  hub: FakeHub,
  more: Partial<HubClientOptions> = {},
): { client: HubClient; told: Told } {
  const { told, ...listeners } = notes()
  const hello = { client_id: 'me', role: 'subscriber' as const }
  const client = new HubClient({ socketPath: hub.socketPath, sessionId: 's', hello, ...listeners, ...more })
  t.teardown(() => client.close(0))
  return { client, told }
}

interface Watched {
  subscriber: Subscriber
  told: Told
  /** What `onChange` was given: its kind, its seq, and the changes in short. */
  changes: [string, number, string[]][]
  states: () => Record<string, string>
}

function newSubscriber(t: Test, hub: FakeHub, more: Partial<SubscriberOptions> = {}): Watched {
  const { told, ...listeners } = notes()
  const changes: Watched['changes'] = []
  const subscriber = new Subscriber({
    socketPath: hub.socketPath,
    sessionId: 's',
    clientId: 'me',
    onChange: (applied) => {
      const short = applied.changes.map((change) =>
        change.op === 'remove' ? `-${change.agent_id}` : `${change.agent_id}=${change.state.lifecycle}`,
      )
      changes.push([applied.kind, applied.seq, short])
    },
    ...listeners,
    ...more,
  })
  t.teardown(() => subscriber.close())
  const states = (): Record<string, string> =>
    Object.fromEntries([...subscriber.replica.states].map(([id, state]) => [id, state.lifecycle]))
  return { subscriber, told, changes, states }
}

/** States and changes from short words: `a=idle`, `-a`. */
const stateOf = (word: string): object => {
  const [id = '', lifecycle = ''] = word.split('=')
  return { agent_id: id, session_id: 's', pane_id: id, lifecycle }
}
const changeOf = (word: string): object =>
  word.startsWith('-')
    ? { op: 'remove', agent_id: word.slice(1) }
    : { op: 'upsert', agent_id: word.split('=')[0], state: stateOf(word) }
const snapshot = (seq: number, words: string[], more: object = {}): object => ({
  seq,
  epoch: 'e1',
  states: words.map(stateOf),
  ...more,
})
const delta = (seq: number, words: string[], more: object = {}): object => ({
  seq,
  epoch: 'e1',
  changes: words.map(changeOf),
  ...more,
})

void t.test('hello comes first, then what onUp says', async (t) => {
  const hub = await fakeHub(t, {})
  const { client } = newClient(t, hub, {
    onUp: () => void client.send('heartbeat', { agent_id: 's::1' }),
  })
  t.equal(client.send('heartbeat', { agent_id: 's::0' }), false, 'nothing is sent before, nor kept')
  client.open()
  t.equal(client.isUp, false)
  await until('two frames', () => hub.guests[0]?.frames.length === 2)
  const [hello, beat] = hub.guests[0]!.frames
  const head = { version: '1', session_id: 's', sender_id: 'me' }
  t.match(hello, { ...head, type: 'hello', payload: { client_id: 'me', role: 'subscriber' } })
  t.match(beat, { ...head, type: 'heartbeat', payload: { agent_id: 's::1' } })
  t.ok(Math.abs(Date.parse((hello as unknown as { timestamp: string }).timestamp) - Date.now()) < 60_000)
})

void t.test('a subscriber follows snapshot and deltas', async (t) => {
  const hub = await fakeHub(t, {})
  const { subscriber, changes, states } = newSubscriber(t, hub, { topics: ['agent_state', 'health'] })
  subscriber.open()
  await until('a subscription', () => hub.guests[0]?.heard('subscribe').length === 1)
  const [guest] = hub.guests as [Guest]
  t.match(guest.heard('hello'), [
    { client_id: 'me', role: 'subscriber', capabilities: ['hello', 'subscribe'] },
  ])
  t.strictSame(guest.heard('subscribe'), [{ topics: ['agent_state', 'health'] }], 'without a place')
  guest.say('snapshot', snapshot(7, ['a=idle', 'b=running']))
  guest.say('delta', delta(8, ['a=running']))
  guest.say('delta', delta(8, []))
  guest.say('delta', delta(5, ['a=error']))
  guest.say('delta', delta(9, ['-b', 'c=needs_input']))
  await until('seq 9', () => subscriber.replica.seq === 9)
  t.strictSame(changes, [
    ['reset', 7, ['a=idle', 'b=running']],
    ['changes', 8, ['a=running']],
    ['changes', 9, ['-b', 'c=needs_input']],
  ])
  t.strictSame(states(), { a: 'running', c: 'needs_input' })
})

void t.test('where a subscriber goes on', async (t) => {
  type Script = [said: [string, object][], resumed: object, lost: RegExp | null]
  const table: [string, Script][] = [
    ['a lost connection', [[['snapshot', snapshot(7, ['a=idle'])]], { since_seq: 7, epoch: 'e1' }, null]],
    [
      'a missing delta: the one after it is not taken',
      [
        [
          ['snapshot', snapshot(7, ['a=idle'])],
          ['delta', delta(8, ['b=idle'])],
          ['delta', delta(10, ['c=idle'])],
        ],
        { since_seq: 8, epoch: 'e1' },
        /expected delta 9, got 10/,
      ],
    ],
    [
      'a delta of another life, though its seq would fit',
      [
        [
          ['snapshot', snapshot(7, ['a=idle'])],
          ['delta', delta(8, ['b=idle'], { epoch: 'e2' })],
        ],
        { since_seq: 7, epoch: 'e1' },
        /expected delta 8, got 8/,
      ],
    ],
    ['a delta before any snapshot', [[['delta', delta(8, ['b=idle'])]], {}, /got 8/]],
    [
      'a snapshot cut off between its parts',
      [
        [
          ['snapshot', snapshot(7, ['a=idle'], { parts: 2 })],
          ['delta', delta(8, ['b=idle'])],
        ],
        {},
        null,
      ],
    ],
    [
      'a hub that knows no epoch',
      [
        [
          ['snapshot', snapshot(7, ['a=idle'], { epoch: undefined })],
          ['delta', delta(8, [], { epoch: null })],
        ],
        { since_seq: 8 },
        null,
      ],
    ],
  ]
  for (const [name, [said, resumed, lost]] of table)
    await t.test(name, async (t) => {
      const hub = await fakeHub(t, {
        onFrame(guest, { type }) {
          if (type !== 'subscribe' || guest.number > 1) return
          for (const [word, payload] of said) guest.say(word, payload)
          if (lost === null) guest.socket.end()
        },
      })
      const { subscriber, told } = newSubscriber(t, hub)
      subscriber.open()
      await until('a second subscription', () => hub.guests[1]?.heard('subscribe').length === 1)
      t.strictSame(hub.guests[1]!.heard('subscribe'), [{ topics: [], ...resumed }])
      t.equal(told.up, 2)
      t.equal(told.down.length, 1)
      t.match(told.down[0]?.[0], lost ?? 'the hub closed the connection')
      await until('the first connection to end', () => hub.guests[0]!.isGone)
    })
})

void t.test('a gap is healed by the replay; nothing is counted twice', async (t) => {
  const hub = await fakeHub(t, {
    onFrame(guest, { type }) {
      if (type !== 'subscribe') return
      if (guest.number === 1) {
        guest.say('snapshot', snapshot(1, ['a=idle']))
        guest.say('delta', delta(3, ['-a']))
        guest.say('delta', delta(2, ['a=error']))
      } else {
        guest.say('delta', delta(2, ['a=running'], { resume: { mode: 'replay', from: 1 } }))
        guest.say('delta', delta(3, ['-a']))
      }
    },
  })
  const { subscriber, changes, states } = newSubscriber(t, hub)
  subscriber.open()
  await until('seq 3', () => subscriber.replica.seq === 3)
  t.strictSame(changes, [
    ['reset', 1, ['a=idle']],
    ['changes', 2, ['a=running']],
    ['changes', 3, ['-a']],
  ])
  t.strictSame(states(), {})
})

void t.test('another life: the snapshot says what has changed meanwhile', async (t) => {
  const resume = { mode: 'snapshot', reason: 'epoch_changed' }
  const hub = await fakeHub(t, {
    onFrame(guest, { type }) {
      if (type !== 'subscribe') return
      if (guest.number === 1) {
        guest.say('snapshot', snapshot(5, ['a=idle', 'b=running', 'c=error']))
        guest.socket.end()
      } else {
        const states = ['a=idle', 'b=needs_input', 'd=idle']
        guest.say('snapshot', snapshot(65_541, states, { epoch: 'e2', resume }))
        guest.say('delta', delta(65_542, ['-d'], { epoch: 'e2' }))
      }
    },
  })
  const resets: unknown[] = []
  const { subscriber, states } = newSubscriber(t, hub, {
    onChange: (applied) => void resets.push(applied.kind === 'reset' ? applied : applied.seq),
  })
  subscriber.open()
  await until('the second life', () => subscriber.replica.seq === 65_542)
  t.match(resets[1], { kind: 'reset', resume, seq: 65_541 })
  t.strictSame(
    (resets[1] as { changes: { op: string; agent_id: string }[] }).changes.map(
      ({ op, agent_id }) => `${op} ${agent_id}`,
    ),
    ['remove c', 'upsert b', 'upsert d'],
  )
  t.equal(resets[2], 65_542)
  t.strictSame(states(), { a: 'idle', b: 'needs_input' })
  t.strictSame(subscriber.replica.token, { since_seq: 65_542, epoch: 'e2' })
})

void t.test('a snapshot in parts counts once all are there', async (t) => {
  const hub = await fakeHub(t, {})
  let errors = 0
  const { subscriber, changes, states } = newSubscriber(t, hub, {
    onFrame: ({ type }) => void (errors += type === 'error' ? 1 : 0),
  })
  subscriber.open()
  await until('a subscription', () => hub.guests[0]?.heard('subscribe').length === 1)
  const [guest] = hub.guests as [Guest]
  guest.say('snapshot', snapshot(3, ['a=idle', 'z=idle']))
  await until('a state', () => 'a' in states())
  guest.say('snapshot', snapshot(10, ['a=running'], { parts: 2 }))
  guest.say('delta', delta(11, ['b=idle']))
  guest.say('error', { code: 'unknown_topic', message: 'not of the snapshot' })
  await until('the error frame', () => errors === 1)
  t.strictSame(states(), { a: 'idle', z: 'idle' }, 'as before while a part is missing')
  t.strictSame(
    [subscriber.replica.token, subscriber.replica.seq],
    [undefined, null],
    'there is no place to resume',
  )
  guest.say('delta', delta(12, ['c=error']))
  guest.say('delta', delta(13, ['-b']))
  await until('seq 13', () => subscriber.replica.seq === 13)
  t.strictSame(changes, [
    ['reset', 3, ['a=idle', 'z=idle']],
    ['reset', 12, ['-z', 'a=running', 'b=idle', 'c=error']],
    ['changes', 13, ['-b']],
  ])
  t.strictSame(states(), { a: 'running', c: 'error' })
})

void t.test('a place that somebody else has seen', async (t) => {
  const hub = await fakeHub(t, {
    onFrame(guest, { type }) {
      if (type === 'subscribe' && guest.number === 1) {
        guest.say('delta', delta(41, [], { resume: { mode: 'replay', from: 41 } }))
        guest.socket.end()
      }
    },
  })
  const { subscriber, changes } = newSubscriber(t, hub, { sinceSeq: 41 })
  subscriber.open()
  await until('a second subscription', () => hub.guests[1]?.heard('subscribe').length === 1)
  t.strictSame(hub.guests[0]!.heard('subscribe'), [{ topics: [], since_seq: 41 }])
  t.strictSame(hub.guests[1]!.heard('subscribe'), [{ topics: [], since_seq: 41, epoch: 'e1' }])
  t.strictSame(changes, [])
})

void t.test('a refused hello is told of and tried again', async (t) => {
  const hub = await fakeHub(t, {
    onFrame(guest, { type }) {
      if (type !== 'hello') return
      guest.say('error', { code: 'session_mismatch', message: 'this is the hub of session "x"' })
      guest.socket.end()
    },
  })
  const frames: string[] = []
  const { client, told } = newClient(t, hub, { onFrame: ({ type }) => frames.push(type) })
  client.open()
  await until('two refusals', () => told.down.length === 2)
  const reason = 'session_mismatch: this is the hub of session "x"'
  t.strictSame(told.down, [
    [reason, 50],
    [reason, 1_000],
  ])
  t.strictSame(frames, ['error', 'error'])
  t.ok(told.logged.some(([event, code]) => event === 'hub_error' && code === 'session_mismatch'))
  t.equal(await client.request('refresh', 's::1', {}), null)
})

void t.test('garbage from a hub harms nothing', async (t) => {
  const table: [string, string | Buffer, string | null][] = [
    ['no JSON', 'what?\n', 'invalid_json'],
    ['no UTF-8', Buffer.from([0xff, 0xfe, 0x00, 0x0a]), 'invalid_json'],
    ['no object', '[1]\n', 'invalid_envelope'],
    ['half a frame', `${lineOf('delta', delta(8, [])).slice(0, 90)}\n`, 'invalid_json'],
    ['a delta without a seq', lineOf('delta', { changes: [] }), 'invalid_payload'],
    ['a type of a newer hub', lineOf('weather', { sun: true }), 'unknown_type'],
    ['a line too long', `${'x'.repeat(400_000)}\n`, 'frame_too_large'],
    ['a line nested too deep', `${'['.repeat(5_000)}\n`, 'invalid_json'],
    ['blank lines and comments', '\n\r\n  \n# hello\n', null],
  ]
  for (const [name, garbage, code] of table) {
    const hub = await fakeHub(t, {
      onFrame(guest, { type }) {
        if (type !== 'subscribe') return
        guest.say('snapshot', snapshot(1, ['a=idle']))
        guest.socket.write(garbage)
        guest.say('delta', delta(2, ['a=running']))
      },
    })
    const { subscriber, told, states } = newSubscriber(t, hub)
    subscriber.open()
    await until(`${name}: seq 2`, () => subscriber.replica.seq === 2)
    t.strictSame(states(), { a: 'running' }, name)
    const errors = told.logged.filter(([event]) => event === 'decode_error').map(([, code]) => code)
    if (code === null) t.strictSame(errors, [], name)
    else t.match(errors, [code], name)
    t.equal(hub.guests.length, 1, `${name}: one connection`)
    await subscriber.close()
  }
})

void t.test('frames may come in any chunks', async (t) => {
  const text =
    lineOf('snapshot', snapshot(1, ['é=idle'])) + lineOf('delta', delta(2, ['é=running'], { x: '日本' }))
  const hub = await fakeHub(t, {
    onFrame(guest, { type }) {
      const bytes = [...Buffer.from(text)]
      const next = (): void => {
        const byte = bytes.shift()
        if (byte !== undefined) guest.socket.write(Buffer.of(byte), () => setImmediate(next))
      }
      if (type === 'subscribe') next()
    },
  })
  const { subscriber, states } = newSubscriber(t, hub)
  subscriber.open()
  await until('seq 2', () => subscriber.replica.seq === 2)
  t.strictSame(states(), { é: 'running' })
})

void t.test('waits grow: at once, then 1 s, doubling', async (t) => {
  /** When each connection or attempt ended, and for how long the client then means to wait. */
  async function waits(hub: FakeHub, hello = {}): Promise<{ retries: number[]; gaps: number[]; told: Told }> {
    const endedMs: number[] = []
    const retries: number[] = []
    const { client, told } = newClient(t, hub, {
      ...hello,
      onDown: (_, retryMs) => {
        endedMs.push(performance.now())
        retries.push(retryMs)
      },
    })
    client.open()
    await until('four losses', () => retries.length === 4)
    await client.close()
    const gaps = endedMs.slice(1).map((ms, i) => ms - endedMs[i]!)
    return { retries, gaps, told }
  }
  const closing = await fakeHub(t, { greet: (guest) => guest.socket.destroy() })
  const ending = await fakeHub(t, { onFrame: (guest) => guest.socket.end() })
  const absent = await fakeHub(t, {}, { listens: false })
  const dead = await fakeHub(t, {}, { listens: false })
  fs.writeFileSync(dead.socketPath, '')
  const table: [string, FakeHub, number | null][] = [
    ['a hub that closes at once', closing, 4],
    ['a hub that ends after hello', ending, 4],
    ['no hub', absent, null],
    ['a path where nobody listens', dead, null],
  ]
  await Promise.all(
    table.map(async ([name, hub, connections]) => {
      const { retries, gaps } = await waits(hub)
      t.strictSame(retries, [50, 1_000, 2_000, 4_000], name)
      for (const [i, gap] of gaps.entries())
        t.ok(gap >= retries[i]! - 5, `${name}: waited ${Math.round(gap)} ms, not less than ${retries[i]}`)
      if (connections !== null) t.equal(hub.guests.length, connections, `${name}: no tight loop`)
    }),
  )
})

void t.test('a connection that has lasted makes the next wait short again', async (t) => {
  const hub = await fakeHub(t, { greet: (guest) => guest.number <= 2 && guest.socket.destroy() })
  const { client, told } = newClient(t, hub)
  client.open()
  await until('the third connection', () => hub.guests.length === 3 && client.isUp)
  const upMs = Date.now()
  await until('five seconds', () => Date.now() - upMs > 5_100)
  hub.guests[2]!.socket.destroy()
  await until('a fourth', () => hub.guests.length === 4)
  t.strictSame(
    told.down.map(([, retryMs]) => retryMs),
    [50, 1_000, 50],
  )
})

void t.test('it does not wait when it is told that a hub may be there', async (t) => {
  const hub = await fakeHub(t, {}, { listens: false })
  const { client, told } = newClient(t, hub)
  client.retryNow()
  t.strictSame(told.down, [], 'not before it is open')
  client.open()
  await until('three attempts', () => told.down.length === 3)
  await hub.listen()
  client.retryNow()
  client.retryNow()
  await until('up', () => client.isUp)
  client.retryNow()
  client.send('heartbeat', { agent_id: 's::1' })
  await until('a heartbeat', () => hub.guests[0]?.heard('heartbeat').length === 1)
  t.equal(hub.guests.length, 1)
  t.equal(told.down.length, 3, 'no attempt was lost')

  const refusing = await fakeHub(t, {
    onFrame(guest) {
      guest.say('error', { code: 'session_mismatch', message: 'no' })
      guest.socket.end()
    },
  })
  const refused = newClient(t, refusing)
  refused.client.open()
  await until('two refusals', () => refused.told.down.length === 2)
  refused.client.retryNow()
  t.equal(refusing.guests.length, 2, 'who refuses is not asked sooner')
  await refused.client.close()
  refused.client.retryNow()
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.equal(refusing.guests.length, 2)
})

void t.test('a hub is started when nobody listens, once', async (t) => {
  const hub = await fakeHub(t, {}, { listens: false })
  let starts = 0
  const { client, told } = newClient(t, hub, { startHub: () => starts++ })
  client.open()
  await until('five attempts', () => told.down.length === 5)
  t.equal(starts, 1)
  t.strictSame(
    [...new Set(told.down.map(([, retryMs]) => retryMs))],
    [60],
    'it is looked for often meanwhile',
  )
  await hub.listen()
  await until('a connection', () => client.isUp)
  t.equal(starts, 1)

  const refusing = await fakeHub(t, {
    onFrame(guest) {
      guest.say('error', { code: 'unsupported_version', message: 'no' })
      guest.socket.end()
    },
  })
  const other = newClient(t, refusing, { startHub: () => starts++ })
  other.client.open()
  await until('two refusals', () => other.told.down.length === 2)
  t.equal(starts, 1, 'not when one is there and refuses')
})

void t.test('what becomes of a request', async (t) => {
  const hub = await fakeHub(t, {
    onFrame(guest, { type, payload, request_id: id }) {
      if (type !== 'command') return
      const { command } = payload as { command: string }
      guest.say('command_result', { command, status: 'accepted' }, id)
      guest.say('command_result', { command, status: 'ok', message: 'not yours' }, 'another')
      guest.say('command_result', { command, status: 'ok', message: 'nobody asked' })
      if (command === 'stop_agent') guest.socket.destroy()
      else if (command === 'refresh') {
        const error = { code: 'publisher_missing', message: 'no' }
        setTimeout(() => guest.say('command_result', { command, status: 'error', error }, id), 20)
      } else if (command === 'focus_tab')
        guest.say('command_result', { command, status: 'ok', message: 'yours' }, id)
    },
  })
  const { client } = newClient(t, hub)
  t.equal(await client.request('refresh', 's::1', {}), null, 'before it is open')
  client.open()
  t.equal(await client.request('refresh', 's::1', {}), null, 'before it is up')
  await until('up', () => client.isUp)
  const [failed, done] = await Promise.all([
    client.request('refresh', 's::1', { deep: true }),
    client.request('focus_tab', null, { tab_index: 1 }, 'my-id'),
  ])
  t.match(failed, { status: 'error', error: { code: 'publisher_missing' } })
  t.match(done, { status: 'ok', message: 'yours' })
  const asked = hub.guests[0]!.frames.slice(1)
  t.match(asked, [
    { payload: { command: 'refresh', target_agent_id: 's::1', args: { deep: true } } },
    { request_id: 'my-id', payload: { command: 'focus_tab', args: { tab_index: 1 } } },
  ])
  t.notOk('target_agent_id' in asked[1]!.payload)
  t.match(asked[0]!.request_id, /^[0-9a-f]{16}$/)

  const open = client.request('send_input', 's::1', { text: 'never answered' })
  const lost = client.request('stop_agent', 's::1', {})
  t.strictSame(await Promise.all([open, lost]), [null, null], 'the connection is lost')
  await until('up again', () => client.isUp && hub.guests.length === 2)
  t.strictSame(hub.guests[1]!.heard('command'), [], 'and they are not sent again')
  t.match(await client.request('focus_tab', null, {}), { status: 'ok' })
  const atClose = client.request('send_input', 's::1', {})
  await client.close()
  t.equal(await atClose, null, 'closed')
})

void t.test('a frame that fits no line', async (t) => {
  const hub = await fakeHub(t, {})
  const { client } = newClient(t, hub)
  client.open()
  await until('up', () => client.isUp)
  const text = 'x'.repeat(300_000)
  const state = { lifecycle: 'idle' as const, snippet: text }
  const changes = [{ op: 'upsert' as const, agent_id: 's::1', state }]
  t.throws(() => client.send('delta', { changes }), { name: 'WireError', code: 'frame_too_large' })
  const result = {
    command: 'send_input',
    status: 'error',
    error: { code: 'frame_too_large', message: String },
  }
  t.match(
    await client.request('send_input', 's::1', { text }),
    result,
    'a request is told of as one that failed',
  )
  t.equal(client.send('heartbeat', { agent_id: 's::1' }), true)
  await until('the heartbeat', () => hub.guests[0]!.heard('heartbeat').length === 1)
  t.strictSame(
    hub.guests[0]!.frames.map(({ type }) => type),
    ['hello', 'heartbeat'],
    'nothing of it was sent',
  )
})

void t.test('a hub that reads nothing is seen to be full', async (t) => {
  const hub = await fakeHub(t, { greet: (guest) => guest.socket.pause() })
  let drains = 0
  const { client } = newClient(t, hub, { onDrain: () => drains++ })
  client.open()
  await until('up', () => client.isUp && hub.guests.length === 1)
  t.equal(client.isFull, false)
  const state = { lifecycle: 'idle' as const, snippet: 'x'.repeat(10_000) }
  let sent = 0
  while (!client.isFull && sent < 1_000) {
    client.send('delta', { changes: [{ op: 'upsert', agent_id: 's::1', state }] })
    if (++sent % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  t.equal(client.isFull, true, `after ${sent} frames of 10 kB`)
  t.equal(drains, 0)
  hub.guests[0]!.socket.resume()
  await until('room', () => drains > 0 && !client.isFull)
  await until('all of them', () => hub.guests[0]!.heard('delta').length === sent)
  t.equal(client.isUp, true)
})

void t.test('close', async (t) => {
  const hub = await fakeHub(t, {})
  const { client, told } = newClient(t, hub)
  client.open()
  await until('up', () => client.isUp)
  const state = { lifecycle: 'offline' as const, snippet: 'x'.repeat(200_000) }
  for (let i = 0; i < 3; i++) client.send('delta', { changes: [{ op: 'upsert', agent_id: 's::1', state }] })
  await client.close(5_000)
  t.equal(client.isUp, false)
  await until('all that was sent', () => hub.guests[0]!.heard('delta').length === 3)
  t.strictSame(told.down, [], 'no loss is told of')
  t.equal(client.send('heartbeat', { agent_id: 's::1' }), false)

  const deaf = await fakeHub(t, {
    greet({ socket }) {
      socket.removeAllListeners('end')
      socket.pause()
    },
  })
  const held = newClient(t, deaf)
  held.client.open()
  await until('up', () => held.client.isUp)
  const startMs = Date.now()
  await held.client.close(100)
  t.ok(Date.now() - startMs < 20_000, 'a hub that does not end is not waited for')

  const absent = await fakeHub(t, {}, { listens: false })
  const waiting = newClient(t, absent)
  waiting.client.open()
  await until('a failed attempt', () => waiting.told.down.length === 1)
  await waiting.client.close()
  await absent.listen()
  const early = newClient(t, absent)
  early.client.open()
  await early.client.close()
  const third = newClient(t, absent)
  third.client.open()
  await until('the third', () => third.client.isUp)
  t.equal(waiting.told.up + early.told.up, 0, 'who was closed does not connect')
  t.equal(hub.guests.length, 1, 'nor again')
  await t.resolves(newClient(t, absent).client.close(), 'one that was never opened')
})

void t.test('a hub gone silent is left for a new connection', async (t) => {
  const hub = await fakeHub(t, {
    onFrame(guest, { type }) {
      if (type === 'subscribe') guest.say('snapshot', snapshot(4, ['a=idle']))
    },
  })
  // The patience of 45 s made 1.5 s.
  const { setTimeout: real } = globalThis
  const restore = (): unknown => (globalThis.setTimeout = real)
  t.teardown(restore)
  globalThis.setTimeout = ((done: () => void, ms: number) =>
    real(done, ms === 45_000 ? 1_500 : ms)) as typeof real
  const { subscriber, told } = newSubscriber(t, hub)
  subscriber.open()
  await until('seq 4', () => subscriber.replica.seq === 4)
  const [guest] = hub.guests as [Guest]
  const startMs = Date.now()
  const bookmarks = setInterval(() => guest.say('delta', delta(4, [])), 100)
  t.teardown(() => clearInterval(bookmarks))
  await until('a while', () => Date.now() - startMs > 3_000)
  t.strictSame(told.down, [], 'a bookmark is a sign of life')
  clearInterval(bookmarks)
  await until('a second connection', () => hub.guests[1]?.heard('subscribe').length === 1)
  restore()
  t.strictSame(told.down, [['the hub has said nothing for 45 s', 50]])
  t.strictSame(hub.guests[1]!.heard('subscribe'), [{ topics: [], since_seq: 4, epoch: 'e1' }])
})
