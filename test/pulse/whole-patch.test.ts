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

void t.test('how far it is is told; who gave up is asked for no more', async (t) => {
  const parts = ['a', 'b', 'c'].map((patch, at) =>
    ok({ ...about, patch, part: at + 1, parts: 3, patch_id: 'p1' }),
  )
  const whole = teller(parts)
  const told: unknown[] = []
  await wholePatch(whole.ask, { path: 'f' }, { onPart: (...now) => void told.push(now) })
  t.strictSame(told, [
    [2, 3],
    [3, 3],
  ])
  const ending = new AbortController()
  const left = teller(parts)
  const onPart = (): void => ending.abort()
  await t.rejects(wholePatch(left.ask, { path: 'f' }, { signal: ending.signal, onPart }), /abort/)
  t.equal(left.asked.length, 2, 'the one that was on its way')
})

void t.test('an agent that gives what it was not asked for, or without end', async (t) => {
  const part = (at: number, more: object): CommandResult =>
    ok({ ...about, patch: 'x', part: at, parts: 1_000, patch_id: 'p1', ...more })
  const huge = 'x'.repeat(600_000)
  const table: [answers: CommandResult[], message: RegExp, title: string][] = [
    [[part(1, {}), part(1, {})], /^error: .*another part/, 'the same part again'],
    [[part(1, {}), part(2, { patch_id: 'p2' })], /^error: .*another part/, 'a part of another patch'],
    [[part(1, { patch: huge }), part(2, { patch: huge })], /^too_large: /, 'more than a patch has'],
  ]
  for (const [answers, message, title] of table) {
    const { ask, asked } = teller(answers)
    const result = await wholePatch(ask, { path: 'f' })
    t.match(result, { status: 'error', message, error: { code: 'patch_unavailable', message } }, title)
    t.equal(asked.length, answers.length, title)
  }
})

void t.test('a hub that is lost on the way', async (t) => {
  t.equal(await wholePatch(() => Promise.resolve(null), { path: 'f' }), null)
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
