import { currentTurn, type Memory } from '../memory.js'
import { interruptTakesMs } from '../said.js'
import { claim, type Claim } from './claim.js'

/** A title that shows rest while the agent's last word was work is believed after this long. */
const restBelievedMs = 3_000
/** The end of a background task is followed by a turn within this long. */
const wakingMs = 3_000
/** What is drawn as a turn ends is seen within this long; a look within `drawnMs` may be too early. */
const endSeenMs = 600
const drawnMs = 50

/** Esc, Ctrl-C, or a no that only the screen shows: several agents tell of none of them. */
export function interrupt(memory: Memory): Claim | null {
  const { interrupted, title, screen, ways } = memory
  if (interrupted === null) return null
  const takenMs = interrupted.atMs + interruptTakesMs
  const isSince = (showing: typeof title): boolean =>
    showing?.shows === 'working' && showing.freshMs > takenMs
  // A title that is written only when it changes is right as soon as it does.
  const hasTurned = ways.restingTitleProves && title?.shows === 'working' && title.atMs > interrupted.atMs
  const goesOn = isSince(title) || hasTurned ? 'its title' : isSince(screen) ? 'its screen' : null
  return claim({
    origin: interrupted.origin,
    lifecycle: memory.background > 0 ? 'running' : 'idle',
    turn: 'inactive',
    confidence: 1,
    sinceMs: interrupted.atMs,
    detail: 'interrupted',
    evidence: interrupted.evidence,
    void: goesOn === null ? null : `${goesOn} shows work since`,
  })
}

/**
 * An end of the turn of which no event told: the title shows rest. One that proves it does so in any case, after the
 * last word of the agent; another only if it has shown work in this turn and nothing was said since.
 */
export function restShown(memory: Memory, nowMs: number): Claim | null {
  const { title, ways, turnSaidMs } = memory
  const turn = currentTurn(memory)
  if (turn?.isActive !== true || title?.shows !== 'ready') return null
  const isLastWord = ways.restingTitleProves && title.atMs >= turnSaidMs
  const believedMs =
    (ways.restingTitleProves ? Math.max(title.atMs, turnSaidMs) : title.atMs) + restBelievedMs
  const doubt = whyNoRest(memory, title.atMs)
  return claim({
    origin: 'title',
    lifecycle: memory.background > 0 ? 'running' : 'idle',
    turn: 'inactive',
    confidence: 2,
    sinceMs: title.atMs,
    atMs: title.freshMs,
    evidence: title.evidence,
    void: doubt ?? (!isLastWord && nowMs < believedMs ? 'it is too fresh' : null),
    turnsMs: [believedMs],
  })
}

function whyNoRest(memory: Memory, restMs: number): string | null {
  const { ways, titleWorkedMs, turnSaidMs } = memory
  const turn = currentTurn(memory)!
  if (turn.origin === 'status') return 'what it announces tells of every end'
  if (ways.restingTitleProves) return null
  if (titleWorkedMs === null || titleWorkedMs < turn.atMs) return 'the title has shown no work in this turn'
  return turnSaidMs > restMs ? 'the agent has said something since' : null
}

/** The turn, by the agent's own word or a report. */
export function turnSaid(memory: Memory, nowMs: number): Claim | null {
  const turn = currentTurn(memory)
  if (turn === null) return null
  const { background, backgroundEndedMs } = memory
  // The end of a background task wakes the agent in a moment.
  const wakesMs = backgroundEndedMs === null ? 0 : backgroundEndedMs + wakingMs
  const settledMs = settlesMs(memory) ?? 0
  const isRunning = turn.isActive || background > 0 || nowMs < wakesMs || nowMs < settledMs
  const tasks = background === 1 ? '1 background task' : `${background} background tasks`
  return claim({
    origin: turn.origin,
    lifecycle: isRunning ? 'running' : 'idle',
    turn: turn.isActive ? 'active' : 'inactive',
    confidence: 3,
    // It runs since it asks no more.
    sinceMs: Math.max(turn.atMs, isRunning ? (memory.asksEndedMs ?? 0) : wakesMs),
    atMs: memory.turnSaidMs,
    detail: turn.isActive ? turn.detail : background > 0 ? tasks : null,
    evidence: turn.evidence,
    void: turn.isActive ? null : whyWorksAgain(memory),
    turnsMs: [wakesMs, settledMs],
  })
}

/**
 * Until when the end of a turn waits for what the screen shows beside it, such as a question; null when it has been
 * looked at.
 */
function settlesMs(memory: Memory): number | null {
  const { ways, lookedMs } = memory
  const turn = currentTurn(memory)
  if (!ways.trustsScreen || !ways.screenTells || turn === null || turn.isActive) return null
  return (lookedMs ?? 0) >= turn.atMs + drawnMs ? null : turn.atMs + endSeenMs
}

/** Where only the end of a turn is told of, the next one shows elsewhere. */
function whyWorksAgain({ tellsWork, turnSaidMs, title, submittedMs }: Memory): string | null {
  if (tellsWork || turnSaidMs === 0) return null
  if (title?.shows === 'working' && title.freshMs > turnSaidMs + interruptTakesMs)
    return 'its title shows work since'
  return submittedMs !== null && submittedMs > turnSaidMs ? 'the person has typed Enter since' : null
}
