import type { Memory, Of } from './memory.js'
import { counted } from './said.js'

/** What the screen shows this long after a key is what came of it; one that cannot be read, after `unreadMs`. */
const answerCheckMs = 250
const unreadMs = 900

/** The terminal's title. */
export function titled(memory: Memory, { text, shows, detail, atMs }: Of<'title'>): void {
  const before = memory.title
  if (shows === null) {
    memory.title = null
    return
  }
  // A title that says so again is fresh, also as the next frame of a spinner.
  memory.title = {
    shows,
    detail,
    evidence: text,
    atMs: before?.shows === shows ? before.atMs : atMs,
    freshMs: atMs,
  }
  if (shows === 'working') memory.titleWorkedMs = atMs
  if (shows === 'asks') return
  memory.notified = null
  // Where a title can be relied on, one that has asked and does not ask any more was answered.
  if (before?.shows !== 'asks' || !memory.ways.restingTitleProves) return
  const keyMs = memory.answering?.atMs ?? atMs
  memory.asks = memory.asks.filter((ask) => ask.atMs > keyMs)
}

/** A notification that the agent had its terminal show. */
export function notified(memory: Memory, { text, meaning, atMs }: Of<'notification'>): void {
  if (meaning === null) return
  memory.notified = null
  if (meaning.says === 'asks')
    memory.notified = { attention: meaning.attention, detail: meaning.detail, atMs, evidence: text }
  // The terminal's word for the end of a turn counts where the agent's own events are missing.
  else if (memory.saidMs === null && (meaning.says === 'done' || meaning.says === 'waits'))
    memory.progress = { isActive: false, atMs, evidence: text }
}

/** What the person typed. */
export function typed(memory: Memory, { key, atMs }: Of<'key'>): void {
  const { ways, asks } = memory
  if (key === 'submit') memory.submittedMs = atMs
  const interrupts =
    (key === 'escape' && ways.escapeInterrupts) || (key === 'interrupt' && ways.interruptInterrupts)
  const answers = (key === 'submit' && ways.submitAnswers) || (key === 'choice' && ways.choiceAnswers)
  const ask = asks[0] ?? null
  if (interrupts && ask === null) return interrupted(memory, key === 'escape' ? 'Esc' : 'Ctrl-C', atMs)
  if (!answers && !interrupts) return
  const isAsking = [memory.title?.shows, memory.screen?.shows].includes('asks') || memory.notified !== null
  memory.notified = null
  // A key where nothing was asked answers nothing.
  if (ask === null && (memory.saidMs !== null || !isAsking)) return
  memory.answering = { ask, atMs, key: interrupts ? 'escape' : 'answer' }
  // Where nothing will show what came of the key, it is believed.
  if (ask !== null && !(ways.screenTells && ask.origin !== 'report')) settleAnswer(memory, false)
}

/** The screen, as this agent's profile reads it. */
export function seen(memory: Memory, { shows, attention, line, background, atMs }: Of<'screen'>): void {
  const { answering, screen: before } = memory
  if (background !== undefined && memory.ways.trustsScreen) counted(memory, background, atMs)
  memory.lookedMs = atMs
  // What only the screen had told of, it tells on.
  const isChecked = answering !== null && atMs >= answering.atMs + answerCheckMs
  if (isChecked && answering.ask === null && shows !== null) memory.answering = null
  if (isChecked && answering.ask !== null && (shows !== null || atMs >= answering.atMs + unreadMs)) {
    settleAnswer(memory, shows === 'asks')
    // What was answered with a no ends the turn, and no event tells of it.
    if (shows === 'ready' && memory.asks.length === 0)
      memory.interrupted ??= { atMs, evidence: line ?? '', origin: 'screen' }
  }
  // It was drawn after the key that seemed to answer it.
  if (shows === 'asks' && memory.inferred !== null && memory.asks.length === 0) {
    memory.asks.push(memory.inferred)
    memory.inferred = null
    memory.interrupted = null
  }
  memory.screen =
    shows === null
      ? null
      : {
          shows,
          attention,
          detail: null,
          evidence: line ?? '',
          atMs: before?.shows === shows && before.attention === attention ? before.atMs : atMs,
          freshMs: atMs,
        }
}

/** Dialogs come one after the other: a key answers the one that was there first, unless it is still there. */
function settleAnswer(memory: Memory, isDialogThere: boolean): void {
  const { answering, asks } = memory
  if (answering === null) return
  const { ask, key, atMs } = answering
  const isSameThere = isDialogThere && asks.length < 2
  if (isSameThere) {
    memory.answering = null
    return
  }
  if (ask?.origin !== 'report') {
    memory.answering = null
    memory.inferred = ask
  }
  memory.asks = asks.filter((other) => other !== ask)
  if (key === 'escape' && !isDialogThere) {
    memory.asks = []
    memory.interrupted = { atMs, evidence: 'Esc was typed', origin: 'key' }
  }
}

function interrupted(memory: Memory, key: string, atMs: number): void {
  const isBusy = [...memory.turns.values()].some(({ isActive }) => isActive) || memory.notified !== null
  // An agent that says what it does and does nothing is not interrupted.
  if (!isBusy && memory.saidMs !== null) return
  memory.notified = null
  memory.interrupted = { atMs, evidence: `${key} was typed`, origin: 'key' }
}
