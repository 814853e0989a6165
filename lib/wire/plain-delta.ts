import { changesPerDeltaMax, idCharsMax } from './limits.js'
import { lifecycles, type ClientFrame } from './messages.js'

const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/
const lifecycleWords: ReadonlySet<unknown> = new Set([...lifecycles, 'busy', 'needs-input'])

/**
 * Whether a parsed line is a delta that `ClientEnvelope` takes and gives back as it is: upserts with every field of
 * its plain type, nothing null, nothing unknown outside of `state`. Deltas are nearly all that a hub reads, and this
 * costs a tenth of asking the schema. False says nothing: the schema decides, and names the fault.
 */
export function isPlainDelta(value: unknown): value is ClientFrame<'delta'> {
  const frame = value as Record<string, unknown>
  if (frame['type'] !== 'delta' || !isKnownId(frame['session_id']) || !isPayload(frame['payload']))
    return false
  for (const key in frame) {
    const field = frame[key]
    switch (key) {
      case 'type':
      case 'session_id':
      case 'payload':
        break
      case 'version':
        if (field !== '1') return false
        break
      case 'sender_id':
      case 'request_id':
        if (!isKnownId(field) || field.length === 0 || controlCharacter.test(field)) return false
        break
      case 'timestamp':
        if (typeof field !== 'string' || field.length > 64) return false
        break
      default:
        return false
    }
  }
  return true
}

function isPayload(value: unknown): boolean {
  if (!isObject(value)) return false
  const { changes } = value
  if (!Array.isArray(changes) || changes.length > changesPerDeltaMax) return false
  for (const key in value)
    if (key !== 'changes' && (key !== 'seq' || !Number.isFinite(value[key]))) return false
  for (const change of changes) if (!isUpsert(change)) return false
  return true
}

function isUpsert(value: unknown): boolean {
  if (!isObject(value)) return false
  if (value['op'] !== 'upsert' || !isKnownId(value['agent_id']) || !isState(value['state'])) return false
  for (const key in value) if (key !== 'op' && key !== 'agent_id' && key !== 'state') return false
  return true
}

function isState(value: unknown): boolean {
  if (!isObject(value) || !lifecycleWords.has(value['lifecycle'])) return false
  for (const key in value) {
    const field = value[key]
    switch (key) {
      case 'agent_id':
      case 'session_id':
      case 'pane_id':
        if (!isKnownId(field)) return false
        break
      case 'snippet':
        if (typeof field !== 'string') return false
        break
      case 'last_heartbeat_ms':
      case 'last_activity_ms':
      case 'updated_at_ms':
        if (!Number.isSafeInteger(field) || (field as number) < 0) return false
        break
      case '__proto__':
        return false
      default:
      // Kept as it is.
    }
  }
  return true
}

function isKnownId(value: unknown): value is string {
  return typeof value === 'string' && value.length <= idCharsMax
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
