/** What a v1 publisher has told of its agent, as it is kept in a state. */
export interface Told {
  status: object | null
  diff: Record<string, unknown> | null
  /** By tag. */
  tasks: ReadonlyMap<string, Record<string, unknown>>
}

const statusKeys = ['agent_id', 'status', 'pane_id', 'project_root', 'cwd', 'message']
const diffKeys = ['agent_id', 'repo_root', 'git_available', 'reason', 'summary', 'files']
const fileKeys = ['path', 'status', 'additions', 'deletions', 'staged', 'untracked']
const tasksKeys = ['agent_id', 'tag', 'counts', 'active_tasks', 'error']
const taskKeys = ['id', 'title', 'status', 'priority', 'active_agent']

/**
 * The same in at most so many bytes of JSON. What is cut, in this order, each only when it is not enough yet: fields that
 * v1 does not name; files of the diff, which `files_total` counts; the lists of active tasks; all of the tasks but their
 * counts. Pure.
 */
export function fitted(told: Told, bytesMax: number): Told {
  if (bytesOf(told) <= bytesMax) return told
  const named = namedOnly(told)
  if (bytesOf(named) <= bytesMax) return named
  const bare = { ...named, diff: named.diff && { ...named.diff, files: [] } }
  for (const less of [bare, { ...bare, tasks: without(bare.tasks, 'active_tasks') }]) {
    const room = bytesMax - bytesOf(less)
    if (room >= 0) return { ...less, diff: named.diff && withFiles(named.diff, room) }
  }
  const tasks = without(without(bare.tasks, 'active_tasks'), 'error')
  const least = { ...bare, tasks, diff: named.diff && withFiles(named.diff, 0) }
  return bytesOf(least) <= bytesMax ? least : { ...least, tasks: new Map() }
}

/** UTF-8 bytes as JSON. */
function bytesOf({ status, diff, tasks }: Told): number {
  return Buffer.byteLength(JSON.stringify([status, diff, [...tasks]]))
}

function namedOnly({ status, diff, tasks }: Told): Told {
  return {
    status: status && pick(status, statusKeys),
    diff: diff && { ...pick(diff, diffKeys), ...listOf(diff, 'files', fileKeys) },
    tasks: mapTags(tasks, (summary) => ({
      ...pick(summary, tasksKeys),
      ...listOf(summary, 'active_tasks', taskKeys),
    })),
  }
}

function listOf(value: Record<string, unknown>, name: string, keys: readonly string[]): object {
  const list = value[name]
  return Array.isArray(list) ? { [name]: (list as object[]).map((entry) => pick(entry, keys)) } : {}
}

/** The diff with as many of its files as there is room for. */
function withFiles(diff: Record<string, unknown>, room: number): Record<string, unknown> {
  const files = diff['files'] as object[]
  // Room for the count itself.
  let left = room - 32
  const kept = files.findIndex((file) => (left -= Buffer.byteLength(JSON.stringify(file)) + 1) < 0)
  return kept === -1 ? diff : { ...diff, files: files.slice(0, kept), files_total: files.length }
}

function without(tasks: Told['tasks'], key: string): Told['tasks'] {
  return mapTags(tasks, (summary) =>
    Object.fromEntries(Object.entries(summary).filter(([name]) => name !== key)),
  )
}

function mapTags(
  tasks: Told['tasks'],
  cut: (summary: Record<string, unknown>) => Record<string, unknown>,
): Told['tasks'] {
  return new Map([...tasks].map(([tag, summary]) => [tag, cut(summary)]))
}

function pick(value: object, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => keys.includes(key)))
}
