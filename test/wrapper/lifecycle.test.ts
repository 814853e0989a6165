import t from 'tap'
import { judge, type Signal } from '../../lib/wrapper/lifecycle.js'

type Unstamped = Signal extends infer S ? (S extends Signal ? Omit<S, 'atMs'> : never) : never

const started: Unstamped = { kind: 'started' }
const report = (
  lifecycle: 'running' | 'needs_input' | 'idle' | 'error',
  detail: string | null = null,
): Unstamped => ({
  kind: 'report',
  lifecycle,
  detail,
})
const exited = (code: number, signal: string | null = null, asked = false): Unstamped => ({
  kind: 'exited',
  code,
  signal,
  asked,
})

void t.test('signals in, state out', async (t) => {
  const table: [string, Unstamped[], string, object][] = [
    ['nothing at all', [], 'running', { confidence: 0, turn: 'unknown', blind: 'no_signals' }],
    ['it runs, and says nothing', [started], 'running', { confidence: 0, blind: 'no_signals', since_ms: 1 }],
    [
      'it says what it does',
      [started, report('running')],
      'running',
      { confidence: 3, turn: 'active', blind: null },
    ],
    [
      'it asks',
      [started, report('running'), report('needs_input', 'which branch?')],
      'needs_input',
      {
        attention: 'question',
        detail: 'which branch?',
        origin: 'report',
        evidence: 'reported needs_input',
        since_ms: 3,
      },
    ],
    [
      'it goes on',
      [started, report('needs_input', 'x'), report('running')],
      'running',
      { attention: 'none', detail: null },
    ],
    ['it is done', [started, report('idle')], 'idle', { turn: 'inactive', attention: 'none' }],
    [
      'it failed at something',
      [started, report('error', 'rate limit')],
      'error',
      { attention: 'error', detail: 'rate limit' },
    ],
    ['Ctrl-Z', [started, { kind: 'stopped' }], 'idle', { detail: 'suspended' }],
    ['fg', [started, { kind: 'stopped' }, { kind: 'continued' }], 'running', { since_ms: 3 }],
    [
      'Ctrl-Z while it asks',
      [started, report('needs_input'), { kind: 'stopped' }],
      'idle',
      { detail: 'suspended' },
    ],
    [
      'fg, and it still asks',
      [started, report('needs_input', 'x'), { kind: 'stopped' }, { kind: 'continued' }],
      'needs_input',
      { detail: 'x' },
    ],
    ['exit 0', [started, exited(0)], 'offline', { detail: 'exited with 0' }],
    ['exit 0 while it asks', [started, report('needs_input'), exited(0)], 'offline', {}],
    ['exit 3', [started, exited(3)], 'error', { attention: 'error', detail: 'exited with 3', confidence: 1 }],
    ['a crash', [started, exited(0, 'SIGSEGV')], 'error', { detail: 'killed by SIGSEGV' }],
    ['kill -9', [started, exited(0, 'SIGKILL')], 'error', { detail: 'killed by SIGKILL' }],
    ['Ctrl-C', [started, exited(0, 'SIGINT')], 'offline', {}],
    ['Ctrl-C, by exit code', [started, exited(130)], 'offline', {}],
    ['stop_agent needed SIGKILL', [started, exited(0, 'SIGKILL', true)], 'offline', {}],
  ]
  for (const [name, signals, lifecycle, status] of table) {
    const judged = judge(signals.map((signal, i) => ({ ...signal, atMs: i + 1 })))
    t.equal(judged.lifecycle, lifecycle, name)
    t.match(judged.status, status, name)
  }
})
