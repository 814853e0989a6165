import type { Env } from '../identity.js'

/** Asks tmux, and gives what it printed; null when there was no answer. */
export type AskTmux = (args: readonly string[], env: Env) => Promise<string | null>

/** How long tmux may take. */
const askMs = 500
/** Without word of the terminal's focus, whoever typed so lately is there. */
const typedMs = 30_000

/** One line for each attached client: the pane it types into, and what is known of its terminal's focus. */
const format = '#{pane_id} #{client_activity} #{focus-events} #{client_flags} #{client_termfeatures}'

/**
 * Whether a person looks at a pane: true, false, or null when that is not known. Only panes of the tmux around this
 * process (`%3`) are known; zellij and others are not asked. Never throws.
 *
 * tmux knows whether a terminal's window has the focus only with its option `focus-events`, off by default. Without
 * it, a pane that some client shows and that was typed into lately is looked at; one that no client types into is not.
 */
export async function isPaneFocused(
  paneId: string,
  env: Env,
  ask: AskTmux = askTmux,
): Promise<boolean | null> {
  if (!env['TMUX'] || !/^%\d{1,9}$/.test(paneId)) return null
  const answer = await ask(['list-clients', '-F', format], env).catch(() => null)
  return answer === null ? null : focusIn(answer, paneId, Date.now())
}

/** The same, from tmux's answer. Pure. */
export function focusIn(answer: string, paneId: string, nowMs: number): boolean | null {
  let focus: boolean | null = false
  for (const line of answer.split('\n').filter((line) => line !== '')) {
    const client = /^(%\d+) (\d+) ([01]) (\S*) (\S*)$/.exec(line)
    // An older tmux, or one that answers otherwise.
    if (client === null) return null
    const [, pane, activitySeconds, events, flags = '', features = ''] = client
    if (pane !== paneId) continue
    const isFocused = flags.split(',').includes('focused')
    // A client counts as focused until its terminal says otherwise, which not every one can.
    const isKnown = events === '1' && features.split(',').includes('focus')
    const hasTyped = nowMs - Number(activitySeconds) * 1_000 < typedMs
    if (isKnown ? isFocused : hasTyped) return true
    if (!isKnown) focus = null
  }
  return focus
}

const askTmux: AskTmux = async (args, env) => {
  const { execa } = await import('execa')
  const result = await execa('tmux', args, {
    env,
    extendEnv: false,
    stdin: 'ignore',
    stderr: 'ignore',
    timeout: askMs,
    killSignal: 'SIGKILL',
    maxBuffer: 65_536,
    reject: false,
  })
  return result.failed ? null : result.stdout
}
