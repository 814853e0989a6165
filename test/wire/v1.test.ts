import t from 'tap'
import fc from 'fast-check'
import { decodeV1Message } from '../../lib/wire/decode.js'
import { WireError } from '../../lib/wire/errors.js'
import * as library from '../../lib/index.js'
import { diffFilesMax, lineBytesMax, v1PatchBytesMax } from '../../lib/wire/limits.js'
import { v1Payloads, v1Types, type V1Type } from '../../lib/wire/v1.js'
import { cases } from '../fixtures.js'

type Fields = Record<string, unknown>
interface Message extends Fields {
  type: V1Type
  payload: Fields
}
interface Valid {
  name: string
  frame: Message
}
interface Refused {
  name: string
  frame?: object
  line?: string
  code: string
  says: string
}

const valid = cases<Valid>('v1/messages.ndjson')
const refused = cases<Refused>('v1/refused.ndjson')

const bytesOf = (message: unknown): Buffer => Buffer.from(JSON.stringify(message))
const decoded = (message: unknown): unknown => JSON.parse(JSON.stringify(decodeV1Message(bytesOf(message))))

function refusalOf(text: Buffer): WireError {
  try {
    decodeV1Message(text)
  } catch (error) {
    if (error instanceof WireError) return error
    throw error
  }
  throw new Error(`taken: ${text.toString().slice(0, 200)}`)
}

for (const { name, frame } of [...valid, ...cases<Valid>('v1/documented.ndjson')])
  void t.test(`taken: ${name}`, async (t) => {
    t.strictSame(decoded(frame), frame)
  })

for (const { name, frame, line, code, says } of refused)
  void t.test(`refused: ${name}`, async (t) => {
    const error = refusalOf(Buffer.from(line ?? JSON.stringify(frame)))
    t.equal(error.code, code)
    t.ok(error.message.includes(says), `${error.message} names ${says}`)
    t.ok(error.message.length < 400, 'and is short')
  })

void t.test('there are cases of every type', async (t) => {
  const types = (rows: { frame?: object }[]): unknown[] => [
    ...new Set(rows.map(({ frame }) => (frame as Message | undefined)?.type)),
  ]
  t.strictSame(new Set(types(valid)), new Set(v1Types))
  for (const type of v1Types) t.ok(types(refused).includes(type), type)
})

/** The fields that seed 000 requires, "Message Envelope" and "Message Types". */
const required: Record<V1Type, string[]> = {
  hello: ['client_id', 'role', 'capabilities'],
  agent_status: ['agent_id', 'status', 'pane_id', 'project_root'],
  diff_summary: ['agent_id', 'repo_root', 'git_available', 'summary', 'files'],
  diff_patch_request: ['agent_id', 'path'],
  diff_patch_response: ['agent_id', 'path', 'status', 'is_binary', 'patch'],
  task_summary: ['agent_id', 'tag', 'counts'],
  task_update: ['agent_id', 'tag', 'action', 'task'],
  heartbeat: ['agent_id', 'pid', 'cwd', 'last_update'],
  error: ['code', 'message'],
}
const optional: Record<V1Type, string[]> = {
  hello: ['agent_id', 'pane_id', 'project_root'],
  agent_status: ['cwd', 'message'],
  diff_summary: ['reason'],
  diff_patch_request: ['context_lines', 'include_untracked', 'request_id'],
  diff_patch_response: ['request_id', 'error', 'part', 'parts'],
  task_summary: ['active_tasks', 'error'],
  task_update: [],
  heartbeat: [],
  error: ['component', 'fatal', 'context'],
}
const without = (fields: Fields, key: string): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => name !== key))
/** The first fixture of a type: for all that it has an example of, the seed's. */
const exampleOf = (type: V1Type): Message => valid.find(({ frame }) => frame.type === type)!.frame
const withPayload = (type: V1Type, change: Fields): Message => {
  const message = exampleOf(type)
  return { ...message, payload: { ...message.payload, ...change } }
}

for (const type of v1Types)
  void t.test(`the fields of ${type}`, async (t) => {
    const message = exampleOf(type)
    for (const key of ['version', 'type', 'session_id', 'sender_id', 'timestamp', 'payload']) {
      const error = refusalOf(bytesOf(without(message, key)))
      t.match(error, { code: 'invalid_envelope', message: new RegExp(`^${key}(:| is missing)`) })
      t.equal(error.context?.['type'], key === 'type' ? undefined : type, `and says of what`)
      if (key !== 'version') {
        const ofNull = refusalOf(bytesOf({ ...message, [key]: null }))
        t.match(ofNull, { code: 'invalid_envelope', message: key }, `null for ${key}`)
      }
    }
    for (const key of required[type]) {
      const error = refusalOf(bytesOf({ ...message, payload: without(message.payload, key) }))
      t.match(error, { code: 'invalid_payload', message: new RegExp(`^payload\\.${key}(:| is missing)`) })
      if (key !== 'patch') {
        const ofNull = refusalOf(bytesOf(withPayload(type, { [key]: null })))
        t.match(ofNull, { code: 'invalid_payload', message: `payload.${key}` }, `null for ${key}`)
      }
    }
    const few = Object.fromEntries(required[type].map((key) => [key, message.payload[key]]))
    t.strictSame(decoded({ ...message, payload: few }), { ...message, payload: few }, 'those are all')
    for (const key of optional[type]) {
      const ofNull = { ...message, payload: { ...few, [key]: null } }
      t.strictSame(decoded(ofNull), ofNull, `null for ${key}`)
      const wrong = refusalOf(bytesOf({ ...message, payload: { ...few, [key]: -0.5 } }))
      t.match(wrong, { code: 'invalid_payload', message: `payload.${key}` }, `a number for ${key}`)
    }
    t.strictSame(decoded({ ...message, request_id: null }), { ...message, request_id: null })
  })

