import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import type { AgentState } from '../../lib/wire/messages.js'
import { dist, TestTerminal, until } from './terminal.js'

/** Whole sessions as a person has them: wrapped commands in a real repository, a hub, and Pulse's own output. */
interface Place {
  home: string
  repository: string
  env: Record<string, string>
}

function place(t: Test): Place {
  const home = mkdtempSync(path.join(tmpdir(), 'aoc-session-'))
  const repository = path.join(home, 'shop')
  mkdirSync(repository)
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    XDG_RUNTIME_DIR: home,
    TERM: 'xterm-256color',
    GIT_CONFIG_GLOBAL: '/dev/null',
    AOC_LOG_DIR: path.join(home, 'logs'),
  }
  git(repository, 'init', '-q', '-b', 'main')
  git(repository, 'config', 'user.name', 't')
  git(repository, 'config', 'user.email', 't@localhost')
  writeFileSync(path.join(repository, 'a.txt'), 'one\n')
  git(repository, 'add', '-A')
  git(repository, 'commit', '-qm', 'start')
  t.teardown(() => {
    spawnSync(process.execPath, [bin('aoc-hub'), 'stop', '--all'], { env, cwd: repository })
    rmSync(home, { recursive: true, force: true })
  })
  return { home, repository, env }
}

const bin = (name: string): string => path.join(dist, `bin/${name}.js`)

function git(cwd: string, ...args: string[]): void {
  const { status, stderr } = spawnSync('git', args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' },
  })
  if (status !== 0) throw new Error(stderr)
}

/** A program that runs beside the test; what it printed, line by line. */
class Running {
  stdout = ''
  stderr = ''
  readonly child: ChildProcess
  readonly ended: Promise<{ code: number | null; signal: string | null }>

  constructor(t: Test, { repository, env }: Place, name: string, args: string[]) {
    this.child = spawn(process.execPath, [bin(name), ...args], {
      cwd: repository,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stdout!.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()))
    this.child.stderr!.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()))
    this.ended = new Promise((resolve) =>
      this.child.once('close', (code, signal) => resolve({ code, signal })),
    )
    t.teardown(() => void this.child.kill('SIGKILL'))
  }

  /** Records of `aoc-pulse --json`. */
  records(): { seq: number | null; op: string; agent_id: string; state: AgentState }[] {
    return this.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as never)
  }

  /** The last state told of a pane. */
  last(pane: string): (AgentState & { source: Record<string, never> }) | undefined {
    const record = this.records().findLast((each) => each.agent_id.endsWith(`::${pane}`))
    return record?.op === 'upsert' ? (record.state as never) : undefined
  }
}

function run(
  at: Place,
  name: string,
  args: string[],
): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin(name), ...args], {
    cwd: at.repository,
    env: at.env,
    encoding: 'utf8',
    timeout: 20_000,
  })
  return { code: status, stdout, stderr }
}

const wrap = (pane: string, ...command: string[]): string[] => [
  '--pane-id',
  pane,
  '--label',
  `agent-${pane}`,
  '--',
  ...command,
]

