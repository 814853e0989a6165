import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import pty from '@lydell/node-pty'
import t from 'tap'
import { run, until } from './processes.js'
import { wrapper } from './terminal.js'
import { Watched, type Told } from './watched.js'

/** What a hub is told of a wrapped agent, and what it can tell it: real wrappers, a real hub, a client of lines. */
const textIn = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '')

void t.test('send_input: what reaches the agent, byte by byte', async (t) => {
  const session = await Watched.open(t)
  const script = (pane: string, says: string): string =>
    `stty raw -echo; printf '${says}ready'; exec cat > got-${pane}`
  const terminals = [
    session.inTerminal('1', script('1', '\\033[?2004h')),
    session.inTerminal('2', script('2', '')),
  ]
  session.onPipes('3', ['cat'])
  for (const terminal of terminals) await terminal.see(/ready/)
  for (const pane of ['1', '2', '3']) await session.becomes(pane, 'running')
  const got = (pane: string): string => textIn(path.join(session.room.dir, `got-${pane}`))
  const wanted = new Map([
    ['1', ''],
    ['2', ''],
  ])
  const gets = async (pane: string, more: string, what: string): Promise<void> => {
    const all = wanted.get(pane)! + more
    await until(`${what}: ${JSON.stringify(got(pane))}`, () => got(pane).length >= all.length)
    t.equal(got(pane), all, what)
    wanted.set(pane, all)
  }

  const long = `a long text, ${'0123456789'.repeat(80)}.`
  t.match(await session.command('send_input', '1', { text: long, submit: true }), { status: 'ok' })
  await gets('1', `\u001b[200~${long}\u001b[201~\r`, 'a paste, and Enter after it')
  t.match(await session.command('send_input', '1', { text: 'y' }), { status: 'ok' })
  await gets('1', 'y', 'a single character is a key')
  t.match(await session.command('send_input', '2', { text: long, submit: true }), { status: 'ok' })
  await gets('2', `${long}\r`, 'no marks for a program that has not asked for them')
  t.match(await session.command('send_input', '3', { text: long }), {
    status: 'error',
    error: { code: 'no_terminal' },
  })

  const both = ['first', 'second'].map((text) => session.command('send_input', '1', { text, submit: true }))
  for (const result of await Promise.all(both)) t.match(result, { status: 'ok' })
  await gets('1', '\u001b[200~first\u001b[201~\r\u001b[200~second\u001b[201~\r', 'two at once do not mix')
})

void t.test('send_input: an answer reaches the question it was given to, and no other', async (t) => {
  const session = await Watched.open(t)
  const terminal = session.inTerminal('1', `stty raw -echo; printf ready; exec cat > got`)
  await terminal.see(/ready/)
  await session.becomes('1', 'running')
  const got = (): string => textIn(path.join(session.room.dir, 'got'))
  const passed = { status: 'error', error: { code: 'attention_passed' } }
  const ask = { lifecycle: 'needs_input', detail: 'which branch?' }

  t.match(await session.command('report', '1', ask), { status: 'ok' })
  const { source } = await session.becomes('1', 'needs_input')
  const since = source.status.since_ms
  const send = (text: string, expectedMs?: number) =>
    session.command('send_input', '1', {
      text,
      submit: true,
      ...(expectedMs !== undefined && { expected_since_ms: expectedMs }),
    })
  t.match(await send('another question', since - 1), passed, 'it asks something else')
  t.match(await send('main it is', since), { status: 'ok' })
  await until('the answer', () => got().endsWith('\r'))
  t.equal(got(), 'main it is\r')

  await session.becomes('1', 'running')
  const refused = await send('too late', since)
  t.match(refused, passed, 'it asks no more')
  t.match(
    refused['message'],
    /^what this answers has passed: the agent is running( \(.*\))?; nothing was typed$/,
  )
  t.match(await session.command('report', '1', ask), { status: 'ok' })
  const next = await session.becomes('1', 'needs_input')
  t.not(next.source.status.since_ms, since)
  t.match(await send('too late', since), passed, 'it asks again, which is another question')
  // What came before this would stand before it.
  t.match(await send('z', next.source.status.since_ms), { status: 'ok' })
  await until('the last answer', () => got().endsWith('z\r'))
  t.equal(got(), 'main it is\rz\r', 'of what was refused not one byte')
})

/** A wrapper on a terminal that nobody reads; `code` is null while it runs. */
function unread(session: Watched, script: string): { end: () => void; code: () => number | null } {
  const { dir: cwd, env } = session.room
  const args = [wrapper, ...Watched.args('1', ['sh', '-c', script])]
  const child = pty.spawn(process.execPath, args, { name: 'xterm-256color', cwd, env, encoding: null })
  child.pause()
  let code: number | null = null
  child.onExit(({ exitCode }) => (code = exitCode))
  const signal = (name: NodeJS.Signals) => () => {
    if (code === null) process.kill(child.pid, name)
  }
  session.t.teardown(signal('SIGKILL'))
  return { end: signal('SIGTERM'), code: () => code }
}

