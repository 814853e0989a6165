import { openGeminiReader } from './gemini-events.js'
import { injectGemini } from './gemini-inject.js'
import { geminiScreen } from './gemini-screen.js'
import { oneLine } from './detail.js'
import type { Profile } from './profile.js'

/**
 * Gemini CLI (npm `@google/gemini-cli`, 0.61.0; what is said of older ones is marked). Its title tells the state all
 * the time and is what most people's status comes from: its hooks can be given for one launch only where it trusts
 * the file they come in, which it does for root alone.
 */
export const gemini: Profile = {
  name: 'gemini',
  commands: ['gemini'],
  ways: {
    silentHooks: 'hooks_missing',
    // Esc and Ctrl-C cancel what goes on. docs/reference/keyboard-shortcuts.md
    escapeInterrupts: true,
    interruptInterrupts: true,
    // Enter takes the option that is marked, its number takes it at once: cli/src/ui/components/shared/BaseSelectionList.
    submitAnswers: true,
    choiceAnswers: true,
    trustsNotifications: true,
    trustsScreen: false,
    restingTitleProves: true,
    silenceMs: null,
  },
  inject: injectGemini,
  openReader: openGeminiReader,
  title,
  notification,
  // It announces nothing.
  status: null,
  chrome:
    /^\s*(?:[│|]?\s*[>●]\s.*|workspace \(\/directory\).*|shift\+tab to .*|.*\b(?:no sandbox|sandbox-exec)\b.*|[│|]?\s*\d\. .*|.*\(esc to \S.*|.*\b(?:enter|esc) to \S.*)$/i,
  screen: geminiScreen,
}

/**
 * What stands after the sign may be anybody's: `CLI_TITLE`, or a thought of the model's (`ui.showStatusInTitle`). Written
 * only when it changes, filled up with spaces. cli/src/utils/windowTitle.ts
 */
const titles = [
  { pattern: /^◇\s+Ready(?:\s|$)/u, shows: 'ready' },
  // Also a guess: a shell command that has written something and then nothing for 30 s; the screen tells which.
  // cli/src/ui/hooks/useShellInactivityStatus.ts
  { pattern: /^✋\s+Action Required(?:\s|$)/u, shows: 'asks' },
  { pattern: /^✦\s+\S/u, shows: 'working' },
  { pattern: /^⏲\uFE0F?\s+Working…/u, shows: 'working' },
] as const

function title(text: string): ReturnType<Profile['title']> {
  const shows = titles.find(({ pattern }) => pattern.test(text))?.shows
  return shows === undefined ? null : { shows, detail: null }
}

/**
 * `general.enableNotifications`, off unless asked for: by OSC 9 the parts stand in one text, by OSC 777 the first is
 * the title. cli/src/utils/terminalNotifications.ts
 */
function notification(head: string | null, text: string): ReturnType<Profile['notification']> {
  const [what, heading = '', ...rest] = [...(head === null ? [] : [head]), ...text.split(' | ')]
  if (what === 'Gemini CLI session complete' && heading === 'Run finished')
    return { says: 'done', background: 0 }
  if (what !== 'Gemini CLI needs your attention') return null
  const detail = oneLine(rest.join(' | ') || heading)
  const attention = heading.startsWith('Answer requested') ? 'question' : 'permission'
  return { says: 'asks', attention, id: null, detail: detail || null }
}
