import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { LineClient, run, start, until } from './processes.js'
import { V1Client, type V1Message } from './v1-client.js'
import { allUntilNow, openV1Room, PulseWatcher, statusOf, type V1Room } from './v1-room.js'

/** Patches on demand: from a v1 client to a wrapped agent, to a v1 publisher, and from Pulse to one. */

t.jobs = 3
// Each test needs an object of its own: tap keeps the result in it.
const parallel = (): { buffered: true } => ({ buffered: true })

const words = (count: number, of = 'line'): string =>
  Array.from({ length: count }, (_, i) => `${of} ${i}\n`).join('')

/** Names that a shell, a parser of options or a parser of lines would take for something else. */
const odd = [
  'with space.txt',
  ' leading space.txt',
  'quote"and\'this.txt',
  'back\\slash.txt',
  'new\nline.txt',
  'tab\there.txt',
  '-n',
  '--help',
  '$(touch owned).txt',
  '; touch owned',
  '*.txt',
  ':(glob)x',
  'ünïcödé 🦀.txt',
]

interface Repository {
  dir: string
  git: (...args: string[]) => string
  write: (file: string, bytes: string | Buffer) => void
}

function newRepository({ room }: V1Room): Repository {
  const dir = path.join(room.dir, 'shop')
  fs.mkdirSync(dir)
  const env = { ...room.env, GIT_CONFIG_GLOBAL: '/dev/null' }
  const as = ['-c', 'user.name=t', '-c', 'user.email=t@localhost']
  const git = (...args: string[]): string =>
    execFileSync('git', [...as, ...args], { cwd: dir, env, encoding: 'utf8', stdio: 'pipe' })
  const write = (file: string, bytes: string | Buffer): void => {
    fs.mkdirSync(path.dirname(path.join(dir, file)), { recursive: true })
    fs.writeFileSync(path.join(dir, file), bytes)
  }
  git('init', '-q', '-b', 'main')
  return { dir, git, write }
}

/** Starts a wrapped agent in a folder and waits until it is known. */
async function wrapped(t: Test, at: V1Room, cwd: string): Promise<string> {
  const pulse = await PulseWatcher.open(t, at)
  const args = ['--session', at.session, '--pane-id', '1', '--no-hub-start', '--', 'sleep', '600']
  start(t, at.room, 'aoc-agent-wrap', args, { cwd, env: { GIT_CONFIG_GLOBAL: '/dev/null' } })
  const agent = `${at.session}::1`
  await pulse.sees(agent, 'has a diff', ({ source }) => source?.diff_summary !== undefined)
  return agent
}

let requests = 0

/** Asks for a patch and waits for its answer, the last one if there are several. */
async function ask(client: V1Client, agent: string, file: string, more: object = {}): Promise<V1Message> {
  const id = `req-${++requests}`
  client.send(
    'diff_patch_request',
    { agent_id: agent, path: file, request_id: id, ...more },
    { request_id: id },
  )
  const answer = await client.answer('diff_patch_response', id)
  const { part, parts } = answer.payload
  if (parts !== undefined && part !== parts)
    await client.until('all parts', () => client.answers('diff_patch_response', id).length === parts)
  return answer
}

