import fc from 'fast-check'
import t from 'tap'
import { blankBody, blankKeys, blankText, OutputBlanker } from '../../../lib/wrapper/trace/blank.js'

const esc = '\u001b'
const blanked = (text: string): string => new OutputBlanker().take(text)

void t.test('text goes, the words of dialogs and all that moves the cursor stay', async (t) => {
  const table: [text: string, blanked: string][] = [
    ['My password is hunter2', 'xx xxxxxxxx is xxxxxxx'],
    ['❯ 1. Yes, and don’t ask again for /home/me', '❯ 1. Yes, and don’t ask again for /xxxx/xx'],
    ['card 4242424242424242, port 22', 'xxxx 0000000000000000, xxxx 22'],
    ['naïve 東京 x', 'xxxxx 一一 x'],
    [`${esc}[31;1mred${esc}[0m`, `${esc}[31;1mxxx${esc}[0m`],
    [`${esc}]0;◇  Ready (secret)\u0007`, `${esc}]0;◇  Ready (xxxxxx)\u0007`],
    [`${esc}]9;Claude needs your permission${esc}\\`, `${esc}]9;Claude needs your permission${esc}\\`],
    [`${esc}]9;4;1;30\u0007`, `${esc}]9;4;1;30\u0007`],
    [`${esc}]133;D;1;name=secret\u0007`, `${esc}]133;D;1\u0007`],
    [
      `${esc}]7501;state=blocked:app=codex:kind=permission${esc}\\`,
      `${esc}]7501;state=blocked:app=codex:kind=permission${esc}\\`,
    ],
    [`me${esc}]52;c;c2VjcmV0\u0007us`, 'xxxx'],
    [`me${esc}]8;;http://secret${esc}\\us`, 'xxxx'],
    [`me${esc}Pqsecret${esc}\\us`, 'xxxx'],
  ]
  for (const [text, wanted] of table) t.equal(blanked(text), wanted, JSON.stringify(text))
})

void t.test('a sequence that is cut is blanked when it is whole', async (t) => {
  const blanker = new OutputBlanker()
  t.equal(blanker.take(`one${esc}]0;sec`), 'xxx')
  t.equal(blanker.take(`ret\u0007two${esc}[3`), `${esc}]0;xxxxxx\u0007xxx`)
  t.equal(blanker.take('1m'), `${esc}[31m`)
})

void t.test('no word of a text is left, however it is cut', async (t) => {
  const secret = 'zqvbk'
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(secret, ' ', esc, ']', '0;', '[', 'm', '\u0007', '\\', 'P', '\n'), {
        maxLength: 40,
      }),
      fc.nat(40),
      (parts, at) => {
        const text = parts.join('')
        const blanker = new OutputBlanker()
        const out = blanker.take(text.slice(0, at)) + blanker.take(text.slice(at))
        // A sequence may end in one letter of it.
        if (out.includes(secret.slice(1))) throw new Error(JSON.stringify({ text, at, out }))
      },
    ),
    { numRuns: 2_000 },
  )
  t.pass('held')
})

void t.test('keys', async (t) => {
  t.equal(blankKeys('hello\r', false), 'xxxxx\r')
  t.equal(blankKeys('1', false), 'x')
  t.equal(blankKeys('1', true), '1', 'the key that answers')
  t.equal(blankKeys(`${esc}[A${esc}`, false), `${esc}[A${esc}`)
  t.equal(blankKeys(`${esc}[200~secret${esc}[201~`, true), `${esc}[200~xxxxxx${esc}[201~`)
  t.equal(blankKeys('\u0003', false), '\u0003')
})

void t.test('events keep their shape and the agent’s own words', async (t) => {
  const body = {
    hook_event_name: 'PreToolUse',
    tool_name: 'Bash',
    session_id: 'abc',
    tool_input: { command: 'rm -rf secret', again: 'rm -rf secret', other: 'ls', n: 3, ok: true },
    list: ['secret', null],
  }
  const out = blankBody(body, 'salt') as typeof body
  t.equal(out.hook_event_name, 'PreToolUse')
  t.equal(out.tool_name, 'Bash')
  t.match(out.session_id, /^~[0-9a-f]{8}$/)
  t.equal(out.tool_input.command, out.tool_input.again, 'the same stays the same')
  t.not(out.tool_input.command, out.tool_input.other)
  t.not((blankBody(body, 'other salt') as typeof body).tool_input.command, out.tool_input.command)
  t.same([out.tool_input.n, out.tool_input.ok], [3, true])
  t.notMatch(JSON.stringify(out), /secret/)
  let deep: unknown = 'x'
  for (let i = 0; i < 1_000; i++) deep = { deep }
  t.doesNotThrow(() => blankBody(deep, 'salt'))
  t.equal(blankText(''), '')
})
