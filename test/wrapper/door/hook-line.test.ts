import { once } from 'node:events'
import { execFileSync, spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, join } from 'node:path'

import t from 'tap'

import { hookArgv, hookLine } from '../../../lib/wrapper/door/hook-line.js'
import { makeFolder } from '../../project/repository.js'
import { run } from './opened.js'

const wrapperPid = process.pid
const input = '{"hook_event_name":"PreToolUse","tool_input":{"command":"echo \\"$HOME\\" `id` \\\\n %s"}}'

/** The shells of this machine that an agent may give a line to. */
const shells = ['sh', 'dash', 'bash', 'zsh', 'fish', 'ksh'].filter((shell) =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, shell))),
)

/** A process id that is nobody's. */
async function deadPid(): Promise<number> {
  return (await run(['/bin/sh', '-c', ':'])).pid
}

void t.test('a hook leaves its event, says nothing and ends with 0', async (t) => {
  t.ok(shells.includes('sh'))
  for (const shell of shells) {
    const spoolDir = makeFolder(t)
    const { code, output, pid } = await run(
      [shell, '-c', hookLine({ spoolDir, wrapperPid, source: 'codex' })],
      input,
    )
    t.strictSame({ code, output }, { code: 0, output: '' }, shell)
    const file = `codex.${process.pid}.${pid}`
    t.strictSame(readdirSync(spoolDir).toSorted(), [file, `${file}.done`], shell)
    t.equal(readFileSync(join(spoolDir, file), 'utf8'), input, shell)
  }
})

void t.test('the /bin/sh of other systems', async (t) => {
  const folder = makeFolder(t)
  for (const shell of shells.filter((shell) => ['dash', 'bash', 'ksh'].includes(shell))) {
    // Under the name sh some of them are another shell.
    const sh = join(folder, shell, 'sh')
    mkdirSync(join(folder, shell))
    symlinkSync(execFileSync('sh', ['-c', `command -v ${shell}`], { encoding: 'utf8' }).trim(), sh)
    const spoolDir = makeFolder(t)
    const target = { spoolDir, wrapperPid, source: 'codex' }
    const long = JSON.stringify({ text: 'x'.repeat(1_000_000) })
    const line = hookLine(target).replace('/bin/sh', sh)
    const argv = hookArgv(target).with(0, sh)
    const nowhere = hookLine({ ...target, spoolDir: join(folder, 'gone') }).replace('/bin/sh', sh)
    for (const { code, output } of [
      await run([shell, '-c', line], input),
      await run([shell, '-c', line], long),
      await run([...argv, input]),
      await run([shell, '-c', nowhere], long),
    ]) {
      t.strictSame({ code, output }, { code: 0, output: '' }, shell)
    }
    const left = readdirSync(spoolDir).filter((name) => !name.endsWith('.done'))
    const texts = left.map((name) => readFileSync(join(spoolDir, name), 'utf8'))
    t.equal(readdirSync(spoolDir).length, 6, shell)
    t.equal(texts.filter((text) => text === input).length, 2, shell)
    t.ok(
      texts.some((text) => text.length >= 262_144 && long.startsWith(text)),
      shell,
    )
  }
})

void t.test('an event that comes as the last argument', async (t) => {
  const spoolDir = makeFolder(t)
  const argv = hookArgv({ spoolDir, wrapperPid, source: 'codex-notify' })
  const { code, output, pid } = await run([...argv, input])
  t.strictSame({ code, output }, { code: 0, output: '' })
  t.equal(readFileSync(join(spoolDir, `codex-notify.${process.pid}.${pid}`), 'utf8'), input)
})

void t.test('folders of any name', async (t) => {
  const names = [
    `it's`,
    'a  b',
    '$(touch x)',
    '`touch x`',
    'a"b',
    'a;b&c|d',
    'a\nb',
    '-n',
    '*',
    '~',
    '$HOME',
    'é',
  ]
  for (const name of names) {
    const spoolDir = join(makeFolder(t), name)
    mkdirSync(spoolDir)
    for (const shell of ['sh', 'bash']) {
      const target = { spoolDir, wrapperPid, source: 'gemini' }
      const { code, output } = await run([shell, '-c', hookLine(target)], input)
      t.strictSame({ code, output }, { code: 0, output: '' }, JSON.stringify(name))
    }
    t.equal(readdirSync(spoolDir).length, 4, JSON.stringify(name))
    t.strictSame(readdirSync(join(spoolDir, '..')), [name])
  }
})

