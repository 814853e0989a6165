import path from 'node:path'
import { readClaudeArguments } from './claude-arguments.js'
import { readClaudeSettings } from './claude-settings.js'
import { claudeVersion, isBefore } from './claude-version.js'
import type { Injection, Launch } from './profile.js'

/**
 * Seconds. A hook of ours takes milliseconds; nobody shall wait for one that hangs, as of a wrapper that was stopped.
 * Those at the end share a budget of 1.5 s. Claude Code docs, Hooks, "SessionEnd".
 */
const timeoutS = 1

/** Linux takes no argument of 128 KiB; a character may be three bytes. */
const argumentCharsMax = 40_000

const tokenName = 'AOC_AGENT_TOKEN'

/** From this version on hooks may be of the type `http`; what older ones make of such is not known. */
const firstHttp = [2, 1, 63] as const
/** Before this one an event that it does not know made it ignore the whole settings. Claude Code, CHANGELOG, 2.1.101. */
const firstTolerant = [2, 1, 101] as const

/** The hooks that are read, with the matcher that leaves out what is not. Claude Code docs, Hooks. */
const events: readonly (readonly [event: string, matcher?: string])[] = [
  ['SessionStart'],
  ['UserPromptSubmit'],
  ['PreToolUse'],
  ['PostToolUse'],
  ['PostToolUseFailure'],
  ['PostToolBatch'],
  ['PreCompact', 'manual'],
  ['PostCompact', 'manual'],
  ['SubagentStop'],
  ['Stop'],
  ['StopFailure'],
  ['SessionEnd'],
]

/** These tell of questions to a person, of whom there is none with `-p`. */
const askingEvents: typeof events = [
  ['PermissionRequest'],
  ['PermissionDenied'],
  ['Notification'],
  ['Elicitation'],
  ['ElicitationResult'],
]

/** These came with 2.1.76 and later, or it is not known with which. Claude Code, CHANGELOG. */
const newEvents = new Set(
  `PostToolUseFailure PostToolBatch PostCompact StopFailure PermissionDenied Elicitation ElicitationResult`.split(
    ' ',
  ),
)

/**
 * Adds hooks for this launch by `--settings`, whose hooks are added to those of all settings files. Of several
 * `--settings` only one counts: what the person gave is taken into ours.
 */
export function injectClaude(launch: Launch): Injection | null {
  const args = readClaudeArguments(launch.args)
  if (!args.isConversation) return null
  const asIs = (blind: string): Injection => ({ args: [...launch.args], env: {}, files: [], blind })
  const settings = readClaudeSettings(args, launch)
  const { given, refused, limitsHttp } = settings
  // What settings add to the environment counts for more than what was there.
  const env = { ...launch.env, ...settings.env }
  if (args.isBare || isOn(env['CLAUDE_CODE_SIMPLE']) || isOn(env['CLAUDE_CODE_SAFE_MODE']))
    return asIs('hooks_off')
  if (refused !== null) return asIs(refused)
  const version = claudeVersion(launch)
  if (version !== null && isBefore(version, firstHttp)) return asIs('too_old')
  // Were ours not understood, the person's own would be lost with them.
  if (version === null && args.settings !== null) return asIs('own_settings')
  const isTolerant = version === null || !isBefore(version, firstTolerant)
  const wanted = (args.isPrint ? events : [...events, ...askingEvents]).filter(
    ([event]) => isTolerant || !newEvents.has(event),
  )
  const source = args.isPrint ? 'claude-print' : 'claude'
  // With `-p` it may outlive the wrapper: whoever has the port then must not answer for it.
  const posts = !limitsHttp && !args.isPrint && !goesByProxy(env)
  const hooks = addHooks(given?.['hooks'], wanted, (event) =>
    posts && event !== 'SessionStart' ? postHook(launch, source) : commandHook(launch, source),
  )
  if (given === null || hooks === null) return asIs('own_settings')
  const text = JSON.stringify({ ...given, hooks })
  const file = { path: path.join(launch.dir, 'claude-settings.json'), text }
  // Arguments can be read by every user, a file of the launch cannot. What means something else in another folder was
  // an argument before.
  const isFile = settings.isPlaceless
  if (!isFile && text.length > argumentCharsMax) return asIs('own_settings')
  return {
    args: ['--settings', isFile ? file.path : text, ...args.others],
    env: posts ? { [tokenName]: tokenOf(launch.url) } : {},
    files: isFile ? [file] : [],
    blind: null,
  }
}

type Hook = Record<string, unknown>

/** @returns null when what the person gave is no set of hooks: it is for the agent to say so. */
function addHooks(
  given: unknown,
  wanted: typeof events,
  hookOf: (event: string) => Hook,
): Record<string, unknown> | null {
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given)))
    return null
  const hooks: Record<string, unknown> = { ...given }
  for (const [event, matcher] of wanted) {
    const theirs = hooks[event] ?? []
    if (!Array.isArray(theirs)) return null
    hooks[event] = [...(theirs as unknown[]), { ...(matcher && { matcher }), hooks: [hookOf(event)] }]
  }
  return hooks
}

/** A hook that starts no process. The token goes by the environment: arguments can be read by every user. */
function postHook({ url }: Launch, source: string): Hook {
  return {
    type: 'http',
    url: `${new URL(url).origin}/${source}`,
    headers: { Authorization: `Bearer $${tokenName}` },
    allowedEnvVars: [tokenName],
    timeout: timeoutS,
  }
}

/** For SessionStart, at which hooks of the type `http` are skipped silently, and where posts may not arrive. */
function commandHook({ hookLine }: Launch, source: string): Hook {
  return { type: 'command', command: hookLine(source), timeout: timeoutS }
}

function tokenOf(url: string): string {
  return new URL(url).pathname.replaceAll('/', '')
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false', 'no', 'off'].includes(value.toLowerCase())
}

/** What is posted to this machine must not go to a proxy elsewhere. */
function goesByProxy(env: Launch['env']): boolean {
  const names = ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY', 'https_proxy', 'HTTPS_PROXY']
  if (!names.some((name) => (env[name] ?? '') !== '')) return false
  const excepted = (env['no_proxy'] ?? env['NO_PROXY'] ?? '').split(/[\s,]+/)
  return !excepted.some((host) => host === '*' || host === '127.0.0.1')
}
