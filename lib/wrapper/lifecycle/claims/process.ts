import type { Memory } from '../memory.js'
import { claim, type Claim } from './claim.js'

export function processGone({ process }: Memory): Claim | null {
  if (process?.kind !== 'exited') return null
  const how = process.signal === null ? `exited with ${process.code}` : `killed by ${process.signal}`
  const isFailure = !isAsked(process) && (process.code !== 0 || process.signal !== null)
  return claim({
    origin: 'exited',
    lifecycle: isFailure ? 'error' : 'offline',
    turn: 'inactive',
    attention: isFailure ? 'error' : 'none',
    confidence: 1,
    sinceMs: process.atMs,
    detail: how,
    evidence: how,
  })
}

/** Somebody ended it, by Ctrl-C or otherwise; shells give 128+n for signal n. */
function isAsked(exit: { code: number; signal: string | null; asked: boolean }): boolean {
  return (
    exit.asked ||
    ['SIGINT', 'SIGTERM', 'SIGHUP'].includes(exit.signal ?? '') ||
    [129, 130, 143].includes(exit.code)
  )
}

export function processStopped({ process }: Memory): Claim | null {
  if (process?.kind !== 'stopped') return null
  return claim({
    origin: 'stopped',
    lifecycle: 'idle',
    turn: 'unknown',
    confidence: 1,
    sinceMs: process.atMs,
    detail: 'suspended',
    evidence: 'the process is stopped',
  })
}

/** What is left when nobody says anything. */
export function processRuns({ startedMs, process }: Memory): Claim {
  return claim({
    origin: process?.kind === 'continued' ? 'continued' : 'started',
    lifecycle: 'running',
    turn: 'unknown',
    confidence: 0,
    sinceMs: process?.atMs ?? startedMs ?? 0,
    evidence: startedMs === null ? 'nothing is known' : 'the process runs',
  })
}

export function silence({ ways, outputMs, startedMs }: Memory, nowMs: number): Claim | null {
  const lastMs = outputMs ?? startedMs
  if (ways.silenceMs === null || lastMs === null) return null
  const sinceMs = lastMs + ways.silenceMs
  return claim({
    origin: 'silence',
    lifecycle: 'idle',
    turn: 'inactive',
    confidence: 1,
    sinceMs,
    detail: 'silent',
    evidence: `nothing was written for ${Math.floor(ways.silenceMs / 1_000)} s`,
    void: nowMs < sinceMs ? 'it has written something lately' : null,
    turnsMs: [sinceMs],
  })
}
