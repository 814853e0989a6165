import { once } from 'node:events'
import net from 'node:net'
import t from 'tap'
import fc from 'fast-check'
import { peerIn, peerUser, type Ends } from '../../../lib/hub/v1/peer-user.js'
import { endIn, rowsOf, type ReadTable } from '../../../lib/hub/v1/tcp-table.js'

/** Recorded: a listener on 45011; a client of user 1000 from 46162; a connection from 43251 that is in TIME_WAIT. */
const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     
   0: 0100007F:AFD3 00000000:0000 0A 00000000:00000000 00:00000000 00000000   501        0 2892855 1 0000000059fd4517 100 0 0 10 0                   
   1: 0100007F:B452 0100007F:AFD3 01 00000000:00000000 00:00000000 00000000  1000        0 2892786 2 0000000031fb0071 20 0 0 10 -1                   
   2: 0100007F:A8F3 0100007F:AFD3 06 00000000:00000000 03:00001716 00000000     0        0 0 3 0000000085744188                                      
   3: 0100007F:AFD3 0100007F:B452 01 00000000:00000000 00:00000000 00000000   501        0 2892867 1 00000000e6fca770 20 0 0 10 -1                   
`
/** Recorded: a listener on [::1]:44919 and its client from 41298; a client that says ::ffff:127.0.0.1, from 48600. */
const tcp6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:AF77 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000   501        0 2892854 1 00000000460024db 100 0 0 10 0
   1: 00000000000000000000000001000000:A152 00000000000000000000000001000000:AF77 01 00000000:00000000 00:00000000 00000000  1001        0 2892864 2 00000000d27e3999 20 0 0 10 -1
   2: 00000000000000000000000001000000:AF77 00000000000000000000000001000000:A152 01 00000000:00000000 00:00000000 00000000   501        0 2892865 1 000000006d722d36 20 0 0 10 -1
   3: 0000000000000000FFFF00000100007F:BDD8 0000000000000000FFFF00000100007F:AFD3 01 00000000:00000000 00:00000000 00000000  1002        0 2878566 2 000000004b39e653 20 0 0 10 -1
`
const recorded: ReadTable = async (name) => (name === 'tcp' ? tcp : tcp6)
const failing =
  (code: string): ReadTable =>
  async () => {
    throw Object.assign(new Error(code), { code })
  }

function ends(local: string, localPort: number, remote: string, remotePort: number): Ends {
  return { localAddress: local, localPort, remoteAddress: remote, remotePort }
}

void t.test('addresses as a table writes them', async (t) => {
  const table: ['tcp' | 'tcp6', string, number, 'LE' | 'BE', string | null][] = [
    ['tcp', '127.0.0.1', 42_123, 'LE', '0100007F:A48B'],
    ['tcp', '127.1.2.3', 1, 'LE', '0302017F:0001'],
    ['tcp', '127.1.2.3', 1, 'BE', '7F010203:0001'],
    ['tcp', '0.0.0.0', 0, 'LE', '00000000:0000'],
    ['tcp', '::ffff:127.0.0.1', 80, 'LE', '0100007F:0050'],
    ['tcp', '::1', 80, 'LE', null],
    ['tcp', '127.0.0.256', 80, 'LE', null],
    ['tcp', '', 80, 'LE', null],
    ['tcp6', '::1', 80, 'LE', '00000000000000000000000001000000:0050'],
    ['tcp6', '::1', 80, 'BE', '00000000000000000000000000000001:0050'],
    ['tcp6', '::', 80, 'LE', '00000000000000000000000000000000:0050'],
    ['tcp6', '127.0.0.1', 80, 'LE', '0000000000000000FFFF00000100007F:0050'],
    ['tcp6', '::ffff:127.0.0.1', 80, 'BE', '00000000000000000000FFFF7F000001:0050'],
    ['tcp6', 'fe80::1', 80, 'LE', null],
  ]
  for (const [name, address, port, order, text] of table)
    t.equal(endIn(name, address, port, order), text, `${name} ${address} ${order}`)
})

