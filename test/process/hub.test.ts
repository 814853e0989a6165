import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { Readable, type Duplex } from 'node:stream'
import t, { type Test } from 'tap'
import { HubClient } from '../../lib/wire/client.js'
import { slug } from '../../lib/wire/identity.js'
import { lineBytesMax } from '../../lib/wire/limits.js'
import { Subscriber } from '../../lib/wire/subscriber.js'
import {
  framesOf,
  LineClient,
  lineOf,
  newRoom,
  run,
  start,
  startHub,
  until,
  type HubProcess,
  type Room,
} from './processes.js'

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }
const ndjson = createRequire(import.meta.url)('ndjson') as { parse: (options: { strict: boolean }) => Duplex }

/** Talks to a hub through socat, as a person would. @returns what the hub said, and how socat ended. */
function socat(
  t: Test,
  room: Room,
  hub: HubProcess,
  input: string,
): Promise<{ code: unknown; stdout: string; stderr: string }> {
  // -t: how long to wait for the other side once ours is closed; the hub must not need it.
  return run(t, room, 'socat', ['-t', '20', '-', `UNIX-CONNECT:${hub.socket}`], input)
}

// Most of a test is waiting for a process.
t.jobs = 4
// Each test needs an object of its own: tap keeps the result in it.
const parallel = (): { buffered: true } => ({ buffered: true })

const logOf = (room: Room): string => fs.readFileSync(path.join(room.logs, `hub-${slug('s')}.log`), 'utf8')

const hello = (payload: object): string => lineOf('s', 'hello', { client_id: 'me', ...payload })
const helloWatcher = hello({ role: 'subscriber' })
const helloAgent = hello({ role: 'publisher', pane_id: '1' })
const upsert = (state: object, pane = '1'): string =>
  lineOf('s', 'delta', { changes: [{ op: 'upsert', agent_id: `s::${pane}`, state }] })

void t.test('what a person types gets its answers', parallel(), async (t) => {
  const room = newRoom(t)
  const hub = await startHub(t, room)
  const agent = await LineClient.publisher(t, hub, '1')
  agent.upsert('1', { lifecycle: 'running', snippet: 'compiles' })
  const watcher = await LineClient.subscriber(t, hub)
  await watcher.until('snapshot')
  await until('a state', () => JSON.stringify(watcher.frames).includes('compiles'))

  const state = { agent_id: 's::1', pane_id: '1', lifecycle: 'running', snippet: 'compiles' }
  const snapshot = ['snapshot', { states: [state] }]
  const command = lineOf('s', 'command', { command: 'fly', args: {} }, 'r1')
  const table: [string, string, unknown[]][] = [
    ['one line', `${helloWatcher}\n`, [snapshot]],
    ['without a newline at the end', helloWatcher, [snapshot]],
    ['CRLF', `${helloWatcher}\r\n`, [snapshot]],
    [
      'comments and blank lines',
      `# who I am\n\n   \n${helloWatcher}\n\t# and what I want\n\r\n${command}\n#over`,
      [
        ['command_result', { command: 'fly', status: 'error', error: { code: 'unsupported_command' } }],
        snapshot,
      ],
    ],
    [
      'its own hello asked for',
      hello({ role: 'subscriber', capabilities: ['hello', 'subscribe'] }),
      [['hello', { client_id: 'aoc-hub', role: 'hub', max_frame_bytes: lineBytesMax, pid: hub.pid }]],
    ],
    ['nothing', '', []],
    ['nothing but a comment', '# hello?\n', []],
    [
      'a typing error, then the right line',
      `{"type":"hello"\n${helloWatcher}\n`,
      [['error', { code: 'invalid_json', line: 1 }], snapshot],
    ],
    ['no hello', `${command}\n${helloWatcher}\n`, [['error', { code: 'expected_hello' }]]],
    [
      'the wrong session',
      helloWatcher.replace('"s"', '"x"'),
      [['error', { code: 'session_mismatch', message: /"s".*"x"/ }]],
    ],
    [
      'a newer version',
      helloWatcher.replace('{', '{"version":"2",'),
      [['error', { code: 'unsupported_version' }]],
    ],
  ]
  for (const [name, input, told] of table) {
    const startMs = Date.now()
    const { code, stdout } = await socat(t, room, hub, input)
    const frames = framesOf(stdout).map(({ type, payload }) => [type, payload])
    t.match(frames, told, name)
    t.equal(frames.length, told.length, `${name}: ${JSON.stringify(frames)}`)
    t.equal(code, 0, name)
    t.ok(Date.now() - startMs < 15_000, `${name}: the hub ends the connection`)
  }
})

