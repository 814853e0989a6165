import t from 'tap'
import { gemini } from '../../../lib/wrapper/profiles/gemini.js'

void t.test('titles', async (t) => {
  const shows = (text: string): string | undefined => gemini.title(text)?.shows
  t.equal(shows('◇  Ready (proj)                                       '), 'ready')
  t.equal(shows('✋  Action Required (proj)'), 'asks')
  t.equal(shows('✦  Working… (proj)'), 'working')
  t.equal(shows('⏲  Working… (proj)'), 'working')
  t.equal(shows('✦  Action Required: read the docs (proj)'), 'working', 'a thought')
  for (const text of ['', 'Gemini CLI (✋  Action Required)', 'vim', '◇', '✋  Hello', '◇  Readying'])
    t.equal(shows(text), undefined, text)
})

void t.test('notifications', async (t) => {
  const permission = {
    says: 'asks',
    attention: 'permission',
    id: null,
    detail: 'Approve tool action: Shell a | b',
  }
  const body = 'Approval required | Approve tool action: Shell a | b'
  t.same(gemini.notification('Gemini CLI needs your attention', body), permission)
  t.same(gemini.notification(null, `Gemini CLI needs your attention | ${body}`), permission)
  t.match(gemini.notification('Gemini CLI needs your attention', 'Answer requested by agent | Which?'), {
    attention: 'question',
    detail: 'Which?',
  })
  t.same(
    gemini.notification(null, 'Gemini CLI session complete | Run finished | Gemini CLI finished responding.'),
    {
      says: 'done',
      background: 0,
    },
  )
  t.equal(gemini.notification(null, 'make needs your attention'), null)
  t.equal(gemini.notification('Gemini', ''), null)
})
