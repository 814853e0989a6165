import type { Key, KeyName } from '../model/key.js'

/** The keys that have a name of ours, by terminal-kit's name. */
const named: Readonly<Record<string, KeyName>> = {
  ENTER: 'enter',
  KP_ENTER: 'enter',
  ESCAPE: 'escape',
  TAB: 'tab',
  SHIFT_TAB: 'shift_tab',
  BACKSPACE: 'backspace',
  DELETE: 'delete',
  UP: 'up',
  DOWN: 'down',
  LEFT: 'left',
  RIGHT: 'right',
  HOME: 'home',
  END: 'end',
  PAGE_UP: 'page_up',
  PAGE_DOWN: 'page_down',
  ALT_ENTER: 'alt_enter',
  ALT_BACKSPACE: 'alt_backspace',
  CTRL_LEFT: 'ctrl_left',
  CTRL_RIGHT: 'ctrl_right',
  ALT_LEFT: 'alt_left',
  ALT_RIGHT: 'alt_right',
}

/**
 * What a key of terminal-kit means: `CTRL_C` is `ctrl_c`, `ALT_X` is `alt_x`, a character is text.
 * terminal-kit, "Special Keys".
 * @returns null for a key that Pulse does not know.
 */
export function keyOf(name: string): Key | null {
  const known = Object.hasOwn(named, name) ? named[name] : undefined
  if (known !== undefined) return { kind: 'key', name: known }
  const letter = /^(CTRL|ALT)_([A-Z])$/.exec(name)
  if (letter)
    return { kind: 'key', name: `${letter[1]!.toLowerCase()}_${letter[2]!.toLowerCase()}` as KeyName }
  return textKey(name)
}

/** A typed character. @returns null for what is none, as a name or a control character. */
export function textKey(text: string): Key | null {
  return /^[^\p{Cc}\p{Cs}]$/u.test(text) ? { kind: 'text', text } : null
}

/**
 * What a mouse event of terminal-kit means: the wheel, or a press of the left button alone.
 * @param at counts from 1. terminal-kit, "Ref.Event.mouse".
 */
export function mouseKey(
  name: string,
  at: { x: number; y: number; shift?: boolean; ctrl?: boolean; alt?: boolean },
): Key | null {
  const { x, y } = at
  if (!Number.isSafeInteger(x) || !Number.isSafeInteger(y) || x < 1 || y < 1) return null
  const place = { x: x - 1, y: y - 1 }
  if (name === 'MOUSE_WHEEL_UP') return { kind: 'wheel', ...place, rows: -1 }
  if (name === 'MOUSE_WHEEL_DOWN') return { kind: 'wheel', ...place, rows: 1 }
  const isAlone = !at.shift && !at.ctrl && !at.alt
  return name === 'MOUSE_LEFT_BUTTON_PRESSED' && isAlone ? { kind: 'press', ...place } : null
}
