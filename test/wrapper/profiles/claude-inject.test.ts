import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { injectClaude } from '../../../lib/wrapper/profiles/claude-inject.js'
import type { Injection, Launch } from '../../../lib/wrapper/profiles/profile.js'
import { open } from '../door/opened.js'
import { agentsDir } from '../scenario.js'

interface Around {
  file?: string
  files?: Record<string, string>
  env?: Record<string, string>
  platform?: NodeJS.Platform
}

/** Where the own installer puts a version. */
const installed = (version: string): string => `/home/dev/.local/share/claude/versions/${version}`

function launch(
  args: string[],
  { file = installed('2.1.330'), files = {}, env = {}, platform = 'linux' }: Around = {},
): Launch {
  return {
    file,
    args,
    env: { HOME: '/home/dev', ...env },
    url: 'http://127.0.0.1:4321/s3cret/',
    dir: '/run/aoc/files',
    hookLine: (source) => `hook ${source}`,
    hookArgv: (source) => ['hook', source],
    readText: (name) => files[name] ?? null,
    listDir: (dir) =>
      Object.keys(files)
        .filter((name) => path.dirname(name) === dir)
        .map((name) => path.basename(name))
        .toSorted(),
    isRootsAlone: () => false,
    platform,
  }
}

interface Hook {
  type: string
  url?: string
  command?: string
  timeout?: number
  headers?: Record<string, string>
}
interface Settings {
  [key: string]: unknown
  hooks: Record<string, { matcher?: string; hooks: Hook[] }[]>
}

function settingsIn(injection: Injection | null): Settings {
  const given = injection!.args[injection!.args.indexOf('--settings') + 1]!
  const file = injection!.files.find(({ path: name }) => name === given)
  return JSON.parse(file?.text ?? given) as Settings
}

const onlyHook = (settings: Settings, event: string): Hook => settings.hooks[event]!.at(-1)!.hooks[0]!

void t.test('hooks are added in front of what the person has given', async (t) => {
  const args = ['--model', 'opus', 'fix "it"', '$(x)', '--', '--settings', 'no option']
  const injection = injectClaude(launch(args))
  t.same(injection!.args.slice(2), args)
  t.equal(injection!.blind, null)
  const settings = settingsIn(injection)
  t.match(onlyHook(settings, 'PreToolUse'), {
    type: 'http',
    url: 'http://127.0.0.1:4321/claude',
    headers: { Authorization: 'Bearer $AOC_AGENT_TOKEN' },
    allowedEnvVars: ['AOC_AGENT_TOKEN'],
    timeout: 1,
  })
  t.same(injection!.env, { AOC_AGENT_TOKEN: 's3cret' })
  t.notMatch(injection!.args.join(' '), 's3cret', 'arguments can be read by every user')
  t.match(onlyHook(settings, 'SessionStart'), { type: 'command', command: 'hook claude' })
  t.equal(onlyHook(settings, 'SessionEnd').timeout, 1)
  t.equal(settings.hooks['PreCompact']?.[0]?.matcher, 'manual')
  t.notOk(settings.hooks['MessageDisplay'], 'what holds up the drawing is not hooked')
})

void t.test('what is no conversation is left alone', async (t) => {
  const rows = [
    ['mcp', 'list'],
    ['update'],
    ['--version'],
    ['-v'],
    ['--help'],
    ['--model', 'opus', 'doctor'],
    ['--dangerously-skip-permissions', 'daemon', 'status'],
    ['--bg', 'investigate'],
    ['-ch'],
    ['config', 'list'],
    ['--debug', 'api', 'mcp', 'list'],
    ['--worktree', 'x', '--tmux'],
    ['--tmux=classic', 'fix it'],
    ['--update'],
    ['--mcp-cli', 'servers'],
    ['--ripgrep', 'x'],
  ]
  for (const args of rows) t.equal(injectClaude(launch(args)), null, args.join(' '))
  const conversations = [
    [],
    ['update the docs'],
    ['fix', 'mcp'],
    ['--add-dir', 'mcp', 'doctor'],
    ['--append-system-prompt', '--version'],
    ['-r', 'stop'],
    ['-nlogs'],
    ['--debug', 'mcp'],
    ['-d', 'doctor'],
    ['--', 'mcp'],
    ['--made-up', '-'],
  ]
  for (const args of conversations) t.ok(injectClaude(launch(args)), args.join(' '))
})

