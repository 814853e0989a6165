import { printable } from '../text.js'

/** A terminal that has to be given back, whatever happens to the process. */
export interface Guarded {
  /** The program's name. */
  readonly name: string
  /** Gives it back before it returns; what it is may be called again. */
  giveBack(): void
  /** Somebody asks this process to stop. */
  onStop(): void
  /** It was stopped in a way that nobody is told of, and runs again. */
  onContinue(): void
  /** The terminal is closed. */
  onHangup(): void
  /** Something failed that nothing was prepared for; the process ends. */
  onFailure(error: unknown): void
}

/** Watches the process for a terminal. @returns what ends that. */
export function guard(guarded: Guarded): () => void {
  const fail = (error: unknown): void => {
    // A failure on the way out must not come back here.
    end()
    guarded.giveBack()
    guarded.onFailure(error)
    process.stderr.on('error', () => {})
    process.stderr.write(failureText(guarded.name, error))
    process.exit(1)
  }
  // A promise that nobody waits for fails as an exception does.
  const listeners = {
    exit: () => guarded.giveBack(),
    uncaughtException: fail,
    SIGTSTP: () => guarded.onStop(),
    SIGCONT: () => guarded.onContinue(),
    SIGHUP: () => guarded.onHangup(),
  }
  const end = (): void => {
    for (const [event, listener] of Object.entries(listeners)) process.off(event, listener)
  }
  for (const [event, listener] of Object.entries(listeners)) process.on(event, listener)
  return end
}

/** What is said of an error that nothing was prepared for: where it was, without control characters. */
export function failureText(name: string, error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? String(error)) : String(error)
  const lines = text.split('\n').map((line) => printable(line))
  return `${name}: something failed that should not have, and ended it:\n${lines.join('\n')}\n`
}
