import t from 'tap'
import fc from 'fast-check'
import { decodeClientLine } from '../../lib/wire/decode.js'
import { fnv1a32 } from '../../lib/wire/fnv.js'
import {
  agentId,
  agentLabel,
  IdentityError,
  paneId,
  paneOf,
  portOf,
  projectRoot,
  runtimeRoot,
  sessionId,
  slug,
  socketPath,
  type Env,
  type Surroundings,
} from '../../lib/wire/identity.js'
import { idCharsMax, socketPathBytesMax } from '../../lib/wire/limits.js'
import { nameFor } from '../../lib/wire/names.js'

const around: Surroundings = {
  uid: 1000,
  cwd: '/home/me/shop',
  tmpdir: '/tmp',
  tmuxSession: 'tmux-one',
  projectKey: '/home/me/shop/.git',
  runUserIsOurs: true,
}
const shown = (value: unknown): string => JSON.stringify(value)

void t.test('FNV-1a, 32 bits: the known vectors', async (t) => {
  const table: [string, number][] = [
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['b', 0xe70c2de5],
    ['foobar', 0xbf9cf968],
    // Bytes of UTF-8, not UTF-16 units.
    ['é', 0x1e9de8c1],
  ]
  for (const [text, hash] of table) t.equal(fnv1a32(text).toString(16), hash.toString(16), shown(text))
})

void t.test('the port of a session', async (t) => {
  const table: [string, number][] = [
    ['', 42_261],
    ['a', 42_220],
    ['foobar', 43_720],
  ]
  for (const [session, port] of table) t.equal(portOf(session), port, shown(session))
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (id) => portOf(id) >= 42_000 && portOf(id) <= 43_999),
  )
})

void t.test('session: flag > ZELLIJ_SESSION_NAME > AOC_SESSION_ID > tmux > two words', async (t) => {
  const all = { ZELLIJ_SESSION_NAME: 'zellij-one', AOC_SESSION_ID: 'aoc-one' }
  const generated = nameFor(around.projectKey)
  const table: [string | undefined, Env, string | undefined, string][] = [
    ['flag-one', all, 'tmux-one', 'flag-one'],
    [undefined, all, 'tmux-one', 'zellij-one'],
    ['', all, 'tmux-one', 'zellij-one'],
    [undefined, { ...all, ZELLIJ_SESSION_NAME: '' }, 'tmux-one', 'aoc-one'],
    [undefined, { AOC_SESSION_ID: 'aoc-one' }, undefined, 'aoc-one'],
    [undefined, { AOC_SESSION_ID: '' }, 'tmux-one', 'tmux-one'],
    [undefined, {}, 'tmux-one', 'tmux-one'],
    [undefined, {}, '', generated],
    ['', {}, undefined, generated],
  ]
  for (const [session, env, tmuxSession, id] of table)
    t.equal(sessionId({ session }, env, { ...around, tmuxSession }), id, shown([session, env, tmuxSession]))
})

void t.test('the generated name is two words, always the same for a project', async (t) => {
  // Kept for good: a person finds the session again after an update.
  const table: [string, string][] = [
    ['/home/me/shop/.git', 'oyster-stirs'],
    ['a', 'dune-emerges'],
    ['', 'fern-glows'],
  ]
  for (const [projectKey, name] of table) {
    t.equal(nameFor(projectKey), name, shown(projectKey))
    t.equal(sessionId({}, {}, { ...around, tmuxSession: undefined, projectKey }), name)
  }
  fc.assert(fc.property(fc.string(), (key) => /^[a-z]+-[a-z]+$/.test(nameFor(key))))
  const names = new Set(Array.from({ length: 1_000 }, (_, i) => nameFor(`/home/me/project-${i}/.git`)))
  t.ok(names.size > 950, `a thousand projects have ${names.size} names`)
})

void t.test('pane: flag > ZELLIJ_PANE_ID > AOC_PANE_ID > TMUX_PANE > pid', async (t) => {
  const all = { ZELLIJ_PANE_ID: '7', AOC_PANE_ID: 'aoc', TMUX_PANE: '%3' }
  const table: [string | undefined, Env, string][] = [
    ['mine', all, 'mine'],
    [undefined, all, '7'],
    ['', all, '7'],
    [undefined, { ...all, ZELLIJ_PANE_ID: '' }, 'aoc'],
    [undefined, { AOC_PANE_ID: '', TMUX_PANE: '%3' }, '%3'],
    [undefined, { TMUX_PANE: '' }, 'pid-42'],
    [undefined, {}, 'pid-42'],
  ]
  for (const [flag, env, id] of table) t.equal(paneId({ paneId: flag }, env, 42), id, shown([flag, env]))
})

