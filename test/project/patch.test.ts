import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

import * as fc from 'fast-check'
import t from 'tap'

import { readDiffSummary } from '../../lib/project/git.js'
import { kindOfPatch, NameStatusReader, toGitPath } from '../../lib/project/patch-parse.js'
import { patchBytesMax, type PatchResult, readPatch } from '../../lib/project/patch.js'
import { gitEnv, makeFolder, sh } from './repository.js'

/** The patch without its `index` lines, whose ids say nothing to a reader of this file. */
function lines(patch: string): string[] {
  const all = patch.split('\n').filter((line) => !/^index [0-9a-f]+\.\.[0-9a-f]+/.test(line))
  if (all.at(-1) === '') all.pop()
  return all
}

/** `status path[ <- old]` or the failure: `status|- message[ (binary)]`. */
function inShort(result: PatchResult): string {
  if (result.ok) {
    return `${result.status} ${result.path}${result.old_path === undefined ? '' : ` <- ${result.old_path}`}`
  }
  return `${result.status ?? '-'} ${result.message}${result.is_binary ? ' (binary)' : ''}`
}

/** When the index was last written: a git with optional locks would refresh it. */
function indexOf(folder: string): number | undefined {
  return statSync(join(folder, '.git/index'), { throwIfNoEntry: false })?.mtimeMs
}

interface Case {
  title: string
  script: string
  path: string
  /** Where the agent works, under the repository. */
  from?: string
  contextLines?: number
  includeUntracked?: boolean
}

