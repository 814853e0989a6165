import path from 'node:path'
import { readClaudeArguments } from './claude-arguments.js'
import { readClaudeSettings } from './claude-settings.js'
import type { Injection, Launch } from './profile.js'

/** Seconds. A hook of ours takes milliseconds; nobody shall wait for one that hangs. */
const timeoutS = 2
/** The hooks at the end share a budget, 1.5 s unless one asks for more. Claude Code docs, Hooks, "SessionEnd". */
const lastTimeoutS = 1

/** Linux takes no argument of 128 KiB; a character may be three bytes. */
const argumentCharsMax = 40_000

const tokenName = 'AOC_AGENT_TOKEN'

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
  ['Notification'],
  ['Elicitation'],
  ['ElicitationResult'],
]

/**
 * Adds hooks for this launch by `--settings`, whose hooks are added to those of all settings files. Of several
 * `--settings` only one counts: what the person gave is taken into ours.
 */
export function injectClaude(launch: Launch): Injection | null {
  const args = readClaudeArguments(launch.args)
  if (!args.isConversation) return null
  const asIs = (blind: string): Injection => ({ args: [...launch.args], env: {}, files: [], blind })
  const { env } = launch
  if (args.isBare || isOn(env['CLAUDE_CODE_SIMPLE']) || isOn(env['CLAUDE_CODE_SAFE_MODE']))
    return asIs('hooks_off')
  const { given, refused, limitsHttp } = readClaudeSettings(args, launch)
  if (refused !== null) return asIs(refused)
  const wanted = args.isPrint ? events : [...events, ...askingEvents]
  const source = args.isPrint ? 'claude-print' : 'claude'
  const posts = !limitsHttp && !goesByProxy(env)
  const hooks = addHooks(given?.['hooks'], wanted, (event) =>
    posts && event !== 'SessionStart' ? postHook(launch, source, event) : commandHook(launch, source, event),
  )
  if (given === null || hooks === null) return asIs('own_settings')
  const text = JSON.stringify({ ...given, hooks })
  const file = { path: path.join(launch.dir, 'claude-settings.json'), text }
  const isLong = text.length > argumentCharsMax
  return {
    args: ['--settings', isLong ? file.path : text, ...args.others],
    env: posts ? { [tokenName]: tokenOf(launch.url) } : {},
    files: isLong ? [file] : [],
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
function postHook({ url }: Launch, source: string, event: string): Hook {
  return {
    type: 'http',
    url: `${new URL(url).origin}/${source}`,
    headers: { Authorization: `Bearer $${tokenName}` },
    allowedEnvVars: [tokenName],
    timeout: timeoutOf(event),
  }
}

/** For SessionStart, at which hooks of the type `http` are skipped silently, and where posts may not arrive. */
function commandHook({ hookLine }: Launch, source: string, event: string): Hook {
  return { type: 'command', command: hookLine(source), timeout: timeoutOf(event) }
}

function timeoutOf(event: string): number {
  return event === 'SessionEnd' ? lastTimeoutS : timeoutS
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