void t.test('unknown fields of a payload are kept, those of the envelope are not', async (t) => {
  const more = { mood: 'calm', deep: { list: [1, null, { x: '\u0000' }] } }
  for (const type of v1Types) {
    const message = withPayload(type, more)
    t.strictSame(decoded({ ...message, ...more }), message, type)
  }
  const file = { ...(exampleOf('diff_summary').payload['files'] as Fields[])[0], old_path: 'x' }
  const message = withPayload('diff_summary', { files: [file] })
  t.strictSame(decoded(message), message)
})

const words: [V1Type, string, string[]][] = [
  ['hello', 'role', ['publisher', 'subscriber']],
  ['agent_status', 'status', ['idle', 'running', 'error', 'offline']],
  ['diff_summary', 'reason', ['not_git_repo', 'git_missing', 'error']],
  ['diff_patch_response', 'status', ['modified', 'added', 'deleted', 'renamed', 'untracked']],
  ['task_update', 'action', ['update', 'add', 'delete']],
  ['error', 'component', ['hub', 'wrapper', 'taskmaster', 'mission-control']],
]
void t.test('the words of each field that has some, and no other', async (t) => {
  for (const [type, key, all] of words) {
    for (const word of all) {
      const message = withPayload(type, { [key]: word })
      t.strictSame(decoded(message), message, `${type}.${key}: ${word}`)
    }
    for (const word of ['', 'Idle', ` ${all[0]}`, all[0]!.toUpperCase(), 'constructor', 7, [all[0]]]) {
      const error = refusalOf(bytesOf(withPayload(type, { [key]: word })))
      t.match(
        error,
        { code: 'invalid_payload', message: `payload.${key}` },
        `${type}.${key}: ${String(word)}`,
      )
    }
  }
  const [file] = exampleOf('diff_summary').payload['files'] as Fields[]
  for (const status of ['modified', 'added', 'deleted', 'renamed', 'untracked']) {
    const message = withPayload('diff_summary', { files: [{ ...file, status }] })
    t.strictSame(decoded(message), message)
  }
})

void t.test('a diff has at most 500 files', async (t) => {
  const file = (exampleOf('diff_summary').payload['files'] as Fields[])[0]!
  const files = (count: number): Fields[] =>
    Array.from({ length: count }, (_, i) => ({ ...file, path: `${i}` }))
  t.equal(diffFilesMax, 500)
  const most = withPayload('diff_summary', { files: files(500) })
  t.strictSame(decoded(most), most)
  const error = refusalOf(bytesOf(withPayload('diff_summary', { files: files(501) })))
  t.match(error, { code: 'invalid_payload', message: /^payload\.files: .*500/ })
})

void t.test('a patch has at most 1 MiB of bytes, however few characters that is', async (t) => {
  const schema = v1Payloads.diff_patch_response
  const fits = (patch: string): boolean =>
    schema.safeParse({ ...exampleOf('diff_patch_response').payload, patch }).success
  t.equal(v1PatchBytesMax, 1_048_576)
  t.ok(fits('a'.repeat(1_048_576)))
  t.notOk(fits('a'.repeat(1_048_577)))
  t.ok(fits('é'.repeat(524_288)))
  t.notOk(fits('é'.repeat(524_289)))
  t.notOk(fits('😀'.repeat(262_145)))
})

void t.test('a message has at most 262,144 bytes', async (t) => {
  const sized = (bytes: number, letter = 'a'): Buffer => {
    const room = bytes - bytesOf(withPayload('diff_patch_response', { patch: '' })).length
    const letterBytes = Buffer.byteLength(letter)
    const patch = letter.repeat(Math.floor(room / letterBytes)) + 'a'.repeat(room % letterBytes)
    return bytesOf(withPayload('diff_patch_response', { patch }))
  }
  t.equal(sized(lineBytesMax).length, 262_144)
  t.equal(decodeV1Message(sized(lineBytesMax)).type, 'diff_patch_response')
  t.equal(decodeV1Message(sized(lineBytesMax, 'é')).type, 'diff_patch_response')
  t.match(refusalOf(sized(lineBytesMax + 1)), { code: 'frame_too_large', message: '262145' })
  t.match(refusalOf(sized(lineBytesMax + 1, 'é')), { code: 'frame_too_large' }, 'bytes, not characters')
})

