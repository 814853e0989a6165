import { kept, type Tag, type Task, type TaskStatus } from '../details.js'
import { compactColumnsMax } from '../model/parts.js'
import { agentsOf, type Model } from '../model/model.js'
import { workColumns, workItems, type WorkItem } from '../model/work-items.js'
import { drawNote, drawRoot, drawSession, head, headArea, putWhole, RowPen } from './cells.js'
import type { Grid, Span } from './grid.js'
import type { Area, ListView } from './list.js'
import { accent, faint, plain, strong, style, type Style } from './style.js'

/** Narrower than this only glyphs stand for words. */
const wordyColumns = 60

const glyphs: Readonly<Record<TaskStatus, string>> = {
  in_progress: '●',
  blocked: '✗',
  review: '◇',
  pending: '○',
  deferred: '–',
  done: '✓',
  other: '·',
}
const styles: Readonly<Record<TaskStatus, Style>> = {
  in_progress: style('running'),
  blocked: style('error'),
  review: style('hunk'),
  pending: faint,
  deferred: faint,
  done: style('added'),
  other: faint,
}

/** Tasks per tag: how far they are, and which are open. */
export const workView: ListView<WorkItem> = {
  items: workItems,

  head(grid, area, model) {
    if (area.rows < 1) return 0
    const tags = tagsOnce(workItems(model))
    if (tags.length === 0) return 1
    const total = { total: 0, done: 0, inProgress: 0, pending: 0, blocked: 0 }
    for (const { counts } of tags)
      for (const key of ['total', 'done', 'inProgress', 'pending', 'blocked'] as const)
        total[key] += counts[key]
    const active = tags.flatMap((tag) => tag.active)
    const pen = new RowPen(grid, headArea(area), false)
    const spans = countSpans({ counts: total, active })
    putWhole(pen, [[`${total.done} of ${total.total} tasks done`, faint], ...spans], ' · ')
    return 1
  },

  draw(item, isSelected, grid, area, model) {
    switch (item.kind) {
      case 'gap':
        return
      case 'session':
        return drawSession(item.sessionId, grid, area)
      case 'project':
        return drawProject(item, isSelected, grid, area)
      case 'tag':
        return drawTag(item, isSelected, grid, area, model)
      case 'task':
        return drawTask(item, isSelected, grid, area, model)
      case 'note':
        return drawNote(item, isSelected, grid, area)
    }
  },

  empty(model) {
    if (model.filter !== '') return [`Nothing here matches "${model.filter}".`, 'Esc clears the filter.']
    const agents = [...model.sessions.values()].some((session) => agentsOf(session).size > 0)
    return agents
      ? ['No agent has told of tasks yet.', 'They come from .taskmaster/tasks/tasks.json of its project.']
      : ['No tasks: there is no agent yet.', 'Start one: aoc-agent-wrap -- claude']
  },
}

/** The tags of each project once, though agents of several sessions work in it. */
const tagsOnce = kept((items: readonly WorkItem[]): readonly Tag[] => {
  const found = new Map<string, Tag[]>()
  let tags: Tag[] = []
  const take = (root: string): void => {
    // A session that knows none of its tags says less than one that does.
    if ((found.get(root)?.length ?? 0) === 0) found.set(root, tags)
  }
  for (const item of items) {
    if (item.kind === 'project') {
      tags = []
      // Who does not say where it is shares nothing.
      take(item.root === '' ? item.key : item.root)
    } else if (item.kind === 'tag') tags.push(item.tag)
  }
  return [...found.values()].flat()
})

type Of<K extends WorkItem['kind']> = Extract<WorkItem, { kind: K }>

function drawProject({ root, labels }: Of<'project'>, isSelected: boolean, grid: Grid, area: Area): void {
  const pen = new RowPen(grid, area, isSelected)
  drawRoot(pen, root, labels)
}

