import type { DiffFile } from '../wire/source.js'

/** One change without its line counts: an entry of `diff_summary.files`. A file changed on both sides of the index is two. */
export interface Change {
  path: string
  status: DiffFile['status']
  staged: boolean
  untracked: boolean
  old_path?: string
  submodule?: boolean
  conflicted?: boolean
}

/** The lines that git counts for one path. */
export interface LineCount {
  path: string
  additions: number
  deletions: number
  /** Git counts no lines in it. */
  binary: boolean
}

/** Fields before the path in a record of each kind, and whether the next record is the path it had before. */
const shapes: Record<string, { fields: number; renamed: boolean }> = {
  '1': { fields: 8, renamed: false },
  '2': { fields: 9, renamed: true },
  u: { fields: 10, renamed: false },
  '?': { fields: 1, renamed: false },
}

/**
 * Reads `git status --porcelain=v2 -z --branch`, record by record. Records it does not know are passed over.
 * Paths are as git gives them: relative to the repository's root, with `/`.
 */
export class StatusReader {
  /** The branch, also an unborn one; undefined when HEAD is detached. */
  branch: string | undefined
  /** A renamed file's record that waits for its former path. */
  #renamed: string | undefined

  /** @returns the changes that this record completes: none, one, or two of a file changed in the index and after. */
  push(record: string): Change[] {
    if (this.#renamed !== undefined) {
      const first = this.#renamed
      this.#renamed = undefined
      return changesOf(first, record)
    }
    if (record.startsWith('# branch.head ')) {
      const name = record.slice('# branch.head '.length)
      this.branch = name === '(detached)' ? undefined : name
      return []
    }
    const kind = record.slice(0, record.indexOf(' '))
    // What every object has by birth is no kind of record.
    const shape = Object.hasOwn(shapes, kind) ? shapes[kind] : undefined
    if (shape === undefined) return []
    if (shape.renamed) {
      this.#renamed = record
      return []
    }
    return changesOf(record)
  }
}

function changesOf(record: string, oldPath?: string): Change[] {
  const kind = record[0]!
  const { fields } = shapes[kind]!
  const path = after(record, ' ', fields)
  if (path === undefined || path === '') return []
  if (kind === '?') return [{ path, status: 'untracked', staged: false, untracked: true }]
  const submodule = record[5] === 'S' ? { submodule: true } : {}
  if (kind === 'u') {
    return [{ path, status: 'modified', staged: false, untracked: false, ...submodule, conflicted: true }]
  }
  const side = (letter: string | undefined, staged: boolean): Change[] => {
    if (letter === undefined || letter === '.') return []
    const status = statusOf(letter)
    const before = status === 'renamed' && oldPath !== undefined ? { old_path: oldPath } : {}
    return [{ path, status, staged, untracked: false, ...before, ...submodule }]
  }
  return [...side(record[2], true), ...side(record[3], false)]
}

/** A copy counts as added, a changed type (a file that became a link) as modified. */
function statusOf(letter: string): Change['status'] {
  switch (letter) {
    case 'A':
    case 'C':
      return 'added'
    case 'D':
      return 'deleted'
    case 'R':
      return 'renamed'
    default:
      return 'modified'
  }
}

/** What follows the `count`th separator; paths may hold any number of further ones. */
function after(record: string, separator: string, count: number): string | undefined {
  let at = -1
  for (let seen = 0; seen < count; seen++) {
    at = record.indexOf(separator, at + 1)
    if (at === -1) return undefined
  }
  return record.slice(at + 1)
}

/** Reads `git diff --numstat -z`, record by record. A renamed file's counts come under its new path. */
export class NumstatReader {
  #renamed: { counts: string; old?: string } | undefined

  /** @returns the counts that this record completes, if any. */
  push(record: string): LineCount | undefined {
    const renamed = this.#renamed
    if (renamed !== undefined) {
      if (renamed.old === undefined) {
        renamed.old = record
        return undefined
      }
      this.#renamed = undefined
      return countsOf(renamed.counts, record)
    }
    const path = after(record, '\t', 2)
    if (path === '') this.#renamed = { counts: record }
    return path === undefined || path === '' ? undefined : countsOf(record, path)
  }
}

function countsOf(record: string, path: string): LineCount | undefined {
  const [, additions, deletions] = /^(\d+|-)\t(\d+|-)\t/.exec(record) ?? []
  if (additions === undefined || deletions === undefined) return undefined
  if (additions === '-') return { path, additions: 0, deletions: 0, binary: true }
  return { path, additions: Number(additions), deletions: Number(deletions), binary: false }
}