void t.test('times as RFC 3339 has them', async (t) => {
  const at = (timestamp: unknown): Message => ({ ...exampleOf('heartbeat'), timestamp })
  const utc = [
    '2026-01-28T18:42:20Z',
    '2026-01-28T18:42:20.1Z',
    '2026-01-28T18:42:20.123456789Z',
    '2026-01-28T18:42:20+00:00',
    '2026-01-28T18:42:20.123456789+00:00',
    '2026-01-28T20:42:20+02:00',
    '2026-01-28t18:42:20z',
    '2026-01-28 18:42:20Z',
    '2026-12-31T23:59:60Z',
    '2024-02-29T00:00:00Z',
  ]
  for (const time of utc) {
    t.strictSame(decoded(at(time)), at(time), time)
    const beat = withPayload('heartbeat', { last_update: time })
    t.strictSame(decoded(beat), beat, `last_update ${time}`)
  }
  const none = [
    '',
    'now',
    '2026-01-28',
    '18:42:20Z',
    '2026-01-28T18:42Z',
    '2026-01-28T18:42:20',
    '2026-13-28T18:42:20Z',
    '2026-01-32T18:42:20Z',
    '2026-01-28T25:42:20Z',
    '2026-01-28T18:42:20Z\n',
    ` 2026-01-28T18:42:20Z`,
    '+002026-01-28T18:42:20Z',
    `2026-01-28T18:42:20.${'0'.repeat(60)}Z`,
    1_769_625_740,
    null,
  ]
  for (const time of none) {
    t.match(refusalOf(bytesOf(at(time))), { code: 'invalid_envelope', message: 'timestamp' }, `${time}`)
    const beat = bytesOf(withPayload('heartbeat', { last_update: time }))
    t.match(refusalOf(beat), { code: 'invalid_payload', message: 'payload.last_update' }, `${time}`)
  }
})

void t.test('an error says which message it is about, as far as that can be told', async (t) => {
  const message = { ...withPayload('agent_status', { status: 'busy' }), request_id: 'r-7' }
  t.strictSame(refusalOf(bytesOf(message)).context, { type: 'agent_status', request_id: 'r-7' })
  const strange = { ...message, type: 7, request_id: ['r-7'] }
  t.strictSame(refusalOf(bytesOf(strange)).context, {})
  const long = { ...message, type: 'x'.repeat(257), request_id: 'y'.repeat(257) }
  t.strictSame(refusalOf(bytesOf(long)).context, {}, 'nothing that is long')
  t.equal(refusalOf(Buffer.from('{')).context, undefined)
})

void t.test('bytes that are no text, and names that every object has', async (t) => {
  const cut = Buffer.from('{"type":"hello","session_id":"\xff"}', 'latin1')
  t.match(refusalOf(cut), { code: 'invalid_json', message: 'not UTF-8' })
  const text = JSON.stringify(exampleOf('error')).replace('"context":{', '"__proto__":{"x":1},"context":{')
  const { payload } = decodeV1Message(Buffer.from(text)) as unknown as { payload: Fields }
  t.equal(payload['x'], undefined, 'nothing is inherited')
  t.equal(({} as Fields)['x'], undefined)
})

void t.test('anything is decoded or refused, and what is decoded says the same again', async (t) => {
  const [, ...keys] = Object.values(required).flat()
  const piece = fc.oneof(
    fc.constant('__remove'),
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom('1', 1, '', 'idle', null, true, -1, 1e300, '\u0000', '\ud800', []),
  )
  const at = fc.constantFrom('version', 'type', 'session_id', 'sender_id', 'timestamp', 'payload', ...keys)
  const change = fc.tuple(at, fc.boolean(), piece)
  const example = fc.constantFrom(...valid.map(({ frame }) => frame))
  fc.assert(
    fc.property(example, fc.array(change, { maxLength: 3 }), (message, changes) => {
      const mutated: Fields = { ...message, payload: { ...message.payload } }
      for (const [key, isHead, value] of changes) {
        const target = isHead ? mutated : (mutated['payload'] as Fields)
        if (typeof target !== 'object' || target === null) continue
        if (value === '__remove') delete target[key]
        else target[key] = value
      }
      try {
        const once = decoded(mutated)
        if (JSON.stringify(decoded(once)) !== JSON.stringify(once)) throw new Error('it changed')
      } catch (error) {
        if (!(error instanceof WireError)) throw error
      }
    }),
    { numRuns: 500 },
  )
  t.pass('no other error came')
})

void t.test('the library gives the schemas and the decoder', async (t) => {
  for (const name of ['V1Envelope', 'v1Payloads', 'v1Types', 'decodeV1Message']) t.ok(name in library, name)
})