function drawTag({ tag }: Of<'tag'>, isSelected: boolean, grid: Grid, area: Area, model: Model): void {
  const columns = workColumns(model)
  const isCompact = area.columns <= compactColumnsMax
  const pen = new RowPen(grid, area, isSelected).skip(2)
  pen.put(tag.tag, accent, Math.min(columns.tag, Math.max(6, Math.floor(area.columns / 4)))).skip(2)
  if (tag.fault !== null) return
  const { counts } = tag
  if (counts.total === 0) {
    pen.put('no tasks in it', faint)
    return
  }
  const size = area.columns < wordyColumns ? 10 : isCompact ? 20 : 30
  pen.putAll(barSpans(counts, Math.min(size, pen.room - columns.count - 2))).skip(2)
  pen.putNumber(`${counts.done}/${counts.total}`, plain, columns.count)
  if (!isCompact) pen.putNumber(`${percent(counts)}%`, faint, 6)
  pen.skip(2)
  if (counts.done >= counts.total) pen.put(pen.room < 10 ? '✓' : '✓ all done', styles.done)
  else putWhole(pen, countSpans(tag), ' · ')
}

/** What is not done, in words; nothing of what there is none of. */
function countSpans({ counts, active }: Pick<Tag, 'counts' | 'active'>): Span[] {
  const { total, done, inProgress, pending, blocked } = counts
  const uncounted = Math.max(0, total - done - inProgress - pending - blocked)
  // Those without a count of their own are told by the tasks that are listed.
  const listed = (wanted: TaskStatus): number => active.filter(({ status }) => status === wanted).length
  const review = Math.min(uncounted, listed('review'))
  const deferred = Math.min(uncounted - review, listed('deferred'))
  const spans: [number, string, Style][] = [
    [inProgress, 'in progress', styles.in_progress],
    [blocked, 'blocked', styles.blocked],
    [review, 'in review', styles.review],
    [pending, 'pending', faint],
    [deferred, 'deferred', faint],
    [uncounted - review - deferred, 'cancelled or other', faint],
  ]
  return spans.filter(([count]) => count > 0).map(([count, word, of]): Span => [`${count} ${word}`, of])
}

/** Rounded down: 100 % is all of them. */
function percent({ done, total }: Tag['counts']): number {
  return Math.floor((Math.min(done, total) / total) * 100)
}

/** What is done, what is worked on, and the rest; each part that there is takes a column at least. */
export function barSpans({ total, done, inProgress }: Tag['counts'], columns: number): Span[] {
  if (columns < 1 || total <= 0) return []
  const share = (count: number): number =>
    count <= 0 ? 0 : Math.max(1, Math.floor((count / total) * columns))
  const isAllDone = done >= total
  const doneColumns = isAllDone ? columns : Math.min(columns - 1, share(done))
  const progressColumns = Math.min(columns - doneColumns, share(inProgress))
  return [
    ['━'.repeat(doneColumns), styles.done],
    ['╍'.repeat(progressColumns), styles.in_progress],
    ['─'.repeat(columns - doneColumns - progressColumns), faint],
  ]
}

function drawTask({ task }: Of<'task'>, isSelected: boolean, grid: Grid, area: Area, model: Model): void {
  const columns = workColumns(model)
  const pen = new RowPen(grid, area, isSelected).skip(2)
  pen.put(task.isWorkedOn ? '▸ ' : '  ', accent)
  pen.put(task.id, task.isWorkedOn ? accent : faint, columns.id).skip(1)
  const isWordy = area.columns >= wordyColumns
  pen.skip(isWordy ? 1 : 0)
  const word = statusWord(task)
  pen.put(
    isWordy ? `${glyphs[task.status]} ${word}` : glyphs[task.status],
    styles[task.status],
    isWordy ? 13 : 1,
  )
  pen.skip(isWordy ? 2 : 1)
  const isUrgent = task.priority === 'high' || task.priority === 'critical'
  const urgency = isUrgent ? style('warning') : faint
  if (isWordy && columns.priority > 0) pen.put(task.priority, urgency, columns.priority).skip(2)
  else if (isUrgent) pen.put('! ', urgency)
  const isTold = task.isWorkedOn && area.columns > compactColumnsMax
  const told = isTold ? '  an agent works on it' : ''
  pen.put(head(task.title, pen.room - told.length), task.isWorkedOn ? strong : plain).put(told, faint)
}

function statusWord({ status, statusText }: Task): string {
  return status === 'in_progress' ? 'in progress' : status === 'other' ? statusText : status
}
