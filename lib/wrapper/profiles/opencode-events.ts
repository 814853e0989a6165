import { fieldsOf, oneLine, textOf, toolDetail } from './detail.js'
import type { AgentEvent, Said } from './profile.js'
import { OpencodeSessions } from './opencode-sessions.js'

/** Processes whose events are kept apart; those of the ones after that are only noted. */
const processesMax = 8
const idCharsMax = 128
/** Events whose ids are remembered: one comes again some seconds later, with the few that were posted in between. */
const repeatableMax = 256
/** In its automatic mode opencode publishes what it would ask, and answers it some milliseconds later. */
const settleMs = 250

type Fields = Readonly<Record<string, unknown>>
type Saying = Pick<Said, 'meaning'> & Partial<Said>

/**
 * Reads what the plugin posts. Each process has its own sessions: an opencode that a tool of this one started
 * inherits the plugin, and must not count among this one's. An event that is posted twice is read once.
 */
export function openOpencodeReader(): (event: AgentEvent) => Said[] {
  const processes = new Map<number | null, OpencodeSessions>()
  const taken = new Set<string>()
  return ({ source, pid: sender, body }) => {
    const fields = fieldsOf(body)
    if (source !== 'opencode' || fields === null || typeof fields.type !== 'string') return []
    const { type, properties, pid: given } = fields
    const event = idOf(fields.id)
    if (event !== null && taken.has(event)) return []
    if (event !== null) taken.add(event)
    if (taken.size > repeatableMax) taken.delete(taken.values().next().value!)
    const pid = typeof given === 'number' && Number.isSafeInteger(given) && given > 0 ? given : sender
    const sessions = processes.get(pid) ?? new OpencodeSessions()
    if (processes.size < processesMax) processes.set(pid, sessions)
    const instance = idOf(fields.instance) ?? ''
    const read = Object.hasOwn(readers, type) ? readers[type] : undefined
    const says = read?.(sessions, fieldsOf(properties) ?? {}, instance) ?? []
    if (type === 'plugin.disposed' && sessions.instances.size === 0) processes.delete(pid)
    return says.map((saying) => ({ name: type, thread: '', subagent: null, pid, ...saying }))
  }
}

type Read = (sessions: OpencodeSessions, properties: Fields, instance: string) => Saying[]

/** opencode's events, by their names (`@opencode-ai/sdk` 1.18.33, types; their order measured with that version). */
const readers: Readonly<Record<string, Read>> = {
  'plugin.loaded': loaded,
  'plugin.disposed': disposed,
  'session.created': described,
  'session.updated': described,
  'session.deleted': deleted,
  'session.status': status,
  'session.error': failed,
  'permission.asked': permissionAsked,
  /** Its name before opencode 1.1. */
  'permission.updated': permissionAsked,
  'permission.replied': answered,
  'question.asked': questionAsked,
  'question.replied': answered,
  'question.rejected': answered,
}

function loaded(sessions: OpencodeSessions, { isInteractive }: Fields, instance: string): Saying[] {
  const isFirst = sessions.instances.size === 0
  sessions.load(instance)
  // `opencode run` has its prompt already, and another folder's sessions may work: nothing is asked is all that is known.
  if (!isFirst || isInteractive === false) return [{ meaning: { says: 'answered', id: null } }]
  return [{ meaning: { says: 'began' } }]
}

/** opencode goes, or loads its settings and its plugins anew: nothing more will be told of what went on. */
function disposed(sessions: OpencodeSessions, _: Fields, instance: string): Saying[] {
  const roots = sessions.rootsOf(instance).filter((id) => sessions.isBusy(id) || sessions.isAsking(id))
  for (const id of roots) sessions.end(id)
  sessions.instances.delete(instance)
  const said = roots.map((id) => done(sessions, id))
  return sessions.instances.size === 0 ? [...said, { meaning: { says: 'left' } }] : said
}

