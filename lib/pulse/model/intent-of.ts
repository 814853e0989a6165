import type { Edit, Intent } from './intent.js'
import type { Key, KeyName } from './key.js'
import { modes, type Model } from './model.js'

/** What a key means now. Pure. @returns null for one that means nothing. */
export function intentOf(key: Key, model: Model): Intent | null {
  if (key.kind === 'wheel') return { kind: 'scroll', by: key.rows * 3 }
  // Where it means something depends on the picture: see `hitAt`.
  if (key.kind === 'press') return null
  const everywhere = key.kind === 'key' ? anywhere[key.name] : undefined
  if (everywhere !== undefined) return everywhere
  if (isTyping(model)) return typed(key)
  // A paste is a text, and never a command.
  if (key.kind === 'paste') return null
  const { overlay } = model
  if (overlay === null) return key.kind === 'key' ? (named[key.name] ?? null) : (letters[key.text] ?? null)
  if (overlay.kind === 'stop') return ofStop(key)
  if (overlay.kind === 'patch')
    return key.kind === 'key'
      ? (inPatch[key.name] ?? named[key.name] ?? null)
      : (patchLetters[key.text] ?? null)
  return key.kind === 'key' ? (named[key.name] ?? null) : (readerLetters[key.text] ?? null)
}

/** Whether letters are text now. */
export function isTyping({ overlay }: Model): boolean {
  if (overlay === null) return false
  return (
    overlay.kind === 'filter' ||
    overlay.kind === 'write' ||
    (overlay.kind === 'patch' && overlay.searchLine !== null)
  )
}

const anywhere: Partial<Record<KeyName, Intent>> = {
  ctrl_z: { kind: 'suspend' },
  ctrl_l: { kind: 'redraw' },
}

const named: Partial<Record<KeyName, Intent>> = {
  enter: { kind: 'open' },
  escape: { kind: 'cancel' },
  tab: { kind: 'next_mode', by: 1 },
  shift_tab: { kind: 'next_mode', by: -1 },
  up: { kind: 'move', by: -1 },
  down: { kind: 'move', by: 1 },
  ctrl_p: { kind: 'move', by: -1 },
  ctrl_n: { kind: 'move', by: 1 },
  page_up: { kind: 'page', by: -1 },
  page_down: { kind: 'page', by: 1 },
  ctrl_b: { kind: 'page', by: -1 },
  ctrl_f: { kind: 'page', by: 1 },
  home: { kind: 'edge', to: 'first' },
  end: { kind: 'edge', to: 'last' },
  left: { kind: 'next_mode', by: -1 },
  right: { kind: 'next_mode', by: 1 },
  ctrl_c: { kind: 'quit' },
  ctrl_d: { kind: 'quit' },
}

const moving: Readonly<Record<string, Intent>> = {
  j: { kind: 'move', by: 1 },
  k: { kind: 'move', by: -1 },
  g: { kind: 'edge', to: 'first' },
  G: { kind: 'edge', to: 'last' },
  ' ': { kind: 'page', by: 1 },
  q: { kind: 'quit' },
}

const letters: Readonly<Record<string, Intent>> = {
  ...Object.fromEntries(modes.map((mode, at) => [String(at + 1), { kind: 'mode', mode } as const])),
  ...moving,
  n: { kind: 'next_waiting' },
  N: { kind: 'next_failed' },
  i: { kind: 'write' },
  x: { kind: 'stop' },
  e: { kind: 'explain' },
  '/': { kind: 'filter' },
  s: { kind: 'sort' },
  y: { kind: 'copy' },
  r: { kind: 'refresh' },
  '?': { kind: 'help' },
}

const readerLetters: Readonly<Record<string, Intent>> = {
  ...moving,
  '?': { kind: 'help' },
  e: { kind: 'explain' },
}

const inPatch: Partial<Record<KeyName, Intent>> = {
  enter: { kind: 'move', by: 1 },
  left: { kind: 'next_file', by: -1 },
  right: { kind: 'next_file', by: 1 },
  tab: { kind: 'next_file', by: 1 },
  shift_tab: { kind: 'next_file', by: -1 },
}

const patchLetters: Readonly<Record<string, Intent>> = {
  ...moving,
  n: { kind: 'next_file', by: 1 },
  p: { kind: 'next_file', by: -1 },
  '/': { kind: 'search' },
  ']': { kind: 'next_match', by: 1 },
  '[': { kind: 'next_match', by: -1 },
  y: { kind: 'copy' },
}

function ofStop(key: Exclude<Key, { kind: 'press' | 'wheel' | 'paste' }>): Intent | null {
  if (key.kind === 'text') return { kind: key.text === 'y' || key.text === 'Y' ? 'confirm' : 'cancel' }
  return key.name === 'escape' || key.name === 'ctrl_c' ? { kind: 'cancel' } : null
}

const editing: Partial<Record<KeyName, Edit>> = {
  backspace: { kind: 'backspace' },
  ctrl_h: { kind: 'backspace' },
  delete: { kind: 'delete' },
  ctrl_w: { kind: 'delete_word' },
  alt_backspace: { kind: 'delete_word' },
  ctrl_u: { kind: 'clear' },
  left: { kind: 'move', to: 'left' },
  right: { kind: 'move', to: 'right' },
  ctrl_b: { kind: 'move', to: 'left' },
  ctrl_f: { kind: 'move', to: 'right' },
  home: { kind: 'move', to: 'start' },
  end: { kind: 'move', to: 'end' },
  ctrl_a: { kind: 'move', to: 'start' },
  ctrl_e: { kind: 'move', to: 'end' },
  // A line break within what is written; Enter alone sends it.
  alt_enter: { kind: 'insert', text: '\n' },
  ctrl_j: { kind: 'insert', text: '\n' },
}

function typed(key: Exclude<Key, { kind: 'press' | 'wheel' }>): Intent | null {
  if (key.kind !== 'key') return { kind: 'edit', edit: { kind: 'insert', text: key.text } }
  if (key.name === 'enter') return { kind: 'open' }
  if (key.name === 'escape' || key.name === 'ctrl_c') return { kind: 'cancel' }
  if (key.name === 'ctrl_t') return { kind: 'open_otherwise' }
  const edit = editing[key.name]
  return edit === undefined ? null : { kind: 'edit', edit }
}
