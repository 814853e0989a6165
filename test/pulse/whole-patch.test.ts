import t from 'tap'
import { wholePatch } from '../../lib/pulse/whole-patch.js'
import type { CommandResult } from '../../lib/wire/messages.js'

const about = { agent_id: 's::1', path: 'f', status: 'modified', is_binary: false }
const ok = (result: unknown): CommandResult => ({ command: 'get_diff_patch', status: 'ok', result })

/** Somebody who gives these answers in turn, and what they were asked. */
function teller(answers: CommandResult[]) {
  const asked: Record<string, unknown>[] = []
  const ask = (args: Record<string, unknown>): Promise<CommandResult> => {
    asked.push(args)
    return Promise.resolve(answers[asked.length - 1]!)
  }
  return { ask, asked }
}

void t.test('all parts, one after the other', async (t) => {
  const pieces = ['one\n', 'two\n', 'three']
  const parts = pieces.map((patch, at) => ok({ ...about, patch, part: at + 1, parts: 3, patch_id: 'p1' }))
  const { ask, asked } = teller(parts)
  t.match(await wholePatch(ask, { path: 'f', context_lines: 1 }), {
    status: 'ok',
    result: { ...about, patch: 'one\ntwo\nthree', part: undefined, parts: undefined },
  })
  t.strictSame(asked, [
    { path: 'f', context_lines: 1, part: 1 },
    { path: 'f', context_lines: 1, part: 2, patch_id: 'p1' },
    { path: 'f', context_lines: 1, part: 3, patch_id: 'p1' },
  ])
})

void t.test('what is no part of a patch, as it came', async (t) => {
  const error = { code: 'patch_unavailable', message: 'changed: …' }
  const failed: CommandResult = { command: 'get_diff_patch', status: 'error', ...error, error, result: about }
  const first = ok({ ...about, patch: 'one\n', part: 1, parts: 2, patch_id: 'p1' })
  const old = ok({ ...about, patch: 'one\n' })
  const table: [answers: CommandResult[], is: CommandResult, title: string][] = [
    [[failed], failed, 'there is none'],
    [[first, failed], failed, 'it is another one by now'],
    [[old], old, 'a wrapper that knows of no parts'],
    [[ok(null)], ok(null), 'nothing'],
    [[ok({ ...about, patch: 'x', part: 1, parts: 1e9, patch_id: 'p1' })], ok({ parts: 1e9 }), 'nonsense'],
  ]
  for (const [answers, is, title] of table) {
    const { ask, asked } = teller(answers)
    t.match(await wholePatch(ask, { path: 'f' }), is, title)
    t.equal(asked.length, answers.length, title)
  }
})
