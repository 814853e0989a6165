import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import t, { type Test } from 'tap'
import { whoHolds } from '../../../lib/hub/v1/port-holder.js'
import { endIn, readTcpTable, type ReadTable } from '../../../lib/hub/v1/tcp-table.js'

const noTable: ReadTable = async () => {
  throw Object.assign(new Error('no /proc'), { code: 'ENOENT' })
}

async function portOf(t: Test, server: net.Server, host = '127.0.0.1'): Promise<number> {
  server.listen(0, host)
  await once(server, 'listening')
  t.teardown(() => server.close())
  return (server.address() as net.AddressInfo).port
}

/** A server that answers each request with these bytes, and says how it was asked. */
async function answering(t: Test, bytes: string | Buffer): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = []
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (data) => {
      asked.push(data.toString())
      socket.end(bytes)
    })
  })
  return { port: await portOf(t, server), asked }
}

function ok(body: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

void t.test('a hub, by what it answers', async (t) => {
  const server = http.createServer((request, response) => {
    const known = request.url === '/health?details=true' && request.method === 'GET'
    const { host } = request.headers
    response.end(
      known
        ? JSON.stringify({ hub: { session_id: `bü "ro" ${host?.split(':')[0]}`, pid: 12, x: 1 }, agents: [] })
        : 'ok',
    )
  })
  const port = await portOf(t, server)
  t.equal(
    await whoHolds({ host: '127.0.0.1', port }, noTable),
    'the hub of session "bü "ro" 127.0.0.1" (pid 12)',
  )
})

void t.test('nothing that it says moves the cursor, and nothing of it is long', async (t) => {
  const id = `a\u001b[2J\u0085\u202e\u2028\n${'x'.repeat(5_000)}`
  const { port } = await answering(t, ok(JSON.stringify({ hub: { session_id: id, pid: 12 } })))
  const said = await whoHolds({ host: '127.0.0.1', port }, noTable)
  t.match(said, /^the hub of session "a\[2Jx{10,80}" \(pid 12\)$/)
})

void t.test('answers that name no hub', async (t) => {
  const table: [string, string | Buffer][] = [
    ['no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['nothing', ''],
    ['not JSON', ok('ok')],
    ['another JSON', ok('{"status":"up"}')],
    ['no pid', ok('{"hub":{"session_id":"x"}}')],
    ['a foolish pid', ok('{"hub":{"session_id":"x","pid":-1.5}}')],
    ['cut off', ok('{"hub":{"session_id":"x","pid":12}}').slice(0, -1)],
    ['too long', ok(`{"hub":{"session_id":"x","pid":12}}${' '.repeat(64 * 1_024)}`)],
    ['too long a head', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`],
    ['an upgrade', 'HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
    ['a redirect', 'HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n'],
    ['bytes', Buffer.alloc(2_000, 0xff)],
    ['deep JSON', ok('['.repeat(60_000))],
  ]
  for (const [what, bytes] of table) {
    const { port, asked } = await answering(t, bytes)
    t.equal(await whoHolds({ host: '127.0.0.1', port }, noTable), 'another program', what)
    t.equal(asked.length, 1, `${what}: asked once`)
  }
})

void t.test('one that does not answer, and one that answers without end', async (t) => {
  const silent = await portOf(
    t,
    net.createServer((socket) => socket.on('error', () => {}).resume()),
  )
  t.equal(await whoHolds({ host: '127.0.0.1', port: silent }, noTable), 'another program')

  const drips = net.createServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n[')
    const timer = setInterval(() => socket.write(' '), 20)
    socket.on('error', () => {}).on('close', () => clearInterval(timer))
    socket.resume()
  })
  const port = await portOf(t, drips)
  t.equal(await whoHolds({ host: '127.0.0.1', port }, noTable), 'another program')
  t.equal(await whoHolds({ host: '127.0.0.1', port: 65_536 }, noTable), 'another program', 'no such port')
})

const onLinux = { skip: process.platform === 'linux' ? false : 'the tables are of Linux' }

void t.test('the process, by the tables', onLinux, async (t) => {
  const ours = `${readFileSync('/proc/self/comm', 'utf8').trim()} (pid ${process.pid})`
  const { port } = await answering(t, 'no')
  t.equal(await whoHolds({ host: '127.0.0.1', port }), ours)

  const onAll = net.createServer((socket) => socket.on('error', () => {}).end('no'))
  t.equal(
    await whoHolds({ host: '127.0.0.1', port: await portOf(t, onAll, '0.0.0.0') }),
    ours,
    'on all addresses',
  )

  const server = net.createServer((socket) => socket.on('error', () => {}).resume())
  const client = net.connect(await portOf(t, server), '127.0.0.1')
  t.teardown(() => client.destroy())
  await once(client, 'connect')
  const own = { host: '127.0.0.1', port: client.localPort ?? 0 }
  const taken = net.createServer().listen(own.port, own.host)
  t.match((await once(taken, 'error'))[0], { code: 'EADDRINUSE' }, 'an outgoing connection keeps its port')
  t.equal(await whoHolds(own), `a connection of ${ours}`)
})

void t.test("another user's program, and a connection that has ended", onLinux, async (t) => {
  // Asked at a port where nobody listens any more, so that only the table speaks.
  const server = net.createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  const address = { host: '127.0.0.1', port }
  const row = (name: 'tcp' | 'tcp6', host: string, state: string, uid: number, inode: number): string => {
    const all = endIn(name, name === 'tcp' ? '0.0.0.0' : '::', 0)
    return `   0: ${endIn(name, host, port)} ${all} ${state} 00000000:00000000 00:00000000 00000000 ${uid} 0 ${inode} 1\n`
  }
  // No socket has this number.
  const inode = 999_999_999_999
  const me = process.getuid?.() ?? 0
  const other = me + 4_242
  const table: [string, string, string, string][] = [
    ['its listener', row('tcp', '127.0.0.1', '0A', other, inode), '', `a program of user ${other}`],
    ['on all addresses', row('tcp', '0.0.0.0', '0A', other, inode), '', `a program of user ${other}`],
    ['on all of IPv6', '', row('tcp6', '::', '0A', other, inode), `a program of user ${other}`],
    ['on IPv4 by IPv6', '', row('tcp6', '127.0.0.1', '0A', other, inode), `a program of user ${other}`],
    ['only on ::1', '', row('tcp6', '::1', '0A', other, inode), 'another program'],
    ['ours, not found', row('tcp', '127.0.0.1', '0A', me, inode), '', 'another program'],
    [
      'its connection',
      row('tcp', '127.0.0.1', '01', other, inode),
      '',
      `a connection of a program of user ${other}`,
    ],
    ['TIME_WAIT', row('tcp', '127.0.0.1', '06', 0, 0), '', 'a connection that has just ended'],
    [
      'the listener before its connections',
      row('tcp', '127.0.0.1', '01', me, inode) + row('tcp', '127.0.0.1', '0A', other, inode),
      '',
      `a program of user ${other}`,
    ],
    ['no row', '', '', 'another program'],
  ]
  for (const [what, tcp, tcp6, said] of table)
    t.equal(await whoHolds(address, async (name) => (name === 'tcp' ? tcp : tcp6)), said, what)
  t.type(await readTcpTable('tcp'), 'string')
})
