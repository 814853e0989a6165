import type { Reportable } from '../../wire/reportable.js'

/** What a person is asked. */
export type Asking = 'permission' | 'question' | 'plan'

/**
 * What an agent said, in words common to all agents: a profile reads them out of the agent's own events.
 * `thread` tells conversations of one agent apart that run side by side; `''` where there is only one.
 */
export type Meaning =
  /** A session is open and waits for its first prompt. */
  | { says: 'began' }
  /** The person has given the agent something to do: whatever it asked before is over. */
  | { says: 'prompted'; detail?: string }
  /** The turn goes on. */
  | { says: 'working'; detail?: string }
  /**
   * The person is asked; `id` tells asks apart that are open at once, null when the event names none. Within `settleMs`
   * the agent may answer it by itself.
   */
  | { says: 'asks'; attention: Asking; id: string | null; detail: string | null; settleMs?: number }
  /** The ask of this id is over; null: all of this thread and subagent are. */
  | { says: 'answered'; id: string | null }
  /** The turn is over; so many background tasks still run, null: as many as are known. */
  | { says: 'done'; background: number | null }
  /** Nothing goes on, as a reminder some time after the end of a turn. */
  | { says: 'waits' }
  /** So many background tasks run now. */
  | { says: 'background'; count: number }
  /** What was announced of this conversation, and of those below it (`a/b` of `a`, all of `''`), holds no more. */
  | { says: 'withdrawn' }
  /** The process that says all this goes; another may come for it. */
  | { says: 'left' }
  /** The turn ended in a failure of the agent's own. */
  | { says: 'failed'; detail: string }

/** What a title or a screen shows. */
export type Shown = 'working' | 'ready' | 'asks'

/** Something that says what the agent does. Times are milliseconds since 1970. design: lifecycle, "Signals". */
export type Signal = { atMs: number } & (
  | { kind: 'started' }
  /** The process was stopped (Ctrl-Z) or goes on. */
  | { kind: 'stopped' }
  | { kind: 'continued' }
  /** `asked` when somebody ended it: by `stop_agent`, or a signal passed on. */
  | { kind: 'exited'; code: number; signal: string | null; asked: boolean }
  /** Anybody's explicit word, by `aoc-agent-wrap report`. */
  | { kind: 'report'; lifecycle: Reportable; detail: string | null }
  /**
   * The agent's own event. `name` is the agent's word for it; `subagent` the id of the subagent it is about;
   * `pid` the process that sent it, when that is known: an agent started inside this one has another.
   */
  | {
      kind: 'hook'
      /** `status` when it came by the terminal, as OSC 7501; else an event of its own. */
      origin?: 'hook' | 'status'
      name: string
      thread: string
      subagent: string | null
      pid: number | null
      meaning: Meaning
    }
  /** The terminal's title, and what this agent means by it. */
  | { kind: 'title'; text: string; shows: Shown | null; detail: string | null }
  /** A desktop notification asked for through the terminal (OSC 9, 99, 777), and what this agent means by it. */
  | { kind: 'notification'; text: string; meaning: Meaning | null }
  /** OSC 9;4. */
  | { kind: 'progress'; isActive: boolean; text: string }
  /** OSC 133, a shell's marks: a command runs, or the shell is at its prompt. */
  | { kind: 'prompt'; isRunning: boolean; text: string }
  | { kind: 'bell' }
  /** What the person typed. */
  | { kind: 'key'; key: 'escape' | 'interrupt' | 'submit' | 'choice' | 'text' }
  /** What this agent's screen looks like, read by its profile; `line` is what told. */
  | {
      kind: 'screen'
      shows: Shown | null
      attention: Asking | null
      line: string | null
      /** So many background tasks, as it shows; left out where it does not tell. */
      background?: number
    }
  /** The agent wrote something. */
  | { kind: 'output' }
)

/** Which kind of signal decided. */
export type Origin = Exclude<Signal['kind'], 'output'> | 'status' | 'silence'

/** What the rules have to know of an agent's ways. */
export interface Ways {
  /** Why its own events may be missing when none has come; null when none is expected. */
  silentHooks: string | null
  /** Why none can be expected, from the start. */
  blind: string | null
  /** Whether Esc, or Ctrl-C, ends its turn. */
  escapeInterrupts: boolean
  interruptInterrupts: boolean
  /** Whether Enter, or a digit or letter of a dialog, answers what it asks. */
  submitAnswers: boolean
  choiceAnswers: boolean
  /** Whether a notification shown by the terminal counts beside the agent's own events: it comes at once. */
  trustsNotifications: boolean
  /** Whether a title that shows rest proves it; else only after one that has shown work in the same turn. */
  restingTitleProves: boolean
  /** Whether its screen counts beside its own events, which tell of neither all questions nor background tasks. */
  trustsScreen: boolean
  /** Whether its screen is read, and so shows what came of a key. */
  screenTells: boolean
  /** No output for this long means idle, milliseconds; null where silence means nothing. */
  silenceMs: number | null
}
