/** What a program announces of itself by OSC 7501; a report takes the place of the one before of the same `id`. */
export interface ProgramStatus {
  kind: 'status'
  state: ProgramState
  /** Which of the program's tasks it is about, as a path such as `build/tests`; `''` for the program itself. */
  id: string
  /** The program's name; null when it gives none. */
  app: string | null
  /** What kind of answer it waits for, with `blocked` only; null when it does not say. */
  attention: 'permission' | 'question' | null
  /** One line for a person, not yet fit to be shown; null when there is none. */
  text: string | null
}

/** `clear`: it takes back what it has announced. */
export type ProgramState = 'idle' | 'working' | 'blocked' | 'done' | 'error' | 'clear'

const states: ReadonlySet<string> = new Set(['idle', 'working', 'blocked', 'done', 'error', 'clear'])
/** Missing credentials are asked for as a question is. */
const attentions: Readonly<Record<string, 'permission' | 'question'>> = {
  permission: 'permission',
  question: 'question',
  auth: 'question',
}

const nameForm = /^[\w.+-]{1,32}$/
const keyBytesMax = 16
const idBytesMax = 128
const idDepthMax = 8
/** How long a text may be, in base64 and in bytes. */
const textMax = { msg: [2_732, 2_048], title: [256, 192] } as const

/**
 * Reads `key=value(:key=value)*`, what OSC 7501 holds after its number: Program Status Protocol, revision 0.3
 * (superlogical.com/rex/docs/build/program-status). A pair that is malformed, or of a key that is not known, is passed
 * over, and the last of a key counts; what breaks a limit, or has a state that is not known, says nothing at all.
 */
export function programStatus(report: string): ProgramStatus | null {
  const pairs = pairsIn(report)
  const state = pairs?.get('state')
  if (pairs === null || state === undefined || !states.has(state)) return null
  const [id, app] = [pairs.get('id') ?? '', pairs.get('app') ?? '']
  if (id !== '' && !isPath(id)) return null
  const [msg, title] = [textOf(pairs, 'msg'), textOf(pairs, 'title')]
  if (msg === undefined || title === undefined || app.length > 32) return null
  const asked = pairs.get('kind') ?? ''
  return {
    kind: 'status',
    state: state as ProgramState,
    id,
    app: nameForm.test(app) ? app : null,
    attention: state === 'blocked' && Object.hasOwn(attentions, asked) ? attentions[asked]! : null,
    text: msg ?? title,
  }
}

function pairsIn(report: string): Map<string, string> | null {
  const pairs = new Map<string, string>()
  for (const pair of report.split(':')) {
    const at = pair.indexOf('=')
    if (at > keyBytesMax) return null
    const [key, value] = [pair.slice(0, Math.max(0, at)), pair.slice(at + 1)]
    if (/^[a-z]+$/.test(key) && /^[\w.,+/=-]*$/.test(value)) pairs.set(key, value)
  }
  return pairs
}

function isPath(id: string): boolean {
  const names = id.split('/')
  return id.length <= idBytesMax && names.length <= idDepthMax && names.every((name) => nameForm.test(name))
}

/** @returns null when there is none; undefined when it is none that may be sent. */
function textOf(pairs: ReadonlyMap<string, string>, key: 'msg' | 'title'): string | null | undefined {
  const encoded = pairs.get(key)
  const [encodedMax, bytesMax] = textMax[key]
  if (encoded === undefined) return null
  const isBase64 = /^[A-Za-z\d+/]*={0,2}$/.test(encoded) && encoded.replace(/=+$/, '').length % 4 !== 1
  if (encoded.length > encodedMax || !isBase64) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  const text = bytes.toString('utf8')
  // What is no UTF-8 does not come out as it went in.
  if (bytes.length > bytesMax || /\p{Cc}/u.test(text) || !Buffer.from(text).equals(bytes)) return undefined
  return text === '' ? null : text
}