void t.test('an id that no frame could carry is refused', async (t) => {
  const table: [string, RegExp | null][] = [
    ['x'.repeat(127), null],
    ['x'.repeat(129), /129 characters; at most 12[78]/],
    ['a\nb', /control characters/],
    ['a\u0000b', /control characters/],
    ['a\u001b[31mb', /control characters/],
    ['a\u0085b', /control characters/],
    ['tab 1 — ünïcode 🦀', null],
  ]
  for (const [id, message] of table) {
    const asked: [string, () => string][] = [
      ['session', () => sessionId({ session: id }, {}, around)],
      ['session', () => sessionId({}, { AOC_SESSION_ID: id }, around)],
      ['session', () => sessionId({}, {}, { ...around, tmuxSession: id })],
      ['pane', () => paneId({ paneId: id }, {}, 1)],
      ['pane', () => paneId({}, { TMUX_PANE: id }, 1)],
    ]
    for (const [what, ask] of asked) {
      if (message === null) t.equal(ask(), id)
      else {
        t.throws(ask, { name: 'IdentityError', message: new RegExp(`^the ${what} id.*${message.source}`) })
      }
    }
  }
})

void t.test('the longest ids make an agent id that a hub takes', async (t) => {
  const longest = (take: (id: string) => string): string => {
    for (let id = 'x'.repeat(idCharsMax); ; id = id.slice(1)) {
      try {
        return take(id)
      } catch {
        // One character less.
      }
    }
  }
  const session = longest((id) => sessionId({ session: id }, {}, around))
  const pane = longest((id) => paneId({ paneId: id }, {}, 1))
  const agent = agentId(session, pane)
  t.ok(agent.length <= idCharsMax, `${session.length} + 2 + ${pane.length} is at most ${idCharsMax}`)
  const payload = { client_id: agent, role: 'publisher', agent_id: agent, pane_id: pane }
  const hello = JSON.stringify({ type: 'hello', session_id: session, payload })
  t.equal(decodeClientLine(Buffer.from(hello)).type, 'hello')
})

void t.test('the agent id and back', async (t) => {
  t.equal(agentId('s', 'p'), 's::p')
  const table: [string, string, string | null][] = [
    ['s', 's::p', 'p'],
    ['s', 's::p::q', 'p::q'],
    ['s::p', 's::p::q', 'q'],
    ['s', 's::', null],
    ['s', 's:p', null],
    ['s', 'other::p', null],
    ['s', 'ss::p', null],
    ['s', '', null],
  ]
  for (const [session, agent, pane] of table) t.equal(paneOf(session, agent), pane, shown([session, agent]))
  fc.assert(
    fc.property(fc.string(), fc.string({ minLength: 1 }), (session, pane) => {
      if (paneOf(session, agentId(session, pane)) !== pane) throw new Error(shown([session, pane]))
    }),
  )
})

void t.test('label: --label > AOC_AGENT_LABEL > --agent-id > AOC_AGENT_ID > the project', async (t) => {
  const all = { AOC_AGENT_LABEL: 'env label', AOC_AGENT_ID: 'env id' }
  const table: [{ label?: string; agentId?: string }, Env, string, string][] = [
    [{ label: 'flag', agentId: 'flag id' }, all, '/home/me/shop', 'flag'],
    [{ label: '', agentId: 'flag id' }, all, '/home/me/shop', 'env label'],
    [{ agentId: 'flag id' }, { AOC_AGENT_LABEL: '', AOC_AGENT_ID: 'env id' }, '/home/me/shop', 'flag id'],
    [{ agentId: '' }, { AOC_AGENT_ID: 'env id' }, '/home/me/shop', 'env id'],
    [{}, { AOC_AGENT_ID: '' }, '/home/me/shop', 'shop'],
    [{}, {}, '/home/me/shop/', 'shop'],
    [{}, {}, '/', '/'],
    [{ label: 'a\u001b[31m\u202eb\n' }, {}, '/', 'a[31mb'],
    [{ label: 'x'.repeat(100) }, {}, '/', 'x'.repeat(80)],
  ]
  for (const [flags, env, root, label] of table)
    t.equal(agentLabel(flags, env, root), label, shown([flags, env, root]))
})

void t.test('project root: flag > AOC_PROJECT_ROOT > the working directory', async (t) => {
  const table: [string | undefined, Env, string][] = [
    ['/flag', { AOC_PROJECT_ROOT: '/env' }, '/flag'],
    ['', { AOC_PROJECT_ROOT: '/env' }, '/env'],
    [undefined, { AOC_PROJECT_ROOT: '' }, '/home/me/shop'],
    [undefined, {}, '/home/me/shop'],
    ['sub/../api', {}, '/home/me/shop/api'],
    [undefined, { AOC_PROJECT_ROOT: '..' }, '/home/me'],
    ['/a/../b/', {}, '/b'],
  ]
  for (const [flag, env, root] of table)
    t.equal(projectRoot({ projectRoot: flag }, env, '/home/me/shop'), root, shown([flag, env]))
})

