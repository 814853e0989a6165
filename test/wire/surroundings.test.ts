import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { nameFor } from '../../lib/wire/names.js'
import { sessionId, type Env } from '../../lib/wire/identity.js'
import { gitCommonDir, lookAround } from '../../lib/wire/surroundings.js'

function tempDir(t: Test): string {
  const dir = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'aoc-around-')))
  t.teardown(() => fs.rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** The environment of git without what the machine's own settings would add. */
const gitEnv = {
  PATH: process.env['PATH'],
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@b',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@b',
}

function git(cwd: string, ...args: string[]): string {
  const more = ['-c', 'protocol.file.allow=always', '-c', 'init.defaultBranch=main']
  return execFileSync('git', [...more, ...args], { cwd, env: gitEnv, encoding: 'utf8', stdio: 'pipe' }).trim()
}

/** A repository with one commit. */
function repository(dir: string): string {
  fs.mkdirSync(dir, { recursive: true })
  git(dir, 'init', '-q')
  git(dir, 'commit', '-q', '--allow-empty', '-m', 'first')
  return dir
}

/** What git itself says. */
function askGit(cwd: string): string {
  const at = fs.realpathSync(cwd)
  return fs.realpathSync(path.resolve(at, git(at, 'rev-parse', '--git-common-dir')))
}

void t.test('the common directory is the one git names', async (t) => {
  const dir = tempDir(t)
  const shop = repository(path.join(dir, 'shop'))
  fs.mkdirSync(path.join(shop, 'src/deep'), { recursive: true })
  git(shop, 'worktree', 'add', '-q', path.join(dir, 'shop-feature'))
  fs.mkdirSync(path.join(dir, 'shop-feature/src'))
  const library = repository(path.join(dir, 'library'))
  git(shop, 'submodule', '--quiet', 'add', library, 'vendor/library')
  git(dir, 'clone', '-q', shop, 'copy')
  fs.mkdirSync(path.join(dir, 'apart'))
  git(dir, 'init', '-q', '--separate-git-dir', path.join(dir, 'apart.git'), 'apart')
  fs.symlinkSync(path.join(shop, 'src'), path.join(dir, 'link'))
  fs.mkdirSync(path.join(dir, 'linked'))
  fs.symlinkSync(path.join(library, '.git'), path.join(dir, 'linked/.git'))
  repository(path.join(shop, 'inner'))

  const table: [string, string][] = [
    ['shop', 'shop/.git'],
    ['shop/src/deep', 'shop/.git'],
    ['shop-feature', 'shop/.git'],
    ['shop-feature/src', 'shop/.git'],
    ['shop/vendor/library', 'shop/.git/modules/vendor/library'],
    ['library', 'library/.git'],
    ['copy', 'copy/.git'],
    ['apart', 'apart.git'],
    ['link', 'shop/.git'],
    ['link/deep', 'shop/.git'],
    ['linked', 'library/.git'],
    ['shop/inner', 'shop/inner/.git'],
  ]
  for (const [at, common] of table) {
    const found = gitCommonDir(path.join(dir, at))
    t.equal(found, path.join(dir, common), at)
    t.equal(found, askGit(path.join(dir, at)), `${at}, as git says`)
  }
})

void t.test('what is no repository has none', async (t) => {
  const dir = tempDir(t)
  const cases: [string, (dotGit: string) => void][] = [
    ['nothing', () => {}],
    ['an empty file', (file) => fs.writeFileSync(file, '')],
    ['garbage', (file) => fs.writeFileSync(file, Buffer.from('\xff\xfe\0gitdir: x\n', 'latin1'))],
    ['a link to nowhere', (file) => fs.writeFileSync(file, 'gitdir: ../gone\n')],
    ['a word with nothing after', (file) => fs.writeFileSync(file, 'gitdir: \n')],
    ['an empty folder', (file) => fs.mkdirSync(file)],
    ['a link to itself', (file) => fs.symlinkSync('.git', file)],
    ['a pipe nobody writes to', (file) => execFileSync('mkfifo', [file])],
    ['a file of a megabyte', (file) => fs.writeFileSync(file, 'gitdir: '.repeat(131_072))],
  ]
  for (const [name, make] of cases) {
    const project = path.join(dir, name.replaceAll(' ', '-'))
    fs.mkdirSync(project)
    make(path.join(project, '.git'))
    t.equal(gitCommonDir(project), null, name)
    t.equal(
      lookAround({ projectRoot: project, session: 's' }, {}).projectKey,
      project,
      `${name}: its own path`,
    )
  }
  t.equal(gitCommonDir(path.join(dir, 'is not there')), null)
})

void t.test('a project that is not there yet is its path', async (t) => {
  const dir = tempDir(t)
  t.equal(lookAround({ session: 's', projectRoot: 'new' }, {}, dir).projectKey, path.join(dir, 'new'))
  t.match(lookAround({ session: 's' }, {}, dir), {
    uid: process.getuid?.(),
    cwd: dir,
    tmpdir: os.tmpdir(),
    projectKey: dir,
    tmuxSession: undefined,
  })
})

void t.test('worktrees share a generated session, clones do not', async (t) => {
  const dir = tempDir(t)
  const shop = repository(path.join(dir, 'shop'))
  git(shop, 'worktree', 'add', '-q', path.join(dir, 'feature'))
  git(dir, 'clone', '-q', shop, 'copy')
  const name = (at: string): string => {
    const flags = { projectRoot: path.join(dir, at) }
    return sessionId(flags, {}, lookAround(flags, {}))
  }
  t.equal(name('feature'), name('shop'))
  t.equal(name('shop'), nameFor(path.join(shop, '.git')))
  t.equal(name('copy'), nameFor(path.join(dir, 'copy/.git')))
})

/** Runs `body` with some of this process's environment changed: tmux is found and reached through it. */
function withEnv<T>(env: Env, body: () => T): T {
  const before = { ...process.env }
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  try {
    return body()
  } finally {
    for (const name of Object.keys(env)) {
      if (before[name] === undefined) delete process.env[name]
      else process.env[name] = before[name]
    }
  }
}

/** A `tmux` that writes down what it was asked and does what `script` says. */
function fakeTmux(t: Test, script: string): { path: string; asked: () => string } {
  const dir = tempDir(t)
  const notes = path.join(dir, 'asked')
  const text = `#!/bin/sh\nprintf '%s\\n' "$*" >>'${notes}'\n${script}\n`
  fs.writeFileSync(path.join(dir, 'tmux'), text, { mode: 0o755 })
  const asked = (): string => (fs.existsSync(notes) ? fs.readFileSync(notes, 'utf8') : '')
  return { path: `${dir}:${process.env['PATH']}`, asked }
}

void t.test('tmux is asked only when nothing stronger names a session', async (t) => {
  const inside = { TMUX: '/tmp/tmux-0/default,1,0', TMUX_PANE: '%4' }
  const table: [{ session?: string }, Env, string | undefined, boolean][] = [
    [{}, inside, 'the one', true],
    [{}, { TMUX: inside.TMUX }, 'the one', true],
    [{}, { ...inside, ZELLIJ_SESSION_NAME: '', AOC_SESSION_ID: '' }, 'the one', true],
    [{ session: '' }, inside, 'the one', true],
    [{ session: 'flag' }, inside, undefined, false],
    [{}, { ...inside, ZELLIJ_SESSION_NAME: 'z' }, undefined, false],
    [{}, { ...inside, AOC_SESSION_ID: 'a' }, undefined, false],
    [{}, {}, undefined, false],
    [{}, { TMUX: '' }, undefined, false],
  ]
  for (const [flags, env, session, isAsked] of table) {
    const tmux = fakeTmux(t, `printf 'the one\\n'`)
    const vars = { ...env, PATH: tmux.path }
    const around = withEnv(vars, () => lookAround(flags, vars, '/'))
    const name = JSON.stringify([flags, env])
    t.equal(around.tmuxSession, session, name)
    t.equal(tmux.asked() !== '', isAsked, name)
    if (isAsked) t.match(tmux.asked(), /display-message -p.* #S\n$/, name)
    if (isAsked) t.equal(tmux.asked().includes('-t %4'), 'TMUX_PANE' in env, 'its pane is named')
  }
})

void t.test('a tmux that fails, hangs or says nothing names no session', async (t) => {
  const table: [string, string][] = [
    ['fails', `echo 'no server running' >&2; exit 1`],
    ['fails after an answer', `echo half; exit 1`],
    ['says nothing', `exit 0`],
    ['says an empty line', `echo`],
    ['hangs', `exec sleep 20`],
  ]
  for (const [name, script] of table) {
    const vars = { TMUX: 'x', PATH: fakeTmux(t, script).path }
    const startMs = Date.now()
    t.equal(withEnv(vars, () => lookAround({}, vars, '/')).tmuxSession, undefined, name)
    t.ok(Date.now() - startMs < 10_000, `${name}: it is not waited for`)
  }
  const vars = { TMUX: 'x', PATH: '/nonexistent' }
  t.equal(withEnv(vars, () => lookAround({}, vars, '/')).tmuxSession, undefined, 'not installed')
})

const hasTmux = ((): boolean => {
  try {
    return execFileSync('tmux', ['-V'], { encoding: 'utf8' }).startsWith('tmux')
  } catch {
    return false
  }
})()

void t.test('a real tmux', { skip: hasTmux ? false : 'tmux is not installed' }, async (t) => {
  const dir = tempDir(t)
  const bare = { TMUX_TMPDIR: dir, TMUX: undefined, TMUX_PANE: undefined }
  const tmux = (...args: string[]): string =>
    withEnv(bare, () =>
      execFileSync('tmux', ['-u', '-L', 'aoc', '-f', '/dev/null', ...args], { encoding: 'utf8' }).trim(),
    )
  t.teardown(() => {
    try {
      tmux('kill-server')
    } catch {
      // It has ended.
    }
  })
  const start = (name: string): string =>
    tmux('new-session', '-d', '-s', name, '-P', '-F', '#{pane_id}', 'exec sleep 600')
  const panes: [string, string][] = ['shop', 'two words', 'séance-日本'].map((name) => [name, start(name)])
  const socket = tmux('display-message', '-p', '#{socket_path},#{pid},0')
  for (const locale of ['C.UTF-8', 'C'])
    for (const [name, pane] of panes) {
      const vars = { TMUX_TMPDIR: dir, TMUX: socket, TMUX_PANE: pane, LC_ALL: locale }
      t.equal(
        withEnv(vars, () => lookAround({}, vars, dir)).tmuxSession,
        name,
        `${pane} with LC_ALL=${locale}`,
      )
    }
})
