import type { Lifecycle } from '../../wire/messages.js'
import { currentTurn, type Memory } from './memory.js'
import { interruptTakesMs } from './said.js'
import type { Asking, Origin } from './signal.js'

/** 3 said by the agent or by somebody for it, 2 a structured signal of the terminal, 1 keys, screen, silence or the process, 0 unknown. */
export type Confidence = 0 | 1 | 2 | 3

/** What one kind of signal says of the agent now. */
export interface Claim {
  origin: Origin
  lifecycle: Lifecycle
  turn: 'active' | 'inactive' | 'unknown'
  attention: 'none' | Asking | 'error'
  confidence: Confidence
  /** Since when it is so. */
  sinceMs: number
  /** When it was last said. */
  atMs: number
  detail: string | null
  evidence: string
  /** Why it does not decide although nothing stronger does; null when it may. */
  void: string | null
}

/** A title that shows rest while the agent's last word was work is believed after this long. */
const restBelievedMs = 3_000
/** By then the screen was looked at. */
const lookTakesMs = 400
/** What is told in two ways is told within this long. */
const togetherMs = 1_000
/** The end of a background task is followed by a turn within this long. */
const wakingMs = 3_000
/** What is drawn as a turn ends is seen within this long; a look within `drawnMs` may be too early. */
const endSeenMs = 600
const drawnMs = 50
/** A title or progress that shows work counts for nothing after this long without any output. */
const showingHoldsMs = 60_000

type Part = Pick<Claim, 'origin' | 'lifecycle' | 'turn' | 'confidence' | 'sinceMs' | 'evidence'> &
  Partial<Claim>

function claim(part: Part): Claim {
  return { attention: 'none', detail: null, void: null, atMs: part.sinceMs, ...part }
}

/**
 * What each signal says, the strongest first: the first that is not void decides. Pure. design: lifecycle,
 * "Signals, strongest first".
 */
export function claimsOf(memory: Memory, nowMs: number): Claim[] {
  const found = [
    processGone(memory),
    processStopped(memory),
    openAsk(memory, nowMs),
    terminalAsk(memory),
    screenAsk(memory),
    failure(memory),
    interrupt(memory),
    restShown(memory, nowMs),
    turnSaid(memory, nowMs),
    titleShows(memory, nowMs),
    progressShows(memory, nowMs),
    promptShows(memory),
    answerGiven(memory),
    screenShows(memory),
    silence(memory, nowMs),
  ]
  return [...found.filter((one) => one !== null), processRuns(memory)]
}

/** When a claim may change by time alone; null when it does not. */
export function claimsChangeMs(memory: Memory, nowMs: number): number | null {
  const { title, outputMs, startedMs, ways, progress } = memory
  const lastMs = outputMs ?? startedMs ?? nowMs
  const times = [
    title?.shows === 'ready' ? Math.max(title.atMs, memory.turnSaidMs) + restBelievedMs : 0,
    title?.shows === 'ready' ? title.atMs + restBelievedMs : 0,
    title?.shows === 'ready' ? title.atMs + lookTakesMs : 0,
    title?.shows === 'working' || progress?.isActive === true ? lastMs + showingHoldsMs : 0,
    ways.silenceMs === null ? 0 : lastMs + ways.silenceMs,
    startedMs === null ? 0 : startedMs + hooksComeMs,
    settlesMs(memory) ?? 0,
    memory.backgroundEndedMs === null ? 0 : memory.backgroundEndedMs + wakingMs,
    ...memory.asks.map(({ standsMs }) => standsMs),
  ].filter((atMs) => atMs > nowMs)
  return times.length === 0 ? null : Math.min(...times)
}

/** An agent whose events were asked for and that has said nothing for this long does not say them. */
export const hooksComeMs = 15_000

function processGone({ process }: Memory): Claim | null {
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

function processStopped({ process }: Memory): Claim | null {
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

function openAsk(memory: Memory, nowMs: number): Claim | null {
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
  })
}

