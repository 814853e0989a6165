import { diffDebounceMs, diffIntervalMs, tasksDebounceMs } from '../wire/limits.js'
import type { Log } from '../wire/log.js'
import type { DiffSummary, TaskSummary } from '../wire/source.js'
import { readDiffSummary, readGitDirs, type GitDirs } from './git.js'
import { createRefresh, type Refresh } from './refresh.js'
import { readTaskSummaries } from './tasks.js'
import { watchProject } from './watch.js'

export interface ProjectOptions {
  agentId: string
  projectRoot: string
  env: Record<string, string>
  log: Log
  /** `diff` or `tasks` may be another one now. */
  onChange: () => void
}

/** A tree that is not watched is read anew this often while the agent is active. */
const unwatchedMs = 10_000

/** What the agent's project is like now: its diff and its tasks, kept fresh by a watch. */
export class Project {
  diff: DiffSummary | null = null
  tasks: Record<string, TaskSummary> | null = null
  #unwatched: string | null = null
  #activeMs = 0
  #watched: { dirs: GitDirs | null; close(): Promise<void> } | null = null
  #isWatching = false
  readonly #ending = new AbortController()
  readonly #diffRefresh: Refresh
  readonly #tasksRefresh: Refresh

  constructor(private readonly options: ProjectOptions) {
    const clock = {
      now: Date.now,
      setTimer: setTimeout,
      clearTimer: (timer: NodeJS.Timeout) => clearTimeout(timer),
    }
    const diffTiming = { debounceMs: diffDebounceMs, intervalMs: diffIntervalMs }
    const tasksTiming = { debounceMs: tasksDebounceMs, intervalMs: tasksDebounceMs }
    this.#diffRefresh = createRefresh({ ...clock, ...diffTiming, run: () => this.#readDiff() })
    this.#tasksRefresh = createRefresh({ ...clock, ...tasksTiming, run: () => this.#readTasks() })
  }

  /** Takes the first look and watches from then on. Never throws. */
  async open(): Promise<void> {
    await this.read()
    await this.#watch()
  }

  /** Reads both now. */
  async read(): Promise<void> {
    await Promise.all([this.#readDiff(), this.#readTasks()])
  }

  /** The agent is active: a tree that is not watched is looked at now and then. */
  activity(): void {
    if (this.#unwatched === null || Date.now() - this.#activeMs < unwatchedMs) return
    this.#activeMs = Date.now()
    this.#diffRefresh.trigger()
  }

  async close(): Promise<void> {
    this.#ending.abort()
    this.#diffRefresh.stop()
    this.#tasksRefresh.stop()
    await this.#watched?.close()
  }

  async #readDiff(): Promise<void> {
    const { agentId, projectRoot, env, onChange } = this.options
    const diff = await readDiffSummary({ agentId, projectRoot, env, signal: this.#ending.signal })
    if (this.#ending.signal.aborted) return
    this.diff = this.#unwatched === null ? diff : { ...diff, unwatched: this.#unwatched }
    onChange()
    if (this.#watched !== null && isAnother(diff, this.#watched.dirs)) await this.#watch()
  }

  async #readTasks(): Promise<void> {
    const { agentId, projectRoot, onChange } = this.options
    this.tasks = await readTaskSummaries({ agentId, projectRoot })
    if (!this.#ending.signal.aborted) onChange()
  }

  /** Watches, in place of a watch for a repository that was another one. */
  async #watch(): Promise<void> {
    if (this.#isWatching || this.#ending.signal.aborted) return
    this.#isWatching = true
    const { projectRoot, env, log } = this.options
    try {
      await this.#watched?.close()
      const gitDirs = await readGitDirs(projectRoot, env)
      this.#unwatched = null
      const { close } = await watchProject({
        projectRoot,
        gitDirs,
        onGit: () => this.#diffRefresh.trigger(),
        onTasks: () => this.#tasksRefresh.trigger(),
        onUnwatched: (reason) => {
          log('warn', 'unwatched', { reason })
          this.#unwatched = reason
        },
      }).then((watch) => ({ close: () => watch.close() }))
      this.#watched = { dirs: gitDirs, close }
      if (this.#ending.signal.aborted) return await close()
      // What changed between the look before and the watch was seen by neither.
      this.#diffRefresh.trigger()
      this.#tasksRefresh.trigger()
    } catch (error) {
      log('error', 'watch_failed', { message: (error as Error).message })
    } finally {
      this.#isWatching = false
    }
  }
}

/** Whether a diff is of another repository than the one watched; one that could not be read says nothing of it. */
function isAnother(diff: DiffSummary, watched: GitDirs | null): boolean {
  if (diff.git_available) return diff.repo_root !== watched?.repoRoot
  return diff.reason === 'not_git_repo' && watched !== null
}
