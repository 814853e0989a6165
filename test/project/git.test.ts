import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import * as fc from 'fast-check'
import t from 'tap'

import { diffFilesBytesMax, diffFilesMax } from '../../lib/wire/limits.js'
import { DiffSummary } from '../../lib/wire/source.js'
import { NumstatReader, StatusReader } from '../../lib/project/git-parse.js'
import { gitEnvironment } from '../../lib/project/git-run.js'
import { readDiffSummary, readGitDirs } from '../../lib/project/git.js'
import { gitEnv, makeFolder, sh } from './repository.js'

const agentId = 's::1'

/** `side status path[ <- old] +additions -deletions[ marks]`: an entry on one line. */
function inShort(file: DiffSummary['files'][number]): string {
  const side = file.untracked ? 'untracked' : file.staged ? 'staged' : 'unstaged'
  const from = typeof file.old_path === 'string' ? ` <- ${file.old_path}` : ''
  const marks = ['binary', 'submodule', 'conflicted'].filter((mark) => file[mark] === true)
  return [`${side} ${file.status} ${file.path}${from} +${file.additions} -${file.deletions}`, ...marks].join(
    ' ',
  )
}

const cases: {
  title: string
  script: string
  files: string[]
  branch?: string | null
  /** Where the agent works, under the repository. */
  from?: string
}[] = [
  { title: 'nothing changed', script: 'echo a > a; git add .; git commit -qm a', files: [] },
  {
    title: 'modified, deleted, untracked; ignored files are not listed',
    script: `printf '1\\n2\\n3\\n' > m; echo d > d; echo '*.log' > .gitignore; git add .; git commit -qm a
      printf '1\\nzwei\\n3\\n4\\n' > m; rm d; mkdir -p new/deep; echo u > new/deep/u; echo x > x.log`,
    files: ['unstaged deleted d +0 -1', 'unstaged modified m +2 -1', 'untracked untracked new/deep/u +0 -0'],
  },
  {
    title: 'a file that only looks changed is not',
    script: 'echo 1 > f; echo 1 > g; git add .; git commit -qm a; touch -t 200101010000 f; echo 2 > g',
    files: ['unstaged modified g +1 -1'],
  },
  {
    title: 'staged and changed again: two entries',
    script: `echo 1 > f; git add .; git commit -qm a; echo 2 >> f; git add f; printf '3\\n4\\n' >> f`,
    files: ['staged modified f +1 -0', 'unstaged modified f +2 -0'],
  },
  {
    title: 'unborn branch',
    script: 'echo 1 > f; git add f; echo 2 >> f; echo u > u',
    files: ['staged added f +1 -0', 'unstaged modified f +1 -0', 'untracked untracked u +0 -0'],
  },
  {
    title: 'renamed in the index, then changed',
    script: `seq 20 > old; git add .; git commit -qm a; git mv old 'new name'; echo 21 >> 'new name'`,
    files: ['staged renamed new name <- old +0 -0', 'unstaged modified new name +1 -0'],
  },
  {
    title: 'renamed without the index knowing (intent to add)',
    script: 'seq 20 > old; git add .; git commit -qm a; mv old new; git add -N new',
    files: ['unstaged renamed new <- old +0 -0'],
  },
  {
    title: 'detached HEAD',
    script: 'echo 1 > f; git add .; git commit -qm a; git checkout -q --detach; echo 2 > f',
    files: ['unstaged modified f +1 -1'],
    branch: null,
  },
  {
    title: 'a branch name with slashes',
    script: 'echo 1 > f; git add .; git commit -qm a; git checkout -qb fix/a/b',
    files: [],
    branch: 'fix/a/b',
  },
  {
    title: 'binary',
    script: `printf 'a\\0b' > b; git add .; git commit -qm a; printf 'a\\0c' > b; printf '\\0' > n; git add n`,
    files: ['unstaged modified b +0 -0 binary', 'staged added n +0 -0 binary'],
  },
  {
    title: 'a conflict, and a clean change of the same merge; conflicts come first',
    script: `echo 0 > a; echo 0 > f; git add .; git commit -qm 0
      git checkout -qb other; echo 1 > a; echo other > f; git commit -qam 1
      git checkout -q main; echo main > f; git commit -qam 2; git merge -q other > merged 2>&1 || true; rm merged`,
    files: ['unstaged modified f +4 -0 conflicted', 'staged modified a +1 -1'],
  },
  {
    title: 'a file that became a link, a link that is broken',
    script:
      'echo 1 > f; ln -s nowhere l; git add .; git commit -qm a; rm f l; ln -s /etc/passwd f; ln -s else l',
    files: ['unstaged modified f +1 -1', 'unstaged modified l +1 -1'],
  },
  {
    title: 'submodule with work in it',
    script: `git init -q ../sub; git -C ../sub commit -q --allow-empty -m s; git submodule --quiet add ../sub sub 2>/dev/null
      git commit -qm a; echo u > sub/u`,
    files: ['unstaged modified sub +0 -0 submodule'],
  },
  {
    title: 'a repository inside that is no submodule is one untracked entry',
    script: 'git init -q inner; echo 1 > inner/f',
    files: ['untracked untracked inner/ +0 -0'],
  },
  {
    title: 'from a folder of the repository: all of it, paths from its root',
    script:
      'mkdir -p pkg/deep; echo 1 > pkg/deep/f; echo 1 > top; git add .; git commit -qm a; echo 2 > pkg/deep/f; echo 2 > top',
    files: ['unstaged modified pkg/deep/f +1 -1', 'unstaged modified top +1 -1'],
    from: 'pkg/deep',
  },
  {
    title: 'a linked work tree',
    script: 'echo 1 > f; git add .; git commit -qm a; git worktree add -q -b side tree; echo 2 > tree/f',
    files: ['unstaged modified f +1 -1'],
    branch: 'side',
    from: 'tree',
  },
  {
    title: 'settings of the repository that would change what git prints',
    script: `echo 1 > f; seq 9 > old; git add .; git commit -qm a; mkdir d; git mv old d/new; echo 2 > f
      git config diff.relative true; git config diff.renames false; git config status.renames false
      git config diff.orderFile /nonexistent; git config color.ui always; git config core.pager false
      git config status.showUntrackedFiles no; git config status.showStash true; echo u > u; git config core.quotePath true`,
    files: ['staged renamed d/new <- old +0 -0', 'unstaged modified f +1 -1', 'untracked untracked u +0 -0'],
    from: 'd',
  },
]

