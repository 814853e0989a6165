import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import readline from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import {
  claimSocket,
  makeSafeDir,
  probe,
  SocketFileError,
  type ClaimedSocket,
} from '../../lib/hub/socket-file.js'
import { seqBlock, socketPathBytesMax } from '../../lib/wire/limits.js'

const dist = process.env['AOC_TEST_DIST'] ?? fileURLToPath(new URL('../../dist', import.meta.url))
const isRoot = process.getuid?.() === 0

function tempDir(t: Test): string {
  const dir = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'aoc-sock-')))
  t.teardown(() => fs.rmSync(dir, { recursive: true, force: true }))
  return dir
}

interface Claim extends ClaimedSocket {
  server: net.Server
  /** What a kill leaves: nobody listens, all files stay. */
  die(): Promise<void>
}

/** A server that tells whoever connects its name. */
function serverOf(t: Test, name: string): net.Server {
  const server = net.createServer((socket) => socket.on('error', () => {}).end(name))
  t.teardown(() => void server.close())
  return server
}

async function claim(t: Test, file: string, name = 'one'): Promise<Claim> {
  const server = serverOf(t, name)
  const claimed = await claimSocket(server, file, { sessionId: 's', epoch: name })
  const die = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()))
  return Object.assign(claimed, { server, die })
}

/** What a server on the socket says, or the code of the error. */
function ask(file: string): Promise<string> {
  return new Promise((resolve) => {
    let said = ''
    const socket = net.connect(file)
    socket.on('data', (chunk) => (said += chunk.toString()))
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    socket.on('close', () => resolve(said))
  })
}

const modeOf = (file: string): string => (fs.lstatSync(file).mode & 0o777).toString(8)
const livesIn = (dir: string): string[] => fs.readdirSync(dir).filter((name) => name.includes('.life-'))

/** A program in another process: claims the socket at each line `go`, and says what came of it. */
const claimant = `
  import net from 'node:net'
  import readline from 'node:readline'
  const [lib, file] = process.argv.slice(1)
  const { claimSocket } = await import(lib)
  const say = (value) => console.log(JSON.stringify(value))
  say('ready')
  for await (const _ of readline.createInterface({ input: process.stdin })) {
    const server = net.createServer((socket) => socket.on('error', () => {}).end(String(process.pid)))
    try {
      const { seqStart } = await claimSocket(server, file, { sessionId: 's', epoch: String(process.pid) })
      say({ won: true, seqStart })
    } catch (error) {
      server.close()
      say({ won: false, code: error.code, pid: error.pid, message: error.message })
    }
  }`

interface Outcome {
  won: boolean
  seqStart?: number
  code?: string
  pid?: number
  message?: string
}

interface Claimant {
  child: ChildProcess
  pid: number
  go(): Promise<Outcome>
  kill(): Promise<void>
}

