import { bellRung, failure, openAsk, screenAsk, terminalAsk } from './claims/asks.js'
import type { Claim } from './claims/claim.js'
import { processGone, processRuns, processStopped, silence } from './claims/process.js'
import { answerGiven, progressShows, promptShows, screenShows, titleShows } from './claims/showings.js'
import { interrupt, restShown, turnSaid } from './claims/turns.js'
import type { Memory } from './memory.js'

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
    answerGiven(memory, nowMs),
    screenShows(memory),
    silence(memory, nowMs),
    bellRung(memory, nowMs),
  ]
  return [...found.filter((one) => one !== null), processRuns(memory)]
}

/** An agent whose events were asked for and that has said nothing for this long does not say them. */
export const hooksComeMs = 15_000

/** When a claim, or what is missing, may change by time alone; null when nothing does. */
export function claimsChangeMs(memory: Memory, nowMs: number): number | null {
  const { startedMs } = memory
  const times = [
    ...claimsOf(memory, nowMs).flatMap(({ turnsMs }) => turnsMs),
    startedMs === null ? 0 : startedMs + hooksComeMs,
  ].filter((atMs) => atMs > nowMs)
  return times.length === 0 ? null : Math.min(...times)
}
