/** The file's name is like nobody else's: older opencode took two plugins of one file name for the same. */
export const pluginFileName = 'aoc-pulse-told-by-opencode.mjs'

/** What the plugin posts to the launch's door: one of opencode's events, cut down to what is read of it. */
export interface ToldEvent {
  /** Like no other's: what the door had taken and could not answer in time is posted again. */
  id: string
  /** The process of opencode that loaded the plugin. */
  pid: number
  /** Tells apart how often the plugin was loaded there: once for each folder, and again when the settings are. */
  instance: string
  /** opencode's own name of the event; `plugin.loaded` and `plugin.disposed` are the plugin's. */
  type: string
  properties: Record<string, unknown>
}

export interface PluginOptions {
  /** Where the events are posted; a loopback address, without TLS. */
  url: string
  /** Whether somebody sits there who can be asked: `opencode run` refuses, or allows, whatever is asked by itself. */
  isInteractive: boolean
}

/**
 * The text of a plugin for opencode that tells of its sessions (opencode 1.x docs, "Plugins"). What it keeps to,
 * measured with opencode 1.18.33:
 * - `event` is called in the order of the events and its promise is not waited for; but an exception hangs opencode, and
 *   a rejection is written over its screen. Every other hook would be waited for: there is none.
 * - The plugin function itself is waited for, so it waits for nothing.
 * - No other export: an older loader refuses the file.
 * - `fetch` and `node:http` of Bun go through `HTTP_PROXY`, also to this machine, which would lose every event and show
 *   the door to the proxy: the post is written to a socket.
 */
export function pluginText({ url, isInteractive }: PluginOptions): string {
  const { hostname, port, pathname } = new URL(url)
  const given = JSON.stringify({ host: hostname, port: Number(port), path: pathname, isInteractive })
  return pluginSource.replace('GIVEN', () => given)
}

const pluginSource = String.raw`// Written by aoc-agent-wrap for one launch of opencode; it goes with it.
import { connect } from 'node:net'

const given = GIVEN
const answerMs = 2000
const waitingMax = 200
const knownMax = 1000
const charsMax = 300

const cut = (text) => (typeof text === 'string' ? text.slice(0, charsMax) : undefined)
const some = (list, pick) => (Array.isArray(list) ? list.slice(0, 4).map(pick) : undefined)
const session = ({ sessionID, info }) => ({
  sessionID: sessionID ?? info?.id,
  info: { parentID: info?.parentID },
})
const replied = ({ sessionID, requestID, permissionID }) => ({ sessionID, requestID: requestID ?? permissionID })
const permission = ({ id, sessionID, permission, type, patterns, pattern, title, metadata }) => ({
  id,
  sessionID,
  permission: cut(permission ?? type),
  patterns: some(patterns ?? [pattern].flat(), cut),
  title: cut(title),
  metadata: {
    command: cut(metadata?.command),
    filepath: cut(metadata?.filepath ?? metadata?.filePath),
    url: cut(metadata?.url),
  },
})

/** The events that are told of, and what of them. */
const told = {
  'session.created': session,
  'session.updated': session,
  'session.deleted': session,
  'session.status': ({ sessionID, status }) => ({
    sessionID,
    status: { type: status?.type, attempt: status?.attempt, message: cut(status?.message) },
  }),
  'session.error': ({ sessionID, error }) => ({
    sessionID,
    error: { name: error?.name, data: { message: cut(error?.data?.message) } },
  }),
}
if (given.isInteractive)
  Object.assign(told, {
    'permission.asked': permission,
    'permission.updated': permission,
    'permission.replied': replied,
    'question.asked': ({ id, sessionID, questions }) => ({
      id,
      sessionID,
      questions: some(questions, (one) => ({ question: cut(one?.question), header: cut(one?.header) })),
    }),
    'question.replied': replied,
    'question.rejected': replied,
  })

const post = (text) =>
  new Promise((done) => {
    let isTaken = false
    const socket = connect(given.port, given.host)
    socket.setTimeout(answerMs, () => socket.destroy())
    socket.unref?.()
    socket.on('error', () => {})
    socket.on('close', () => done(isTaken))
    socket.on('data', () => {
      isTaken = true
      socket.destroy()
    })
    const head = [
      'POST ' + given.path + ' HTTP/1.1',
      'Host: ' + given.host + ':' + given.port,
      'Content-Type: application/json',
      'Content-Length: ' + Buffer.byteLength(text),
      'Connection: close',
    ]
    socket.write(head.join('\r\n') + '\r\n\r\n' + text)
  })

/** Where this file is loaded again, its ids are others. */
const own = Math.random().toString(36).slice(2, 12)
let count = 0

/** What is still to be posted, one after the other; what is too much goes from its old end. */
const waiting = []
let isPosting = false

const postAll = async () => {
  if (isPosting) return
  isPosting = true
  try {
    for (let text = waiting.shift(); text !== undefined; text = waiting.shift())
      if (!(await post(text))) await post(text)
  } catch {}
  isPosting = false
}

const tell = (instance, type, properties) => {
  waiting.push(JSON.stringify({ id: own + '-' + count++, pid: process.pid, instance, type, properties }))
  if (waiting.length > waitingMax) waiting.shift()
  void postAll()
}

export const AocPulse = async () => {
  const instance = Math.random().toString(36).slice(2, 10)
  /** Sessions that were told of: each is updated many times, and only its parent matters. */
  const known = new Set()
  const isNews = (type, id) => {
    if (type !== 'session.created' && type !== 'session.updated') return true
    if (known.has(id)) return false
    if (known.size >= knownMax) known.clear()
    known.add(id)
    return true
  }
  const quietly = (act) => {
    try {
      act()
    } catch {}
  }
  quietly(() => tell(instance, 'plugin.loaded', { isInteractive: given.isInteractive }))
  return {
    event: async (input) =>
      quietly(() => {
        const { event } = input
        const pick = Object.hasOwn(told, event.type) ? told[event.type] : undefined
        if (pick === undefined) return
        const properties = pick(event.properties)
        if (isNews(event.type, properties.sessionID)) tell(instance, event.type, properties)
      }),
    dispose: async () => quietly(() => tell(instance, 'plugin.disposed', {})),
  }
}
`
