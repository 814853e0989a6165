import * as z from 'zod'
import type { AgentState } from '../wire/messages.js'
import { stateText } from './lifecycle-look.js'
import { rowOf } from './row.js'
import { duration, printable } from './text.js'

/** One signal of an explanation, as the wrapper gives it. docs/PROTOCOL.md, "explain". */
const Claim = z.looseObject({
  origin: z.string(),
  lifecycle: z.string(),
  confidence: z.number(),
  evidence: z.string(),
  age_ms: z.number(),
  why: z.string().optional(),
})
const Explanation = z.looseObject({
  agent_id: z.string(),
  lifecycle: z.string(),
  status: z.looseObject({
    attention: z.string(),
    detail: z.string().nullish(),
    since_ms: z.number(),
    background: z.number(),
    blind: z.string().nullish(),
  }),
  deciding: Claim,
  losing: z.array(Claim),
  missing: z.array(z.string()),
})

/** How sure a signal is, in words. */
const sureness = [
  'unknown',
  'by the process, a key, the screen or silence',
  'by the terminal',
  'said by the agent',
]

/**
 * An agent's explanation for people: what decides, how old it is, what lost to it and why, and what is missing. Pure.
 * @throws {z.ZodError} when it is none.
 */
export function explanationLines(result: unknown, nowMs: number): string[] {
  const { agent_id: id, lifecycle, status, deciding, losing, missing } = Explanation.parse(result)
  const lines = [`${printable(id)} is ${printable(lifecycle)} for ${duration(nowMs - status.since_ms)}`]
  const waits = [status.attention === 'none' ? '' : status.attention, status.detail ?? ''].filter(Boolean)
  if (waits.length > 0) lines.push(`  ${printable(waits.join(': '))}`)
  if (status.background > 0) lines.push(`  ${status.background} in the background`)
  lines.push(decidedBy(deciding))
  for (const claim of losing) lines.push(`not by      ${claimLine(claim)}: ${printable(claim.why ?? '')}`)
  for (const one of missing) lines.push(`missing     ${printable(one)}`)
  return lines
}

/** What decided the status of one that cannot explain itself. docs/PROTOCOL.md, "status". */
const Told = z.looseObject({
  status: z.looseObject({ origin: z.string(), confidence: z.number(), evidence: z.string() }),
})

/** What is known of an agent that cannot explain itself: what its state says, and by whose word. Pure. */
export function stateLines(state: AgentState, nowMs: number): string[] {
  const row = rowOf(state)
  const { sinceMs, detail } = row
  const since = sinceMs === null ? '' : ` for ${duration(nowMs - sinceMs)}`
  const lines = [`${row.agentId} is ${stateText(row).slice(2)}${since}`]
  if (detail !== '') lines.push(`  ${detail}`)
  const told = Told.safeParse(state.source)
  if (!told.success) return [...lines, 'decided by  nothing: it has not said what it does']
  const { origin, confidence, evidence } = told.data.status
  const claim = { origin, lifecycle: row.lifecycle, confidence, evidence, age_ms: nowMs - (sinceMs ?? nowMs) }
  return [...lines, decidedBy(claim)]
}

function decidedBy(deciding: z.infer<typeof Claim>): string {
  const sure = sureness[deciding.confidence] ?? ''
  return `decided by  ${claimLine(deciding)}  (${deciding.confidence}: ${sure})`
}

function claimLine({ origin, lifecycle, evidence, age_ms: ageMs }: z.infer<typeof Claim>): string {
  return `${printable(origin)} → ${printable(lifecycle)}, ${duration(ageMs)} ago: ${JSON.stringify(printable(evidence))}`
}
