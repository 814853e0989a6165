import type { Ask, Memory, Of, Said } from './memory.js'
import type { Meaning } from './signal.js'

/** What an agent says this soon after Esc of its work may be late. */
export const interruptTakesMs = 1_500
const togetherMs = 500
const turnsMax = 64
const asksMax = 32
const askTimesMax = 64

/** An event of the agent's own. */
export function hooked(memory: Memory, signal: Of<'hook'>): void {
  const { atMs, pid, subagent, meaning, name, thread } = signal
  // A nested agent inherits what was injected through the environment: its process tells it apart.
  memory.pid ??= pid
  if (pid !== null && memory.pid !== pid) {
    memory.nestedMs = atMs
    return
  }
  memory.saidMs = atMs
  memory.inferred = null
  const evidence = subagent === null ? name : `${name} (subagent)`
  const scope = `${thread}/${subagent ?? ''}/`
  const said = { evidence, atMs, origin: signal.origin ?? 'hook' } as const
  if (meaning.says === 'asks') {
    memory.tellsWork = true
    asked(memory, said, meaning, scope)
  } else if (meaning.says === 'answered') answered(memory, scope, meaning.id)
  else if (meaning.says === 'background') counted(memory, meaning.count, atMs)
  else if (meaning.says === 'left') left(memory, said)
  else if (meaning.says === 'withdrawn') withdrawn(memory, thread)
  else if (subagent === null) turned(memory, thread, meaning, said)
  // A subagent's end ends what it asked; its work is no turn of the agent's.
  else if (meaning.says === 'done' || meaning.says === 'failed') answered(memory, scope, null)
}

/** Anybody's report. */
export function reported(memory: Memory, { lifecycle, detail, atMs }: Of<'report'>): void {
  const said = { atMs, evidence: `reported ${lifecycle}`, origin: 'report' } as const
  switch (lifecycle) {
    case 'needs_input':
      memory.asks = memory.asks.filter(({ origin }) => origin !== 'report')
      return asked(memory, said, { attention: 'question', id: 'report', detail }, '//')
    case 'running':
      return turned(memory, '', { says: 'prompted', ...(detail !== null && { detail }) }, said)
    case 'idle':
      return turned(memory, '', { says: 'done', background: 0 }, said)
    case 'error':
      return turned(memory, '', { says: 'failed', detail: detail ?? 'reported an error' }, said)
  }
}

/** What the agent says of its own turn. */
function turned(
  memory: Memory,
  thread: string,
  meaning: Exclude<Meaning, { says: 'asks' | 'answered' | 'background' | 'left' | 'withdrawn' }>,
  said: Said,
): void {
  memory.turnSaidMs = said.atMs
  // That a session began may come by another way than the rest, and alone.
  if (meaning.says === 'prompted' || meaning.says === 'working') memory.tellsWork = true
  // What was reported for an agent holds until the agent itself begins or ends something.
  if (said.origin !== 'report' && meaning.says !== 'waits' && meaning.says !== 'working') endReports(memory)
  // A reminder that nothing goes on ends neither what is asked nor a failure.
  if (meaning.says !== 'waits' && memory.failure?.thread === thread) memory.failure = null
  switch (meaning.says) {
    case 'waits':
      // The turn has ended when it was interrupted, and not with the reminder.
      return setTurn(memory, thread, false, null, { ...said, atMs: memory.interrupted?.atMs ?? said.atMs })
    case 'began':
      endAsks(memory, thread)
      return setTurn(memory, thread, false, null, said)
    case 'prompted':
      endAsks(memory, thread)
      memory.titleWorkedMs = null
      // What was interrupted is another turn.
      if (memory.interrupted !== null) memory.turns.delete(thread)
      return setTurn(memory, thread, true, meaning.detail ?? null, said)
    case 'working':
      // Asks without an id are over as soon as the agent goes on.
      memory.asks = memory.asks.filter(({ key }) => key !== `${thread}//`)
      // The end of a tool may come after the key that interrupted it.
      if (memory.interrupted?.origin === 'key' && said.atMs < memory.interrupted.atMs + interruptTakesMs)
        return
      return setTurn(memory, thread, true, meaning.detail ?? null, said)
    case 'done':
      // Subagents that go on behind the turn still ask.
      if (meaning.background === 0) endAsks(memory, thread)
      else answered(memory, `${thread}//`, null)
      memory.background = meaning.background ?? memory.background
      memory.backgroundEndedMs = null
      return setTurn(memory, thread, false, null, said)
    case 'failed':
      endAsks(memory, thread)
      memory.failure = { ...said, thread, detail: meaning.detail }
      return setTurn(memory, thread, false, null, said)
  }
}