void t.test('an agent that has failed while nobody reads its terminal', async (t) => {
  const session = await Watched.open(t)
  const { end, code } = unread(session, `head -c 20000 /dev/zero | tr '\\0' x; exit 3`)
  t.match(await session.becomes('1', 'error'), { source: { status: { detail: 'exited with 3' } } })
  end()
  await until('its end', () => code() === 3)
})

void t.test('an agent that is killed while it cannot write, since nobody reads', async (t) => {
  const session = await Watched.open(t)
  const { end, code } = unread(session, 'exec yes')
  const isKnown = () => session.told('1').at(-1)?.source.pid !== undefined
  await until('its process', isKnown)
  process.kill(session.told('1').at(-1)!.source.pid!, 'SIGKILL')
  t.match(await session.becomes('1', 'error'), { source: { status: { detail: 'killed by SIGKILL' } } })
  end()
  await until('its end', () => code() === 137)
})

void t.test('signals to the wrapper: which of them ask for the end', async (t) => {
  const session = await Watched.open(t)
  // Nothing goes on in a room that is gone.
  const waits = `until [ -e go ] || [ ! -d '${session.room.dir}' ]; do sleep 0.05; done`
  const failing = session.onPipes('1', ['sh', '-c', `trap 'echo caught' USR1; echo ready; ${waits}; exit 3`])
  const ending = session.onPipes('2', ['sh', '-c', `trap 'exit 3' TERM; echo ready; ${waits}`])
  for (const agent of [failing, ending]) await until('it is ready', () => agent.stdout === 'ready\n')
  for (const pane of ['1', '2']) await session.becomes(pane, 'running')

  failing.signal('SIGUSR1')
  await until('the signal is passed on', () => failing.stdout.includes('caught'))
  ending.signal('SIGTERM')
  t.equal(await ending.ended, 3)
  await until('its end', () =>
    session.changes().some(({ op, agent_id: id }) => op === 'remove' && id === 's::2'),
  )
  t.match(session.told('2').at(-1), { lifecycle: 'offline', source: { status: { detail: 'exited with 3' } } })
  t.notOk(session.told('2').some(({ lifecycle }) => lifecycle === 'error'))

  writeFileSync(path.join(session.room.dir, 'go'), '')
  t.equal(await failing.ended, 3)
  const end = (): Told | undefined => session.told('1').find(({ lifecycle }) => lifecycle !== 'running')
  await until('how it ended', () => end() !== undefined)
  t.match(end(), { lifecycle: 'error', source: { status: { detail: 'exited with 3' } } })
})

void t.test(
  'an agent inside of another, without a door: what it reports is not of the outer one',
  async (t) => {
    const session = await Watched.open(t)
    const { dir, logs } = session.room
    const runtime = path.join(dir, 'open')
    mkdirSync(path.join(runtime, 'aoc'), { recursive: true })
    chmodSync(path.join(runtime, 'aoc'), 0o777)
    const wrap = `'${process.execPath}' '${wrapper}'`
    // Nothing goes on in a room that is gone.
    const awaits = (file: string): string => `until [ -e ${file} ] || [ ! -d '${dir}' ]; do sleep 0.05; done`
    const reports = (detail: string): string =>
      `${awaits(detail)}; ${wrap} report --lifecycle needs_input --detail ${detail}; touch ${detail}-done`
    writeFileSync(path.join(dir, 'inner.sh'), `echo inside; ${reports('inner')}; ${awaits('outer-done')}`)
    const script = `echo outside; XDG_RUNTIME_DIR='${runtime}' ${wrap} --no-hub-start -- sh inner.sh & ${reports('outer')}; exec cat`
    session.onPipes('1', ['sh', '-c', script])
    const inner = (): string =>
      session
        .changes()
        .find(({ agent_id: id }) => id.startsWith('s::1-'))
        ?.agent_id.slice(3) ?? ''
    await session.becomes('1', 'running')
    await until('the inner agent', () => inner() !== '')
    const wrapperLogs = readdirSync(logs).filter((name) => name.startsWith('wrapper'))
    t.match(wrapperLogs.map((name) => textIn(path.join(logs, name))).join(''), /"door_failed"/)

    for (const [detail, pane, isOuter] of [
      ['inner', inner(), false],
      ['outer', '1', true],
    ] as const) {
      writeFileSync(path.join(dir, detail), '')
      t.match(await session.becomes(pane, 'needs_input'), { source: { status: { detail } } })
      await until('it has reported', () => existsSync(path.join(dir, `${detail}-done`)))
      // Whatever was told of it before is told by now.
      t.match(await session.command('explain', '1'), {
        result: { lifecycle: isOuter ? 'needs_input' : 'running' },
      })
    }
    const details = session.told('1').map((told) => told.source.status.detail)
    t.notOk(details.includes('inner'))
  },
)

