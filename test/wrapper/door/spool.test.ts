import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { execFileSync } from 'node:child_process'
import { basename, join } from 'node:path'

import t from 'tap'

import { openDoor } from '../../../lib/wrapper/door/door.js'
import { openSpool } from '../../../lib/wrapper/door/spool.js'
import { makeSpoolFolder } from '../../../lib/wrapper/door/spool-folder.js'
import { makeFolder } from '../../project/repository.js'
import { open, run } from './opened.js'

/** Leaves an event as a hook does. */
function leave(spoolDir: string, name: string, text: string): void {
  writeFileSync(join(spoolDir, name), text)
  writeFileSync(join(spoolDir, `${name}.done`), '')
}

void t.test('the event of a hook comes with its source and the process that ran it', async (t) => {
  const { door, events, count } = await open(t)
  t.match(basename(door.spoolDir), new RegExp(`^hooks-\\d+-${process.pid}-\\w{6}$`))
  t.equal(lstatSync(door.spoolDir).mode & 0o777, 0o700)
  await run(['/bin/sh', '-c', door.hookLine('gemini')], '{"hook_event_name":"AfterAgent"}')
  await count(1)
  await run([...door.hookArgv('codex-notify'), '{"type":"agent-turn-complete"}'])
  await count(2)
  t.strictSame(events, [
    { atMs: 1, via: 'spool', source: 'gemini', pid: process.pid, body: { hook_event_name: 'AfterAgent' } },
    {
      atMs: 2,
      via: 'spool',
      source: 'codex-notify',
      pid: process.pid,
      body: { type: 'agent-turn-complete' },
    },
  ])
  t.strictSame(readdirSync(door.spoolDir), [])
})

void t.test('a runtime folder of an odd name', async (t) => {
  const { door, events, count } = await open(t, { name: `it's "the" $(run) folder` })
  await run(['/bin/sh', '-c', door.hookLine('codex')], '1')
  await count(1)
  t.equal(events[0]?.body, 1)
})

void t.test('200 hooks at once all arrive, each once', async (t) => {
  const { door, events, bad, count } = await open(t)
  const input = join(makeFolder(t), 'input')
  writeFileSync(input, JSON.stringify({ text: 'x'.repeat(20_000) }))
  const hook = `( ${door.hookLine('codex')} )`
  const each = `n=0; while [ $n -lt 200 ]; do n=$((n+1)); { ${hook} <"$input" || echo "$n failed"; } & done; wait`
  const { code, output } = await run(['/bin/sh', '-c', `input=${input}; ${each}`])
  t.strictSame({ code, output }, { code: 0, output: '' })
  await count(200)
  await run(['/bin/sh', '-c', door.hookLine('last')], '1')
  await count(201)
  t.equal(events.length, 201)
  t.equal(events.at(-1)?.source, 'last')
  t.strictSame(bad, [])
  t.strictSame(readdirSync(door.spoolDir), [])
})

void t.test('hooks that follow each other arrive in their order', async (t) => {
  const { door, events, count } = await open(t)
  const line = door.hookLine('codex').replaceAll("'", `'\\''`)
  const hook = (n: number) => `echo ${n} | sh -c '${line}'`
  await run(['/bin/sh', '-c', Array.from({ length: 60 }, (_, n) => hook(n)).join('\n')])
  await count(60)
  t.strictSame(
    events.map(({ body }) => body),
    Array.from({ length: 60 }, (_, n) => n),
  )
})

void t.test('what waited together comes in the order in which it was complete', async (t) => {
  const { door, events, count } = await open(t)
  // All within one turn of the event loop: the clock of the files may not have moved, then the hooks' pids tell.
  for (const pid of [9, 10, 99, 100, 1000]) leave(door.spoolDir, `codex.7.${pid}`, String(pid))
  await count(5)
  t.strictSame(
    events.map(({ body, pid }) => [body, pid]),
    [9, 10, 99, 100, 1000].map((pid) => [pid, 7]),
  )
})

void t.test('of an event that is too long the first fields come', async (t) => {
  const { door, events, count } = await open(t)
  const event = { session_id: 's', hook_event_name: 'PostToolUse', tool_name: 'Read', agent_id: 'a' }
  const long = JSON.stringify({ ...event, tool_response: { text: 'x'.repeat(2_000_000) }, late: 'y' })
  await run(['/bin/sh', '-c', door.hookLine('codex')], long)
  leave(door.spoolDir, 'codex.1.1', long)
  await count(2)
  t.strictSame(
    events.map(({ body }) => body),
    [event, event],
  )
})

