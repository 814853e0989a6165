import t from 'tap'
import { jsonFieldsOf, toolDetail } from '../../../lib/wrapper/profiles/detail.js'

void t.test('the detail of a call', async (t) => {
  const rows: [tool: string, input: unknown, detail: string][] = [
    ['Bash', { command: 'rm -rf *\n  | cat', description: 'd' }, 'Bash: rm -rf * | cat'],
    ['shell', { command: ['bash', '-lc', 'ls'] }, 'shell: bash -lc ls'],
    ['Edit', { old_string: 'x', file_path: 'a.ts' }, 'Edit: a.ts'],
    ['mcp__db__query', { sql: 'select 1' }, 'mcp__db__query: select 1'],
    ['Bash', { command: '\u001b[31mred\u0007' }, 'Bash: [31mred'],
    ['AskUserQuestion', { questions: [{ question: 'A?' }, { question: 'B?' }] }, 'A? (1 of 2)'],
    ['AskUserQuestion', { questions: [null] }, 'AskUserQuestion'],
    ['Task', {}, 'Task'],
    ['Task', null, 'Task'],
    ['Task', [1], 'Task'],
    ['Task', { n: 1 }, 'Task'],
  ]
  for (const [tool, input, detail] of rows) t.equal(toolDetail(tool, input), detail)
  t.equal(Array.from(toolDetail('Bash', { command: '😀'.repeat(200) })).length, 140)
})

void t.test('the fields of JSON', async (t) => {
  t.same(jsonFieldsOf('{"a":1}'), { a: 1 })
  for (const text of [null, '', '[1]', 'null', '"x"', '{"a":1,}']) t.equal(jsonFieldsOf(text), null)
})
