import { parse, type ParseError } from 'jsonc-parser'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { openOpencodeReader } from './opencode-events.js'
import { pluginFileName, pluginText } from './opencode-plugin.js'
import { opencodeScreen } from './opencode-screen.js'
import type { Injection, Launch, Profile } from './profile.js'
import { YargsArguments } from './yargs-arguments.js'

/**
 * opencode 1.x (npm `opencode-ai`): a plugin of our own, named in `OPENCODE_CONFIG_CONTENT` for this launch, tells of its
 * sessions. opencode 2 (npm `@opencode/cli`) refuses such a plugin, and one server of it works for all terminals of
 * a user: its events never come, and that is said.
 */
export const opencode: Profile = {
  name: 'opencode',
  commands: ['opencode'],
  ways: {
    silentHooks: 'hooks_missing',
    // Its events tell of every answer and interruption within milliseconds, and keys would tell less: the first Esc only
    // warns, and Enter at a dialog may lead to its next stage.
    escapeInterrupts: false,
    interruptInterrupts: false,
    submitAnswers: false,
    choiceAnswers: false,
    restingTitleProves: false,
    trustsNotifications: false,
    trustsScreen: false,
    silenceMs: null,
  },
  inject,
  openReader: openOpencodeReader,
  // `OpenCode` or `OC | <the session's title>`, whatever it does.
  title: () => null,
  // Off unless asked for, only while the terminal is not looked at, and nothing tells when one is answered.
  notification: () => null,
  status: null,
  chrome:
    /(?:^\s*┃?\s*(?:Build|Plan)\s{2,}|^\s*┃?\s*(?:Build|Plan) · |\bctrl\+\w\b|\besc interrupt\b|\btab agents\b|\benter (?:confirm|submit)\b|\besc dismiss\b)/i,
  screen: opencodeScreen,
}

/** Commands that open no conversation here (`opencode --help`, 1.18.33). */
const otherCommands = new Set(
  (
    'completion acp mcp debug providers auth agent upgrade uninstall models stats export import github session ' +
    'plugin plug db generate ' +
    // It checks a pull request out, and starts opencode as another process.
    'pr'
  ).split(' '),
)
/** Options of all commands that take no value. */
const booleans = new Set('-h --help -v --version --print-logs --pure'.split(' '))

function inject({ args, env, url, dir }: Launch): Injection | null {
  const read = new YargsArguments(args, booleans)
  const isOn = (...names: string[]): boolean => read.switchedOn(...names) === true
  const command = read.firstWord
  if (otherCommands.has(command ?? '') || isOn('-h', '--help') || isOn('-v', '--version')) return null

  const blind = (why: string): Injection => ({ args: [...args], env: {}, files: [], blind: why })
  // Without external plugins there is none of ours (1.18.33: the flag is this variable).
  if (isOn('--pure') || /^(?:1|true)$/i.test(env.OPENCODE_PURE ?? '')) return blind('own_settings')
  // The sessions are in another process, which has its own plugins.
  if (command === 'attach' || (command === 'run' && read.has('--attach'))) return blind('remote_agent')

  const file = path.join(dir, pluginFileName)
  const settings = settingsWith(pathToFileURL(file).href, env.OPENCODE_CONFIG_CONTENT)
  if (settings === null) return blind('own_settings')
  const isInteractive = command !== 'run' || isOn('-i', '--interactive')
  return {
    args: [...args],
    env: { OPENCODE_CONFIG_CONTENT: settings },
    files: [{ path: file, text: pluginText({ url: `${url}opencode`, isInteractive }) }],
    blind: null,
  }
}

/**
 * Settings for one launch that add a plugin to those of all other files: opencode joins the lists (opencode 1.x docs,
 * "Config", "Precedence order"). The person's own value of the variable stays in it; what a launch around this one
 * added to it goes.
 * @param own JSON with comments, as opencode reads it.
 * @returns null when it cannot be joined with theirs.
 */
function settingsWith(plugin: string, own: string | undefined): string | null {
  if (own === undefined || own === '') return JSON.stringify({ plugin: [plugin] })
  const errors: ParseError[] = []
  const settings: unknown = parse(own, errors, { allowTrailingComma: true })
  if (errors.length > 0 || typeof settings !== 'object' || settings === null || Array.isArray(settings))
    return null
  const theirs: unknown = (settings as { plugin?: unknown }).plugin ?? []
  if (!Array.isArray(theirs)) return null
  const kept = theirs.filter((one) => typeof one !== 'string' || !one.endsWith(`/${pluginFileName}`))
  return JSON.stringify({ ...settings, plugin: [...kept, plugin] })
}
