/**
 * Records what a hub sends to a Pulse: `npm run record-session`. It takes four minutes, and wants Linux, tmux
 * and git. Real programs play what fixtures/screen/cast.mjs says: a tmux with agents under aoc-agent-wrap in
 * repositories made for it, a hub, and a subscriber, whose lines become fixtures/screen/session.ndjson:
 *
 *   {"at_ms": since it connected, "frame": what the hub sent}
 *
 * Only paths are rewritten: the folder it is played in is /home/me there. `npm run pictures` draws the recording.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { commands, edits, recorded, repositories, session, windows } from '../fixtures/screen/cast.mjs'

const root = path.resolve(import.meta.dirname, '..')
const dist = path.resolve(process.argv[2] ?? path.join(root, 'dist'))
const file = path.join(root, 'fixtures/screen/session.ndjson')
const stage = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'aoc-rec-')))
const home = path.join(stage, 'home/me')
const runtime = path.join(stage, 'run/user/1000')
const bin = path.join(stage, 'bin')
for (const dir of [home, bin]) fs.mkdirSync(dir, { recursive: true })
fs.mkdirSync(runtime, { recursive: true, mode: 0o700 })

const env = {
  PATH: `${bin}:${process.env.PATH}`,
  HOME: home,
  LANG: 'C.UTF-8',
  TERM: 'xterm-256color',
  SHELL: '/bin/sh',
  XDG_RUNTIME_DIR: runtime,
  AOC_LOG_DIR: path.join(stage, 'logs'),
  // A tmux of its own: none of the person's sessions is seen.
  TMUX_TMPDIR: runtime,
  AOC_PULSE_LAYOUT_WATCH_ENABLED: '1',
  GIT_CONFIG_NOSYSTEM: '1',
}
const run = (program, args, cwd = home) => execFileSync(program, args, { cwd, env, encoding: 'utf8' })
const begunMs = Date.now()
const until = (seconds) => wait(Math.max(0, begunMs + seconds * 1_000 - Date.now()))

for (const repository of repositories) makeRepository(repository)
for (const agent of ['claude', 'codex', 'gemini', 'opencode'])
  fs.writeFileSync(
    path.join(bin, agent),
    `#!/bin/sh\nexec '${process.execPath}' '${path.join(root, 'fixtures/agents', `${agent}.mjs`)}' "$@"\n`,
    { mode: 0o755 },
  )
const hub = spawn(process.execPath, [path.join(dist, 'bin/aoc-hub.js'), '--session', session], {
  env,
  cwd: home,
  stdio: ['ignore', 'pipe', 'inherit'],
})
try {
  const listens = await new Promise((resolve, reject) => {
    hub.stdout.once('data', (bytes) => resolve(`${bytes}`))
    hub.once('exit', () => reject(new Error('the hub has ended')))
  })
  const panes = openPanes()
  const typing = panes.flatMap(({ id, keys = [] }) => keys.map((key) => ({ id, ...key })))
  const doing = [
    ...typing.map(({ at, id, text }) => [at, () => run('tmux', ['send-keys', '-t', id, '-l', text])]),
    ...edits.map(({ at, dir, file, text }) => [at, () => write(path.join(home, dir), { [file]: text })]),
  ]
  for (const [at, act] of doing) void until(at).then(act)
  await until(recorded.from)
  const watcher = await openWatcher(/ on (.*)\n/.exec(listens)[1])
  await until(recorded.to)
  for (const { pane, command, args } of commands) await watcher.ask(command, panes[pane].id, args)
  fs.writeFileSync(file, watcher.lines.map(withoutStage).join(''))
  console.log(
    `${watcher.lines.length} frames, ${fs.statSync(file).size} bytes in ${path.relative(root, file)}`,
  )
} finally {
  spawnSync('tmux', ['kill-server'], { env })
  hub.kill()
  await wait(1_000)
  fs.rmSync(stage, { recursive: true, force: true })
}
process.exit(0)

function makeRepository({ dir, of, branch, committed, staged, changed }) {
  const folder = path.join(home, dir)
  const git = (...args) =>
    run('git', ['-c', 'user.name=me', '-c', 'user.email=me@localhost', ...args], folder)
  if (of === undefined) {
    fs.mkdirSync(folder, { recursive: true })
    git('init', '-q', '-b', branch)
  } else run('git', ['worktree', 'add', '-q', '-b', branch, folder], path.join(home, of))
  write(folder, committed)
  if (Object.keys(committed).length > 0) {
    git('add', '-A')
    git('commit', '-qm', 'start')
  }
  write(folder, staged)
  git('add', '-A')
  write(folder, changed)
}

/** Writes files; null takes one away. */
function write(folder, files) {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name)
    fs.mkdirSync(path.dirname(file), { recursive: true })
    if (text === null) fs.rmSync(file)
    else fs.writeFileSync(file, text, { mode: text.startsWith('#!') ? 0o755 : 0o644 })
  }
}