void t.test('a v1 client looks at what a wrapped agent has changed', parallel(), async (t) => {
  const at = await openV1Room(t)
  const { dir, git, write } = newRepository(at)
  write('tracked.txt', words(40))
  write('gone.txt', 'to be deleted\n')
  write('old name.txt', words(20, 'moved'))
  write('picture.bin', Buffer.from([0, 1, 2, 3, 0]))
  write('ignored.log', 'x')
  write('.gitignore', '*.log\n')
  for (const name of odd) write(`odd/${name}`, words(3))
  git('add', '-A')
  git('reset', '-q', 'ignored.log')
  git('commit', '-qm', 'start')
  write('tracked.txt', words(40).replace('line 20\n', 'changed here\n'))
  fs.rmSync(path.join(dir, 'gone.txt'))
  git('mv', 'old name.txt', 'new name.txt')
  write('new name.txt', `${words(20, 'moved')}and more\n`)
  write('staged.txt', 'staged\n')
  git('add', 'staged.txt')
  write('picture.bin', Buffer.from([0, 3, 2, 1, 0]))
  write('fresh.bin', Buffer.from([0, 255, 0, 254]))
  write('fresh.txt', 'one\ntwo\n')
  for (const name of odd) {
    write(`odd/${name}`, `${words(3)}changed\n`)
    write(`fresh/${name}`, 'new here\n')
  }
  fs.symlinkSync('/etc', path.join(dir, 'out'))
  fs.writeFileSync(path.join(at.room.dir, 'secret.txt'), 'secret')
  fs.symlinkSync(path.join(at.room.dir, 'secret.txt'), path.join(dir, 'link.txt'))

  const agent = await wrapped(t, at, dir)
  const client = await V1Client.subscriber(t, at.session)
  const tables = new Map<string, string>([
    ['tracked.txt', 'modified'],
    ['gone.txt', 'deleted'],
    ['new name.txt', 'renamed'],
    ['staged.txt', 'added'],
    ['fresh.txt', 'untracked'],
    ...odd.map((name) => [`odd/${name}`, 'modified'] as const),
    ...odd.map((name) => [`fresh/${name}`, 'untracked'] as const),
  ])
  for (const [file, status] of tables) {
    const { payload, sender_id: sender } = await ask(client, agent, file)
    const name = JSON.stringify(file)
    t.match(payload, { agent_id: agent, path: file, status, is_binary: false, patch: /^@@ /m }, name)
    t.equal(sender, agent)
    t.equal(payload['error'], undefined)
    // What was done can be taken back: git itself says whether it is a patch of what is there.
    const patch = path.join(at.room.dir, 'patch')
    fs.writeFileSync(patch, String(payload['patch']))
    t.doesNotThrow(() => git('apply', '--check', '--reverse', patch), name)
  }

  const tracked = await ask(client, agent, 'tracked.txt', { context_lines: 0 })
  t.match(tracked.payload['patch'], /^@@ -21 \+21 @@.*\n-line 20\n\+changed here\n$/m)
  const wide = await ask(client, agent, 'tracked.txt', { context_lines: 100 })
  t.match(wide.payload['patch'], /^@@ -1,40 \+1,40 @@/m)
  t.match((await ask(client, agent, 'new name.txt')).payload['patch'], /rename from .?old name\.txt/)
  t.match((await ask(client, agent, 'fresh.txt')).payload['patch'], /^--- \/dev\/null\n/m)

  const refused: [string, object, RegExp, object][] = [
    ['picture.bin', {}, /^binary/, { is_binary: true, status: 'modified' }],
    ['fresh.bin', {}, /^binary/, { is_binary: true, status: 'untracked' }],
    ['fresh.txt', { include_untracked: false }, /^untracked/, { status: 'untracked' }],
    ['../secret.txt', {}, /^outside/, {}],
    ['odd/../../secret.txt', {}, /^outside/, {}],
    ['/etc/passwd', {}, /^outside/, {}],
    [path.join(dir, 'tracked.txt'), {}, /^outside/, {}],
    ['out/passwd', {}, /^(outside|symlink)/, {}],
    ['link.txt', {}, /^symlink/, {}],
    ['ignored.log', {}, /^ignored/, {}],
    ['nothing.txt', {}, /\w/, {}],
    ['.gitignore', {}, /^unchanged/, {}],
    ['odd', {}, /\w/, {}],
    ['.', {}, /\w/, {}],
    ['.git/config', {}, /\w/, {}],
    ['nul\0.txt', {}, /\w/, {}],
  ]
  for (const [file, more, message, seen] of refused) {
    const { payload } = await ask(client, agent, file, more)
    t.match(
      payload,
      { agent_id: agent, path: file, patch: null, error: { code: 'patch_unavailable', message }, ...seen },
      JSON.stringify(file),
    )
  }
  t.notOk(fs.existsSync(path.join(dir, 'owned')) || fs.existsSync(path.join(dir, 'odd/owned')), 'no shell')
  t.notMatch(JSON.stringify(client.received), /root:|"secret"/, 'nothing from outside was told')
})

