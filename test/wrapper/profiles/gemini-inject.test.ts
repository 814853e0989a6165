import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { gemini } from '../../../lib/wrapper/profiles/gemini.js'
import type { Injection, Launch } from '../../../lib/wrapper/profiles/profile.js'

const defaultsFile = '/etc/gemini-cli/system-defaults.json'

/** A launch as root, with these files on the machine. */
function launch(
  args: string[],
  { files = {}, ...more }: Partial<Launch> & { files?: Record<string, string> } = {},
): Launch {
  return {
    file: '/usr/bin/gemini',
    args,
    env: { HOME: '/root' },
    url: 'http://127.0.0.1:1/token/',
    dir: '/run/aoc/files',
    hookLine: (source) => `exec /bin/sh -c 'f="$1/$3.$PPID"; cat >"$f"' aoc /run/aoc 1 ${source}`,
    hookArgv: () => [],
    readText: (file) => files[file] ?? null,
    listDir: () => [],
    isRootsAlone: () => true,
    platform: 'linux',
    ...more,
  }
}

function inject(...given: Parameters<typeof launch>): Injection | null {
  return gemini.inject!(launch(...given))
}

interface Settings {
  hooks: Record<string, { matcher?: string; hooks: { name: string; command: string; timeout: number }[] }[]>
  [name: string]: unknown
}

function settingsOf(injection: Injection | null): Settings {
  return JSON.parse(injection!.files[0]!.text) as Settings
}

