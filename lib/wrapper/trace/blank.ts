import { createHash, randomBytes } from 'node:crypto'
import { markWords } from './marks.js'

/**
 * Takes the person's text out of a trace, and leaves what the status comes from: control sequences, symbols, the words
 * that agents' own dialogs are made of, and the shape of events. One salt a trace: the same text of an event stays
 * the same within it, and cannot be guessed from it.
 */

/** CSI, OSC, the other strings, and two-byte escapes. */
const sequences =
  /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[PX^_][^\u001b]*\u001b\\|\u001b[ -/]*[0-~]/g
/** OSC numbers whose text a status may come from; 133 and 633 hold marks only, the others are left out whole. */
const tellingOsc = /^(?:0|2|9|99|777);/
const marksOsc = /^(?:(?:133|633);[A-D](?:;-?\d+)?|7501;[\w=:;.-]{0,200})/
/** An unfinished sequence at the end of what has come. */
const unfinished = /\u001b(?:\[[0-?]*[ -/]*|\][^\u0007\u001b]*\u001b?|[PX^_][^\u001b]*\u001b?|[ -/]*)?$/
const unfinishedCharsMax = 8_192

/** A single letter, also with a number behind: `s`, `y`, `v2`. */
const short = /^\p{L}\p{N}{0,2}$/u

/** Blanks output; holds back what is not whole yet. */
export class OutputBlanker {
  #rest = ''

  /** @returns what can be written down now. */
  take(text: string): string {
    const all = this.#rest + text
    const found = unfinished.exec(all)
    const cut = found === null ? all.length : found.index
    this.#rest = all.length - cut > unfinishedCharsMax ? '' : all.slice(cut)
    return blankOutput(all.slice(0, cut))
  }
}

function blankOutput(text: string): string {
  let blanked = ''
  let end = 0
  for (const match of text.matchAll(sequences)) {
    blanked += blankText(text.slice(end, match.index)) + blankSequence(match[0])
    end = match.index + match[0].length
  }
  return blanked + blankText(text.slice(end))
}

function blankSequence(sequence: string): string {
  if (!sequence.startsWith('\u001b]')) return /^\u001b[PX^_]/.test(sequence) ? '' : sequence
  const tail = sequence.endsWith('\u0007') ? '\u0007' : '\u001b\\'
  const body = sequence.slice(2, -tail.length)
  const marks = marksOsc.exec(body)
  if (marks) return `\u001b]${marks[0]}${tail}`
  const head = tellingOsc.exec(body)
  if (head === null) return ''
  return `\u001b]${head[0]}${blankText(body.slice(head[0].length))}${tail}`
}

/**
 * Letters become x and digits 0, but for words that agents' dialogs are made of, single letters (`12s`, `[y/n]`) and
 * numbers of one or two digits.
 */
export function blankText(text: string): string {
  return text
    .replaceAll(/\p{L}[\p{L}\p{M}\p{N}'’]*/gu, (word) =>
      short.test(word) || markWords.has(word.toLowerCase().replaceAll('’', "'")) ? word : blankWord(word),
    )
    .replaceAll(/\d{3,}/g, (digits) => '0'.repeat(digits.length))
}

function blankWord(word: string): string {
  return Array.from(word, (letter) =>
    /\p{M}/u.test(letter)
      ? ''
      : /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]/u.test(letter)
        ? '一'
        : 'x',
  ).join('')
}

/** Blanks what was typed: Enter, Esc, arrows and the like stay; so does the key that answers a dialog. */
export function blankKeys(text: string, isAsked: boolean): string {
  if (isAsked && /^[1-9yna]$/i.test(text)) return text
  let end = 0
  let blanked = ''
  for (const match of text.matchAll(sequences)) {
    blanked += text.slice(end, match.index).replaceAll(/[^\p{Cc}]/gu, 'x') + match[0]
    end = match.index + match[0].length
  }
  return blanked + text.slice(end).replaceAll(/[^\p{Cc}]/gu, 'x')
}

/** Fields of events whose words are the agent's own. */
const tellingFields =
  /^(?:hook_event_name|event|type|name|tool_name|tool|notification_type|source|error|reason|agent_type|status|permission_mode|trigger|action|subtype|permission|mode|reply|response|decision|role)$/
const deepMax = 12
const itemsMax = 64

/** Blanks an event's body; `salt` is the trace's. */
export function blankBody(body: unknown, salt: string, field = '', deep = 0): unknown {
  if (typeof body === 'string') {
    if (tellingFields.test(field) && /^[\w.:/-]{1,64}$/.test(body)) return body
    return body === '' ? '' : `~${createHash('sha256').update(salt).update(body).digest('hex').slice(0, 8)}`
  }
  if (typeof body !== 'object' || body === null || deep > deepMax)
    return typeof body === 'object' ? null : body
  if (Array.isArray(body)) return body.slice(0, itemsMax).map((one) => blankBody(one, salt, field, deep + 1))
  return Object.fromEntries(
    Object.entries(body)
      .slice(0, itemsMax)
      .map(([key, value]) => [key, blankBody(value, salt, key, deep + 1)]),
  )
}

export function newSalt(): string {
  return randomBytes(16).toString('hex')
}
