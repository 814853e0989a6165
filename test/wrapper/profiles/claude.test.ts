import t from 'tap'
import { claude } from '../../../lib/wrapper/profiles/claude.js'

void t.test('titles', async (t) => {
  const rows: [text: string, shows: string | null][] = [
    ['◐ Fix the tests', 'working'],
    ['◑ Fix the tests', 'working'],
    ['⠂ Fix the tests', 'working'],
    ['✳ Claude Code', 'ready'],
    ['Claude Code', null],
    ['', null],
    ['vim ✳ x', null],
    ['✳', null],
    ['⏳ waiting for input', null],
  ]
  for (const [text, shows] of rows) t.equal(claude.title(text)?.shows ?? null, shows, text)
})

void t.test('notifications of the terminal', async (t) => {
  t.match(claude.notification('Claude Code', 'Claude needs your permission to use Bash'), { says: 'asks' })
  t.match(claude.notification(null, 'Claude is waiting for your input'), { says: 'waits' })
  t.equal(claude.notification(null, 'he said Claude needs your permission'), null)
  t.equal(claude.notification('make', 'done'), null)
})

void t.test('lines that are always on the screen', async (t) => {
  const rows: [line: string, isChrome: boolean][] = [
    ['❯ ', true],
    ['  ⎿  Tip: be brief', true],
    ['  ? for shortcuts', true],
    ['  ⏵⏵ accept edits on', true],
    [' 2. No', true],
    ['✻ Cogitating… (12s · ↓ 156 tokens)', true],
    [' Esc to cancel · Tab to amend', true],
    ['⏺ Two tests fail.', false],
    ['  ⎿  ok', false],
  ]
  for (const [line, isChrome] of rows) t.equal(claude.chrome!.test(line), isChrome, line)
})
