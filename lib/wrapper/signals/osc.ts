import { programStatus, type ProgramStatus } from './program-status.js'

/** What an OSC string (`ESC ] … BEL`, or `… ESC \`) says about the program that wrote it. */
export type OscSignal =
  /** The window's title: OSC 0 and 2. Empty when it was taken away. */
  | { kind: 'title'; text: string }
  /** A desktop notification; `text` is never empty, `title` is null when there is but one text. */
  | { kind: 'notification'; via: 'osc9' | 'osc99' | 'osc777'; title: string | null; text: string }
  /** OSC 9;4. `percent` is 0 to 100, null when it was not said or means nothing in this state. */
  | { kind: 'progress'; state: ProgressState; percent: number | null }
  /** A shell's marks, OSC 133 and 633: A, B, C and D. `exitCode` comes with `command_done`, if at all. */
  | { kind: 'prompt'; mark: PromptMark; exitCode: number | null }
  /** OSC 7501. */
  | ProgramStatus

type ProgressState = 'none' | 'normal' | 'error' | 'indeterminate' | 'paused'
type PromptMark = 'prompt_start' | 'command_start' | 'command_run' | 'command_done'
type Notification = Extract<OscSignal, { kind: 'notification' }>

const textCharsMax = 256
const semicolon = 0x3b
const empty = Buffer.alloc(0)

const progressStates: readonly ProgressState[] = ['none', 'normal', 'error', 'indeterminate', 'paused']
const promptMarks: Readonly<Record<string, PromptMark>> = {
  A: 'prompt_start',
  B: 'command_start',
  C: 'command_run',
  D: 'command_done',
}

/** Reads OSC strings. It keeps state only for kitty's notifications, which may come in parts. */
export class OscReader {
  readonly #notifications = new KittyNotifications()

  /**
   * @param bytes any content, of which the string between `ESC ]` and its end is what stands at `from` to before
   * `to`. Not kept. What is no UTF-8 comes out as U+FFFD.
   * @returns null when it says nothing of use; all texts are printable and at most 256 characters.
   */
  read(bytes: Buffer, from: number, to: number): OscSignal | null {
    let number = 0
    let at = from
    // No number that means something here has more than four digits.
    for (; at < to && at < from + 4 && isDigit(bytes[at]!); at++) number = number * 10 + bytes[at]! - 0x30
    if (at === from || at === to || bytes[at++] !== semicolon) return null
    switch (number) {
      case 0:
      case 2:
        return { kind: 'title', text: printable(bytes.toString('utf8', at, to)) }
      case 9:
        return progressOrNotification(bytes.toString('utf8', at, to))
      case 99:
        return this.#notifications.read(bytes.subarray(at, to))
      case 133:
      case 633:
        return prompt(bytes.toString('utf8', at, to))
      case 777:
        return namedNotification(bytes.toString('utf8', at, to))
      case 7501:
        return status(bytes.toString('utf8', at, to))
      default:
        return null
    }
  }
}

/**
 * OSC 9 is two protocols. ConEmu's begins with the number of a function, 1 to 12, of which 4 is progress
 * (ConEmu, "Specific OSC"; Windows Terminal, "Progress bar sequences"); everything else is iTerm2's notification.
 */
function progressOrNotification(text: string): OscSignal | null {
  const [code = '', state = '', percent = ''] = text.split(';', 3)
  if (!/^([1-9]|1[0-2])$/.test(code)) return notification('osc9', '', text)
  if (code !== '4' || !/^\d*$/.test(state) || !/^\d*$/.test(percent)) return null
  const named = progressStates[Number(state)]
  if (named === undefined) return null
  const isMeasured = named !== 'none' && named !== 'indeterminate' && percent !== ''
  return { kind: 'progress', state: named, percent: isMeasured ? Math.min(100, Number(percent)) : null }
}

function status(report: string): ProgramStatus | null {
  const said = programStatus(report)
  return said === null ? null : { ...said, text: printable(said.text ?? '') || null }
}

/** OSC 777 ; notify ; title ; body (rxvt-unicode). A body may hold semicolons. */
function namedNotification(text: string): Notification | null {
  const [command, title = '', ...body] = text.split(';')
  return command === 'notify' ? notification('osc777', title, body.join(';')) : null
}

/** OSC 133 (FinalTerm) and OSC 633 (VS Code, "Shell integration"); what follows the mark and the exit code is options. */
function prompt(text: string): OscSignal | null {
  const [letter = '', code = ''] = text.split(';', 2)
  const mark = Object.hasOwn(promptMarks, letter) ? promptMarks[letter] : undefined
  if (mark === undefined) return null
  const isExit = mark === 'command_done' && /^-?\d{1,10}$/.test(code)
  return { kind: 'prompt', mark, exitCode: isExit ? Number(code) : null }
}

const openMax = 8
/** As many bytes as 256 characters can have. */
const partBytesMax = textCharsMax * 4

/**
 * OSC 99 ; metadata ; payload, in parts that share an `i` until one without `d=0`: kitty, "Desktop notifications".
 * Past eight unfinished notifications the oldest is forgotten.
 */
class KittyNotifications {
  readonly #open = new Map<string, { title: Buffer; body: Buffer }>()

  read(bytes: Buffer): Notification | null {
    const at = bytes.indexOf(semicolon)
    if (at === -1) return null
    const { i: id = '', p: part = 'title', d: done, e: encoding } = metadata(bytes.toString('utf8', 0, at))
    // These speak of a notification that was shown, or of none.
    if (part === 'close' || part === '?' || part === 'alive') return null
    const parts = this.#open.get(id) ?? { title: empty, body: empty }
    this.#open.delete(id)
    // Of other parts (icons, buttons) only the end counts.
    if (part === 'title' || part === 'body') {
      const payload = bytes.subarray(at + 1)
      const added = encoding === '1' ? Buffer.from(payload.toString('latin1'), 'base64') : payload
      parts[part] = Buffer.concat([parts[part], added]).subarray(0, partBytesMax)
    }
    if (done !== '0') return notification('osc99', parts.title.toString(), parts.body.toString())
    this.#open.set(id, parts)
    for (const [oldest] of this.#open) {
      if (this.#open.size <= openMax) break
      this.#open.delete(oldest)
    }
    return null
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

/** `key=value` pairs between colons; a key is one letter. */
function metadata(text: string): Partial<Record<string, string>> {
  const pairs = text.split(':').filter((pair) => pair[1] === '=')
  return Object.fromEntries(pairs.map((pair) => [pair[0], pair.slice(2)]))
}

function notification(via: Notification['via'], title: string, body: string): Notification | null {
  const [head, text] = [printable(title), printable(body)]
  if (text.trim() !== '') return { kind: 'notification', via, title: head.trim() === '' ? null : head, text }
  return head.trim() === '' ? null : { kind: 'notification', via, title: null, text: head }
}

/** One row of printable characters, cut to 256 of them: nothing in it moves a cursor. */
function printable(text: string): string {
  if (text.length <= textCharsMax && /^[\x20-\x7e]*$/.test(text)) return text
  const row = text
    .toWellFormed()
    .replaceAll(/[\t\n\v\f\r\u2028\u2029]+/g, ' ')
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, '')
  return row.length <= textCharsMax ? row : Array.from(row).slice(0, textCharsMax).join('')
}
