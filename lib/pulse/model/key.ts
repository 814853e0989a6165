/** Keys that are no text. `ctrl_x` and `alt_x` are letters with Ctrl or Alt. */
export type KeyName =
  | 'enter'
  | 'escape'
  | 'tab'
  | 'shift_tab'
  | 'backspace'
  | 'delete'
  | 'up'
  | 'down'
  | 'left'
  | 'right'
  | 'home'
  | 'end'
  | 'page_up'
  | 'page_down'
  | `ctrl_${string}`
  | `alt_${string}`

/** What a person does at the terminal. Columns and rows count from 0. */
export type Key =
  | { kind: 'key'; name: KeyName }
  /** One typed character. */
  | { kind: 'text'; text: string }
  /** A whole paste: several lines at most, and never a command. */
  | { kind: 'paste'; text: string }
  | { kind: 'press'; x: number; y: number }
  | { kind: 'wheel'; x: number; y: number; rows: 1 | -1 }
