import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { parseTrace, TraceError } from '../../../lib/wrapper/trace/entry.js'
import { openRecorder } from '../../../lib/wrapper/trace/recorder.js'
import { replay, type Shown } from '../../../lib/wrapper/trace/replay.js'
import { differences, statusLine } from '../../../lib/wrapper/trace/timeline.js'

const launch = '{"at":0,"kind":"launch","trace":1,"profile":"any"}'

async function replayed(text: string): Promise<Shown[]> {
  const shown: Shown[] = []
  await replay(parseTrace(text), (status) => shown.push(status))
  return shown
}

void t.test('what is wrong with a trace is said with its line', async (t) => {
  const table: [text: string, message: RegExp][] = [
    ['', /line 1: a trace begins with/],
    ['{"at":0,"kind":"end"}', /line 1: a trace begins with/],
    [`${launch}\n\n# fine\n{`, /line 4: not JSON/],
    [`${launch}\n{"at":-1,"kind":"end"}`, /line 2: at: /],
    [`${launch}\n{"at":1,"kind":"dance"}`, /line 2: kind: /],
    ['{"at":0,"kind":"launch","trace":2,"profile":"any"}', /line 1: trace: /],
    ['{"at":0,"kind":"launch","trace":1,"profile":"any","columns":100000000}', /line 1: columns: /],
    ['{"at":0,"kind":"launch","trace":1,"profile":"any","blind":"\\u001b]0;x"}', /line 1: blind: /],
    [`${launch}\n{"at":9,"kind":"end"}\n{"at":8,"kind":"end"}`, /line 3: at: time goes back/],
    [`${launch}\n\u001b]0;title\u0007\u009b1m`, /^[^\p{Cc}]*line 2: not JSON: [^\p{Cc}]*$/u],
    [`${launch}\n${'{"at":0,"kind":"end"}\n'.repeat(1_000_000)}`, /line 1000001: more than 1000000 entries/],
  ]
  for (const [text, message] of table) t.throws(() => parseTrace(text), { name: TraceError.name, message })
})

void t.test('a trace is judged again, in its own time', async (t) => {
  const text = `${launch}
{"at":5,"kind":"process","is":"started"}
{"at":10,"kind":"output","text":"hello"}
{"at":200,"kind":"report","lifecycle":"needs_input","detail":"which?"}
{"at":3600000,"kind":"keys","text":"\\r"}
{"at":3650000,"kind":"exited","code":1}`
  const shown = await replayed(text)
  t.same(
    shown.map(({ at, lifecycle, status }) => [at, lifecycle, status.origin]),
    [
      [5, 'running', 'started'],
      [200, 'needs_input', 'report'],
      [3_600_000, 'running', 'key'],
      [3_650_000, 'error', 'exited'],
    ],
  )
  t.equal(
    statusLine(shown[1]!),
    '     0.20 s  needs_input  question  which?  [report 3: reported needs_input]',
  )
})

void t.test('where it differs from what was shown then', async (t) => {
  const status = (at: number, lifecycle: string, attention = 'none'): string =>
    JSON.stringify({
      at,
      kind: 'status',
      lifecycle,
      status: { origin: 'x', confidence: 1, attention, evidence: '' },
    })
  const body = `{"at":200,"kind":"report","lifecycle":"needs_input"}`
  const start = '{"at":5,"kind":"process","is":"started"}'
  const check = async (...lines: string[]): Promise<string[]> => {
    const text = [launch, ...lines].join('\n')
    return differences(parseTrace(text), await replayed(text))
  }
  t.same(await check(start, status(6, 'running'), body, status(220, 'needs_input', 'question')), [])
  t.match(await check(start, status(6, 'running'), body, status(220, 'error', 'error')), [
    /^at 0\.22 s the trace has error \(error\) at 0\.22 s, the rules say needs_input \(question\) at 0\.20 s$/,
  ])
  t.match(await check(start, status(6, 'running'), body), [/nothing more, the rules say needs_input/])
  t.match(await check(start, status(6, 'running'), body, status(9_000, 'needs_input', 'question')), [
    /at 9\.00 s/,
  ])
})

void t.test('no control reaches the terminal from a trace', async (t) => {
  const text = [
    launch,
    JSON.stringify({
      at: 1,
      kind: 'status',
      lifecycle: 'idle',
      status: { origin: 'x', confidence: 1, attention: '\u001b]0;x\u0007\u009b2J', evidence: '' },
    }),
  ].join('\n')
  const found = differences(parseTrace(text), [])
  t.equal(found.length, 1)
  t.notMatch(found[0], /\p{Cc}/u)
  const status = {
    turn: 'active',
    attention: 'question',
    background: 0,
    origin: 'report',
    confidence: 3,
    since_ms: 0,
    detail: '\u001b[2Jwhich\u0007?',
    evidence: '\u009b31m',
    blind: '\u001b]0;x\u0007',
  } as const
  const line = statusLine({ at: 0, lifecycle: 'needs_input', status })
  t.notMatch(line, /\p{Cc}/u)
  t.match(line, /which\?/)
})