void t.test('what git knows, as a diff summary', async (t) => {
  for (const { title, script, files, branch = 'main', from = '.' } of cases) {
    await t.test(title, async (t) => {
      const folder = join(makeFolder(t), 'repo')
      mkdirSync(folder)
      sh(folder, `git init -q; ${script}`)
      const before = indexOf(folder)
      const diff = await readDiffSummary({ agentId, projectRoot: join(folder, from), env: gitEnv })
      t.equal(diff.message, undefined)
      t.strictSame(diff.files.map(inShort), files)
      t.equal(diff.branch ?? null, branch)
      t.equal(diff.repo_root, from === 'tree' ? join(folder, 'tree') : folder)
      t.strictSame(DiffSummary.parse(diff), diff, 'it is what the wire takes')
      t.strictSame(diff.summary, countsOf(diff.files))
      t.equal(diff.files_total, files.length)
      t.equal(indexOf(folder), before, 'the index is not rewritten')
    })
  }
})

/** When the index was last written: a git with optional locks would refresh it. */
function indexOf(folder: string): number | undefined {
  return statSync(join(folder, '.git/index'), { throwIfNoEntry: false })?.mtimeMs
}

function countsOf(files: DiffSummary['files']): DiffSummary['summary'] {
  const side = (staged: boolean) => {
    const of = files.filter((file) => !file.untracked && file.staged === staged)
    const sum = (key: 'additions' | 'deletions') => of.reduce((total, file) => total + file[key], 0)
    return { files: of.length, additions: sum('additions'), deletions: sum('deletions') }
  }
  const untracked = { files: files.filter((file) => file.untracked).length }
  return { staged: side(true), unstaged: side(false), untracked }
}