void t.test('a patch that does not fit one message', parallel(), async (t) => {
  const at = await openV1Room(t)
  const { dir, git, write } = newRepository(at)
  write('a.txt', 'a\n')
  git('add', '-A')
  git('commit', '-qm', 'start')
  // Control characters, quotes and wide letters: what takes more room as JSON than it has itself.
  write('long.txt', words(9_000, '"wide\u0001 ünï 🦀\\'))
  write('longer.txt', words(90_000, 'more than a mebibyte'))
  const agent = await wrapped(t, at, dir)
  const plain = await V1Client.subscriber(t, at.session)
  t.match((await ask(plain, agent, 'long.txt')).payload, {
    status: 'untracked',
    patch: null,
    error: { code: 'patch_unavailable', message: /^too_large/ },
  })
  const able = await V1Client.subscriber(t, at.session, {
    clientId: 'able',
    capabilities: ['agent_status', 'diff_patch_parts'],
  })
  const first = await ask(able, agent, 'long.txt')
  const parts = able.answers('diff_patch_response', String(first.request_id))
  t.ok(parts.length > 1, `${parts.length} parts`)
  t.strictSame(
    parts.map(({ payload }) => [payload['part'], payload['parts'], payload['status']]),
    parts.map((_, i) => [i + 1, parts.length, 'untracked']),
  )
  const patch = path.join(at.room.dir, 'patch')
  fs.writeFileSync(patch, parts.map(({ payload }) => String(payload['patch'])).join(''))
  t.doesNotThrow(() => git('apply', '--check', '--reverse', patch), 'joined they are the patch')
  for (const client of [plain, able])
    t.match((await ask(client, agent, 'longer.txt')).payload, {
      patch: null,
      error: { code: 'patch_unavailable', message: /^too_large/ },
    })
  t.match((await ask(able, agent, 'a.txt')).payload, { error: { message: /^unchanged/ } })
})

/** A v1 publisher of pane 2 that answers only when the test says so. */
async function publisherOf(t: Test, at: V1Room): Promise<V1Client> {
  const publisher = await V1Client.publisher(t, at.session, '2', { clientId: 'agent-1' })
  publisher.send('agent_status', statusOf('agent-1', '2', 'idle'))
  return publisher
}

/** Answers a request as the seed's example does. */
function answer(publisher: V1Client, request: V1Message, payload: object): void {
  const { agent_id: agent, path: file } = request.payload
  publisher.send(
    'diff_patch_response',
    { agent_id: agent, path: file, status: 'modified', is_binary: false, ...payload },
    { request_id: String(request.request_id) },
  )
}

