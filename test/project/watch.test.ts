import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, watch, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import t from 'tap'

import { readDiffSummary, readGitDirs } from '../../lib/project/git.js'
import { tasksPath } from '../../lib/project/tasks.js'
import { FolderTree, type WatchFolder } from '../../lib/project/watch-tree.js'
import { watchProject, type WatchOptions } from '../../lib/project/watch.js'
import { gitEnv, makeFolder, sh } from './repository.js'

type Test = Parameters<typeof makeFolder>[0]

/** A watched project that counts what it hears. */
class Watched {
  git = 0
  tasks = 0
  readonly reasons: string[] = []
  /** Folders with an open system watch. */
  readonly open: string[] = []
  /** Ends the watch; made by `start`. */
  close = (): Promise<void> => Promise.resolve()
  readonly projectRoot: string

  private constructor(projectRoot: string) {
    this.projectRoot = projectRoot
  }

  static async start(t: Test, projectRoot: string, options: Partial<WatchOptions> = {}): Promise<Watched> {
    const watched = new Watched(projectRoot)
    const watching = await watchProject({
      projectRoot,
      gitDirs: await readGitDirs(projectRoot, gitEnv),
      onGit: () => watched.git++,
      onTasks: () => watched.tasks++,
      onUnwatched: (reason) => watched.reasons.push(reason),
      ...options,
      watchFolder: watched.#noting(options.watchFolder ?? watch),
    })
    watched.close = () => watching.close()
    t.teardown(() => void watching.close())
    return watched
  }

  #noting(watchFolder: WatchFolder): WatchFolder {
    return (path, onEvent) => {
      const watcher = watchFolder(path, onEvent)
      this.open.push(path)
      return {
        on: (event, listener) => watcher.on(event, listener),
        close: () => {
          watcher.close()
          this.open.splice(this.open.indexOf(path), 1)
        },
      }
    }
  }

  /** Writes the tasks file, and waits until that is heard. */
  async tell(): Promise<void> {
    const file = join(this.projectRoot, tasksPath)
    await this.heard('tasks', () => {
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, '{}')
    })
  }

  /**
   * Waits until all that has happened so far has been heard: the system tells of things in their order, so that what came
   * before the tasks file's change is heard before it. New folders are looked at after that, and get a round of their own.
   */
  async settle(): Promise<void> {
    for (let before = -1; before !== this.git;) {
      before = this.git
      await this.tell()
      await delay(100)
    }
  }

  async heard(what: 'git' | 'tasks', act: () => unknown): Promise<void> {
    const before = this[what]
    act()
    await until(() => this[what] > before, `${what} is told`)
  }
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (const endMs = Date.now() + 15_000; !condition(); await delay(5)) {
    if (Date.now() > endMs) throw new Error(`in vain: ${what}`)
  }
}

/** Every repository here; the tasks are excluded, so that their file can be written without a change to the diff. */
const repository = `git init -q; printf '.taskmaster\\nexcluded/\\n' >> .git/info/exclude
  mkdir -p src/deep .taskmaster/tasks node_modules/a excluded
  echo 1 > src/deep/f; echo 1 > f; printf 'node_modules/\\n*.log\\n' > .gitignore; printf 'gen*\\n!gentle\\n' > src/.gitignore
  git add .; git commit -qm a`

interface Case {
  title: string
  /** Done before the watch begins. */
  prepare?: string
  /** Done one after the other; all but the last only lead there. */
  steps: string[]
  /** Where the agent works. */
  from?: string
}

