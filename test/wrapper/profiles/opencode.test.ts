import fc from 'fast-check'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { opencode } from '../../../lib/wrapper/profiles/opencode.js'
import { opencodeScreen } from '../../../lib/wrapper/profiles/opencode-screen.js'
import { pluginText } from '../../../lib/wrapper/profiles/opencode-plugin.js'
import type { Injection, Launch, Said } from '../../../lib/wrapper/profiles/profile.js'
import { playedBy, scenarios } from '../scenario.js'

const url = 'http://127.0.0.1:4242/token/'
const dir = '/tmp/a launch {env:HOME}#1'

function injected(args: string[], env: Record<string, string> = {}): Injection | null {
  const launch: Launch = {
    file: '/usr/bin/opencode',
    args,
    env,
    url,
    dir,
    hookLine: () => '',
    hookArgv: () => [],
    readText: () => null,
    listDir: () => [],
    isRootsAlone: () => false,
    platform: 'linux',
  }
  return opencode.inject!(launch)
}

function pluginsOf(injection: Injection | null): unknown[] {
  const settings = JSON.parse(injection!.env.OPENCODE_CONFIG_CONTENT!) as { plugin: unknown[] }
  return settings.plugin
}

void t.test(
  'a plugin in the private folder is named in the environment, and the arguments stay',
  async (t) => {
    for (const args of [
      [],
      ['a "dir" $(x)'],
      ['-m', 'fake/m', '--prompt', 'mcp list', '-c'],
      ['run', 'mcp', 'list', '--', '--help'],
      ['--log-level', 'DEBUG', 'run', 'hi'],
      ['--mini'],
      ['serve', '--port', '0'],
      ['-c', 'mcp'],
      ['--prompt=-v'],
      ['--no-pure', '--session', '-1'],
    ]) {
      const injection = injected(args)
      t.same(injection?.args, args)
      t.equal(injection?.blind, null, args.join(' '))
      const [file] = injection!.files
      t.equal(path.dirname(file!.path), dir)
      const [plugin] = pluginsOf(injection)
      t.equal(fileURLToPath(plugin as string), file!.path)
      t.notMatch(plugin, /[{}\s#]/, 'nothing in it is substituted or cut')
      t.match(file!.text, '"path":"/token/opencode"')
    }
  },
)

void t.test('only where nobody can be asked are questions not told of', async (t) => {
  const isInteractive = (args: string[]): boolean =>
    injected(args)!.files[0]!.text.includes('"isInteractive":true')
  t.ok(isInteractive([]))
  t.ok(isInteractive(['run', '-i', 'hi']))
  t.ok(isInteractive(['run', '--interactive', 'hi']))
  t.notOk(isInteractive(['run', 'hi']))
  t.notOk(isInteractive(['--print-logs', 'run', 'serve']))
})

void t.test('what is no conversation is left as it is', async (t) => {
  for (const args of [
    ['mcp', 'list'],
    ['auth', 'login'],
    ['--print-logs', 'models'],
    ['-m', 'x', 'export'],
    ['--version'],
    ['run', '-h'],
    ['acp'],
    ['pr', '12'],
    ['-pv'],
    ['run', '-iv', 'hi'],
    // opencode has no value that begins with a dash.
    ['run', '--title', '--version'],
    ['--prompt', '-h'],
    ['--agent', '--model', 'x', 'stats'],
    ['--title', 'x', 'mcp', 'list'],
  ])
    t.equal(injected(args), null, args.join(' '))
})

void t.test('where the plugin cannot be loaded nothing is added', async (t) => {
  for (const [args, env, blind] of [
    [['--pure'], {}, 'own_settings'],
    [['run', '--title', '--pure'], {}, 'own_settings'],
    [[], { OPENCODE_PURE: '1' }, 'own_settings'],
    [['attach', 'http://localhost:4096'], {}, 'remote_agent'],
    [['run', '--attach=http://localhost:4096', 'hi'], {}, 'remote_agent'],
    [[], { OPENCODE_CONFIG_CONTENT: '{"model": ' }, 'own_settings'],
    [[], { OPENCODE_CONFIG_CONTENT: '[]' }, 'own_settings'],
    [[], { OPENCODE_CONFIG_CONTENT: '{"plugin":"one"}' }, 'own_settings'],
  ] as [string[], Record<string, string>, string][])
    t.same(injected(args, env), { args, env: {}, files: [], blind }, JSON.stringify([args, env]))
  t.equal(injected([], { OPENCODE_PURE: '0' })?.blind, null)
})

void t.test("the person's own settings stay in the variable", async (t) => {
  const own = '{ // mine\n "model": "a/{env:M}", "plugin": ["mine", ["theirs", {"x": 1,}],], }'
  const injection = injected([], { OPENCODE_CONFIG_CONTENT: own })
  const settings = JSON.parse(injection!.env.OPENCODE_CONFIG_CONTENT!) as Record<string, unknown>
  t.equal(settings.model, 'a/{env:M}')
  t.same(pluginsOf(injection).slice(0, 2), ['mine', ['theirs', { x: 1 }]])
  const again = injected([], injection!.env)
  t.same(pluginsOf(again), pluginsOf(injection), 'a launch within a launch replaces its plugin')
})

const pid = 7

/** Says what a reader makes of events, one after the other. */
function reading(): (type: string, properties?: unknown, from?: number) => Said[] {
  const read = opencode.openReader()
  return (type, properties = {}, from = pid) =>
    read({ source: 'opencode', pid: null, body: { pid: from, instance: 'a', type, properties } })
}
const status = (sessionID: string, type: string): [string, unknown] => [
  'session.status',
  { sessionID, status: { type } },
]
const says = (said: Said[]): unknown[] =>
  said.map(({ thread, subagent, meaning }) => [thread, subagent, meaning.says])

void t.test('a session without a parent is a conversation, another a subagent of it', async (t) => {
  const read = reading()
  t.same(says(read('plugin.loaded', { isInteractive: true })), [['', null, 'began']])
  t.same(read('session.created', { sessionID: 'r', info: { id: 'r' } }), [])
  t.same(says(read(...status('r', 'busy'))), [['r', null, 'prompted']])
  t.same(says(read(...status('r', 'busy'))), [['r', null, 'working']])
  t.same(read('session.created', { sessionID: 'c', info: { parentID: 'r' } }), [])
  t.same(read('session.updated', { sessionID: 'g', info: { parentID: 'c' } }), [])
  t.same(says(read(...status('c', 'busy'))), [['r', 'c', 'working']])
  t.same(says(read(...status('g', 'busy'))), [['r', 'g', 'working']])
  t.same(says(read(...status('c', 'idle'))), [['r', 'c', 'done']])
  t.same(read(...status('r', 'idle'))[0]?.meaning, { says: 'done', background: 1 }, 'g goes on')
  t.same(read(...status('g', 'idle'))[1]?.meaning, { says: 'background', count: 0 })
})

void t.test('a session that turns out to be a subagent gives its conversation up', async (t) => {
  const read = reading()
  t.same(says(read(...status('c', 'busy'))), [['c', null, 'prompted']], 'a resumed one was never told of')
  t.same(says(read('session.updated', { sessionID: 'c', info: { parentID: 'r' } })), [['c', null, 'done']])
  t.same(says(read(...status('c', 'busy'))).slice(0, 1), [['r', 'c', 'working']])
})

void t.test('sessions that are each their own ancestor', async (t) => {
  const read = reading()
  read('session.created', { sessionID: 'a', info: { parentID: 'b' } })
  read('session.created', { sessionID: 'b', info: { parentID: 'a' } })
  t.ok(read(...status('a', 'busy')).length > 0)
  t.doesNotThrow(() => read('session.deleted', { sessionID: 'a' }))
})

void t.test('what is asked says what for', async (t) => {
  const read = reading()
  const detailOf = (type: string, properties: object): unknown => {
    const [said] = read(type, { id: `id${Math.random()}`, sessionID: 'r', ...properties })
    return said?.meaning.says === 'asks' ? [said.meaning.attention, said.meaning.detail] : null
  }
  for (const [type, properties, attention, detail] of [
    [
      'permission.asked',
      { permission: 'bash', metadata: { command: 'a\n b' }, patterns: ['a'] },
      'permission',
      'bash: a b',
    ],
    [
      'permission.asked',
      { permission: 'edit', metadata: { filepath: '/x' }, patterns: ['x'] },
      'permission',
      'edit: /x',
    ],
    ['permission.asked', { permission: 'doom_loop', patterns: ['bash'] }, 'permission', 'doom_loop: bash'],
    ['permission.asked', {}, 'permission', null],
    ['permission.updated', { type: 'bash', title: 'ls -l', metadata: {} }, 'permission', 'bash: ls -l'],
    ['question.asked', { questions: [{ question: 'Which?' }] }, 'question', 'Which?'],
    [
      'question.asked',
      { questions: [{ question: 'Which?' }, { question: 'And?' }] },
      'question',
      'Which? (1 of 2)',
    ],
    ['question.asked', { questions: 'none' }, 'question', null],
    [
      'question.asked',
      { questions: [{ header: 'Build Agent', question: 'Plan at x is complete. Go?' }] },
      'plan',
      'Plan at x is complete. Go?',
    ],
  ] as const)
    t.same(detailOf(type, properties), [attention, detail], JSON.stringify(properties))
  const long = detailOf('permission.asked', { permission: 'bash', metadata: { command: 'x'.repeat(9_999) } })
  t.ok(String((long as string[])[1]).length <= 140)
})

void t.test('an answer ends just what it answers', async (t) => {
  const read = reading()
  read(...status('r', 'busy'))
  read('permission.asked', { id: 'p1', sessionID: 'r' })
  read('question.asked', { id: 'q1', sessionID: 'r' })
  t.same(read('permission.replied', { sessionID: 'r', requestID: 'p1' })[0]?.meaning, {
    says: 'answered',
    id: 'p1',
  })
  t.same(read('permission.replied', { sessionID: 'r', requestID: 'p1' }), [], 'only once')
  t.same(read(...status('r', 'idle')), [], 'a rest ends nothing that is asked')
  t.same(says(read('session.error', { sessionID: 'r', error: { name: 'MessageAbortedError' } })), [
    ['r', null, 'done'],
  ])
  t.same(read('question.replied', { sessionID: 'r', requestID: 'q1' }), [], 'the interruption has ended it')
  read('permission.updated', { id: 'p2', sessionID: 'r', type: 'bash' })
  t.equal(read('permission.replied', { sessionID: 'r', permissionID: 'p2' }).length, 1, 'before 1.1')
  read(...status('r', 'busy'))
  t.same(
    says(read('permission.asked', { id: 'p3' })),
    [['r', null, 'asks']],
    'without a session: of the one that works',
  )
})

void t.test('an error is one when the turn rests after it', async (t) => {
  const read = reading()
  const error = { name: 'APIError', data: { message: 'over\u001b[31m quota', responseBody: 'secret' } }
  t.same(read('session.error', { error }), [], 'of no session')
  read(...status('r', 'busy'))
  t.same(read('session.error', { sessionID: 'r', error }), [])
  t.same(read(...status('r', 'idle'))[0]?.meaning, { says: 'failed', detail: 'over [31m quota' })
  t.same(read(...status('r', 'idle')), [], 'the second rest says nothing')
  t.same(says(read(...status('r', 'busy'))), [['r', null, 'prompted']])
  read('session.error', { sessionID: 'r', error })
  read(...status('r', 'busy'))
  t.same(says(read(...status('r', 'idle'))), [['r', null, 'done']], 'it went on')
  t.same(
    says(read('session.error', { sessionID: 'r', error: { name: 'UnknownError' } })),
    [['r', null, 'failed']],
    'outside a turn',
  )
})

void t.test('a plugin that goes ends what its sessions did', async (t) => {
  const read = reading()
  read('plugin.loaded', { isInteractive: true })
  read(...status('r', 'busy'))
  read('permission.asked', { id: 'p', sessionID: 'r' })
  t.same(says(read('plugin.disposed')), [
    ['r', null, 'done'],
    ['', null, 'left'],
  ])
  t.same(says(read('plugin.disposed')), [['', null, 'left']])
})

void t.test('an event that is posted twice is read once', async (t) => {
  const read = opencode.openReader()
  const post = (id: unknown, type: string, properties: object): Said[] =>
    read({ source: 'opencode', pid: null, body: { id, pid, instance: 'a', type, properties } })
  const busy = { sessionID: 'r', status: { type: 'busy' } }
  const asks = { id: 'p', sessionID: 'r' }
  post('x-0', 'session.status', busy)
  t.same(says(post('x-1', 'permission.asked', asks)), [['r', null, 'asks']])
  t.same(says(post('x-2', 'permission.replied', { sessionID: 'r', requestID: 'p' })), [
    ['r', null, 'answered'],
  ])
  t.same(post('x-1', 'permission.asked', asks), [], 'it would ask for ever')
  for (const id of [undefined, null, 7, ''])
    t.equal(post(id, 'session.status', busy).length, 1, 'without an id nothing is known to be the same')
  for (let n = 3; n < 400; n++) post(`x-${n}`, 'session.status', busy)
  t.equal(post('x-0', 'session.status', busy).length, 1, 'the oldest are forgotten')
})

void t.test('processes are kept apart', async (t) => {
  const read = reading()
  read(...status('r', 'busy'))
  for (let other = 100; other < 200; other++) read(...status('r', 'idle'), other)
  t.same(says(read(...status('r', 'busy'))), [['r', null, 'working']], 'it never rested')
  t.equal(read(...status('x', 'busy'), 300)[0]?.pid, 300)
})

void t.test('no event makes a reader throw, and what it keeps is bounded', async (t) => {
  const types = [
    'plugin.loaded',
    'plugin.disposed',
    'session.created',
    'session.updated',
    'session.deleted',
    'session.status',
    'session.error',
    'permission.asked',
    'permission.replied',
    'question.asked',
    'question.rejected',
    '__proto__',
    'constructor',
  ]
  const id = fc.constantFrom('a', 'b', 'c', '', '__proto__')
  const info = fc.oneof(fc.record({ parentID: id }), fc.anything())
  const state = fc.record({ type: fc.constantFrom('busy', 'idle', 'retry', 'x'), attempt: fc.anything() })
  const properties = fc.oneof(
    fc.anything(),
    fc.record(
      {
        id,
        sessionID: id,
        requestID: id,
        info,
        status: fc.oneof(state, fc.anything()),
        error: fc.anything(),
        questions: fc.array(fc.anything()),
        metadata: fc.anything(),
        patterns: fc.anything(),
      },
      { requiredKeys: [] },
    ),
  )
  const body = fc.oneof(
    fc.anything(),
    fc.record({
      pid: fc.oneof(fc.nat(9), fc.anything()),
      instance: id,
      type: fc.constantFrom(...types),
      properties,
    }),
  )
  fc.assert(
    fc.property(fc.array(body, { maxLength: 40 }), (bodies) => {
      const read = opencode.openReader()
      for (const one of bodies)
        for (const { meaning, thread } of read({ source: 'opencode', pid: null, body: one })) {
          if (typeof thread !== 'string') return false
          if ('detail' in meaning && (meaning.detail?.length ?? 0) > 280) return false
        }
      return true
    }),
  )
  const read = reading()
  for (let i = 0; i < 3_000; i++) {
    read(...status(`s${i}`, 'busy'))
    read('permission.asked', { id: `p${i}`, sessionID: `s${i}` })
  }
  t.same(read('permission.replied', { requestID: 'p0' }), [], 'the oldest are forgotten')
  t.equal(read('permission.replied', { requestID: 'p2999' }).length, 1)
  t.same(opencode.openReader()({ source: 'other', pid: 1, body: { type: 'plugin.loaded' } }), [])
})

/** A door that keeps what is posted. */
async function openDoor(t: Test): Promise<{ url: string; bodies: { type: string }[]; server: Server }> {
  const bodies: { type: string }[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (part: string) => (text += part))
    request.on('end', () => {
      bodies.push(JSON.parse(text) as { type: string })
      response.end('{}')
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token/opencode`, bodies, server }
}

interface Hooks {
  event: (input: unknown) => Promise<void>
  dispose: () => Promise<void>
}
let plugins = 0
async function loadPlugin(t: Test, text: string): Promise<Hooks> {
  const file = path.join(t.testdir(), `plugin-${plugins++}.mjs`)
  writeFileSync(file, text)
  const exported = Object.values((await import(pathToFileURL(file).href)) as Record<string, unknown>)
  t.equal(exported.length, 1, 'an older loader takes every export for a plugin')
  return (exported[0] as () => Promise<Hooks>)()
}
const toldOf = async (bodies: { type: string }[], type: string): Promise<void> => {
  while (bodies.at(-1)?.type !== type) await new Promise((resolve) => setTimeout(resolve, 5))
}

void t.test('the plugin posts, in order, what means the same as all that opencode published', async (t) => {
  const own = (await scenarios()).filter(({ agent }) => agent === 'opencode')
  t.ok(own.length >= 11)
  const { url: to, bodies } = await openDoor(t)
  const hooks = await loadPlugin(t, pluginText({ url: to, isInteractive: true }))
  await toldOf(bodies, 'plugin.loaded')
  for (const scenario of own) {
    const played = await playedBy(scenario)
    const published = played
      .filter((one) => one.kind === 'event')
      .map(({ body }) => body as { pid: number; type: string; properties: unknown })
      .filter(({ pid: from, type }) => from === 4711 && type !== 'plugin.loaded')
    bodies.length = 0
    // Sessions of other scenarios were told of already.
    const rename = (value: unknown): unknown =>
      JSON.parse(
        JSON.stringify(value).replaceAll(/"(ses|per|que)_/g, `"$1_${scenario.file.replaceAll(/\W/g, '')}`),
      )
    const events = published.map(({ type, properties }) => ({ type, properties: rename(properties) }))
    for (const event of events) void hooks.event({ event })
    await hooks.dispose()
    await toldOf(bodies, 'plugin.disposed')
    const meant = (all: readonly unknown[]): unknown[] => {
      const read = opencode.openReader()
      return all
        .flatMap((body) => read({ source: 'opencode', pid, body }))
        .map((said) => ({ ...said, pid: null }))
    }
    const all = [...events, { type: 'plugin.disposed' }].map((event) => ({ pid, instance: 'a', ...event }))
    t.same(meant(bodies), meant(all), scenario.file)
    t.notMatch(JSON.stringify(bodies), /responseHeaders|diff|always|options/, 'nothing else is sent')
  }
})

void t.test('the plugin is silent of what is not read, and of what nobody can answer', async (t) => {
  const { url: to, bodies } = await openDoor(t)
  const hooks = await loadPlugin(t, pluginText({ url: to, isInteractive: false }))
  const event = (type: string, properties: unknown): void => void hooks.event({ event: { type, properties } })
  event('message.part.delta', { sessionID: 'r', delta: 'secret' })
  event('permission.asked', { id: 'p', sessionID: 'r', permission: 'bash' })
  event('constructor', {})
  event('session.updated', { sessionID: 'r', info: { id: 'r', title: 'secret' } })
  event('session.updated', { sessionID: 'r', info: { id: 'r' } })
  await hooks.dispose()
  await toldOf(bodies, 'plugin.disposed')
  t.same(
    bodies.map(({ type }) => type),
    ['plugin.loaded', 'session.updated', 'plugin.disposed'],
  )
  t.notMatch(JSON.stringify(bodies), /secret/)
})

void t.test('what the plugin posts again has the id it had', async (t) => {
  const bodies: { id: string; type: string }[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (part: string) => (text += part))
    request.on('end', () => {
      bodies.push(JSON.parse(text) as (typeof bodies)[number])
      // The first is taken and not answered, as by a wrapper that was stopped.
      if (bodies.length === 1) request.socket.destroy()
      else response.end('{}')
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const to = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token/opencode`
  const hooks = await loadPlugin(t, pluginText({ url: to, isInteractive: true }))
  await hooks.dispose()
  await toldOf(bodies, 'plugin.disposed')
  t.same(
    bodies.map(({ type }) => type),
    ['plugin.loaded', 'plugin.loaded', 'plugin.disposed'],
  )
  t.equal(bodies[0]!.id, bodies[1]!.id)
  t.type(bodies[0]!.id, 'string')
  t.not(bodies[1]!.id, bodies[2]!.id)
  const read = opencode.openReader()
  t.same(
    bodies.flatMap((body) => says(read({ source: 'opencode', pid, body }))),
    [
      ['', null, 'began'],
      ['', null, 'left'],
    ],
  )
})

void t.test('nothing makes the plugin throw, nor a door that is gone', async (t) => {
  const { url: to, server } = await openDoor(t)
  server.close()
  const hooks = await loadPlugin(t, pluginText({ url: to, isInteractive: true }))
  for (const input of [
    undefined,
    null,
    {},
    { event: null },
    { event: { type: 'session.status' } },
    { event: { type: 'session.error', properties: null } },
  ])
    await t.resolves(hooks.event(input))
  await fc.assert(
    fc.asyncProperty(fc.anything(), async (properties) => {
      for (const type of ['session.created', 'permission.asked', 'question.asked', 'session.status'])
        await hooks.event({ event: { type, properties } })
    }),
  )
  await t.resolves(hooks.dispose())
})

const bar = '  ┃'
const edge = `  ╹${'▀'.repeat(60)}`
const permission = [
  `${bar}  △ Permission required`,
  `${bar}    # Shell command`,
  bar,
  `${bar}  $ make all`,
  bar,
  bar,
  `${bar}   Allow once   Allow always   Reject  ctrl+f fullscreen  ⇆ select  enter confirm`,
  bar,
]
const question = [
  `${bar}  Which colour?`,
  bar,
  `${bar}  1. Red`,
  `${bar}     r`,
  bar,
  `${bar}  ↑↓ select  enter submit  esc dismiss`,
  bar,
]
const reads = (lines: string[]): unknown => {
  const reading = opencodeScreen(lines)
  return reading && [reading.shows, reading.attention, reading.line]
}

void t.test('the bottom of the screen', async (t) => {
  const prompt = [bar, `${bar}  Build · M Fake`, edge]
  t.same(reads(['x', ...permission, '', '']), ['asks', 'permission', '$ make all'])
  t.same(
    reads([
      `${bar}  △ Permission required`,
      `${bar}    # Edit notes.md`,
      bar,
      `${bar}   Allow once   Allow always   Reject`,
      bar,
      `${bar}  ctrl+f fullscreen  ⇆ select  enter confirm`,
    ]),
    ['asks', 'permission', '# Edit notes.md'],
    'narrow',
  )
  t.same(
    reads([
      '  △ Permission required',
      '   # Shell command',
      '  $ env',
      '   Allow once   Allow always   Reject      ⇆ select  enter confirm  esc reject',
    ]),
    ['asks', 'permission', '$ env'],
    'mini',
  )
  t.same(
    reads([
      `${bar}  △ Always allow`,
      bar,
      `${bar}  This will allow the following patterns until OpenCode is restarted`,
      bar,
      `${bar}   Confirm   Cancel          ⇆ select  enter confirm`,
    ]),
    ['asks', 'permission', 'This will allow the following patterns until OpenCode is restarted'],
  )
  t.same(
    reads([
      `${bar}  △ Reject permission`,
      bar,
      `${bar}  Tell OpenCode what to do differently`,
      bar,
      `${bar}                enter confirm  esc cancel`,
      bar,
    ]),
    ['asks', 'permission', 'Tell OpenCode what to do differently'],
  )
  t.same(reads(['     ▣  Build · M', bar, ...question]), ['asks', 'question', 'Which colour?'])
  t.same(
    reads([
      `${bar}   Colour   Size   Confirm`,
      bar,
      ...question.with(5, `${bar}  ⇆ tab  ↑↓ select  enter confirm  esc dismiss`),
    ]),
    ['asks', 'question', 'Which colour?'],
  )
  for (const line of [
    '   ⬝⬝⬝■■■■■  esc interrupt                tab agents  ctrl+p commands',
    '   ⬝⬝⬝■■■■■  esc again to interrupt       tab agents',
    '   ⬝■■■■■■⬝ fake 429 [retrying in 1s attempt #2]          esc interrupt  ',
    '   [⋯]  esc interrupt',
  ])
    t.match(reads([...prompt, line, '']), ['working', null], line)
  t.match(reads([' BUILD  ■■⬝⬝⬝⬝⬝⬝ esc interrupt                ctrl+p cmd']), ['working', null], 'mini')
  t.match(reads([...prompt, '   /home/ada/plan            10 (0%)  ctrl+p commands', '']), ['ready', null])
  t.match(
    reads([
      ...prompt,
      '                       tab agents  ctrl+p commands',
      '',
      '   ● Tip Use x',
      '',
      '  /p  1.18.33',
    ]),
    ['ready', null],
    'the first screen',
  )
  const beside = (lines: string[]): string[] =>
    lines.map(
      (line, i) => `${line.padEnd(106)}${i === lines.length - 1 ? '  • OpenCode 1.18.33' : '  $0.00 spent'}`,
    )
  t.same(reads(beside(permission)), ['asks', 'permission', '$ make all'], 'with a sidebar')
  t.same(reads(beside(['     ▣  Build · M', ...question])), ['asks', 'question', 'Which colour?'])
})

void t.test('prose is no dialog', async (t) => {
  const prompt = [bar, edge, '   /home/ada/plan            10 (0%)  ctrl+p commands']
  for (const lines of [
    permission.map((line) => `     ${line}`),
    question.map((line) => `     ${line}`),
    ['     esc interrupt', '     ⬝⬝⬝■■■■■  esc interrupt'],
  ])
    t.match(reads([...lines, '', ...prompt]), ['ready', null], lines.join('\n'))
  for (const lines of [
    [],
    ['△ Permission required'],
    ['     Do you want to proceed? [y/n]'],
    ['     press enter confirm'],
    ['     Allow once   Allow always   Reject  enter confirm'],
    ['error: failed', 'waiting for input:', '>'],
    ['press esc interrupt'],
  ])
    t.equal(reads(lines), null, lines.join('\n'))
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), (lines) => {
      opencodeScreen(lines)
    }),
  )
})

void t.test('titles and notifications say nothing', async (t) => {
  for (const title of ['OpenCode', 'OC | Waiting for input', '']) t.equal(opencode.title(title), null)
  t.equal(opencode.notification('opencode', 'Permission needs input'), null)
})