void t.test('an agent by socat: shown, then offline', parallel(), async (t) => {
  const room = newRoom(t)
  const hub = await startHub(t, room)
  const watcher = await LineClient.subscriber(t, hub)
  t.match(await watcher.until('snapshot'), { states: [] })
  const agent = start(t, room, 'socat', ['-', `UNIX-CONNECT:${hub.socket}`])
  agent.say(`# an agent\n${helloAgent}\n${upsert({ lifecycle: 'busy', snippet: 'by hand' })}\n`)
  t.match(await watcher.until('delta'), {
    changes: [{ op: 'upsert', agent_id: 's::1', state: { lifecycle: 'running', snippet: 'by hand' } }],
  })
  agent.say(`${lineOf('s', 'heartbeat', { agent_id: 's::1', lifecycle: 'needs-input' })}\n`)
  t.match(await watcher.until('delta', 2), { changes: [{ state: { lifecycle: 'needs_input' } }] })
  agent.child.stdin.end()
  t.equal(await agent.ended, 0)
  t.match(await watcher.until('delta', 3), {
    changes: [{ op: 'upsert', state: { lifecycle: 'offline', snippet: 'by hand' } }],
  })
})

void t.test('the end of a hub', parallel(), async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    const room = newRoom(t)
    const hub = await startHub(t, room)
    const watcher = await LineClient.subscriber(t, hub)
    await watcher.until('snapshot')
    const silent = await LineClient.connect(t, hub)
    t.equal(fs.statSync(hub.socket).mode & 0o777, 0o600)
    t.equal(fs.statSync(path.dirname(hub.socket)).mode & 0o777, 0o700)
    hub.signal(signal)
    t.equal(await hub.ended, 0, signal)
    t.equal(hub.stderr, '')
    t.equal(fs.existsSync(hub.socket), false, 'no socket is left')
    await until('both connections to end', () => watcher.hasEnded && silent.hasEnded)
    const again = await startHub(t, room)
    t.ok(again.pid > 0, 'and another one starts')
  }
})

void t.test('a second hub says which one runs', parallel(), async (t) => {
  const room = newRoom(t)
  const hub = await startHub(t, room)
  const { code, stdout, stderr } = await run(t, room, 'aoc-hub', ['--session', 's'])
  t.strictSame([code, stdout], [3, ''])
  t.match(stderr, `aoc-hub: a hub (pid ${hub.pid}) listens on ${hub.socket} already\n`)
  await (await LineClient.subscriber(t, hub)).until('snapshot')
  const starters = await Promise.all(
    Array.from({ length: 4 }, () => run(t, room, 'aoc-hub', ['--session', 's'])),
  )
  t.strictSame(
    starters.map(({ code }) => code),
    [3, 3, 3, 3],
  )
  await startHub(t, room, 'another')
  t.equal(hub.hasEnded, false)
})

void t.test('the command line', parallel(), async (t) => {
  const room = newRoom(t)
  const table: [string[], number, RegExp, RegExp][] = [
    [['--version'], 0, new RegExp(`^${version}\n$`), /^$/],
    [['--help'], 0, /Usage: aoc-hub .*--pulse-socket-path.*--stale-seconds.*list.*stop/s, /^$/],
    [['--wings'], 2, /^$/, /unknown option '--wings'\n\(aoc-hub --help says more\)/],
    [['fly'], 2, /^$/, /too many arguments|unknown command/],
    [['list', '--wings'], 2, /^$/, /unknown option '--wings'/],
    [['--stale-seconds', 'soon'], 2, /^$/, /'soon' is invalid. It must be a whole number from 0/],
    [['--stale-seconds', '-1'], 2, /^$/, /invalid|missing/],
    [['list'], 0, /^no hub runs\n$/, /^$/],
    [['list', '--json'], 0, /^\[\]\n$/, /^$/],
    [['stop', '--session', 's'], 4, /^$/, /^aoc-hub: no hub of session s answers on .*pulse.sock\n$/],
    [['stop', '--all'], 0, /^$/, /^$/],
    [['--session', 'a\nb'], 1, /^$/, /^aoc-hub: the session id "a\\nb" holds control characters/],
    [['--pulse-socket-path', `/tmp/${'x'.repeat(100)}`], 1, /^$/, /has 105 bytes; a Unix socket takes 103/],
    [['--pulse-socket-path', '/tmp/aoc-open.sock'], 1, /^$/, /\/tmp .*the hub needs one of its own/],
  ]
  await Promise.all(
    table.map(async ([args, code, stdout, stderr]) => {
      const found = await run(t, room, 'aoc-hub', args)
      const name = `aoc-hub ${args.join(' ').slice(0, 60)}`
      t.equal(found.code, code, `${name}: ${found.stderr}`)
      t.match(found.stdout, stdout, name)
      t.match(found.stderr, stderr, name)
    }),
  )
})