void t.test('nothing is written and nothing decided when it cannot be', async (t) => {
  const file = join(makeFolder(t), 'file')
  writeFileSync(file, '')
  const gone = { spoolDir: makeFolder(t), wrapperPid: await deadPid() }
  const nowhere: [string, { spoolDir: string; wrapperPid: number }][] = [
    ['the wrapper is gone', gone],
    ['the folder is gone', { spoolDir: join(makeFolder(t), 'gone'), wrapperPid }],
    ['a file is in its place', { spoolDir: file, wrapperPid }],
  ]
  // More than a pipe holds: an agent whose hook does not read all of it takes that for a failure.
  const long = JSON.stringify({ text: 'x'.repeat(300_000) })
  for (const [why, where] of nowhere) {
    for (const shell of shells) {
      const { code, output } = await run([shell, '-c', hookLine({ ...where, source: 'codex' })], long)
      t.strictSame({ code, output }, { code: 0, output: '' }, `${why}: ${shell}`)
    }
    const { code, output } = await run([...hookArgv({ ...where, source: 'codex' }), input])
    t.strictSame({ code, output }, { code: 0, output: '' }, `${why}: argument`)
  }
  t.strictSame(readdirSync(gone.spoolDir), [])
})

void t.test('it ends when only the mark cannot be written', async (t) => {
  for (const shell of ['dash', 'bash'].filter((shell) => shells.includes(shell))) {
    const spoolDir = makeFolder(t)
    const line = hookLine({ spoolDir, wrapperPid, source: 'codex' })
    const child = spawn(shell, ['-c', line], { stdio: ['pipe', 'pipe', 'pipe'] })
    mkdirSync(join(spoolDir, `codex.${process.pid}.${child.pid}.done`))
    child.stdin.end(input)
    const [code] = (await once(child, 'close')) as [number]
    t.equal(code, 0, shell)
  }
})

void t.test('a long event is cut, and the agent is rid of all of it', async (t) => {
  const long = JSON.stringify({ hook_event_name: 'PostToolUse', text: 'x'.repeat(4_000_000) })
  for (const shell of shells) {
    const spoolDir = makeFolder(t)
    const { code, output, pid } = await run(
      [shell, '-c', hookLine({ spoolDir, wrapperPid, source: 'codex' })],
      long,
    )
    t.strictSame({ code, output }, { code: 0, output: '' }, shell)
    const file = join(spoolDir, `codex.${process.pid}.${pid}`)
    t.ok(existsSync(`${file}.done`), shell)
    const { size } = statSync(file)
    t.ok(size >= 262_144 && size <= 524_288, `${shell}: ${size}`)
    t.ok(long.startsWith(readFileSync(file, 'utf8')), shell)
  }
})

void t.test('a file or a link that is already there is not written to', async (t) => {
  for (const shell of ['dash', 'bash'].filter((shell) => shells.includes(shell))) {
    const spoolDir = makeFolder(t)
    const precious = join(makeFolder(t), 'precious')
    writeFileSync(precious, 'mine')
    const child = spawn(shell, ['-c', `read -r go; ${hookLine({ spoolDir, wrapperPid, source: 'codex' })}`], {
      stdio: ['pipe', 'inherit', 'inherit'],
    })
    symlinkSync(precious, join(spoolDir, `codex.${process.pid}.${child.pid}`))
    child.stdin.end(`go\n${input}`)
    const [code] = (await once(child, 'close')) as [number]
    t.equal(code, 0)
    t.equal(readFileSync(precious, 'utf8'), 'mine')
    t.equal(readdirSync(spoolDir).length, 1)
  }
})

void t.test('what is no source and no pid makes no line', (t) => {
  for (const source of ['', 'a b', '../x', 'Codex', 'a.b', 'x'.repeat(33), '-x', 'a\n']) {
    t.throws(() => hookLine({ spoolDir: '/x', wrapperPid, source }), RangeError, JSON.stringify(source))
  }
  for (const pid of [0, -1, 1.5, NaN]) {
    t.throws(() => hookArgv({ spoolDir: '/x', wrapperPid: pid, source: 'codex' }), RangeError, String(pid))
  }
  t.end()
})