void t.test('many keys at one time, and a jump of years', async (t) => {
  const keys = Array.from({ length: 20_000 }, () => '{"at":1,"kind":"keys","text":"a"}')
  const shown = await replayed(
    [launch, '{"at":1,"kind":"process","is":"started"}', ...keys, '{"at":1e12,"kind":"end"}'].join('\n'),
  )
  t.equal(shown[0]?.lifecycle, 'running')
})

void t.test('what is recorded can be judged again', async (t) => {
  const file = path.join(t.testdir(), 'trace.ndjson')
  let now = 1_000
  const options = {
    profile: 'any',
    command: 'sh',
    blind: null,
    columns: 80,
    rows: 24,
    terminal: true,
  } as const
  const open = (keepsText: boolean, to = file) =>
    openRecorder({
      ...options,
      file: to,
      keepsText,
      now: () => now,
      onFailed: (error) => t.fail(error.message),
    })
  const recorder = open(false)
  recorder.see({ kind: 'started', atMs: now })
  now += 100
  recorder.output(Buffer.from('my secr'))
  recorder.output(Buffer.from([0xc3]))
  recorder.output(Buffer.from([0xa9, 0x0a]))
  recorder.typed(Buffer.from('secret\r'))
  recorder.event({ source: 'x', pid: 7, body: { hook_event_name: 'Stop', text: 'secret' } })
  recorder.see({ kind: 'report', lifecycle: 'needs_input', detail: 'secret', atMs: now })
  recorder.resize(100, 40)
  now += 100
  recorder.see({ kind: 'exited', code: 0, signal: null, asked: false, atMs: now })
  recorder.close()
  const text = readFileSync(file, 'utf8')
  t.notMatch(text, /secret|secré|my/)
  t.equal(statSync(file).mode & 0o777, 0o600, 'for nobody else')
  t.same(
    (await replayed(text)).map(({ lifecycle }) => lifecycle).filter((word, i, all) => word !== all[i - 1]),
    ['running', 'needs_input', 'offline'],
  )
  t.throws(() => open(false), { message: `${file} exists already; give another name` })
  t.throws(() => open(false, path.join(file, 'x')), { message: /x cannot be written: ENOTDIR$/ })

  const early = path.join(path.dirname(file), 'early.ndjson')
  now = 5_000
  const backwards = open(false, early)
  now += 500
  backwards.resize(90, 30)
  now -= 400
  backwards.resize(100, 30)
  backwards.output(Buffer.from('hi\u001b[3'))
  backwards.close()
  const times = parseTrace(readFileSync(early, 'utf8')).map(({ at }) => at)
  t.same(times, [0, 500, 500, 500, 500, 500], 'a clock that is set back does not spoil it')
  t.match(readFileSync(early, 'utf8'), /"text":"\\u001b\[3"/, 'what was held back is written at the end')
  const whole = path.join(path.dirname(file), 'whole.ndjson')
  const keeping = open(true, whole)
  keeping.output(Buffer.from('top secret'))
  keeping.close()
  t.match(readFileSync(whole, 'utf8'), /top secret/)
})

void t.test('a code that is typed at a dialog is not in the trace', async (t) => {
  const record = (attention: 'question' | 'permission'): string => {
    const file = path.join(t.testdir(), `${attention}.ndjson`)
    const recorder = openRecorder({
      file,
      profile: 'claude',
      command: 'claude',
      keepsText: false,
      blind: null,
      columns: 80,
      rows: 24,
      terminal: true,
      now: () => 7,
      onFailed: (error) => t.fail(error.message),
    })
    const status = { turn: 'active', attention, background: 0, origin: 'hook', confidence: 3 } as const
    for (const digit of '492817') {
      const told = { since_ms: 3, detail: null, evidence: 'Notification', blind: null }
      recorder.judged({ lifecycle: 'needs_input', status: { ...status, ...told } })
      recorder.typed(Buffer.from(digit))
    }
    recorder.close()
    return parseTrace(readFileSync(file, 'utf8'))
      .map((entry) => (entry.kind === 'keys' ? entry.text : ''))
      .join('')
  }
  t.equal(record('question'), 'xxxxxx')
  t.equal(record('permission'), '4xxxxx')
})

void t.test('every trace of a status that was wrong once is judged right', async (t) => {
  const dir = new URL('../../../fixtures/traces/', import.meta.url)
  const files = readdirSync(dir).filter((file) => file.endsWith('.ndjson'))
  t.ok(files.length > 0)
  for (const file of files) {
    const text = readFileSync(new URL(file, dir), 'utf8')
    t.same(differences(parseTrace(text), await replayed(text)), [], file)
  }
})
