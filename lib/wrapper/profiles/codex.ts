import { readCodexScreen } from './codex-screen.js'
import type { Injection, Launch, Profile } from './profile.js'
import { statusMeanings } from './status.js'

/**
 * Codex CLI. Since some version after 0.160 (measured: 0.169.0) it announces unasked, by OSC 7501, when it works, is
 * blocked, is done or has failed; not in `codex exec`. Its title says nearly as much in versions before.
 *
 * Nothing is injected. Hooks given by `-c` have to be trusted by the person, in a dialog that comes at each launch;
 * to give their hash along would be to answer it for them. `-c notify=…` would take the place of the person's own
 * notifier, and it also tells of the end of hidden threads, such as the one that makes up a title, while the turn
 * still goes on (openai/codex#43384). And with any `-c` Codex leaves the server that its sessions share
 * (openai/codex#24638).
 */
export const codex: Profile = {
  name: 'codex',
  commands: ['codex'],
  ways: {
    silentHooks: null,
    // It announces what came of a key within 30 ms, also before 7501 by its title; Esc has other uses at rest.
    escapeInterrupts: false,
    interruptInterrupts: false,
    submitAnswers: false,
    choiceAnswers: false,
    // A person may have a title without any activity in it (`tui.terminal_title`), or without animation.
    restingTitleProves: false,
    // It announces `done` at the question whether to implement a plan; only a notification and the screen tell of it.
    trustsNotifications: true,
    trustsScreen: true,
    silenceMs: null,
  },
  inject,
  openReader: () => () => [],
  title,
  notification,
  // It takes all back as it exits.
  status: (state, attention) => (state === 'clear' ? [] : statusMeanings(state, attention)),
  chrome:
    /^\s*(?:[›!].*|gpt-\S+ .*|.*\? for shortcuts.*|.*\bcontext left\b.*|\d\. .*|.*\b(?:press enter|esc (?:to|·)|enter to|tab to)\b.*)$/i,
  screen: readCodexScreen,
}

/** `⠋ app` while it works, `[ ! ] Action Required | app` and `[ . ] …` in turn when it asks, else `app`. Measured. */
function title(text: string): ReturnType<Profile['title']> {
  if (/^\[ [!.] \] Action Required(?: \| |$)/.test(text)) return { shows: 'asks', detail: null }
  if (/(?:^| )[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏](?: |$)/.test(text)) return { shows: 'working', detail: null }
  return text === '' ? null : { shows: 'ready', detail: null }
}

/**
 * OSC 9, while the terminal has not the focus. That of a turn's end is the agent's own text, which may say anything:
 * only the one that nothing better tells of counts, and only in full.
 */
function notification(_: string | null, text: string): ReturnType<Profile['notification']> {
  return text === 'Plan mode prompt: Implement this plan?'
    ? { says: 'asks', attention: 'plan', id: null, detail: 'Implement this plan?' }
    : null
}

/** Commands that open no conversation in this terminal, and their aliases: `codex --help` (0.169.0). */
const otherCommands = new Set(
  `a agents app-server apply archive cloud completion debug delete doctor exec-server features help login logout mcp
  mcp-server migrate-nfs-db migrate-rollouts plugin queue remote-control sandbox unarchive update`.split(
    /\s+/,
  ),
)
/** Options that take the next argument. */
const valuedOptions = new Set(
  `-c --config --enable --disable --remote --remote-auth-token-env -i --image -m --model --local-provider -p --profile
  -s --sandbox -C --cd --add-dir -a --ask-for-approval`.split(/\s+/),
)

function inject({ args }: Launch): Injection | null {
  const flags = args.slice(0, args.includes('--') ? args.indexOf('--') : args.length)
  if (flags.some((flag) => /^(?:-h|--help|-V|--version)$/.test(flag))) return null
  if (otherCommands.has(commandOf(flags) ?? '')) return null
  return { args: [...args], env: {}, files: [], blind: 'no_status' }
}

/** The first argument that is no option: a subcommand, or the prompt. */
function commandOf(flags: readonly string[]): string | null {
  for (let i = 0; i < flags.length; i++) {
    const flag = flags[i]!
    if (!flag.startsWith('-') || flag === '-') return flag
    if (valuedOptions.has(flag)) i++
  }
  return null
}
