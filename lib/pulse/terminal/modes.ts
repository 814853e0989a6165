// xterm, "Control Sequences"; 2004 bracketed paste, 2026 synchronized output.

/** Makes the screen ours: the alternate one, nothing wraps, no cursor, pastes are marked. */
export const takeScreen = '\u001b[?1049h\u001b[?7l\u001b[?25l\u001b[?2004h'

/**
 * Gives the screen back, from whatever we or terminal-kit may have turned on, in the middle of whatever was written.
 * It is cleared first for consoles that have one screen only.
 */
export const giveScreenBack = [
  '\u001b\\',
  '\u001b[?2026l',
  '\u001b[?1006l\u001b[?1003l\u001b[?1002l\u001b[?1000l\u001b[?1004l',
  '\u001b[?2004l',
  '\u001b[0m\u001b[2J\u001b[H',
  '\u001b[?7h\u001b[?25h',
  '\u001b[?1049l',
].join('')
