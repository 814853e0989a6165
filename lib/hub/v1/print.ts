import { printJson } from '../../wire/encode.js'
import type { V1Payload, V1Type } from '../../wire/v1.js'

/** What a v1 message says beside its type and payload. */
export interface V1Head {
  sessionId: string
  senderId: string
  /** RFC 3339. */
  timestamp: string
  requestId?: string | null | undefined
}

/** A v1 message as UTF-8. Seed 000, "Message Envelope". */
export function printV1<T extends V1Type>(type: T, head: V1Head, payload: V1Payload<T>): Buffer {
  return envelopeOf(type, head, printJson(payload))
}

/** The same with a payload that is printed already. */
export function envelopeOf(type: V1Type, head: V1Head, payload: string): Buffer {
  const { sessionId, senderId, timestamp, requestId } = head
  const envelope = printJson({
    version: '1',
    type,
    session_id: sessionId,
    sender_id: senderId,
    timestamp,
    request_id: requestId ?? undefined,
  })
  return Buffer.from(`${envelope.slice(0, -1)},"payload":${payload}}`)
}
