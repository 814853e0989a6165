import type { AgentState } from '../../wire/messages.js'
import {
  diffOf,
  kept,
  projectRootOf,
  readDiff,
  type Diff,
  type FileChange,
  type FileStatus,
} from '../details.js'
import { printable } from '../text.js'
import type { Item } from '../view/list.js'
import { agentsOf, type Agent, type Model, type Session } from './model.js'
import { compactColumnsMax } from './parts.js'
import { gitNote, noteItems, unwatchedNote, type NoteItem } from './notes.js'
import {
  dependsOn,
  filterOf,
  filterText,
  hereOf,
  isGone,
  keptRows,
  labelsOf,
  onlyAgent,
  sessionsOf,
  sharedOf,
  type Shared,
} from './roots.js'

/** Columns that all rows agree on. */
export interface DiffColumns {
  readonly name: number
  readonly additions: number
  readonly deletions: number
}

/** A row of the Diff mode. */
export type DiffItem = Item &
  (
    | { readonly kind: 'session'; readonly key: null; readonly sessionId: string }
    | { readonly kind: 'gap'; readonly key: null }
    | {
        readonly kind: 'repository'
        readonly key: string
        readonly sessionId: string
        /** The one agent that works there; null when there are several or none. */
        readonly agentId: string | null
        readonly root: string
        readonly labels: readonly string[]
        readonly diff: Diff
      }
    | {
        readonly kind: 'file'
        readonly key: string
        readonly sessionId: string
        /** An agent that can be asked for the patch; null when none can. */
        readonly agentId: string | null
        readonly repoRoot: string
        /** As `get_diff_patch` takes it, from `repoRoot`; it may hold any characters: see `name` for people. */
        readonly path: string
        readonly oldPath: string | null
        /** The path, printable, with where a renamed file was before it. */
        readonly name: string
        readonly nameColumns: number
        readonly status: FileStatus
        readonly additions: number
        readonly deletions: number
        readonly staged: boolean
        readonly binary: boolean
        readonly submodule: boolean
        readonly conflicted: boolean
      }
    | NoteItem
  )

type Repository = Shared<Diff>
interface Listed {
  readonly items: readonly DiffItem[]
  readonly columns: DiffColumns
}
const listed = kept((model: Model): Listed => listOf(model))
const rowsKept = keptRows<DiffItem>()
const hereDiff = kept((here: { diff: unknown }) => readDiff(here.diff))

/** The repositories that agents work in, each with its changed files in git's order. Pure. */
export function diffItems(model: Model): readonly DiffItem[] {
  return listed(model).items
}

/** The columns of all files. */
export function diffColumns(model: Model): DiffColumns {
  return listed(model).columns
}

function listOf(model: Model): Listed {
  const isRoomy = model.columns > compactColumnsMax && model.rows >= 30
  const items: DiffItem[] = []
  const diffs: Diff[] = []
  for (const session of sessionsOf(model)) {
    const repositories = repositoriesOf(session, model.filter)
    if (model.isAll && repositories.length > 0)
      items.push({ kind: 'session', key: null, sessionId: session.id })
    for (const [i, repository] of repositories.entries()) {
      if (i > 0 && isRoomy) items.push({ kind: 'gap', key: null })
      const { value: diff, root, agents } = repository
      diffs.push(diff)
      const depends = `${model.columns} ${model.filter}\n${session.id}\n${root}\n${dependsOn(agents)}`
      const rows = rowsKept(diff, depends, () => repositoryItems(model, session, repository))
      for (const row of rows) items.push(row)
    }
  }
  return { items, columns: columnsOf(diffs) }
}

function repositoriesOf(session: Session, filter: string): Repository[] {
  const repositories: Repository[] = sharedOf(session, (state) => {
    const value = diffOf(state)
    if (value === null) return null
    const rank = value.reason !== null ? 2 : value.unwatched !== '' ? 1 : 0
    return { root: rootOf(state, value), value, rank }
  })
  const here = hereOf(session)
  const diff = here === null ? null : hereDiff(here)
  if (here !== null && diff !== null) {
    const root = diff.repoRoot === '' ? here.projectRoot : diff.repoRoot
    if (!repositories.some((repository) => repository.root === root))
      repositories.unshift({ root, agents: [], value: diff })
  }
  // Where there is no repository there is little to see.
  const isBare = ({ value }: Repository): boolean => value.reason === 'not_git_repo'
  return filtered([...repositories.filter((one) => !isBare(one)), ...repositories.filter(isBare)], filter)
}

function rootOf(state: AgentState, { repoRoot }: Diff): string {
  return repoRoot === '' ? projectRootOf(state) : repoRoot
}

/**
 * Whether an agent is the only one of all sessions that works in its repository. Pure. What is changed there belongs to
 * the repository: where several work nobody knows who did it.
 */
