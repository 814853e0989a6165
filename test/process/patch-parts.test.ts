import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { printable } from '../../lib/pulse/text.js'
import { gitEnv } from '../project/repository.js'
import { start } from './processes.js'
import { Watched } from './watched.js'

/** A patch that is larger than a frame: a real wrapper, hub and repository, and a client of lines. */
interface Piece {
  patch: string
  part: number
  parts: number
  patch_id: string
}

const command = 'get_diff_patch'
/** Every other line is another one, with what JSON has to escape and what takes several bytes. */
const lines = (mark: string): string =>
  Array.from({ length: 20_000 }, (_, at) => `\t"line ${at}" \\ 🦊 é${at % 2 ? '' : mark}\n`).join('')

/** A repository whose `big.txt` has changed, and the agent of pane 1 in it. */
async function changed(t: Test) {
  const session = await Watched.open(t)
  const repository = path.join(session.room.dir, 'shop')
  mkdirSync(repository)
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: repository, env: gitEnv, encoding: 'utf8', maxBuffer: 4_000_000 })
  const write = (text: string | Buffer, name = 'big.txt'): void =>
    writeFileSync(path.join(repository, name), text)
  git('init', '-q')
  write(lines(''))
  git('add', '.')
  git('commit', '-qm', 'start')
  write(lines(' 2'))
  start(t, session.room, 'aoc-agent-wrap', Watched.args('1', ['sleep', '60']), { cwd: repository })
  await session.becomes('1', 'running')
  const ask = (args: object) => session.command(command, '1', { path: 'big.txt', ...args })
  return { session, git, write, ask }
}

void t.test('a large patch, in parts', async (t) => {
  const { session, git, write, ask } = await changed(t)
  const patch = git('diff', 'HEAD', '--', 'big.txt')
  t.ok(Buffer.byteLength(patch) > 700_000, `${Buffer.byteLength(patch)} bytes`)

  const refused = await ask({})
  t.match(refused, { status: 'error', error: { code: 'patch_unavailable', message: /^too_large: / } })
  t.strictSame(refused['result'], {
    agent_id: 's::1',
    path: 'big.txt',
    status: 'modified',
    is_binary: false,
    patch: null,
  })

  const first = (await ask({ part: 1 }))['result'] as Piece
  t.ok(first.parts > 3)
  write('another\n')
  let whole = first.patch
  for (let part = 2; part <= first.parts; part++) {
    const answer = await ask({ part, patch_id: first.patch_id })
    t.match(answer, { status: 'ok', result: { agent_id: 's::1', path: 'big.txt', part, parts: first.parts } })
    whole += (answer['result'] as Piece).patch
  }
  t.ok(whole === patch, 'the pieces are the patch, though the file has changed meanwhile')
  const accepted = session.watcher.payloads('command_result').filter(({ status }) => status === 'accepted')
  t.equal(session.watcher.payloads('command_result').length, 2 * accepted.length, 'a result for each')

  const fault = (code: string, message: RegExp) => ({ status: 'error', error: { code, message } })
  t.match(
    await ask({ part: first.parts + 1, patch_id: first.patch_id }),
    fault('invalid_args', /the last one is/),
  )
  t.match(await ask({ part: 2 }), fault('invalid_args', /args\.patch_id: /))
  t.match(await ask({ part: 0 }), fault('invalid_args', /args\.part: /))
  t.match(await ask({ patch_id: 'x' }), fault('invalid_args', /args\.part: /))
  t.match(await ask({ part: 2, patch_id: 'x' }), fault('patch_unavailable', /^changed: /))
  const other = (await ask({ part: 1 }))['result'] as Piece
  t.match(other, { part: 1, patch: /^diff --git a\/big\.txt b\/big\.txt\n/ })
  t.not(other.patch_id, first.patch_id, 'the first part is read anew')

  write(Buffer.from([0]), 'b')
  t.match(await ask({ path: 'b', part: 1 }), {
    ...fault('patch_unavailable', /^binary: /),
    result: { path: 'b', status: 'untracked', is_binary: true, patch: null },
  })
})

void t.test('a large patch for a person, and as JSON', async (t) => {
  const { session, git } = await changed(t)
  const send = async (...args: string[]) => {
    const all = ['send', '--session', 's', command, '1', 'path=big.txt', ...args]
    const running = start(t, session.room, 'aoc-pulse', all)
    // A chunk may end within a character.
    running.child.stdout.setEncoding('utf8')
    const code = await running.ended
    return { code, stdout: running.stdout, stderr: running.stderr }
  }
  const shown = await send()
  t.match(shown, { code: 0, stderr: '' })
  const wanted = git('diff', 'HEAD', '--', 'big.txt').split('\n').map(printable).join('\n')
  t.ok(shown.stdout === wanted, `${shown.stdout.length} characters, all of it`)

  const refused = await send('--json')
  t.equal(refused.code, 1)
  t.match(JSON.parse(refused.stdout), { error: { code: 'patch_unavailable' }, result: { patch: null } })
  const part = await send('--json', 'part=1')
  t.match(JSON.parse(part.stdout), { result: { part: 1 } })
  const { patch_id: id } = (JSON.parse(part.stdout) as { result: Piece }).result
  const second = await send('part=2', `patch_id=${id}`)
  t.equal(second.code, 0)
  t.match(second.stdout.split('\n')[1], /^[ +-] +"line \d+" \\ 🦊 é/)
  t.match(await send('part=99', `patch_id=${id}`), { code: 1, stderr: /invalid_args: / })
})
