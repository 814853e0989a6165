import { isUtf8 } from 'node:buffer'
import type * as z from 'zod'
import { WireError } from './errors.js'
import { idCharsMax, jsonLevelsMax, lineBytesMax } from './limits.js'
import { ClientEnvelope, HubEnvelope, hubOnlyTypes, Id } from './messages.js'
import { isPlainDelta } from './plain-delta.js'
import { V1Envelope, v1Types } from './v1.js'

/**
 * Reads one client frame from one line.
 * @param line UTF-8 bytes without the newline; any length, any content.
 * @returns the envelope; unknown keys of `state` and `source` are kept, others dropped.
 * @throws {WireError} `frame_too_large`, `invalid_json`, `invalid_envelope`, `invalid_payload`, `unknown_type`,
 *   `unsupported_version`, `role_violation` (a type only the hub sends); each with the path of the fault.
 * Seed 001, "Framing" and "Envelope Schema".
 */
export function decodeClientLine(line: Buffer): ClientEnvelope {
  const value = parseLine(line)
  return isPlainDelta(value) ? value : checked(ClientEnvelope, value, pulseSpoken)
}

/**
 * Reads one hub frame from one line, for clients.
 * @throws {WireError} as `decodeClientLine`; `unknown_type` is a frame of a newer hub and may be skipped.
 */
export function decodeHubLine(line: Buffer): HubEnvelope {
  return checked(HubEnvelope, parseLine(line), pulseSpoken)
}

/**
 * Reads one v1 message: the text of one websocket message.
 * @throws {WireError} as `decodeClientLine`; `context` has the message's `type` and `request_id`, as far as it has them.
 * Seed 000, "Message Envelope" and "Message Types".
 */
export function decodeV1Message(text: Buffer): V1Envelope {
  const value = parseLine(text)
  try {
    return checked(V1Envelope, value, v1Spoken)
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    throw new WireError(error.code, error.message, whatItSays(value as Record<string, unknown>))
  }
}

/** The type and the request of a v1 message that is not taken; whatever it is. */
export function skimV1Message(text: Buffer): { type?: unknown; requestId?: unknown } {
  try {
    const value = JSON.parse(text.toString()) as Record<string, unknown> | null
    const payload = value?.['payload'] as Record<string, unknown> | null | undefined
    return { type: value?.['type'], requestId: payload?.['request_id'] ?? value?.['request_id'] }
  } catch {
    return {}
  }
}

function whatItSays({ type, request_id: requestId }: Record<string, unknown>): Record<string, unknown> {
  const word = (value: unknown): value is string => typeof value === 'string' && value.length <= idCharsMax
  return { ...(word(type) && { type }), ...(Id.safeParse(requestId).success && { request_id: requestId }) }
}

function checked<T>(schema: z.ZodType<T>, value: unknown, spoken: Spoken): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw faultOf(value as Record<string, unknown>, parsed.error.issues[0], spoken)
}

/** The words of a protocol: the types a client may send, and those that only the hub does. */
interface Spoken {
  types: string
  hubOnly: ReadonlySet<string>
}
const pulseSpoken: Spoken = {
  types: 'hello, subscribe, delta, heartbeat, command, command_result',
  hubOnly: hubOnlyTypes,
}
const v1Spoken: Spoken = { types: v1Types.join(', '), hubOnly: new Set() }

function parseLine(line: Buffer): unknown {
  if (line.length > lineBytesMax) throw tooLarge(line.length)
  if (!isUtf8(line)) throw new WireError('invalid_json', 'the line is not UTF-8')
  let value: unknown
  try {
    value = JSON.parse(line.toString())
  } catch (error) {
    throw new WireError('invalid_json', `not JSON: ${(error as Error).message}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new WireError(
      'invalid_envelope',
      'a frame is a JSON object: {"type":…,"session_id":…,"payload":{…}}',
    )
  if (nestsDeeper(value, jsonLevelsMax))
    throw new WireError('invalid_json', `nested more than ${jsonLevelsMax} levels deep`)
  return value
}

/** The error for a line of `length` bytes. */
export function tooLarge(length: number): WireError {
  return new WireError('frame_too_large', `the line has ${length} bytes; at most ${lineBytesMax} are taken`)
}

/** Whether parsed JSON has more levels than that: it parses, and then breaks the printer. */
export function nestsDeeper(value: object, levels: number): boolean {
  if (levels === 0) return true
  if (Array.isArray(value)) {
    // By index: asking an array for its keys is slow.
    for (let i = 0; i < value.length; i++) if (isDeeper(value[i], levels)) return true
    return false
  }
  for (const key in value) if (isDeeper((value as Record<string, unknown>)[key], levels)) return true
  return false
}

function isDeeper(inner: unknown, levels: number): boolean {
  return typeof inner === 'object' && inner !== null && nestsDeeper(inner, levels - 1)
}

type Issue = z.core.$ZodIssue

/** Says what was wrong, where, and what would be right. */
function faultOf(value: Record<string, unknown>, issue: Issue | undefined, spoken: Spoken): WireError {
  if (issue === undefined) return new WireError('invalid_envelope', 'the frame does not fit the protocol')
  const field = issue.path[0]
  if (field === 'type' && issue.path.length === 1) return typeFault(value['type'], spoken)
  if (field === 'version') {
    const version = Number(String(value['version']).replace(/^v/, ''))
    if (version > 1) {
      const message = `protocol version ${JSON.stringify(value['version'])} is not spoken here; this is version "1"`
      return new WireError('unsupported_version', message)
    }
  }
  const where = issue.path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
  const path = where.replace(/^\./, '') || 'the frame'
  const wanted = isPresent(value, issue.path) ? null : wantedBy(issue)
  const message = wanted === null ? `${path}: ${issue.message}` : `${path} is missing (${wanted})`
  const inPayload = field === 'payload' && issue.path.length > 1
  return new WireError(inPayload ? 'invalid_payload' : 'invalid_envelope', message)
}

/** What should stand where nothing does. */
function wantedBy(issue: Issue): string | null {
  if (issue.code === 'invalid_type') return issue.expected
  if (issue.code === 'invalid_value') return issue.values.map(String).join(', ')
  return null
}

function typeFault(type: unknown, { types, hubOnly }: Spoken): WireError {
  if (typeof type !== 'string') return new WireError('invalid_envelope', 'type is missing (string)')
  if (hubOnly.has(type)) return new WireError('role_violation', `only the hub sends ${JSON.stringify(type)}`)
  const given = JSON.stringify(type.slice(0, 64))
  return new WireError('unknown_type', `no frame type ${given}; a client sends: ${types}`)
}

function isPresent(value: unknown, path: readonly PropertyKey[]): boolean {
  let at = value
  for (const part of path) {
    if (typeof at !== 'object' || at === null) return false
    at = (at as Record<PropertyKey, unknown>)[part]
  }
  return at !== undefined
}
