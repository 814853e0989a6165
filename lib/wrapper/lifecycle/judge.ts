import type { Lifecycle } from '../../wire/messages.js'
import { claimsOf, hooksComeMs } from './claims.js'
import type { Claim, Confidence } from './claims/claim.js'
import { newMemory, type Memory } from './memory.js'
import { remember } from './remember.js'
import type { Asking, Origin, Signal, Ways } from './signal.js'

/** What the lifecycle is derived from; published under `source.status`. design: lifecycle, "State". */
export interface Status {
  turn: 'active' | 'inactive' | 'unknown'
  attention: 'none' | Asking | 'error'
  /** How many background tasks still run. */
  background: number
  /** Which kind of signal decided. */
  origin: Origin
  confidence: Confidence
  /** Since when it is so, milliseconds since 1970. */
  since_ms: number
  /** Which tool, which question, what went wrong; at most 140 characters. */
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

/** Why the status is what it is: the result of the command `explain`. */
export interface Explained extends Judged {
  deciding: ExplainedClaim
  /** What else was said, strongest first, and why it does not decide. */
  losing: (ExplainedClaim & { why: string })[]
  /** What could tell more, and why it does not. */
  missing: string[]
}

export interface ExplainedClaim {
  origin: Origin
  lifecycle: Lifecycle
  confidence: Confidence
  evidence: string
  /** How long ago it was last said, milliseconds. */
  age_ms: number
}

/** What is true after these signals, at this time. Pure. */
export function judgeLog(ways: Ways, signals: Iterable<Signal>, nowMs: number): Judged {
  const memory = newMemory(ways)
  for (const signal of signals) remember(memory, signal)
  return judge(memory, nowMs)
}

/** What is true now, by all that is remembered. Pure. */
export function judge(memory: Memory, nowMs: number): Judged {
  return judged(memory, deciding(claimsOf(memory, nowMs)), nowMs)
}

/** The same, with its reasons. Pure. */
export function explain(memory: Memory, nowMs: number): Explained {
  const claims = claimsOf(memory, nowMs)
  const winner = deciding(claims)
  return {
    ...judged(memory, winner, nowMs),
    deciding: explained(winner, nowMs),
    losing: claims
      .filter((claim) => claim !== winner && claim.origin !== 'started')
      .map((claim) => ({ ...explained(claim, nowMs), why: claim.void ?? `${winner.origin} is stronger` })),
    missing: missing(memory, nowMs, winner.origin),
  }
}

function deciding(claims: readonly Claim[]): Claim {
  return claims.find((claim) => claim.void === null)!
}

function judged(memory: Memory, claim: Claim, nowMs: number): Judged {
  const { turn, attention, origin, confidence, sinceMs, detail, evidence } = claim
  return {
    lifecycle: claim.lifecycle,
    status: {
      turn,
      attention,
      background: memory.process?.kind === 'exited' ? 0 : memory.background,
      origin,
      confidence,
      since_ms: sinceMs,
      detail,
      evidence,
      blind: blindOf(memory, nowMs, origin),
    },
  }
}

function blindOf({ ways, saidMs, startedMs, process }: Memory, nowMs: number, origin: Origin): string | null {
  if (saidMs !== null || process?.kind === 'exited') return null
  // Somebody reports for a command that has no events of its own: what more could be known.
  if (origin === 'report' && ways.silentHooks === null) return null
  if (ways.blind !== null) return ways.blind
  if (ways.silentHooks === null) return null
  return startedMs !== null && nowMs >= startedMs + hooksComeMs ? ways.silentHooks : 'hooks_pending'
}

function explained({ origin, lifecycle, confidence, evidence, atMs }: Claim, nowMs: number): ExplainedClaim {
  return { origin, lifecycle, confidence, evidence, age_ms: Math.max(0, nowMs - atMs) }
}

/** What each reason of `blind` means, and what a person can do. */
const blindness: Record<string, string> = {
  no_signals: 'this command says nothing of itself; a script in its pane may: aoc-agent-wrap report',
  hooks_pending: 'its own events have not come yet',
  hooks_missing: 'its own events were asked for and none has come',
  hooks_untrusted: 'its own events come only once its hooks are trusted; ask it with /hooks',
  no_status: 'this version does not announce what it does (OSC 7501); its title and its screen are read',
  too_old: 'this version is too old to tell of itself',
  hooks_off: 'it was started with its hooks off',
  hooks_refused: 'it would not take hooks from a file that is not an administrator’s',
  sandboxed: 'it runs in a sandbox that its hooks cannot reach out of',
  remote_agent: 'it runs in another process, which was not started here',
  injection_off: 'its own events were not asked for (--no-inject)',
  own_settings: "the command's own arguments set what would have to be set for its events",
  managed_policy: 'a managed policy of this machine forbids hooks that are not its own',
  door_failed: 'the private door for its events could not be opened',
  no_tty: 'it has no terminal: no title, no keys, no screen',
}

function missing(memory: Memory, nowMs: number, origin: Origin): string[] {
  const blind = blindOf(memory, nowMs, origin)
  const found = blind === null ? [] : [`${blind}: ${blindness[blind] ?? 'a better signal is missing'}`]
  if (memory.nestedMs !== null) found.push('events of an agent started inside this one were left out')
  return found
}
