import type { AgentEvent, Profile } from './profiles/profile.js'
import { claimsChangeMs } from './lifecycle/claims.js'
import { explain, judge, type Explained, type Judged } from './lifecycle/judge.js'
import { newMemory, type Memory } from './lifecycle/memory.js'
import { remember } from './lifecycle/remember.js'
import type { Signal } from './lifecycle/signal.js'
import { KeySignals, type KeySignal } from './signals/keys.js'
import { TerminalSignals, type TerminalSignal } from './signals/terminal.js'

export interface WitnessOptions {
  profile: Profile
  /** Why the agent's own events cannot come, known from the start; null when they may. */
  blind: string | null
  /** Whether its screen can be read: it has a terminal. */
  hasScreen: boolean
}

/** Output after so much silence is a signal of its own. */
const outputEveryMs = 250

/**
 * Sees everything that one agent's status comes from, and says what is true: the same for a running agent and for a
 * recorded trace. It knows no clock: whoever calls it says when. Times are milliseconds since 1970.
 */
export class Witness {
  readonly #profile: Profile
  readonly #memory: Memory
  readonly #read: (event: AgentEvent) => ReturnType<ReturnType<Profile['openReader']>>
  readonly #terminal = new TerminalSignals((signal) => this.#terminalSignal(signal))
  readonly #keys = new KeySignals((signal) => this.#keySignal(signal))
  #atMs = 0
  #signals = 0
  #isFocused: boolean | null = null

  constructor({ profile, blind, hasScreen }: WitnessOptions) {
    this.#profile = profile
    this.#read = profile.openReader()
    const { ways, inject } = profile
    // A command that is no known agent has no events of its own at all.
    const known = inject === null ? (hasScreen ? 'no_signals' : 'no_tty') : blind
    this.#memory = newMemory({
      ...ways,
      blind: known,
      silentHooks: known === null ? ways.silentHooks : null,
      screenTells: hasScreen && profile.screen !== null,
    })
  }

  /** How many signals there were: while it stays the same, so does what is true, but for time. */
  get signals(): number {
    return this.#signals
  }

  /** The process whose events are this agent's; null while none is known. */
  get agentPid(): number | null {
    return this.#memory.pid
  }

  /** What the agent wrote. Never throws. */
  output(bytes: Uint8Array, atMs: number): void {
    this.#atMs = atMs
    this.#terminal.write(bytes)
    const { outputMs } = this.#memory
    if (outputMs === null || atMs - outputMs >= outputEveryMs) this.#signals++
    remember(this.#memory, { kind: 'output', atMs })
  }

  /** What the person typed. */
  typed(bytes: Uint8Array, atMs: number): void {
    this.#atMs = atMs
    this.#keys.write(bytes)
  }

  /** Some 50 ms after the last key: an Esc that nothing followed is the Esc key. */
  settle(atMs: number): void {
    this.#atMs = atMs
    this.#keys.settle()
  }

  /** An event of the agent's own. */
  event(event: AgentEvent, atMs: number): void {
    for (const said of this.#read(event)) this.see({ kind: 'hook', atMs, ...said })
  }

  /** The visible lines of its screen, from top to bottom. */
  screen(lines: readonly string[], atMs: number): void {
    const { screen } = this.#profile
    if (screen === null || !this.#memory.ways.screenTells) return
    const reading = screen(lines)
    this.see({
      kind: 'screen',
      atMs,
      shows: reading?.shows ?? null,
      attention: reading?.attention ?? null,
      line: reading?.line ?? null,
      ...(reading?.background !== undefined && { background: reading.background }),
    })
  }

  /** Any other signal. */
  see(signal: Signal): void {
    this.#signals++
    remember(this.#memory, signal)
  }

  judge(nowMs: number): Judged {
    return judge(this.#memory, nowMs)
  }

  explain(nowMs: number): Explained {
    return explain(this.#memory, nowMs)
  }

  /** When the status may change without any signal; null when it does not. */
  changesMs(nowMs: number): number | null {
    return claimsChangeMs(this.#memory, nowMs)
  }

  /** Whether its screen tells something that nothing better does: then it is worth a look. */
  get wantsScreen(): boolean {
    const { tellsWork, asks, title, answering, interrupted, ways } = this.#memory
    const isOpen = asks.length > 0 || title?.shows === 'asks' || answering !== null || interrupted !== null
    return ways.screenTells && (ways.trustsScreen || !tellsWork || isOpen)
  }

  /** Whether typed text has to be marked as pasted (DECSET 2004). */
  get bracketedPaste(): boolean {
    return this.#terminal.bracketedPaste
  }

  get alternateScreen(): boolean {
    return this.#terminal.alternateScreen
  }

  /** Whether something may be written to the person's terminal between what the agent writes. */
  get isAtRest(): boolean {
    return this.#terminal.isAtRest
  }

  /** Whether an Esc byte waits for what may follow it. */
  get isUnsettled(): boolean {
    return this.#keys.isUnsettled
  }

  /** Whether the person looks at this terminal, as it reports itself; null when it does not. */
  get isFocused(): boolean | null {
    return this.#terminal.focusReports ? this.#isFocused : null
  }

  #terminalSignal(signal: TerminalSignal): void {
    const atMs = this.#atMs
    switch (signal.kind) {
      case 'title': {
        const shown = this.#profile.title(signal.text)
        return this.see({
          kind: 'title',
          atMs,
          text: signal.text,
          shows: shown?.shows ?? null,
          detail: shown?.detail ?? null,
        })
      }
      case 'notification': {
        const { title, text } = signal
        const meaning = this.#profile.notification(title, text)
        return this.see({
          kind: 'notification',
          atMs,
          text: title === null ? text : `${title}: ${text}`,
          meaning,
        })
      }
      case 'progress': {
        const { state, percent } = signal
        const text = percent === null ? `progress ${state}` : `progress ${state} ${percent} %`
        return this.see({ kind: 'progress', atMs, isActive: state !== 'none', text })
      }
      case 'prompt':
        // What is being typed at a prompt is still the prompt.
        return this.see({ kind: 'prompt', atMs, isRunning: signal.mark === 'command_run', text: signal.mark })
      case 'bell':
        return this.see({ kind: 'bell', atMs })
      case 'status':
        return this.#announced(signal)
    }
  }

  /** What was announced by OSC 7501; each of a program's tasks is a conversation of its own. */
  #announced({ state, id, attention, text }: Extract<TerminalSignal, { kind: 'status' }>): void {
    for (const said of this.#profile.status?.(state, attention) ?? []) {
      // Where the announcement itself has words, they say more.
      const hasDetail = said.says === 'asks' || said.says === 'failed' || said.says === 'working'
      const meaning = hasDetail && text !== null ? { ...said, detail: text } : said
      const hook = { thread: id, subagent: null, pid: null, meaning } as const
      this.see({ kind: 'hook', origin: 'status', atMs: this.#atMs, name: `status ${state}`, ...hook })
    }
  }

  #keySignal(signal: KeySignal): void {
    if (signal.kind === 'focus') this.#isFocused = signal.isFocused
    else this.see({ kind: 'key', key: signal.kind, atMs: this.#atMs })
  }
}
