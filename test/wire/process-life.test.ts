import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { isAlive, lifeOf, pidNamespace, startToken } from '../../lib/wire/process-life.js'

void t.test('a process is told from another of its pid', async (t) => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child, 'spawn')
  const pid = child.pid!
  const token = (await startToken(pid))!
  t.match(token, new RegExp(`^${pidNamespace()}:.+`))
  t.equal(await startToken(pid), token)
  t.ok(isAlive(pid))
  t.equal(await lifeOf(pid, token), 'alive')
  t.equal(await lifeOf(pid, `${token}0`), 'gone', 'started at another time')
  t.equal(await lifeOf(pid, `x${token}`), 'elsewhere', 'of another namespace')
  child.kill('SIGKILL')
  await once(child, 'exit')
  t.equal(await lifeOf(pid, token), 'gone')
  t.notOk(isAlive(pid))
  t.equal(await startToken(pid), null)
})
