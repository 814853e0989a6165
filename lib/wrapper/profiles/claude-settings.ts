import path from 'node:path'
import type { ClaudeArguments } from './claude-arguments.js'
import { fieldsOf } from './detail.js'
import type { Launch } from './profile.js'

type Settings = Readonly<Record<string, unknown>>

/** The settings that govern hooks, of all layers that can be read. Claude Code docs, Settings. */
export interface ClaudeSettings {
  /** What the person gave by `--settings`, parsed; null when it cannot be added to, `{}` when nothing was given. */
  given: Settings | null
  /** Why no hook of ours would run; null when one may. */
  refused: 'managed_policy' | 'hooks_off' | null
  /** Whether something limits where hooks of the type `http` may go, or what they may send. */
  limitsHttp: boolean
}

/**
 * Reads the layers of settings, the strongest first: managed, `--settings`, local, project, the person's own. Policies
 * that come by MDM or from a server cannot be seen from here: then hooks are missing later.
 */
export function readClaudeSettings(
  args: ClaudeArguments,
  { env, readText, platform }: Pick<Launch, 'env' | 'readText' | 'platform'>,
): ClaudeSettings {
  const managedDir = platform === 'darwin' ? '/Library/Application Support/ClaudeCode' : '/etc/claude-code'
  const managed = parsed(readText(path.join(managedDir, 'managed-settings.json'))) ?? {}
  const given = givenBy(args.settings, readText)
  const configDir = env['CLAUDE_CONFIG_DIR'] || path.join(env['HOME'] ?? '', '.claude')
  const files = {
    local: path.join('.claude', 'settings.local.json'),
    project: path.join('.claude', 'settings.json'),
    user: path.join(configDir, 'settings.json'),
  }
  const sources = args.settingSources?.split(',').map((word) => word.trim())
  const loaded = Object.entries(files)
    .filter(([source]) => !args.isRestricted && (sources?.includes(source) ?? true))
    .map(([, file]) => parsed(readText(file)) ?? {})
  const layers = [managed, given ?? {}, ...loaded]
  const off = layers.find(({ disableAllHooks }) => typeof disableAllHooks === 'boolean')
  const isOff = off?.['disableAllHooks'] === true
  return {
    given,
    refused:
      managed['allowManagedHooksOnly'] === true || (isOff && off === managed)
        ? 'managed_policy'
        : isOff
          ? 'hooks_off'
          : null,
    limitsHttp: layers.some((layer) => 'allowedHttpHookUrls' in layer || 'httpHookAllowedEnvVars' in layer),
  }
}

/** As Claude Code tells them apart: what looks like an object is one, all else is a path. */
function givenBy(value: string | null, readText: Launch['readText']): Settings | null {
  if (value === null) return {}
  const text = value.trim()
  if (text.startsWith('{') && text.endsWith('}')) return parsed(text)
  const settings = parsed(text === '' ? null : readText(text))
  return settings !== null && isPlaceless(settings) ? settings : null
}

/** Whether settings mean the same in whatever file they stand. `/path` in a rule is beneath the file's own folder. */
function isPlaceless({ permissions, sandbox }: Settings): boolean {
  const rules = JSON.stringify(permissions ?? null)
  return !/\(\/(?!\/)/.test(rules) && fieldsOf(sandbox)?.['filesystem'] === undefined
}

function parsed(text: string | null): Settings | null {
  if (text === null) return null
  try {
    return fieldsOf(JSON.parse(text))
  } catch {
    return null
  }
}
