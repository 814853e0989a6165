import type { Diff, LastError, Tag } from '../details.js'
import { duration, widthOf, wrap } from '../text.js'

/** How much a note matters: nothing to do, better looked at, something does not work. */
export type Tone = 'info' | 'warning' | 'error'

/** A piece of a fact. */
export interface FactPart {
  readonly text: string
  /** `good` is what should be. */
  readonly tone: Tone | 'good' | 'plain'
}

/** A degraded state in words: what is so, and what to do. */
export interface Note {
  readonly tone: Tone
  readonly what: string
  readonly todo: string
}

/** A row that shows a note, or where there is no room for all of it, its first or its second half. */
export interface NoteItem extends Note {
  readonly kind: 'note'
  readonly key: string
  readonly sessionId: string
  readonly agentId: string | null
  /** Whether it goes on with what the row above says. */
  readonly isRest: boolean
}

/** Columns that stand before a note's text. */
export const noteIndent = 4

/** Rows that each half of a note takes at most. */
const noteRowsMax = 3

/** A note as one row, or as a few where the columns do not take it: first what is so, then what to do. */
export function noteItems(
  { tone, what, todo }: Note,
  { key, ...of }: { key: string; sessionId: string; agentId: string | null },
  columns: number,
): NoteItem[] {
  const row = { kind: 'note' as const, tone, ...of }
  const room = Math.max(1, columns - noteIndent - 2)
  if (widthOf(what) + (todo === '' ? 0 : 3 + widthOf(todo)) <= room)
    return [{ ...row, key, what, todo, isRest: false }]
  const whats = wrap(what, room, noteRowsMax).map((text) => ({ what: text, todo: '' }))
  const todos = wrap(todo, room, noteRowsMax).map((text) => ({ what: '', todo: text }))
  return [...whats, ...todos].map((half, i) => ({
    ...row,
    ...half,
    key: i === 0 ? key : `${key}\n${i}`,
    isRest: i > 0,
  }))
}

/** What is wrong with a repository. Seed 000, "Error Semantics and Degraded States". */
export function gitNote({ reason, message }: Diff): Note | null {
  switch (reason) {
    case null:
      return null
    case 'not_git_repo':
      return { tone: 'info', what: 'not a git repository', todo: 'to see changes, run there: git init' }
    case 'git_missing':
      return { tone: 'warning', what: 'git is missing', todo: 'install git, or put it on PATH' }
    case 'error':
      return {
        tone: 'error',
        what: `git failed${message && `: ${message}`}`,
        todo: 'put that right, then press r',
      }
  }
}

/** Why a repository's changes may be shown late. */
export function unwatchedNote({ unwatched }: Diff): Note | null {
  if (unwatched === '') return null
  return { tone: 'warning', what: 'its files are not watched', todo: `press r to look again. ${unwatched}` }
}

/** What is wrong with a project's tasks. Seed 000, "Error Semantics and Degraded States". */
export function tasksNote({ fault }: Tag): Note | null {
  if (fault === null) return null
  switch (fault.code) {
    case 'tasks_missing':
      return { tone: 'info', what: 'no Taskmaster tasks', todo: 'to see tasks, run there: task-master init' }
    case 'tasks_malformed':
      return {
        tone: 'error',
        what: 'the tasks file is malformed',
        todo: `correct it: ${withoutPath(fault.message)}`,
      }
    default:
      return { tone: 'error', what: `tasks: ${fault.code}`, todo: fault.message }
  }
}

/** An error is news for this long; after that it is told, and counts no more. */
const errorNewsMs = 600_000

/** The last error that an agent has told of, which may be over by now. One that was fatal has no end. */
export function lastErrorNote({ code, message, component, isFatal, atMs }: LastError, nowMs: number): Note {
  const isNews = atMs === null || nowMs - atMs < errorNewsMs
  const ago = atMs === null ? '' : ` ${duration(nowMs - atMs)} ago`
  const by = component === '' ? '' : ` in ${component}`
  const what = `${isFatal ? 'fatal error' : 'error'}${ago}${by}: ${code}${message && `, ${message}`}`
  return { tone: isFatal ? 'error' : isNews ? 'warning' : 'info', what, todo: '' }
}

/** A message begins with the file that it is about, which everybody knows. */
function withoutPath(message: string): string {
  return message.replace(/^\.taskmaster\/tasks\/tasks\.json: /, '')
}

/** Why an agent's own signals are missing. docs/PROTOCOL.md, "status"; `not_wrapped` is found without a hub. */
export function blindNote(blind: string): Note | null {
  if (blind === '') return null
  const { tone, what, todo } = blindness[blind] ?? {
    tone: 'warning',
    what: 'a better signal is missing',
    todo: '',
  }
  return { tone, what: `blind: ${what}`, todo: todo === '' ? blind : `${todo} (${blind})` }
}

const blindness: Readonly<Record<string, Note>> = {
  not_wrapped: {
    tone: 'warning',
    what: 'not started by aoc-agent-wrap',
    todo: 'end it, then: aoc-agent-wrap -- <agent>',
  },
  wrapper_silent: {
    tone: 'warning',
    what: 'its wrapper says nothing',
    todo: 'it may be suspended: fg',
  },
  no_signals: {
    tone: 'info',
    what: 'says nothing of itself',
    todo: 'a script can, with: aoc-agent-wrap report',
  },
  hooks_pending: {
    tone: 'info',
    what: 'its first event has not come',
    todo: 'wait, or give it something to do',
  },
  hooks_missing: {
    tone: 'warning',
    what: 'none of its events has come',
    todo: 'start it again; see its own log',
  },
  hooks_untrusted: {
    tone: 'warning',
    what: 'its hooks are not trusted',
    todo: 'type /hooks in it, trust them',
  },
  hooks_off: { tone: 'warning', what: 'its hooks are turned off', todo: 'turn them on, start it again' },
  hooks_refused: {
    tone: 'warning',
    what: 'it refused the hooks',
    todo: 'only an administrator can allow them',
  },
  no_status: { tone: 'info', what: 'its title and screen are read', todo: 'a newer version may say more' },
  too_old: { tone: 'warning', what: 'this version is too old', todo: 'update the agent' },
  sandboxed: {
    tone: 'warning',
    what: 'hooks cannot leave its sandbox',
    todo: 'run it without one to see more',
  },
  remote_agent: {
    tone: 'warning',
    what: 'it runs in another process',
    todo: 'start that one by aoc-agent-wrap',
  },
  injection_off: {
    tone: 'info',
    what: 'its events were not asked for',
    todo: 'start it without --no-inject',
  },
  own_settings: {
    tone: 'warning',
    what: 'its arguments leave no hooks',
    todo: 'start it without own settings',
  },
  managed_policy: {
    tone: 'warning',
    what: 'a managed policy forbids hooks',
    todo: 'ask who manages this machine',
  },
  door_failed: { tone: 'error', what: 'its events have no way in', todo: 'see the log, start it again' },
  no_tty: { tone: 'warning', what: 'it has no terminal', todo: 'start it in one, without pipes' },
}