const shown: (Case & { is: string; patch: string[] })[] = [
  {
    title: 'staged and unstaged changes together',
    script: `printf '1\\n2\\n3\\n' > f; git add .; git commit -qm a; printf '1\\nzwei\\n3\\n' > f; git add f; echo 4 >> f`,
    path: 'f',
    is: 'modified f',
    patch: ['diff --git a/f b/f', '--- a/f', '+++ b/f', '@@ -1,3 +1,4 @@', ' 1', '-2', '+zwei', ' 3', '+4'],
  },
  {
    title: 'no context',
    script: 'seq 9 > f; git add .; git commit -qm a; seq 8 > f',
    path: 'f',
    contextLines: 0,
    is: 'modified f',
    patch: ['diff --git a/f b/f', '--- a/f', '+++ b/f', '@@ -9 +8,0 @@', '-9'],
  },
  {
    title: 'more context than by default',
    script: 'seq 9 > f; git add .; git commit -qm a; seq 8 > f',
    path: 'f',
    contextLines: 5,
    is: 'modified f',
    patch: [
      'diff --git a/f b/f',
      '--- a/f',
      '+++ b/f',
      '@@ -4,6 +4,5 @@',
      ' 4',
      ' 5',
      ' 6',
      ' 7',
      ' 8',
      '-9',
    ],
  },
  {
    title: 'added',
    script: 'echo 1 > old; git add .; git commit -qm a; echo 2 > f; git add f',
    path: 'f',
    is: 'added f',
    patch: ['diff --git a/f b/f', 'new file mode 100644', '--- /dev/null', '+++ b/f', '@@ -0,0 +1 @@', '+2'],
  },
  {
    title: 'added by intent only',
    script: 'echo 1 > old; git add .; git commit -qm a; echo 2 > f; git add -N f',
    path: 'f',
    is: 'added f',
    patch: ['diff --git a/f b/f', 'new file mode 100644', '--- /dev/null', '+++ b/f', '@@ -0,0 +1 @@', '+2'],
  },
  {
    title: 'deleted, with its folder',
    script: 'mkdir d; echo 1 > d/f; git add .; git commit -qm a; rm -r d',
    path: 'd/f',
    is: 'deleted d/f',
    patch: [
      'diff --git a/d/f b/d/f',
      'deleted file mode 100644',
      '--- a/d/f',
      '+++ /dev/null',
      '@@ -1 +0,0 @@',
      '-1',
    ],
  },
  {
    title: 'taken out of the index, but still there',
    script: 'echo 1 > f; git add .; git commit -qm a; git rm -q --cached f',
    path: 'f',
    is: 'deleted f',
    patch: [
      'diff --git a/f b/f',
      'deleted file mode 100644',
      '--- a/f',
      '+++ /dev/null',
      '@@ -1 +0,0 @@',
      '-1',
    ],
  },
  {
    title: 'renamed in the index, then changed',
    script: `seq 20 > old; git add .; git commit -qm a; mkdir d; git mv old 'd/new name'; echo 21 >> 'd/new name'`,
    path: 'd/new name',
    contextLines: 1,
    is: 'renamed d/new name <- old',
    patch: [
      'diff --git a/old b/d/new name',
      'similarity index 94%',
      'rename from old',
      'rename to d/new name',
      '--- a/old\t',
      '+++ b/d/new name\t',
      '@@ -20 +20,2 @@',
      ' 20',
      '+21',
    ].map((line) => line.replace('a/old\t', 'a/old')),
  },
  {
    title: 'renamed without the index knowing, not changed',
    script: 'seq 20 > old; git add .; git commit -qm a; mv old new; git add -N new',
    path: 'new',
    is: 'renamed new <- old',
    patch: ['diff --git a/old b/new', 'similarity index 100%', 'rename from old', 'rename to new'],
  },
  {
    title: 'the old name of a rename',
    script: 'echo 1 > old; git add .; git commit -qm a; git mv old new',
    path: 'old',
    is: 'deleted old',
    patch: [
      'diff --git a/old b/old',
      'deleted file mode 100644',
      '--- a/old',
      '+++ /dev/null',
      '@@ -1 +0,0 @@',
      '-1',
    ],
  },
  {
    title: 'moved into a folder of its own name, beside another new file',
    script:
      'seq 20 > f; git add .; git commit -qm a; git mv f x; mkdir f; git mv x f/f; echo n > f/n; git add .',
    path: 'f/f',
    is: 'renamed f/f <- f',
    patch: ['diff --git a/f b/f/f', 'similarity index 100%', 'rename from f', 'rename to f/f'],
  },
  {
    title: 'a file that became a folder: the file alone',
    script: 'echo 1 > f; git add .; git commit -qm a; rm f; mkdir f; echo 2 > f/x; git add .',
    path: 'f',
    is: 'deleted f',
    patch: [
      'diff --git a/f b/f',
      'deleted file mode 100644',
      '--- a/f',
      '+++ /dev/null',
      '@@ -1 +0,0 @@',
      '-1',
    ],
  },
  {
    title: 'a folder that became a file: the file alone',
    script: 'mkdir f; echo 1 > f/x; git add .; git commit -qm a; rm -r f; echo 2 > f; git add .',
    path: 'f',
    is: 'added f',
    patch: ['diff --git a/f b/f', 'new file mode 100644', '--- /dev/null', '+++ b/f', '@@ -0,0 +1 @@', '+2'],
  },
  {
    title: 'only the mode',
    script: 'echo 1 > f; git add .; git commit -qm a; chmod +x f',
    path: 'f',
    is: 'modified f',
    patch: ['diff --git a/f b/f', 'old mode 100644', 'new mode 100755'],
  },
  {
    title: 'an unborn branch: against nothing',
    script: 'echo 1 > f; git add f; echo 2 >> f',
    path: 'f',
    is: 'added f',
    patch: [
      'diff --git a/f b/f',
      'new file mode 100644',
      '--- /dev/null',
      '+++ b/f',
      '@@ -0,0 +1,2 @@',
      '+1',
      '+2',
    ],
  },
  {
    title: 'a conflict',
    script: `echo 0 > f; git add .; git commit -qm 0; git checkout -qb other; echo other > f; git commit -qam 1
      git checkout -q main; echo main > f; git commit -qam 2; git merge -q other > merged 2>&1 || true; rm merged`,
    path: 'f',
    is: 'modified f',
    patch: [
      'diff --git a/f b/f',
      '--- a/f',
      '+++ b/f',
      '@@ -1 +1,5 @@',
      '+<<<<<<< HEAD',
      ' main',
      '+=======',
      '+other',
      '+>>>>>>> other',
    ],
  },
  {
    title: 'a link shows where it points, not what is there',
    script: 'ln -s nowhere l; git add .; git commit -qm a; rm l; ln -s /etc/passwd l',
    path: 'l',
    is: 'modified l',
    patch: [
      'diff --git a/l b/l',
      '--- a/l',
      '+++ b/l',
      '@@ -1 +1 @@',
      '-nowhere',
      '\\ No newline at end of file',
      '+/etc/passwd',
      '\\ No newline at end of file',
    ],
  },
  {
    title: 'a file that became a link',
    script: 'echo 1 > f; git add .; git commit -qm a; rm f; ln -s /etc/passwd f',
    path: 'f',
    is: 'modified f',
    patch: [
      'diff --git a/f b/f',
      'deleted file mode 100644',
      '--- a/f',
      '+++ /dev/null',
      '@@ -1 +0,0 @@',
      '-1',
      'diff --git a/f b/f',
      'new file mode 120000',
      '--- /dev/null',
      '+++ b/f',
      '@@ -0,0 +1 @@',
      '+/etc/passwd',
      '\\ No newline at end of file',
    ],
  },
  {
    title: 'untracked',
    script: 'mkdir d; echo 1 > d/u; chmod +x d/u',
    path: 'd/u',
    is: 'untracked d/u',
    patch: [
      'diff --git a/d/u b/d/u',
      'new file mode 100755',
      '--- /dev/null',
      '+++ b/d/u',
      '@@ -0,0 +1 @@',
      '+1',
    ],
  },
  {
    title: 'untracked and empty',
    script: 'true > u',
    path: 'u',
    is: 'untracked u',
    patch: ['diff --git a/u b/u', 'new file mode 100644'],
  },
  {
    title: 'untracked, with git warning of line ends',
    script: `git config core.autocrlf input; printf '1\\r\\n' > u`,
    path: 'u',
    is: 'untracked u',
    patch: ['diff --git a/u b/u', 'new file mode 100644', '--- /dev/null', '+++ b/u', '@@ -0,0 +1 @@', '+1'],
  },
  {
    title: 'a path with steps that lead nowhere',
    script: 'mkdir d; true > d/u',
    path: './d//./u',
    is: 'untracked ./d//./u',
    patch: ['diff --git a/d/u b/d/u', 'new file mode 100644'],
  },
  {
    title: 'a branch that is called as a file, a file that is called HEAD',
    script:
      'echo 1 > HEAD; echo 1 > x; git add .; git commit -qm a; git branch x; git branch -f HEAD 2> /dev/null || true; echo 2 > HEAD',
    path: 'HEAD',
    is: 'modified HEAD',
    patch: ['diff --git a/HEAD b/HEAD', '--- a/HEAD', '+++ b/HEAD', '@@ -1 +1 @@', '-1', '+2'],
  },
  {
    title: 'bytes that are not UTF-8',
    script: `printf 'caf\\351\\n' > f; git add .; git commit -qm a; printf '\\377\\n' > f`,
    path: 'f',
    is: 'modified f',
    patch: ['diff --git a/f b/f', '--- a/f', '+++ b/f', '@@ -1 +1 @@', '-caf\uFFFD', '+\uFFFD'],
  },
  {
    title: 'a text that reads like what git says of binaries',
    script: `echo 'Binary files a/f and b/f differ' > f; git add .; git commit -qm a; printf '1\\rBinary files x differ\\n' >> f`,
    path: 'f',
    is: 'modified f',
    patch: [
      'diff --git a/f b/f',
      '--- a/f',
      '+++ b/f',
      '@@ -1 +1,2 @@',
      ' Binary files a/f and b/f differ',
      '+1\rBinary files x differ',
    ],
  },
  {
    title: 'from a folder of the repository: the path is from its root, and so is the patch',
    script: 'mkdir -p pkg/deep; echo 1 > pkg/deep/f; git add .; git commit -qm a; echo 2 > pkg/deep/f',
    path: 'pkg/deep/f',
    from: 'pkg',
    is: 'modified pkg/deep/f',
    patch: [
      'diff --git a/pkg/deep/f b/pkg/deep/f',
      '--- a/pkg/deep/f',
      '+++ b/pkg/deep/f',
      '@@ -1 +1 @@',
      '-1',
      '+2',
    ],
  },
  {
    title: 'from a folder: untracked',
    script: 'mkdir pkg; true > pkg/u',
    path: 'pkg/u',
    from: 'pkg',
    is: 'untracked pkg/u',
    patch: ['diff --git a/pkg/u b/pkg/u', 'new file mode 100644'],
  },
  {
    title: 'from a folder: renamed inside of it',
    script: 'mkdir pkg; echo 1 > pkg/old; git add .; git commit -qm a; git mv pkg/old pkg/new',
    path: 'pkg/new',
    from: 'pkg',
    is: 'renamed pkg/new <- pkg/old',
    patch: [
      'diff --git a/pkg/old b/pkg/new',
      'similarity index 100%',
      'rename from pkg/old',
      'rename to pkg/new',
    ],
  },
  {
    title: 'from a folder: what was outside of it is not shown as the old file',
    script: 'mkdir pkg; echo 1 > old; git add .; git commit -qm a; git mv old pkg/new',
    path: 'pkg/new',
    from: 'pkg',
    is: 'added pkg/new',
    patch: [
      'diff --git a/pkg/new b/pkg/new',
      'new file mode 100644',
      '--- /dev/null',
      '+++ b/pkg/new',
      '@@ -0,0 +1 @@',
      '+1',
    ],
  },
  {
    title: 'from a folder that is a link',
    script: 'mkdir pkg; echo 1 > pkg/u; ln -s pkg l',
    path: 'pkg/u',
    from: 'l',
    is: 'untracked pkg/u',
    patch: [
      'diff --git a/pkg/u b/pkg/u',
      'new file mode 100644',
      '--- /dev/null',
      '+++ b/pkg/u',
      '@@ -0,0 +1 @@',
      '+1',
    ],
  },
  {
    title: 'a linked work tree',
    script: 'echo 1 > f; git add .; git commit -qm a; git worktree add -q -b side tree; echo 2 > tree/f',
    path: 'f',
    from: 'tree',
    is: 'modified f',
    patch: ['diff --git a/f b/f', '--- a/f', '+++ b/f', '@@ -1 +1 @@', '-1', '+2'],
  },
  {
    title: 'through a link that stays inside, to what git knows under that name no more',
    script: 'mkdir d e; echo 1 > d/f; echo 2 > e/f; git add .; git commit -qm a; rm -r d; ln -s e d',
    path: 'd/f',
    is: 'deleted d/f',
    patch: [
      'diff --git a/d/f b/d/f',
      'deleted file mode 100644',
      '--- a/d/f',
      '+++ /dev/null',
      '@@ -1 +0,0 @@',
      '-1',
    ],
  },
  {
    title: 'settings of the repository that would change what git prints',
    script: `printf '1\\n\\n' > é; git add .; git commit -qm a; printf '2\\n\\n' > é
      git config color.ui always; git config core.pager false; git config diff.suppressBlankEmpty true
      git config diff.noprefix true; git config diff.mnemonicPrefix true; git config diff.context 9
      git config core.quotePath true; git config diff.orderFile /nonexistent; git config diff.relative true`,
    path: 'é',
    is: 'modified é',
    patch: ['diff --git a/é b/é', '--- a/é', '+++ b/é', '@@ -1,2 +1,2 @@', '-1', '+2', ' '],
  },
]

