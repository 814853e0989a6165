import { readDiffSummary } from '../../project/git.js'
import { readTaskSummaries } from '../../project/tasks.js'
import type { Env } from '../../wire/identity.js'
import type { AgentState } from '../../wire/messages.js'
import type { AgentStatus, DiffSummary, TaskSummary } from '../../wire/source.js'

/** What a project's repository and its tasks say. */
export interface ProjectFound {
  diff: DiffSummary
  tasks: Record<string, TaskSummary>
}

/** Projects that are read in one round; agents in others have no diff. */
export const projectsMax = 32
/** A git that takes longer is stopped, and said so. */
const gitTimeoutMs = 10_000

/** Reads projects, one after the other. Never throws. */
export async function readProjects(
  roots: readonly string[],
  env: Env,
  signal: AbortSignal,
): Promise<Map<string, ProjectFound>> {
  const found = new Map<string, ProjectFound>()
  for (const projectRoot of new Set(roots)) {
    if (signal.aborted || found.size >= projectsMax) break
    const question = { agentId: '', projectRoot }
    const [diff, tasks] = await Promise.all([
      readDiffSummary({ ...question, env: { ...env }, signal, timeoutMs: gitTimeoutMs }),
      readTaskSummaries(question),
    ])
    found.set(projectRoot, { diff, tasks })
  }
  return found
}

/** What of a project is said under a name of its own. Pure. */
export function projectFor(agentId: string, { diff, tasks }: ProjectFound): ProjectFound {
  const own: Record<string, TaskSummary> = Object.create(null)
  for (const [tag, summary] of Object.entries(tasks)) own[tag] = { ...summary, agent_id: agentId }
  return { diff: { ...diff, agent_id: agentId }, tasks: own }
}

/** The project of an agent that is known by its process alone; null for one that tells of its project itself. */
export function bareRootOf({ source }: AgentState): string | null {
  const { kind, agent_status: v1 } = (source ?? {}) as { kind?: unknown; agent_status?: Partial<AgentStatus> }
  const root: unknown = v1?.project_root
  return kind === 'process' && typeof root === 'string' ? root : null
}

/** The state of such an agent with what its project says. Pure. */
export function withProject(state: AgentState, projects: ReadonlyMap<string, ProjectFound>): AgentState {
  const found = projects.get(bareRootOf(state) ?? '')
  if (found === undefined) return state
  const { diff, tasks } = projectFor(state.agent_id, found)
  return { ...state, source: { ...(state.source as object), diff_summary: diff, task_summaries: tasks } }
}
