import { open } from 'node:fs/promises'
import { endianness } from 'node:os'

/** The system's tables of TCP sockets, as Linux shows them. proc(5), /proc/net/tcp and /proc/net/tcp6. */

export const tcpTables = ['tcp', 'tcp6'] as const
export type TcpTable = (typeof tcpTables)[number]

/** Gives the text of a table. Rejects with the system's error when there is none. */
export type ReadTable = (name: TcpTable) => Promise<string>

export interface TcpRow {
  remote: string
  isListening: boolean
  /** Who made the socket, by the numbers of our own user namespace. */
  uid: number
  inode: number
}

/** Some 50,000 sockets. */
const tableBytesMax = 8 * 1_024 * 1_024
const listening = '0A'

/** Reads a table once, without holding up the rest of the hub. */
export const readTcpTable: ReadTable = async (name) => {
  const file = await open(`/proc/net/${name}`)
  try {
    const chunks: Buffer[] = []
    for (let bytes = 0; ;) {
      // Somebody may have filled it, so as not to be found in it.
      if (bytes >= tableBytesMax) throw new Error(`${name} has more than ${tableBytesMax} bytes`)
      const chunk = Buffer.allocUnsafe(64 * 1_024)
      const { bytesRead } = await file.read(chunk, 0, chunk.length, null)
      if (bytesRead === 0) break
      bytes += bytesRead
      chunks.push(chunk.subarray(0, bytesRead))
    }
    return Buffer.concat(chunks).toString('latin1')
  } finally {
    await file.close()
  }
}

/**
 * One end of a connection as a table writes it: the address in words of 32 bits, each as the machine's own number, and
 * the port, all in hexadecimal. An IPv4 address is in tcp6 as well, for sockets of IPv6 that speak IPv4 (`::ffff:…`).
 * @param address IPv4, `::ffff:` and IPv4, `::1` or `::`.
 * @returns null for another address, and for one that this table cannot hold.
 */
export function endIn(
  table: TcpTable,
  address: string,
  port: number,
  byteOrder: 'LE' | 'BE' = endianness(),
): string | null {
  const words = wordsIn(table, address)
  if (words === null) return null
  const hex = words.map((word) => {
    const bytes = Buffer.alloc(4)
    if (byteOrder === 'LE') bytes.writeUInt32LE(word)
    else bytes.writeUInt32BE(word)
    return bytes.toString('hex')
  })
  return `${hex.join('')}:${port.toString(16).padStart(4, '0')}`.toUpperCase()
}

function wordsIn(table: TcpTable, address: string): number[] | null {
  const quad = /^(?:::ffff:)?(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/i.exec(address)?.slice(1).map(Number)
  if (quad !== undefined) {
    if (quad.some((byte) => byte > 255)) return null
    const word = Buffer.from(quad).readUInt32BE()
    return table === 'tcp' ? [word] : [0, 0, 0xffff, word]
  }
  if (table === 'tcp') return null
  return address === '::1' ? [0, 0, 0, 1] : address === '::' ? [0, 0, 0, 0] : null
}

/** The rows of a socket's own end; those that make no sense are left out. */
export function rowsOf(table: string, local: string): TcpRow[] {
  const rows: TcpRow[] = []
  // `  12: 0100007F:A48B 0100007F:D8C8 01 …`: only the own end follows a colon and a space.
  const needle = `: ${local} `
  for (let at = table.indexOf(needle); at !== -1; at = table.indexOf(needle, at + 1)) {
    const end = table.indexOf('\n', at)
    const fields = table.slice(at + needle.length, end === -1 ? undefined : end).split(/ +/)
    const [remote = '', state = '', , , , uid = '', , inode = ''] = fields
    if (/^\d{1,10}$/.test(uid) && /^\d{1,15}$/.test(inode))
      rows.push({ remote, isListening: state === listening, uid: Number(uid), inode: Number(inode) })
  }
  return rows
}
