import t from 'tap'
import { fail } from '../../../bin/program.js'

void t.test('what went wrong is said without a control that the terminal would act on', async (t) => {
  const written = t.capture(process.stderr, 'write', () => true)
  t.capture(process, 'exit', () => {
    throw new Error('ended')
  })
  const hostile = 'one\u001b]0;x\u0007\u009b2J\u202etwo\nthree'
  t.throws(() => fail('program', new Error(hostile)), { message: 'ended' })
  t.same(
    written().map(({ args }) => args[0]),
    ['program: one]0;x2Jtwo\nthree\n'],
  )
})
