import { kept, type Diff } from '../details.js'
import { diffColumns, diffItems, type DiffItem } from '../model/diff-items.js'
import { agentsOf, type Model } from '../model/model.js'
import { drawNote, drawRoot, drawSession, headArea, putWhole, RowPen } from './cells.js'
import type { Grid, Span } from './grid.js'
import type { Area, ListView } from './list.js'
import { faint, plain, style, type Style } from './style.js'

/** Narrower than this only letters stand for words. */
const wordyColumns = 60

/** Files that the agents have changed, per repository. */
export const diffView: ListView<DiffItem> = {
  items: diffItems,

  head(grid, area, model) {
    if (area.rows < 1) return 0
    const diffs = diffsOnce(diffItems(model))
    const sum = (of: (diff: Diff) => number): number => diffs.reduce((total, diff) => total + of(diff), 0)
    if (diffs.length === 0) return 1
    const repositories = diffs.filter(({ reason }) => reason === null).length
    const spans: Span[] = [
      [
        counted(
          sum(({ filesTotal }) => filesTotal),
          'change',
          'changes',
        ),
        faint,
      ],
      ['  ', plain],
      ...lineSpans({ additions: sum((diff) => diff.additions), deletions: sum((diff) => diff.deletions) }),
      [`  in ${counted(repositories, 'repository', 'repositories')}`, faint],
    ]
    putWhole(new RowPen(grid, headArea(area), false), spans, '')
    return 1
  },

  draw(item, isSelected, grid, area, model) {
    switch (item.kind) {
      case 'gap':
        return
      case 'session':
        return drawSession(item.sessionId, grid, area)
      case 'repository':
        return drawRepository(item, isSelected, grid, area)
      case 'file':
        return drawFile(item, isSelected, grid, area, model)
      case 'note':
        return drawNote(item, isSelected, grid, area)
    }
  },

  empty(model) {
    if (model.filter !== '') return [`Nothing here matches "${model.filter}".`, 'Esc clears the filter.']
    const agents = [...model.sessions.values()].some((session) => agentsOf(session).size > 0)
    return agents
      ? ['No agent has told of changes yet.', 'They come from git, in the folder it was started in.']
      : ['No changes: there is no agent yet.', 'Start one: aoc-agent-wrap -- claude']
  },
}

/** Each repository once, though agents of several sessions work in it; the diff of one that has any. */
const diffsOnce = kept((items: readonly DiffItem[]): readonly Diff[] => {
  const found = new Map<string, Diff>()
  for (const item of items) {
    if (item.kind !== 'repository') continue
    const root = item.root === '' ? item.key : item.root
    const known = found.get(root)
    if (known === undefined || known.reason !== null) found.set(root, item.diff)
  }
  return [...found.values()]
})

function counted(count: number, one: string, more: string): string {
  return `${count} ${count === 1 ? one : more}`
}

type Of<K extends DiffItem['kind']> = Extract<DiffItem, { kind: K }>

function drawRepository(
  { root, labels, diff }: Of<'repository'>,
  isSelected: boolean,
  grid: Grid,
  area: Area,
): void {
  const pen = new RowPen(grid, area, isSelected)
  const more: Span[][] = diff.branch === '' ? [] : [[[`@${diff.branch}`, faint]]]
  if (diff.reason === null && diff.filesTotal === 0) more.push([['clean', faint]])
  else if (diff.reason === null) {
    const isShort = area.columns < wordyColumns
    const changes = isShort ? `${diff.filesTotal} ` : `${counted(diff.filesTotal, 'change', 'changes')}  `
    more.push([[changes, faint], ...lineSpans(diff)])
  }
  drawRoot(pen, root, labels, more)
}

function lineSpans({ additions, deletions }: { additions: number; deletions: number }): Span[] {
  return [
    [`+${additions}`, additions === 0 ? faint : style('added')],
    [' ', plain],
    [`-${deletions}`, deletions === 0 ? faint : style('removed')],
  ]
}

/** What a file's change is, as a letter of git's and a word. */
function kindOf(item: Of<'file'>): { letter: string; word: string; of: Style } {
  if (item.conflicted) return { letter: 'U', word: 'conflict', of: style('error', { bold: true }) }
  switch (item.status) {
    case 'modified':
      return { letter: 'M', word: 'modified', of: style('warning') }
    case 'added':
      return { letter: 'A', word: 'added', of: style('added') }
    case 'deleted':
      return { letter: 'D', word: 'deleted', of: style('removed') }
    case 'renamed':
      return { letter: 'R', word: 'renamed', of: style('hunk') }
    case 'untracked':
      return { letter: '?', word: 'untracked', of: faint }
  }
}

function drawFile(item: Of<'file'>, isSelected: boolean, grid: Grid, area: Area, model: Model): void {
  const pen = new RowPen(grid, area, isSelected).skip(2)
  const isWordy = area.columns >= wordyColumns
  const { letter, word, of } = kindOf(item)
  if (isWordy) {
    pen.put(`${letter} ${word}`, of, 11).skip(2)
    pen.put(stagedWord(item), item.staged ? style('added') : faint, 8).skip(2)
  } else pen.put(inColumn(item, letter), of).skip(1)
  const { name, additions, deletions } = diffColumns(model)
  const numbers = additions + 1 + deletions
  // Numbers stand beside the longest name, not at the edge of a wide screen.
  const room = pen.room - numbers - 2
  pen.putPath(
    item.name,
    item.conflicted ? style('error') : plain,
    Math.max(0, Math.min(room, Math.max(name, 24))),
  )
  pen.skip(2)
  const note = noteOf(item)
  if (note !== '') {
    pen.putNumber(note, faint, Math.min(numbers, pen.room))
    return
  }
  pen.putNumber(`+${item.additions}`, item.additions === 0 ? faint : style('added'), additions).skip(1)
  pen.putNumber(`-${item.deletions}`, item.deletions === 0 ? faint : style('removed'), deletions)
}

function stagedWord({ staged, status }: Of<'file'>): string {
  return staged ? 'staged' : status === 'untracked' ? '' : 'unstaged'
}

/** As git's short status has it: staged changes in the first column, others in the second. */
function inColumn({ staged, status }: Of<'file'>, letter: string): string {
  return status === 'untracked' ? '??' : staged ? `${letter} ` : ` ${letter}`
}

/** Why no lines are counted. */
function noteOf({ binary, submodule, status, additions, deletions }: Of<'file'>): string {
  if (submodule) return 'module'
  if (binary) return 'binary'
  return status === 'untracked' && additions === 0 && deletions === 0 ? 'new' : ''
}