const told: Case[] = [
  { title: 'a file edited', steps: ['echo 2 > f'] },
  { title: 'a file edited in a folder', steps: ['echo 2 > src/deep/f'] },
  { title: 'a file made', steps: ['echo 2 > src/new'] },
  { title: 'a file removed', steps: ['rm src/deep/f'] },
  { title: 'a file renamed', steps: ['mv src/deep/f src/deep/g'] },
  { title: 'a file replaced', prepare: 'echo 2 > ../g', steps: ['mv ../g f'] },
  { title: 'a mode', steps: ['chmod +x f'] },
  { title: 'new folders', steps: ['mkdir -p a/b/c; echo 1 > a/b/c/f'] },
  { title: 'a file in new folders', steps: ['mkdir -p a/b/c', 'echo 1 > a/b/c/f'] },
  {
    title: 'a folder removed and made again',
    steps: ['rm -r src/deep; mkdir src/deep', 'echo 2 > src/deep/f'],
  },
  { title: 'a folder moved', steps: ['mv src moved', 'echo 2 > moved/deep/f'] },
  { title: 'a folder moved in', prepare: 'mkdir -p ../in/deep', steps: ['mv ../in .', 'echo 2 > in/deep/f'] },
  { title: 'a folder named as the one around it', steps: ['mkdir src/src; rmdir src/src', 'echo 2 > src/f'] },
  { title: 'staged', prepare: 'echo 2 > f', steps: ['git add f'] },
  { title: 'unstaged', prepare: 'echo 2 > f; git add f', steps: ['git reset -q'] },
  { title: 'a commit', steps: ['git commit -q --allow-empty -m b'] },
  { title: 'a branch', steps: ['git switch -qc other'] },
  {
    title: 'a soft reset',
    prepare: 'git commit -q --allow-empty -m b',
    steps: ['git reset -q --soft HEAD~'],
  },
  {
    title: 'a soft reset without logs, on a branch with a slash',
    prepare:
      'git config core.logAllRefUpdates false; rm -r .git/logs; git switch -qc a/b; git commit -q --allow-empty -m b',
    steps: ['git reset -q --soft HEAD~'],
  },
  {
    title: 'a soft reset on a branch whose folder is one too many',
    prepare: 'for i in $(seq 300); do mkdir .git/refs/heads/d$i; done',
    steps: ['git switch -qc late/branch; git commit -q --allow-empty -m b', 'git reset -q --soft HEAD~'],
  },
  { title: 'stashed', prepare: 'echo 2 > f', steps: ['git stash -q'] },
  {
    title: 'checkout of a branch without a folder, and back',
    prepare: 'git switch -qc less; git rm -qr src; git commit -qm b; git switch -q main',
    steps: ['git switch -q less', 'git switch -q main', 'echo 2 > src/deep/f'],
  },
  { title: 'from a folder of the repository: a file beside it', steps: ['echo 2 > f'], from: 'src' },
  {
    title: 'a linked work tree: a file',
    prepare: 'git worktree add -q ../tree',
    steps: ['echo 2 > ../tree/f'],
    from: '../tree',
  },
  {
    title: 'a linked work tree: a commit',
    prepare: 'git worktree add -q ../tree',
    steps: ['git -C ../tree commit -q --allow-empty -m b'],
    from: '../tree',
  },
  {
    title: 'a submodule',
    prepare:
      'git init -q ../s; git -C ../s commit -q --allow-empty -m s; git submodule --quiet add ../s sub 2>&1',
    steps: ['echo 1 > sub/new'],
  },
  { title: 'a folder is ignored no more', steps: ['echo > .gitignore', 'echo 1 > node_modules/a/f'] },
  {
    title: 'a folder is excluded no more',
    steps: ['echo .taskmaster > .git/info/exclude', 'echo 1 > excluded/f'],
  },
  { title: 'a deeper rule takes back', steps: ['mkdir src/gentle', 'echo 1 > src/gentle/f'] },
  {
    title: 'the repository is made anew',
    steps: ['rm -rf .git; git init -q; echo .taskmaster >> .git/info/exclude', 'git add .'],
  },
]

/** A repository as `repository` makes it, prepared and watched. */
async function started(
  t: Test,
  { prepare = 'true', from = '.' }: Partial<Case>,
  options?: Partial<WatchOptions>,
) {
  const root = join(makeFolder(t), 'repo')
  mkdirSync(root)
  sh(root, `${repository}\n${prepare}`)
  return { root, watched: await Watched.start(t, join(root, from), options) }
}

void t.test('what may change the diff is told', async (t) => {
  for (const one of told) {
    await t.test(one.title, async (t) => {
      const { root, watched } = await started(t, one)
      for (const step of one.steps.slice(0, -1)) {
        await watched.heard('git', () => sh(root, step))
        await watched.settle()
      }
      await watched.heard('git', () => sh(root, one.steps.at(-1)!))
      t.strictSame(watched.reasons, [])
    })
  }
})

const untold: Case[] = [
  {
    title: 'a lock of the index that comes to nothing',
    steps: ['touch .git/index.lock; rm .git/index.lock'],
  },
  { title: 'objects', steps: ['echo new | git hash-object -w --stdin > /dev/null'] },
  { title: 'a lock of a branch', steps: ['touch .git/refs/heads/main.lock; rm .git/refs/heads/main.lock'] },
  {
    title: "another work tree's index",
    prepare: 'git worktree add -q ../tree',
    steps: ['touch ../tree/new; git -C ../tree add new'],
  },
  { title: 'an ignored file', steps: ['echo 1 > x.log; echo 2 >> x.log; rm x.log'] },
  { title: 'a file in an ignored folder', steps: ['echo 1 > node_modules/a/f; mkdir node_modules/b'] },
  { title: 'a file in an excluded folder', steps: ['echo 1 > excluded/f'] },
  { title: 'a deeper rule', steps: ['echo 1 > src/generated'] },
  { title: 'our own logs', prepare: 'mkdir .aoc', steps: ['echo 1 > .aoc/log'] },
  {
    title: 'a file in a folder that is ignored now',
    steps: ['echo src/ >> .gitignore', 'echo 2 > src/deep/f'],
  },
  {
    title: 'a repository inside',
    prepare: 'git init -q inner',
    steps: ['echo 1 > inner/f; git -C inner add f'],
  },
  {
    title: 'a repository that is made inside',
    steps: ['mkdir inner', 'git init -q inner', 'echo 1 > inner/f; git -C inner add f'],
  },
  { title: 'a work tree inside', steps: ['git worktree add -q inner', 'echo 2 > inner/f'] },
  {
    title: 'behind a link',
    prepare: 'mkdir ../out; ln -s ../out link',
    steps: ['echo 1 > ../out/f; echo 1 > link/g'],
  },
  { title: 'behind a new link', prepare: 'mkdir ../out', steps: ['ln -s ../out link', 'echo 1 > ../out/f'] },
]