void t.test('slug: readable, and its own by the hash', async (t) => {
  const table: [string, string][] = [
    ['foobar', 'foobar-bf9cf968'],
    ['a', 'a-e40c292c'],
    ['', 'session-811c9dc5'],
    ['A.b_c-9', `A.b_c-9-`],
    ['a b/c', 'a-b-c-'],
    ['a  -/ b', 'a-b-'],
    ['--a--b--', 'a-b-'],
    ['///', 'session-'],
    ['héllo wörld', 'h-llo-w-rld-'],
    ['🦀', 'session-'],
    ['a🦀b', 'a-b-'],
    ['../../etc', '..-..-etc-'],
    ['x'.repeat(48), `${'x'.repeat(48)}-`],
    ['x'.repeat(100), `${'x'.repeat(48)}-`],
  ]
  for (const [session, expected] of table) {
    const found = slug(session)
    const hash = fnv1a32(session).toString(16).padStart(8, '0')
    t.equal(found, expected.endsWith('-') ? expected + hash : expected, shown(session))
  }
  t.equal(slug('s0'), 's0-0751b736', 'a hash that starts with a zero')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (session) => {
      const found = slug(session)
      if (!/^[A-Za-z0-9\-_.]{1,48}-[0-9a-f]{8}$/.test(found)) throw new Error(shown([session, found]))
    }),
  )
  t.not(slug('a b'), slug('a-b'), 'what reads the same is still two')
})

void t.test('runtime folder: XDG_RUNTIME_DIR > /run/user > tmpdir', async (t) => {
  const table: [Env, boolean, string][] = [
    [{ XDG_RUNTIME_DIR: '/xdg' }, true, '/xdg/aoc'],
    [{ XDG_RUNTIME_DIR: '' }, true, '/run/user/1000/aoc'],
    [{ XDG_RUNTIME_DIR: 'relative' }, true, '/run/user/1000/aoc'],
    [{}, true, '/run/user/1000/aoc'],
    [{}, false, '/tmp/aoc-1000'],
    [{ XDG_RUNTIME_DIR: '' }, false, '/tmp/aoc-1000'],
  ]
  for (const [env, runUserIsOurs, root] of table)
    t.equal(runtimeRoot(env, { ...around, runUserIsOurs }), root, shown([env, runUserIsOurs]))
})

void t.test('socket: flag > AOC_PULSE_SOCK > the runtime folder', async (t) => {
  const xdg = { XDG_RUNTIME_DIR: '/xdg' }
  const table: [string | undefined, Env, boolean, string][] = [
    ['/flag.sock', { ...xdg, AOC_PULSE_SOCK: '/env.sock' }, true, '/flag.sock'],
    ['', { ...xdg, AOC_PULSE_SOCK: '/env.sock' }, true, '/env.sock'],
    [undefined, { ...xdg, AOC_PULSE_SOCK: '' }, true, '/xdg/aoc/foobar-bf9cf968/pulse.sock'],
    [undefined, {}, true, '/run/user/1000/aoc/foobar-bf9cf968/pulse.sock'],
    [undefined, {}, false, '/tmp/aoc-1000/foobar-bf9cf968/pulse.sock'],
    ['rel/p.sock', {}, true, '/home/me/shop/rel/p.sock'],
    [undefined, { AOC_PULSE_SOCK: '../p.sock' }, true, '/home/me/p.sock'],
  ]
  for (const [flag, env, runUserIsOurs, file] of table)
    t.equal(
      socketPath({ pulseSocketPath: flag }, env, { ...around, runUserIsOurs }, 'foobar'),
      file,
      shown([flag, env, runUserIsOurs]),
    )
})

void t.test('a socket path that the kernel would cut is refused, in bytes', async (t) => {
  const table: [string, boolean][] = [
    [`/${'x'.repeat(socketPathBytesMax - 1)}`, true],
    [`/${'x'.repeat(socketPathBytesMax)}`, false],
    [`/${'é'.repeat(51)}`, true],
    [`/${'é'.repeat(52)}`, false],
  ]
  for (const [pulseSocketPath, fits] of table) {
    const ask = (): string => socketPath({ pulseSocketPath }, {}, around, 's')
    const name = `${Buffer.byteLength(pulseSocketPath)} bytes`
    if (fits) t.equal(ask(), pulseSocketPath, name)
    else t.throws(ask, IdentityError, name)
    if (!fits) t.throws(ask, { message: /has 10[45] bytes; a Unix socket takes 103.*AOC_PULSE_SOCK/ }, name)
  }
  t.equal(
    Buffer.byteLength(socketPath({}, {}, { ...around, runUserIsOurs: true }, 'x'.repeat(128))) <=
      socketPathBytesMax,
    true,
    'the longest session fits below /run/user',
  )
})