export function isAloneInRepository(model: Model, { state }: Agent): boolean {
  const diff = diffOf(state)
  const root = diff === null ? '' : rootOf(state, diff)
  if (root === '') return false
  let count = 0
  for (const session of model.sessions.values())
    for (const agent of agentsOf(session).values()) {
      const other = diffOf(agent.state)
      if (other !== null && rootOf(agent.state, other) === root) count++
    }
  return count === 1
}

/** A repository stays whole when it is meant; else the files of it that are. */
function filtered(repositories: Repository[], filter: string): Repository[] {
  const passes = filterOf(filter)
  if (passes === null) return repositories
  return repositories.flatMap((repository) => {
    const around = `${filterText(repository.agents)}\n${printable(repository.root)}\n${repository.value.branch}`
    if (passes(around)) return [repository]
    const files = repository.value.files.filter(({ name }) => passes(around, name))
    return files.length > 0 ? [{ ...repository, value: { ...repository.value, files } }] : []
  })
}

function repositoryItems(
  model: Model,
  session: Session,
  { root, agents, value: diff }: Repository,
): DiffItem[] {
  const key = `${session.id}\n${root === '' ? agents[0]?.state.agent_id : root}`
  const of = { sessionId: session.id, agentId: onlyAgent(agents) }
  const items: DiffItem[] = [
    { kind: 'repository', key, ...of, root: printable(root), labels: labelsOf(agents), diff },
  ]
  for (const [name, note] of Object.entries({ git: gitNote(diff), unwatched: unwatchedNote(diff) })) {
    if (note !== null) items.push(...noteItems(note, { key: `${key}\nnote ${name}`, ...of }, model.columns))
  }
  if (diff.reason !== null) return items
  const askers = askersOf(agents, root)
  const seen = new Map<string, number>()
  for (const file of diff.files) {
    const fileKey = unique(`${key}\n${file.staged ? 'staged' : 'unstaged'}\n${file.path}`, seen)
    items.push(fileItem(file, { key: fileKey, session, root, agentId: askerOf(askers, file.path) }))
  }
  const left = model.filter === '' ? diff.filesTotal - diff.files.length : 0
  if (left > 0) {
    const note = {
      tone: 'info' as const,
      what: `${left} more are not listed`,
      todo: 'see them with: git status',
    }
    items.push(...noteItems(note, { key: `${key}\nnote left`, ...of }, model.columns))
  }
  return items
}

function fileItem(
  file: FileChange,
  of: { key: string; session: Session; root: string; agentId: string | null },
): DiffItem {
  return {
    kind: 'file',
    key: of.key,
    sessionId: of.session.id,
    agentId: of.agentId,
    repoRoot: of.root,
    ...file,
  }
}

/** An agent that shows patches, and below which folder of the repository; '' below its root. */
interface Asker {
  readonly agentId: string
  readonly below: string
}

/**
 * Who can be asked for patches. A wrapper takes paths from the repository's root, and shows what is inside its own
 * project root. One that is not below the repository by its name came there through a link: it is asked last.
 */
function askersOf(agents: readonly Agent[], root: string): readonly Asker[] {
  const inside: Asker[] = []
  const linked: Asker[] = []
  const top = root.endsWith('/') ? root : `${root}/`
  for (const agent of agents) {
    if (isGone(agent)) continue
    const agentId = agent.state.agent_id
    const project = projectRootOf(agent.state).replace(/\/+$/, '')
    if (`${project}/`.startsWith(top)) {
      const below = project.slice(top.length)
      inside.push({ agentId, below: below === '' ? '' : `${below}/` })
    } else linked.push({ agentId, below: '' })
  }
  return [...inside, ...linked]
}

function askerOf(askers: readonly Asker[], path: string): string | null {
  return askers.find(({ below }) => path.startsWith(below))?.agentId ?? null
}

/** The key, with a number in it when a file is listed more than once, as nobody should. */
function unique(key: string, seen: Map<string, number>): string {
  const times = (seen.get(key) ?? 0) + 1
  seen.set(key, times)
  return times === 1 ? key : `${key}\0${times}`
}

/** What stands in place of numbers: `binary`. */
const wordColumns = 6

/** The widest of a diff's files: columns of a name, lines, and whether words stand in place of lines. */
const widestOf = kept(({ files }: Diff) => ({
  name: max(files.map(({ nameColumns }) => nameColumns)),
  additions: max(files.map(({ additions }) => additions)),
  deletions: max(files.map(({ deletions }) => deletions)),
  hasWords: files.some(({ binary, submodule }) => binary || submodule),
}))

function columnsOf(diffs: readonly Diff[]): DiffColumns {
  const widest = diffs.map(widestOf)
  const additions = String(max(widest.map((one) => one.additions))).length + '+'.length
  const deletions = String(max(widest.map((one) => one.deletions))).length + '-'.length
  const least = widest.some(({ hasWords }) => hasWords) ? wordColumns - ' '.length - deletions : 0
  return { name: max(widest.map(({ name }) => name)), additions: Math.max(additions, least), deletions }
}

function max(numbers: readonly number[]): number {
  return numbers.reduce((greatest, number) => Math.max(greatest, number), 0)
}
