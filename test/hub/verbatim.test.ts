import t from 'tap'
import fc from 'fast-check'
import { decodeClientLine } from '../../lib/wire/decode.js'
import type { ClientFrame } from '../../lib/wire/messages.js'
import { changesSpan } from '../../lib/hub/verbatim.js'

function spanOf(line: string): string | null {
  const bytes = Buffer.from(line)
  const span = changesSpan(bytes, decodeClientLine(bytes) as ClientFrame<'delta'>)
  return span === null ? null : bytes.toString('utf8', span.start, span.end)
}

const changes = '[{"op":"upsert","agent_id":"s::1","state":{"lifecycle":"idle","source":{"a":[1,{"b":2}]}}}]'
const delta = (head: string, payload: string): string =>
  `{"type":"delta","session_id":"s"${head},"payload":{${payload}}}`

void t.test('which bytes may be sent on', async (t) => {
  const table: [string, string, string | null][] = [
    ['plain', delta('', `"changes":${changes}`), changes],
    ['with a seq of its own', delta('', `"seq":7,"changes":${changes}`), changes],
    [
      'with room in it',
      delta('', `"changes":${changes.replaceAll(',', ' , ')}`),
      changes.replaceAll(',', ' , '),
    ],
    [
      'a colon and quotes in a string',
      delta('', `"changes":${changes.replace('"idle"', '"idle","snippet":"a:\\"b\\":\\\\"')}`),
      changes.replace('"idle"', '"idle","snippet":"a:\\"b\\":\\\\"'),
    ],
    ['keys in another order', `{"payload":{"changes":${changes}},"type":"delta","session_id":"s"}`, null],
    ['something after the changes', delta('', `"changes":${changes},"seq":7`), null],
    ['room before the changes', delta('', `"changes": ${changes}`), null],
    [
      'an unknown key in the envelope',
      delta(',"x":{"payload":{"changes":[]}}', `"changes":${changes}`),
      null,
    ],
    ['an unknown key in the payload', delta('', `"x":{"changes":[1]},"changes":${changes}`), null],
    [
      'a key that stands twice',
      delta('', `"changes":${changes.replace('"idle"', '"idle","lifecycle":"error"')}`),
      null,
    ],
    ['the changes twice', delta('', `"changes":[],"changes":${changes}`), null],
    ['a key twice, once escaped', delta('', `"changes":${changes.replace('"a"', '"\\u0061":1,"a"')}`), null],
    [
      '__proto__',
      delta('', `"changes":${changes.replace('"lifecycle"', '"__proto__":{},"lifecycle"')}`),
      null,
    ],
    ['a number past all numbers', delta('', `"changes":${changes.replace('1,', '1e999,')}`), null],
    [
      'a key that hides behind an escape',
      '{"type":"delta","session_id":"s","payload":{"\\u0063hanges":[{"op":"upsert","agent_id":"s::1","state":{"lifecycle":"idle","source":{"changes":[1]}}}]}}',
      null,
    ],
    ['a fraction', delta('', `"changes":${changes.replace('1,', '1.0,')}`), null],
    ['an exponent', delta('', `"changes":${changes.replace('1,', '17e2,')}`), null],
    ['minus zero', delta('', `"changes":${changes.replace('1,', '-0,')}`), null],
    ['a raw carriage return', delta('', `"changes":${changes.replace('1,', '1,\r')}`), null],
    ['half a pair', delta('', `"changes":${changes.replace('"idle"', '"idle","snippet":"\\ud83d"')}`), null],
    [
      'the key inside a string',
      delta(',"sender_id":",\\"payload\\":{\\"changes\\":["', `"changes":${changes}`),
      null,
    ],
  ]
  for (const [name, line, span] of table) t.equal(spanOf(line), span, name)
})

void t.test('what is sent on is what was validated', async (t) => {
  let sentOn = 0
  const key = fc.constantFrom('a', 'b', 'payload', 'changes', '__proto__', 'x":{', '\\', 'é')
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom('1', '-0', '1e5', 'null', 'true', '"a:b"', '"\\"}"'),
      tie('list'),
      tie('object'),
    ),
    list: fc.array(tie('any'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
    // Made as text, so that a key may stand twice.
    object: fc
      .array(fc.tuple(key, tie('any')), { maxLength: 4 })
      .map(
        (pairs) =>
          `{${pairs.map(([name, inner]) => `${JSON.stringify(name)}:${inner as string}`).join(',')}}`,
      ),
  })).any
  fc.assert(
    fc.property(value, fc.constantFrom('', `,"x":1`, `,"request_id":"r"`), (source, head) => {
      const text = `[{"op":"upsert","agent_id":"s::1","state":{"lifecycle":"idle","source":${source as string}}}]`
      const bytes = Buffer.from(delta(head, `"changes":${text}`))
      const frame = decodeClientLine(bytes) as ClientFrame<'delta'>
      const span = changesSpan(bytes, frame)
      if (span === null) return
      sentOn++
      const sent = bytes.toString('utf8', span.start, span.end)
      if (JSON.stringify(JSON.parse(sent)) !== JSON.stringify(frame.payload.changes)) throw new Error(sent)
      const keys = (sent.match(/"(?:[^"\\]|\\.)*"\s*:/g) ?? []).length
      const kept = (JSON.stringify(frame.payload.changes).match(/"(?:[^"\\]|\\.)*":/g) ?? []).length
      if (keys !== kept) throw new Error(`a key stands twice in ${sent}`)
    }),
    { numRuns: 2_000 },
  )
  t.ok(sentOn > 200, `${sentOn} of 2000 were sent on`)
})