void t.test('what is shown', async (t) => {
  for (const { title, script, is, patch, from = '.', ...rest } of shown) {
    await t.test(title, async (t) => {
      const folder = join(makeFolder(t), 'repo')
      mkdirSync(folder)
      sh(folder, `git init -q; ${script}`)
      const before = indexOf(folder)
      const result = await readPatch({ projectRoot: join(folder, from), env: gitEnv, ...rest })
      t.equal(inShort(result), is)
      t.equal(result.is_binary, false)
      t.strictSame(result.ok && lines(result.patch), patch)
      t.equal(indexOf(folder), before, 'the index is not rewritten')
    })
  }
})

void t.test('a submodule: which commit, and that there is work in it', async (t) => {
  const folder = join(makeFolder(t), 'repo')
  mkdirSync(folder)
  sh(
    folder,
    `git init -q; git init -q ../sub; git -C ../sub commit -q --allow-empty -m s
    git submodule --quiet add ../sub sub 2>/dev/null; git commit -qm a; git config diff.submodule log
    git -C sub commit -q --allow-empty -m secret; echo u > sub/u; git config diff.ignoreSubmodules untracked`,
  )
  const result = await readPatch({ projectRoot: folder, env: gitEnv, path: 'sub' })
  t.equal(inShort(result), 'modified sub')
  t.match(result.ok && lines(result.patch), [
    'diff --git a/sub b/sub',
    '--- a/sub',
    '+++ b/sub',
    '@@ -1 +1 @@',
    /^-Subproject commit [0-9a-f]{40}$/,
    /^\+Subproject commit [0-9a-f]{40}-dirty$/,
  ])
  const inside = await readPatch({ projectRoot: folder, env: gitEnv, path: 'sub/u' })
  t.equal(inShort(inside), '- unchanged: Git lists no change of this file in this repository.')
})

