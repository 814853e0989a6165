import t from 'tap'
import { keyOf, mouseKey, textKey } from '../../../lib/pulse/terminal/keys.js'

void t.test('keys of terminal-kit', async (t) => {
  for (const [name, key] of Object.entries({
    ENTER: 'enter',
    KP_ENTER: 'enter',
    ESCAPE: 'escape',
    SHIFT_TAB: 'shift_tab',
    PAGE_DOWN: 'page_down',
    CTRL_C: 'ctrl_c',
    ALT_X: 'alt_x',
    ALT_LEFT: 'alt_left',
  }))
    t.same(keyOf(name), { kind: 'key', name: key })
  for (const name of [
    'F1',
    'CTRL_ALT_X',
    'ALT_SHIFT_X',
    'NUL',
    'toString',
    'constructor',
    '',
    'CTRL_SHIFT_UP',
  ])
    t.equal(keyOf(name), null, name)
})

void t.test('typed characters', async (t) => {
  for (const text of ['a', ' ', '日', '👍', '\ufffd']) t.same(textKey(text), { kind: 'text', text })
  for (const text of ['', 'ab', '\u0007', '\u009b', '\ud800']) t.equal(textKey(text), null)
})

void t.test('the mouse', async (t) => {
  t.same(mouseKey('MOUSE_LEFT_BUTTON_PRESSED', { x: 1, y: 3 }), { kind: 'press', x: 0, y: 2 })
  t.same(mouseKey('MOUSE_WHEEL_UP', { x: 5, y: 1 }), { kind: 'wheel', x: 4, y: 0, rows: -1 })
  t.same(mouseKey('MOUSE_WHEEL_DOWN', { x: 5, y: 1, shift: true }), { kind: 'wheel', x: 4, y: 0, rows: 1 })
  t.equal(mouseKey('MOUSE_LEFT_BUTTON_PRESSED', { x: 1, y: 3, shift: true }), null)
  t.equal(mouseKey('MOUSE_LEFT_BUTTON_RELEASED', { x: 1, y: 3 }), null)
  t.equal(mouseKey('MOUSE_RIGHT_BUTTON_PRESSED', { x: 1, y: 3 }), null)
  t.equal(mouseKey('MOUSE_WHEEL_UP', { x: 0, y: 1 }), null)
  t.equal(mouseKey('MOUSE_WHEEL_UP', { x: Number.NaN, y: 1 }), null)
})
