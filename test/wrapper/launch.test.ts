import { lstatSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { prepareLaunch, type Launch } from '../../lib/wrapper/launch.js'
import { claude } from '../../lib/wrapper/profiles/claude.js'

/** A launch of Claude Code by a link to where its own installer puts a version. */
async function prepared(t: Test, version: string, args: string[]): Promise<Launch> {
  const dir = t.testdir({
    run: {},
    'own.json': '{"env":{"ANTHROPIC_AUTH_TOKEN":"sk-own"}}',
    'share/claude/versions': { [version]: '' },
    bin: { claude: t.fixture('symlink', `../share/claude/versions/${version}`) },
  })
  const launch = await prepareLaunch({
    profile: claude,
    mayInject: true,
    file: path.join(dir, 'bin', 'claude'),
    args: args.map((arg) => (arg === 'own.json' ? path.join(dir, arg) : arg)),
    env: { HOME: dir },
    runtimeDir: path.join(dir, 'run'),
    onEvent: () => {},
    log: () => {},
  })
  t.teardown(() => launch.door?.close())
  return launch
}

void t.test('what an agent is told stands in a file that is its launch’s alone', async (t) => {
  const { args, blind, env } = await prepared(t, '2.1.330', ['--settings', 'own.json', 'go'])
  t.equal(blind, null)
  t.match(args, ['--settings', /claude-settings\.json$/, 'go'])
  t.equal(lstatSync(args[1]!).mode & 0o777, 0o600)
  t.match(JSON.parse(readFileSync(args[1]!, 'utf8')), {
    env: { ANTHROPIC_AUTH_TOKEN: 'sk-own' },
    hooks: { Stop: [{}] },
  })
  t.notMatch(args.join(' '), env['AOC_AGENT_TOKEN'])
})

void t.test('a command is known by the file that its links lead to', async (t) => {
  const { args, blind } = await prepared(t, '2.1.62', ['go'])
  t.equal(blind, 'too_old')
  t.same(args, ['go'])
})