void t.test('what cannot is not', async (t) => {
  for (const one of untold) {
    await t.test(one.title, async (t) => {
      const { root, watched } = await started(t, one)
      for (const step of one.steps.slice(0, -1)) {
        await watched.heard('git', () => sh(root, step))
        await watched.settle()
      }
      const before = watched.git
      sh(root, one.steps.at(-1)!)
      await watched.tell()
      t.equal(watched.git, before)
    })
  }

  await t.test('reading the diff, with files that look changed', async (t) => {
    const { root, watched } = await started(t, { prepare: 'touch -t 200101010000 f src/deep/f; echo 2 > f' })
    const diff = await readDiffSummary({ agentId: 's::1', projectRoot: root, env: gitEnv })
    t.equal(diff.files.length, 1)
    await watched.tell()
    t.equal(watched.git, 0)
  })
})

const tasks: { title: string; steps: string[] }[] = [
  { title: 'made, with its folders', steps: ['rm -r .taskmaster', 'mkdir -p $d; echo 1 > $t'] },
  { title: 'edited', steps: ['echo 2 > $t'] },
  { title: 'replaced', steps: ['echo 2 > $t.tmp; mv $t.tmp $t'] },
  { title: 'removed', steps: ['rm $t'] },
  {
    title: 'its folders removed and made again',
    steps: ['rm -r .taskmaster', 'mkdir -p $d; echo 1 > $t', 'echo 2 > $t'],
  },
  {
    title: 'its folders replaced at once',
    steps: ['rm -r .taskmaster; mkdir -p $d; echo 1 > $t', 'echo 2 > $t'],
  },
  { title: 'its folder replaced', steps: ['mv $d .taskmaster/old; mkdir $d; echo 1 > $t', 'echo 2 > $t'] },
]

void t.test('the tasks file', async (t) => {
  for (const [init, watches] of [
    ['git init -q', 2],
    ['true # no repository', 1],
  ] as const) {
    for (const { title, steps } of tasks) {
      const root = makeFolder(t)
      const folder = join(root, dirname(tasksPath))
      const paths = `d=${dirname(tasksPath)}; t=${tasksPath}`
      sh(root, `${paths}; mkdir -p $d; echo 1 > $t; ${init}`)
      const watched = await Watched.start(t, root)
      for (const step of steps) {
        await watched.heard('tasks', () => sh(root, `${paths}; ${step}`))
        const expected = existsSync(folder) ? watches : 0
        const opened = () => watched.open.filter((path) => path === folder).length
        await until(() => opened() === expected, 'its folder is watched')
      }
      t.pass(`${title}; ${init}`)
      await watched.close()
    }
  }
})

void t.test('a repository that appears', async (t) => {
  const root = makeFolder(t)
  const watched = await Watched.start(t, root)
  t.strictSame(watched.open, [root])
  await watched.heard('git', () => sh(root, 'git init -q'))
})