void t.test('an agent without a terminal: its life, from the first line to the last', async (t) => {
  const at = place(t)
  const pulse = new Running(t, at, 'aoc-pulse', ['--json'])
  const script =
    'echo working; while [ ! -e go ]; do sleep 0.05; done; echo two >> a.txt; echo new > "b c.txt"; echo changed; read -r x < fifo'
  spawnSync('mkfifo', ['fifo'], { cwd: at.repository })
  const agent = new Running(t, at, 'aoc-agent-wrap', wrap('1', 'sh', '-c', script))
  const first = await until(
    'its first state',
    () => pulse.last('1')?.snippet === 'working' && pulse.last('1'),
  )
  t.match(first, {
    lifecycle: 'running',
    pane_id: '1',
    source: { kind: 'wrapper', label: 'agent-1', command: 'sh' },
  })
  await until(
    'its diff',
    () => (pulse.last('1')?.source['diff_summary'] as { branch?: string } | undefined)?.branch === 'main',
  )
  writeFileSync(path.join(at.repository, 'go'), '')
  const paths = (): string[] =>
    ((pulse.last('1')?.source['diff_summary'] as { files: { path: string }[] } | undefined)?.files ?? []).map(
      (file) => file.path,
    )
  await until('what it changed', () => paths().includes('b c.txt') && paths().includes('a.txt'))
  t.equal(pulse.last('1')?.snippet, 'changed')

  const table = run(at, 'aoc-pulse', ['--once'])
  t.equal(table.code, 0)
  t.match(table.stdout, /● running\? +agent-1 +1 +shop@main/)
  t.match(JSON.parse(run(at, 'aoc-hub', ['list', '--json']).stdout), [{ agents: 1 }])

  writeFileSync(path.join(at.repository, 'fifo'), 'done\n')
  t.match(await agent.ended, { code: 0 })
  t.equal(agent.stdout, 'working\nchanged\n', 'nothing of ours in its output')
  t.equal(agent.stderr, '')
  await until('that it is gone', () => pulse.records().at(-1)?.op === 'remove')
  t.match(pulse.records().at(-2), { op: 'upsert', state: { lifecycle: 'offline' } })
  const seqs = pulse.records().flatMap(({ seq }) => seq ?? [])
  t.strictSame(
    seqs,
    seqs.toSorted((a, b) => a - b),
  )
  t.equal(new Set(seqs).size, seqs.length, 'no change twice')
})

void t.test('output, exit codes and signals without a terminal', async (t) => {
  const at = place(t)
  const quiet = (command: string[]): string[] => ['--no-hub-start', '--', ...command]
  const all = `process.stdout.write(Buffer.from(Array.from({ length: 256 }, (_, i) => i))); process.stderr.write('err')`
  const bytes = spawnSync(
    process.execPath,
    [bin('aoc-agent-wrap'), ...quiet([process.execPath, '-e', all])],
    { cwd: at.repository, env: at.env },
  )
  t.equal(bytes.stdout.toString('hex'), Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString('hex'))
  t.equal(bytes.stderr.toString(), 'err')
  const input = spawnSync(process.execPath, [bin('aoc-agent-wrap'), ...quiet(['cat'])], {
    cwd: at.repository,
    env: at.env,
    input: 'from a pipe',
  })
  t.equal(input.stdout.toString(), 'from a pipe')
  const table: [string[], number][] = [
    [['sh', '-c', 'exit 9'], 9],
    [['sh', '-c', 'kill -KILL $$'], 137],
    [['no-such-command'], 127],
  ]
  for (const [command, code] of table)
    t.equal(run(at, 'aoc-agent-wrap', quiet(command)).code, code, command.join(' '))
  t.match(run(at, 'aoc-agent-wrap', []), { code: 2, stderr: /give the command after --/ })
  t.match(run(at, 'aoc-agent-wrap', ['claude']), { code: 2, stderr: /aoc-agent-wrap -- claude/ })
  t.equal(run(at, 'aoc-agent-wrap', ['--', 'report']).code, 127, 'a command that is called like one of ours')
  const names = 'AOC_SESSION_ID AOC_PANE_ID AOC_PULSE_SOCK AOC_AGENT_ID'.split(' ')
  const env = run(at, 'aoc-agent-wrap', [
    '--session',
    's x',
    '--pane-id',
    '7',
    '--agent-id',
    'me',
    ...quiet(['sh', '-c', names.map((name) => `echo "$${name}"`).join(';')]),
  ])
  t.match(env.stdout.split('\n'), ['s x', '7', /aoc\/s-x-[0-9a-f]{8}\/pulse\.sock$/, 'me'])
})

