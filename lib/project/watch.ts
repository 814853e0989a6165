import { realpath } from 'node:fs/promises'
import { resolve } from 'node:path'

import type { GitDirs } from './git.js'
import { IgnoreRules } from './ignore-rules.js'
import { gitScopes, type Scope, tasksScope, workTreeScope } from './watch-scopes.js'
import { FolderTree, type Refusal, type WatchFolder } from './watch-tree.js'

/** Folders of a work tree past which it is not watched. */
const foldersMaxDefault = 4_000

/** What `watchProject` watches and whom it tells. */
export interface WatchOptions {
  projectRoot: string
  /** As `readGitDirs` gave them; null where there is no repository. */
  gitDirs: GitDirs | null
  /** Something changed that may change the diff. Raw: it may come a thousand times a second. */
  onGit: () => void
  /** The tasks file may have changed, come or gone. Raw as well. */
  onTasks: () => void
  /** Called at most once: why the work tree's files are not watched, as a sentence for the person. */
  onUnwatched: (reason: string) => void
  limits?: { foldersMax?: number }
  /** Node's `fs.watch`, or a stand-in for tests. */
  watchFolder?: WatchFolder
}

/**
 * Watches a project for what `readDiffSummary` and `readTaskSummaries` would tell, without polling.
 *
 * Watched are the repository's work tree (one system watch a folder; ignored folders, links and repositories inside that
 * are no submodules are not entered), what in the git dir tells of commits, checkouts, resets and staging, and the way to
 * the tasks file. A tracked file that the ignore rules match is not seen until something else happens. Without a
 * repository only `.git` is waited for.
 *
 * A repository that comes, goes, or is another one now is told by `onGit`; when the next summary's `repo_root` is not
 * `gitDirs.repoRoot`, close this and watch anew. The project folder itself being replaced is not followed.
 * @returns when everything is watched; read both summaries after that. Never throws. After `close` nothing is called.
 * Seed 000, "Update Cadence and Throttling".
 */
export async function watchProject(options: WatchOptions): Promise<{ close(): Promise<void> }> {
  const { gitDirs, onGit, onTasks, watchFolder } = options
  const foldersMax = options.limits?.foldersMax ?? foldersMaxDefault
  const projectRoot = await realpath(options.projectRoot).catch(() => resolve(options.projectRoot))

  let told = false
  const unwatched = (reason: string) => {
    if (told) return
    told = true
    options.onUnwatched(reason)
  }
  const plant = (scope: Scope, onRefused: (cause: Refusal) => void) =>
    new FolderTree({ ...scope, onRefused, ...(watchFolder && { watchFolder }) })
  // Too many folders of branches are no reason to say anything.
  const onSmallRefused = (cause: Refusal) => {
    if (cause !== 'too_many') unwatched(sentence(cause, foldersMax))
  }
  const gitTrees: FolderTree[] = []
  const onRepository = () => {
    for (const tree of gitTrees) tree.reopen()
    onGit()
  }

  // The small trees come first: they are watched even where the system then has no more watches to give.
  const tasksTree = plant(tasksScope(projectRoot, { onTasks, onRepository }), onSmallRefused)
  const trees = [tasksTree]
  if (!(await tasksTree.start())) unwatched('The project folder cannot be watched.')
  if (gitDirs !== null) {
    const rules = new IgnoreRules(gitDirs.repoRoot)
    const workTree: FolderTree = plant(
      workTreeScope(gitDirs, rules, foldersMax, { onGit, onRepository }),
      (cause) => {
        void workTree.close()
        unwatched(sentence(cause, foldersMax))
      },
    )
    const onExclude = async () => {
      await rules.loadExclude(gitDirs.commonDir)
      workTree.refresh('')
    }
    for (const scope of gitScopes(gitDirs, { onGit, onExclude: () => void onExclude() })) {
      gitTrees.push(plant(scope, onSmallRefused))
    }
    trees.push(...gitTrees, workTree)
    for (const tree of gitTrees) await tree.start()
    await rules.loadExclude(gitDirs.commonDir)
    await workTree.start()
  }

  return {
    async close() {
      await Promise.all(trees.map((tree) => tree.close()))
    },
  }
}

function sentence(cause: Refusal, foldersMax: number): string {
  if (cause === 'too_many') {
    return `The repository has more than ${foldersMax.toLocaleString('en')} folders that git does not ignore: its files are not watched.`
  }
  const known: Record<string, string> = {
    ENOSPC: "The system's watches are used up (on Linux fs.inotify.max_user_watches)",
    EMFILE: 'The system gives no more watchers (on Linux fs.inotify.max_user_instances)',
    ENFILE: 'The system has too many open files',
  }
  const code = cause.code ?? cause.message
  return `${known[code] ?? `The system refused to watch a folder (${code})`}: the repository's files are not watched.`
}