void t.test('what is planted in the folder does no harm', async (t) => {
  const { door, events, bad, count } = await open(t)
  const { spoolDir } = door
  const outside = makeFolder(t)
  const precious = join(outside, 'precious.json')
  writeFileSync(precious, '"precious"')
  const mark = (name: string) => writeFileSync(join(spoolDir, `${name}.done`), '')

  symlinkSync(precious, join(spoolDir, 'codex.1.1'))
  mark('codex.1.1')
  writeFileSync(join(spoolDir, 'codex.1.2'), '"its mark is a link"')
  symlinkSync(precious, join(spoolDir, 'codex.1.2.done'))
  mkdirSync(join(spoolDir, 'codex.1.3'))
  mark('codex.1.3')
  mkdirSync(join(spoolDir, 'codex.1.4.done'))
  execFileSync('mkfifo', [join(spoolDir, 'codex.1.5')])
  mark('codex.1.5')
  mark('codex.1.6')
  leave(spoolDir, 'codex.1.7', 'no JSON \x1b[2J')
  leave(spoolDir, 'codex.1.8', '')
  for (const name of ['.done', 'x.done', 'Codex.1.1.done', 'codex.1.-1.done', 'codex.1.1.1.done']) {
    writeFileSync(join(spoolDir, name), '')
  }
  writeFileSync(join(spoolDir, 'codex.1.9'), '')
  truncateSync(join(spoolDir, 'codex.1.9'), 64 * 1_024 ** 3)
  mark('codex.1.9')
  leave(spoolDir, 'codex.1.10', '"good"')

  await count(1)
  t.strictSame(
    events.map(({ body }) => body),
    ['good'],
  )
  t.strictSame(bad, ['a hook left something that is no event'])
  t.equal(readFileSync(precious, 'utf8'), '"precious"')
  door.close()
  t.notOk(existsSync(spoolDir))
  t.strictSame(readdirSync(outside), ['precious.json'])
})

void t.test('of too many events the newest come', async (t) => {
  const { door, events, bad, count } = await open(t)
  for (let n = 1; n <= 1_200; n++) leave(door.spoolDir, `codex.1.${n}`, String(n))
  await count(1_000)
  t.strictSame(
    events.map(({ body }) => body),
    Array.from({ length: 1_000 }, (_, n) => n + 201),
  )
  t.strictSame(bad, ['more than 1000 events waited, the oldest were dropped'])
  t.strictSame(readdirSync(door.spoolDir), [])
})

void t.test('what a hook began long ago is removed, what it begins now is not', async (t) => {
  const { door, count } = await open(t)
  const old = join(door.spoolDir, 'codex.1.1')
  const fresh = join(door.spoolDir, 'codex.1.2')
  for (const file of [old, fresh]) writeFileSync(file, '{"hook_')
  utimesSync(old, new Date(0), new Date(0))
  mkdirSync(join(door.spoolDir, 'files'))
  utimesSync(join(door.spoolDir, 'files'), new Date(0), new Date(0))
  leave(door.spoolDir, 'codex.1.3', '1')
  await count(1)
  t.strictSame(readdirSync(door.spoolDir).toSorted(), ['codex.1.2', 'files'])
})

void t.test('a folder full of what was begun hides no event', async (t) => {
  const { door, events, count } = await open(t)
  const { spoolDir } = door
  const lately = new Date(Date.now() - 10_000)
  for (let n = 0; n < 5_000; n++) {
    const file = join(spoolDir, n % 2 === 0 ? `codex.1.${n}` : `junk ${n}`)
    writeFileSync(file, '')
    utimesSync(file, lately, lately)
  }
  const begun = join(spoolDir, 'codex.2.1')
  writeFileSync(begun, '"begun"')
  leave(spoolDir, 'codex.2.2', '"good"')
  await count(1)
  writeFileSync(`${begun}.done`, '')
  await count(2)
  t.strictSame(
    events.map(({ body }) => body),
    ['good', 'begun'],
  )
  t.ok(readdirSync(spoolDir).length < 4_096, 'there is room again')
})

void t.test('an event is found also when the system does not tell', async (t) => {
  const silent = () => ({ close() {} })
  const unwilling = () => {
    throw new Error('ENOSPC')
  }
  for (const watchFolder of [silent, unwilling]) {
    const body = await new Promise((resolve) => {
      const alive = setInterval(() => {}, 1_000)
      const spool = openSpool({
        runtimeDir: makeFolder(t),
        watchFolder,
        onBad: (why) => t.fail(why),
        onEvent(_source, _pid, body) {
          clearInterval(alive)
          spool.close()
          resolve(body)
        },
      })
      leave(spool.dir, 'codex.1.1', '1')
    })
    t.equal(body, 1)
  }
})

