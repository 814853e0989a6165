import net from 'node:net'
import path from 'node:path'
import t, { type Test } from 'tap'
import { openAllSessions } from '../../../lib/pulse/sources/all-sessions.js'
import { register } from '../../../lib/wire/registry.js'
import { until } from '../../process/processes.js'
import { makeFolder } from '../../project/repository.js'

/** Something that says hello as a hub of session `s`, and is written down as one. */
async function hubAt(t: Test, root: string, epoch: string): Promise<{ socket: string; end: () => void }> {
  const socket = path.join(root, `${epoch}.sock`)
  const server = net.createServer((guest) => {
    const payload = {
      client_id: 'aoc-hub',
      role: 'hub',
      capabilities: [],
      epoch,
      seq: 1,
      max_frame_bytes: 262_144,
      hub_version: '0',
      pid: process.pid,
      agents: 0,
    }
    const head = { version: '1', type: 'hello', session_id: 's', sender_id: 'aoc-hub', timestamp: '' }
    guest.on('error', () => {})
    guest.write(`${JSON.stringify({ ...head, payload })}\n`)
  })
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  const forget = register(root, epoch, { session: 's', socket, pid: process.pid })
  const end = (): void => {
    forget()
    server.close()
  }
  t.teardown(end)
  return { socket, end }
}

void t.test('a hub of a session that comes back elsewhere, and a second one', async (t) => {
  const root = makeFolder(t)
  const first = await hubAt(t, root, 'f0')
  const told: string[] = []
  const all = openAllSessions({
    runtimeRoot: root,
    open: ({ socket }) => {
      told.push(`open ${path.basename(socket)}`)
      const close = (): Promise<void> => Promise.resolve(void told.push(`close ${path.basename(socket)}`))
      return { seq: null, request: () => Promise.resolve(null), close }
    },
    onEvent: ({ kind }) => told.push(kind),
  })
  t.teardown(() => all.close())
  await until('the first', () => told.length === 1)
  const source = all.of('s')
  first.end()
  await hubAt(t, root, 'e1')
  await until('the second', () => told.length === 3)
  t.not(all.of('s'), source)
  await hubAt(t, root, 'a2')
  await until('the newest', () => told.length === 5)
  t.strictSame(told, ['open f0.sock', 'close f0.sock', 'open e1.sock', 'close e1.sock', 'open a2.sock'])
})