void t.test('what is not watched is told once', async (t) => {
  /** Refuses as the system does once so many watches are open. */
  const refusing = (code: string, after: number): WatchFolder => {
    let opened = 0
    return (path, onEvent) => {
      if (++opened > after) throw Object.assign(new Error(code), { code })
      return watch(path, onEvent)
    }
  }
  const cases: {
    title: string
    options: Partial<WatchOptions>
    reason: RegExp
    still: ('git' | 'tasks')[]
  }[] = [
    {
      title: 'too many folders',
      options: { limits: { foldersMax: 2 } },
      reason:
        /^The repository has more than 2 folders that git does not ignore: its files are not watched\.$/,
      still: ['git', 'tasks'],
    },
    {
      title: 'no watches left',
      options: { watchFolder: refusing('ENOSPC', 9) },
      reason:
        /^The system's watches are used up .*max_user_watches.*: the repository's files are not watched\.$/,
      still: ['git', 'tasks'],
    },
    {
      title: 'no watcher at all',
      options: { watchFolder: refusing('EMFILE', 0) },
      reason: /^The system gives no more watchers .*max_user_instances/,
      still: [],
    },
  ]
  for (const { title, options, reason, still } of cases) {
    await t.test(title, async (t) => {
      const { root, watched } = await started(t, {}, options)
      t.match(watched.reasons, [reason])
      t.equal(watched.reasons.length, 1)
      t.notOk(watched.open.includes(join(root, 'src')), 'what was watched of it is let go')
      if (still.includes('tasks')) {
        sh(root, 'echo 2 > src/deep/f; echo 2 > f; mkdir -p many/more')
        await watched.tell()
        t.equal(watched.git, 0)
      }
      if (still.includes('git')) await watched.heard('git', () => sh(root, 'git add .'))
      t.equal(watched.reasons.length, 1)
    })
  }

  await t.test('it grows too large later', async (t) => {
    const { root, watched } = await started(t, {}, { limits: { foldersMax: 5 } })
    t.strictSame(watched.reasons, [])
    sh(root, 'for i in 1 2 3 4 5; do mkdir more$i; done')
    await until(() => watched.reasons.length > 0, 'it is told')
    t.match(watched.reasons, [/more than 5 folders/])
  })

  await t.test('the project folder is not there', async (t) => {
    const watched = await Watched.start(t, join(makeFolder(t), 'gone'))
    t.strictSame(watched.reasons, ['The project folder cannot be watched.'])
  })
})

void t.test('after close nothing is told', async (t) => {
  const { root, watched } = await started(t, {})
  sh(root, 'echo 2 > f; mkdir -p a/b; echo 1 > a/b/f')
  await watched.close()
  const { git, tasks } = watched
  t.strictSame(watched.open, [])
  sh(root, `echo 3 > f; git add .; echo 1 > ${tasksPath}`)
  // Another watch of the same folder hears of it, so that this one would have, too.
  const other = await Watched.start(t, root)
  await other.heard('git', () => sh(root, 'echo 4 > f'))
  t.strictSame([watched.git, watched.tasks], [git, tasks])

  const early = new FolderTree({
    root,
    foldersMax: 100,
    enters: () => true,
    onEvent: (path) => t.fail(path),
    onRefused: (cause) => t.fail(String(cause)),
  })
  const starting = early.start()
  await early.close()
  t.equal(await starting, false)
  t.equal(early.size, 0)
})

void t.test('a folder made later is told of again when it is watched', async (t) => {
  const root = makeFolder(t)
  const heard: string[] = []
  const onEvent = (path: string) => heard.push(path)
  const onRefused = (cause: unknown) => t.fail(String(cause))
  const tree = new FolderTree({ root, foldersMax: 9, enters: () => true, onEvent, onRefused })
  await tree.start()
  t.strictSame(heard, [], 'not of what was there')
  mkdirSync(join(root, 'new'))
  await until(() => heard.length === 2, 'both are told')
  t.strictSame(heard, ['new', 'new'])
  await tree.close()
})

void t.test('no folder is lost, whatever another process does', { timeout: 60_000 }, async (t) => {
  const churn = `
    import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
    let state = Number(process.argv[1])
    const below = (n) => ((state = (state * 1103515245 + 12345) & 0x7fffffff) >> 8) % n
    const pause = new Int32Array(new SharedArrayBuffer(4))
    for (const endMs = Date.now() + 400; Date.now() < endMs; ) {
      const top = 'd' + below(3), middle = top + '/e' + below(3), deep = middle + '/f' + below(2)
      try {
        switch (below(4)) {
          case 0: rmSync(middle, { recursive: true, force: true }); break
          case 1: renameSync(top, 'd' + below(3)); break
          default: mkdirSync(deep, { recursive: true }); writeFileSync(deep + '/file', '')
        }
      } catch {}
      if (below(4) === 0) Atomics.wait(pause, 0, 0, below(4))
    }`
  const first = Date.now() % 1_000_000
  for (const seed of [first, first + 1, first + 2]) {
    const root = makeFolder(t)
    const heard = new Set<string>()
    const onEvent = (path: string) => heard.add(path)
    const onRefused = (cause: unknown) => t.fail(String(cause))
    const tree = new FolderTree({ root, foldersMax: 100, enters: () => true, onEvent, onRefused })
    await tree.start()
    const child = spawn(process.execPath, ['--input-type=module', '-e', churn, String(seed)], {
      cwd: root,
      stdio: 'inherit',
    })
    await once(child, 'exit')
    const folders = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    await until(
      () => tree.size === folders.length + 1,
      `${folders.length + 1} folders are watched, seed ${seed}`,
    )
    heard.clear()
    for (const folder of folders) writeFileSync(join(root, folder, 'probe'), '')
    await until(() => folders.every((folder) => heard.has(join(folder, 'probe'))), `all report, seed ${seed}`)
    await tree.close()
    t.pass(`${folders.length} folders, seed ${seed}`)
  }
})
