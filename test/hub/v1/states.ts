import type { AgentState } from '../../../lib/wire/messages.js'
import type { Fields } from './payloads.js'
import type { V1Stage } from './stage.js'

/** The parts of a v1 agent's state that the tests look at. */
export interface Source extends Fields {
  diff_summary?: { files: Fields[]; files_total?: number; summary: Fields }
  task_summaries?: Record<string, Fields>
  agent_status?: Fields
  last_error?: Fields
  last_task_update?: Fields
}
export const sourceOf = (state: AgentState | undefined): Source => (state?.source ?? {}) as Source
export const onlyState = (stage: V1Stage): AgentState => {
  const states = stage.core.states()
  if (states.length !== 1) throw new Error(`${states.length} agents`)
  return states[0]!
}
