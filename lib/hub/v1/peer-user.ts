import { endIn, readTcpTable, rowsOf, tcpTables, type ReadTable, type TcpTable } from './tcp-table.js'

/** Which user is at the other end of a loopback connection: loopback is open to every user of the machine. */

/** A connection as its accepted socket names it: `local` is ours, `remote` the peer's. node's `net.Socket` is one. */
export interface Ends {
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
}

/**
 * The uid; `unseen`: our end is in the table and the other one is not, or the table is there and could not be read
 * now; null: it cannot be told here (no such table, or one that does not show our own end).
 *
 * `unseen` must not be let in: whoever sends and closes at once would be unseen, too.
 */
export type PeerUser = number | 'unseen' | null

/** The user who made the socket at the other end, which is the one who runs the program but for programs that change theirs. */
export async function peerUser(ends: Ends, readTable: ReadTable = readTcpTable): Promise<PeerUser> {
  let found: PeerUser = null
  for (const name of tcpTables) {
    const table = await readTable(name).catch((error: NodeJS.ErrnoException) => {
      // Out of files, for one: somebody may have seen to that.
      if (!/^(?:ENOENT|EACCES|EPERM)$/.test(error.code ?? '')) found = 'unseen'
      return ''
    })
    const user = peerIn(name, table, ends)
    if (typeof user === 'number') return user
    found ??= user
  }
  return found
}

/** The same by the text of one table. */
export function peerIn(name: TcpTable, table: string, ends: Ends, byteOrder?: 'LE' | 'BE'): PeerUser {
  const ours = endIn(name, ends.localAddress ?? '', ends.localPort ?? 0, byteOrder)
  const peers = endIn(name, ends.remoteAddress ?? '', ends.remotePort ?? 0, byteOrder)
  if (ours === null || peers === null) return null
  // A socket that its program has closed has no inode; its uid then says 0, which is nobody's.
  const row = rowsOf(table, peers).find((row) => row.remote === ours && !row.isListening && row.inode !== 0)
  if (row !== undefined) return row.uid
  return rowsOf(table, ours).length > 0 ? 'unseen' : null
}
