import t from 'tap'
import { lineKindsOf, patchCharsMax, patchLines, patchLinesMax } from '../../../lib/pulse/view/patch-lines.js'

void t.test('text as lines', async (t) => {
  const cases: [string, string[]][] = [
    ['', []],
    ['a', ['a']],
    ['a\n', ['a']],
    ['a\n\n b', ['a', '', ' b']],
    ['+\tx', ['+        x']],
    [' a\tb', [' a       b']],
    [' 日本\tb', [' 日本    b']],
    ['-\t\tx\ty', ['-                x       y']],
    ['+a\r', ['+a^M']],
    ['+\u001b[31mred\u0007\u0000', ['+^[[31mred^G^@']],
    ['+\u009b31m\u007f', ['+<009B>31m^?']],
    ['+if (a\u202e // evil\u2066)', ['+if (a<202E> // evil<2066>)']],
    ['+a\u2028b\ufeff', ['+a<2028>b<FEFF>']],
    ['+👩\u200d👧', ['+👩\u200d👧']],
    ['+\ud800x', ['+\ufffdx']],
  ]
  t.strictSame(
    cases.map(([patch]) => patchLines(patch)),
    cases.map(([, lines]) => lines),
  )
})

void t.test('what git says before the first hunk, in words', async (t) => {
  const of = (...lines: string[]): string[] => patchLines(['diff --git a/f b/g', ...lines].join('\n'))
  const renamed = (alike: string): string[] => [
    `similarity index ${alike}%`,
    'rename from f',
    'rename to d/g',
  ]
  const hunk = ['index 1..2', '--- a/f', '+++ b/g', '@@ -1 +1 @@', '-rename to x', '+old mode 100644']
  const cases: [string[], string[]][] = [
    [renamed('100'), ['Renamed: f → d/g, with the same content']],
    [
      [...renamed('94'), ...hunk],
      ['Renamed: f → d/g, 94% alike', ...hunk.slice(3)],
    ],
    [['copy from f', 'copy to g'], ['Copied: f → g']],
    [['old mode 100644', 'new mode 100755'], ['Made executable']],
    [
      ['old mode 100755', 'new mode 100644', ...renamed('100')],
      ['No longer executable', 'Renamed: f → d/g, with the same content'],
    ],
    [['old mode 100644', 'new mode 120000'], ['Mode: file → symbolic link']],
    [['old mode 100644', 'new mode 123456'], ['Mode: file → 123456']],
    [
      ['new file mode 100644', ...hunk],
      ['New file', ...hunk.slice(3)],
    ],
    [['new file mode 100755'], ['New executable file']],
    [['new file mode 160000'], ['New submodule']],
    [['deleted file mode 120000'], ['Deleted symbolic link']],
    [
      ['new file mode 7', 'mode 1,2..3'],
      ['new file mode 7', 'mode 1,2..3'],
    ],
    [['rename from a\u001b[2J', 'rename to b'], ['Renamed: a^[[2J → b']],
    [
      ['@@ -1 +1 @@', ' rename to b', 'rename to b'],
      ['@@ -1 +1 @@', ' rename to b', 'rename to b'],
    ],
  ]
  for (const [lines, told] of cases) t.strictSame(of(...lines), told, lines.join(' / '))
})

void t.test('bounded in lines and in their length', async (t) => {
  const many = patchLines('+x\n'.repeat(patchLinesMax + 5))
  t.equal(many.length, patchLinesMax + 1)
  t.match(many.at(-1), /50,000 lines: the rest is left out/)
  t.equal(patchLines('+x\n'.repeat(patchLinesMax)).length, patchLinesMax)
  const [long, next] = patchLines(`+${'y'.repeat(10_000)}\n+z`)
  t.equal(long, `+${'y'.repeat(patchCharsMax - 1)}…`)
  t.equal(next, '+z')
})

void t.test('what each line is', async (t) => {
  const told = (lines: string[]): string[] =>
    lineKindsOf(lines).map(({ kind, old, new: now }) => [kind, old ?? '', now ?? ''].join(' ').trimEnd())
  t.strictSame(
    told([
      '--- a/x',
      '+++ b/x',
      '@@ -1,2 +1,2 @@',
      ' a',
      '--- b',
      '+++ c',
      '@@ -9 +10 @@ f',
      '-x',
      '\\ No newline',
    ]),
    ['header', 'header', 'hunk', 'context 1 1', 'removed 2', 'added  2', 'hunk', 'removed 9', 'note'],
  )
  t.strictSame(
    told(['@@@ -1,2 -1,2 +1,3 @@@', '++<<<<<<<', ' -a', '  b']),
    ['hunk', 'added', 'removed', 'context'],
    'a merge has no one old file to count in',
  )
  t.strictSame(told(['@@ nonsense @@', '+x']), ['header', 'header'])
})
