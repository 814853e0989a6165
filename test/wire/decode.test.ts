import t from 'tap'
import fc from 'fast-check'
import { decodeClientLine, decodeHubLine } from '../../lib/wire/decode.js'
import { encodeLine, printJson } from '../../lib/wire/encode.js'
import { WireError } from '../../lib/wire/errors.js'
import { lineBytesMax } from '../../lib/wire/limits.js'
import { cases } from '../fixtures.js'

interface Valid {
  name: string
  frame: { type: string; payload: Record<string, unknown> }
}

for (const { name, frame } of cases<Valid>('wire/client.ndjson'))
  void t.test(`client: ${name}`, async (t) => {
    const decoded = decodeClientLine(Buffer.from(JSON.stringify(frame)))
    t.matchOnly(JSON.parse(JSON.stringify(decoded)), frame)
  })

for (const { name, frame } of cases<Valid>('wire/hub.ndjson'))
  void t.test(`hub: ${name}`, async (t) => {
    const decoded = decodeHubLine(Buffer.from(JSON.stringify(frame)))
    t.matchOnly(JSON.parse(JSON.stringify(decoded)), frame)
  })

interface Refused {
  name: string
  line: string
  code: string
  says: string
}

for (const { name, line, code, says } of cases<Refused>('wire/refused.ndjson'))
  void t.test(`refused: ${name}`, async (t) => {
    const error = refusal(Buffer.from(line))
    t.equal(error.code, code)
    t.match(error.message, says)
  })

void t.test('bytes that no JSON text holds', async (t) => {
  const cut = Buffer.from('{"type":"heartbeat","session_id":"s","payload":{"agent_id":"\xff"}}', 'latin1')
  t.match(refusal(cut), { code: 'invalid_json', message: 'not UTF-8' })
  const deep = `{"type":"hello","session_id":"s","payload":${'['.repeat(5_000)}${']'.repeat(5_000)}}`
  t.match(refusal(Buffer.from(deep)), { code: 'invalid_json', message: /levels deep/ })
  const long = Buffer.alloc(lineBytesMax + 1, 'a')
  t.match(refusal(long), { code: 'frame_too_large', message: /262145 bytes/ })
})

void t.test('unknown keys are kept in state and source, and nowhere else', async (t) => {
  const state = { lifecycle: 'idle', mood: 'calm', source: { kind: 'wrapper', extra: { deep: [1] } } }
  const frame = {
    type: 'delta',
    session_id: 's',
    hint: 1,
    payload: { hint: 1, changes: [{ op: 'upsert', agent_id: 's::1', hint: 1, state }] },
  }
  const decoded = decodeClientLine(Buffer.from(JSON.stringify(frame)))
  t.strictSame(JSON.parse(JSON.stringify(decoded)), {
    type: 'delta',
    session_id: 's',
    payload: { changes: [{ op: 'upsert', agent_id: 's::1', state }] },
  })
})

void t.test('any bytes decode or are refused, and nothing else', async (t) => {
  const anyLine = fc.oneof(fc.uint8Array(), fc.string(), fc.json()).map((line) => Buffer.from(line as string))
  fc.assert(
    fc.property(anyLine, (line) => {
      try {
        decodeClientLine(line)
      } catch (error) {
        if (!(error instanceof WireError)) throw error
      }
    }),
  )
  t.pass('no other error came')
})

void t.test('what is printed, strict parsers read', async (t) => {
  const table: [unknown, string][] = [
    ['plain', '"plain"'],
    ['a pair 😀', '"a pair 😀"'],
    ['half \ud83d of one', '"half \\ufffd of one"'],
    ['\ude00 the other half', '"\\ufffd the other half"'],
    ['a backslash: \\ud83d', '"a backslash: \\\\ud83d"'],
    [{ '\udc00': ['\\\ud800'] }, '{"\\ufffd":["\\\\\\ufffd"]}'],
  ]
  for (const [value, text] of table) t.equal(printJson(value), text)
})

void t.test('a frame that is too large is not printed', async (t) => {
  const head = { sessionId: 's', senderId: 'me', timestamp: '2026-01-01T00:00:00Z' }
  const command = (size: number): Buffer =>
    encodeLine('command', head, { command: 'x', args: { text: 'a'.repeat(size) } })
  const room = lineBytesMax - (command(0).length - 1)
  t.equal(command(room).length, lineBytesMax + 1, 'the newline does not count')
  t.throws(() => command(room + 1), { code: 'frame_too_large' })
})

function refusal(line: Buffer): WireError {
  try {
    decodeClientLine(line)
  } catch (error) {
    if (error instanceof WireError) return error
    throw error
  }
  throw new Error(`taken: ${line.toString().slice(0, 200)}`)
}
