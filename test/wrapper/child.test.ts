import t from 'tap'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { findCommand, NoCommandError } from '../../lib/wrapper/child.js'

void t.test('what a shell would run', async (t) => {
  const dir = t.testdir({ bin: { tool: '#!/bin/sh\n', data: 'x' }, other: { tool: '#!/bin/sh\n' } })
  for (const file of ['bin/tool', 'other/tool']) chmodSync(path.join(dir, file), 0o755)
  chmodSync(path.join(dir, 'bin/data'), 0o644)
  mkdirSync(path.join(dir, 'bin/folder'))
  writeFileSync(path.join(dir, 'local'), '', { mode: 0o755 })
  const env = { PATH: `${dir}/missing:${dir}/bin:${dir}/other` }
  const table: [string, string | number][] = [
    ['tool', 'bin/tool'],
    ['./local', 'local'],
    [`${dir}/other/tool`, 'other/tool'],
    ['nothing', 127],
    ['local', 127],
    ['./nothing', 127],
    ['data', 126],
    ['./bin/data', 126],
    ['./bin/folder', 126],
    ['', 126],
  ]
  for (const [command, found] of table)
    if (typeof found === 'string') t.equal(findCommand(command, env, dir), path.join(dir, found), command)
    else
      t.equal(
        exitCodeOf(() => findCommand(command, env, dir)),
        found,
        JSON.stringify(command),
      )
})

function exitCodeOf(run: () => unknown): number | null {
  try {
    run()
    return null
  } catch (error) {
    if (error instanceof NoCommandError) return error.exitCode
    throw error
  }
}
