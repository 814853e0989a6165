import * as z from 'zod'
import { lifecycles } from '../../wire/messages.js'
import { reportable } from '../../wire/reportable.js'
import { oneLine } from '../snippet.js'

/**
 * One line of a trace: everything that one agent's status came from, so that it can be judged again. NDJSON; `at` is
 * milliseconds since the launch. Lines that are blank or start with `#` are skipped.
 */
const at = z.number().nonnegative().max(1e12)
const Text = z.string()

export const traceVersion = 1

export const TraceEntry = z.discriminatedUnion('kind', [
  /** The first line. */
  z.object({
    at,
    kind: z.literal('launch'),
    trace: z.literal(traceVersion),
    profile: z.enum(['claude', 'codex', 'gemini', 'opencode', 'any']),
    command: Text.optional(),
    columns: z.int().min(1).max(1_000).default(80),
    rows: z.int().min(1).max(1_000).default(24),
    /** Why its own events could not come. */
    blind: Text.regex(/^\w{1,40}$/)
      .nullable()
      .default(null),
    /** Whether there was a terminal. */
    terminal: z.boolean().default(true),
  }),
  z.object({ at, kind: z.literal('output'), text: Text }),
  z.object({ at, kind: z.literal('keys'), text: Text }),
  z.object({
    at,
    kind: z.literal('event'),
    source: Text,
    pid: z.int().nullable().default(null),
    body: z.unknown(),
  }),
  z.object({
    at,
    kind: z.literal('report'),
    lifecycle: z.enum(reportable),
    detail: Text.nullable().default(null),
  }),
  z.object({
    at,
    kind: z.literal('size'),
    columns: z.int().min(1).max(1_000),
    rows: z.int().min(1).max(1_000),
  }),
  z.object({ at, kind: z.literal('process'), is: z.enum(['started', 'stopped', 'continued']) }),
  z.object({
    at,
    kind: z.literal('exited'),
    code: z.int(),
    signal: Text.nullable().default(null),
    asked: z.boolean().default(false),
  }),
  /** What was shown when the trace was recorded. */
  z.object({
    at,
    kind: z.literal('status'),
    lifecycle: z.enum(lifecycles),
    status: z.looseObject({ origin: Text, confidence: z.int(), attention: Text, evidence: Text }),
  }),
  /** The end, after which nothing happens: time goes on until then. */
  z.object({ at, kind: z.literal('end') }),
])
export type TraceEntry = z.infer<typeof TraceEntry>
export type TraceLaunch = Extract<TraceEntry, { kind: 'launch' }>

/** A trace has no more lines that say something. */
const entriesMax = 1_000_000

/** What is wrong with a trace; `message` names the line and is fit to be shown. */
export class TraceError extends Error {
  override readonly name = 'TraceError'

  constructor(message: string) {
    super(oneLine(message))
  }
}

/**
 * Reads a trace.
 * @throws {TraceError} with the line's number when one is not what it should be.
 */
export function parseTrace(text: string): [TraceLaunch, ...TraceEntry[]] {
  const entries: TraceEntry[] = []
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const entry = entryOf(line, i + 1)
    if (entry.at < (entries.at(-1)?.at ?? 0)) throw new TraceError(`line ${i + 1}: at: time goes back`)
    if (entries.length === entriesMax) throw new TraceError(`line ${i + 1}: more than ${entriesMax} entries`)
    entries.push(entry)
  }
  const [first, ...rest] = entries
  if (first?.kind !== 'launch')
    throw new TraceError('line 1: a trace begins with a line of the kind "launch"')
  return [first, ...rest]
}

function entryOf(line: string, number: number): TraceEntry {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw new TraceError(`line ${number}: not JSON: ${(error as Error).message}`)
  }
  const parsed = TraceEntry.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new TraceError(`line ${number}: ${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'invalid'}`)
}
