import t from 'tap'
import { noticeJson, noticeOf, type NoticeKind } from '../../../lib/wire/notice/notice.js'
import { plain } from '../../../lib/wire/notice/text.js'
import type { Lifecycle } from '../../../lib/wire/messages.js'
import { stateOf } from './states.js'

void t.test('text of others', async (t) => {
  const table: [string, number, string][] = [
    ['plain words', 20, 'plain words'],
    ['  around  ', 20, 'around'],
    ['two\nlines\tand a tab', 40, 'two lines and a tab'],
    ['a\r\n\u001b\nb', 40, 'a b'],
    ['\u001b]0;title\u0007\u001b[31mred\u001b[0m', 40, ']0;title[31mred[0m'],
    ['C1: \u009b31m \u0090q\u009c \u0085x', 40, 'C1: 31m q x'],
    [
      'bidi \u202etxt\u2066 zero\u200bwidth \ufeffbom soft\u00adhyphen',
      60,
      'bidi txt zerowidth bom softhyphen',
    ],
    ['lines\u2028and\u2029paragraphs', 40, 'lines and paragraphs'],
    ['half \ud83d', 40, 'half \ufffd'],
    ['123456', 6, '123456'],
    ['1234567', 6, '12345…'],
    ['😀😀😀😀', 3, '😀😀…'],
    ['x'.repeat(1_000_000), 4, 'xxx…'],
    ['', 4, ''],
  ]
  for (const [text, max, expected] of table) t.equal(plain(text, max), expected, expected.slice(0, 40))
})

void t.test('the words of a notice', async (t) => {
  const table: [NoticeKind, Lifecycle, Record<string, unknown> | null, string | undefined, string, string][] =
    [
      [
        'needs_input',
        'needs_input',
        { attention: 'permission', detail: 'Bash: rm -rf build' },
        'a line',
        'claude asks for permission',
        'Bash: rm -rf build',
      ],
      [
        'needs_input',
        'needs_input',
        { attention: 'question', detail: 'Which one?' },
        'a line',
        'claude asks a question',
        'Which one?',
      ],
      [
        'needs_input',
        'needs_input',
        { attention: 'plan' },
        'Here is the plan',
        'claude has a plan to approve',
        'Here is the plan',
      ],
      ['needs_input', 'needs_input', { attention: 'surprise' }, undefined, 'claude needs you', ''],
      ['needs_input', 'needs_input', null, 'Continue? [y/n]', 'claude needs you', 'Continue? [y/n]'],
      [
        'error',
        'error',
        { attention: 'error', detail: 'rate_limit' },
        'a line',
        'claude has failed',
        'rate_limit',
      ],
      [
        'finished',
        'idle',
        { detail: 'whatever' },
        'All tests pass.',
        'claude has finished',
        'All tests pass.',
      ],
      ['finished', 'offline', { detail: 'exited with 0' }, undefined, 'claude has ended', ''],
    ]
  for (const [kind, lifecycle, status, snippet, title, text] of table)
    t.match(noticeOf(kind, stateOf(lifecycle, status, snippet === undefined ? {} : { snippet })), {
      kind,
      title,
      text,
    })
})

void t.test('who it is about', async (t) => {
  const table: [unknown, string][] = [
    [{ label: 'api' }, 'api'],
    [{ label: '\u001b[2J' }, '[2J'],
    [{ label: '\u0007' }, '%3'],
    [{ label: '' }, '%3'],
    [{ label: 7 }, '%3'],
    [undefined, '%3'],
    [{ label: 'x'.repeat(500) }, `${'x'.repeat(39)}…`],
  ]
  for (const [source, label] of table) {
    const state = { ...stateOf('error', null), source }
    const expected = { label, title: `${label} has failed`, agentId: 'shop::%3', paneId: '%3' }
    t.match(noticeOf('error', state), expected, JSON.stringify(source))
  }
})

void t.test('what older publishers say', async (t) => {
  const state = { ...stateOf('needs_input', null), source: { agent_status: { message: 'waits for input' } } }
  t.equal(noticeOf('needs_input', state).text, 'waits for input')
})

void t.test('a notice as JSON: one line, and the state as it was published', async (t) => {
  const state = { ...stateOf('error', { detail: 'two\nlines' }), 'of its own': [1, { deep: true }] }
  const json = noticeJson(noticeOf('error', state))
  t.notOk(json.includes('\n'))
  t.strictSame(JSON.parse(json), {
    kind: 'error',
    agent_id: 'shop::%3',
    pane_id: '%3',
    label: 'claude',
    title: 'claude has failed',
    text: 'two lines',
    state,
  })
})
