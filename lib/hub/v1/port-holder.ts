import { opendir, readFile, readlink } from 'node:fs/promises'
import http from 'node:http'
import * as z from 'zod'
import type { Address } from './address.js'
import { endIn, readTcpTable, rowsOf, tcpTables, type ReadTable, type TcpRow } from './tcp-table.js'

/** Who has a port that the v1 door wants, in words for a message. */

const answerMs = 500
const answerBytesMax = 64 * 1_024
const processesMax = 4_000
const openFilesMax = 50_000

const Health = z.object({ hub: z.object({ session_id: z.string().min(1), pid: z.int().min(1) }) })

/**
 * `the hub of session "shop" (pid 12)`, by what it answers; `node (pid 12)` or `a connection of node (pid 12)`, by the
 * system's tables; `a program of user 1000`, when it is another's; `a connection that has just ended`, which keeps a
 * port for a minute; else `another program`. Never rejects. One line, without control characters.
 */
export async function whoHolds(address: Address, readTable: ReadTable = readTcpTable): Promise<string> {
  return (await hubAt(address)) ?? (await holderOf(address, readTable))
}

async function hubAt(address: Address): Promise<string | null> {
  try {
    const { hub } = Health.parse(JSON.parse(await answerOf(address)))
    return `the hub of session "${printable(hub.session_id)}" (pid ${hub.pid})`
  } catch {
    return null
  }
}

function answerOf({ host, port }: Address): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.get({ host, port, path: '/health?details=true', agent: false })
    // Not the request's own time limit: that starts anew with every byte.
    const timer = setTimeout(() => {
      reject(new Error('no answer in time'))
      request.destroy()
    }, answerMs)
    const chunks: Buffer[] = []
    let bytes = 0
    request.once('response', (response) => {
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > answerBytesMax) response.destroy(new Error('the answer is too long'))
        else chunks.push(chunk)
      })
      response.once('end', () => resolve(Buffer.concat(chunks).toString()))
      response.on('error', reject)
    })
    request.on('error', reject)
    request.once('close', () => {
      clearTimeout(timer)
      reject(new Error('closed'))
    })
  })
}

async function holderOf(address: Address, readTable: ReadTable): Promise<string> {
  const rows: TcpRow[] = []
  for (const name of tcpTables) {
    const table = await readTable(name).catch(() => '')
    // Whoever listens on all addresses has this one as well.
    const all = name === 'tcp' ? ['0.0.0.0'] : ['::']
    const ends = [address.host, ...all].map((host) => endIn(name, host, address.port))
    rows.push(...ends.filter((end) => end !== null).flatMap((end) => rowsOf(table, end)))
  }
  // The session's ports are among those that Linux gives to outgoing connections: one of them keeps the port, too.
  const row = rows.find(({ isListening }) => isListening) ?? rows.find(({ inode }) => inode !== 0)
  if (row === undefined) return rows.length > 0 ? 'a connection that has just ended' : 'another program'
  const what = row.isListening ? '' : 'a connection of '
  const program = await processWith(row.inode).catch(() => null)
  if (program !== null) return `${what}${program}`
  return what + (row.uid === process.getuid?.() ? 'another program' : `a program of user ${row.uid}`)
}

/** The process that has a socket open: proc(5), /proc/pid/fd and /proc/pid/comm. Of other users only root sees it. */
async function processWith(inode: number): Promise<string | null> {
  const link = `socket:[${inode}]`
  let processes = 0
  let files = 0
  for await (const { name: pid } of await opendir('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    processes += 1
    if (processes > processesMax || files > openFilesMax) return null
    try {
      for await (const { name: file } of await opendir(`/proc/${pid}/fd`)) {
        files += 1
        if (files > openFilesMax) return null
        if ((await readlink(`/proc/${pid}/fd/${file}`).catch(() => '')) !== link) continue
        const comm = printable(await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => ''))
        return `${comm || 'a program'} (pid ${pid})`
      }
    } catch {
      // Ended since, or another user's.
    }
  }
  return null
}

function printable(text: string): string {
  return text
    .slice(0, 80)
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '')
    .trim()
}
