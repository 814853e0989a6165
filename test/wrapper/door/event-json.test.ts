import t from 'tap'

import { parseEvent } from '../../../lib/wrapper/door/event-json.js'

const cases: [what: string, text: string, expected: unknown][] = [
  ['whole JSON', ' {"a":{"b":[1]}} ', { a: { b: [1] } }],
  ['JSON that is no object', '[1,"x"]', [1, 'x']],
  ['cut in a nested string', '{"session_id":"s","tool_input":{"name":"x","text":"lo', { session_id: 's' }],
  ['cut in a string', '{"hook_event_name":"PreToolUse","prompt":"do th', { hook_event_name: 'PreToolUse' }],
  ['cut in a number', '{"a":"b","n":12', { a: 'b' }],
  ['cut in a word', '{"a":true,"b":null,"c":tru', { a: true, b: null }],
  ['cut in a name', '{"a":1,"hook_ev', { a: 1 }],
  ['cut behind a name', '{"a":1,"hook_event_name":', { a: 1 }],
  ['cut behind a value', '{"a":1,"b":"c"', { a: 1 }],
  ['cut behind a comma', '{"a":1,"b":"c",', { a: 1, b: 'c' }],
  [
    'what is nested is not taken for the event',
    '{"x":{"hook_event_name":"Stop"},"y":[{"agent_id":"z"}],"a":"b",',
    { a: 'b' },
  ],
  ['nothing behind a fault is believed', '{"a":"b", oops "hook_event_name":"Stop",', { a: 'b' }],
  ['a comment is a fault', '{"a":"b",/* */"c":"d",', { a: 'b' }],
  ['the last of a name that comes twice', '{"a":"b","a":"c","d', { a: 'c' }],
  ['an array that is cut', '["a","b",', undefined],
  ['nothing', '', undefined],
  ['a word', 'hello', undefined],
  ['an object that only begins', '{', undefined],
  ['more levels than a stack has', `{"a":"b","c":${'['.repeat(200_000)}`, { a: 'b' }],
]

for (const [what, text, expected] of cases) {
  void t.test(what, (t) => {
    t.strictSame(parseEvent(text), expected)
    t.end()
  })
}

void t.test('of much broken JSON the beginning is read', (t) => {
  const objects = '{"i":1},'.repeat(40_000)
  t.strictSame(parseEvent(`{"a":"b","c":[${objects}{}],"late":"d",`), { a: 'b' })
  t.end()
})

void t.test('a field of an odd name stays a field', (t) => {
  const body = parseEvent('{"__proto__":"x","a":1,"b') as object
  t.equal(Object.getPrototypeOf(body), Object.prototype)
  t.strictSame(Object.entries(body), [
    ['__proto__', 'x'],
    ['a', 1],
  ])
  t.end()
})