void t.test('with -p nobody can be asked', async (t) => {
  for (const args of [
    ['-p', 'x'],
    ['--print', 'x'],
    ['-cp', 'x'],
  ]) {
    const settings = settingsIn(injectClaude(launch(args)))
    t.notOk(settings.hooks['PermissionRequest'], args.join(' '))
    t.equal(onlyHook(settings, 'Stop').command, 'hook claude-print')
  }
})

void t.test('settings of the person are taken into ours, as only one --settings counts', async (t) => {
  const given = {
    model: 'opus',
    hooks: { Stop: [{ hooks: [{ type: 'command', command: 'beep' }] }], Setup: [] },
  }
  for (const args of [
    ['--settings', JSON.stringify(given), 'go'],
    [`--settings=${JSON.stringify(given)}`, 'go'],
    ['--settings', '{"model":"lost"}', 'go', '--settings', 'own.json'],
  ]) {
    const injection = injectClaude(launch(args, { files: { 'own.json': JSON.stringify(given) } }))
    const settings = settingsIn(injection)
    t.equal(settings['model'], 'opus')
    t.equal(settings.hooks['Stop']?.length, 2)
    t.equal(settings.hooks['Stop']?.[0]?.hooks[0]?.command, 'beep')
    t.same(settings.hooks['Setup'], [])
    t.same(injection!.args.slice(2), ['go'])
  }
})

void t.test('settings that cannot be taken over stay as they are', async (t) => {
  const files = {
    'rules.json': '{"permissions":{"allow":["Edit(/src/**)"]}}',
    'far.json': '{"permissions":{"allow":["Edit(//src/**)"]}}',
    'list.json': '[]',
  }
  const rows: [value: string, blind: string | null][] = [
    ['gone.json', 'own_settings'],
    ['', 'own_settings'],
    ['{broken}', 'own_settings'],
    ['list.json', 'own_settings'],
    ['{"hooks":[]}', 'own_settings'],
    ['{"hooks":{"Stop":{}}}', 'own_settings'],
    // A rule about a path beneath the file's own folder would mean another one.
    ['rules.json', 'own_settings'],
    ['far.json', null],
    ['{"disableAllHooks":true}', 'hooks_off'],
  ]
  for (const [value, blind] of rows) {
    const args = ['--settings', value, 'go']
    const injection = injectClaude(launch(args, { files }))
    t.equal(injection!.blind, blind, value)
    if (blind !== null) t.same(injection!.args, args, 'unchanged')
  }
})

