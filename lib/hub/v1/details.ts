import * as z from 'zod'
import type { AgentState, HubHealth } from '../../wire/messages.js'

const word = z.string().optional().catch(undefined)
const Source = z
  .object({
    label: word,
    kind: word,
    status: z.object({ blind: word.nullable() }).optional().catch(undefined),
    diff_summary: z
      .object({ git_available: z.boolean(), reason: word.nullable() })
      .optional()
      .catch(undefined),
    task_summaries: z
      .record(z.string(), z.object({ error: z.object({ code: z.string() }).nullish().catch(undefined) }))
      .optional()
      .catch(undefined),
  })
  .catch({})

/**
 * What `/health?details=true` answers: the hub as the mode Health of `aoc-pulse` shows it, and of each agent its last
 * sign of life and what is missing. Pure.
 */
export function healthDetails(
  health: HubHealth,
  around: { sessionId: string; socketPath: string },
  states: readonly AgentState[],
  nowMs: number,
): object {
  return {
    status: 'ok',
    hub: { session_id: around.sessionId, socket: around.socketPath, ...health },
    agents: states.map((state) => agentDetails(state, nowMs)),
  }
}

function agentDetails(state: AgentState, nowMs: number): object {
  const { label, kind, status, diff_summary: diff, task_summaries: tasks } = Source.parse(state.source ?? {})
  const beatMs = state.last_heartbeat_ms
  return {
    agent_id: state.agent_id,
    label: label ?? null,
    kind: kind ?? null,
    lifecycle: state.lifecycle,
    heartbeat_age_ms: beatMs ? Math.max(0, nowMs - beatMs) : null,
    blind: status?.blind ?? null,
    git: diff === undefined ? null : diff.git_available ? 'ok' : (diff.reason ?? 'error'),
    tasks: Object.fromEntries(
      Object.entries(tasks ?? {}).map(([tag, { error }]) => [tag, error?.code ?? 'ok']),
    ),
  }
}