const commit = 'echo 1 > f; git add .; git commit -qm a'
const refused: (Case & { is: string | RegExp; env?: NodeJS.ProcessEnv })[] = [
  { title: 'no path', script: 'true', path: '', is: '- invalid_path: The path is empty.' },
  { title: 'NUL', script: commit, path: 'f\0', is: '- invalid_path: The path has a NUL in it.' },
  { title: 'the root', script: commit, path: '.', is: /^- invalid_path: The path names the repository/ },
  { title: 'absolute', script: commit, path: '/etc/passwd', is: /^- outside: The path has to start at/ },
  { title: 'up and out', script: commit, path: '../outside', is: /^- outside: The path may not go up/ },
  { title: 'up and in again', script: commit, path: 'd/../f', is: /^- outside: The path may not go up/ },
  { title: 'up, last', script: commit, path: 'd/..', is: /^- outside: The path may not go up/ },
  {
    title: "git's folder",
    script: commit,
    path: '.git/config',
    is: "- git_dir: The path leads into git's own folder.",
  },
  { title: "git's folder, written otherwise", script: commit, path: 'd/.GIT/config', is: /^- git_dir: / },
  {
    title: 'beside the project root',
    script: `mkdir pkg; ${commit}; echo 2 > f; echo u > pkgs`,
    path: 'f',
    from: 'pkg',
    is: '- outside: The path is not inside the project root.',
  },
  {
    title: 'beside, alike',
    script: 'mkdir pkg; echo u > pkgs',
    path: 'pkgs',
    from: 'pkg',
    is: /^- outside: /,
  },
  {
    title: 'beside a project root that is a link',
    script: 'mkdir pkg; echo secret > u; ln -s pkg l',
    path: 'u',
    from: 'l',
    is: /^- outside: /,
  },
  {
    title: 'through a link that is not tracked',
    script: `${commit}; ln -s .. up; echo secret > ../outside`,
    path: 'up/outside',
    is: '- outside: The path leaves the project root through a symbolic link.',
  },
  {
    title: 'through a link that was a folder',
    script: 'mkdir d; echo 1 > d/f; git add .; git commit -qm a; mv d ..; ln -s ../d d; echo secret >> d/f',
    path: 'd/f',
    is: /^- outside: .* symbolic link/,
  },
  {
    title: 'through a link, deeper, to what is not there',
    script: `${commit}; ln -s .. up`,
    path: 'up/no/such/file',
    is: /^- outside: .* symbolic link/,
  },
  {
    title: 'through a link out of the project root but not of the repository',
    script: 'mkdir pkg other; echo u > other/u; ln -s ../other pkg/l',
    path: 'pkg/l/u',
    from: 'pkg',
    is: /^- outside: .* symbolic link/,
  },
  {
    title: 'an untracked link to a file',
    script: 'echo secret > ../outside; ln -s ../outside l',
    path: 'l',
    is: 'untracked symlink: This is a symbolic link that git does not track; it is not followed.',
  },
  {
    title: 'an untracked link to a folder',
    script: 'ln -s /etc l',
    path: 'l',
    is: /^untracked symlink: /,
  },
  { title: 'an untracked link to nothing', script: 'ln -s no l', path: 'l', is: /^untracked symlink: / },
  {
    title: 'a folder with changes',
    script: 'mkdir d; echo 1 > d/f; git add .; git commit -qm a; echo 2 > d/f; echo u > d/u',
    path: 'd',
    is: '- directory: This is a folder: a patch is of one file.',
  },
  { title: 'an untracked folder', script: 'mkdir d; echo 1 > d/f', path: 'd/', is: /^- directory: / },
  { title: 'a repository inside', script: 'git init -q d; true > d/f', path: 'd/', is: /^- directory: / },
  {
    title: 'a file of a repository inside',
    script: 'git init -q d; true > d/f',
    path: 'd/f',
    is: /^- unchanged: .* in this repository/,
  },
  {
    title: 'a named pipe',
    script: 'mkfifo p',
    path: 'p',
    is: '- not_regular: This is a named pipe, not a file.',
  },
  {
    title: 'a named pipe where a file was',
    script: `${commit}; rm f; mkfifo f`,
    path: 'f',
    is: '- not_regular: This is a named pipe, not a file.',
  },
  { title: 'not changed', script: commit, path: 'f', is: /^- unchanged: Git lists no change/ },
  {
    title: 'only touched',
    script: `${commit}; touch -t 200101010000 f`,
    path: 'f',
    is: /^- unchanged: Git lists no change/,
  },
  {
    title: 'changed in the index, taken back in the file',
    script: `${commit}; echo 2 > f; git add f; echo 1 > f`,
    path: 'f',
    is: /^\S+ unchanged: .*as in HEAD/,
  },
  {
    title: 'added to the index, then gone',
    script: 'echo 1 > f; git add f; rm f',
    path: 'f',
    is: /^- unchanged: .*as in HEAD/,
  },
  {
    title: 'gone',
    script: commit,
    path: 'u',
    is: '- vanished: There is no such file, and git lists no change of it.',
  },
  { title: 'below a file', script: commit, path: 'f/u', is: /^- vanished: / },
  {
    title: 'a name longer than any',
    script: commit,
    path: 'x'.repeat(300),
    is: '- unreadable: The file cannot be looked at (ENAMETOOLONG).',
  },
  {
    title: 'untracked, not asked for',
    script: 'echo 1 > u',
    path: 'u',
    includeUntracked: false,
    is: 'untracked untracked: Git does not track this file, and untracked files were not asked for.',
  },
  {
    title: 'ignored',
    script: 'echo .env > .gitignore; echo secret > .env',
    path: '.env',
    is: '- ignored: Git is told to ignore this file.',
  },
  {
    title: 'in an ignored folder',
    script: 'echo out/ > .gitignore; mkdir -p out/d; echo 1 > out/d/f',
    path: 'out/d/f',
    is: /^- ignored: /,
  },
  {
    title: 'binary',
    script: `printf 'a\\0b' > b; git add .; git commit -qm a; printf 'a\\0c' > b`,
    path: 'b',
    is: 'modified binary: Git sees no text in this file. (binary)',
  },
  {
    title: 'binary, added',
    script: `printf '\\0' > b; git add b`,
    path: 'b',
    is: /^added binary: .*\(binary\)$/,
  },
  {
    title: 'binary, untracked',
    script: `printf '\\0' > b`,
    path: 'b',
    is: /^untracked binary: .*\(binary\)$/,
  },
  {
    title: 'binary by an attribute',
    script: `echo '*.lock binary' > .gitattributes; echo 1 > x.lock`,
    path: 'x.lock',
    is: /^untracked binary: .*\(binary\)$/,
  },
  {
    title: 'no context that git knows',
    script: `${commit}; echo 2 > f`,
    path: 'f',
    contextLines: NaN,
    is: /^- error: /,
  },
  {
    title: 'no repository',
    script: 'rm -r .git; echo 1 > f',
    path: 'f',
    is: /^- not_git_repo: fatal: not a git repository/,
  },
  {
    title: 'no folder',
    script: 'true',
    path: 'f',
    from: 'gone',
    is: /^- error: The project folder cannot be read/,
  },
  {
    title: 'no git',
    script: 'echo 1 > f',
    path: 'f',
    env: { PATH: '/nonexistent' },
    is: '- git_missing: There is no git on PATH.',
  },
  {
    title: 'a bare repository',
    script: 'rm -r .git; git init -q --bare',
    path: 'x',
    is: /^- error: .*work tree/,
  },
  {
    title: 'a broken index',
    script: 'echo 1 > f; git add f; echo nonsense > .git/index',
    path: 'f',
    is: /^- error: .*index/,
  },
]