/** A session is new, or was told of first: only now is it known whose it is. */
function described(sessions: OpencodeSessions, { sessionID, info }: Fields, instance: string): Saying[] {
  const id = idOf(sessionID)
  const parent = idOf(fieldsOf(info)?.parentID)
  if (id === null) return []
  const session = sessions.at(id, instance)
  if (parent === null || parent === id || session.parent !== null) return []
  session.parent = parent
  // What was taken for a conversation is a subagent.
  return session.state === 'idle' ? [] : [done(sessions, id)]
}

function deleted(sessions: OpencodeSessions, { sessionID }: Fields, instance: string): Saying[] {
  const id = idOf(sessionID)
  if (id === null) return []
  const { parent, state } = sessions.at(id, instance)
  const thread = sessions.rootOf(id)
  const wasOn = state !== 'idle' || sessions.isAsking(thread)
  sessions.forget(id)
  if (parent !== null) return childEnded(sessions, id, thread)
  return wasOn ? [done(sessions, thread)] : []
}

function status(
  sessions: OpencodeSessions,
  { sessionID, status: given }: Fields,
  instance: string,
): Saying[] {
  const id = idOf(sessionID)
  const fields = fieldsOf(given)
  const type = fields?.type
  if (id === null || fields === null || (type !== 'busy' && type !== 'retry' && type !== 'idle')) return []
  const name = `session.status ${type}`
  const said = type === 'idle' ? rested(sessions, id, instance) : worked(sessions, id, instance, fields)
  return said.map((saying) => ({ name, ...saying }))
}

/** It is said once for each step of a turn. */
function worked(sessions: OpencodeSessions, id: string, instance: string, given: Fields): Saying[] {
  const session = sessions.at(id, instance)
  const wasBusy = session.state === 'busy'
  session.state = 'busy'
  session.failing = null
  const thread = sessions.rootOf(id)
  if (session.parent !== null) {
    session.isBehind ||= !sessions.isBusy(thread)
    return [{ thread, subagent: id, meaning: { says: 'working' } }, ...counted(sessions)]
  }
  if (given.type === 'retry') return [{ thread, meaning: { says: 'working', detail: retryOf(given) } }]
  if (wasBusy) return [{ thread, meaning: { says: 'working' } }]
  // What was asked in the turn before is over, answered or not.
  sessions.endThreadAsks(thread)
  return [{ thread, meaning: { says: 'prompted' } }]
}

/**
 * A session rests. In 1.18 it stays busy while it asks; older versions are said to rest then: what is asked is over only
 * when an answer, an interruption or a failure was told of.
 */
function rested(sessions: OpencodeSessions, id: string, instance: string): Saying[] {
  const session = sessions.at(id, instance)
  const { state: before, failing, parent } = session
  const thread = sessions.rootOf(id)
  if (parent !== null) {
    session.state = 'idle'
    session.isBehind = false
    const isAsking = [...sessions.asks.values()].some((ask) => ask.session === id)
    return isAsking ? counted(sessions) : childEnded(sessions, id, thread)
  }
  if (failing !== null) return failedNow(sessions, id, instance, failing)
  // After a failure it is said twice.
  if (before === 'failed') return []
  session.state = 'idle'
  sessions.leaveBehind(id)
  return sessions.isAsking(thread) ? counted(sessions) : [done(sessions, thread)]
}

/**
 * An error of a session. Its turn goes on until it rests: a context that is too long for the model is said to be an error
 * and then compacted. An error without a session is one of a plugin or of the settings.
 */
function failed(sessions: OpencodeSessions, { sessionID, error }: Fields, instance: string): Saying[] {
  const id = idOf(sessionID)
  if (id === null) return []
  const { name, data } = fieldsOf(error) ?? {}
  const session = sessions.at(id, instance)
  const thread = sessions.rootOf(id)
  // The person's Esc, twice; no answer to what was asked is told of then.
  const isAborted = name === 'MessageAbortedError'
  if (isAborted) sessions.end(id)
  if (session.parent !== null) {
    sessions.endAsks(id)
    return childEnded(sessions, id, thread)
  }
  if (isAborted) return [done(sessions, thread)]
  const detail = oneLine(textOf(fieldsOf(data)?.message) ?? textOf(name) ?? 'an error')
  if (session.state !== 'busy') return failedNow(sessions, id, instance, detail)
  session.failing = detail
  return []
}

