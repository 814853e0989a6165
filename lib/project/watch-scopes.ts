import { relative, resolve } from 'node:path'

import type { GitDirs } from './git.js'
import type { IgnoreRules } from './ignore-rules.js'
import { readRegularFile } from './regular-file.js'
import { tasksPath } from './tasks.js'
import type { TreeOptions } from './watch-tree.js'

/** What is watched under one root, and what is heard there means. */
export type Scope = Omit<TreeOptions, 'onRefused' | 'watchFolder'>

/** Folders of a git dir; those of branches can be many, and the log of HEAD tells of the one that matters. */
const gitFoldersMax = 256

/** The folders on the way to the tasks file, and the project root's `.git`. */
export function tasksScope(root: string, told: { onTasks: () => void; onRepository: () => void }): Scope {
  return {
    root,
    foldersMax: 3,
    enters: (path) => tasksPath.startsWith(`${path}/`),
    onEvent(path) {
      if (path === '' || path === tasksPath || tasksPath.startsWith(`${path}/`)) told.onTasks()
      if (path === '' || path === '.git') told.onRepository()
    },
  }
}

/** What a commit, checkout, reset or staging alters in what is a work tree's own; a lock file alone is none of it. */
const ownPaths = /^(HEAD|index|logs|logs\/HEAD|reftable\/tables\.list)$/
/** And in what all work trees share; branches matter where no log of HEAD is kept. */
const sharedPaths = /^(packed-refs|info\/exclude|refs\/heads\/.*(?<!\.lock)|reftable\/tables\.list)$/
const ownFolders = /^(logs|reftable)$/
const sharedFolders = /^(info|reftable|refs|refs\/heads(\/.*)?)$/

/** The git dir, and the one that it shares with other work trees if that is another. */
export function gitScopes(
  { gitDir, commonDir }: GitDirs,
  told: { onGit: () => void; onExclude: () => void },
): Scope[] {
  const scope = (root: string, folders: RegExp[], paths: RegExp[]): Scope => ({
    root,
    foldersMax: gitFoldersMax,
    enters: (path) => folders.some((folder) => folder.test(path)),
    onEvent(path) {
      if (path === 'info/exclude') told.onExclude()
      if (path === '' || paths.some((one) => one.test(path))) told.onGit()
    },
  })
  if (gitDir === commonDir) return [scope(gitDir, [ownFolders, sharedFolders], [ownPaths, sharedPaths])]
  return [scope(gitDir, [ownFolders], [ownPaths]), scope(commonDir, [sharedFolders], [sharedPaths])]
}

/** All folders of the work tree that git does not ignore; repositories inside that are no submodules are left out. */
export function workTreeScope(
  { repoRoot, commonDir }: GitDirs,
  rules: IgnoreRules,
  foldersMax: number,
  told: { onGit: () => void; onRepository: () => void },
): Scope {
  return {
    root: repoRoot,
    foldersMax,
    notable: new Set(['.git', '.gitignore']),
    enters: (path) => !rules.ignores(path, 'folder'),
    async onRead(path, found) {
      if (path !== '' && found.has('.git') && !(await isSubmodule(resolve(repoRoot, path), commonDir))) {
        return false
      }
      if (found.has('.gitignore')) await rules.load(path)
      else rules.forget(path)
      return true
    },
    onLeave: (path) => rules.forget(path),
    onEvent(path, tree) {
      const slash = path.lastIndexOf('/')
      const name = path.slice(slash + 1)
      if (path === '.git') {
        told.onRepository()
        return
      }
      // What a folder holds, or whether it is ours at all, is another question now.
      if (name === '.git' || name === '.gitignore') tree.refresh(path.slice(0, Math.max(slash, 0)))
      else if (path !== '' && rules.ignores(path, 'file')) return
      told.onGit()
    },
  }
}

/** A submodule's `.git` is a file that points into the git dir of the repository around it. */
async function isSubmodule(folder: string, commonDir: string): Promise<boolean> {
  const text = await readRegularFile(resolve(folder, '.git'), 8_192, { followLink: false }).catch(() => '')
  const target = /^gitdir: (.+?)\n?$/s.exec(text)?.[1]
  if (target === undefined) return false
  return /^(worktrees\/[^/]+\/)?modules\//.test(relative(commonDir, resolve(folder, target)))
}