const degraded: {
  title: string
  reason: string
  message: RegExp
  prepare?: string
  from?: string
  env?: NodeJS.ProcessEnv
}[] = [
  { title: 'no repository', reason: 'not_git_repo', message: /not a git repository/ },
  {
    title: 'no git on PATH',
    reason: 'git_missing',
    message: /no git on PATH/,
    env: { PATH: '/nonexistent' },
  },
  {
    title: 'a git that the repository brings along is not run',
    reason: 'not_git_repo',
    message: /not a git repository/,
    prepare: `printf '#!/bin/sh\\ntouch ran\\n' > git; chmod +x git; mkdir bin; cp git bin/git`,
    env: { PATH: '.:bin:./bin:' },
  },
  { title: 'the folder is gone', reason: 'error', message: /folder cannot be read \(ENOENT\)/, from: 'gone' },
  { title: 'the folder is a file', reason: 'error', message: /not a folder/, prepare: 'echo > f', from: 'f' },
  {
    title: 'a bare repository',
    reason: 'error',
    message: /must be run in a work tree/,
    prepare: 'git init -q --bare',
  },
  {
    title: 'inside the git dir',
    reason: 'error',
    message: /must be run in a work tree/,
    prepare: 'git init -q',
    from: '.git',
  },
  {
    title: 'a work tree whose repository is gone',
    reason: 'error',
    message: /^fatal: not a git repository: /,
    prepare: 'echo "gitdir: /nonexistent/gone" > .git',
  },
  {
    title: 'a broken index',
    reason: 'error',
    message: /index/,
    prepare: 'git init -q; echo 1 > f; git add f; echo nonsense > .git/index',
  },
  {
    title: 'a broken configuration; what it says has no control characters left',
    reason: 'error',
    message: /^[^\p{Cc}]*bad config[^\p{Cc}]*$/u,
    prepare: `git init -q; printf '\\033]0;owned\\007' >> .git/config`,
  },
]

void t.test('no diff: why', async (t) => {
  for (const { title, reason, message, prepare = 'true', from = '.', env = {} } of degraded) {
    await t.test(title, async (t) => {
      const folder = makeFolder(t)
      sh(folder, prepare)
      const projectRoot = join(folder, from)
      const diff = await readDiffSummary({ agentId, projectRoot, env: { ...gitEnv, ...env } })
      t.match(diff, { git_available: false, reason, message, files: [], files_total: 0 })
      t.strictSame(diff.summary, countsOf([]))
      t.notOk(statSync(join(folder, 'ran'), { throwIfNoEntry: false }))
      t.strictSame(DiffSummary.parse(diff), diff)
    })
  }
})

void t.test(
  'a repository owned by somebody else',
  { skip: process.getuid?.() !== 0 && 'only root can make one' },
  async (t) => {
    const folder = makeFolder(t)
    sh(folder, 'git init -q; chown -R 12345 .')
    const diff = await readDiffSummary({ agentId, projectRoot: folder, env: gitEnv })
    t.match(diff, {
      git_available: false,
      reason: 'error',
      message: /^fatal: (detected dubious ownership|unsafe repository)/,
    })
  },
)

