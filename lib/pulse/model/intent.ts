import type { Mode } from './model.js'

/** A change of a line of text that is being typed. */
export type Edit =
  | { kind: 'insert'; text: string }
  | { kind: 'backspace' }
  | { kind: 'delete' }
  | { kind: 'delete_word' }
  | { kind: 'clear' }
  | { kind: 'move'; to: 'left' | 'right' | 'start' | 'end' }

/** What a person wants, whatever key or place says it. */
export type Intent =
  | { kind: 'mode'; mode: Mode }
  | { kind: 'next_mode'; by: 1 | -1 }
  /** The cursor, by rows; a page is a screenful. */
  | { kind: 'move'; by: number }
  | { kind: 'page'; by: 1 | -1 }
  | { kind: 'edge'; to: 'first' | 'last' }
  /** What is shown, by rows, with the cursor where it is as long as it can be seen. */
  | { kind: 'scroll'; by: number }
  /** A row, by its key; the row under the cursor is opened. */
  | { kind: 'select'; key: string }
  /** What Enter means here: focus a pane, show a patch, send what is typed. */
  | { kind: 'open' }
  | { kind: 'next_waiting' }
  | { kind: 'next_failed' }
  | { kind: 'write' }
  /** Sends what is typed the other way: without Enter behind it, or with it where it has none. */
  | { kind: 'open_otherwise' }
  | { kind: 'stop' }
  | { kind: 'confirm' }
  | { kind: 'explain' }
  | { kind: 'filter' }
  | { kind: 'sort' }
  | { kind: 'copy' }
  | { kind: 'refresh' }
  | { kind: 'help' }
  | { kind: 'next_file'; by: 1 | -1 }
  | { kind: 'search' }
  | { kind: 'next_match'; by: 1 | -1 }
  | { kind: 'edit'; edit: Edit }
  /** Closes what lies on top, or clears the filter. */
  | { kind: 'cancel' }
  | { kind: 'suspend' }
  | { kind: 'redraw' }
  | { kind: 'quit' }
