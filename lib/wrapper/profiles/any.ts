import type { Profile } from './profile.js'
import { statusMeanings } from './status.js'

/** A command that is no known agent goes idle after so much silence. */
const silenceMs = 60_000

/**
 * Any command: it has no events of its own, and nothing of what it writes is taken for a word of it. OSC 7501, OSC 133,
 * OSC 9;4 and `aoc-agent-wrap report` tell, else silence.
 */
export const any: Profile = {
  name: 'any',
  commands: [],
  ways: {
    silentHooks: null,
    escapeInterrupts: false,
    interruptInterrupts: false,
    submitAnswers: true,
    choiceAnswers: false,
    restingTitleProves: false,
    trustsNotifications: false,
    trustsScreen: false,
    silenceMs,
  },
  inject: null,
  openReader: () => () => [],
  title: () => null,
  notification: () => null,
  status: statusMeanings,
  chrome: null,
  screen: null,
}