void t.test('inject', async (t) => {
  await t.test('adds hooks as defaults of the system, and leaves the arguments', async (t) => {
    const args = ['-m', 'gemini-2.5-pro', '--', 'say "$HOME" `id` \n ü']
    const found = inject(args)
    t.same(found?.args, args)
    t.equal(found?.blind, null)
    const file = '/run/aoc/files/gemini-defaults.json'
    t.same(found?.env, { GEMINI_CLI_SYSTEM_DEFAULTS_PATH: file })
    t.equal(found?.files[0]?.path, file)
    const { hooks, ...others } = settingsOf(found)
    t.same(others, {})
    t.same(Object.keys(hooks), [
      'SessionStart',
      'BeforeAgent',
      'BeforeTool',
      'Notification',
      'AfterTool',
      'AfterAgent',
      'SessionEnd',
    ])
    for (const [definition] of Object.values(hooks)) {
      const [hook] = definition!.hooks
      t.notMatch(hook!.command, /\$/, 'nothing that would be replaced as a variable')
      t.ok(hook!.timeout <= 5_000)
    }
    t.match(found?.files[1]?.text, /\$PPID/, 'the line itself is in a file of its own')
  })

  await t.test('asks for nothing where the file would be refused', async (t) => {
    const refused = { args: ['hello'], env: {}, files: [], blind: 'hooks_refused' }
    t.same(inject(['hello'], { isRootsAlone: () => false }), refused)
    t.same(inject(['hello'], { dir: '/run/$HOME' }), refused)
    t.same(inject(['hello'], { platform: 'win32' }), refused)
  })

  await t.test('what is no conversation is another command', async (t) => {
    for (const args of [
      ['mcp', 'list'],
      ['extensions', 'install', 'x'],
      ['skills', 'list'],
      ['hooks', 'migrate'],
      ['-d', 'gemma', 'stop'],
      ['-yd', 'mcp', 'list'],
      ['-s', 'false', 'mcp', 'list'],
      ['-m', 'x', 'mcp', 'list'],
      ['--version'],
      ['-h'],
      ['-l'],
      ['--list-sessions'],
      ['--delete-session=3'],
      ['--acp'],
      ['hi', '--acp'],
      ['hello', '--list-sessions'],
      ['hello', '--listSessions'],
      ['-yl'],
      ['explain', 'it', '-v'],
      // Nothing that begins with a dash is a value.
      ['--prompt', '--help'],
      ['-i', '-v'],
    ])
      t.equal(inject(args), null, args.join(' '))
  })

  await t.test('a prompt that reads like a subcommand or an option is a prompt', async (t) => {
    for (const args of [
      ['-p', 'mcp'],
      // Until the subcommand is known, all other options are taken to have a value.
      ['-y', 'mcp', 'list'],
      ['-i=-v'],
      ['--version', 'false'],
      ['--no-acp'],
      ['explain', 'mcp'],
      ['--', '--version'],
      ['-r', 'latest'],
      ['--acp=false'],
      [],
    ])
      t.equal(inject(args)?.blind, null, args.join(' '))
  })

  await t.test('a sandbox keeps hooks in', async (t) => {
    t.equal(inject(['-s'])?.blind, 'sandboxed')
    t.equal(inject(['--sandbox=true', 'hello'])?.blind, 'sandboxed')
    t.equal(inject([], { env: { HOME: '/root', GEMINI_SANDBOX: 'docker' } })?.blind, 'sandboxed')
    for (const args of [
      ['fix', '--sandbox'],
      ['fix', '-s'],
      ['-ys'],
      ['-y', '-s', 'fix'],
      ['--no-sandbox', '-s'],
    ])
      t.equal(inject(args)?.blind, 'sandboxed', args.join(' '))
    t.equal(
      inject(['--no-sandbox'], { env: { HOME: '/root', GEMINI_SANDBOX: 'docker' } })?.blind,
      'sandboxed',
      'the variable goes before the flag',
    )
    t.equal(inject(['-s'], { env: { HOME: '/root', SANDBOX: 'sandbox-exec' } })?.blind, null, 'inside of one')
    for (const args of [['--sandbox=false'], ['--no-sandbox'], ['-s', 'false'], ['--', '-s']])
      t.equal(inject(args)?.blind, null, args.join(' '))
  })

  await t.test('a sandbox of the settings', async (t) => {
    const file = '/root/.gemini/settings.json'
    const blind = (sandbox: unknown, args: string[] = [], env: Record<string, string> = {}): unknown =>
      inject(args, {
        files: { [file]: JSON.stringify({ tools: { sandbox } }) },
        env: { HOME: '/root', ...env },
      })?.blind
    for (const sandbox of [true, 'docker', { enabled: true }, { enabled: true, command: 'podman' }])
      t.equal(blind(sandbox), 'sandboxed', JSON.stringify(sandbox))
    for (const sandbox of [false, '', 'false', '0', null, 7, {}, { enabled: false, command: 'podman' }])
      t.equal(blind(sandbox), null, JSON.stringify(sandbox))
    t.equal(blind(true, ['--no-sandbox']), null)
    t.equal(blind(true, [], { GEMINI_SANDBOX: 'false' }), null)
    const defaults = { [defaultsFile]: '{"tools": {"sandbox": true}}' }
    t.equal(inject([], { files: defaults })?.blind, 'sandboxed')
    t.equal(inject([], { files: { ...defaults, [file]: '{"tools": {"sandbox": false}}' } })?.blind, null)
  })

  await t.test("an administrator's own defaults stay, with comments read", async (t) => {
    const theirs =
      '{ // ours\n"ui": {"theme": "x"}, "hooks": {"BeforeTool": [{"matcher": "m", "hooks": []}]} }'
    const found = settingsOf(inject([], { files: { [defaultsFile]: theirs } }))
    t.same(found['ui'], { theme: 'x' })
    t.equal(found.hooks['BeforeTool']?.length, 2)
    t.equal(found.hooks['BeforeTool']?.[0]?.matcher, 'm')
    t.equal(found.hooks['AfterTool']?.length, 1)
  })

  await t.test('they are where the environment says', async (t) => {
    const files = { '/a/d.json': '{"at": "a"}', '/b/system-defaults.json': '{"at": "b"}' }
    const named = { GEMINI_CLI_SYSTEM_DEFAULTS_PATH: '/a/d.json' }
    const beside = { GEMINI_CLI_SYSTEM_SETTINGS_PATH: '/b/settings.json' }
    t.equal(settingsOf(inject([], { files, env: { ...named, ...beside } }))['at'], 'a')
    t.equal(settingsOf(inject([], { files, env: beside }))['at'], 'b')
    const mac = { '/Library/Application Support/GeminiCli/system-defaults.json': '{"at": "mac"}' }
    t.equal(settingsOf(inject([], { files: mac, platform: 'darwin' }))['at'], 'mac')
  })

  await t.test(
    'defaults that would have been refused, or cannot be read, are left to the agent',
    async (t) => {
      const env = { GEMINI_CLI_SYSTEM_DEFAULTS_PATH: '/tmp/evil.json' }
      const files = { '/tmp/evil.json': '{}' }
      const isRootsAlone = (file: string): boolean => !file.startsWith('/tmp')
      t.equal(inject([], { env, files, isRootsAlone })?.blind, 'own_settings')
      for (const text of ['{', '[]', '{"hooks": 1}', '{"hooks": {"BeforeTool": {}}}', ''])
        t.equal(inject([], { files: { [defaultsFile]: text } })?.blind, 'own_settings', text)
    },
  )

  await t.test('hooks that are off are said to be', async (t) => {
    const off = '{"hooksConfig": {"enabled": false}}'
    t.equal(inject([], { files: { [defaultsFile]: off } })?.blind, 'hooks_off')
    t.equal(inject([], { files: { '/root/.gemini/settings.json': off } })?.blind, 'hooks_off')
    const ours = '{"hooksConfig": {"disabled": ["aoc"]}}'
    t.equal(inject([], { files: { '/root/.gemini/settings.json': ours } })?.blind, 'hooks_off')
    const elsewhere = { files: { '/home/x/.gemini/settings.json': off }, env: { GEMINI_CLI_HOME: '/home/x' } }
    t.equal(inject([], elsewhere)?.blind, 'hooks_off')
    t.equal(inject([], { files: { '/root/.gemini/settings.json': 'no json' } })?.blind, null)
  })

  await t.test('inside another launch only the own hooks are left', async (t) => {
    const outer = inject([])!
    const env = { GEMINI_CLI_SYSTEM_DEFAULTS_PATH: '/outer.json' }
    const inner = settingsOf(
      inject([], { dir: '/run/inner', env, files: { '/outer.json': outer.files[0]!.text } }),
    )
    for (const definitions of Object.values(inner.hooks)) t.equal(definitions.length, 1)
    t.match(inner.hooks['AfterAgent']?.[0]?.hooks[0]?.command, /\/run\/inner\//)
  })

  await t.test('the command hands the event over, and says nothing once the launch is over', async (t) => {
    const dir = path.join(mkdtempSync(path.join(tmpdir(), "aoc-gemini-'q ")), '')
    t.teardown(() => rmSync(dir, { recursive: true, force: true }))
    const hookLine = (): string =>
      `exec /bin/sh -c 'cat >"$1/event"; echo "$PPID" >"$1/pid"' aoc "$(dirname "$OUT")"`
    const found = inject([], { dir, hookLine })!
    for (const file of found.files) writeFileSync(file.path, file.text)
    const command = settingsOf(found).hooks['AfterAgent']![0]!.hooks[0]!.command
    const run = (): Promise<{ code: number | null; said: string }> =>
      new Promise((resolve) => {
        const child = spawn('bash', ['-c', command], { env: { ...process.env, OUT: path.join(dir, 'x') } })
        let said = ''
        child.stdout.on('data', (bytes) => (said += String(bytes)))
        child.stderr.on('data', (bytes) => (said += String(bytes)))
        child.stdin.on('error', () => {})
        child.stdin.end('{"a":1}')
        child.on('close', (code) => resolve({ code, said }))
      })
    t.same(await run(), { code: 0, said: '' })
    t.equal(readFileSync(path.join(dir, 'event'), 'utf8'), '{"a":1}')
    t.equal(
      readFileSync(path.join(dir, 'pid'), 'utf8').trim(),
      String(process.pid),
      'its parent is the agent',
    )
    for (const file of found.files) rmSync(file.path)
    t.same(await run(), { code: 0, said: '' })
  })
})
