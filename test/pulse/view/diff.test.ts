import t from 'tap'
import { diffView } from '../../../lib/pulse/view/diff.js'
import { diffOfFiles, linesOf, modelOf, stateOf } from '../model.js'
import { exampleStates } from './example.js'

const of = (columns: number): string[] =>
  linesOf(diffView, modelOf({ session: { states: exampleStates }, columns, rows: 24 }))

void t.test('files per repository, in 120 columns', async (t) => {
  t.strictSame(of(120), [
    '7 changes  +140 -422  in 2 repositories',
    'shop  @main  7 changes  +140 -422  claude, codex  /home/me/shop',
    '  U conflict   unstaged  src/orders/merge.ts                                                  +4   -2',
    '  M modified   staged    src/orders/create.ts                                               +120   -4',
    '  M modified   unstaged  src/orders/create.ts                                                 +3   -0',
    '  D deleted    unstaged  src/legacy/cart.ts                                                   +0 -412',
    '  R renamed    staged    lib/old.ts → lib/new.ts                                              +1   -1',
    '  M modified   unstaged  docs/日本語の説明.md                                                +12   -3',
    '  ? untracked            very/deep/folder/with/a/long/path/that/does/not/fit/index.test.ts        new',
    'api  opencode  /srv/api',
    '    ! git is missing — install git, or put it on PATH',
    'infra  @trunk  clean  make  /srv/infra',
    'docs  gemini  /home/me/docs',
    '    · not a git repository — to see changes, run there: git init',
  ])
})

void t.test('files per repository, in 80 columns', async (t) => {
  t.strictSame(of(80), [
    '7 changes  +140 -422  in 2 repositories',
    'shop  @main  7 changes  +140 -422  claude, codex  /home/me/shop',
    '  U conflict   unstaged  src/orders/merge.ts                             +4   -2',
    '  M modified   staged    src/orders/create.ts                          +120   -4',
    '  M modified   unstaged  src/orders/create.ts                            +3   -0',
    '  D deleted    unstaged  src/legacy/cart.ts                              +0 -412',
    '  R renamed    staged    lib/old.ts → lib/new.ts                         +1   -1',
    '  M modified   unstaged  docs/日本語の説明.md                           +12   -3',
    '  ? untracked            …a/long/path/that/does/not/fit/index.test.ts        new',
    'api  opencode  /srv/api',
    '    ! git is missing — install git, or put it on PATH',
    'infra  @trunk  clean  make  /srv/infra',
    'docs  gemini  /home/me/docs',
    '    · not a git repository — to see changes, run there: git init',
  ])
})

void t.test('files per repository, in 40 columns', async (t) => {
  t.strictSame(of(40), [
    '7 changes  +140 -422',
    'shop  @main  7 +140 -422  claude, codex',
    '   U src/orders/merge.ts         +4   -2',
    '  M  src/orders/create.ts      +120   -4',
    '   M src/orders/create.ts        +3   -0',
    '   D src/legacy/cart.ts          +0 -412',
    '  R  lib/old.ts → lib/new.ts     +1   -1',
    '   M docs/日本語の説明.md       +12   -3',
    '  ?? …s/not/fit/index.test.ts        new',
    'api  opencode  /srv/api',
    '    ! git is missing',
    '      install git, or put it on PATH',
    'infra  @trunk  clean  make  /srv/infra',
    'docs  gemini  /home/me/docs',
    '    · not a git repository',
    '      to see changes, run there: git',
    '      init',
  ])
})

void t.test('what cannot be counted is said in a word', async (t) => {
  const files = [
    { path: 'logo.png', status: 'modified', binary: true },
    { path: 'vendor', status: 'modified', submodule: true },
    { path: 'new.txt', status: 'untracked', untracked: true },
    { path: 'counted.txt', status: 'untracked', untracked: true, additions: 7 },
  ]
  const states = [stateOf('1', { diff: diffOfFiles([], { files, files_total: 90 }) })]
  t.strictSame(linesOf(diffView, modelOf({ states, columns: 80 })).slice(2), [
    '  M modified   unstaged  logo.png                  binary',
    '  M modified   unstaged  vendor                    module',
    '  ? untracked            new.txt                      new',
    '  ? untracked            counted.txt                +7 -0',
    '    · 86 more are not listed — see them with: git status',
  ])
})

void t.test('a repository of several sessions counts once', async (t) => {
  const none = { git_available: false, reason: 'git_missing' }
  const of = (id: string, more: object = {}, files = ['M a.ts +3 -1']): object => ({
    id,
    states: [stateOf('1', { session: id, diff: diffOfFiles(files, more as Record<string, unknown>) })],
  })
  const head = (...sessions: object[]): string | undefined =>
    linesOf(diffView, modelOf({ sessions, columns: 120 }))[0]
  t.equal(head(of('a'), of('b')), '1 change  +3 -1  in 1 repository')
  t.equal(head(of('a', none, []), of('b')), '1 change  +3 -1  in 1 repository', 'by the one that has a diff')
  t.equal(head(of('a'), of('b', none, [])), '1 change  +3 -1  in 1 repository')
  t.equal(head(of('a'), of('b', { repo_root: '/srv/x' })), '2 changes  +6 -2  in 2 repositories')
})

void t.test('an unwatched repository', async (t) => {
  const unwatched = 'The system has too many open files.'
  const states = [stateOf('1', { diff: diffOfFiles([], { unwatched }) })]
  t.strictSame(linesOf(diffView, modelOf({ states, columns: 80 })).slice(1), [
    'shop  @main  clean  1  /home/me/shop',
    '    ! its files are not watched',
    '      press r to look again. The system has too many open files.',
  ])
})

void t.test('nothing to show', async (t) => {
  t.match(diffView.empty(modelOf()), ['No changes: there is no agent yet.', /aoc-agent-wrap/])
  t.match(diffView.empty(modelOf({ states: exampleStates })), [/told of changes/, /git/])
  t.match(diffView.empty(modelOf({ filter: 'x' })), ['Nothing here matches "x".', /Esc/])
})
