import { parse, type ParseError } from 'jsonc-parser'
import path from 'node:path'
import { fieldsOf } from './detail.js'
import type { Injection, Launch } from './profile.js'
import { YargsArguments } from './yargs-arguments.js'

const defaultsName = 'GEMINI_CLI_SYSTEM_DEFAULTS_PATH'
const settingsName = 'GEMINI_CLI_SYSTEM_SETTINGS_PATH'

/** What the status line shows while a hook runs, and what `/hooks disable` calls it. */
const hookName = 'aoc'
/** Milliseconds. docs/hooks/reference.md: 60000 unless said. */
const timeoutMs = 2_000

/** The hooks that are read. PreCompress comes at every call of the model, the others at every piece of an answer. */
const events = 'SessionStart BeforeAgent BeforeTool Notification AfterTool AfterAgent SessionEnd'.split(' ')

/** cli/src/config/config.ts, `parseArguments`. */
const subcommands = new Set('mcp extensions extension skills skill hooks hook gemma'.split(' '))
const elsewhere = [
  ['-v', '--version'],
  ['-h', '--help'],
  ['-l', '--list-extensions'],
  ['--list-sessions'],
  ['--acp'],
  ['--experimental-acp'],
]
/** Those that are known before the subcommand is. */
const booleans = new Set('-d --debug -v --version -h --help --is-command'.split(' '))

/**
 * Adds hooks for this launch as the lowest layer of settings, the system's defaults, to which the hooks of all others are
 * added. That file may be named by a variable, but since 0.60 it counts only when it and all folders above it are
 * root's alone, else the person gets a warning (core/src/utils/security.ts; google-gemini/gemini-cli#29115): then
 * nothing is asked for.
 */
export function injectGemini(launch: Launch): Injection | null {
  const { args, env } = launch
  const read = new YargsArguments(args, booleans)
  if (subcommands.has(read.firstWord ?? '') || read.has('--delete-session')) return null
  if (elsewhere.some((names) => read.switchedOn(...names) === true)) return null
  const asIs = (blind: string): Injection => ({ args: [...args], env: {}, files: [], blind })
  const own = objectIn(
    launch.readText(path.join(env['GEMINI_CLI_HOME'] ?? env['HOME'] ?? '', '.gemini/settings.json')),
  )
  const replaced = defaultsPath(launch)
  const text = launch.readText(replaced)
  const given = text === null ? {} : objectIn(text)
  const sandbox = sandboxIn(own) ?? sandboxIn(given)
  // There the hooks are other files, and the door is out of reach.
  if (isSandboxed(read.switchedOn('-s', '--sandbox'), env, sandbox)) return asIs('sandboxed')
  const file = path.join(launch.dir, 'gemini-defaults.json')
  const script = path.join(launch.dir, 'gemini-hook.sh')
  if (!isLoaded(launch, file)) return asIs('hooks_refused')
  if (own !== null && isOff(own)) return asIs('hooks_off')

  // What it would have refused is not smuggled in.
  if (text !== null && !isLoaded(launch, replaced)) return asIs('own_settings')
  if (given === null) return asIs('own_settings')
  if (isOff(given)) return asIs('hooks_off')
  const hooks = addHooks(given['hooks'], `test -r ${quote(script)} && . ${quote(script)}; exit 0`)
  if (hooks === null) return asIs('own_settings')
  return {
    args: [...args],
    env: { [defaultsName]: file },
    files: [
      { path: file, text: JSON.stringify({ ...given, hooks }) },
      // Variables in settings are replaced as they are read, and the line has some of its own. docs/reference/configuration.md
      { path: script, text: `${launch.hookLine('gemini')}\n` },
    ],
    blind: null,
  }
}

/**
 * Whether it starts itself again in a sandbox: the flag sets the variable, which goes before the settings.
 * cli/src/config/sandboxConfig.ts
 */
function isSandboxed(flag: boolean | null, env: Launch['env'], setting: unknown): boolean {
  // It is in one already.
  if (env['SANDBOX']) return false
  if (flag === true) return true
  const variable = env['GEMINI_SANDBOX']?.trim().toLowerCase() ?? ''
  const wanted = variable === '' ? (flag ?? fieldsOf(setting)?.['enabled'] ?? setting) : variable
  return typeof wanted === 'string' ? !['', '0', 'false'].includes(wanted) : wanted === true
}

/** settingsSchema.ts: `tools.sandbox`, on or off, a command, or both. */
function sandboxIn(settings: Readonly<Record<string, unknown>> | null): unknown {
  return fieldsOf(settings?.['tools'])?.['sandbox']
}

/** Where the file is that ours takes the place of. cli/src/config/settings.ts, `getSystemDefaultsPath`. */
function defaultsPath({ env, platform }: Launch): string {
  if (env[defaultsName]) return env[defaultsName]
  if (env[settingsName]) return path.join(path.dirname(env[settingsName]), 'system-defaults.json')
  return platform === 'darwin'
    ? '/Library/Application Support/GeminiCli/system-defaults.json'
    : '/etc/gemini-cli/system-defaults.json'
}

/** Whether Gemini CLI loads settings from a file there. */
function isLoaded({ platform, isRootsAlone }: Launch, file: string): boolean {
  // What looks like a variable in its own path would be replaced.
  return platform !== 'win32' && !file.includes('$') && isRootsAlone(file)
}

/** settingsSchema.ts: `hooksConfig`. */
function isOff(settings: Readonly<Record<string, unknown>>): boolean {
  const hooksConfig = fieldsOf(settings['hooksConfig'])
  const disabled: unknown = hooksConfig?.['disabled']
  return hooksConfig?.['enabled'] === false || (Array.isArray(disabled) && disabled.includes(hookName))
}

/** @returns null when what is there is no set of hooks: it is for the agent to say so. */
function addHooks(given: unknown, command: string): Record<string, unknown> | null {
  const hooks: Record<string, unknown> | null = given === undefined ? {} : { ...fieldsOf(given) }
  if (given !== undefined && fieldsOf(given) === null) return null
  for (const event of events) {
    const theirs: unknown = hooks[event] ?? []
    if (!Array.isArray(theirs)) return null
    const ours = { hooks: [{ type: 'command', name: hookName, command, timeout: timeoutMs }] }
    hooks[event] = [...(theirs as unknown[]).filter((one) => !isOurs(one)), ours]
  }
  return hooks
}

/** Left by a launch around this one, whose variable was inherited. */
function isOurs(definition: unknown): boolean {
  const hooks: unknown = fieldsOf(definition)?.['hooks']
  return Array.isArray(hooks) && hooks.length === 1 && fieldsOf(hooks[0])?.['name'] === hookName
}

/** Settings are JSON with comments. */
function objectIn(text: string | null): Readonly<Record<string, unknown>> | null {
  if (text === null) return null
  const errors: ParseError[] = []
  const value: unknown = parse(text, errors)
  return errors.length > 0 ? null : fieldsOf(value)
}

function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`
}