void t.test('settings go by a file: arguments can be read by every user', async (t) => {
  const files = { '/home/dev/own.json': '{"env":{"ANTHROPIC_AUTH_TOKEN":"sk-own"}}' }
  for (const args of [[], ['--settings', '/home/dev/own.json'], ['--settings', '{"model":"opus"}']]) {
    const injection = injectClaude(launch(args, { files }))
    t.same(injection!.args, ['--settings', '/run/aoc/files/claude-settings.json'])
    t.equal(injection!.files[0]?.path, '/run/aoc/files/claude-settings.json')
  }
  // What is beneath the folder of the settings stays where it was.
  const placed = { permissions: { allow: ['Edit(/src/**)'] } }
  t.match(injectClaude(launch(['--settings', JSON.stringify(placed)])), {
    args: ['--settings', /^\{"permissions".*"hooks"/],
    files: [],
    blind: null,
  })
  const long = JSON.stringify({ ...placed, note: 'x'.repeat(90_000) })
  t.equal(injectClaude(launch(['--settings', long]))!.blind, 'own_settings')
})

void t.test('an older version is asked for nothing that it does not know', async (t) => {
  const npm = '/usr/lib/node_modules/@anthropic-ai/claude-code'
  const described = (version: string): Around => ({
    file: `${npm}/bin/claude.exe`,
    files: { [`${npm}/package.json`]: JSON.stringify({ name: '@anthropic-ai/claude-code', version }) },
  })
  const tooOld: Around[] = [
    { file: installed('2.1.62') },
    { file: installed('1.0.128') },
    described('2.0.76'),
    { file: '/opt/homebrew/Caskroom/claude-code/2.1.9/claude' },
    { file: '/nix/store/0a1b-claude-code-2.0.0/bin/.claude-wrapped' },
  ]
  for (const around of tooOld)
    t.match(injectClaude(launch(['go'], around)), { args: ['go'], files: [], blind: 'too_old' }, around.file!)

  const eventsOf = (around: Around): string[] =>
    Object.keys(settingsIn(injectClaude(launch([], around))).hooks).toSorted()
  const intolerant = [
    'Notification',
    'PermissionRequest',
    'PostToolUse',
    'PreCompact',
    'PreToolUse',
    'SessionEnd',
    'SessionStart',
    'Stop',
    'SubagentStop',
    'UserPromptSubmit',
  ]
  t.same(eventsOf({ file: installed('2.1.63') }), intolerant)
  t.same(eventsOf(described('2.1.100')), intolerant)
  const all = eventsOf({ file: installed('2.1.101') })
  t.ok(
    ['StopFailure', 'PostToolBatch', 'PermissionDenied', 'Elicitation'].every((name) => all.includes(name)),
  )
  t.same(eventsOf(described('2.2.0')), all)
})

void t.test('where the version is not known, no settings of the person are put at risk', async (t) => {
  for (const file of [
    '/usr/local/bin/claude',
    '/opt/claude-code/latest/claude',
    '/x/node/20.19.0/bin/claude',
  ]) {
    const args = ['--settings', '{"model":"opus"}']
    t.match(injectClaude(launch(args, { file })), { args, files: [], blind: 'own_settings' }, file)
    t.equal(injectClaude(launch([], { file }))!.blind, null, file)
  }
})

void t.test('who has turned hooks off is obeyed', async (t) => {
  const managed = '/etc/claude-code/managed-settings.json'
  const dropped = '/etc/claude-code/managed-settings.d'
  const user = '/home/dev/.claude/settings.json'
  const local = '.claude/settings.local.json'
  const off = '{"disableAllHooks":true}'
  const rows: [args: string[], around: Around, blind: string | null][] = [
    [['--bare'], {}, 'hooks_off'],
    [['--safe-mode'], {}, 'hooks_off'],
    [[], { env: { CLAUDE_CODE_SIMPLE: '1' } }, 'hooks_off'],
    [[], { env: { CLAUDE_CODE_SIMPLE: '0' } }, null],
    [[], { files: { [managed]: '{"allowManagedHooksOnly":true}' } }, 'managed_policy'],
    [[], { files: { [managed]: off } }, 'managed_policy'],
    [[], { files: { [managed]: 'no JSON' } }, null],
    [[], { files: { [`${dropped}/10-a.json`]: '{"allowManagedHooksOnly":true}' } }, 'managed_policy'],
    [[], { files: { [managed]: '{}', [`${dropped}/10-a.json`]: off } }, 'managed_policy'],
    [
      [],
      {
        files: {
          [managed]: off,
          [`${dropped}/1.json`]: off,
          [`${dropped}/2.json`]: '{"disableAllHooks":false}',
        },
      },
      null,
    ],
    [[], { files: { [`${dropped}/.hidden.json`]: off, [`${dropped}/note.txt`]: off } }, null],
    [[], { files: { [user]: '{"env":{"CLAUDE_CODE_SIMPLE":"1"}}' } }, 'hooks_off'],
    [[], { files: { [user]: '{"env":{"CLAUDE_CODE_SIMPLE":"0"}}' }, env: { CLAUDE_CODE_SIMPLE: '1' } }, null],
    [
      [],
      {
        platform: 'darwin',
        files: { '/Library/Application Support/ClaudeCode/managed-settings.json': off },
      },
      'managed_policy',
    ],
    [[], { files: { [user]: off } }, 'hooks_off'],
    [[], { files: { [user]: off, [local]: '{"disableAllHooks":false}' } }, null],
    [['--setting-sources', 'project'], { files: { [user]: off } }, null],
    [['--restricted'], { files: { [user]: off } }, null],
    [[], { files: { '/c/settings.json': off }, env: { CLAUDE_CONFIG_DIR: '/c' } }, 'hooks_off'],
    [['--settings', '{"disableAllHooks":false}'], { files: { [user]: off } }, null],
  ]
  for (const [args, around, blind] of rows)
    t.equal(injectClaude(launch(args, around))!.blind, blind, JSON.stringify([args, around]))
})

void t.test('where posts are limited, or would go to a proxy, a shell line takes the events', async (t) => {
  const rows: [around: Around, type: string][] = [
    [{ files: { '/home/dev/.claude/settings.json': '{"allowedHttpHookUrls":[]}' } }, 'command'],
    [{ files: { '.claude/settings.json': '{"httpHookAllowedEnvVars":["X"]}' } }, 'command'],
    [{ files: { '/etc/claude-code/managed-settings.d/a.json': '{"allowedHttpHookUrls":["x"]}' } }, 'command'],
    [{ env: { HTTPS_PROXY: 'http://proxy:3128' } }, 'command'],
    [
      { files: { '/home/dev/.claude/settings.json': '{"env":{"HTTPS_PROXY":"http://proxy:3128"}}' } },
      'command',
    ],
    [{ files: { '/etc/claude-code/managed-settings.json': '{"env":{"HTTP_PROXY":"http://p"}}' } }, 'command'],
    [
      {
        files: { '.claude/settings.json': '{"env":{"NO_PROXY":"*"}}' },
        env: { HTTP_PROXY: 'http://proxy:3128' },
      },
      'http',
    ],
    [{ files: { '.claude/settings.json': '{"env":["HTTP_PROXY"]}' } }, 'http'],
    [{ env: { http_proxy: 'http://proxy:3128', no_proxy: 'localhost, 127.0.0.1' } }, 'http'],
    [{}, 'http'],
  ]
  for (const [around, type] of rows) {
    const injection = injectClaude(launch([], around))
    t.equal(onlyHook(settingsIn(injection), 'Stop').type, type, JSON.stringify(around))
    t.equal('AOC_AGENT_TOKEN' in injection!.env, type === 'http')
  }
})

void t.test('the events arrive through the door', async (t) => {
  const { door, events, bad, count } = await open(t)
  const { deliver } = (await import(pathToFileURL(path.join(agentsDir, 'claude.mjs')).href)) as {
    deliver: (event: object, around: object) => Promise<void>
  }
  const { args, env, files } = injectClaude({
    ...launch(['go']),
    dir: t.testdir(),
    url: door.url,
    hookLine: (source) => door.hookLine(source),
  })!
  for (const { path: file, text } of files) writeFileSync(file, text)
  const around = { args, env: { PATH: process.env['PATH'], ...env } }
  const event = (name: string, more = {}) => ({ source: 'claude', body: { hook_event_name: name, ...more } })
  await deliver(event('SessionStart', { source: 'startup' }), around)
  await count(1)
  await deliver(event('PreToolUse', { tool_name: 'Bash' }), around)
  await deliver(event('PreCompact', { trigger: 'auto' }), around)
  await deliver(event('Stop'), around)
  await deliver(event('Stop'), { args: ['go'], env: around.env })
  await count(3)
  t.match(events, [
    { via: 'spool', source: 'claude', body: { hook_event_name: 'SessionStart' } },
    { via: 'http', source: 'claude', body: { hook_event_name: 'PreToolUse' } },
    { via: 'http', source: 'claude', body: { hook_event_name: 'Stop' } },
  ])
  t.equal(events.length, 3, 'a nested claude, which was told nothing, says nothing')
  t.same(bad, [])
})
