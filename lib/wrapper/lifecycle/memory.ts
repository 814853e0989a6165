import type { Asking, Shown, Signal, Ways } from './signal.js'

/** A signal of one kind. */
export type Of<K extends Signal['kind']> = Extract<Signal, { kind: K }>

/** Something that was said, when, and by whom. */
export interface Said {
  atMs: number
  evidence: string
  origin: 'hook' | 'status' | 'report'
}

/** Something the person was asked and has not answered. */
export interface Ask extends Said {
  /** Thread, subagent and id. */
  key: string
  attention: Asking
  detail: string | null
  /** It counts from then on: the agent may answer it by itself before. */
  standsMs: number
}

/** Where one conversation stands, by the agent's own word. */
export interface Turn extends Said {
  isActive: boolean
  detail: string | null
}

/** What the terminal, or the screen, shows since `atMs`; `freshMs` is when it was last renewed. */
export interface Showing {
  shows: Shown
  atMs: number
  freshMs: number
  evidence: string
  detail: string | null
}

interface Fact {
  atMs: number
  evidence: string
}

/** All that the rules keep of the signals so far; bounded. */
export interface Memory {
  readonly ways: Ways
  startedMs: number | null
  process: Of<'stopped'> | Of<'continued'> | Of<'exited'> | null
  /** The process whose events are this agent's. */
  pid: number | null
  /** When the agent itself last said anything; null when it never has. */
  saidMs: number | null
  /** Whether it says when it begins or goes on, and not just when it ends. */
  tellsWork: boolean
  /** When the agent, or anybody, last said something about the turn. */
  turnSaidMs: number
  turns: Map<string, Turn>
  asks: Ask[]
  /** A key that may have answered the first ask, or whatever else was asked; how it was, is still to be seen. */
  answering: { ask: Ask | null; atMs: number; key: 'answer' | 'escape' } | null
  /** An ask that ended because a key seemed to answer it: it comes back when it is seen again. */
  inferred: Ask | null
  /** The times of the last asks: no two have the same. */
  askTimes: number[]
  /** When the last of the open asks ended. */
  asksEndedMs: number | null
  background: number
  /** When the last background task ended. */
  backgroundEndedMs: number | null
  failure: (Said & { thread: string; detail: string }) | null
  title: Showing | null
  /** When the title last showed work in this turn. */
  titleWorkedMs: number | null
  /** An ask that came by a notification of the terminal. */
  notified: (Fact & { attention: Asking; detail: string | null }) | null
  progress: (Fact & { isActive: boolean }) | null
  prompt: (Fact & { isRunning: boolean }) | null
  screen: (Showing & { attention: Asking | null }) | null
  /** When the screen was last looked at, whatever it showed. */
  lookedMs: number | null
  /** What ended a turn of which no event told: Esc, Ctrl-C, or what the screen says of it. */
  interrupted: (Fact & { origin: 'key' | 'screen' }) | null
  /** The last Enter. */
  submittedMs: number | null
  outputMs: number | null
  bellMs: number | null
  /** An agent started inside this one has said something. */
  nestedMs: number | null
}

export function newMemory(ways: Ways): Memory {
  return {
    ways,
    startedMs: null,
    process: null,
    pid: null,
    saidMs: null,
    tellsWork: false,
    turnSaidMs: 0,
    turns: new Map(),
    asks: [],
    answering: null,
    inferred: null,
    askTimes: [],
    asksEndedMs: null,
    background: 0,
    backgroundEndedMs: null,
    failure: null,
    title: null,
    titleWorkedMs: null,
    notified: null,
    progress: null,
    prompt: null,
    screen: null,
    lookedMs: null,
    interrupted: null,
    submittedMs: null,
    outputMs: null,
    bellMs: null,
    nestedMs: null,
  }
}

/** The conversation that counts: one that goes on before one that rests, then the latest; null when none was told of. */
export function currentTurn({ turns }: Memory): Turn | null {
  let found: Turn | null = null
  for (const turn of turns.values()) {
    const isFirst = found === null || (turn.isActive && !found.isActive)
    if (isFirst || (turn.isActive === found!.isActive && turn.atMs > found!.atMs)) found = turn
  }
  return found
}
