import type { Clock } from './clock.js'
import type { Explained, Judged } from './lifecycle/judge.js'
import type { Origin, Signal } from './lifecycle/signal.js'
import type { AgentEvent, Profile } from './profiles/profile.js'
import type { Screen } from './signals/screen.js'
import { oneLine, snippetOf } from './snippet.js'
import { Witness } from './witness.js'

export interface ObserverOptions {
  profile: Profile
  /** Why the agent's own events cannot come; null when they may. */
  blind: string | null
  /** Whether it has a terminal, whose screen can be read. */
  hasScreen: boolean
  /** Makes the screen its output is shown on. */
  openScreen: (isAlternate: () => boolean) => Screen
  /** Whether a line of the screen is wanted as the snippet. */
  wantsSnippet: boolean
  /** Whether nothing of what the agent shows or says may be told, also not as detail or evidence. */
  hidesText: boolean
  clock: Clock
  /** The status or the snippet may be another one now. */
  onChange: () => void
}

/** Kinds of signals whose words are the agent's. */
const showing: ReadonlySet<Origin> = new Set(['hook', 'status', 'title', 'notification', 'screen'])
/** The screen is read this long after output, at most as often. */
const lookMs = 250
/** And this long after a key that seems to answer a question: is it still there? */
const answerLooksMs = [300, 1_000]
/** An Esc byte that nothing has followed by then is the key. */
const settleMs = 50

/** What an agent and its person do, as it comes. */
export interface Sight {
  /** What the agent wrote. */
  output(bytes: Uint8Array): void
  /** What the person typed. */
  typed(bytes: Uint8Array): void
  /** An event of the agent's own. */
  event(event: AgentEvent): void
  /** Any other signal. */
  see(signal: Signal): void
  resize(columns: number, rows: number): void
}

/** What stands on a terminal. */
export interface Shown {
  lines: string[]
  columns: number
  rows: number
}

/** Takes a trace; it is told of each status too. */
export interface Recorder extends Sight {
  judged(judged: Judged): void
  close(): void
}

/** Watches one agent, live or from a trace: joins what sees it with the screen and with the time. */
export class Observer implements Sight {
  readonly #witness: Witness
  readonly #screen: Screen
  #snippet: string | null = null
  #looking: Promise<void> | null = null
  #cancelLook: (() => void) | null = null
  #cancelSettle: (() => void) | null = null
  #cancelAnswerLooks: (() => void)[] = []
  #cancelChange: (() => void) | null = null
  #isClosed = false

  constructor(private readonly options: ObserverOptions) {
    this.#witness = new Witness(options)
    this.#screen = options.openScreen(() => this.#witness.alternateScreen)
  }

  /** The last line that the agent shows; null when there is none. */
  get snippet(): string | null {
    return this.#snippet
  }

  /** Whether typed text has to be marked as pasted. */
  get bracketedPaste(): boolean {
    return this.#witness.bracketedPaste
  }

  get isAtRest(): boolean {
    return this.#witness.isAtRest
  }

  /** Whether the person looks at this terminal; null when the terminal does not tell. */
  get isFocused(): boolean | null {
    return this.#witness.isFocused
  }

  /** The process whose events are this agent's; null while none is known. */
  get agentPid(): number | null {
    return this.#witness.agentPid
  }

  judge(): Judged {
    const { lifecycle, status } = this.#witness.judge(this.options.clock.now())
    return { lifecycle, status: this.#told(lifecycle, status) }
  }

  explain(): Explained {
    const explained = this.#witness.explain(this.options.clock.now())
    const { lifecycle, status, deciding, losing } = explained
    return {
      ...explained,
      status: this.#told(lifecycle, status),
      deciding: this.#told(deciding.lifecycle, deciding),
      losing: losing.map((claim) => this.#told(claim.lifecycle, claim)),
    }
  }

  /** What may be told of a status or a claim: clean, and nothing of what the agent shows when nothing is wanted of it. */
  #told<T extends { origin: Origin; evidence: string; detail?: string | null }>(word: string, said: T): T {
    const { evidence, detail, origin } = said
    const isHidden = this.options.hidesText && showing.has(origin)
    const clean = isHidden ? `${origin}: ${word}` : oneLine(evidence)
    if (detail === undefined) return { ...said, evidence: clean }
    return { ...said, evidence: clean, detail: detail === null || isHidden ? null : oneLine(detail) }
  }

  output(bytes: Uint8Array): void {
    const { signals } = this.#witness
    this.#witness.output(bytes, this.options.clock.now())
    this.#screen.write(bytes)
    this.#lookIn(lookMs)
    if (this.#witness.signals !== signals) this.#changed()
  }

  typed(bytes: Uint8Array): void {
    const { clock } = this.options
    this.#witness.typed(bytes, clock.now())
    this.#cancelSettle?.()
    this.#cancelSettle = this.#witness.isUnsettled ? clock.after(settleMs, () => this.#settle()) : null
    this.#afterKeys()
  }

  event(event: AgentEvent): void {
    this.#witness.event(event, this.options.clock.now())
    this.#changed()
  }

  see(signal: Signal): void {
    this.#witness.see(signal)
    this.#changed()
  }

  resize(columns: number, rows: number): void {
    this.#screen.resize(columns, rows)
  }

  /** Reads the screen as it is now. */
  async look(): Promise<void> {
    // A screen that cannot be read tells nothing.
    this.#looking ??= this.#read()
      .catch(() => {})
      .finally(() => (this.#looking = null))
    await this.#looking
  }

  /** The lines of its screen as they are now, and the screen's size; null without a terminal. */
  async shown(): Promise<Shown | null> {
    const lines = await this.#screen.lines()
    const { size } = this.#screen
    return size && { lines, ...size }
  }

  /** Resolves when no look at the screen is under way. */
  async idle(): Promise<void> {
    await this.#looking
  }

  /** Ends all waiting. */
  close(): void {
    this.#isClosed = true
    this.#cancelLook?.()
    this.#cancelSettle?.()
    this.#cancelChange?.()
    for (const cancel of this.#cancelAnswerLooks) cancel()
  }

  #settle(): void {
    this.#cancelSettle = null
    this.#witness.settle(this.options.clock.now())
    this.#afterKeys()
  }

  #afterKeys(): void {
    for (const cancel of this.#cancelAnswerLooks.splice(0)) cancel()
    if (this.#witness.wantsScreen)
      this.#cancelAnswerLooks = answerLooksMs.map((ms) =>
        this.options.clock.after(ms, () => void this.look()),
      )
    this.#changed()
  }

  #lookIn(ms: number): void {
    if (this.#isClosed || this.#cancelLook !== null) return
    if (!this.options.wantsSnippet && !this.#witness.wantsScreen) return
    this.#cancelLook = this.options.clock.after(ms, () => {
      this.#cancelLook = null
      void this.look()
    })
  }

  async #read(): Promise<void> {
    const lines = await this.#screen.lines()
    if (this.options.wantsSnippet)
      this.#snippet = snippetOf(lines, this.options.profile.chrome) ?? this.#snippet
    this.#witness.screen(lines, this.options.clock.now())
    this.#changed()
  }

  /** Tells of what may be new, and waits for what changes by time alone. */
  #changed(): void {
    if (this.#isClosed) return
    this.options.onChange()
    this.#cancelChange?.()
    const { clock } = this.options
    const atMs = this.#witness.changesMs(clock.now())
    this.#cancelChange = atMs === null ? null : clock.after(atMs - clock.now(), () => this.#changed())
  }
}
