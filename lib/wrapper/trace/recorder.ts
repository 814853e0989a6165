import { appendFileSync, openSync, closeSync } from 'node:fs'
import type { Judged } from '../lifecycle/judge.js'
import type { Signal } from '../lifecycle/signal.js'
import type { Recorder } from '../observer.js'
import type { AgentEvent, ProfileName } from '../profiles/profile.js'
import { blankBody, blankKeys, newSalt, OutputBlanker } from './blank.js'
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
 * @throws when the file exists or cannot be made.
 */
export function openRecorder(options: RecorderOptions): Recorder {
  const { file, profile, command, keepsText, blind, columns, rows, terminal, now, onFailed } = options
  const fd = openSync(file, 'ax', 0o600)
  const startMs = now()
  const salt = newSalt()
  const blanker = new OutputBlanker()
  const decoders = { output: new TextDecoder(), keys: new TextDecoder() }
  let bytes = 0
  let isOpen = true
  let lastStatus = ''
  let isAsked = false

  const write = (entry: Record<string, unknown> & { kind: TraceEntry['kind'] }): void => {
    if (!isOpen) return
    const line = `${JSON.stringify({ at: Math.max(0, now() - startMs), ...entry })}\n`
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
      const kept = keepsText ? text : blanker.take(text)
      if (kept !== '') write({ kind: 'output', text: kept })
    },
    typed(chunk) {
      const text = decoders.keys.decode(chunk, { stream: true })
      if (text !== '') write({ kind: 'keys', text: keepsText ? text : blankKeys(text, isAsked) })
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
      isAsked = lifecycle === 'needs_input'
      const { origin, confidence, attention, background, blind: why, detail, evidence } = status
      const seen = JSON.stringify([lifecycle, origin, confidence, attention, background, why])
      if (seen === lastStatus) return
      lastStatus = seen
      const told = keepsText ? { detail, evidence } : { evidence: origin === 'hook' ? evidence : '~' }
      write({
        kind: 'status',
        lifecycle,
        status: { origin, confidence, attention, background, blind: why, ...told },
      })
    },
    close() {
      write({ kind: 'end' })
      isOpen = false
      closeSync(fd)
    },
  }
}