void t.test('what is not shown, and why', async (t) => {
  for (const { title, script, is, from = '.', env = {}, ...rest } of refused) {
    await t.test(title, async (t) => {
      const folder = join(makeFolder(t), 'repo')
      mkdirSync(folder)
      sh(folder, `git init -q; ${script}`)
      const before = indexOf(folder)
      const projectRoot = join(folder, from)
      const result = await readPatch({ projectRoot, env: { ...gitEnv, ...env }, ...rest })
      if (typeof is === 'string') t.equal(inShort(result), is)
      else t.match(inShort(result), is)
      t.equal(result.path, rest.path)
      t.notOk(JSON.stringify(result).includes('secret'))
      t.equal(indexOf(folder), before, 'the index is not rewritten')
    })
  }
})

void t.test('a socket is not opened', async (t) => {
  const folder = makeFolder(t)
  sh(folder, 'git init -q')
  const server = createServer().listen(join(folder, 's'))
  await once(server, 'listening')
  t.teardown(() => server.close())
  const result = await readPatch({ projectRoot: folder, env: gitEnv, path: 's' })
  t.equal(inShort(result), '- not_regular: This is a socket, not a file.')
})

void t.test('up to patchBytesMax, and past it', async (t) => {
  const folder = makeFolder(t)
  sh(folder, 'git init -q; true > long; true > raw; git add .; git commit -qm a')
  const read = async (path: string) => inShort(await readPatch({ projectRoot: folder, env: gitEnv, path }))

  writeFileSync(join(folder, 'u'), 'x'.repeat(patchBytesMax - 300))
  t.equal(await read('u'), 'untracked u')
  writeFileSync(join(folder, 'u'), 'x'.repeat(patchBytesMax))
  t.equal(await read('u'), 'untracked too_large: The patch has more than 1,048,576 bytes.')
  writeFileSync(join(folder, 'u'), 'x'.repeat(patchBytesMax + 1))
  t.equal(await read('u'), 'untracked too_large: The file has more than 1,048,576 bytes.')

  writeFileSync(join(folder, 'long'), 'line\n'.repeat(6_000_000))
  const beforeBytes = process.memoryUsage().rss
  t.equal(await read('long'), 'modified too_large: The patch has more than 1,048,576 bytes.')
  t.ok(process.memoryUsage().rss - beforeBytes < 30_000_000, 'the patch of 36 MB is not kept')

  writeFileSync(join(folder, 'raw'), Buffer.alloc(500_000, 0xff))
  t.equal(
    await read('raw'),
    'modified too_large: The patch has more than 1,048,576 bytes.',
    'each byte is three',
  )
})

