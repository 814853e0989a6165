import type { Asking, Meaning, Shown, Signal, Ways } from '../lifecycle/signal.js'

/** The agents that are known; `any` is every other command. */
export type ProfileName = 'claude' | 'codex' | 'gemini' | 'opencode' | 'any'

/** What an agent is told for one launch so that its own events come to the wrapper. */
export interface Injection {
  /** All arguments of the command: the person's own, and what is added. */
  args: string[]
  /** Added to its environment. */
  env: Record<string, string>
  /** Files that these name, to be written into the launch's private folder before it starts. */
  files: { path: string; text: string }[]
  /** Why nothing was added although the agent could say more: a word of `blind`; null when something was. */
  blind: string | null
}

/** The launch, as a profile may know it. */
export interface Launch {
  /** The program that is started, links followed. */
  file: string
  /** What the person has given the command. */
  args: readonly string[]
  env: Readonly<Record<string, string>>
  /** Where the agent's events can be posted as JSON: `<url><source>`. The token is part of it. */
  url: string
  /** A private folder of this launch, empty; it goes with the launch. */
  dir: string
  /** A line for `sh -c` that hands an event on its standard input over, says nothing and ends at once. */
  hookLine: (source: string) => string
  /** The same as a program and its arguments, for an event that comes as the last argument. */
  hookArgv: (source: string) => string[]
  /** The text of a file of this machine, null when there is none that can be read. */
  readText: (path: string) => string | null
  /** The names of the files in a folder of this machine, in their order; none when it cannot be read. */
  listDir: (path: string) => string[]
  /**
   * Whether this is root's process, and a path and every folder above it, also behind links, may be written by root
   * alone; what does not exist yet is left out.
   */
  isRootsAlone: (path: string) => boolean
  platform: NodeJS.Platform
}

/** An event as it came through the launch's private door. */
export interface AgentEvent {
  /** The last part of the url, or what `hookLine` was given. */
  source: string
  /** The process that sent it, where the door knows. */
  pid: number | null
  /** Parsed JSON; anything at all. */
  body: unknown
}

/** What an event means. */
export type Said = Omit<Extract<Signal, { kind: 'hook' }>, 'kind' | 'atMs'>

/** What a screen shows, and the line that tells. */
export interface ScreenReading {
  shows: Shown | null
  attention: Asking | null
  line: string
  /** So many background tasks; left out where it does not tell. */
  background?: number
}

/** One agent's ways: what is injected for a launch, and what its events, titles and screen mean. All pure. */
export interface Profile {
  name: ProfileName
  /** File names of commands that are this agent. */
  commands: readonly string[]
  ways: Omit<Ways, 'blind' | 'screenTells'>
  /** What to add; null when this launch is no conversation (`claude mcp list`): it is any command then. */
  inject: ((launch: Launch) => Injection | null) | null
  /** A reader of one launch's events; it may remember. Must not throw, whatever the body. */
  openReader: () => (event: AgentEvent) => Said[]
  /** What its terminal title means; null for nothing. */
  title: (text: string) => { shows: Shown; detail: string | null } | null
  /** What a notification asked for through the terminal means. */
  notification: (title: string | null, text: string) => Meaning | null
  /** What it announces by OSC 7501 means; null when that is nothing of this agent's. */
  status:
    | ((
        state: 'idle' | 'working' | 'blocked' | 'done' | 'error' | 'clear',
        attention: Asking | null,
      ) => Meaning[])
    | null
  /** Lines of its screen that are always there, such as hints of keys: no snippet is made of them. */
  chrome: RegExp | null
  /** What its screen shows; null when that cannot be told. Lines from top to bottom. */
  screen: ((lines: readonly string[]) => ScreenReading | null) | null
}
