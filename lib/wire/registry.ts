import fs from 'node:fs'
import path from 'node:path'
import * as z from 'zod'
import { openConnection } from './connection.js'
import { encodeLine } from './encode.js'
import { makeFolders } from './make-folders.js'
import type { HubFrame } from './messages.js'
import { isAlive } from './process-life.js'

/**
 * Which hubs of this user run: each writes one small file into `<runtime folder>/hubs` and takes it away at its end.
 * What a killed hub left is taken away by the next who looks.
 */

const Entry = z.object({ session: z.string(), socket: z.string(), pid: z.int().min(2) })
export type RegistryEntry = z.infer<typeof Entry>

/** A hub that answered. */
export interface LiveHub {
  session: string
  socket: string
  pid: number
  agents: number
  seq: number
  epoch: string
  version: string
  /** The websocket of v1 clients, when it is open. */
  v1_url?: string
}

/** Writes a hub down. @returns what takes it away again. */
export function register(root: string, epoch: string, entry: RegistryEntry): () => void {
  const dir = path.join(root, 'hubs')
  const file = path.join(dir, `${epoch}.json`)
  makeFolders(dir)
  fs.writeFileSync(`${file}.tmp`, JSON.stringify(entry), { mode: 0o600 })
  fs.renameSync(`${file}.tmp`, file)
  return () => fs.rmSync(file, { force: true })
}

/** The hubs that answer within a second, by session; forgets those that are gone. */
export async function liveHubs(root: string): Promise<LiveHub[]> {
  const dir = path.join(root, 'hubs')
  const names = fs.existsSync(dir) ? fs.readdirSync(dir).filter((name) => name.endsWith('.json')) : []
  const found = await Promise.all(names.map((name) => askEntry(path.join(dir, name))))
  return found.filter((hub) => hub !== null).toSorted((a, b) => (a.session < b.session ? -1 : 1))
}

async function askEntry(file: string): Promise<LiveHub | null> {
  let entry: RegistryEntry
  try {
    entry = Entry.parse(JSON.parse(fs.readFileSync(file, 'utf8')))
  } catch {
    return null
  }
  const answer = await askHub(entry.socket, entry.session)
  // Another hub may listen where this one did; it has an entry of its own.
  const isThisOne = answer?.pid === entry.pid
  if (!isThisOne && !isAlive(entry.pid)) fs.rmSync(file, { force: true })
  return isThisOne ? answer : null
}

/** Says hello to a hub and takes its own; null when none answers within a second. */
export function askHub(socket: string, session: string): Promise<LiveHub | null> {
  return new Promise((resolve) => {
    const done = (hello: HubFrame<'hello'>['payload'] | null): void => {
      clearTimeout(timer)
      connection.destroy()
      if (hello === null) return resolve(null)
      const { pid, agents, seq, epoch, hub_version: version, v1_url: v1Url } = hello
      resolve({ session, socket, pid, agents, seq, epoch, version, ...(v1Url && { v1_url: v1Url }) })
    }
    const timer = setTimeout(() => done(null), 1_000)
    const connection = openConnection(socket, {
      onOpen: () => {
        const head = { sessionId: session, senderId: 'aoc-hub-list', timestamp: new Date().toISOString() }
        const capabilities = ['hello', 'subscribe']
        connection.send(
          encodeLine('hello', head, { client_id: 'aoc-hub-list', role: 'subscriber', capabilities }),
        )
      },
      onFrame: (frame) => {
        if (frame.type === 'hello') done(frame.payload)
      },
      onClose: () => done(null),
    })
  })
}
