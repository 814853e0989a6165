import { createRequire } from 'node:module'

// Loaded when it is needed, which is hardly ever: it takes 6 MB and 15 ms.
const loadParser = () => createRequire(import.meta.url)('jsonc-parser') as typeof import('jsonc-parser')

/** Characters that are read of JSON that is broken: a MiB of small objects would take a tenth of a second. */
const brokenCharsMax = 262_144

/**
 * Parses an event's JSON. Of JSON that ends too early, what could be read comes back: an object of those strings,
 * numbers, booleans and nulls of the outermost object that stand whole in its first 256 Ki characters.
 * @param text any text.
 * @returns undefined when nothing could be read.
 */
export function parseEvent(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const fields = readableFields(text.slice(0, brokenCharsMax))
    return fields.size === 0 ? undefined : Object.fromEntries(fields)
  }
}

function readableFields(text: string): Map<string, unknown> {
  const fields = new Map<string, unknown>()
  let depth = 0
  let isBroken = false
  let name: string | null = null
  let pending: [string, unknown] | null = null
  const enter = () => void depth++
  // A value is whole when something comes after it: 12 may be the beginning of 123.
  const settle = () => {
    if (depth !== 1) return
    if (pending !== null && !isBroken) fields.set(...pending)
    pending = null
    name = null
  }
  try {
    loadParser().visit(
      text,
      {
        onObjectBegin: enter,
        onArrayBegin: enter,
        onObjectEnd: (_offset, length) => {
          // An object that only the end of the text has ended has an end of no length.
          if (length > 0) settle()
          depth--
        },
        onArrayEnd: () => void depth--,
        onObjectProperty: (property) => {
          if (depth === 1) name = property
        },
        onLiteralValue: (value: unknown) => {
          if (depth === 1 && name !== null) pending = [name, value]
        },
        onSeparator: (character) => {
          if (character === ',') settle()
        },
        onError: () => {
          isBroken = true
        },
      },
      { disallowComments: true },
    )
  } catch {
    // Nested too deeply for the parser's stack: what came before is still good.
  }
  return fields
}
