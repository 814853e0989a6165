import type { Clock } from './clock.js'
import type { Explained, Judged } from './lifecycle/judge.js'
import type { Signal } from './lifecycle/signal.js'
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
  clock: Clock
  /** The status or the snippet may be another one now. */
  onChange: () => void
}

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

/** Watches one agent, live or from a trace: joins what sees it with the screen and with the time. */
export class Observer implements Sight {
  readonly #witness: Witness
  readonly #screen: Screen
  #snippet: string | null = null
  #looking: Promise<void> | null = null
  #cancelLook: (() => void) | null = null
  #cancelSettle: (() => void) | null = null
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

  judge(): Judged {
    const { lifecycle, status } = this.#witness.judge(this.options.clock.now())
    return { lifecycle, status: { ...status, ...plain(status) } }
  }

  explain(): Explained {
    const explained = this.#witness.explain(this.options.clock.now())
    const { status, deciding, losing, missing } = explained
    return {
      ...explained,
      status: { ...status, ...plain(status) },
      deciding: { ...deciding, evidence: oneLine(deciding.evidence) },
      losing: losing.map((claim) => ({ ...claim, evidence: oneLine(claim.evidence) })),
      missing,
    }
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
    this.#looking ??= this.#read().finally(() => (this.#looking = null))
    await this.#looking
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
  }

  #settle(): void {
    this.#cancelSettle = null
    this.#witness.settle(this.options.clock.now())
    this.#afterKeys()
  }

  #afterKeys(): void {
    if (this.#witness.wantsScreen)
      for (const ms of answerLooksMs) this.options.clock.after(ms, () => void this.look())
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

/** What an agent wrote, as it may be published. */
function plain({ detail, evidence }: Judged['status']): Pick<Judged['status'], 'detail' | 'evidence'> {
  return { detail: detail === null ? null : oneLine(detail), evidence: oneLine(evidence) }
}