/** What the screen says of something of which the agent told no more than that it is so. */
function lineSince({ screen, ways }: Memory, shows: 'asks' | 'ready', atMs: number): string | null {
  const tells = ways.trustsScreen && screen?.shows === shows && screen.freshMs >= atMs
  return tells ? screen.evidence || null : null
}

/** A title that stands, or a notification that nothing has followed. */
function terminalAsk(memory: Memory): Claim | null {
  const { title, notified, screen, ways } = memory
  if (title?.shows === 'asks') {
    // The title says that it asks; what, a notification or the screen may say.
    const dialog = screen?.shows === 'asks' && screen.freshMs >= title.atMs - togetherMs ? screen : null
    return claim({
      origin: 'title',
      lifecycle: 'needs_input',
      turn: 'active',
      attention: notified?.attention ?? dialog?.attention ?? 'permission',
      confidence: 2,
      sinceMs: title.atMs,
      atMs: title.freshMs,
      detail: notified?.detail ?? dialog?.evidence ?? title.detail,
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

function screenAsk({ screen, tellsWork, title, ways }: Memory): Claim | null {
  if (screen?.shows !== 'asks') return null
  const isRefuted = ways.restingTitleProves && title !== null && title.atMs > screen.freshMs
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
    void:
      tellsWork && !ways.trustsScreen
        ? 'this agent tells by its own events'
        : isRefuted
          ? 'its title has changed since'
          : null,
  })
}

function failure(memory: Memory): Claim | null {
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

function interrupt(memory: Memory): Claim | null {
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
function restShown(memory: Memory, nowMs: number): Claim | null {
  const { title, ways, turnSaidMs } = memory
  const turn = currentTurn(memory)
  if (turn?.isActive !== true || title?.shows !== 'ready') return null
  const isLastWord = ways.restingTitleProves && title.atMs >= turnSaidMs
  const restsMs = ways.restingTitleProves ? Math.max(title.atMs, turnSaidMs) : title.atMs
  const doubt =
    turn.origin === 'status'
      ? 'what it announces tells of every end'
      : ways.restingTitleProves
        ? null
        : whyNoRest(memory, turn.atMs, title.atMs)
  return claim({
    origin: 'title',
    lifecycle: memory.background > 0 ? 'running' : 'idle',
    turn: 'inactive',
    confidence: 2,
    sinceMs: title.atMs,
    atMs: title.freshMs,
    evidence: title.evidence,
    void: isLastWord ? null : (doubt ?? (nowMs < restsMs + restBelievedMs ? 'it is too fresh' : null)),
  })
}

function whyNoRest({ titleWorkedMs, turnSaidMs }: Memory, turnMs: number, restMs: number): string | null {
  if (titleWorkedMs === null || titleWorkedMs < turnMs) return 'the title has shown no work in this turn'
  return turnSaidMs > restMs ? 'the agent has said something since' : null
}

function turnSaid(memory: Memory, nowMs: number): Claim | null {
  const turn = currentTurn(memory)
  if (turn === null) return null
  const { background, backgroundEndedMs } = memory
  // The end of a background task wakes the agent in a moment.
  const wakes = backgroundEndedMs !== null && nowMs < backgroundEndedMs + wakingMs
  const isRunning = turn.isActive || background > 0 || wakes || nowMs < (settlesMs(memory) ?? 0)
  const tasks = background === 1 ? '1 background task' : `${background} background tasks`
  return claim({
    origin: turn.origin,
    lifecycle: isRunning ? 'running' : 'idle',
    turn: turn.isActive ? 'active' : 'inactive',
    confidence: 3,
    sinceMs: isRunning
      ? turn.atMs
      : backgroundEndedMs === null
        ? turn.atMs
        : Math.max(turn.atMs, backgroundEndedMs + wakingMs),
    atMs: memory.turnSaidMs,
    detail: turn.isActive ? turn.detail : background > 0 ? tasks : null,
    evidence: turn.evidence,
    void: turn.isActive ? null : whyWorksAgain(memory),
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

function titleShows(memory: Memory, nowMs: number): Claim | null {
  const { title } = memory
  if (title === null || title.shows === 'asks') return null
  const isWork = title.shows === 'working'
  return claim({
    origin: 'title',
    lifecycle: isWork ? 'running' : 'idle',
    turn: isWork ? 'active' : 'inactive',
    confidence: 2,
    sinceMs: title.atMs,
    atMs: title.freshMs,
    evidence: title.evidence,
    void: isWork ? whyStale(memory, nowMs) : whyRestIsDoubted(memory, title.atMs, nowMs),
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

function progressShows(memory: Memory, nowMs: number): Claim | null {
  const { progress } = memory
  if (progress === null) return null
  return claim({
    origin: 'progress',
    lifecycle: progress.isActive ? 'running' : 'idle',
    turn: progress.isActive ? 'active' : 'inactive',
    confidence: 2,
    sinceMs: progress.atMs,
    evidence: progress.evidence,
    void: progress.isActive ? whyStale(memory, nowMs) : whyLater(memory, progress.atMs),
  })
}

/** Weak signs of work end with the output. */
function whyStale({ outputMs, startedMs }: Memory, nowMs: number): string | null {
  const silentMs = nowMs - (outputMs ?? startedMs ?? nowMs)
  return silentMs >= showingHoldsMs ? `nothing was written for ${Math.floor(silentMs / 1_000)} s` : null
}

function whyLater({ submittedMs }: Memory, atMs: number): string | null {
  return submittedMs !== null && submittedMs > atMs ? 'the person has typed Enter since' : null
}

function promptShows({ prompt }: Memory): Claim | null {
  if (prompt === null) return null
  return claim({
    origin: 'prompt',
    lifecycle: prompt.isRunning ? 'running' : 'idle',
    turn: prompt.isRunning ? 'active' : 'inactive',
    confidence: 2,
    sinceMs: prompt.atMs,
    evidence: prompt.evidence,
  })
}

/** A key has answered what nothing but the screen, or a report, had told of. */
function answerGiven({ answering, saidMs }: Memory): Claim | null {
  if (answering?.key !== 'answer' || saidMs !== null) return null
  return claim({
    origin: 'key',
    lifecycle: 'running',
    turn: 'active',
    confidence: 1,
    sinceMs: answering.atMs,
    evidence: 'an answer was typed',
  })
}

function screenShows({ screen }: Memory): Claim | null {
  if (screen === null || screen.shows === 'asks') return null
  const isWork = screen.shows === 'working'
  return claim({
    origin: 'screen',
    lifecycle: isWork ? 'running' : 'idle',
    turn: isWork ? 'active' : 'inactive',
    confidence: 1,
    sinceMs: screen.atMs,
    atMs: screen.freshMs,
    evidence: screen.evidence,
  })
}

function silence({ ways, outputMs, startedMs }: Memory, nowMs: number): Claim | null {
  const lastMs = outputMs ?? startedMs
  if (ways.silenceMs === null || lastMs === null || nowMs < lastMs + ways.silenceMs) return null
  const evidence = `nothing was written for ${Math.floor(ways.silenceMs / 1_000)} s`
  return claim({
    origin: 'silence',
    lifecycle: 'idle',
    turn: 'inactive',
    confidence: 1,
    sinceMs: lastMs + ways.silenceMs,
    detail: 'silent',
    evidence,
  })
}

function processRuns({ startedMs, process }: Memory): Claim {
  return claim({
    origin: process?.kind === 'continued' ? 'continued' : 'started',
    lifecycle: 'running',
    turn: 'unknown',
    confidence: 0,
    sinceMs: process?.atMs ?? startedMs ?? 0,
    evidence: startedMs === null ? 'nothing is known' : 'the process runs',
  })
}