void t.test('a folder that somebody removed ends nothing', async (t) => {
  const { door, events, bad, count } = await open(t)
  leave(door.spoolDir, 'codex.1.1', '1')
  await count(1)
  leave(door.spoolDir, 'codex.1.2', '2')
  rmSync(door.spoolDir, { recursive: true })
  const { code, output } = await run(['/bin/sh', '-c', door.hookLine('codex')], '3')
  t.strictSame({ code, output }, { code: 0, output: '' })
  await fetch(`${door.url}claude`, { method: 'POST', body: '4' })
  await count(2)
  t.strictSame(
    events.map(({ body }) => body),
    [1, 4],
  )
  t.ok(bad.every((why) => why === 'the folder of the hooks cannot be read'))
})

void t.test('a failure of ours ends nothing', async (t) => {
  const { door, bad, count } = await open(t, {
    onEvent: ({ body }) => {
      throw new Error(String(body))
    },
  })
  leave(door.spoolDir, 'codex.1.1', '1')
  leave(door.spoolDir, 'codex.1.2', '2')
  await count(2)
  t.strictSame(bad, ['an event failed: 1', 'an event failed: 2'])
})

void t.test('nothing comes when the door is closed', async (t) => {
  const { door, events, bad } = await open(t)
  leave(door.spoolDir, 'codex.1.1', '1')
  const line = door.hookLine('codex')
  door.close()
  const { code, output } = await run(['/bin/sh', '-c', line], '2')
  t.strictSame({ code, output }, { code: 0, output: '' })
  t.strictSame({ events, bad }, { events: [], bad: [] })
  t.notOk(existsSync(door.spoolDir))
  door.close()
})

void t.test('closing while its events are handed over', async (t) => {
  const opened = await open(t, { onEvent: () => opened.door.close() })
  leave(opened.door.spoolDir, 'codex.1.1', '1')
  leave(opened.door.spoolDir, 'codex.1.2', '2')
  await opened.count(1)
  await new Promise(setImmediate)
  t.equal(opened.events.length, 1)
})

void t.test('what dead launches left is removed, and nothing else', async (t) => {
  const runtimeDir = makeFolder(t)
  const outside = makeFolder(t)
  writeFileSync(join(outside, 'precious'), '')
  const { pid } = await run(['/bin/sh', '-c', ':'])
  const make = (name: string) => {
    mkdirSync(join(runtimeDir, name))
    return name
  }
  const ours = basename(makeSpoolFolder(outside)).split('-').slice(0, 2).join('-')
  const elsewhere = `hooks-${Number(ours.slice('hooks-'.length)) + 1}`
  for (const name of readdirSync(outside)) if (name !== 'precious') rmdirSync(join(outside, name))
  const stale = make(`${ours}-${pid}-abcDEF`)
  mkdirSync(join(runtimeDir, stale, 'files'))
  writeFileSync(join(runtimeDir, stale, 'files/settings.json'), '{}')
  symlinkSync(outside, join(runtimeDir, stale, 'link'))
  symlinkSync(outside, join(runtimeDir, `${ours}-${pid}-linked`))
  writeFileSync(join(runtimeDir, `${ours}-${pid}-aafile`), '')
  const kept = [
    make(`${ours}-${process.pid}-abcDEF`),
    make(`${ours}-1-abcDEF`),
    make(`${ours}-${pid}-abcDEFG`),
    make(`${ours}-${pid}`),
    make(`${ours}-x${pid}-abcDEF`),
    make(`${ours}-0-abcDEF`),
    // There another process may have this pid, and this one may be there.
    make(`${elsewhere}-${pid}-abcDEF`),
    make(`hooks-${pid}-abcDEF`),
    `${ours}-${pid}-linked`,
    `${ours}-${pid}-aafile`,
  ]
  const door = await openDoor({ runtimeDir, onEvent() {}, now: () => 0 })
  t.strictSame(readdirSync(runtimeDir).toSorted(), [...kept, basename(door.spoolDir)].toSorted())
  t.strictSame(readdirSync(outside), ['precious'])
  door.close()
  t.strictSame(readdirSync(runtimeDir).toSorted(), kept.toSorted())
})

void t.test('no door without a folder', async (t) => {
  await t.rejects(openDoor({ runtimeDir: join(makeFolder(t), 'gone'), onEvent() {}, now: () => 0 }), {
    code: 'ENOENT',
  })
})
