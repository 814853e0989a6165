import { openClaudeReader } from './claude-events.js'
import { injectClaude } from './claude-inject.js'
import { readClaudeScreen } from './claude-screen.js'
import type { Profile } from './profile.js'

/**
 * Claude Code. Its hooks tell of prompts, tools, questions and ends; of an answer, a denial or an interrupt they tell
 * nothing: these come from the keys, and from the screen.
 */
export const claude: Profile = {
  name: 'claude',
  commands: ['claude'],
  ways: {
    silentHooks: 'hooks_missing',
    escapeInterrupts: true,
    interruptInterrupts: true,
    submitAnswers: true,
    choiceAnswers: true,
    // Since 2.1.236 it shows rest all the time in tmux, screen and zellij: anthropics/claude-code#88542.
    restingTitleProves: false,
    trustsNotifications: false,
    trustsScreen: false,
    silenceMs: null,
  },
  inject: injectClaude,
  openReader: openClaudeReader,
  title,
  notification,
  status: null,
  chrome: /^(?:\s*(?:[❯>]|⎿\s+Tip:|\? for shortcuts|[⏵⏸]|\d\. )|.*… \(\d+s\b|.*\b(?:esc|tab|enter) to \S)/i,
  screen: readClaudeScreen,
}

/**
 * `◐ topic` while it works (2.1.228; braille before), `✳ topic` at rest. Any other title is another program's, or the
 * person's own.
 */
function title(text: string): ReturnType<Profile['title']> {
  if (/^[◐◑◒◓\u2801-\u28ff] /u.test(text)) return { shows: 'working', detail: null }
  return text.startsWith('✳ ') ? { shows: 'ready', detail: null } : null
}

/** The same texts as of the hook "Notification", as iTerm2, Ghostty and kitty are given them. */
function notification(_: string | null, text: string): ReturnType<Profile['notification']> {
  if (/^Claude needs your permission\b/.test(text))
    return { says: 'asks', attention: 'permission', id: null, detail: text }
  return text === 'Claude is waiting for your input' ? { says: 'waits' } : null
}