async function startClaimant(t: Test, file: string): Promise<Claimant> {
  const lib = pathToFileURL(path.join(dist, 'lib/hub/socket-file.js')).href
  const child = spawn(process.execPath, ['--input-type=module', '-e', claimant, '--', lib, file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  t.teardown(kill)
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<unknown> => {
    const { value, done } = await lines.next()
    if (done) throw new Error('the claimant has ended')
    return JSON.parse(value)
  }
  await next()
  const go = (): Promise<Outcome> => {
    child.stdin.write('go\n')
    return next() as Promise<Outcome>
  }
  return { child, pid: child.pid!, go, kill }
}

void t.test('mode 0600 from birth, whatever the umask', async (t) => {
  for (const umask of [0o000, 0o022, 0o077]) {
    const dir = tempDir(t)
    const file = path.join(dir, 'deep/er/pulse.sock')
    const server = serverOf(t, 'one')
    const born: string[] = []
    const listen = server.listen.bind(server) as (file: string, done: () => void) => net.Server
    server.listen = ((at: string, done: () => void) => {
      listen(at, done)
      born.push(modeOf(at))
      return server
    }) as typeof server.listen
    const before = process.umask(umask)
    const claimed = await claimSocket(server, file, { sessionId: 's', epoch: 'e' })
    const after = process.umask(before)
    const name = `umask ${umask.toString(8)}`
    t.strictSame(born, ['600'], `${name}: bound`)
    t.equal(after, umask, `${name}: as it was before`)
    t.equal(modeOf(file), '600', `${name}: listening`)
    t.equal(modeOf(path.dirname(file)), '700', `${name}: its folder`)
    for (const life of livesIn(path.dirname(file)))
      t.equal(modeOf(path.join(path.dirname(file), life)), '600', `${name}: ${life}`)
    t.equal(await ask(file), 'one', name)
    await claimed.close()
  }
})

void t.test('nobody ever sees it open to others', async (t) => {
  const dir = tempDir(t)
  const file = path.join(dir, 'pulse.sock')
  const watcher = `
    import fs from 'node:fs'
    const [dir] = process.argv.slice(1)
    const seen = {}
    let isOver = false
    process.stdin.on('data', () => (isOver = true))
    console.log('ready')
    const look = () => {
      for (const until = Date.now() + 20; Date.now() < until; )
        for (const name of fs.readdirSync(dir))
          try {
            const { mode } = fs.lstatSync(dir + '/' + name)
            const word = ((mode & 0o170000) === 0o140000 ? 'socket ' : 'file ') + (mode & 0o777).toString(8)
            seen[word] = (seen[word] ?? 0) + 1
          } catch {}
      if (isOver) console.log(JSON.stringify(seen)), process.exit()
      setImmediate(look)
    }
    look()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', watcher, '--', dir], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.teardown(() => void child.kill('SIGKILL'))
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  t.equal((await lines.next()).value, 'ready')
  const umask = process.umask(0)
  for (let i = 0; i < 200; i++) {
    const claimed = await claim(t, file)
    await (i % 2 === 0 ? claimed.close() : claimed.die())
  }
  process.umask(umask)
  child.stdin.write('over\n')
  const seen = JSON.parse((await lines.next()).value as string) as Record<string, number>
  t.ok((seen['socket 600'] ?? 0) > 0, `seen ${JSON.stringify(seen)}`)
  t.strictSame(
    Object.keys(seen).filter((word) => !word.endsWith(' 600')),
    [],
  )
})

void t.test('a folder that others can enter or replace is refused', async (t) => {
  const table: [string, (dir: string) => void, RegExp][] = [
    ['group may read', (dir) => fs.chmodSync(dir, 0o740), /open to others \(mode 740; chmod 700/],
    ['group may enter', (dir) => fs.chmodSync(dir, 0o710), /open to others \(mode 710/],
    ['others may enter', (dir) => fs.chmodSync(dir, 0o701), /open to others \(mode 701/],
    ['all may write', (dir) => fs.chmodSync(dir, 0o1777), /open to others \(mode 777/],
    [
      'a link to a good one',
      (dir) => {
        fs.renameSync(dir, `${dir}-real`)
        fs.symlinkSync(`${dir}-real`, dir)
      },
      /is a link or no folder/,
    ],
    [
      'a link to nowhere',
      (dir) => {
        fs.rmdirSync(dir)
        fs.symlinkSync(`${dir}-real`, dir)
      },
      /is a link or no folder/,
    ],
    [
      'a file',
      (dir) => {
        fs.rmdirSync(dir)
        fs.writeFileSync(dir, '')
      },
      /is a link or no folder/,
    ],
    ['the one above is open', (dir) => fs.chmodSync(path.dirname(dir), 0o777), /where others may move it/],
    ["the one above is the group's", (dir) => fs.chmodSync(path.dirname(dir), 0o770), /others may move it/],
    ...(isRoot
      ? ([
          ["another's", (dir) => fs.chownSync(dir, 12_345, 12_345), /belongs to uid 12345/],
          [
            "below another's",
            (dir) => fs.chownSync(path.dirname(dir), 12_345, 12_345),
            /lies in .*, which belongs to uid 12345/,
          ],
        ] as [string, (dir: string) => void, RegExp][])
      : []),
  ]
  for (const [name, spoil, message] of table) {
    const above = path.join(tempDir(t), 'above')
    const dir = path.join(above, 'aoc')
    fs.mkdirSync(dir, { recursive: true, mode: 0o700 })
    spoil(dir)
    await t.rejects(claim(t, path.join(dir, 'pulse.sock')), { code: 'unsafe_folder', message }, name)
    t.throws(() => makeSafeDir(dir), SocketFileError, name)
    const left = fs.existsSync(dir) && fs.statSync(dir).isDirectory() ? fs.readdirSync(dir) : []
    t.strictSame(left, [], `${name}: and nothing is left there`)
  }
  const sticky = path.join(tempDir(t), 'sticky')
  fs.mkdirSync(sticky)
  fs.chmodSync(sticky, 0o1777)
  await (await claim(t, path.join(sticky, 'aoc/pulse.sock'))).close()
  t.equal(modeOf(path.join(sticky, 'aoc')), '700', 'below a sticky folder, as /tmp is one, it is safe')
})

void t.test('a path that the kernel would cut is refused', async (t) => {
  const dir = tempDir(t)
  const fit = path.join(dir, 'x'.repeat(socketPathBytesMax - dir.length - 1))
  await t.rejects(claim(t, `${fit}x`), { code: 'path_too_long', message: /more than 103 bytes/ })
  await t.rejects(claim(t, path.join(dir, 'é'.repeat(52))), { code: 'path_too_long' })
  t.strictSame(fs.readdirSync(dir), [])
  const claimed = await claim(t, fit)
  t.equal(fit.length, 103)
  t.equal(await ask(fit), 'one')
  await claimed.close()
})

void t.test('what is there and no socket stays', async (t) => {
  const table: [string, (file: string) => void][] = [
    ['a file', (file) => fs.writeFileSync(file, 'precious')],
    ['an empty file', (file) => fs.writeFileSync(file, '')],
    ['a folder', (file) => fs.mkdirSync(file)],
    [
      'a link to a file',
      (file) => {
        fs.writeFileSync(`${file}-real`, 'precious')
        fs.symlinkSync(`${file}-real`, file)
      },
    ],
  ]
  for (const [name, make] of table) {
    const file = path.join(tempDir(t), 'pulse.sock')
    make(file)
    const { ino } = fs.lstatSync(file)
    await t.rejects(claim(t, file), { code: 'not_a_socket', message: /is no socket; move it away/ }, name)
    t.equal(fs.lstatSync(file).ino, ino, `${name}: untouched`)
    t.strictSame(livesIn(path.dirname(file)), [], `${name}: and no life begun`)
  }
})

void t.test('what answers at a path', async (t) => {
  const dir = tempDir(t)
  const [live, dead, plain] = ['live', 'dead', 'plain'].map((name) => path.join(dir, name)) as [
    string,
    string,
    string,
  ]
  await claim(t, live)
  await (await claim(t, dead)).die()
  fs.writeFileSync(plain, '')
  const table: [string, string][] = [
    [live, 'live'],
    [dead, 'dead'],
    [plain, 'other'],
    [dir, 'other'],
    [path.join(dir, 'none'), 'absent'],
    [path.join(dir, 'none/none'), 'absent'],
  ]
  for (const [file, state] of table) t.equal(await probe(file), state, path.relative(dir, file))
})

void t.test('a live hub is left alone and named', async (t) => {
  const file = path.join(tempDir(t), 'pulse.sock')
  const hub = await startClaimant(t, file)
  t.match(await hub.go(), { won: true, seqStart: 0 })
  const { ino } = fs.lstatSync(file)
  for (let i = 0; i < 3; i++)
    await t.rejects(claim(t, file, 'two'), {
      name: 'SocketFileError',
      code: 'hub_is_running',
      pid: hub.pid,
      message: `a hub (pid ${hub.pid}) listens on ${file} already`,
    })
  t.equal(await ask(file), String(hub.pid))
  t.equal(fs.lstatSync(file).ino, ino)
  t.equal(livesIn(path.dirname(file)).length, 1)
})

void t.test("a killed hub's socket is replaced", async (t) => {
  const file = path.join(tempDir(t), 'pulse.sock')
  let seqStart = -1
  for (let i = 0; i < 3; i++) {
    const hub = await startClaimant(t, file)
    const outcome = await hub.go()
    t.match(outcome, { won: true })
    t.ok(outcome.seqStart! > seqStart, `seqs go on from ${outcome.seqStart}`)
    seqStart = outcome.seqStart!
    await hub.kill()
    t.equal(await ask(file), 'ECONNREFUSED')
  }
  const claimed = await claim(t, file, 'heir')
  t.equal(await ask(file), 'heir')
  t.ok(claimed.seqStart > seqStart)
  await claimed.close()
  t.equal(await ask(file), 'ENOENT')
})

void t.test('of ten who claim a dead socket at once, one gets it', async (t) => {
  const file = path.join(tempDir(t), 'pulse.sock')
  let crowd = await Promise.all(Array.from({ length: 10 }, () => startClaimant(t, file)))
  let seqStart = -1
  for (let round = 1; round <= 8; round++) {
    const outcomes = await Promise.all(crowd.map((one) => one.go()))
    const winners = crowd.filter((_, i) => outcomes[i]!.won)
    t.equal(winners.length, 1, `round ${round}: ${winners.map(({ pid }) => pid).join(', ')}`)
    const [winner] = winners
    if (winner === undefined) return
    const lost = outcomes.filter(({ won }) => !won)
    t.strictSame(
      [...new Set(lost.map(({ code, pid }) => `${code} ${pid}`))],
      [`hub_is_running ${winner.pid}`],
      'the others are told which',
    )
    t.equal(await ask(file), String(winner.pid), 'it answers')
    const { seqStart: next = -1 } = outcomes.find(({ won }) => won)!
    t.ok(next > seqStart, `its seqs go on from ${next}`)
    seqStart = next
    t.equal(livesIn(path.dirname(file)).length, 1)
    await winner.kill()
    crowd = crowd.filter((one) => one !== winner)
    crowd.push(await startClaimant(t, file))
  }
})

/** Another hub comes while a claim is on its way: it has listened on `side`, and takes the path. */
function overtake(file: string, side: string, number: number): void {
  const life = { session_id: 's', epoch: 'other', pid: process.ppid, seq: 10 * seqBlock }
  fs.writeFileSync(`${file}.life-${number}`, JSON.stringify(life))
  for (const name of livesIn(path.dirname(file)))
    if (/-\d+$/.test(name) && !name.endsWith(`-${number}`)) fs.rmSync(path.join(path.dirname(file), name))
  fs.renameSync(side, file)
}

void t.test('who is held up while others come and go does not win as well', async (t) => {
  const moments: [string, (server: net.Server, come: (number: number) => void) => void][] = [
    [
      'while it looks who was last',
      (_, come) => {
        const { readFileSync } = fs
        const restore = (): unknown => (fs.readFileSync = readFileSync)
        t.teardown(restore)
        fs.readFileSync = ((...args: Parameters<typeof readFileSync>) => {
          const text = readFileSync(...args)
          if (!String(args[0]).endsWith('.life-1')) return text
          restore()
          come(2)
          return text
        }) as typeof readFileSync
      },
    ],
    [
      'before it has a number: two lives later its number is free again',
      (_, come) => {
        const { linkSync } = fs
        fs.linkSync = (from, to) => {
          fs.linkSync = linkSync
          come(3)
          linkSync(from, to)
        }
        t.teardown(() => (fs.linkSync = linkSync))
      },
    ],
    [
      'before it listens: a later one has given it up',
      (server, come) => {
        const listen = server.listen.bind(server) as (file: string, done: () => void) => net.Server
        server.listen = ((at: string, done: () => void) => {
          come(3)
          return listen(at, done)
        }) as typeof server.listen
      },
    ],
  ]
  for (const [name, prepare] of moments) {
    const dir = tempDir(t)
    const file = path.join(dir, 'pulse.sock')
    await (await claim(t, file)).die()
    const other = serverOf(t, 'other')
    const side = path.join(dir, 'side.sock')
    other.listen(side)
    await once(other, 'listening')
    const server = serverOf(t, 'late')
    prepare(server, (number) => overtake(file, side, number))
    await t.rejects(
      claimSocket(server, file, { sessionId: 's', epoch: 'late' }),
      { code: 'hub_is_running', pid: process.ppid },
      name,
    )
    t.equal(await ask(file), 'other', name)
    t.equal(server.listening, false, `${name}: and it does not listen elsewhere`)
  }
})

void t.test('who finds a hub about to listen waits for it', async (t) => {
  const file = path.join(tempDir(t), 'pulse.sock')
  fs.writeFileSync(
    `${file}.life-4`,
    JSON.stringify({ session_id: 's', epoch: 'e', pid: process.ppid, seq: 700 }),
  )
  const claiming = claim(t, file, 'second').catch((error: unknown) => error as SocketFileError)
  const winner = serverOf(t, 'first')
  await new Promise((resolve) => setTimeout(resolve, 100))
  t.notOk(fs.existsSync(`${file}.life-5`), 'no number is taken meanwhile')
  winner.listen(file)
  t.match(await claiming, { code: 'hub_is_running', pid: process.ppid })
  t.equal(await ask(file), 'first')

  const given = path.join(tempDir(t), 'pulse.sock')
  const life = `${given}.life-4`
  fs.writeFileSync(life, JSON.stringify({ session_id: 's', epoch: 'e', pid: process.ppid, seq: 700 }))
  const longAgo = Date.now() / 1_000 - 4.8
  fs.utimesSync(life, longAgo, longAgo)
  const claimed = await claim(t, given, 'heir')
  t.ok([700, 701].includes(claimed.seqStart), 'one that never listens is given up')
  t.equal(await ask(given), 'heir')
})

void t.test('seqs never go back, and no life begins where one ended', async (t) => {
  const file = path.join(tempDir(t), 'pulse.sock')
  // What each life reserves beyond its first block, if it does, and how it ends.
  const lives: [string, number | null, 'close' | 'die'][] = [
    ['killed at once', null, 'die'],
    ['killed after it reserved more', 5 * seqBlock, 'die'],
    ['a clean end says how far it came', 6 * seqBlock + 17, 'close'],
    ['a clean end after nothing', null, 'close'],
    ['killed', null, 'die'],
  ]
  let last = -1
  for (const [name, reserve, end] of lives) {
    const claimed = await claim(t, file)
    // Not the same either: a client at that seq would be told that it missed nothing, of agents long gone.
    t.ok(claimed.seqStart > last, `${name}: begins at ${claimed.seqStart}, above ${last}`)
    t.ok(claimed.seqStart <= last + 1, `${name}: and wastes none`)
    t.equal(claimed.seqReserved, claimed.seqStart + seqBlock, name)
    if (reserve !== null) claimed.reserve(reserve)
    last = reserve ?? claimed.seqReserved
    await claimed[end]()
  }
})

void t.test('a life that cannot be read counts as all that could have been', async (t) => {
  const table: [string, string | Buffer][] = [
    ['empty', ''],
    ['cut off', '{"session_id":"s","epoch":"e","pid":12,"se'],
    ['null', 'null'],
    ['a word', '"seq"'],
    ['no seq', '{"pid":1}'],
    ['no pid', '{"seq":1}'],
    ['a seq below 0', '{"seq":-1,"pid":1}'],
    ['a seq that is no number', '{"seq":"12","pid":1}'],
    ['half a seq', '{"seq":1.5,"pid":1}'],
    ['zeros, as a power cut leaves', Buffer.alloc(100)],
  ]
  for (const [name, text] of table) {
    const file = path.join(tempDir(t), 'pulse.sock')
    const first = await claim(t, file)
    first.reserve(1_000_000)
    await first.die()
    fs.writeFileSync(path.join(path.dirname(file), livesIn(path.dirname(file))[0]!), text)
    const second = await claim(t, file)
    t.ok(second.seqStart > 1_000_000 + seqBlock, `${name}: ${second.seqStart}`)
    t.ok(Number.isSafeInteger(second.seqReserved + 2 ** 40), name)
    await second.die()
    const third = await claim(t, file)
    t.ok(third.seqStart > second.seqReserved, `${name}: and on from there`)
  }
})

void t.test('an old hub does not take the socket of a new one along', async (t) => {
  const file = path.join(tempDir(t), 'pulse.sock')
  const old = await claim(t, file, 'old')
  t.equal(old.isOurs(), true)
  fs.rmSync(file)
  t.equal(old.isOurs(), false)
  const young = await claim(t, file, 'young')
  t.strictSame([old.isOurs(), young.isOurs()], [false, true])
  await old.close()
  t.equal(await ask(file), 'young')
  await young.close()
  t.equal(fs.existsSync(file), false)
})

void t.test('files do not pile up', async (t) => {
  const dir = tempDir(t)
  const file = path.join(dir, 'pulse.sock')
  for (let i = 0; i < 30; i++) {
    const claimed = await claim(t, file)
    claimed.reserve(claimed.seqStart + 1)
    await (i % 3 === 0 ? claimed.close() : claimed.die())
  }
  t.strictSame(fs.readdirSync(dir).toSorted(), ['pulse.sock', 'pulse.sock.life-30'])
  // What hubs leave that are killed between two steps.
  for (const name of ['pulse.sock.life-30.4711', 'pulse.sock.life-29.4712', 'pulse.sock.life-28'])
    fs.writeFileSync(path.join(dir, name), '{}')
  const claimed = await claim(t, file)
  t.strictSame(fs.readdirSync(dir).toSorted(), ['pulse.sock', 'pulse.sock.life-31'])
  await claimed.close()
  t.strictSame(fs.readdirSync(dir), ['pulse.sock.life-31'], 'the last life stays: it knows the seqs')
})

void t.test('two sessions in one folder', async (t) => {
  const dir = tempDir(t)
  const a = await claim(t, path.join(dir, 'a.sock'), 'a')
  a.reserve(99)
  const b = await claim(t, path.join(dir, 'a.sock.b'), 'b')
  t.strictSame([await ask(path.join(dir, 'a.sock')), await ask(path.join(dir, 'a.sock.b'))], ['a', 'b'])
  t.equal(b.seqStart, 0)
  await a.close()
  t.equal(await ask(path.join(dir, 'a.sock.b')), 'b')
})

void t.test('a folder that cannot be made is said so, also where Node would try for ever', async (t) => {
  const where = fs.existsSync('/proc/self') ? '/proc/none/of/this' : path.join(tempDir(t), 'file', 'under')
  if (!where.startsWith('/proc')) fs.writeFileSync(path.dirname(where), '')
  t.throws(() => makeSafeDir(where), /ENOENT|ENOTDIR|EACCES/)
})
