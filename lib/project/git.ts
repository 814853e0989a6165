import { diffFilesBytesMax, diffFilesMax } from '../wire/limits.js'
import type { DiffFile, DiffSummary } from '../wire/source.js'
import { type Change, type LineCount, NumstatReader, StatusReader } from './git-parse.js'
import { GitError, type GitPlace, runGit, withDeadline } from './git-run.js'

/** What `readDiffSummary` is told. */
export interface DiffQuestion {
  agentId: string
  /** Any folder in the work tree; the whole repository is summed up, with paths relative to `repo_root`. */
  projectRoot: string
  /** The environment the agent runs in; git gets a cleaned copy. */
  env: NodeJS.ProcessEnv
  /** Ends the reading early, with reason `error`. */
  signal?: AbortSignal
  /** All git runs together may take this long. */
  timeoutMs?: number
}

/**
 * Reads what is changed in the project's repository, against HEAD.
 * Never throws: what goes wrong is told as `git_available: false` with `reason` and `message`.
 * @returns at most `diffFilesMax` entries and `diffFilesBytesMax` bytes of them as JSON, conflicts first, then tracked
 * files in git's order, then untracked ones; `files_total` and `summary` count everything. A file that is changed in the
 * index and again after has two entries. The parts are read one after the other: when the agent writes in between, lines
 * and files may differ until the next reading.
 * Seed 000, "diff_summary", "Diff Summary Schema", "Error Semantics and Degraded States".
 */
export async function readDiffSummary(question: DiffQuestion): Promise<DiffSummary> {
  const { agentId, projectRoot } = question
  let repoRoot = projectRoot
  try {
    return await withDeadline(question, async (place) => {
      repoRoot = await readPath(place, ['--show-toplevel'])
      const list = new ChangeList()
      const status = new StatusReader()
      await runGit(
        place,
        ['status', '--porcelain=v2', '-z', '--branch', '--untracked-files=all', '--find-renames'],
        (record) => {
          for (const change of status.push(record)) list.add(change)
        },
      )
      await Promise.all([
        list.summary.unstaged.files > 0 && readLines(place, [], (count) => list.count(count, false)),
        list.summary.staged.files > 0 && readLines(place, ['--cached'], (count) => list.count(count, true)),
      ])
      return {
        agent_id: agentId,
        repo_root: repoRoot,
        git_available: true,
        ...(status.branch === undefined ? {} : { branch: status.branch }),
        summary: list.summary,
        files: list.files(diffFilesMax, diffFilesBytesMax),
        files_total: list.total,
      }
    })
  } catch (error) {
    const { code, message } = error instanceof GitError ? error : new GitError('error', String(error))
    return {
      agent_id: agentId,
      repo_root: repoRoot,
      git_available: false,
      reason: code,
      message,
      summary: noChanges(),
      files: [],
      files_total: 0,
    }
  }
}

/** Where a repository keeps itself; absolute paths, links resolved by git. */
export interface GitDirs {
  /** The top of the work tree. */
  repoRoot: string
  /** What is this work tree's own: HEAD, index, logs. */
  gitDir: string
  /** What all work trees share: refs, info; the same as `gitDir` but in a linked work tree. */
  commonDir: string
}

/**
 * Asks git where the project's repository is.
 * @returns null when there is none, or none that git would work with (a bare one, somebody else's). Never throws.
 */
export async function readGitDirs(
  projectRoot: string,
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<GitDirs | null> {
  try {
    return await withDeadline({ projectRoot, env, ...(signal && { signal }) }, async (place) => {
      // Three runs, since a path may hold the newline that would part them in one.
      const [repoRoot, gitDir, commonDir] = await Promise.all([
        readPath(place, ['--show-toplevel']),
        readPath(place, ['--path-format=absolute', '--git-dir']),
        readPath(place, ['--path-format=absolute', '--git-common-dir']),
      ])
      return { repoRoot, gitDir, commonDir }
    })
  } catch {
    return null
  }
}

async function readPath(place: GitPlace, args: readonly string[]): Promise<string> {
  let path = ''
  await runGit(place, ['rev-parse', ...args], (record) => {
    path = record.replace(/\n$/, '')
  })
  if (path === '') throw new GitError('error', 'git did not say where the repository is.')
  return path
}

const numstat = [
  'diff',
  '--numstat',
  '-z',
  '--find-renames',
  '--no-ext-diff',
  '--no-textconv',
  '--submodule=short',
]

async function readLines(
  place: GitPlace,
  args: readonly string[],
  onCount: (count: LineCount) => void,
): Promise<void> {
  const reader = new NumstatReader()
  await runGit(place, [...numstat, ...args], (record) => {
    const count = reader.push(record)
    if (count !== undefined) onCount(count)
  })
}

function noChanges(): DiffSummary['summary'] {
  return {
    staged: { files: 0, additions: 0, deletions: 0 },
    unstaged: { files: 0, additions: 0, deletions: 0 },
    untracked: { files: 0 },
  }
}

/** Counts all changes and keeps as many as may be sent, whatever their number. */
class ChangeList {
  readonly summary = noChanges()
  total = 0
  readonly #kept = { conflicted: [] as DiffFile[], tracked: [] as DiffFile[], untracked: [] as DiffFile[] }
  readonly #staged = new Map<string, DiffFile>()
  readonly #unstaged = new Map<string, DiffFile>()

  add(change: Change): void {
    this.total++
    if (change.untracked) this.summary.untracked.files++
    else this.summary[change.staged ? 'staged' : 'unstaged'].files++

    const kind = change.untracked ? 'untracked' : change.conflicted === true ? 'conflicted' : 'tracked'
    if (this.#kept[kind].length >= diffFilesMax) return
    const file = { ...change, additions: 0, deletions: 0 }
    this.#kept[kind].push(file)
    if (!change.untracked) (change.staged ? this.#staged : this.#unstaged).set(change.path, file)
  }

  /** Notes a path's lines. A conflicted path has two counts, of which the last holds. */
  count({ path, additions, deletions, binary }: LineCount, staged: boolean): void {
    const lines = this.summary[staged ? 'staged' : 'unstaged']
    lines.additions += additions
    lines.deletions += deletions
    const file = (staged ? this.#staged : this.#unstaged).get(path)
    if (file === undefined) return
    file.additions = additions
    file.deletions = deletions
    if (binary) file.binary = true
  }

  files(countMax: number, bytesMax: number): DiffFile[] {
    const { conflicted, tracked, untracked } = this.#kept
    const files: DiffFile[] = []
    let bytes = '[]'.length
    for (const file of [...conflicted, ...tracked, ...untracked]) {
      bytes += Buffer.byteLength(JSON.stringify(file)) + ','.length
      if (files.length >= countMax || bytes > bytesMax) break
      files.push(file)
    }
    return files
  }
}
