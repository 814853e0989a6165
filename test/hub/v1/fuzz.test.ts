import t from 'tap'
import { commandDeadlineMs, openCommandsPerClientMax } from '../../../lib/wire/limits.js'
import { cases } from '../../fixtures.js'
import type { Fields } from './payloads.js'
import type { PulsePlayer } from './pulse-player.js'
import { V1Stage } from './stage.js'
import type { V1Player } from './v1-player.js'

/**
 * Whatever v1 clients send, in whatever order: nothing throws, each message that is refused is answered by exactly one
 * error while the client has some left, and Pulse is served. `AOC_FUZZ_SEED` plays a run again.
 */

const seed = Number(process.env['AOC_FUZZ_SEED'] ?? Date.now() % 2 ** 31)
const stepsMax = 6_000
const runMs = 10_000

/** Mulberry32: the same numbers for the same seed. */
function randomOf(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const random = randomOf(seed)
const below = (count: number): number => Math.floor(random() * count)
const oneOf = <T>(all: readonly T[]): T => all[below(all.length)]!
const chance = (share: number): boolean => random() < share

const valid = cases<{ frame: Fields }>('v1/messages.ndjson').map(({ frame }) => frame)

const ids = [
  'agent-1',
  'agent-2',
  's::1',
  's::2',
  's::agent-1',
  'x::1',
  '1',
  '2',
  'w',
  '\u202e',
  'é'.repeat(256),
]
const texts = [
  '',
  '\u0000',
  '\u001b[2J',
  '\ud800',
  '\udc00x',
  '😀',
  '\u2028',
  '\\',
  '"',
  '../..',
  '__proto__',
  'null',
]

function anyText(): string {
  if (chance(0.4)) return oneOf(texts)
  if (chance(0.5)) return oneOf(ids)
  return String.fromCharCode(...Array.from({ length: below(12) }, () => below(0x1_0000)))
}

function anyValue(depth = 0): unknown {
  const kind = below(depth > 3 ? 5 : 8)
  if (kind === 0) return anyText()
  if (kind === 1) return oneOf([0, -1, 1.5, 1e20, 1e308, -0, 2 ** 53, Date.now()])
  if (kind === 2) return oneOf([true, false, null])
  if (kind === 3) return 'x'.repeat(oneOf([10, 1_000, 20_000]))
  if (kind === 4) return []
  if (kind === 5) return Array.from({ length: below(4) }, () => anyValue(depth + 1))
  return Object.fromEntries(Array.from({ length: below(4) }, () => [anyText(), anyValue(depth + 1)]))
}

/** An object or a list somewhere in a message. */
function somewhere(message: Fields): Fields {
  let at: Fields = message
  for (;;) {
    const inner = Object.values(at).filter((value) => typeof value === 'object' && value !== null)
    if (inner.length === 0 || chance(0.3)) return at
    at = oneOf(inner) as Fields
  }
}

function mutate(message: Fields): void {
  const at = somewhere(message)
  const key = oneOf(Object.keys(at)) ?? anyText()
  const kind = below(9)
  if (kind === 0) delete at[key]
  else if (kind === 1) at[key] = anyValue()
  else if (kind === 2) at[anyText()] = anyValue()
  else if (kind === 3) at[key] = oneOf(ids)
  else if (kind === 4) at[key] = 'x'.repeat(oneOf([300, 5_000, 20_000, 100_000, 270_000]))
  else if (kind === 5)
    Object.defineProperty(at, '__proto__', {
      value: anyValue(),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  else if (kind === 6 && Array.isArray(at[key]) && at[key].length > 0)
    at[key] = Array.from({ length: oneOf([5, 500, 501, 2_000]) }, () => (at[key] as unknown[])[0])
  else if (kind === 7) at['request_id'] = oneOf([...ids, `r-${below(20)}`])
  else at[key] = null
}

/** Something that a client may send. */
function anyMessage(player: V1Player): string | Buffer {
  const kind = below(20)
  if (kind === 0) return Buffer.from(Array.from({ length: below(200) }, () => below(256)))
  if (kind === 1) return JSON.stringify(anyValue())
  if (kind === 2) return anyText()
  if (kind === 3) return `{"version":"1","type":"error","payload":${'['.repeat(below(100_000))}`
  if (kind === 4) return `{"version":"1","type":"error","payload":${'{"a":'.repeat(100)}1${'}'.repeat(100)}}`
  const message = structuredClone(oneOf(valid))
  message['session_id'] = chance(0.97) ? 's' : anyText()
  message['sender_id'] = chance(0.95) ? player.clientId : anyText()
  const payload = message['payload'] as Fields
  if (message['type'] === 'hello') {
    message['sender_id'] = payload['client_id'] = player.clientId
    payload['agent_id'] = oneOf([...ids, null])
    payload['pane_id'] = oneOf([...ids, null])
  } else if ('agent_id' in payload) payload['agent_id'] = chance(0.7) ? player.agentId : oneOf(ids)
  for (let count = oneOf([0, 0, 1, 1, 2, 5]); count > 0; count--) mutate(message)
  const text = JSON.stringify(message)
  if (chance(0.03)) return text.slice(0, below(text.length))
  if (chance(0.03)) return text.replace(/:\d+/, ':1e20').replaceAll('"x"', '"\\ud800"')
  return text
}

void t.test(`a fuzz of the v1 door, AOC_FUZZ_SEED=${seed}`, async (t) => {
  const stage = new V1Stage({ subscriberBudgetBytes: 200_000 })
  const pulse = stage.pulse().hello('pulse')
  const wrapper = stage.pulse().hello('wrapper', 'wrapped')
  const everybody: V1Player[] = []
  let players: V1Player[] = []
  const join = (): void => {
    if (players.length >= 16) return
    const player = stage.open()
    player.clientId = `c${below(4)}`
    player.agentId = oneOf(ids)
    players.push(player)
    everybody.push(player)
    if (chance(0.3)) return
    const role = oneOf(['publisher', 'subscriber'])
    const capabilities = oneOf([[], ['diff_patch_parts']])
    player.hello({
      client_id: player.clientId,
      role,
      capabilities,
      agent_id: player.agentId,
      pane_id: `${below(3)}`,
    })
  }
  const send = (player: V1Player): void => {
    const errorsBefore = stage.shim.counts.errors
    const message = anyMessage(player)
    const { sentErrorsMs } = player.socket
    const toldBefore = sentErrorsMs.length
    player.write(message)
    const refused = stage.shim.counts.errors - errorsBefore
    const told = sentErrorsMs.length - toldBefore
    if (told === refused && refused <= 1) return
    // Twenty at once and five a second, of which a clock in quarters of a second gives four.
    const isSpent = sentErrorsMs.filter((ms) => ms > stage.nowMs - 6_000).length >= 20
    if (refused !== 1 || told !== 0 || !isSpent)
      throw new Error(`refused ${refused} times, told ${told} times: ${String(message).slice(0, 300)}`)
  }
  const untilMs = Date.now() + runMs
  let steps = 0
  for (; steps < stepsMax && Date.now() < untilMs; steps++) {
    if (chance(0.05) || players.length === 0) join()
    const player = oneOf(players)
    const kind = below(100)
    if (kind < 70) send(player)
    else if (kind < 76) player.socket.isStuck = true
    else if (kind < 84) player.socket.isStuck = false
    else if (kind < 86) player.leave()
    else if (kind < 90) stage.wait(oneOf([250, 1_000, 11_000]))
    else if (kind < 95) act(pulse, wrapper, steps)
    else stage.turn()
    players = players.filter(({ socket }) => !socket.isOver && socket.closed === null)
  }
  t.comment(
    `${steps} steps, ${stage.shim.counts.errors} errors, ${stage.shim.counts.messagesOut} messages out`,
  )
  t.ok(steps > 500)

  stage.turn()
  const shown = pulse.frames()
  t.ok(shown.length > 0)
  wrapper.upsert('wrapped', { lifecycle: 'idle', snippet: 'at the end' })
  stage.turn()
  t.match(pulse.frames().at(-1), {
    type: 'delta',
    payload: { changes: [{ state: { snippet: 'at the end' } }] },
  })
  const fresh = stage.subscriber('fresh')
  t.ok(fresh.all('agent_status').some(({ agent_id: id }) => id === 's::wrapped'))

  for (const player of [...everybody, fresh]) player.leave()
  stage.wait(commandDeadlineMs + 31_000)
  t.strictSame(stage.shim.clients, { connections: 0, publishers: 0, subscribers: 0 })
  t.match(stage.core.health(), { publishers: 1, subscribers: 1 })
  t.ok(stage.core.states().length <= 1, 'whom nobody publishes is gone')
  for (const said of [{}, Object.prototype] as Fields[]) t.equal(said['x'], undefined)
  t.strictSame(
    Object.keys(Object.prototype).concat(Object.keys(Array.prototype)),
    [],
    'what every object has is as it was',
  )
})

/** Pulse does something, too: a command for somebody, or an agent of its own. */
function act(pulse: PulsePlayer, wrapper: PulsePlayer, count: number): void {
  const target = oneOf(['s::1', 's::2', 's::agent-1', 's::wrapped'])
  const kind = below(4)
  if (kind === 0) {
    const args = { path: oneOf(['a', '../b', 'ü']), ...(chance(0.5) && { part: 1 }) }
    pulse.say('command', { command: 'get_diff_patch', target_agent_id: target, args }, `p-${count}`)
  } else if (kind === 1)
    pulse.say('command', { command: 'stop_agent', target_agent_id: target }, `p-${count}`)
  else if (kind === 2) wrapper.upsert('wrapped', { lifecycle: 'running', source: anyValue() })
  else {
    for (const frame of wrapper.frames())
      if (frame.type === 'command')
        wrapper.say(
          'command_result',
          { command: frame.payload.command, status: 'ok', result: anyValue() },
          frame.request_id ?? '',
        )
  }
}

void t.test('patches that nobody answers are not kept', async (t) => {
  const stage = new V1Stage()
  const publisher = stage.publisher()
  publisher.status('idle')
  const watchers = Array.from({ length: 8 }, (_, i) => stage.subscriber(`w${i}`))
  const ask = (): void => {
    for (const watcher of watchers)
      for (let i = 0; i < 2 * openCommandsPerClientMax; i++)
        watcher.send('diff_patch_request', { agent_id: 'agent-1', path: 'a'.repeat(4_000) })
    stage.turn()
    for (const watcher of watchers) watcher.messages()
    publisher.messages()
  }
  const heapAfter = (): number => {
    globalThis.gc?.()
    return process.memoryUsage().heapUsed
  }
  for (let i = 0; i < 3; i++) {
    ask()
    stage.wait(commandDeadlineMs + 500)
    publisher.beat()
  }
  const before = heapAfter()
  for (let i = 0; i < 10; i++) {
    ask()
    stage.wait(commandDeadlineMs + 500)
    publisher.beat()
  }
  const grown = heapAfter() - before
  // Ten rounds of 512 requests with 4,000 characters each are 20 MB.
  if (globalThis.gc) t.ok(grown < 10_000_000, `${grown} bytes`)
  for (const watcher of watchers) watcher.messages()
  watchers[0]!.send('diff_patch_request', { agent_id: 'agent-1', path: 'a' })
  t.equal(publisher.all('diff_patch_request').length, 1)
})
