import t from 'tap'
import type { PatchResult } from '../../lib/project/patch.js'
import { CommandError } from '../../lib/wire/errors.js'
import { lineBytesMax, stateBytesMax } from '../../lib/wire/limits.js'
import { keptPatchesMax, keptPatchMs, PatchAnswers } from '../../lib/wrapper/patch-answers.js'
import { partResultBytesMax } from '../../lib/wrapper/patch-parts.js'

interface Piece {
  path: string
  patch: string
  part: number
  parts: number
  patch_id: string
}

const modified = (path: string, patch: string, oldPath?: string): PatchResult => ({
  ok: true,
  path,
  status: oldPath === undefined ? 'modified' : 'renamed',
  is_binary: false,
  patch,
  ...(oldPath !== undefined && { old_path: oldPath }),
})
const large = (mark: string): string => `+${mark}\t"line" of a text\n`.repeat(30_000)

/** Answers about files that a test sets, by a clock that it sets, too. */
class Desk {
  readonly files = new Map<string, PatchResult>()
  /** What was read, with its lines of context. */
  readonly reads: string[] = []
  readonly #timers = new Map<object, { atMs: number; act: () => void }>()
  #nowMs = 0
  readonly answers = new PatchAnswers({
    agentId: 's::1',
    projectRoot: '/repo',
    env: {},
    clock: {
      now: () => this.#nowMs,
      after: (ms, act) => {
        const timer = { atMs: this.#nowMs + ms, act }
        this.#timers.set(timer, timer)
        return () => void this.#timers.delete(timer)
      },
    },
    read: ({ path, contextLines }) => {
      this.reads.push(`${path} ${contextLines ?? '-'}`)
      return Promise.resolve(this.files.get(path)!)
    },
  })

  wait(ms: number): void {
    this.#nowMs += ms
    for (const [key, { atMs, act }] of this.#timers)
      if (atMs <= this.#nowMs) {
        this.#timers.delete(key)
        act()
      }
  }

  async part(path: string, part: number, id?: string): Promise<Piece> {
    const { result } = await this.answers.answer({ path, part, ...(id !== undefined && { patch_id: id }) })
    return result as Piece
  }

  async refusal(path: string, part?: number, id?: string): Promise<CommandError> {
    const asked = { path, ...(part && { part }), ...(id !== undefined && { patch_id: id }) }
    const error: unknown = await this.answers.answer(asked).then(
      () => null,
      (reason: unknown) => reason,
    )
    if (error instanceof CommandError) return error
    throw new Error('it was answered')
  }
}

void t.test('a whole patch, when it fits a frame', async (t) => {
  const desk = new Desk()
  desk.files.set('f', modified('f', '-1\n+2\n', 'old'))
  const patch = { agent_id: 's::1', path: 'f', status: 'renamed', is_binary: false, patch: '-1\n+2\n' }
  t.strictSame(await desk.answers.answer({ path: 'f', context_lines: 7 }), {
    message: 'renamed: f',
    result: { ...patch, old_path: 'old' },
  })
  t.strictSame(desk.reads, ['f 7'])
  t.match(
    await desk.part('f', 1),
    { ...patch, old_path: 'old', part: 1, parts: 1, patch_id: /^[0-9a-f]{16}$/ },
    'a small one is one part',
  )

  desk.files.set('big', modified('big', 'x'.repeat(stateBytesMax)))
  const known = { agent_id: 's::1', path: 'big', status: 'modified', is_binary: false, patch: null }
  t.match(await desk.refusal('big'), {
    code: 'patch_unavailable',
    message:
      /^too_large: The patch takes 2540\d\d bytes; 253952 fit a frame\. Ask for its parts, from part 1 on\./,
    result: known,
  })
})

void t.test('no patch: what is known of the file', async (t) => {
  const desk = new Desk()
  const none = { ok: false, path: 'f' } as const
  const table: [PatchResult, object][] = [
    [
      { ...none, status: 'untracked', is_binary: true, message: 'binary: …' },
      { status: 'untracked', is_binary: true },
    ],
    [{ ...none, is_binary: false, message: 'outside: …' }, { is_binary: false }],
  ]
  for (const [file, known] of table) {
    desk.files.set('f', file)
    for (const part of [undefined, 1]) {
      const { code, message, result } = await desk.refusal('f', part)
      t.strictSame([code, message], ['patch_unavailable', (file as { message: string }).message])
      t.strictSame(result, { agent_id: 's::1', path: 'f', ...known, patch: null })
    }
  }
})

void t.test('parts: all of one patch, read once', async (t) => {
  const desk = new Desk()
  const patch = large('a')
  desk.files.set('f', modified('f', patch))
  const first = await desk.part('f', 1)
  desk.files.set('f', modified('f', large('b')))
  t.ok(first.parts > 2)
  let whole = first.patch
  for (let part = 2; part <= first.parts; part++) {
    desk.wait(keptPatchMs - 1)
    const piece = await desk.part('f', part, first.patch_id)
    t.match(piece, { part, parts: first.parts, patch_id: first.patch_id, path: 'f', status: 'modified' })
    whole += piece.patch
  }
  t.ok(whole === patch)
  t.strictSame(desk.reads, ['f -'])
  t.match(await desk.part('f', 1, first.patch_id), { patch: first.patch }, 'the first one again')
  t.match(await desk.refusal('f', first.parts + 1, first.patch_id), {
    code: 'invalid_args',
    message: `get_diff_patch: args.part: ${first.parts + 1}; the last one is ${first.parts}`,
  })
  t.strictSame(desk.reads, ['f -'])
  t.not((await desk.part('f', 1)).patch_id, first.patch_id, 'without an id it is read anew')
})

void t.test('parts of a patch that is kept no more', async (t) => {
  const desk = new Desk()
  desk.files.set('f', modified('f', large('a')))
  const { patch_id: id, parts } = await desk.part('f', 1)
  desk.wait(keptPatchMs)
  t.match(await desk.part('f', 2, id), { part: 2, parts, patch_id: id }, 'it is read again, and is the same')
  t.strictSame(desk.reads, ['f -', 'f -'])

  for (const patch of [large('b'), '+1\n']) {
    desk.wait(keptPatchMs)
    desk.files.set('f', modified('f', patch))
    t.match(await desk.refusal('f', 2, id), {
      code: 'patch_unavailable',
      message: 'changed: The file has another patch by now; ask again from part 1.',
      result: { path: 'f', status: 'modified', patch: null },
    })
  }
  desk.files.set('f', { ok: false, path: 'f', is_binary: false, message: 'vanished: …' })
  t.match(await desk.refusal('f', 2, id), { code: 'patch_unavailable', message: 'vanished: …' })
})

void t.test('so many are kept, and each answers only what it was read for', async (t) => {
  const desk = new Desk()
  const paths = ['a', 'b', 'c']
  for (const path of paths) desk.files.set(path, modified(path, large('same')))
  const ids: string[] = []
  for (const path of paths) ids.push((await desk.part(path, 1)).patch_id)
  t.equal(new Set(ids).size, 3, 'the same text in another file is another patch')
  t.equal(keptPatchesMax, 2)
  for (const path of ['c', 'b']) await desk.part(path, 2, ids[paths.indexOf(path)])
  t.equal(desk.reads.length, 3, 'two are at hand')
  await desk.part('a', 2, ids[0])
  t.equal(desk.reads.length, 4, 'the third is read again')
  await desk.part('b', 2, ids[1])
  t.equal(desk.reads.length, 4, 'in the place of the one that was asked for before the others')

  t.match(await desk.refusal('a', 2, ids[1]), { message: /^changed: / }, "another file's id")
  await desk.answers.answer({ path: 'b', part: 2, patch_id: ids[1]!, context_lines: 9 })
  t.equal(desk.reads.at(-1), 'b 9', 'other lines of context are asked of git')
})

void t.test('a part fits a frame, whatever its names are', async (t) => {
  const path = '\u0001'.repeat(4_096)
  for (const text of ['+\u0001\u0002\ufffd', large('a'), '+🦊\\"']) {
    const desk = new Desk()
    const patch = text.repeat(Math.ceil(900_000 / Buffer.byteLength(text)))
    desk.files.set(path, modified(path, patch, '"'.repeat(4_096)))
    let whole = ''
    let id: string | undefined
    for (let part = 1, parts = 1; part <= parts; part++) {
      const answer = await desk.answers.answer({ path, part, ...(id && { patch_id: id }) })
      const piece = answer.result as Piece
      const bytes = Buffer.byteLength(JSON.stringify(piece))
      t.ok(bytes <= partResultBytesMax, `${bytes} bytes`)
      t.ok(Buffer.byteLength(JSON.stringify(answer)) < lineBytesMax - 20_000)
      whole += piece.patch
      ;({ parts, patch_id: id } = piece)
    }
    t.ok(whole === patch)
  }
})