void t.test('list and stop', parallel(), async (t) => {
  const room = newRoom(t)
  const [one, two, three] = [
    await startHub(t, room, 'one'),
    await startHub(t, room, 'two words'),
    await startHub(t, room, 'three'),
  ]
  const agent = await LineClient.publisher(t, two, '1')
  agent.upsert('1', { lifecycle: 'idle' })
  const watcher = await LineClient.subscriber(t, two)
  await until('an agent', () => JSON.stringify(watcher.frames).includes('"two words::1"'))
  const list = async (): Promise<Record<string, unknown>[]> =>
    JSON.parse((await run(t, room, 'aoc-hub', ['list', '--json'])).stdout) as Record<string, unknown>[]
  const listed = await list()
  t.match(listed, [
    { session: 'one', pid: one.pid, agents: 0, socket: one.socket },
    { session: 'three', pid: three.pid },
    { session: 'two words', pid: two.pid, agents: 1, seq: 1, socket: two.socket, version },
  ])
  t.equal(listed.length, 3)
  const { stdout } = await run(t, room, 'aoc-hub', ['list'])
  t.match(stdout.split('\n'), [
    /^SESSION +PID +AGENTS +SEQ +V1 +SOCKET$/,
    new RegExp(`^one +${one.pid} +0 +0 +ws://127.0.0.1:\\d+/ws +/`),
    new RegExp(`^three +${three.pid} `),
    new RegExp(`^two words +${two.pid} +1 +1 +ws://.*/ws +/.*pulse.sock$`),
  ])

  await three.kill()
  t.strictSame(
    (await list()).map(({ session }) => session),
    ['one', 'two words'],
    'a killed one is not listed',
  )
  const stopped = await run(t, room, 'aoc-hub', ['stop', '--session', 'two words'])
  t.match(stopped, { code: 0, stdout: `ended the hub of session two words (pid ${two.pid})\n`, stderr: '' })
  t.equal(await two.ended, 0)
  t.equal(fs.existsSync(two.socket), false)
  t.equal((await run(t, room, 'aoc-hub', ['stop', '--session', 'two words'])).code, 4)
  t.equal(one.hasEnded, false, 'and no other one')
  const other = await startHub(t, room, 'other')
  const all = await run(t, room, 'aoc-hub', ['stop', '--all'])
  t.equal(all.stdout.trim().split('\n').length, 2)
  t.strictSame([all.code, await one.ended, await other.ended], [0, 0, 0])
  t.strictSame(await list(), [])
})

void t.test('a hub that is not used any more ends', parallel(), async (t) => {
  const room = newRoom(t)
  const hub = await startHub(t, room, 's', ['--exit-when-idle', '1'])
  const startMs = Date.now()
  const first = await LineClient.subscriber(t, hub)
  await until('two seconds', () => Date.now() - startMs > 2_000)
  t.equal(hub.hasEnded, false, 'not while somebody is connected')
  const second = await LineClient.subscriber(t, hub)
  first.socket.end()
  await second.until('snapshot')
  second.socket.end()
  t.equal(await hub.ended, 0)
  t.equal(fs.existsSync(hub.socket), false)
  t.strictSame(fs.readdirSync(path.join(room.dir, 'run/aoc/hubs')), [], 'nor is it listed')
  t.equal(await (await startHub(t, room, 's', ['--exit-when-idle', '1'])).ended, 0, 'one nobody ever used')
})

