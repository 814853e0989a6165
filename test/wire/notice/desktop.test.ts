import t from 'tap'
import { desktopProgram } from '../../../lib/wire/notice/desktop.js'
import { aNotice } from './states.js'

void t.test('the program and its arguments', async (t) => {
  const linux = (...args: string[]): [string, string[]] => [
    'notify-send',
    ['--app-name=aoc-pulse', '--', ...args],
  ]
  const table: [title: string, text: string, [string, string[]]][] = [
    ['claude needs you', 'Which one?', linux('claude needs you', 'Which one?')],
    ['claude has finished', '', linux('claude has finished')],
    ['--icon=/etc/passwd', '-u critical', linux('--icon=/etc/passwd', '-u critical')],
    ['$(id) `id` "x" \'y\'; rm', '$HOME & < >', linux('$(id) `id` "x" \'y\'; rm', '$HOME &amp; &lt; &gt;')],
    ['a', '<img src="x"/> &amp;', linux('a', '&lt;img src="x"/&gt; &amp;amp;')],
    ['a \\n', 'grep "\\d+\\n"', linux('a \\n', 'grep "\\\\d+\\\\n"')],
  ]
  for (const [title, text, expected] of table) {
    t.strictSame(desktopProgram({ ...aNotice(), title, text }, 'linux'), expected, title)
    const [program, args] = desktopProgram({ ...aNotice(), title, text }, 'darwin')
    t.equal(program, 'osascript')
    t.strictSame(args.slice(-3), ['--', title, text], 'the texts are arguments, and no part of the script')
    t.strictSame(args.slice(0, -3), desktopProgram(aNotice(), 'darwin')[1].slice(0, -3))
  }
})
