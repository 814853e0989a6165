import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { ClientEnvelope } from '../../lib/wire/messages.js'
import { isPlainDelta } from '../../lib/wire/plain-delta.js'

const plain = {
  version: '1',
  type: 'delta',
  session_id: 's',
  sender_id: 'w',
  timestamp: '2026-02-07T21:00:04Z',
  payload: {
    seq: 1,
    changes: [
      {
        op: 'upsert',
        agent_id: 's::1',
        state: {
          agent_id: 's::1',
          session_id: 's',
          pane_id: '1',
          lifecycle: 'idle',
          snippet: 'x',
          updated_at_ms: 7,
          mood: null,
          source: { a: [1] },
        },
      },
    ],
  },
}

void t.test('what the short cut takes, the schema takes and gives back as it is', async (t) => {
  t.ok(isPlainDelta(plain))
  let taken = 0
  const value = fc.oneof(
    fc.constantFrom<unknown>(
      null,
      undefined,
      '',
      'x',
      '1',
      1,
      1.5,
      -1,
      1e300,
      true,
      [],
      {},
      'busy',
      'a\u0001',
      'x'.repeat(300),
      'upsert',
      'remove',
    ),
    fc.constantFrom<unknown>('running', 'needs-input', 's::1', 2 ** 60, [{}], { state: null }),
  )
  const keys = [
    'version',
    'type',
    'session_id',
    'sender_id',
    'timestamp',
    'request_id',
    'payload',
    'changes',
    'seq',
    'op',
    'agent_id',
    'state',
    'lifecycle',
    'snippet',
    'last_heartbeat_ms',
    'updated_at_ms',
    'pane_id',
    'source',
    '__proto__',
    'other',
  ]
  const path = fc.constantFrom<string[]>(
    [],
    ['payload'],
    ['payload', 'changes', '0'],
    ['payload', 'changes', '0', 'state'],
  )
  fc.assert(
    fc.property(
      fc.array(fc.tuple(path, fc.constantFrom(...keys), value), { minLength: 1, maxLength: 3 }),
      (edits) => {
        // As a line would be read: undefined leaves out, __proto__ is a key of its own.
        const frame = structuredClone(plain) as unknown as Record<string, unknown>
        for (const [at, key, to] of edits) {
          let place: unknown = frame
          for (const part of at) place = (place as Record<string, unknown> | undefined)?.[part]
          if (typeof place !== 'object' || place === null) continue
          if (to === undefined) delete (place as Record<string, unknown>)[key]
          else
            Object.defineProperty(place, key, {
              value: structuredClone(to),
              enumerable: true,
              configurable: true,
              writable: true,
            })
        }
        const line = JSON.stringify(frame)
        const read = JSON.parse(line) as unknown
        if (!isPlainDelta(read)) return
        taken++
        const parsed = ClientEnvelope.safeParse(read)
        if (!parsed.success) throw new Error(`the schema refuses ${line}: ${parsed.error.message}`)
        if (!isDeepStrictEqual(parsed.data, read))
          throw new Error(`the schema gives ${JSON.stringify(parsed.data)} for ${line}`)
      },
    ),
    { numRuns: 5_000 },
  )
  t.ok(taken > 300, `${taken} were taken`)
})