/** Opens the windows; all panes, with their ids. */
function openPanes() {
  const wrapper = path.join(dist, 'bin/aoc-agent-wrap.js')
  const opened = []
  for (const [w, { name, panes }] of windows.entries())
    for (const [p, pane] of panes.entries()) {
      const { dir, label, command, scenario } = pane
      const more = []
      if (scenario) {
        const file = path.join(stage, `${w}-${p}.ndjson`)
        const steps = scenario
          .map((step) => ({ ...step, at: step.at * 1_000 }))
          .toSorted((a, b) => a.at - b.at)
        fs.writeFileSync(file, [{ scenario: name }, ...steps].map((step) => JSON.stringify(step)).join('\n'))
        more.push('-e', `AOC_SCENARIO=${file}`)
      }
      const where =
        w + p === 0
          ? ['new-session', '-d', '-s', session, '-n', name, '-x', '220', '-y', '90']
          : p === 0
            ? ['new-window', '-t', `=${session}:`, '-n', name]
            : ['split-window', '-v', '-t', `=${session}:${name}`]
      const program = [
        process.execPath,
        wrapper,
        '--no-hub-start',
        ...(label ? ['--label', label] : []),
        '--',
        ...command,
      ]
      const id = run('tmux', [
        '-f',
        '/dev/null',
        ...where,
        '-P',
        '-F',
        '#{pane_id}',
        '-c',
        path.join(home, dir),
        ...more,
        ...program,
      ]).trim()
      run('tmux', ['set-option', '-g', 'remain-on-exit', 'on'])
      // Else it is the machine's name.
      run('tmux', ['select-pane', '-t', id, '-T', label ?? command[0]])
      opened.push({ id, ...pane })
    }
  run('tmux', ['select-window', '-t', `=${session}:${windows[0].name}`])
  return opened
}

/** Somebody who subscribes to all topics, and keeps each line. */
async function openWatcher(socketPath) {
  const socket = net.connect(socketPath)
  const lines = []
  const answered = new Map()
  let rest = ''
  let connectedMs = Date.now()
  const say = (type, payload, requestId) =>
    socket.write(`${JSON.stringify({ type, session_id: session, request_id: requestId, payload })}\n`)
  socket.setEncoding('utf8').on('data', (text) => {
    const [...whole] = (rest + text).split('\n')
    rest = whole.pop()
    for (const line of whole) {
      const frame = JSON.parse(line)
      lines.push(`${JSON.stringify({ at_ms: Date.now() - connectedMs, frame })}\n`)
      const isAnswer = frame.type === 'command_result' && frame.payload.status !== 'accepted'
      if (isAnswer) answered.get(frame.request_id)?.()
    }
  })
  await new Promise((resolve) => socket.once('connect', resolve))
  connectedMs = Date.now()
  const takes = [
    'hello',
    'subscribe',
    'snapshot',
    'delta',
    'heartbeat',
    'command_result',
    'error',
    'health',
    'layout_state',
  ]
  say('hello', { client_id: 'pulse-recorded', role: 'subscriber', capabilities: takes })
  say('subscribe', { topics: ['agent_state', 'command_result', 'health', 'layout_state'] })
  return {
    lines,
    /** Gives a command; its id says what was asked, so that the recording can be asked it again. */
    async ask(command, pane, args) {
      const target = `${session}::${pane}`
      const id = [command, target, ...Object.values(args)].join(' ')
      const answer = new Promise((resolve) => answered.set(id, resolve))
      say('command', { command, target_agent_id: target, args }, id)
      await answer
    },
  }
}

function withoutStage(line) {
  return line.replaceAll(stage, '').replaceAll(process.execPath, '/usr/bin/node')
}
