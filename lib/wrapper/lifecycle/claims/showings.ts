import type { Memory, Showing } from '../memory.js'
import { claim, type Claim } from './claim.js'

/** A title or progress that shows work, or a key that answered, counts for nothing after this long without any output. */
const showingHoldsMs = 60_000
/** By then the screen was looked at. */
const lookTakesMs = 400

/** What a title, a screen or a mark shows, as a claim. */
function shown(
  origin: Claim['origin'],
  isWork: boolean,
  confidence: 1 | 2,
  { atMs, freshMs = atMs, evidence }: Pick<Showing, 'atMs' | 'evidence'> & { freshMs?: number },
  more: Partial<Claim> = {},
): Claim {
  return claim({
    origin,
    lifecycle: isWork ? 'running' : 'idle',
    turn: isWork ? 'active' : 'inactive',
    confidence,
    sinceMs: atMs,
    atMs: freshMs,
    evidence,
    ...more,
  })
}

export function titleShows(memory: Memory, nowMs: number): Claim | null {
  const { title } = memory
  if (title === null || title.shows === 'asks') return null
  const isWork = title.shows === 'working'
  return shown('title', isWork, 2, title, {
    void: isWork ? whyStale(memory, nowMs) : whyRestIsDoubted(memory, title.atMs, nowMs),
    turnsMs: [isWork ? staleMs(memory) : title.atMs + lookTakesMs],
  })
}

/** Some titles rest also while the agent works, and when it begins to ask. */
function whyRestIsDoubted(
  { ways, titleWorkedMs, lookedMs }: Memory,
  restMs: number,
  nowMs: number,
): string | null {
  if (ways.restingTitleProves) return null
  if (titleWorkedMs === null) return 'this title rests also while the agent works'
  const isUnseen = ways.screenTells && (lookedMs ?? 0) < restMs && nowMs < restMs + lookTakesMs
  return isUnseen ? 'the screen was not looked at since' : null
}

export function progressShows(memory: Memory, nowMs: number): Claim | null {
  const { progress, prompt } = memory
  if (progress === null) return null
  // What showed it is over when the shell is back.
  const isLeftOver = prompt !== null && prompt.atMs > progress.atMs ? 'the shell has its prompt since' : null
  const doubt = progress.isActive ? whyStale(memory, nowMs) : whyEntered(memory, progress.atMs)
  return shown('progress', progress.isActive, 2, progress, {
    void: isLeftOver ?? doubt,
    turnsMs: progress.isActive ? [staleMs(memory)] : [],
  })
}

/** Weak signs of work end with the output. */
function whyStale(memory: Memory, nowMs: number): string | null {
  return nowMs < staleMs(memory) ? null : `nothing was written for ${showingHoldsMs / 1_000} s`
}

function staleMs({ outputMs, startedMs }: Memory): number {
  return (outputMs ?? startedMs ?? 0) + showingHoldsMs
}

function whyEntered({ submittedMs }: Memory, atMs: number): string | null {
  return submittedMs !== null && submittedMs > atMs ? 'the person has typed Enter since' : null
}

export function promptShows({ prompt }: Memory): Claim | null {
  return prompt === null ? null : shown('prompt', prompt.isRunning, 2, prompt)
}

/** A key has answered what nothing but the screen, the title or a report had told of. */
export function answerGiven({ answering, saidMs, ways, outputMs }: Memory, nowMs: number): Claim | null {
  if (answering?.key !== 'answer' || saidMs !== null) return null
  const endMs = Math.max(answering.atMs, outputMs ?? 0) + (ways.silenceMs ?? showingHoldsMs)
  return shown(
    'key',
    true,
    1,
    { atMs: answering.atMs, evidence: 'an answer was typed' },
    { void: nowMs < endMs ? null : 'nothing was written for long', turnsMs: [endMs] },
  )
}

export function screenShows({ screen }: Memory): Claim | null {
  if (screen === null || screen.shows === 'asks') return null
  return shown('screen', screen.shows === 'working', 1, screen)
}