void t.test('an untracked file that goes, or becomes a link, when git is about to read it', async (t) => {
  const folder = makeFolder(t)
  const bin = join(folder, 'bin')
  const repo = join(folder, 'repo')
  mkdirSync(bin)
  mkdirSync(repo)
  sh(repo, 'git init -q; echo secret > ../outside')
  const env = { ...gitEnv, PATH: `${bin}:${gitEnv.PATH}` }
  const real = sh(folder, 'command -v git').trim()
  const read = (script: string) => {
    sh(repo, 'rm -f u; echo 1 > u')
    const text = `#!/bin/sh\ncase " $* " in *" --no-index "*) ${script};; esac\nexec '${real}' "$@"\n`
    writeFileSync(join(bin, 'git'), text, { mode: 0o755 })
    return readPatch({ projectRoot: repo, env, path: 'u' })
  }
  t.equal(inShort(await read('rm u')), 'untracked vanished: The file was gone before git could read it.')
  const link = await read('ln -sf ../outside u')
  t.match(link.ok && lines(link.patch), [
    /./,
    'new file mode 120000',
    /./,
    /./,
    /./,
    '+../outside',
    /No newline/,
  ])
  t.notOk(JSON.stringify(link).includes('secret'), 'it is not followed')
  t.match(inShort(await read('exit 3')), '- error: git ended with code 3.', 'it is still there')
})

