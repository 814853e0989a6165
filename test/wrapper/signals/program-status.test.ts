import fc from 'fast-check'
import t from 'tap'
import { programStatus, type ProgramStatus } from '../../../lib/wrapper/signals/program-status.js'
import { TerminalSignals, type TerminalSignal } from '../../../lib/wrapper/signals/terminal.js'

function status(state: ProgramStatus['state'], over: Partial<ProgramStatus> = {}): ProgramStatus {
  return { kind: 'status', state, id: '', app: null, attention: null, text: null, ...over }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

const table: [report: string, status: ProgramStatus | null][] = [
  // Codex 0.169.0, as recorded.
  ['state=idle:app=codex', status('idle', { app: 'codex' })],
  ['state=working:app=codex', status('working', { app: 'codex' })],
  ['state=done:app=codex', status('done', { app: 'codex' })],
  ['state=error:app=codex', status('error', { app: 'codex' })],
  ['state=clear', status('clear')],
  ['state=blocked:app=codex:kind=permission', status('blocked', { app: 'codex', attention: 'permission' })],
  ['state=blocked:app=codex:kind=question', status('blocked', { app: 'codex', attention: 'question' })],
  // The rest of the protocol.
  ['state=blocked:kind=auth', status('blocked', { attention: 'question' })],
  ['state=blocked:kind=coffee', status('blocked')],
  ['state=blocked:kind=constructor', status('blocked')],
  ['state=working:kind=permission:progress=40', status('working')],
  ['id=build/tests:state=done', status('done', { id: 'build/tests' })],
  [`state=blocked:msg=${base64('Deploy to prod?')}`, status('blocked', { text: 'Deploy to prod?' })],
  [`state=working:title=${base64('Überprüfung')}`, status('working', { text: 'Überprüfung' })],
  [`state=working:title=${base64('a')}:msg=${base64('b')}`, status('working', { text: 'b' })],
  [`state=working:msg=${base64('a').replace('=', '')}`, status('working', { text: 'a' })],
  ['state=working:msg=', status('working')],
  // The last of a key counts; what is malformed or not known is passed over.
  ['state=idle:state=done', status('done')],
  ['state=done:STATE=idle:x:=:=a:a b=c:state=a b:later=1', status('done')],
  ['state=done:app=two words', status('done')],
  ['state=done:app=a/b', status('done')],
  ['state=done:app=', status('done')],
  // These say nothing.
  ['', null],
  ['?', null],
  ['state', null],
  ['state=', null],
  ['state=sleeping', null],
  ['state=constructor', null],
  ['app=codex', null],
  ['state=done ', null],
  ['state=done;app=codex', null],
  [`state=done:${'k'.repeat(17)}=1`, null],
  [`state=done:app=${'a'.repeat(33)}`, null],
  ['state=done:id=a//b', null],
  ['state=done:id=/a', null],
  [`state=done:id=${'a'.repeat(33)}`, null],
  [`state=done:id=${Array(9).fill('a').join('/')}`, null],
  [`state=done:id=${Array(8).fill('a'.repeat(20)).join('/')}`, null],
  ['state=done:msg=====', null],
  ['state=done:msg=A', null],
  ['state=done:msg=a-b_', null],
  [`state=done:msg=${base64('a\u001b[2J')}`, null],
  [`state=done:msg=${base64('two\nlines')}`, null],
  [`state=done:msg=${base64('\u0085')}`, null],
  ['state=done:msg=/w==', null],
  [`state=done:title=${base64('x'.repeat(193))}`, null],
  [`state=done:msg=${base64('x'.repeat(2_049))}`, null],
]

void t.test('reports of OSC 7501', async (t) => {
  for (const [report, wanted] of table) t.same(programStatus(report), wanted, report.slice(0, 80))
})

function signalsIn(output: string): TerminalSignal[] {
  const signals: TerminalSignal[] = []
  new TerminalSignals((signal) => signals.push(signal)).write(Buffer.from(output))
  return signals
}

void t.test('in the output of a program', async (t) => {
  const report = 'state=blocked:app=codex:kind=permission'
  const wanted = status('blocked', { app: 'codex', attention: 'permission' })
  t.same(signalsIn(`a\u001b]7501;${report}\u001b\\b\u001b]7501;${report}\u0007`), [wanted, wanted])
  t.same(signalsIn('\u001b]7501;?\u001b\\\u001b]7501\u001b\\\u001b]75012;state=done\u0007'), [])
  t.same(signalsIn('\u001b]750;state=done\u0007\u001b]07501;state=done\u0007'), [])
  const [shown] = signalsIn(`\u001b]7501;state=blocked:msg=${base64('a\u202e\u200bb')}\u0007`)
  t.match(shown, { text: 'ab' }, 'nothing in it turns or hides what is shown')
  const [long] = signalsIn(`\u001b]7501;state=blocked:msg=${base64('x'.repeat(2_000))}\u0007`)
  t.match(long, { text: 'x'.repeat(256) })
  const [empty] = signalsIn(`\u001b]7501;state=blocked:msg=${base64('\u200b')}\u0007`)
  t.match(empty, { text: null })
})

void t.test('anything at all', async (t) => {
  const pair = fc.tuple(
    fc.constantFrom('state', 'id', 'app', 'kind', 'msg', 'title', 'x', ''),
    fc.oneof(fc.constantFrom('done', 'blocked', 'question'), fc.string(), fc.base64String()),
  )
  const report = fc.oneof(
    fc.string(),
    fc.array(pair).map((pairs) => pairs.map(([key, value]) => `${key}=${value}`).join(':')),
  )
  fc.assert(
    fc.property(report, (text) => {
      const said = programStatus(text)
      return said === null || (said.id.length <= 128 && !/\p{Cc}/u.test(said.text ?? ''))
    }),
  )
  t.pass()
})
