import { WireError } from './errors.js'
import { lineBytesMax } from './limits.js'
import type { ClientEnvelope, HubEnvelope } from './messages.js'

type Payloads = { [E in ClientEnvelope | HubEnvelope as E['type']]: E['payload'] }

/** What an envelope needs beside its type and payload. */
export interface EnvelopeHead {
  sessionId: string
  senderId: string
  /** RFC 3339 UTC. */
  timestamp: string
  requestId?: string | null | undefined
}

/**
 * Prints one frame as a line with its newline.
 * @throws {WireError} `frame_too_large` when the line would pass `lineBytesMax`.
 * Seed 001, "Envelope Schema".
 */
export function encodeLine<T extends keyof Payloads>(
  type: T,
  head: EnvelopeHead,
  payload: Payloads[T],
): Buffer {
  const text = printJson({
    version: '1',
    type,
    session_id: head.sessionId,
    sender_id: head.senderId,
    timestamp: head.timestamp,
    request_id: head.requestId ?? undefined,
    payload,
  })
  const line = Buffer.from(`${text}\n`)
  if (line.length - 1 > lineBytesMax)
    throw new WireError(
      'frame_too_large',
      `a ${type} frame of ${line.length - 1} bytes; at most ${lineBytesMax} fit`,
    )
  return line
}

/**
 * JSON that every parser takes: half a surrogate pair, which strict parsers refuse, is printed as U+FFFD.
 */
export function printJson(value: unknown): string {
  const text = JSON.stringify(value)
  if (!text.includes('\\ud')) return text
  return text.replaceAll(/\\(?:ud[89a-f][\da-f]{2}|.)/g, (escape) =>
    escape.length === 6 && escape[2] === 'd' ? '\\ufffd' : escape,
  )
}
