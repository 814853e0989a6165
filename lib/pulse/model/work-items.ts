import { kept, projectRootOf, readTasks, tasksOf, type Tag, type Task } from '../details.js'
import { printable, widthOf } from '../text.js'
import type { Item } from '../view/list.js'
import type { Model, Session } from './model.js'
import { compactColumnsMax } from './parts.js'
import { noteItems, tasksNote, type NoteItem } from './notes.js'
import {
  dependsOn,
  filterOf,
  filterText,
  hereOf,
  keptRows,
  labelsOf,
  onlyAgent,
  sessionsOf,
  sharedOf,
  type Shared,
} from './roots.js'

/** Columns that all rows agree on. */
export interface WorkColumns {
  readonly tag: number
  readonly count: number
  readonly id: number
  readonly priority: number
}

/** A row of the Work mode. */
export type WorkItem = Item &
  (
    | { readonly kind: 'session'; readonly key: null; readonly sessionId: string }
    | { readonly kind: 'gap'; readonly key: null }
    | {
        readonly kind: 'project'
        readonly key: string
        readonly sessionId: string
        /** The one agent that works there; null when there are several or none. */
        readonly agentId: string | null
        readonly root: string
        readonly labels: readonly string[]
      }
    | {
        readonly kind: 'tag'
        readonly key: string
        readonly sessionId: string
        readonly agentId: string | null
        readonly tag: Tag
      }
    | {
        readonly kind: 'task'
        readonly key: string
        readonly sessionId: string
        readonly agentId: string | null
        readonly task: Task
      }
    | NoteItem
  )

type Project = Shared<readonly Tag[]>
interface Listed {
  readonly items: readonly WorkItem[]
  readonly columns: WorkColumns
}
const listed = kept((model: Model): Listed => listOf(model))
const rowsKept = keptRows<WorkItem>()
const hereTasks = kept((here: { tasks: unknown }) => readTasks(here.tasks))

/** The projects that agents work in, each with its tags and their active tasks. Pure. */
export function workItems(model: Model): readonly WorkItem[] {
  return listed(model).items
}

/** The columns of all tags and tasks. */
export function workColumns(model: Model): WorkColumns {
  return listed(model).columns
}

function listOf(model: Model): Listed {
  const isRoomy = model.columns > compactColumnsMax && model.rows >= 30
  const items: WorkItem[] = []
  const values: (readonly Tag[])[] = []
  for (const session of sessionsOf(model)) {
    const projects = projectsOf(session, model.filter)
    if (model.isAll && projects.length > 0) items.push({ kind: 'session', key: null, sessionId: session.id })
    for (const [i, project] of projects.entries()) {
      if (i > 0 && isRoomy) items.push({ kind: 'gap', key: null })
      const { value, root, agents } = project
      values.push(value)
      const depends = `${model.columns}\n${session.id}\n${root}\n${dependsOn(agents)}`
      const rows = rowsKept(value, depends, () => projectItems(model, session, project))
      for (const row of rows) items.push(row)
    }
  }
  return { items, columns: columnsOf(values) }
}

function projectsOf(session: Session, filter: string): Project[] {
  const projects: Project[] = sharedOf(session, (state) => {
    const value = tasksOf(state)
    if (value === null) return null
    const rank = value.some(({ fault }) => fault === null) ? 0 : 1
    return { root: projectRootOf(state), value, rank }
  })
  const here = hereOf(session)
  const tags = here === null ? null : hereTasks(here)
  if (here !== null && tags !== null && !projects.some(({ root }) => root === here.projectRoot))
    projects.unshift({ root: here.projectRoot, agents: [], value: tags })
  // Where there are no tasks there is little to see.
  const isBare = ({ value }: Project): boolean => value.every(({ fault }) => fault?.code === 'tasks_missing')
  return filtered([...projects.filter((project) => !isBare(project)), ...projects.filter(isBare)], filter)
}

/** A project stays whole when it is meant; else what is meant of it stays. */
function filtered(projects: Project[], filter: string): Project[] {
  const passes = filterOf(filter)
  if (passes === null) return projects
  return projects.flatMap((project) => {
    const around = `${filterText(project.agents)}\n${printable(project.root)}`
    if (passes(around)) return [project]
    const value = project.value.flatMap((tag) => {
      if (passes(around, tag.tag)) return [tag]
      const active = tag.active.filter(({ id, title }) => passes(around, tag.tag, id, title))
      return active.length > 0 ? [{ ...tag, active }] : []
    })
    return value.length > 0 ? [{ ...project, value }] : []
  })
}

function projectItems(model: Model, session: Session, project: Project): WorkItem[] {
  const { root, agents, value } = project
  const agentId = onlyAgent(agents)
  const key = `${session.id}\n${root === '' ? agents[0]?.state.agent_id : root}`
  const of = { sessionId: session.id, agentId }
  const items: WorkItem[] = [{ kind: 'project', key, ...of, root: printable(root), labels: labelsOf(agents) }]
  for (const [i, tag] of value.entries()) {
    // By its place, for two tags may look the same.
    const tagKey = `${key}\n${i}`
    const note = tasksNote(tag)
    // A fault of the whole file is told of a tag that is not there.
    if (note === null || value.length > 1) items.push({ kind: 'tag', key: tagKey, ...of, tag })
    if (note !== null) items.push(...noteItems(note, { key: `${tagKey}\nnote`, ...of }, model.columns))
    for (const [j, task] of tag.active.entries())
      items.push({ kind: 'task', key: `${tagKey}\n${j}\n${task.id}`, ...of, task })
  }
  return items
}

const widestOf = kept((tags: readonly Tag[]): WorkColumns => {
  const tasks = tags.flatMap(({ active }) => active)
  return {
    tag: widest(tags.map(({ tag }) => tag)),
    count: widest(tags.map(({ counts }) => `${counts.done}/${counts.total}`)),
    id: widest(tasks.map(({ id }) => id)),
    priority: widest(tasks.map(({ priority }) => priority)),
  }
})

/** No column is wider than this. */
const columnsMax: WorkColumns = { tag: 24, count: 12, id: 8, priority: 8 }

function columnsOf(values: readonly (readonly Tag[])[]): WorkColumns {
  const columns = values.map(widestOf)
  const of = (key: keyof WorkColumns): number =>
    columns.reduce((found, one) => Math.min(columnsMax[key], Math.max(found, one[key])), 0)
  return { tag: of('tag'), count: of('count'), id: of('id'), priority: of('priority') }
}

function widest(texts: readonly string[]): number {
  return texts.reduce((found, text) => Math.max(found, widthOf(text)), 0)
}