void t.test('an agent reports, is refreshed, and is stopped', async (t) => {
  const at = place(t)
  const pulse = new Running(t, at, 'aoc-pulse', ['--plain'])
  const report = `${process.execPath} ${bin('aoc-agent-wrap')} report`
  const script = `${report} --lifecycle needs_input --detail 'which branch?'; trap '' INT; echo asked; sleep 60 & wait; wait`
  const agent = new Running(t, at, 'aoc-agent-wrap', wrap('5', 'sh', '-c', script))
  await until('its question', () =>
    /◆ needs_input {2}agent-5 \(5\) {2}question: which branch\?/.test(pulse.stdout),
  )
  t.match(run(at, 'aoc-pulse', ['send', 'refresh', 'agent-5']), {
    code: 0,
    stdout: 'git and tasks were read anew\n',
  })
  t.match(run(at, 'aoc-pulse', ['send', 'refresh', 'nobody']), {
    code: 1,
    stderr: /no agent "nobody"; there are: .*agent-5/,
  })
  t.match(run(at, 'aoc-pulse', ['send', 'dance', 'agent-5']), {
    code: 1,
    stderr: /unsupported_command: .*stop_agent/,
  })
  t.match(run(at, 'aoc-pulse', ['send', 'send_input', 'agent-5', 'text=y']), {
    code: 1,
    stderr: /no terminal/,
  })
  t.match(run(at, 'aoc-agent-wrap', ['report', '--lifecycle', 'idle', '--agent', 'x::1']), { code: 4 })
  t.match(run(at, 'aoc-agent-wrap', ['report', '--lifecycle', 'asleep', '--agent', 'x::1']), { code: 2 })
  const stopped = run(at, 'aoc-pulse', ['send', 'stop_agent', '5', '--json'])
  t.match(JSON.parse(stopped.stdout), { status: 'ok', message: 'ended by SIGTERM' }, 'it ignores SIGINT')
  t.match(await agent.ended, { code: 143 })
  await until('that it is gone', () => /- removed +agent-5 \(5\)/.test(pulse.stdout))
})

