/** What clients say in the tests, as short as it may be. */

export type Fields = Record<string, unknown>

export const timestamp = '2026-01-28T18:42:00Z'

const lines = (files = 0): Fields => ({ files, additions: files, deletions: 0 })

/** A diff with these files. */
export function diffOf(...files: Fields[]): Fields {
  return {
    repo_root: '/home/user/repo',
    git_available: true,
    summary: { staged: lines(), unstaged: lines(files.length), untracked: { files: 0 } },
    files,
  }
}

export function fileOf(path: string, more: Fields = {}): Fields {
  return { path, status: 'modified', additions: 1, deletions: 0, staged: false, untracked: false, ...more }
}

export function counts(done = 0): Fields {
  return { total: done, pending: 0, in_progress: 0, done, blocked: 0 }
}

/** The same as a wrapper puts it into its state. */
export function diffIn(...names: string[]): Fields {
  return { agent_id: '?', ...diffOf(...names.map((name) => fileOf(name))) }
}

/** Tasks of a tag as a wrapper puts them into its state. */
export function tasksIn(tag: string, done = 0): Fields {
  return { agent_id: '?', tag, counts: counts(done) }
}