void t.test('a git that hangs is stopped, with all it started', async (t) => {
  const folder = makeFolder(t)
  const env = { ...gitEnv, PATH: `${folder}:${gitEnv.PATH}` }
  const hangs: [title: string, script: string][] = [
    ['it hangs itself', 'exec sleep 20'],
    ['what it started holds its output', 'sleep 20 & sleep 20'],
    ['what it started has left its group', 'setsid sleep 20'],
    ['it prints for ever', 'while :; do echo y; done'],
  ]
  for (const [title, script] of hangs) {
    writeFileSync(join(folder, 'git'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    const startMs = Date.now()
    const late = await readDiffSummary({ agentId, projectRoot: folder, env, timeoutMs: 100 })
    t.match(
      late,
      { git_available: false, reason: 'error', message: /did not answer within 0.1 seconds/ },
      title,
    )
    const signal = AbortSignal.timeout(100)
    const ended = await readDiffSummary({ agentId, projectRoot: folder, env, signal })
    t.match(ended, { git_available: false, reason: 'error', message: 'git was stopped.' }, title)
    t.ok(Date.now() - startMs < 10_000, `${title}: it is not waited for`)
  }

  // The pipe ends for its reader when the last one that holds it is gone.
  sh(folder, 'mkfifo held')
  const reader = spawn('cat', [join(folder, 'held')])
  writeFileSync(join(folder, 'git'), '#!/bin/sh\nsleep 20 3> held & wait\n')
  const gone = once(reader, 'exit')
  const startMs = Date.now()
  await readDiffSummary({ agentId, projectRoot: folder, env, timeoutMs: 300 })
  await gone
  t.ok(Date.now() - startMs < 10_000, 'what it started is gone')

  const signal = AbortSignal.abort()
  const never = await readDiffSummary({ agentId, projectRoot: folder, env: gitEnv, signal })
  t.match(never, { reason: 'error', message: 'git was stopped.' })
})

void t.test('a repository cannot have its programs run', async (t) => {
  const folder = makeFolder(t)
  writeFileSync(join(folder, 'evil'), '#!/bin/sh\ntouch "$(dirname "$0")/ran"\ncat "$1" 2>/dev/null\n', {
    mode: 0o755,
  })
  const evil = join(folder, 'evil')
  const repo = join(folder, 'repo')
  mkdirSync(repo)
  sh(
    repo,
    `git init -q; echo 1 > f; echo '* diff=evil' > .gitattributes; git add .; git commit -qm a; echo 2 > f
    git config core.fsmonitor '${evil}'; git config diff.external '${evil}'; git config core.pager '${evil}'
    git config diff.evil.textconv '${evil}'; git config diff.evil.command '${evil}'; rm -f ../ran`,
  )
  const env = { ...gitEnv, GIT_EXTERNAL_DIFF: evil, GIT_PAGER: evil, PAGER: evil }
  const diff = await readDiffSummary({ agentId, projectRoot: repo, env })
  t.strictSame(diff.files.map(inShort), ['unstaged modified f +1 -1'])
  t.notOk(statSync(join(folder, 'ran'), { throwIfNoEntry: false }))
  sh(repo, 'git diff > /dev/null')
  t.ok(statSync(join(folder, 'ran'), { throwIfNoEntry: false }), 'a plain git diff would have run it')
})

void t.test("git's environment", async (t) => {
  const env = gitEnvironment({
    PATH: '/usr/bin:node_modules/.bin::/bin',
    HOME: '/home/x',
    GIT_DIR: '/x',
    GIT_INDEX_FILE: '/x/index',
    GIT_WORK_TREE: '/x',
    GIT_OPTIONAL_LOCKS: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    LC_ALL: 'de_DE.UTF-8',
  })
  t.strictSame(env, {
    PATH: '/usr/bin:/bin',
    HOME: '/home/x',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_ALLOW_PROTOCOL: 'none',
    LC_ALL: 'C',
  })

  const [here, there] = [makeFolder(t), makeFolder(t)]
  sh(here, 'git init -q; echo 1 > here')
  sh(there, 'git init -q; echo 1 > there')
  const leaking = { ...gitEnv, GIT_DIR: join(there, '.git'), GIT_WORK_TREE: there }
  const diff = await readDiffSummary({ agentId, projectRoot: here, env: leaking })
  t.equal(diff.repo_root, here)
  t.strictSame(diff.files.map(inShort), ['untracked untracked here +0 -0'])
})

void t.test('more changes than may be sent', async (t) => {
  const folder = makeFolder(t)
  sh(
    folder,
    'git init -q; mkdir d; i=0; while [ $i -lt 700 ]; do echo 1 > d/$i; i=$((i+1)); done; git add .; git commit -qm a',
  )
  sh(folder, 'for f in d/*; do echo 2 >> $f; done; echo u > u')
  const diff = await readDiffSummary({ agentId, projectRoot: folder, env: gitEnv })
  t.equal(diff.files.length, diffFilesMax)
  t.equal(diff.files_total, 701)
  t.strictSame(diff.summary.unstaged, { files: 700, additions: 700, deletions: 0 })
  t.strictSame(diff.summary.untracked, { files: 1 })
  t.ok(diff.files.every((file) => file.additions === 1))

  const long = 'x'.repeat(200)
  mkdirSync(join(folder, long, long), { recursive: true })
  for (let i = 0; i < 300; i++) writeFileSync(join(folder, long, long, `${i}-${'\u0001'.repeat(100)}`), '')
  sh(folder, 'git checkout -q .')
  const wide = await readDiffSummary({ agentId, projectRoot: folder, env: gitEnv })
  t.equal(wide.files_total, 301)
  t.ok(wide.files.length > 50 && wide.files.length < 301)
  t.ok(Buffer.byteLength(JSON.stringify(wide.files)) <= diffFilesBytesMax)
})

void t.test('any names survive the way through git', async (t) => {
  const nasty = fc.constantFrom(
    '-',
    '--',
    '-n',
    ' ',
    '  ',
    '"',
    "'",
    '\n',
    '\t',
    '\\',
    ' -> ',
    '{a => b}',
    'é',
    '中',
    '🦊',
    '\u007f',
    '\u001b[31m',
    '*',
    '?',
    '[',
    '#',
    '!',
    '$(x)',
    ':(top)',
  )
  const name = fc
    .array(fc.oneof(nasty, fc.string({ minLength: 1, maxLength: 4, unit: 'grapheme-ascii' })), {
      minLength: 1,
      maxLength: 5,
    })
    .map((parts) => parts.join('').replaceAll('/', '_'))
    .filter((text) => text !== '.' && text !== '..' && text.toLowerCase() !== '.git')
  const names = fc.uniqueArray(name, {
    minLength: 4,
    maxLength: 12,
    selector: (text) => text.normalize('NFD').toLowerCase(),
  })
  await fc.assert(
    fc.asyncProperty(names, async (all) => {
      const folder = makeFolder(t)
      sh(folder, 'git init -q')
      for (const one of all) writeFileSync(join(folder, one), '1\n2\n3\n4\n')
      const [deleted, renamed, ...rest] = all as [string, string, ...string[]]
      const tracked = rest.slice(0, rest.length / 2)
      const untracked = rest.slice(tracked.length)
      const quoted = (path: string) => `'./${path.replaceAll("'", `'\\''`)}'`
      sh(
        folder,
        `git --literal-pathspecs add -- ${[deleted, renamed, ...tracked].map(quoted).join(' ')}; git commit -qm a`,
      )
      sh(
        folder,
        `rm ${quoted(deleted)}; git --literal-pathspecs mv ${quoted(renamed)} ${quoted(`${renamed}~`)}`,
      )
      for (const one of tracked) writeFileSync(join(folder, one), '1\n2\n')
      const diff = await readDiffSummary({ agentId, projectRoot: folder, env: gitEnv })
      t.strictSame(
        new Set(diff.files.map(inShort)),
        new Set([
          `unstaged deleted ${deleted} +0 -4`,
          `staged renamed ${renamed}~ <- ${renamed} +0 -0`,
          ...tracked.map((one) => `unstaged modified ${one} +0 -2`),
          ...untracked.map((one) => `untracked untracked ${one} +0 -0`),
        ]),
      )
    }),
    { numRuns: 8 },
  )
})

void t.test(
  'names that are not UTF-8',
  { skip: process.platform !== 'linux' && 'only Linux has them' },
  async (t) => {
    const folder = makeFolder(t)
    sh(
      folder,
      `git init -q; printf '1\\n' > "$(printf 'caf\\351')"; git add .; git commit -qm a; echo 2 >> "$(printf 'caf\\351')"`,
    )
    const diff = await readDiffSummary({ agentId, projectRoot: folder, env: gitEnv })
    t.strictSame(diff.files.map(inShort), ['unstaged modified caf\uFFFD +1 -0'])
  },
)

void t.test('records that git would not print', (t) => {
  const records = fc.array(
    fc.oneof(
      fc.string(),
      fc.constantFrom(
        '__proto__ ',
        'constructor x',
        '1 M. N',
        '2 R. ',
        'u ',
        '? ',
        '1',
        '',
        '#',
        '3\t',
        '-\t-\t',
        'x\ty\tz',
      ),
    ),
  )
  fc.assert(
    fc.property(records, (list) => {
      const status = new StatusReader()
      const numstat = new NumstatReader()
      for (const record of list) {
        for (const change of status.push(record)) t.not(change.path, '')
        const count = numstat.push(record)
        if (count !== undefined && !(count.additions >= 0 && count.deletions >= 0)) t.fail(record)
      }
    }),
  )
  t.end()
})

void t.test('where git keeps itself', async (t) => {
  const folder = makeFolder(t)
  const main = join(folder, 'main\nline')
  mkdirSync(join(main, 'pkg'), { recursive: true })
  sh(main, 'git init -q; git commit -q --allow-empty -m a; git worktree add -q ../tree')
  symlinkSync(main, join(folder, 'link'))
  const own = { repoRoot: main, gitDir: join(main, '.git'), commonDir: join(main, '.git') }
  t.strictSame(await readGitDirs(main, gitEnv), own)
  t.strictSame(await readGitDirs(join(main, 'pkg'), gitEnv), own)
  t.strictSame(await readGitDirs(join(folder, 'link'), gitEnv), own)
  t.strictSame(await readGitDirs(join(folder, 'tree'), gitEnv), {
    repoRoot: join(folder, 'tree'),
    gitDir: join(main, '.git/worktrees/tree'),
    commonDir: join(main, '.git'),
  })
  t.equal(await readGitDirs(folder, gitEnv), null)
  t.equal(await readGitDirs(main, { PATH: '/nonexistent' }), null)
  rmSync(main, { recursive: true })
  t.equal(await readGitDirs(main, gitEnv), null)
})