void t.test('the patch of a file, over the bus', async (t) => {
  const at = place(t)
  const pulse = new Running(t, at, 'aoc-pulse', ['--json'])
  writeFileSync(path.join(at.repository, 'a.txt'), 'two\n')
  writeFileSync(path.join(at.repository, 'big.txt'), 'a line of text\n'.repeat(20_000))
  const agent = new Running(t, at, 'aoc-agent-wrap', wrap('1', 'sleep', '60'))
  await until('the agent', () => pulse.last('1'))
  const ask = (...args: string[]): { code: number | null; stdout: string; stderr: string } =>
    run(at, 'aoc-pulse', ['send', 'get_diff_patch', '1', ...args])
  const { code, stdout } = ask('path=a.txt', 'context_lines=0', '--json')
  t.equal(code, 0)
  t.match(JSON.parse(stdout), {
    status: 'ok',
    result: { path: 'a.txt', status: 'modified', patch: /-one\n\+two\n/ },
  })
  t.match(ask('path=big.txt', '--json'), { code: 1, stdout: /"patch_unavailable","message":"too_large/ })
  t.match(ask('path=../a.txt'), { code: 1, stderr: /patch_unavailable: outside/ })
  t.match(ask('context_lines=1'), { code: 1, stderr: /invalid_args: get_diff_patch: args\.path/ })
  agent.child.kill('SIGTERM')
  await agent.ended
})

void t.test('a failed agent stays in sight', async (t) => {
  const at = place(t)
  const pulse = new Running(t, at, 'aoc-pulse', ['--plain'])
  await until('the hub', () => run(at, 'aoc-hub', ['list']).stdout.includes('pulse.sock'))
  t.equal(run(at, 'aoc-agent-wrap', wrap('1', 'sh', '-c', 'echo "boom: no such table"; exit 3')).code, 3)
  await until('its error', () =>
    /✗ error {8}agent-1 \(1\) {2}exited with 3 — boom: no such table/.test(pulse.stdout),
  )
  await until('that its process is gone', () =>
    run(at, 'aoc-pulse', ['--once', '--json']).stdout.includes('"lifecycle":"offline"'),
  )
  t.match(run(at, 'aoc-pulse', ['--once']).stdout, /✗ error +agent-1 .*exited with 3/, 'and still a failure')
})

void t.test('kill -9 of the hub, of a wrapper, and of Pulse', async (t) => {
  const at = place(t)
  const pulse = new Running(t, at, 'aoc-pulse', ['--json'])
  const agent = new Running(
    t,
    at,
    'aoc-agent-wrap',
    wrap('1', 'sh', '-c', 'i=0; while :; do i=$((i+1)); echo "step $i"; sleep 0.1; done'),
  )
  const doomed = new Running(t, at, 'aoc-agent-wrap', wrap('2', 'sleep', '60'))
  const step = (): number => Number(/step (\d+)/.exec(pulse.last('1')?.snippet ?? '')?.[1] ?? 0)
  await until('both agents', () => step() > 0 && pulse.last('2'))
  const hubPid = (): number | undefined =>
    (JSON.parse(run(at, 'aoc-hub', ['list', '--json']).stdout) as { pid: number }[])[0]?.pid
  for (let round = 0; round < 3; round++) {
    const [before, pid] = [step(), await until('a hub', hubPid)]
    process.kill(pid, 'SIGKILL')
    await until('news after the hub was killed', () => step() > before + 2)
    await until('another hub', () => hubPid() !== undefined && hubPid() !== pid)
  }
  const told = pulse.records().filter(({ agent_id: id }) => id.endsWith('::1'))
  t.notOk(
    told.some(({ op }) => op === 'remove'),
    'a restart of the hub does not look like the end of the agent',
  )
  // What this machine tells while the hub is away has none.
  const seqs = pulse.records().flatMap(({ seq }) => seq ?? [])
  t.strictSame(
    seqs,
    seqs.toSorted((a, b) => a - b),
    'the seq never goes back',
  )
  t.equal(
    pulse
      .records()
      .filter(({ agent_id: id }) => id.endsWith('::2'))
      .filter(({ op }) => op === 'remove').length,
    0,
  )

  doomed.child.kill('SIGKILL')
  await until('that the killed wrapper is offline', () => pulse.last('2')?.lifecycle === 'offline')
  const another = new Running(t, at, 'aoc-pulse', ['--json'])
  await until('its first states', () => another.records().length >= 2)
  another.child.kill('SIGKILL')
  const before = step()
  await until('the others do not mind', () => step() > before + 2)
  agent.child.kill('SIGTERM')
  t.match(await agent.ended, { code: 143 })
})

void t.test('in a terminal: the snippet is what the screen shows, and input reaches the agent', async (t) => {
  const at = place(t)
  const pulse = new Running(t, at, 'aoc-pulse', ['--json'])
  const script = `printf '\\033[?1049h\\033[2J\\033[3;4HAllow rm -rf build?\\033[5;1H────\\033[6;1H⠋ '; read -r answer; printf '\\033[?1049lgot %s\\n' "$answer"; sleep 0.5`
  const terminal = new TestTerminal(
    process.execPath,
    [bin('aoc-agent-wrap'), ...wrap('9', 'sh', '-c', script)],
    { cwd: at.repository, env: at.env },
  )
  t.teardown(() => terminal.kill())
  await until('the question', () => pulse.last('9')?.snippet === 'Allow rm -rf build?')
  t.match(run(at, 'aoc-pulse', ['send', 'send_input', '9', 'text=yes 7', 'submit=true']), { code: 0 })
  await terminal.see(/got yes 7/)
  t.match(await terminal.ended, { exitCode: 0 })
})

void t.test('tasks, and a repository that is none', async (t) => {
  const at = place(t)
  const pulse = new Running(t, at, 'aoc-pulse', ['--json'])
  const tasks = (): Record<
    string,
    { counts: { total: number; done: number }; error?: { code: string; message: string } }
  > => pulse.last('1')?.source['task_summaries'] ?? {}
  const agent = new Running(t, at, 'aoc-agent-wrap', wrap('1', 'sleep', '60'))
  await until('that there are no tasks', () => tasks()['master']?.error?.code === 'tasks_missing')
  const file = path.join(at.repository, '.taskmaster/tasks/tasks.json')
  mkdirSync(path.dirname(file), { recursive: true })
  const task = (id: number, status: string): object => ({ id, title: `task ${id}`, status })
  writeFileSync(file, JSON.stringify({ web: { tasks: [task(1, 'done'), task(2, 'pending')] } }))
  await until('the tasks', () => tasks()['web']?.counts.total === 2 && tasks()['web']?.counts.done === 1)
  writeFileSync(file, '{ "web": { "tasks": [ }')
  await until('that they are malformed', () =>
    Object.values(tasks()).some(
      ({ error }) => error?.code === 'tasks_malformed' && /line 1/.test(error.message),
    ),
  )
  agent.child.kill('SIGTERM')
  await agent.ended

  const bare = path.join(at.home, 'no-repository')
  mkdirSync(bare)
  const other = new Running(t, { ...at, repository: bare }, 'aoc-agent-wrap', [
    '--session',
    path.basename(sessionOf(pulse)),
    ...wrap('2', 'sleep', '60'),
  ])
  await until(
    'why there is no diff',
    () =>
      (pulse.last('2')?.source['diff_summary'] as { reason?: string } | undefined)?.reason === 'not_git_repo',
  )
  other.child.kill('SIGTERM')
})

function sessionOf(pulse: Running): string {
  return pulse.records()[0]!.agent_id.split('::')[0]!
}

void t.test('no hub', async (t) => {
  const at = place(t)
  const once = run(at, 'aoc-pulse', ['--once'])
  t.match(once, { code: 0, stderr: /no hub answers; found on this machine/ })
  t.match(run(at, 'aoc-pulse', ['send', 'refresh', 'x']), { code: 4, stderr: /no hub of session/ })
  t.match(run(at, 'aoc-hub', ['stop']), { code: 4, stderr: /no hub of session/ })
  t.match(run(at, 'aoc-pulse', ['--since-seq', 'x']), { code: 2, stderr: /whole number/ })
  t.match(run(at, 'aoc-agent-wrap', ['--no-hub-start', '--', 'sh', '-c', 'sleep 1; exit 5']).code, 5)
  const files = readdirSync(path.join(at.home, 'aoc'), { recursive: true }) as string[]
  t.strictSame(
    files.filter((file) => file.endsWith('.sock') || file.endsWith('.json')),
    [],
    'none was started, and nothing is left',
  )
})

void t.test('logs', async (t) => {
  const at = place(t)
  const pulse = new Running(t, at, 'aoc-pulse', ['--json'])
  const agent = new Running(t, at, 'aoc-agent-wrap', wrap('1', 'sleep', '60'))
  await until('the agent', () => pulse.last('1'))
  agent.child.kill('SIGTERM')
  await until('its end', () => pulse.records().some(({ op }) => op === 'remove'))
  const events = (component: string): string[] =>
    readdirSync(path.join(at.home, 'logs'))
      .filter((name) => name.startsWith(component))
      .flatMap((name) =>
        readFileSync(path.join(at.home, 'logs', name), 'utf8')
          .trim()
          .split('\n'),
      )
      .map((line) => (JSON.parse(line) as { event: string }).event)
  // The last words come before the connection ends.
  for (const event of ['hub_listening', 'client_connected', 'client_disconnected'])
    await until(event, () => events('hub').includes(event))
  t.ok(events('wrapper').includes('connect'))
  t.ok(events('pulse').includes('connect'))
})

void t.test('a reader that goes away ends the command, as it would bare', async (t) => {
  const at = place(t)
  const wrapped = `${process.execPath} ${bin('aoc-agent-wrap')} --no-hub-start --`
  for (const script of [
    `${wrapped} yes | head -1`,
    `${wrapped} sh -c 'while echo y; do sleep 0.01; done' | head -1`,
  ]) {
    const { status, stdout, error } = spawnSync('sh', ['-c', script], {
      cwd: at.repository,
      env: at.env,
      encoding: 'utf8',
      timeout: 10_000,
    })
    t.match({ status, stdout, error }, { status: 0, stdout: 'y\n', error: undefined }, script)
  }
  const startMs = Date.now()
  const left = spawnSync('sh', ['-c', `${wrapped} sh -c 'sleep 60 & echo hi' > out`], {
    cwd: at.repository,
    env: at.env,
    timeout: 50_000,
  })
  t.equal(left.status, 0)
  t.ok(Date.now() - startMs < 40_000, 'what it left in the background is not waited for')
  t.equal(readFileSync(path.join(at.repository, 'out'), 'utf8'), 'hi\n')
})