void t.test('the log', parallel(), async (t) => {
  const room = newRoom(t)
  const hub = await startHub(t, room, 'two words')
  const agent = await LineClient.publisher(t, hub, '1')
  agent.upsert('1', { lifecycle: 'idle' })
  const watcher = await LineClient.subscriber(t, hub)
  watcher.write('{"type":\n')
  await watcher.until('error')
  watcher.say('command', { command: 'refresh', target_agent_id: 'two words::1' }, 'r1')
  await agent.until('command')
  agent.socket.destroy()
  await watcher.until('command_result', 2)
  hub.signal('SIGTERM')
  await hub.ended
  const file = path.join(room.logs, `hub-${slug('two words')}.log`)
  t.equal(fs.statSync(file).mode & 0o777, 0o600)
  const lines = fs
    .readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  for (const line of lines) {
    t.match(line, { level: Number, event: String, pid: hub.pid, component: 'hub' })
    t.ok(Math.abs(Date.parse(String(line['time'])) - Date.now()) < 60_000)
  }
  const events = lines.map(({ event }) => String(event))
  t.strictSame([events[0], events.at(-1)], ['hub_listening', 'hub_ended'])
  t.strictSame([...new Set(events)].toSorted(), [
    'client_connected',
    'client_disconnected',
    'command',
    'command_result',
    'decode_error',
    'hub_ended',
    'hub_listening',
    'v1_listening',
  ])
  t.match(lines[0], { socket: hub.socket, session_id: 'two words', seq: 0 })
  t.notOk(fs.existsSync(path.join(room.dir, '.aoc')), 'nothing where it was started')

  const project = path.join(room.dir, 'project')
  fs.mkdirSync(project)
  const places: [string, string[], Record<string, string>, string][] = [
    ['a flag is stronger', ['--log-dir', path.join(room.dir, 'flag')], {}, 'flag'],
    ['without either', [], { AOC_LOG_DIR: '' }, 'project/.aoc/logs'],
  ]
  for (const [name, args, env, dir] of places) {
    const other = await startHub(t, room, 's', args, { env, cwd: project })
    other.signal('SIGTERM')
    await other.ended
    t.strictSame(fs.readdirSync(path.join(room.dir, dir)), [`hub-${slug('s')}.log`], name)
  }
  t.equal(fs.readFileSync(path.join(project, '.aoc/.gitignore'), 'utf8'), '*\n', 'git does not see it')
  fs.writeFileSync(path.join(room.dir, 'no-folder'), '')
  const deaf = await startHub(t, room, 's', ['--log-dir', path.join(room.dir, 'no-folder')])
  await (await LineClient.subscriber(t, deaf)).until('snapshot')
  t.pass('a log that cannot be written stops nothing')
})

void t.test('bad bytes: the connection lives on', parallel(), async (t) => {
  const room = newRoom(t)
  const hub = await startHub(t, room)
  const garbage = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7_919 + (i >> 3)) & 0xff))
  const table: [string, (client: LineClient) => Promise<void> | void, string | null][] = [
    ['a line of 300 KiB', (client) => client.write(`${'x'.repeat(300 * 1_024)}\n`), 'frame_too_large'],
    [
      'a frame of 300 KiB',
      (client) => client.write(`${upsert({ lifecycle: 'idle', snippet: 'x'.repeat(300 * 1_024) })}\n`),
      'frame_too_large',
    ],
    [
      'bytes of every kind',
      (client) => client.write(Buffer.concat([garbage, Buffer.from('\n')])),
      'invalid_json',
    ],
    ['a line deep in brackets', (client) => client.write(`${'['.repeat(100_000)}\n`), 'invalid_json'],
    ['half a surrogate pair', (client) => client.write('{"type":"\\ud800"}\n'), 'unknown_type'],
    [
      'a line a byte at a time',
      async (client) => {
        client.socket.setNoDelay(true)
        for (const byte of Buffer.from(`${lineOf('s', 'heartbeat', { agent_id: 's::1' })}\r\n`)) {
          client.write(Buffer.of(byte))
          await new Promise((resolve) => setImmediate(resolve))
        }
      },
      null,
    ],
  ]
  const watcher = await LineClient.subscriber(t, hub)
  for (const [name, write, code] of table) {
    const agent = await LineClient.publisher(t, hub, '1')
    await write(agent)
    if (code !== null) await agent.until('error')
    agent.upsert('1', { lifecycle: 'running', snippet: name })
    await until(`${name}: the next frame`, () =>
      watcher.payloads('delta').some((delta) => JSON.stringify(delta).includes(name)),
    )
    t.equal(agent.hasEnded, false, `${name}: still connected`)
    const codes = [...new Set(agent.payloads('error').map((error) => error['code']))]
    t.strictSame(codes.slice(0, 1), code === null ? [] : [code], name)
    if (name.includes('300')) t.match(agent.payloads('error'), [{ line: 2, message: /262144 are taken/ }])
    agent.socket.destroy()
  }
  // Garbage instead of a hello, and then a hello.
  const lost = await LineClient.connect(t, hub)
  lost.write(Buffer.concat([garbage, Buffer.from('\n')]))
  lost.write(`${helloWatcher}\n`)
  t.match(await lost.until('snapshot'), { states: [{ agent_id: 's::1' }] })
  t.ok(lost.payloads('error').length <= 30, `told of ${lost.payloads('error').length} errors, not of each`)
})

