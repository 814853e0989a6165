import type { Intent } from './intent.js'
import type { Model } from './model.js'
import { partsOf } from './parts.js'

/** How far an intent scrolls what is read, in rows; null for one that does not. */
export function scrollOf(model: Model, intent: Intent): number | null {
  if (intent.kind === 'move' || intent.kind === 'scroll') return intent.by
  if (intent.kind === 'page') return intent.by * Math.max(1, partsOf(model).body.rows - 2)
  if (intent.kind === 'edge') return intent.to === 'first' ? -Infinity : Infinity
  return null
}