void t.test('a v1 publisher is asked by v1 clients', parallel(), async (t) => {
  const at = await openV1Room(t)
  const agent = `${at.session}::2`
  const publisher = await publisherOf(t, at)
  const [one, two] = [
    await V1Client.subscriber(t, at.session, { clientId: 'one' }),
    await V1Client.subscriber(t, at.session, { clientId: 'two' }),
  ]
  await one.get('agent_status')
  await two.get('agent_status')
  // Two clients, the same words for their requests.
  for (const client of [one, two])
    client.send(
      'diff_patch_request',
      {
        agent_id: agent,
        path: `of ${client.id}.md`,
        context_lines: 5,
        include_untracked: false,
        request_id: 'req-001',
      },
      { request_id: 'req-001' },
    )
  const requests = await publisher.until(
    'both requests',
    () => publisher.received.length >= 2 && publisher.all('diff_patch_request'),
  )
  for (const { request_id: id, payload } of requests) {
    t.match(
      payload,
      { agent_id: 'agent-1', path: /^of (one|two)\.md$/, context_lines: 5 },
      'as it calls itself',
    )
    t.equal(payload['include_untracked'], false)
    t.type(id, 'string', 'it needs one to answer')
    if (payload['request_id'] !== undefined) t.equal(payload['request_id'], id)
  }
  for (const request of requests.toReversed())
    answer(publisher, request, { patch: `@@ -1 +1 @@\n-a\n+${String(request.payload['path'])}\n` })
  for (const client of [one, two]) {
    const told = await client.answer('diff_patch_response', 'req-001')
    t.match(told, {
      sender_id: agent,
      request_id: 'req-001',
      payload: {
        agent_id: agent,
        path: `of ${client.id}.md`,
        status: 'modified',
        is_binary: false,
        patch: `@@ -1 +1 @@\n-a\n+of ${client.id}.md\n`,
      },
    })
  }

  // A second answer, and one that nobody asked for.
  for (const request of requests) answer(publisher, request, { patch: 'again' })
  publisher.send(
    'diff_patch_response',
    { agent_id: 'agent-1', path: 'x', status: 'modified', is_binary: false, patch: 'unasked' },
    { request_id: 'req-001' },
  )
  for (const client of [one, two]) {
    await allUntilNow(t, at, client)
    t.equal(client.all('diff_patch_response').length, 1, `${client.id} has its own answer, once`)
  }

  one.send('diff_patch_request', { agent_id: agent, path: 'picture.png' }, { request_id: 'req-002' })
  const request = await publisher.get(
    'diff_patch_request',
    ({ payload }) => payload['path'] === 'picture.png',
  )
  const error = { code: 'patch_unavailable', message: 'binary' }
  answer(publisher, request, { status: 'untracked', is_binary: true, patch: null, error })
  t.match(await one.answer('diff_patch_response', 'req-002'), {
    payload: {
      path: 'picture.png',
      is_binary: true,
      patch: null,
      error: { code: 'patch_unavailable', message: /binary/ },
    },
  })

  // The request's id may stand in the payload alone, or nowhere.
  one.send('diff_patch_request', { agent_id: agent, path: 'c.md', request_id: 'req-003' })
  two.send('diff_patch_request', { agent_id: agent, path: 'd.md' })
  for (const file of ['c.md', 'd.md'])
    answer(publisher, await publisher.get('diff_patch_request', ({ payload }) => payload['path'] === file), {
      patch: `@@ ${file}`,
    })
  t.match((await one.answer('diff_patch_response', 'req-003')).payload, { patch: '@@ c.md' })
  await two.get('diff_patch_response', ({ payload }) => payload['patch'] === '@@ d.md')

  // One that goes.
  two.send('diff_patch_request', { agent_id: agent, path: 'e.md' }, { request_id: 'req-004' })
  await publisher.get('diff_patch_request', ({ payload }) => payload['path'] === 'e.md')
  publisher.socket.terminate()
  t.match((await two.answer('diff_patch_response', 'req-004')).payload, {
    agent_id: agent,
    path: 'e.md',
    patch: null,
    error: { code: 'publisher_gone' },
  })
  const nobody: [string, string | RegExp][] = [
    [agent, 'publisher_missing'],
    [`${at.session}::99`, 'publisher_missing'],
    ['agent-99', /^(publisher_missing|invalid_target)$/],
    ['another::1', /^(publisher_missing|invalid_target)$/],
  ]
  for (const [target, code] of nobody) {
    const { payload } = await ask(two, target, 'f.md')
    t.match(payload, { agent_id: target, path: 'f.md', patch: null, error: { code, message: /\w/ } }, target)
  }
})

