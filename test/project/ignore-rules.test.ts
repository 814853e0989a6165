import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import t from 'tap'

import { IgnoreRules } from '../../lib/project/ignore-rules.js'
import { makeFolder, sh } from './repository.js'

const files: Record<string, string> = {
  '.gitignore':
    'node_modules/\n*.log\r\n/build\n!keep.log\n# note\n\ndoc/*.txt\n**/cache\nCase\n\\#odd\ntrail  \n',
  'pkg/.gitignore': 'dist\n!/build\n*.tmp\n/a/**/z\n',
  'pkg/deep/.gitignore': '!*.log\n*\n!*/\n!wanted\n',
  '.git/info/exclude': '*.secret\nkeep.log\n',
}

const paths = [
  'node_modules/',
  'doc/node_modules',
  'pkg/node_modules/',
  'x.log',
  'keep.log',
  'pkg/keep.log',
  'build/',
  'pkg/build/',
  'doc/a.txt',
  'pkg/doc/a.txt',
  'pkg/dist/',
  'dist/',
  'pkg/a/z',
  'pkg/a/b/c/z',
  'pkg/deep/x.log',
  'pkg/deep/wanted',
  'pkg/deep/folder/',
  'a/cache/',
  'case',
  '#odd',
  'trail',
  'my.secret',
  'pkg/with space & "quotes"',
]

void t.test('rules and paths: the same as git', async (t) => {
  const root = makeFolder(t)
  sh(root, 'git init -q')
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const rules = new IgnoreRules(root)
  await rules.loadExclude(join(root, '.git'))
  for (const folder of ['', 'pkg', 'pkg/deep', 'no such folder']) await rules.load(folder)
  for (const path of paths) {
    const kind = path.endsWith('/') ? 'folder' : 'file'
    if (kind === 'folder') mkdirSync(join(root, path), { recursive: true })
    const git = sh(root, `git check-ignore -q -- '${path}' && echo true || echo false`).trim()
    t.equal(String(rules.ignores(path.replace(/\/$/, ''), kind)), git, path)
  }
  rules.forget('pkg')
  t.equal(rules.ignores('pkg/dist', 'folder'), false)
  t.equal(rules.ignores('pkg/.git', 'folder'), true)
  t.equal(rules.ignores('pkg/.aoc', 'folder'), true)
})

void t.test('rules that would take long are left out', async (t) => {
  const root = makeFolder(t)
  const slow = ['a/**/a/**/a/**/a/**/b', `${'*a'.repeat(40)}*b`, 'x'.repeat(10_000)]
  writeFileSync(join(root, '.gitignore'), [...slow, 'quick', '**/a/**/quick2', '*.min.*'].join('\n'))
  const rules = new IgnoreRules(root)
  await rules.load('')
  t.equal(rules.ignores('a/a/a/a/b', 'file'), false)
  t.equal(rules.ignores(`${'a'.repeat(50)}b`, 'file'), false)
  t.equal(rules.ignores('quick', 'file'), true)
  t.equal(rules.ignores('a/b/c/quick2', 'file'), true)
  t.equal(rules.ignores('x.min.js', 'file'), true)
})

void t.test('what stands in place of an ignore file holds no rules', async (t) => {
  const root = makeFolder(t)
  sh(
    root,
    'mkdir folder pipe link large; mkdir folder/.gitignore; mkfifo pipe/.gitignore; echo x > rules; ln -s ../rules link/.gitignore',
  )
  writeFileSync(join(root, 'large/.gitignore'), 'x\n'.repeat(200_000))
  const rules = new IgnoreRules(root)
  for (const folder of ['folder', 'pipe', 'link', 'large']) {
    await rules.load(folder)
    t.equal(rules.ignores(`${folder}/x`, 'file'), false, folder)
  }
})
