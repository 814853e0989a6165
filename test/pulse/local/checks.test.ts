import fs from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { openChecks, type Check, type CheckOptions } from '../../../lib/pulse/local/checks.js'
import { makeFolder } from '../../project/repository.js'

/** A folder of programs that print a line. */
function programs(t: Test, scripts: Record<string, string>): string {
  const bin = makeFolder(t)
  for (const [name, script] of Object.entries(scripts))
    fs.writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return bin
}

async function checksOf(options: Partial<CheckOptions> & { t: Test }): Promise<Record<string, Check>> {
  const { t, ...more } = options
  const projectRoot = makeFolder(t)
  const socketPath = path.join(makeFolder(t), 'run/pulse.sock')
  const look = openChecks({ socketPath, projectRoot, env: { PATH: '/usr/bin:/bin' }, ...more })
  const checks = await look(new AbortController().signal)
  return Object.fromEntries(checks.map((check) => [check.name, check]))
}

void t.test('all is there', async (t) => {
  const bin = programs(t, {
    git: 'echo git version 2.44.1',
    tmux: 'echo tmux 3.4',
    zellij: 'printf "zellij 0.44\\033[31m\\n"',
    'notify-send': '',
    osascript: '',
    claude: '',
    opencode: '',
  })
  const projectRoot = makeFolder(t)
  fs.mkdirSync(path.join(projectRoot, '.taskmaster/tasks'), { recursive: true })
  fs.writeFileSync(path.join(projectRoot, '.taskmaster/tasks/tasks.json'), '{"master":{"tasks":[]}}')
  const env = { PATH: bin, TMUX: '/tmp/x,1,0' }
  const checks = await checksOf({ t, env, projectRoot, nodeVersion: '20.19.0' })
  const { dash: _, ...others } = checks
  for (const { name, ok, detail } of Object.values(others)) t.equal(ok, true, `${name}: ${detail}`)
  t.equal(checks['git']?.detail, '2.44.1')
  t.equal(checks['multiplexer']?.detail, 'tmux 3.4')
  t.equal(checks['agents']?.detail, 'claude, opencode')
  t.equal(checks['tasks']?.detail, '1 tag')
  t.notOk(fs.existsSync(path.join(projectRoot, '.aoc')), 'looking makes nothing')
  const inZellij = await checksOf({ t, env: { ...env, ZELLIJ_SESSION_NAME: 's' } })
  t.equal(inZellij['multiplexer']?.detail, 'zellij 0.44[31m', 'nothing of it moves a cursor')
})

void t.test('what is missing is said, with what to do', async (t) => {
  const checks = await checksOf({ t, env: { PATH: makeFolder(t) }, nodeVersion: '20.18.9' })
  for (const name of ['node', 'git', 'notices', 'agents']) t.equal(checks[name]?.ok, false, name)
  t.match(checks['node']?.hint, /20\.19/)
  t.match(checks['git']?.hint, /install git/)
  t.match(checks['multiplexer'], { ok: null, detail: 'none around' })
  t.match(checks['tasks'], { ok: null, detail: /no .*tasks\.json/ })
  const old = await checksOf({ t, env: { PATH: programs(t, { git: 'echo git version 2.30.9' }) } })
  t.match(old['git'], { ok: false, detail: '2.30.9' })
})

void t.test('what is wrong is said', async (t) => {
  const projectRoot = makeFolder(t)
  fs.mkdirSync(path.join(projectRoot, '.taskmaster/tasks'), { recursive: true })
  fs.writeFileSync(path.join(projectRoot, '.taskmaster/tasks/tasks.json'), '{"master":')
  const socketFolder = makeFolder(t)
  fs.chmodSync(socketFolder, 0o777)
  fs.writeFileSync(path.join(projectRoot, 'file'), '')
  const checks = await checksOf({
    t,
    projectRoot,
    socketPath: path.join(socketFolder, 'pulse.sock'),
    env: { PATH: programs(t, { git: 'exit 3' }), AOC_LOG_DIR: 'file' },
  })
  t.match(checks['tasks'], { ok: false, detail: /tasks\.json/ })
  t.match(checks['runtime folder'], { ok: false, detail: /written by others/ })
  t.match(checks['log folder'], { ok: false, detail: /no folder/ })
  t.match(checks['git'], { ok: false, detail: /does not answer/ })
})

void t.test('a program of the working directory is none', async (t) => {
  const bin = programs(t, { claude: '', git: 'echo git version 9.9' })
  const before = process.cwd()
  process.chdir(bin)
  t.teardown(() => process.chdir(before))
  const checks = await checksOf({ t, env: { PATH: `:.:${path.relative('/', bin)}` } })
  t.equal(checks['agents']?.ok, false)
  t.equal(checks['git']?.ok, false)
})

void t.test('what hangs does not hold the others up, and is not asked twice', async (t) => {
  const asked = path.join(makeFolder(t), 'asked')
  const bin = programs(t, { git: `echo >> ${asked}; exec sleep 60` })
  const ending = new AbortController()
  const look = openChecks({
    socketPath: path.join(makeFolder(t), 'pulse.sock'),
    projectRoot: makeFolder(t),
    env: { PATH: `${bin}:/usr/bin:/bin` },
  })
  const [first, second] = await Promise.all([look(ending.signal), look(ending.signal)])
  t.equal(first.find(({ name }) => name === 'git')?.ok, false)
  t.same(second, first)
  t.equal(fs.readFileSync(asked, 'utf8'), '\n')
  const third = look(ending.signal)
  ending.abort()
  t.not((await third).find(({ name }) => name === 'git')?.ok, true, 'an end is not waited for')
})
