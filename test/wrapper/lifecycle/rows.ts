import t from 'tap'
import { judge, type Status } from '../../../lib/wrapper/lifecycle/judge.js'
import { newMemory, type Memory } from '../../../lib/wrapper/lifecycle/memory.js'
import { remember } from '../../../lib/wrapper/lifecycle/remember.js'
import type { Asking, Meaning, Shown, Signal, Ways } from '../../../lib/wrapper/lifecycle/signal.js'

/** A signal without its time. */
export type Unstamped = Signal extends infer S ? (S extends Signal ? Omit<S, 'atMs'> : never) : never
/** Signals; the time of each is its place, from 1, in seconds, unless `s` says another. */
export type Log = (Unstamped & { s?: number })[]
/** Signals in, state out: one rule a row. */
export type Row = [about: string, log: Log, nowS: number, lifecycle: string, status: Partial<Status>]

/** An agent with events of its own, keys that interrupt and answer, and a title that rests also while it works. */
export const agent: Ways = {
  silentHooks: 'hooks_missing',
  blind: null,
  escapeInterrupts: true,
  interruptInterrupts: true,
  submitAnswers: true,
  choiceAnswers: true,
  restingTitleProves: false,
  trustsNotifications: false,
  trustsScreen: false,
  screenTells: true,
  silenceMs: null,
}
/** One whose notifications come at once. */
export const notifying: Ways = { ...agent, trustsNotifications: true }
/** One whose title is always right. */
export const titling: Ways = { ...notifying, restingTitleProves: true }
/** One whose screen counts beside its events. */
export const showing: Ways = { ...notifying, trustsScreen: true }
/** Any command. */
export const command: Ways = {
  ...agent,
  silentHooks: null,
  blind: 'no_signals',
  escapeInterrupts: false,
  interruptInterrupts: false,
  choiceAnswers: false,
  screenTells: false,
  silenceMs: 60_000,
}

export const started: Unstamped = { kind: 'started' }

export const at = (s: number, signal: Unstamped): Unstamped & { s: number } => ({ ...signal, s })

interface Over {
  subagent?: string
  thread?: string
  pid?: number
  name?: string
  origin?: 'status'
}

export const said = (meaning: Meaning, over: Over = {}): Unstamped => ({
  kind: 'hook',
  name: over.name ?? meaning.says,
  thread: over.thread ?? '',
  subagent: over.subagent ?? null,
  pid: over.pid ?? null,
  meaning,
  ...(over.origin !== undefined && { origin: over.origin }),
})
export const began = said({ says: 'began' })
export const prompted = said({ says: 'prompted' })
export const working = said({ says: 'working' })
export const waits = said({ says: 'waits' })
export const done = (background: number | null = 0): Unstamped => said({ says: 'done', background })
export const counted = (count: number): Unstamped => said({ says: 'background', count })
export const failed = (detail: string, over: Over = {}): Unstamped => said({ says: 'failed', detail }, over)
export const asks = (
  id: string | null,
  detail: string | null = 'rm -rf build',
  subagent?: string,
): Unstamped =>
  said({ says: 'asks', attention: 'permission', id, detail }, subagent === undefined ? {} : { subagent })
/** An ask that the agent may answer by itself within `settleMs`. */
export const mayAsk = (id: string, settleMs: number): Unstamped =>
  said({ says: 'asks', attention: 'permission', id, detail: id, settleMs })
export const answered = (id: string | null, subagent?: string): Unstamped =>
  said({ says: 'answered', id }, subagent === undefined ? {} : { subagent })

export const key = (name: 'escape' | 'interrupt' | 'submit' | 'choice' | 'text', s?: number) => ({
  kind: 'key' as const,
  key: name,
  ...(s !== undefined && { s }),
})
export const title = (shows: Shown | null, s?: number) => ({
  kind: 'title' as const,
  text: `title ${shows ?? 'of nothing'}`,
  shows,
  detail: null,
  ...(s !== undefined && { s }),
})
export const screen = (shows: Shown | null, s?: number) => ({
  kind: 'screen' as const,
  shows,
  attention: shows === 'asks' ? ('permission' as const) : null,
  line: shows,
  ...(s !== undefined && { s }),
})
/** A dialog on the screen. */
export const dialog = (attention: Asking, line: string, s?: number) => ({
  ...screen('asks', s),
  attention,
  line,
})
export const output = (s: number) => ({ kind: 'output' as const, s })
export const report = (
  lifecycle: 'running' | 'needs_input' | 'idle' | 'error',
  detail: string | null = null,
): Unstamped => ({ kind: 'report', lifecycle, detail })
export const exited = (code: number, signal: string | null = null, asked = false): Unstamped => ({
  kind: 'exited',
  code,
  signal,
  asked,
})
export const notification = (meaning: Meaning | null): Unstamped => ({
  kind: 'notification',
  text: 'a notification',
  meaning,
})
/** A question by a notification. */
export const notifies = (detail: string | null = 'which?'): Unstamped =>
  notification({ says: 'asks', attention: 'question', id: null, detail })
/** A shell's mark: a command runs, or the prompt is back. */
export const prompt = (isRunning: boolean): Unstamped => ({
  kind: 'prompt',
  isRunning,
  text: isRunning ? 'C' : 'A',
})
export const progress = (isActive: boolean): Unstamped => ({ kind: 'progress', isActive, text: 'progress' })

export function stamped(log: Log): Signal[] {
  return log.map(({ s, ...signal }, i) => ({ ...signal, atMs: Math.round((s ?? i + 1) * 1_000) }))
}

export function remembered(ways: Ways, log: Log): Memory {
  const memory = newMemory(ways)
  for (const signal of stamped(log)) remember(memory, signal)
  return memory
}

/** One test a row. */
export function check(ways: Ways, rows: Row[]): void {
  for (const [about, log, nowS, lifecycle, status] of rows)
    void t.test(about, async (t) => {
      const judged = judge(remembered(ways, log), Math.round(nowS * 1_000))
      t.equal(judged.lifecycle, lifecycle)
      for (const [field, wanted] of Object.entries(status))
        t.equal(judged.status[field as keyof Status], wanted, `${field} in ${JSON.stringify(judged.status)}`)
    })
}
