import type { AgentState } from '../wire/messages.js'
import type { AgentStatus, DiffSummary, TaskSummary } from '../wire/source.js'
import { v1Status } from '../wire/v1-status.js'
import type { Judged } from './lifecycle/judge.js'

/** Who the agent is; does not change while it runs. */
export interface AgentIdentity {
  sessionId: string
  paneId: string
  agentId: string
  label: string
  projectRoot: string
  cwd: string
  /** The command's name, without its arguments: those may hold what nobody else should read. */
  command: string
  tabScope?: string | undefined
  /** The profile its status is read by. */
  profile: string
  /** A random id of this launch: the same agent started again has another. */
  launchId: string
  startedAtMs: number
}

/** What is known of it now. */
export interface AgentFacts {
  judged: Judged
  pid: number | null
  snippet: string | null
  lastActivityMs: number | null
  diff: DiffSummary | null
  tasks: Record<string, TaskSummary> | null
}

/**
 * The state that is published: seed 001's fields, and under `source` the payloads of seed 000
 * (`agent_status`, `diff_summary`, `task_summaries` by tag) beside what the lifecycle was derived from.
 */
export function agentState(who: AgentIdentity, facts: AgentFacts, nowMs: number): AgentState {
  const { judged, pid, snippet, lastActivityMs, diff, tasks } = facts
  return {
    agent_id: who.agentId,
    session_id: who.sessionId,
    pane_id: who.paneId,
    lifecycle: judged.lifecycle,
    ...(snippet !== null && { snippet }),
    last_heartbeat_ms: nowMs,
    ...(lastActivityMs !== null && { last_activity_ms: lastActivityMs }),
    updated_at_ms: nowMs,
    source: {
      kind: 'wrapper',
      label: who.label,
      command: who.command,
      profile: who.profile,
      launch_id: who.launchId,
      started_at_ms: who.startedAtMs,
      ...(pid !== null && { pid }),
      ...(who.tabScope && { tab_scope: who.tabScope }),
      status: judged.status,
      agent_status: agentStatus(who, judged),
      ...(diff !== null && { diff_summary: diff }),
      ...(tasks !== null && { task_summaries: tasks }),
    },
  }
}

function agentStatus(who: AgentIdentity, { lifecycle, status }: Judged): AgentStatus {
  return {
    agent_id: who.agentId,
    pane_id: who.paneId,
    project_root: who.projectRoot,
    cwd: who.cwd,
    ...v1Status(lifecycle, status.detail),
  }
}