function failedNow(sessions: OpencodeSessions, id: string, instance: string, detail: string): Saying[] {
  sessions.end(id)
  sessions.at(id, instance).state = 'failed'
  return [{ name: 'session.error', thread: id, meaning: { says: 'failed', detail } }, ...counted(sessions)]
}

function done(sessions: OpencodeSessions, thread: string): Saying {
  return { thread, meaning: { says: 'done', background: sessions.tellBackground() } }
}

function childEnded(sessions: OpencodeSessions, id: string, thread: string): Saying[] {
  return [{ thread, subagent: id, meaning: { says: 'done', background: 0 } }, ...counted(sessions)]
}

/** How many subagents go on behind turns that are over, when that is another number now. */
function counted(sessions: OpencodeSessions): Saying[] {
  if (sessions.toldBackground === sessions.background) return []
  return [{ meaning: { says: 'background', count: sessions.tellBackground() } }]
}

function permissionAsked(sessions: OpencodeSessions, properties: Fields, instance: string): Saying[] {
  return asked(sessions, properties, instance, 'permission', permissionDetail(properties), settleMs)
}

function questionAsked(sessions: OpencodeSessions, properties: Fields, instance: string): Saying[] {
  const { questions } = properties
  const first = Array.isArray(questions) ? fieldsOf(questions[0]) : null
  const detail = textOf(first?.question) === null ? null : toolDetail('question', { questions })
  // The tool that ends the plan agent's work asks so (1.18.33, `plan_exit`).
  const isPlan = first?.header === 'Build Agent' && /^Plan at .* is complete/s.test(detail ?? '')
  return asked(sessions, properties, instance, isPlan ? 'plan' : 'question', detail, 0)
}

function asked(
  sessions: OpencodeSessions,
  { id: given, sessionID }: Fields,
  instance: string,
  attention: 'permission' | 'question' | 'plan',
  detail: string | null,
  settles: number,
): Saying[] {
  const id = idOf(given)
  if (id === null) return []
  const about = idOf(sessionID)
  const session = about === null ? null : sessions.at(about, instance)
  const thread = about === null ? (sessions.only ?? '') : sessions.rootOf(about)
  const subagent = session === null || session.parent === null ? null : session.id
  sessions.ask(id, { session: about ?? thread, thread, subagent })
  return [{ thread, subagent, meaning: { says: 'asks', attention, id, detail, settleMs: settles } }]
}

function answered(sessions: OpencodeSessions, { requestID, permissionID }: Fields): Saying[] {
  const id = idOf(requestID) ?? idOf(permissionID)
  const ask = id === null ? undefined : sessions.asks.get(id)
  if (id === null || ask === undefined) return []
  sessions.asks.delete(id)
  const { thread, subagent } = ask
  return [{ thread, subagent, meaning: { says: 'answered', id } }]
}

/** What is to be allowed: the tool, and the command, address or file it is for. */
function permissionDetail({ permission, type, title, patterns, metadata }: Fields): string | null {
  const { command, filepath, url } = fieldsOf(metadata) ?? {}
  const pattern: unknown = Array.isArray(patterns) ? patterns[0] : undefined
  const tool = textOf(permission) ?? textOf(type)
  const about = [command, filepath, url, title, pattern].map(textOf).find((text) => text !== null)
  const said = [tool, about].filter((text) => typeof text === 'string').join(': ')
  return said === '' ? null : oneLine(said)
}

function retryOf({ attempt, message }: Fields): string {
  const nth = typeof attempt === 'number' ? `retrying (attempt ${attempt})` : 'retrying'
  const why = textOf(message)
  return oneLine(why === null ? nth : `${nth}: ${why}`)
}

function idOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= idCharsMax ? value : null
}