void t.test('an independent parser reads every byte the hub writes', parallel(), async (t) => {
  const room = newRoom(t)
  let hub = await startHub(t, room)
  const clients: LineClient[] = []
  const join = async (coming: Promise<LineClient>): Promise<LineClient> => {
    const client = await coming
    clients.push(client)
    return client
  }
  const everything = { topics: ['agent_state', 'command_result', 'health', 'layout_state', 'weather'] }
  const capabilities = ['hello', 'subscribe', 'health']
  const watcher = await join(LineClient.subscriber(t, hub, capabilities))
  watcher.say('subscribe', everything)
  await watcher.until('snapshot')
  const odd = [
    'plain',
    'line\nbreak\r\nand \t tab',
    'separators \u2028 \u2029 \u0085',
    'half \ud83e a pair and the other \udd80 and both 🦀',
    'nul \u0000 and \ufeff and "quotes\\"',
    '',
  ]
  const agents = []
  for (const [i, snippet] of odd.entries()) {
    const agent = await join(LineClient.publisher(t, hub, `${i}`))
    agents.push(agent)
    // Whitespace that JSON allows between tokens, and characters not escaped.
    const line = upsert({ lifecycle: 'running', snippet, [`key ${snippet}`]: [snippet] }, `${i}`)
    agent.write(`${line.replaceAll(',', '\t\r ,  ').replace('[{', '[\r\r{')}\r\n`)
    agent.say('heartbeat', { agent_id: `s::${i}`, lifecycle: 'idle' })
    agent.write('\u0000\n"no frame"\n')
    await agent.until('error', 2)
  }
  await watcher.until('delta', 2 * odd.length)
  const [first] = agents as [LineClient]
  watcher.say(
    'command',
    { command: 'send_input', target_agent_id: 's::0', args: { text: odd.join('') } },
    'r\u20281',
  )
  const asked = await first.until('command')
  t.strictSame((asked['args'] as { text: string }).text.length, odd.join('').length)
  const id = first.frames.find(({ type }) => type === 'command')!.request_id
  first.say('command_result', { command: 'send_input', status: 'ok', message: odd.join('') }, id)
  watcher.say('command', { command: 'focus_tab', args: { tab_name: odd[2] } }, 'r2')
  watcher.write(`{"type":"${'x'.repeat(300)}\u2028"}\n`)
  await watcher.until('command_result', 4)
  // More than one frame takes: a snapshot in parts.
  for (const [i, agent] of agents.entries())
    agent.upsert(`${i}`, { lifecycle: 'running', source: { text: '日本'.repeat(25_000) } })
  await watcher.until('delta', 3 * odd.length)
  const back = await join(LineClient.subscriber(t, hub, capabilities))
  back.say('subscribe', { since_seq: 3 * odd.length - 1 })
  t.match(await back.until('delta'), { resume: { mode: 'replay' } })
  back.say('subscribe', { since_seq: 999_999 })
  t.match(await back.until('snapshot'), { parts: Number, resume: { reason: 'ahead' } })
  const late = await join(LineClient.subscriber(t, hub))
  t.match(await late.until('snapshot'), { parts: Number })
  agents[1]!.say('delta', { changes: [{ op: 'remove', agent_id: 's::1' }] })
  for (const agent of agents) agent.socket.end()
  await until('offline', () => JSON.stringify(watcher.frames.slice(-5)).includes('offline'))
  hub.signal('SIGTERM')
  await hub.ended
  hub = await startHub(t, room)
  const again = await join(LineClient.subscriber(t, hub, capabilities))
  again.say('subscribe', { since_seq: 1 })
  await again.until('snapshot')
  hub.signal('SIGTERM')
  await until('all connections to end', () => clients.every(({ hasEnded }) => hasEnded))

  const types = new Set<string>()
  for (const [i, { chunks }] of clients.entries()) {
    const bytes = Buffer.concat(chunks)
    const lines = bytes.toString('latin1').split('\n')
    t.equal(lines.pop(), '', `connection ${i}: it ends with a whole line`)
    const rows: unknown[] = []
    // In pieces that cut characters.
    const pieces = Array.from({ length: Math.ceil(bytes.length / 1_021) }, (_, n) =>
      bytes.subarray(n * 1_021, (n + 1) * 1_021),
    )
    for await (const row of Readable.from(pieces).pipe(ndjson.parse({ strict: true }))) rows.push(row)
    t.equal(rows.length, lines.length, `connection ${i}: ${rows.length} frames`)
    t.ok(Math.max(...lines.map(({ length }) => length)) <= lineBytesMax, `connection ${i}: none too long`)
    for (const row of rows) {
      t.match(row, { version: '1', type: String, session_id: 's', sender_id: String, payload: {} })
      t.match((row as { timestamp: string }).timestamp, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
      types.add((row as { type: string }).type)
    }
  }
  const all = ['command', 'command_result', 'delta', 'error', 'health', 'heartbeat', 'hello', 'snapshot']
  t.strictSame([...types].toSorted(), all, 'every type was there')
})

/** A generator whose sequence the printed seed repeats. */
function randomOf(t: Test): () => number {
  const seed = Number(process.env['AOC_TEST_SEED'] ?? Date.now() % 1_000_000)
  t.comment(`AOC_TEST_SEED=${seed}`)
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

void t.test(
  'the hub is killed again and again: nobody is left with a wrong picture',
  parallel(),
  async (t) => {
    const random = randomOf(t)
    const room = newRoom(t)
    // The clients' waits of 1 s and more made a tenth, to have more kills in the time.
    const { setTimeout: real } = globalThis
    t.teardown(() => (globalThis.setTimeout = real))
    const waits = new Set([1_000, 2_000, 4_000, 8_000, 10_000])
    globalThis.setTimeout = ((done: () => void, ms: number) =>
      real(done, waits.has(ms) ? ms / 10 : ms)) as typeof real
    let hub = await startHub(t, room, 's', ['--stale-seconds', '0'])
    const publishers = ['1', '2', '3'].map((pane) => {
      let count = 0
      const publish = (): void => {
        const state = {
          agent_id: `s::${pane}`,
          session_id: 's',
          pane_id: pane,
          lifecycle: 'running' as const,
        }
        const source = { count: ++count }
        client.send('delta', {
          changes: [{ op: 'upsert', agent_id: `s::${pane}`, state: { ...state, source } }],
        })
      }
      const client: HubClient = new HubClient({
        socketPath: hub.socket,
        sessionId: 's',
        hello: { client_id: `wrap-${pane}`, role: 'publisher', pane_id: pane },
        onUp: publish,
      })
      t.teardown(() => client.close(0))
      client.open()
      return { pane, client, publish, count: () => count }
    })
    const faults: string[] = []
    const counted = new Map<string, number>()
    let [deltas, resets, lastSeq] = [0, 0, -1]
    const subscriber = new Subscriber({
      socketPath: hub.socket,
      sessionId: 's',
      clientId: 'watcher',
      onChange: ({ kind, seq, changes }) => {
        if (kind === 'changes' ? seq !== lastSeq + 1 : seq < lastSeq)
          faults.push(`${kind} ${seq} after ${lastSeq}`)
        lastSeq = seq
        if (kind === 'changes') deltas++
        else resets++
        for (const change of changes) {
          if (change.op === 'remove') continue
          const { count } = change.state.source as { count: number }
          const before = counted.get(change.agent_id) ?? 0
          if (count <= before && change.state.lifecycle !== 'offline')
            faults.push(`${change.agent_id}: ${count} after ${before}`)
          counted.set(change.agent_id, count)
        }
      },
    })
    t.teardown(() => subscriber.close())
    subscriber.open()
    const timer = setInterval(() => {
      for (const { publish } of publishers) publish()
    }, 3)
    t.teardown(() => clearInterval(timer))
    const everybodyIsBack = (): boolean => {
      const states = subscriber.replica.states
      return (
        subscriber.isUp && publishers.every(({ pane, client }) => client.isUp && states.has(`s::${pane}`))
      )
    }

    const kills = 4
    for (let i = 0; i < kills; i++) {
      await until('everybody', everybodyIsBack, 25_000)
      const [from, waitMs, startMs] = [deltas, random() * 200, Date.now()]
      await until('some deltas', () => deltas > from + 20 && Date.now() - startMs > waitMs)
      await hub.kill()
      hub = await startHub(t, room, 's', ['--stale-seconds', '0'])
    }
    await until('everybody', everybodyIsBack, 25_000)
    clearInterval(timer)
    for (const { publish } of publishers) publish()
    const published = Object.fromEntries(publishers.map(({ pane, count }) => [`s::${pane}`, count()]))
    const seen = (): Record<string, number> =>
      Object.fromEntries(
        [...subscriber.replica.states].map(([id, { source }]) => [id, (source as { count: number }).count]),
      )
    await until('the last states', () => JSON.stringify(seen()) === JSON.stringify(published)).catch(() => {})
    t.strictSame(seen(), published, `after ${kills} kills, ${deltas} deltas and ${resets} snapshots`)
    t.strictSame(faults, [], 'no delta was counted twice, none was left out')
    t.ok(resets >= kills + 1 && deltas > 60)
  },
)

void t.test('a bare since_seq of an earlier life is never taken for this one', parallel(), async (t) => {
  const room = newRoom(t)
  for (const [name, end] of [
    ['ended', 'SIGTERM'],
    ['killed', 'SIGKILL'],
  ] as const) {
    const hub = await startHub(t, room)
    const agent = await LineClient.publisher(t, hub, '1')
    const watcher = await LineClient.subscriber(t, hub)
    await watcher.until('snapshot')
    for (let i = 0; i < 5; i++) agent.upsert('1', { lifecycle: 'running', snippet: `step ${i}` })
    const { seq } = (await watcher.until('delta', 5)) as { seq: number }
    hub.signal(end)
    await hub.ended

    const next = await startHub(t, room)
    const ask = async (sinceSeq: number): Promise<unknown[]> => {
      const client = await LineClient.subscriber(t, next, ['subscribe'])
      client.say('subscribe', { since_seq: sinceSeq })
      await until('an answer', () => client.frames.length > 0)
      return client.frames.map(({ type, payload }) => [type, payload])
    }
    for (const sinceSeq of [seq, seq - 1, seq - 5, 0])
      t.match(
        await ask(sinceSeq),
        [['snapshot', { states: [], resume: { mode: 'snapshot' } }]],
        `${name} at ${seq}, asked from ${sinceSeq}`,
      )
    const young = await LineClient.publisher(t, next, '2')
    young.upsert('2', { lifecycle: 'idle' })
    const other = await LineClient.subscriber(t, next)
    await until('the new agent', () => JSON.stringify(other.frames).includes('s::2'))
    for (const sinceSeq of [seq, seq - 1])
      t.match(
        await ask(sinceSeq),
        [['snapshot', { states: [{ agent_id: 's::2' }], resume: { mode: 'snapshot' } }]],
        `${name} at ${seq}, asked from ${sinceSeq} after the first delta`,
      )
    const now = other.frames.at(-1)!.payload['seq'] as number
    t.ok(now > seq, `seqs went on: ${now} is above ${seq}`)
    t.match(await ask(now), [['delta', { seq: now, changes: [], resume: { mode: 'replay' } }]])
    await next.kill()
  }
})

void t.test('killed clients', parallel(), async (t) => {
  const room = newRoom(t)
  const hub = await startHub(t, room)
  const watcher = await LineClient.subscriber(t, hub)
  await watcher.until('snapshot')
  const connect = `UNIX-CONNECT:${hub.socket}`
  const agent = start(t, room, 'socat', ['-', connect])
  agent.say(`${helloAgent}\n${upsert({ lifecycle: 'running', snippet: 'one' })}\n`)
  const reader = start(t, room, 'socat', ['-', connect])
  reader.say(`${helloWatcher}\n`)
  await until('the reader', () => reader.stdout.includes('"one"'))
  await watcher.until('delta')
  await reader.kill()
  agent.say(`${upsert({ lifecycle: 'idle', snippet: 'two' })}\n`)
  t.match(await watcher.until('delta', 2), { changes: [{ state: { snippet: 'two' } }] }, 'a subscriber')
  await agent.kill()
  t.match(
    await watcher.until('delta', 3),
    { changes: [{ state: { lifecycle: 'offline', snippet: 'two' } }] },
    'a publisher',
  )
  const heir = await LineClient.publisher(t, hub, '1')
  heir.upsert('1', { lifecycle: 'running', snippet: 'three' })
  t.match(await watcher.until('delta', 4), { changes: [{ state: { snippet: 'three' } }] })
  // Killed in the middle of a line: its half is no frame, and nobody waits for the rest.
  const half = start(t, room, 'socat', ['-', connect])
  half.say(
    `${hello({ role: 'publisher', pane_id: '9' })}\n${upsert({ lifecycle: 'idle' }, '9').slice(0, -3)}`,
  )
  await until('its hello', () => logOf(room).includes('"s::9"'))
  await half.kill()
  heir.upsert('1', { lifecycle: 'idle', snippet: 'four' })
  t.match(await watcher.until('delta', 5), { changes: [{ agent_id: 's::1', state: { snippet: 'four' } }] })
  t.equal(hub.hasEnded, false)
})

/** Resident memory of a process in bytes. */
async function memoryOf(t: Test, room: Room, pid: number): Promise<number> {
  const { stdout } = await run(t, room, 'ps', ['-o', 'rss=', '-p', String(pid)])
  return Number(stdout) * 1_024
}

void t.test('who does not read slows nobody, and costs little', parallel(), async (t) => {
  const room = newRoom(t)
  const hub = await startHub(t, room)
  const agent = await LineClient.publisher(t, hub, '1')
  const watcher = await LineClient.subscriber(t, hub)
  await watcher.until('snapshot')
  const stuck = start(t, room, 'socat', ['-', `UNIX-CONNECT:${hub.socket}`])
  stuck.say(`${helloWatcher}\n`)
  await until('it has its snapshot', () => stuck.stdout.includes('"snapshot"'))
  stuck.signal('SIGSTOP')
  const send = async (from: number, to: number): Promise<void> => {
    for (let i = from; i <= to; i++) {
      agent.upsert('1', { lifecycle: 'running', snippet: `step ${i}`, source: { text: 'x'.repeat(100_000) } })
      // A reader can keep up with this; a burst of more than its budget would make it lag, too.
      if (i % 5 === 0) await watcher.until('delta', i)
    }
    await watcher.until('delta', to)
    // What the test itself keeps is not what is measured.
    watcher.chunks.length = 0
  }
  await send(1, 200)
  const before = await memoryOf(t, room, hub.pid)
  await send(201, 1_400)
  const grown = (await memoryOf(t, room, hub.pid)) - before
  t.ok(grown < 70_000_000, `of 120 MB more that it did not read the hub holds ${grown >> 20} MiB`)
  const steps = watcher.payloads('delta').map((delta) => /step \d+/.exec(JSON.stringify(delta))?.[0])
  t.strictSame(
    steps,
    Array.from({ length: 1_400 }, (_, i) => `step ${i + 1}`),
    'the other one has seen every step',
  )
  stuck.signal('SIGCONT')
  await until('it catches up', () => stuck.stdout.includes('"step 1400"'))
  // A bookmark may have come after it.
  const all = framesOf(stuck.stdout.slice(0, stuck.stdout.lastIndexOf('\n')))
  const last = all.filter(({ type }) => type === 'snapshot').at(-1)
  t.match(last, {
    type: 'snapshot',
    payload: { resume: { reason: 'lagging' }, states: [{ snippet: 'step 1400' }] },
  })
  t.ok(stuck.stdout.length < 5_000_000, `by ${stuck.stdout.length} bytes, not 80 MB`)
  agent.upsert('1', { lifecycle: 'idle', snippet: 'over' })
  await until('the next delta', () => stuck.stdout.includes('"over"'))
  t.match(logOf(room), /"event":"queue_drop"/)
})