void t.test('a git that hangs or prints for ever is stopped, with all it started', async (t) => {
  const folder = makeFolder(t)
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  sh(folder, 'git init -q; echo 1 > f; git add f; mkfifo held')
  const env = { ...gitEnv, PATH: `${bin}:${gitEnv.PATH}` }
  const real = sh(folder, 'command -v git').trim()
  /** The others work, so that it is the patch's own run that hangs. */
  const put = (script: string, which: string) => {
    const text = `#!/bin/sh\ncase " $* " in *" ${which} "*) ${script};; esac\nexec '${real}' "$@"\n`
    writeFileSync(join(bin, 'git'), text, { mode: 0o755 })
  }
  const late = /^- error: git did not answer within 0\.5 seconds/
  const hangs: [title: string, script: string, is: RegExp][] = [
    ['it hangs', 'exec sleep 20', late],
    ['what it started holds its output', 'sleep 20 & sleep 20', late],
    ['what it started has left its group', 'setsid sleep 20', late],
    [
      'it prints for ever',
      'while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done',
      /too_large|did not answer/,
    ],
    ['it prints fast for ever', 'exec yes', /^added too_large: /],
    [
      'it fails',
      'echo >&2 "warning: x"; printf >&2 "fatal: no\\033[m"; exit 128',
      /^- error: fatal: no \[m$/,
    ],
    ['it fails silently', 'exit 3', /^- error: git ended with code 3\.$/],
    ['it is killed', 'kill -9 $$', /^- error: git ended with SIGKILL\.$/],
  ]
  for (const [title, script, is] of hangs) {
    put(script, '--patch')
    const startMs = Date.now()
    // What does not hang has all the time it needs on a busy machine.
    const limit = is === late ? { timeoutMs: 500 } : {}
    const result = await readPatch({ projectRoot: folder, env, path: 'f', ...limit })
    t.match(inShort(result), is, title)
    t.ok(Date.now() - startMs < 15_000, `${title}: it is not waited for`)
  }

  put('sleep 20', 'status')
  t.match(inShort(await readPatch({ projectRoot: folder, env, path: 'f', timeoutMs: 500 })), late)

  put('exec sleep 20', '--patch')
  const ending = new AbortController()
  setTimeout(() => ending.abort(), 200)
  const asked = { projectRoot: folder, env, path: 'f', signal: ending.signal }
  t.equal(inShort(await readPatch(asked)), '- error: git was stopped.')
  t.equal(inShort(await readPatch(asked)), '- error: git was stopped.', 'and not started again')

  // The pipe ends for its reader when the last one that holds it is gone.
  const reader = spawn('cat', [join(folder, 'held')])
  t.teardown(() => reader.kill())
  const gone = once(reader, 'exit')
  put(`exec 3> ${join(folder, 'held')}; sleep 20 & exec yes`, '--patch')
  t.match(inShort(await readPatch({ projectRoot: folder, env, path: 'f' })), /^added too_large: /)
  await gone
})

void t.test('a repository cannot have its programs run', async (t) => {
  const folder = makeFolder(t)
  const evil = join(folder, 'evil')
  writeFileSync(evil, '#!/bin/sh\ntouch "$(dirname "$0")/ran"\ncat "$1" 2>/dev/null\n', { mode: 0o755 })
  const repo = join(folder, 'repo')
  mkdirSync(repo)
  sh(
    repo,
    `git init -q; echo 1 > f; echo '* diff=evil' > .gitattributes; git add .; git commit -qm a; echo 2 > f
    echo 3 > u; echo 4 > a; git add a
    git config core.fsmonitor '${evil}'; git config diff.external '${evil}'; git config core.pager '${evil}'
    git config diff.evil.textconv '${evil}'; git config diff.evil.command '${evil}'; rm -f ../ran`,
  )
  const env = { ...gitEnv, GIT_EXTERNAL_DIFF: evil, GIT_PAGER: evil, PAGER: evil }
  for (const [path, status] of Object.entries({ f: 'modified', u: 'untracked', a: 'added' })) {
    t.equal(inShort(await readPatch({ projectRoot: repo, env, path })), `${status} ${path}`)
  }
  t.notOk(statSync(join(folder, 'ran'), { throwIfNoEntry: false }))
  sh(repo, 'git diff > /dev/null')
  t.ok(statSync(join(folder, 'ran'), { throwIfNoEntry: false }), 'a plain git diff would have run it')
})

const nasty = [
  '-',
  '--',
  '-n',
  '--output=x',
  ' ',
  ' lead and trail ',
  '"',
  "it's",
  'a\nb',
  '\n',
  'a\tb',
  'back\\slash',
  'a -> b',
  '{a => b}',
  'é',
  '中 🦊',
  '\u007f\u001b[31m',
  '*',
  '?',
  '[a-z]',
  '!x',
  '#x',
  '$(touch ran)',
  ':(glob)**',
  ':(top)',
  ':!x',
  ':^x',
  'HEAD',
  '@',
  '...',
  '.gitx',
  'x.git',
]

void t.test('names that somebody could take for something else, all in one repository', async (t) => {
  const folder = makeFolder(t)
  sh(folder, 'git init -q; mkdir d')
  const names = [...nasty, 'd/-', 'd/:(glob)**']
  const write = (text: string) => names.forEach((name) => writeFileSync(join(folder, name), text))
  const read = async (path: string, status: string) => {
    const result = await readPatch({ projectRoot: folder, env: gitEnv, path })
    t.equal(inShort(result), `${status} ${path}`)
    return result.ok ? result.patch : ''
  }
  write('1\n')
  const untracked = new Map<string, string>()
  for (const name of names) untracked.set(name, await read(name, 'untracked'))
  sh(folder, 'git add .')
  for (const name of names) {
    const added = await read(name, 'added')
    t.strictSame(lines(added).slice(4), ['@@ -0,0 +1 @@', '+1'])
    t.equal(added, untracked.get(name), 'a new file looks the same before and after it is added')
  }
  sh(folder, 'git commit -qm a')
  write('2\n')
  for (const name of names) {
    t.strictSame(
      lines(await read(name, 'modified')).slice(3),
      ['@@ -1 +1 @@', '-1', '+2'],
      'and no other file',
    )
  }
})

void t.test('what the summary lists, and a rename between such names', async (t) => {
  const folder = makeFolder(t)
  sh(folder, `git init -q; seq 20 > ':(glob)*'; seq 30 40 > x; git add -A; git commit -qm a`)
  sh(
    folder,
    `git --literal-pathspecs mv -- ':(glob)*' '-new\n*'; echo 21 >> '-new\n*'; echo 1 >> x; echo 1 > ' u'`,
  )
  const env = gitEnv
  const { files } = await readDiffSummary({ agentId: 's::1', projectRoot: folder, env })
  const results = new Set<string>()
  for (const { path } of files) results.add(inShort(await readPatch({ projectRoot: folder, env, path })))
  t.strictSame(results, new Set(['renamed -new\n* <- :(glob)*', 'modified x', 'untracked  u']))
})

void t.test('any path: told, never thrown, never from outside', async (t) => {
  const folder = makeFolder(t)
  const repo = join(folder, 'repo')
  mkdirSync(repo)
  sh(
    repo,
    'git init -q; echo secret > ../outside; ln -s .. up; mkdir d; echo 1 > d/f; git add .; git commit -qm a',
  )
  const part = fc.constantFrom(
    '..',
    '.',
    '',
    'up',
    'd',
    'f',
    'outside',
    '.git',
    'config',
    '~',
    '\0',
    '\\',
    '*',
  )
  const paths = fc.array(fc.oneof(part, fc.string({ maxLength: 4 })), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(paths, async (parts) => {
      const result = await readPatch({ projectRoot: repo, env: gitEnv, path: parts.join('/') })
      t.ok(!result.ok && /^[a-z_]+: [^ ]/.test(result.message), JSON.stringify(result))
      t.notOk(JSON.stringify({ ...result, path: '' }).includes('secret'))
    }),
    { numRuns: 40 },
  )
})

void t.test('paths in the form that git prints', (t) => {
  fc.assert(
    fc.property(fc.string(), (path) => {
      try {
        const names = toGitPath(path).split('/')
        if (names.some((name) => ['', '.', '..', '.git'].includes(name) || name.includes('\0'))) t.fail(path)
      } catch (error) {
        t.match(error, { name: 'NoPatch' })
      }
    }),
  )
  t.end()
})

void t.test('records and texts that git would not print', (t) => {
  const records = fc.array(fc.oneof(fc.string(), fc.constantFrom('R100', 'A', 'M', '', 'U', 'C')))
  fc.assert(
    fc.property(records, (list) => {
      const reader = new NameStatusReader()
      for (const record of list) {
        const entry = reader.push(record)
        if (entry !== undefined && entry.path !== record) t.fail(record)
      }
    }),
  )
  const kinds: [patch: string, kind: string][] = [
    ['', 'none'],
    ['diff --git a/f b/f\n', 'none'],
    ['diff --git a/f b/f\nold mode 100644\nnew mode 100755\n', 'text'],
    ['diff --git a/f b/f\nindex 1..2\nBinary files a/f and b/f differ\n', 'binary'],
    ['diff --git a/f b/f\n@@ -1 +1 @@\n Binary files a/f and b/f differ\n', 'text'],
  ]
  for (const [patch, kind] of kinds) t.equal(kindOfPatch(patch), kind)
  t.end()
})
