import path from 'node:path'
import type { ClaudeArguments } from './claude-arguments.js'
import { fieldsOf, jsonFieldsOf } from './detail.js'
import type { Launch } from './profile.js'

type Settings = Readonly<Record<string, unknown>>

/** The settings that govern hooks, of all layers that can be read. Claude Code docs, Settings. */
export interface ClaudeSettings {
  /** What the person gave by `--settings`, parsed; null when it cannot be added to, `{}` when nothing was given. */
  given: Settings | null
  /** Whether `given` means the same in whatever file it stands. */
  isPlaceless: boolean
  /** What the layers add to the environment, the strongest counting. */
  env: Readonly<Record<string, string>>
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
  { env, readText, listDir, platform }: Pick<Launch, 'env' | 'readText' | 'listDir' | 'platform'>,
): ClaudeSettings {
  const managedDir = platform === 'darwin' ? '/Library/Application Support/ClaudeCode' : '/etc/claude-code'
  // Of the files dropped in beside it a later one counts for more (2.1.83).
  const droppedIn = listDir(path.join(managedDir, 'managed-settings.d'))
    .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
    .map((name) => path.join('managed-settings.d', name))
  const managed = ['managed-settings.json', ...droppedIn]
    .map((name) => jsonFieldsOf(readText(path.join(managedDir, name))) ?? {})
    .toReversed()
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
    .map(([, file]) => jsonFieldsOf(readText(file)) ?? {})
  const layers = [...managed, given ?? {}, ...loaded]
  const off = layers.find(({ disableAllHooks }) => typeof disableAllHooks === 'boolean')
  const isOff = off?.['disableAllHooks'] === true
  const only = managed.find(({ allowManagedHooksOnly }) => typeof allowManagedHooksOnly === 'boolean')
  return {
    given,
    isPlaceless: given !== null && isPlaceless(given),
    env: Object.assign({}, ...layers.map(envOf).toReversed()) as Record<string, string>,
    refused:
      only?.['allowManagedHooksOnly'] === true || (isOff && managed.includes(off))
        ? 'managed_policy'
        : isOff
          ? 'hooks_off'
          : null,
    limitsHttp: layers.some((layer) => 'allowedHttpHookUrls' in layer || 'httpHookAllowedEnvVars' in layer),
  }
}

function envOf({ env }: Settings): Record<string, string> {
  const texts = Object.entries(fieldsOf(env) ?? {}).map(([name, value]) => [name, String(value)] as const)
  return Object.fromEntries(texts)
}

/** As Claude Code tells them apart: what looks like an object is one, all else is a path. */
function givenBy(value: string | null, readText: Launch['readText']): Settings | null {
  if (value === null) return {}
  const text = value.trim()
  if (text.startsWith('{') && text.endsWith('}')) return jsonFieldsOf(text)
  const settings = jsonFieldsOf(text === '' ? null : readText(text))
  return settings !== null && isPlaceless(settings) ? settings : null
}

/** Whether settings mean the same in whatever file they stand. `/path` in a rule is beneath the file's own folder. */
function isPlaceless({ permissions, sandbox }: Settings): boolean {
  const rules = JSON.stringify(permissions ?? null)
  return !/\(\/(?!\/)/.test(rules) && fieldsOf(sandbox)?.['filesystem'] === undefined
}