void t.test('recorded tables', async (t) => {
  const table: [string, 'tcp' | 'tcp6', Ends, number | 'unseen' | null][] = [
    ['the client', 'tcp', ends('127.0.0.1', 45_011, '127.0.0.1', 46_162), 1000],
    ['written as IPv6', 'tcp', ends('::ffff:127.0.0.1', 45_011, '::ffff:127.0.0.1', 46_162), 1000],
    ['the way back', 'tcp', ends('127.0.0.1', 46_162, '127.0.0.1', 45_011), 501],
    [
      'in TIME_WAIT it is of nobody, not of root',
      'tcp',
      ends('127.0.0.1', 45_011, '127.0.0.1', 43_251),
      'unseen',
    ],
    ['no such port', 'tcp', ends('127.0.0.1', 45_011, '127.0.0.1', 46_163), 'unseen'],
    ['another address', 'tcp', ends('127.0.0.1', 45_011, '127.0.0.2', 46_162), 'unseen'],
    ['another port of ours', 'tcp', ends('127.0.0.1', 45_012, '127.0.0.1', 46_162), null],
    ['the listener is no client', 'tcp', ends('0.0.0.0', 0, '127.0.0.1', 45_011), null],
    ['not in this table', 'tcp', ends('::1', 44_919, '::1', 41_298), null],
    ['::1', 'tcp6', ends('::1', 44_919, '::1', 41_298), 1001],
    ['::1, gone', 'tcp6', ends('::1', 44_919, '::1', 41_299), 'unseen'],
    ['an IPv6 socket that speaks IPv4', 'tcp6', ends('127.0.0.1', 45_011, '127.0.0.1', 48_600), 1002],
    ['a socket that is closed', 'tcp', {}, null],
  ]
  for (const [what, name, of, user] of table)
    t.equal(peerIn(name, name === 'tcp' ? tcp : tcp6, of, 'LE'), user, what)
})

void t.test('both tables count, whatever the first one says', { skip: endian() }, async (t) => {
  const table: [Ends, number | 'unseen' | null][] = [
    [ends('127.0.0.1', 45_011, '127.0.0.1', 46_162), 1000],
    [ends('127.0.0.1', 45_011, '127.0.0.1', 48_600), 1002],
    [ends('::1', 44_919, '::1', 41_298), 1001],
    [ends('127.0.0.1', 45_011, '127.0.0.1', 9), 'unseen'],
    [ends('127.0.0.1', 9, '127.0.0.1', 9), null],
  ]
  for (const [of, user] of table) t.equal(await peerUser(of, recorded), user, JSON.stringify(of))
})

void t.test('tables that cannot be read: not to be told, or not to be trusted', async (t) => {
  const of = ends('127.0.0.1', 45_011, '127.0.0.1', 46_162)
  for (const code of ['ENOENT', 'EACCES', 'EPERM']) t.equal(await peerUser(of, failing(code)), null, code)
  for (const code of ['EMFILE', 'ENFILE', 'EIO']) t.equal(await peerUser(of, failing(code)), 'unseen', code)
  const noIPv6: ReadTable = (name) => (name === 'tcp' ? recorded(name) : failing('ENOENT')(name))
  t.equal(await peerUser(of, noIPv6), 1000)
})

void t.test('torn and foolish tables', async (t) => {
  const of = ends('127.0.0.1', 45_011, '127.0.0.1', 46_162)
  const row = tcp.split('\n')[2] ?? ''
  for (let length = 0; length < row.length; length += 1) {
    const user = peerIn('tcp', row.slice(0, length), of, 'LE')
    t.ok(user === null || user === 1000, `${length}: ${user}`)
  }
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...tcp.split(/( )/), '\n', ': 0100007F:B452 ', '-1', 'x')),
      (parts) => {
        const rows = rowsOf(parts.join(''), '0100007F:B452')
        return rows.every(({ uid, inode }) => Number.isSafeInteger(uid) && Number.isSafeInteger(inode))
      },
    ),
  )
})

const onLinux = { skip: process.platform === 'linux' ? false : 'the tables are of Linux' }

void t.test('real sockets are ours', onLinux, async (t) => {
  const table: [string, string][] = [
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1', '::ffff:127.0.0.1'],
    ['127.0.0.3', '127.0.0.3'],
    ['::1', '::1'],
  ]
  for (const [listenOn, connectTo] of table) {
    const server = net.createServer()
    server.listen(0, listenOn)
    // A machine may have no IPv6.
    const [error] = await Promise.race([once(server, 'listening'), once(server, 'error')]).catch((e) => [e])
    if (error !== undefined) {
      t.comment(`${listenOn}: ${String(error)}`)
      continue
    }
    const { port } = server.address() as net.AddressInfo
    const accepted = once(server, 'connection')
    const client = net.connect(port, connectTo)
    await once(client, 'connect')
    const [socket] = (await accepted) as [net.Socket]
    t.equal(await peerUser(socket), process.getuid?.(), `${listenOn} from ${connectTo}`)

    const of = ends(
      socket.localAddress ?? '',
      socket.localPort ?? 0,
      socket.remoteAddress ?? '',
      socket.remotePort ?? 0,
    )
    client.destroy()
    await once(client, 'close')
    t.equal(await peerUser(of), 'unseen', 'who has closed is not taken for anybody')
    socket.destroy()
    server.close()
  }
})

function endian(): string | false {
  return endIn('tcp', '127.0.0.1', 1) === '0100007F:0001' ? false : 'recorded on a little-endian machine'
}
