import { once } from 'node:events'
import { connect } from 'node:net'

import t from 'tap'

import { open } from './opened.js'

void t.test('an open door keeps no process alive', async (t) => {
  // The connection that a test has with its runner, and the like.
  const keeping = () =>
    process.getActiveResourcesInfo().filter((kind) => !/^(?:Immediate|TickObject)$/.test(kind))
  const before = keeping()
  const { door, events } = await open(t)
  const socket = connect(Number(new URL(door.url).port), '127.0.0.1').unref()
  t.teardown(() => socket.destroy())
  socket.write(`POST /${door.token}/claude HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n1`)
  // Nothing that is waited for keeps the process, so that this has to.
  const alive = setInterval(() => {}, 1_000)
  await once(socket, 'data')
  clearInterval(alive)
  t.equal(events.length, 1)
  t.strictSame(keeping(), before)
})

void t.test('two launches of one agent do not hear each other', async (t) => {
  const [one, other] = await Promise.all([open(t), open(t)])
  t.not(one.door.token, other.door.token)
  t.not(one.door.spoolDir, other.door.spoolDir)
  t.match(one.door.url, /^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/$/)
  const answer = await fetch(new URL(`/${one.door.token}/claude`, other.door.url), {
    method: 'POST',
    body: '1',
  })
  t.equal(answer.status, 403)
  t.strictSame([...one.events, ...other.events], [])
})