function setTurn(memory: Memory, thread: string, isActive: boolean, detail: string | null, said: Said): void {
  const before = memory.turns.get(thread)
  memory.interrupted = null
  // Who goes on asks no more, whatever the screen showed when it was last looked at.
  if (isActive && memory.ways.trustsScreen && memory.screen?.shows === 'asks') memory.screen = null
  // A notification and the event that tells the same come together, in any order.
  if (isActive || said.atMs > (memory.notified?.atMs ?? 0) + togetherMs) memory.notified = null
  if (!isActive || memory.answering?.ask === null) memory.answering = null
  // A turn that goes on has begun when it began.
  const atMs = before?.isActive === isActive ? before.atMs : said.atMs
  memory.turns.delete(thread)
  memory.turns.set(thread, { ...said, isActive, detail, atMs })
  if (memory.turns.size > turnsMax) memory.turns.delete(memory.turns.keys().next().value!)
}

/** Forgets what was announced of a conversation and of those below it, so that other signals tell. */
export function withdrawn(memory: Memory, thread: string, alsoFailure = true): void {
  const isBelow = (other: string): boolean =>
    thread === '' || other === thread || other.startsWith(`${thread}/`)
  for (const [name, { origin }] of memory.turns)
    if (origin === 'status' && isBelow(name)) memory.turns.delete(name)
  memory.asks = memory.asks.filter(({ key, origin }) => origin !== 'status' || !isBelow(key.split('//')[0]!))
  const { failure } = memory
  if (alsoFailure && failure?.origin === 'status' && isBelow(failure.thread)) memory.failure = null
}

/** The process that said all this is gone, and with it what it said. */
function left(memory: Memory, said: Said): void {
  memory.pid = null
  for (const [thread, { isActive, origin }] of memory.turns)
    if (isActive && origin !== 'report') setTurn(memory, thread, false, null, said)
  memory.asks = memory.asks.filter(({ origin }) => origin === 'report')
  memory.background = 0
}

/** Forgets what was reported, so that other signals tell. */
export function endReports(memory: Memory): void {
  for (const [name, { origin }] of memory.turns) if (origin === 'report') memory.turns.delete(name)
  memory.asks = memory.asks.filter(({ origin }) => origin !== 'report')
  if (memory.failure?.origin === 'report') memory.failure = null
}

/** So many background tasks run. */
export function counted(memory: Memory, count: number, atMs: number): void {
  if (memory.background > 0 && count === 0) memory.backgroundEndedMs = atMs
  memory.background = count
}

function asked(
  memory: Memory,
  said: Said,
  { id, attention, detail, settleMs = 0 }: Omit<Extract<Meaning, { says: 'asks' }>, 'says'>,
  scope: string,
): void {
  // A later event without an id tells of the ask that is open already.
  if (id === null && memory.asks.length > 0) return
  memory.notified = null
  memory.interrupted = null
  const key = `${scope}${id ?? ''}`
  const open = memory.asks.find((other) => other.key === key)
  if (open !== undefined) {
    open.detail = detail ?? open.detail
    return
  }
  const atMs = timeOfItsOwn(memory, said.atMs)
  const ask: Ask = { ...said, atMs, key, attention, detail, standsMs: said.atMs + settleMs }
  memory.asks.push(ask)
  if (memory.asks.length > asksMax) memory.asks.shift()
}

/** The time that names an ask: of several in one millisecond the later ones are dated back, never to a time to come. */
function timeOfItsOwn({ askTimes }: Memory, atMs: number): number {
  let own = atMs
  while (askTimes.includes(own)) own--
  askTimes.push(own)
  if (askTimes.length > askTimesMax) askTimes.shift()
  return own
}

function answered(memory: Memory, scope: string, id: string | null): void {
  memory.asks = memory.asks.filter(({ key }) => (id === null ? !key.startsWith(scope) : key !== scope + id))
}

/** All asks of a conversation, of its subagents too. */
function endAsks(memory: Memory, thread: string): void {
  memory.asks = memory.asks.filter(({ key }) => !key.startsWith(`${thread}/`))
}
