import type { Memory } from '../memory.js'
import { claim, type Claim } from './claim.js'

/** What is told in two ways is told within this long. */
const togetherMs = 1_000
/** A bell of this long ago is worth a mention. */
const bellLastsMs = 60_000

/** What the agent, or somebody for it, has asked and nobody has answered. */
export function openAsk(memory: Memory, nowMs: number): Claim | null {
  const { asks } = memory
  const ask = asks.find(({ standsMs }) => standsMs <= nowMs) ?? asks[0]
  if (ask === undefined) return null
  const { attention, detail, origin, evidence, atMs } = ask
  return claim({
    origin,
    lifecycle: 'needs_input',
    turn: 'active',
    attention,
    confidence: 3,
    sinceMs: atMs,
    detail: detail ?? (asks.length === 1 ? lineSince(memory, 'asks', atMs) : null),
    evidence,
    void: ask.standsMs > nowMs ? 'the agent may answer it by itself' : null,
    turnsMs: asks.map(({ standsMs }) => standsMs),
  })
}

/** What the screen says of something of which the agent told no more than that it is so. */
function lineSince({ screen, ways }: Memory, shows: 'asks' | 'ready', atMs: number): string | null {
  const tells = ways.trustsScreen && screen?.shows === shows && screen.freshMs >= atMs
  return tells ? screen.evidence || null : null
}

/** A title that stands, or a notification that nothing has followed. */
export function terminalAsk(memory: Memory): Claim | null {
  const { title, notified, screen, ways } = memory
  if (title?.shows === 'asks') {
    // The title says that it asks; what, a notification or the screen may say.
    const dialog = screen?.shows === 'asks' && screen.freshMs >= title.atMs - togetherMs ? screen : null
    // Seen since, it shows work and no dialog: the agent guesses that what it runs waits for input.
    const guess = screen?.shows === 'working' && screen.freshMs > title.atMs ? screen : null
    return claim({
      origin: 'title',
      lifecycle: 'needs_input',
      turn: 'active',
      attention: notified?.attention ?? dialog?.attention ?? (guess === null ? 'permission' : 'question'),
      confidence: 2,
      sinceMs: title.atMs,
      atMs: title.freshMs,
      detail: notified?.detail ?? dialog?.evidence ?? guess?.evidence ?? title.detail,
      evidence: title.evidence,
      void: ways.restingTitleProves ? null : whyTitleIsLate(memory, title.freshMs),
    })
  }
  if (notified === null) return null
  return claim({
    origin: 'notification',
    lifecycle: 'needs_input',
    turn: 'active',
    attention: notified.attention,
    confidence: 2,
    sinceMs: notified.atMs,
    detail: notified.detail,
    evidence: notified.evidence,
    void: memory.tellsWork && !ways.trustsNotifications ? 'this agent tells by its own events' : null,
  })
}

/** Answered, ended or prompted since. */
function whyTitleIsLate({ turnSaidMs, answering }: Memory, freshMs: number): string | null {
  if (turnSaidMs > freshMs) return 'the agent has gone on since'
  return answering !== null && answering.atMs > freshMs ? 'a key was typed since' : null
}

/** A dialog on the screen. */
export function screenAsk({ screen, tellsWork, title, ways }: Memory): Claim | null {
  if (screen?.shows !== 'asks') return null
  // Some dialogs come while the title shows the work before them: only one that has changed since knows better.
  const isRefuted = ways.restingTitleProves && title !== null && title.atMs > screen.freshMs
  const doubt = isRefuted ? 'its title has changed since' : null
  return claim({
    origin: 'screen',
    lifecycle: 'needs_input',
    turn: 'active',
    attention: screen.attention ?? 'question',
    confidence: 1,
    sinceMs: screen.atMs,
    atMs: screen.freshMs,
    detail: screen.evidence || null,
    evidence: screen.evidence,
    void: tellsWork && !ways.trustsScreen ? 'this agent tells by its own events' : doubt,
  })
}

/** A turn that failed, by the agent's own word or a report. */
export function failure(memory: Memory): Claim | null {
  const { failure: failed } = memory
  if (failed === null) return null
  return claim({
    origin: failed.origin,
    lifecycle: 'error',
    turn: 'inactive',
    attention: 'error',
    confidence: 3,
    sinceMs: failed.atMs,
    detail: (failed.origin === 'status' ? lineSince(memory, 'ready', failed.atMs) : null) ?? failed.detail,
    evidence: failed.evidence,
  })
}

/** A bell calls, and does not say what for: it never decides, and an explanation mentions it. */
export function bellRung({ bellMs, turnSaidMs }: Memory, nowMs: number): Claim | null {
  if (bellMs === null || bellMs < turnSaidMs || nowMs > bellMs + bellLastsMs) return null
  return claim({
    origin: 'bell',
    lifecycle: 'needs_input',
    turn: 'unknown',
    attention: 'question',
    confidence: 2,
    sinceMs: bellMs,
    evidence: 'BEL',
    void: 'a bell does not say what for',
  })
}
