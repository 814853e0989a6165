import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { tasksFileBytesMax } from '../wire/limits.js'
import type { TaskSummary } from '../wire/source.js'
import { readRegularFile, UnreadableError } from './regular-file.js'
import { failedSummary, parseTasks, TasksError } from './tasks-parse.js'

/** Where Taskmaster keeps its tasks, from the project root. */
export const tasksPath = '.taskmaster/tasks/tasks.json'

/** How long a file that does not parse is given to be written to its end. */
const halfWrittenMs = 50

/**
 * Reads the state of the project's Taskmaster tasks.
 * Never throws: without a file there is the one tag "master" with the error `tasks_missing`; a file that cannot be read
 * as tasks gives "master" with `tasks_malformed`, with line and column when it is not JSON; one tag that is wrong in
 * itself gives that error for this tag only. Counts are 0 wherever there is an error.
 * @returns summaries by tag, on an object without prototype; what is in one is said at {@link parseTasks}.
 * Seed 000, "task_summary", "Error Semantics and Degraded States".
 */
export async function readTaskSummaries({
  agentId,
  projectRoot,
}: {
  agentId: string
  projectRoot: string
}): Promise<Record<string, TaskSummary>> {
  const path = join(projectRoot, tasksPath)
  const read = async () => parseTasks(agentId, await readRegularFile(path, tasksFileBytesMax))
  try {
    return await read().catch(async (error: unknown) => {
      if (!(error instanceof TasksError && error.code === 'syntax')) throw error
      await delay(halfWrittenMs)
      return read()
    })
  } catch (error) {
    const missing = error instanceof UnreadableError && error.code === 'missing'
    const message =
      error instanceof UnreadableError
        ? `${tasksPath}: ${error.message}.`
        : `${tasksPath}: ${error instanceof Error ? error.message : String(error)}`
    const code = missing ? 'tasks_missing' : 'tasks_malformed'
    const summaries: Record<string, TaskSummary> = Object.create(null)
    summaries.master = failedSummary(agentId, 'master', code, message)
    return summaries
  }
}