void t.test('--no-snippet: nothing of what the agent shows', async (t) => {
  const session = await Watched.open(t)
  const plan = 'Plan mode prompt: Implement this plan?'
  const table = [
    ['claude', String.raw`\033]0;◐ hidden topic\007`, 'running', 'title', 'hidden topic'],
    ['codex', String.raw`\033]9;${plan}\007`, 'needs_input', 'notification', 'Implement this plan'],
  ] as const
  for (const [profile, shows] of table)
    for (const flags of [[], ['--no-snippet']]) {
      const script = `printf '${shows}shown words\\r\\n'; exec cat > /dev/null`
      session.inTerminal(`${profile}${flags.join('')}`, script, [
        '--profile',
        profile,
        '--no-inject',
        ...flags,
      ])
    }
  for (const [profile, , lifecycle, origin, words] of table) {
    const [open, hidden] = [profile, `${profile}--no-snippet`]
    await until(`the snippet of ${profile}`, () => session.told(open).at(-1)?.snippet === 'shown words')
    const seen = JSON.stringify([
      await session.becomes(open, lifecycle),
      await session.command('explain', open),
    ])
    t.ok(seen.includes(words), `${profile}: without the flag it is told`)

    await until(`the status of ${hidden}`, () => session.told(hidden).at(-1)?.source.status.origin === origin)
    const told = await session.becomes(hidden, lifecycle)
    t.match(told.source.status, { origin, detail: null, evidence: `${origin}: ${lifecycle}` })
    const explained = await session.command('explain', hidden)
    t.match(explained, { status: 'ok', result: { lifecycle, deciding: { origin } } })
    const all = JSON.stringify([session.told(hidden), explained])
    for (const word of [words, 'shown words', '"snippet"'])
      t.notOk(all.includes(word), `${profile}: no ${word}`)
  }
})

void t.test('get_screen: what somebody elsewhere sees of a dialog', async (t) => {
  const session = await Watched.open(t)
  const menu = String.raw`\033[2J\033[3;1H\033[1;31mDo you want to proceed?\033[0m  \r\n ❯ 1. Yes\r\n   2. No`
  const terminals = [
    session.inTerminal('1', `stty -echo; printf '${menu}'; exec cat`),
    session.inTerminal('2', `printf '${menu}'; exec cat`, ['--no-snippet']),
  ]
  for (const terminal of terminals) await terminal.see(/2\. No/)
  session.onPipes('3', ['sh', '-c', 'echo words; exec cat'])
  for (const pane of ['1', '2', '3']) await session.becomes(pane, 'running')

  t.strictSame(await session.command('get_screen', '1'), {
    command: 'get_screen',
    status: 'ok',
    message: '5 lines',
    result: {
      lines: ['', '', 'Do you want to proceed?', ' ❯ 1. Yes', '   2. No'],
      columns: 80,
      rows: 24,
    },
  })
  t.match(await session.command('get_screen', '1', { rows: 1 }), {
    message: '1 line',
    result: { lines: ['   2. No'] },
  })
  for (const rows of [0, 201, 1.5, '2'])
    t.match(await session.command('get_screen', '1', { rows }), { error: { code: 'invalid_args' } })
  const hidden = await session.command('get_screen', '2')
  t.match(hidden, { error: { code: 'unsupported_command' }, message: /--no-snippet/ })
  t.match(await session.command('get_screen', '3'), { status: 'error', error: { code: 'no_terminal' } })

  const send = (...args: string[]) =>
    run(t, session.room, 'aoc-pulse', ['--session', 's', 'send', 'get_screen', ...args])
  t.match(await send('1', 'rows=2'), { code: 0, stdout: ' ❯ 1. Yes\n   2. No\n' })
  t.match(await send('3'), { code: 1, stdout: '', stderr: /no_terminal: .*no screen/ })

  // The answer, and what the agent makes of it.
  t.match(await session.command('send_input', '1', { text: '1', submit: true }), {
    message: '1 character written',
  })
  await until('the answer on its screen', async () => {
    const { result } = await session.command('get_screen', '1', { rows: 1 })
    return (result as { lines: string[] }).lines[0] === '   2. No1'
  })
})

void t.test('explain, while a report stands', async (t) => {
  const session = await Watched.open(t)
  session.onPipes('1', ['sh', '-c', `printf '\\033]9;4;3\\007works'; exec cat`])
  await session.becomes('1', 'running')
  await session.command('report', '1', { lifecycle: 'needs_input', detail: 'which branch?' })
  const explain = (agent: string, ...flags: string[]) =>
    run(t, session.room, 'aoc-pulse', ['--session', 's', ...flags, 'explain', agent])
  const { code, stdout } = await explain('1')
  t.equal(code, 0)
  t.match(stdout, /^s::1 is needs_input for /)
  t.match(stdout, /^ {2}question: which branch\?$/m)
  t.match(stdout, /^decided by {2}report → needs_input, /m)
  t.match(stdout, /^not by {6}progress → running, /m)

  const nobody = await explain('nobody')
  t.same([nobody.code, nobody.stdout], [1, ''])
  t.match(nobody.stderr, /no agent "nobody"; there are: .*s::1/)
})
