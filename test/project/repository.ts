import { execFileSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Git's surroundings in tests: nobody's configuration, an author, submodules from this disk. */
export const gitEnv: NodeJS.ProcessEnv = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_COUNT: '4',
  GIT_CONFIG_KEY_0: 'user.name',
  GIT_CONFIG_VALUE_0: 'Tester',
  GIT_CONFIG_KEY_1: 'user.email',
  GIT_CONFIG_VALUE_1: 'tester@example.org',
  GIT_CONFIG_KEY_2: 'init.defaultBranch',
  GIT_CONFIG_VALUE_2: 'main',
  GIT_CONFIG_KEY_3: 'protocol.file.allow',
  GIT_CONFIG_VALUE_3: 'always',
}

/** A folder outside of any repository, removed when the test ends. */
export function makeFolder(t: { teardown(remove: () => void): void }): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'aoc-wrapper-')))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Runs a shell script in a folder; it ends at the first command that fails, with what it said as the error. */
export function sh(cwd: string, script: string): string {
  return execFileSync('sh', ['-e', '-c', script], { cwd, env: gitEnv, encoding: 'utf8', stdio: 'pipe' })
}
