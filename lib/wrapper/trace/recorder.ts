import { appendFileSync, openSync, closeSync } from 'node:fs'
import type { Judged } from '../lifecycle/judge.js'
import type { Signal } from '../lifecycle/signal.js'
import type { Recorder } from '../observer.js'
import type { AgentEvent, ProfileName } from '../profiles/profile.js'
import { blankBody, newSalt } from './blank-event.js'
import { KeyBlanker } from './blank-keys.js'
import { OutputBlanker } from './blank-output.js'
import { traceVersion, type TraceEntry } from './entry.js'

export interface RecorderOptions {
  /** The file, which must not exist yet. */
  file: string
  profile: ProfileName
  command: string
  /** Whether the person's text is kept. */
  keepsText: boolean
  blind: string | null
  columns: number
  rows: number
  terminal: boolean
  now: () => number
  /** The trace cannot be written any more. */
  onFailed: (error: Error) => void
}

/** A trace is not written further past this size. */
const traceBytesMax = 256 * 1_024 * 1_024

/**
 * Opens a trace and gives what writes it, line by line, so that it is whole up to where a crash cut it.
 * @throws with a message for people when the file exists or cannot be made.
 */
export function openRecorder(options: RecorderOptions): Recorder {
  const { file, profile, command, keepsText, blind, columns, rows, terminal, now, onFailed } = options
  const fd = newFile(file)
  const startMs = now()
  const salt = newSalt()
  const blankers = { output: new OutputBlanker(salt), keys: new KeyBlanker() }
  const decoders = { output: new TextDecoder(), keys: new TextDecoder() }
  let bytes = 0
  let isOpen = true
  let lastStatus = ''
  let lastMs = 0

  const write = (entry: Record<string, unknown> & { kind: TraceEntry['kind'] }): void => {
    if (!isOpen) return
    // The machine's clock may be set back; a trace's never is.
    lastMs = Math.max(lastMs, now() - startMs)
    const line = `${JSON.stringify({ at: lastMs, ...entry })}\n`
    bytes += Buffer.byteLength(line)
    try {
      if (bytes > traceBytesMax) throw new Error(`${file} has reached ${traceBytesMax} bytes`)
      appendFileSync(fd, line)
    } catch (error) {
      isOpen = false
      onFailed(error as Error)
    }
  }

  write({ kind: 'launch', trace: traceVersion, profile, command, columns, rows, blind, terminal })
  return {
    output(chunk) {
      const text = decoders.output.decode(chunk, { stream: true })
      const kept = keepsText ? text : blankers.output.take(text)
      if (kept !== '') write({ kind: 'output', text: kept })
    },
    typed(chunk) {
      const text = keepsText
        ? decoders.keys.decode(chunk, { stream: true })
        : blankers.keys.take(chunk, now())
      if (text !== '') write({ kind: 'keys', text })
    },
    event({ source, pid, body }: AgentEvent) {
      write({ kind: 'event', source, pid, body: keepsText ? body : blankBody(body, salt) })
    },
    see(signal: Signal) {
      if (signal.kind === 'report') {
        const { lifecycle, detail } = signal
        write({ kind: 'report', lifecycle, detail: detail === null || keepsText ? detail : '~' })
      } else if (signal.kind === 'exited') {
        const { code, signal: name, asked } = signal
        write({ kind: 'exited', code, signal: name, asked })
      } else if (signal.kind === 'started' || signal.kind === 'stopped' || signal.kind === 'continued') {
        write({ kind: 'process', is: signal.kind })
      }
    },
    resize: (toColumns, toRows) => write({ kind: 'size', columns: toColumns, rows: toRows }),
    judged({ lifecycle, status }: Judged) {
      blankers.keys.asked(dialogOf(status))
      const { origin, confidence, attention, background, blind: why, detail, evidence } = status
      const seen = JSON.stringify([lifecycle, origin, confidence, attention, background, why])
      if (seen === lastStatus) return
      lastStatus = seen
      const told = keepsText
        ? { detail, evidence }
        : { evidence: origin === 'hook' && eventName.test(evidence) ? evidence : '~' }
      write({
        kind: 'status',
        lifecycle,
        status: { origin, confidence, attention, background, blind: why, ...told },
      })
    },
    close() {
      const rest = { output: decoders.output.decode(), keys: decoders.keys.decode() }
      const output = keepsText ? rest.output : blankers.output.take(rest.output) + blankers.output.end()
      if (output !== '') write({ kind: 'output', text: output })
      if (rest.keys !== '') write({ kind: 'keys', text: rest.keys })
      write({ kind: 'end' })
      isOpen = false
      closeSync(fd)
    },
  }
}

/** As agents call their events. */
const eventName = /^[\w.: ()-]{1,64}$/

/** A dialog that one key answers; at a question, digits may be the answer's own text. */
function dialogOf({ attention, since_ms: sinceMs }: Judged['status']): string | null {
  return attention === 'permission' || attention === 'plan' ? `${attention} ${sinceMs}` : null
}

function newFile(file: string): number {
  try {
    return openSync(file, 'ax', 0o600)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'EEXIST' ? 'exists already; give another name' : `cannot be written: ${code}`
    throw new Error(`${file} ${why}`, { cause: error })
  }
}
