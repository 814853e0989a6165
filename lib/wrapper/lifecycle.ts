import type { Lifecycle } from '../wire/messages.js'
import type { Reportable } from '../wire/commands.js'

/** Something that says what the agent does. Times are milliseconds since 1970. */
export type Signal = { atMs: number } & (
  | { kind: 'started' }
  /** The process was stopped (Ctrl-Z) or goes on. */
  | { kind: 'stopped' }
  | { kind: 'continued' }
  /** `asked` when somebody ended it: by `stop_agent`, or a signal passed on. */
  | { kind: 'exited'; code: number; signal: string | null; asked: boolean }
  /** The agent, or a script in its pane, says it itself. */
  | { kind: 'report'; lifecycle: Reportable; detail: string | null }
)

/** What the lifecycle is derived from; published under `source.status`. design: lifecycle, "State". */
export interface Status {
  turn: 'active' | 'inactive' | 'unknown'
  attention: 'none' | 'question' | 'error'
  /** How many background tasks still run. */
  background: number
  /** Which kind of signal decided. */
  origin: Signal['kind']
  /** 3 said by the agent, 1 the process, 0 unknown. */
  confidence: 0 | 1 | 3
  since_ms: number
  detail: string | null
  /** The signal itself, in words. */
  evidence: string
  /** Why a better signal is missing. */
  blind: string | null
}

export interface Judged {
  lifecycle: Lifecycle
  status: Status
}

/** Whether the process is there, and the last report that still holds. */
interface Facts {
  process: Extract<Signal, { kind: 'started' | 'stopped' | 'continued' | 'exited' }> | null
  report: Extract<Signal, { kind: 'report' }> | null
}

/**
 * What is true after these signals, in the order they came: pure, no clock, no I/O. The process decides whether
 * the agent is there; what the agent says of itself decides what it does; without a word from it nothing is known
 * but that it runs. `error` comes only from a failed exit or a report. design: lifecycle.
 */
export function judge(signals: Iterable<Signal>): Judged {
  const facts: Facts = { process: null, report: null }
  for (const signal of signals) {
    if (signal.kind === 'report') facts.report = signal
    else facts.process = signal
  }
  const { process, report } = facts
  if (process?.kind === 'exited') return exited(process)
  if (process?.kind === 'stopped')
    return judged('idle', {
      origin: 'stopped',
      confidence: 1,
      since_ms: process.atMs,
      evidence: 'the process is stopped',
      detail: 'suspended',
    })
  if (report !== null) return reported(report)
  const evidence = process === null ? 'nothing is known' : 'the process runs'
  return judged('running', {
    origin: process?.kind ?? 'started',
    since_ms: process?.atMs ?? 0,
    evidence,
    blind: 'no_signals',
  })
}

function exited(exit: Extract<Signal, { kind: 'exited' }>): Judged {
  const how = exit.signal === null ? `exited with ${exit.code}` : `killed by ${exit.signal}`
  const known = { origin: exit.kind, confidence: 1, since_ms: exit.atMs, evidence: how, detail: how } as const
  const isFailure = !asked(exit) && (exit.code !== 0 || exit.signal !== null)
  return isFailure
    ? judged('error', { ...known, attention: 'error', turn: 'inactive' })
    : judged('offline', { ...known, turn: 'inactive' })
}

/** Somebody ended it, by Ctrl-C or otherwise; shells give 128+n for signal n. */
function asked(exit: Extract<Signal, { kind: 'exited' }>): boolean {
  return (
    exit.asked ||
    ['SIGINT', 'SIGTERM', 'SIGHUP'].includes(exit.signal ?? '') ||
    [129, 130, 143].includes(exit.code)
  )
}

function reported(report: Extract<Signal, { kind: 'report' }>): Judged {
  const { lifecycle, detail, atMs } = report
  const said = {
    origin: report.kind,
    confidence: 3,
    since_ms: atMs,
    detail,
    evidence: `reported ${lifecycle}`,
  } as const
  switch (lifecycle) {
    case 'running':
      return judged('running', { ...said, turn: 'active' })
    case 'needs_input':
      return judged('needs_input', { ...said, turn: 'active', attention: 'question' })
    case 'idle':
      return judged('idle', { ...said, turn: 'inactive' })
    case 'error':
      return judged('error', { ...said, turn: 'inactive', attention: 'error' })
  }
}

function judged(
  lifecycle: Lifecycle,
  status: Partial<Status> & Pick<Status, 'origin' | 'since_ms' | 'evidence'>,
): Judged {
  const unknown = {
    turn: 'unknown',
    attention: 'none',
    background: 0,
    confidence: 0,
    detail: null,
    blind: null,
  } as const
  return { lifecycle, status: { ...unknown, ...status } }
}
