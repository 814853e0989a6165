import type { Stats } from 'node:fs'

import type { DiffFile, DiffReason } from '../wire/source.js'

/** Why there is no patch: the first word of the message. */
export type PatchCause =
  /** Of a diff summary: `not_git_repo`, `git_missing`, `error`. */
  | DiffReason
  /** Empty, with a NUL, or the root itself. */
  | 'invalid_path'
  /** Absolute, with a `..`, or not inside the project root. */
  | 'outside'
  /** Inside a `.git`. */
  | 'git_dir'
  /** Git sees no text in it. */
  | 'binary'
  /** The patch, or the untracked file, is larger than `patchBytesMax`. */
  | 'too_large'
  /** Neither on disk nor in what git lists. */
  | 'vanished'
  /** It is as in the last commit, or belongs to another repository inside this one. */
  | 'unchanged'
  /** Not tracked, and `includeUntracked` is false. */
  | 'untracked'
  | 'ignored'
  /** An untracked symbolic link. */
  | 'symlink'
  | 'directory'
  /** A named pipe, a socket, a device. */
  | 'not_regular'
  | 'unreadable'

/** There is no patch: `code` begins the message that the person gets. */
export class NoPatch extends Error {
  override readonly name = 'NoPatch'
  readonly code: PatchCause
  readonly status: DiffFile['status'] | undefined

  constructor(code: PatchCause, message: string, status?: DiffFile['status']) {
    super(message)
    this.code = code
    this.status = status
  }
}

/**
 * Brings a path from elsewhere into the form that git prints: `a/b`, from the repository's root.
 * Everything but NUL, `/` and the names `.`, `..` and `.git` is taken as it is: spaces, quotes, newlines, `:(glob)`.
 * @throws {NoPatch} `invalid_path` when it is empty, has a NUL, or names the root; `outside` when it is absolute or
 * has a `..`, also one that would stay inside; `git_dir` when it leads into a `.git`, in any case of the letters.
 */
export function toGitPath(path: string): string {
  if (path === '') throw new NoPatch('invalid_path', 'The path is empty.')
  if (path.includes('\0')) throw new NoPatch('invalid_path', 'The path has a NUL in it.')
  if (path.startsWith('/')) throw new NoPatch('outside', "The path has to start at the repository's root.")
  const names = path.split('/').filter((name) => name !== '' && name !== '.')
  if (names.includes('..')) throw new NoPatch('outside', 'The path may not go up with "..".')
  if (names.some((name) => name.toLowerCase() === '.git')) {
    throw new NoPatch('git_dir', "The path leads into git's own folder.")
  }
  if (names.length === 0)
    throw new NoPatch('invalid_path', 'The path names the repository, not a file in it.')
  return names.join('/')
}

/** What one path has become. */
export interface NameStatus {
  path: string
  status: Exclude<DiffFile['status'], 'untracked'>
  /** Where a renamed file was. */
  old_path?: string
}

/** Reads `git diff --name-status -z`, record by record; the letter and the paths are records of their own. */
export class NameStatusReader {
  #letter: string | undefined
  #oldPath: string | undefined

  /** @returns the entry that this record completes, if any. */
  push(record: string): NameStatus | undefined {
    const letter = this.#letter
    if (letter === undefined) {
      this.#letter = record[0] ?? 'X'
      return undefined
    }
    if ((letter === 'R' || letter === 'C') && this.#oldPath === undefined) {
      this.#oldPath = record
      return undefined
    }
    const oldPath = this.#oldPath
    this.#letter = this.#oldPath = undefined
    switch (letter) {
      case 'R':
        return { path: record, status: 'renamed', ...(oldPath !== undefined && { old_path: oldPath }) }
      case 'A':
      case 'C':
        return { path: record, status: 'added' }
      case 'D':
        return { path: record, status: 'deleted' }
      default:
        return { path: record, status: 'modified' }
    }
  }
}

/** Reads of `git status --porcelain=v2 -z --branch --ignored` what `StatusReader` passes over. */
export class SurroundingsReader {
  /** There is no commit yet on this branch. */
  unborn = false
  /** The path, or a folder that it is in, is ignored. */
  ignored = false
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  push(record: string): void {
    if (record === '# branch.oid (initial)') this.unborn = true
    if (!record.startsWith('! ')) return
    const found = record.slice('! '.length)
    if (found === this.#path || (found.endsWith('/') && this.#path.startsWith(found))) this.ignored = true
  }
}

/**
 * Tells what `git diff --patch` printed for one file. Every line of a file's content begins with a mark or a space, so
 * that a line which begins otherwise is git's own, whatever is in the file.
 * @returns `none` also for a header alone, which some versions print when only a file's times have changed.
 */
export function kindOfPatch(patch: string): 'text' | 'binary' | 'none' {
  if (patch === '' || /^diff --git [^\n]*\n$/.test(patch)) return 'none'
  return patch.includes('\nBinary files ') ? 'binary' : 'text'
}

/** Takes the `./` that kept git from reading its input instead of a file named `-` out of the lines above the content. */
export function withoutDotSlash(patch: string): string {
  const end = patch.indexOf('\n@@ ')
  const head = end === -1 ? patch : patch.slice(0, end)
  return head.replaceAll(/ ([ab])\/\.\/-(?=\s|$)/g, ' $1/-') + patch.slice(head.length)
}

/** Refuses what a reader may wait at for ever. @throws {NoPatch} `not_regular`. */
export function refuseSpecial(stats: Stats): void {
  if (stats.isFile() || stats.isDirectory() || stats.isSymbolicLink()) return
  const what = stats.isFIFO() ? 'a named pipe' : stats.isSocket() ? 'a socket' : 'a device'
  throw new NoPatch('not_regular', `This is ${what}, not a file.`)
}

/** Why git lists nothing under a path, by what is there, or by the error that looking at it gave. */
export function unlisted(stats: Stats | NodeJS.ErrnoException): NoPatch {
  if (!(stats instanceof Error)) {
    if (stats.isDirectory()) return new NoPatch('directory', 'This is a folder: a patch is of one file.')
    return new NoPatch('unchanged', 'Git lists no change of this file in this repository.')
  }
  if (stats.code === 'ENOENT' || stats.code === 'ENOTDIR') {
    return new NoPatch('vanished', 'There is no such file, and git lists no change of it.')
  }
  return new NoPatch('unreadable', `The file cannot be looked at (${stats.code}).`)
}