void t.test('a request is a new one each time, and each is answered once', parallel(), async (t) => {
  const at = await openV1Room(t)
  const agent = `${at.session}::2`
  const publisher = await publisherOf(t, at)
  let asked = 0
  publisher.socket.on('message', () => {
    const request = publisher.received.at(-1)!
    if (asked < 5) answer(publisher, request, { patch: `answer ${++asked}` })
  })
  // Clients count their requests from one again when they start again.
  for (const life of [1, 2]) {
    const client = await V1Client.subscriber(t, at.session)
    await client.get('agent_status')
    for (const [i, file] of ['a.md', 'a.md'].entries()) {
      client.send('diff_patch_request', { agent_id: agent, path: file }, { request_id: 'req-001' })
      const answers = await client.until('an answer', () => {
        const found = client.answers('diff_patch_response', 'req-001')
        return found.length > i && found
      })
      t.equal(
        answers.at(-1)?.payload['patch'],
        `answer ${2 * life - 1 + i}`,
        'the file may be another by now',
      )
    }
    client.socket.terminate()
  }

  const client = await V1Client.subscriber(t, at.session)
  await client.get('agent_status')
  const count = 300
  for (let i = 0; i < count; i++)
    client.send('diff_patch_request', { agent_id: agent, path: `${i}.md` }, { request_id: `m${i}` })
  const answers = await client.until('an answer for each', () => {
    const found = client.all('diff_patch_response')
    return found.length >= count && found
  })
  await allUntilNow(t, at, client)
  t.strictSame(
    [
      answers.length,
      new Set(answers.map(({ request_id: id, payload }) => `${id} ${String(payload['path'])}`)),
    ],
    [count, new Set(Array.from({ length: count }, (_, i) => `m${i} ${i}.md`))],
    'one for each, and no other',
  )
  const codes = answers.map(({ payload }) => (payload['error'] as { code: string } | undefined)?.code)
  t.strictSame(new Set(codes), new Set(['timeout', 'too_many_commands', undefined]), 'not all at once')
  t.equal(codes.filter((code) => code === undefined).length, 1, 'and one that the publisher answered')
})

void t.test('a v1 publisher is asked by Pulse', parallel(), async (t) => {
  const at = await openV1Room(t)
  const agent = `${at.session}::2`
  const publisher = await publisherOf(t, at)
  const pulse = await PulseWatcher.open(t, at)
  await pulse.sees(agent, 'is there', () => true)
  const line = await LineClient.subscriber(t, at.hub)
  const command = { command: 'get_diff_patch', target_agent_id: agent }
  line.say('command', { ...command, args: { path: 'a.md', context_lines: 1 } }, 'r1')
  const request = await publisher.get('diff_patch_request')
  t.match(request.payload, { agent_id: 'agent-1', path: 'a.md', context_lines: 1 })
  answer(publisher, request, { patch: '@@ -1 +1 @@\n-a\n+b\n' })
  t.match(await line.until('command_result', 2), {
    command: 'get_diff_patch',
    status: 'ok',
    result: { path: 'a.md', status: 'modified', is_binary: false, patch: '@@ -1 +1 @@\n-a\n+b\n' },
  })

  line.say('command', { ...command, args: { path: 'b.md' } }, 'r2')
  const second = await publisher.get('diff_patch_request', ({ payload }) => payload['path'] === 'b.md')
  const error = { code: 'patch_unavailable', message: 'too_large' }
  answer(publisher, second, { patch: null, error })
  t.match(await line.until('command_result', 4), {
    status: 'error',
    error: { code: 'patch_unavailable', message: /too_large/ },
  })

  const sent = run(t, at.room, 'aoc-pulse', [
    'send',
    'get_diff_patch',
    agent,
    'path=c.md',
    '--json',
    '--session',
    at.session,
  ])
  answer(publisher, await publisher.get('diff_patch_request', ({ payload }) => payload['path'] === 'c.md'), {
    patch: '@@ c @@',
  })
  const { code, stdout } = await sent
  t.equal(code, 0)
  t.match(JSON.parse(stdout), { status: 'ok', result: { patch: '@@ c @@' } })

  // What v1 has no word for.
  for (const [i, name] of ['stop_agent', 'refresh', 'send_input', 'get_screen'].entries()) {
    line.say('command', { command: name, target_agent_id: agent, args: { text: 'x' } }, `no-${i}`)
    const results = (): Record<string, unknown>[] =>
      line.frames
        .filter(({ request_id: id, payload }) => id === `no-${i}` && payload['status'] === 'error')
        .map(({ payload }) => payload)
    await until(`a result of ${name}`, () => results().length > 0)
    t.match(results(), [{ command: name, error: { code: 'unsupported_command' } }], name)
  }
  t.equal(publisher.all('error').length, 0)
  t.equal(publisher.received.length, 3, 'and the publisher is not bothered with it')
})
