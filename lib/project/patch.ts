import { lstat, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import type { DiffFile } from '../wire/source.js'
import { StatusReader } from './git-parse.js'
import { GitError, type GitPlace, readGit, runGit, withDeadline } from './git-run.js'
import {
  kindOfPatch,
  type NameStatus,
  NameStatusReader,
  NoPatch,
  type PatchCause,
  refuseSpecial,
  SurroundingsReader,
  toGitPath,
  unlisted,
  withoutDotSlash,
} from './patch-parse.js'

/** UTF-8 bytes of one patch, and of an untracked file that git is given. Seed 000, "Security Constraints". */
export const patchBytesMax = 1_048_576
/** All git runs together; the hub answers for the agent 2 s later (`commandDeadlineMs`). */
export const patchTimeoutMs = 8_000

/** What `readPatch` is told. */
export interface PatchQuestion {
  /** Any folder in the work tree; nothing outside of it is shown. */
  projectRoot: string
  /** The environment the agent runs in; git gets a cleaned copy. */
  env: NodeJS.ProcessEnv
  /** From the repository's root, as in `diff_summary.files`. */
  path: string
  /** Unchanged lines around each change. Default: 3. */
  contextLines?: number
  /** Whether a file that git does not track is shown, as if all of it was added. Default: true. */
  includeUntracked?: boolean
  /** Ends the reading early, with cause `error`. */
  signal?: AbortSignal
  /** Default: {@link patchTimeoutMs}. */
  timeoutMs?: number
}

export type PatchResult =
  | {
      ok: true
      path: string
      status: DiffFile['status']
      is_binary: false
      /** A unified diff as git prints it, `diff --git` line and all; bytes that are not UTF-8 are U+FFFD. */
      patch: string
      /** Where a renamed file was. */
      old_path?: string
    }
  | {
      ok: false
      path: string
      status?: DiffFile['status']
      is_binary: boolean
      /** `cause: A sentence for the person.` with a {@link PatchCause}. */
      message: string
    }

/**
 * Reads how one file differs from HEAD, staged and unstaged changes together.
 * Never throws: what goes wrong is told as `ok: false`. Takes no lock, runs no program of the repository but its
 * filters (a clean filter says what the file would be in git), and opens nothing that git does not list.
 * @returns for a renamed file the difference to the old one, if that is inside the project root too, else the whole file
 * as added; for a link its target's name; for a submodule its commits; for a file that was taken out of the index but is
 * still there, its deletion. At most `patchBytesMax` bytes of it.
 * Seed 000, "diff_patch_request", "Diff Patch Response Schema".
 */
export async function readPatch(question: PatchQuestion): Promise<PatchResult> {
  const { path } = question
  try {
    const gitPath = toGitPath(path)
    return {
      ...(await withDeadline({ timeoutMs: patchTimeoutMs, ...question }, (place) =>
        patchOf(place, gitPath, question),
      )),
      path,
    }
  } catch (error) {
    const known = error instanceof NoPatch || error instanceof GitError
    const cause: PatchCause = known ? error.code : 'error'
    const status = error instanceof NoPatch ? error.status : undefined
    return {
      ok: false,
      path,
      ...(status !== undefined && { status }),
      is_binary: cause === 'binary',
      message: `${cause}: ${error instanceof Error ? error.message : String(error)}`,
    }
  }
}

type Patch = Omit<Extract<PatchResult, { ok: true }>, 'path'>

async function patchOf(place: GitPlace, path: string, question: PatchQuestion): Promise<Patch> {
  const { contextLines = 3, includeUntracked = true } = question
  // Two runs, since a path may hold the newline that would part them in one.
  const [repoRoot, prefix] = await Promise.all([
    readLine(place, ['rev-parse', '--show-toplevel']),
    readLine(place, ['rev-parse', '--show-prefix']),
  ])
  if (!path.startsWith(prefix)) throw new NoPatch('outside', 'The path is not inside the project root.')
  const file = join(repoRoot, path)
  if (await leavesThroughLink(place.projectRoot, file)) {
    throw new NoPatch('outside', 'The path leaves the project root through a symbolic link.')
  }
  const stats = await lstat(file).catch((error: NodeJS.ErrnoException) => error)
  if (!(stats instanceof Error)) refuseSpecial(stats)

  const { kind, unborn } = await readKind(place, path, prefix)
  switch (kind) {
    case 'tracked':
      return trackedPatch(place, { path, prefix, unborn, contextLines })
    case 'untracked':
      if (!includeUntracked) {
        const text = 'Git does not track this file, and untracked files were not asked for.'
        throw new NoPatch('untracked', text, 'untracked')
      }
      return untrackedPatch(place, { path, repoRoot, contextLines })
    case 'ignored':
      throw new NoPatch('ignored', 'Git is told to ignore this file.')
    case 'unlisted':
      throw unlisted(stats)
  }
}

async function readLine(place: GitPlace, args: readonly string[]): Promise<string> {
  let line = ''
  await runGit(place, args, (record) => {
    line = record.replace(/\n$/, '')
  })
  return line
}

/** A folder that is not there is passed over for the one above: git knows what was in it. */
async function leavesThroughLink(projectRoot: string, file: string): Promise<boolean> {
  const root = await realpath(projectRoot)
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const real = await realpath(folder).catch(() => undefined)
    if (real !== undefined) return real !== root && !real.startsWith(root === '/' ? root : `${root}/`)
  }
}

async function readKind(
  place: GitPlace,
  path: string,
  prefix: string,
): Promise<{ kind: 'tracked' | 'untracked' | 'ignored' | 'unlisted'; unborn: boolean }> {
  const around = new SurroundingsReader(path)
  const status = new StatusReader()
  let tracked = false
  let untracked = false
  // A path also stands for what is below it: only what is the path itself counts.
  await runGit(
    place,
    [
      '--literal-pathspecs',
      'status',
      '--porcelain=v2',
      '-z',
      '--branch',
      '--untracked-files=all',
      '--ignored=matching',
      '--no-renames',
      '--',
      path.slice(prefix.length),
    ],
    (record) => {
      around.push(record)
      for (const change of status.push(record)) {
        if (change.path !== path) continue
        if (change.untracked) untracked = true
        else tracked = true
      }
    },
  )
  const kind = tracked ? 'tracked' : untracked ? 'untracked' : around.ignored ? 'ignored' : 'unlisted'
  return { kind, unborn: around.unborn }
}

/** Where a file became a folder, or the other way round, what is in the folder is on the other side of the diff. */
const filters = { added: ['--diff-filter=d'], deleted: ['--diff-filter=a'], modified: [], renamed: [] }

async function trackedPatch(
  place: GitPlace,
  { path, prefix, unborn, contextLines }: TrackedFile,
): Promise<Patch> {
  const base = unborn ? await readLine(place, ['hash-object', '-t', 'tree', '/dev/null']) : 'HEAD'
  const own = path.slice(prefix.length)
  const found = await findStatus(place, path, ['--no-renames', base, '--', own])
  if (found === undefined)
    throw new NoPatch('unchanged', 'Index and file differ, but the file is as in HEAD.')
  const { status } = found

  if (status === 'added') {
    // Only among all files can git see where it came from.
    const renamed = await findStatus(place, path, ['--find-renames', '--diff-filter=R', base, '--'])
    const old = renamed?.old_path
    if (old?.startsWith(prefix) === true) {
      const args = ['--find-renames', '--diff-filter=R', base, '--', old.slice(prefix.length), own]
      const patch = await readDiff(place, [`-U${contextLines}`, ...args], 'renamed')
      if (patch !== undefined) {
        return { ok: true, status: 'renamed', is_binary: false, patch, old_path: old }
      }
    }
  }
  const args = ['--no-renames', ...filters[status], base, '--', own]
  const patch = await readDiff(place, [`-U${contextLines}`, ...args], status)
  if (patch === undefined) throw new NoPatch('unchanged', 'The file is as in HEAD.', status)
  return { ok: true, status, is_binary: false, patch }
}

interface TrackedFile {
  path: string
  /** The project root's path in the repository, with a slash after it; empty at the top. */
  prefix: string
  /** There is no HEAD: everything is compared with the empty tree. */
  unborn: boolean
  contextLines: number
}

/** `none`: new files alone are a change of a submodule for `git status`, and so for the summary, but not for `git diff`. */
const always = ['--no-ext-diff', '--no-textconv', '--ignore-submodules=none']

async function findStatus(
  place: GitPlace,
  path: string,
  args: readonly string[],
): Promise<NameStatus | undefined> {
  const reader = new NameStatusReader()
  let found: NameStatus | undefined
  await runGit(
    place,
    ['--literal-pathspecs', 'diff', '--name-status', '-z', ...always, ...args],
    (record) => {
      const entry = reader.push(record)
      if (entry?.path === path) found = entry
    },
  )
  return found
}

async function untrackedPatch(
  place: GitPlace,
  { path, repoRoot, contextLines }: { path: string; repoRoot: string; contextLines: number },
): Promise<Patch> {
  const status = 'untracked'
  // Looked at again, since git took its time: it must not be handed a link or a folder to follow.
  const stats = await lstat(join(repoRoot, path)).catch(() => undefined)
  if (stats === undefined) throw new NoPatch('vanished', 'The file is no longer there.', status)
  refuseSpecial(stats)
  if (stats.isSymbolicLink()) {
    throw new NoPatch(
      'symlink',
      'This is a symbolic link that git does not track; it is not followed.',
      status,
    )
  }
  if (stats.isDirectory()) throw new NoPatch('directory', 'This is a folder: a patch is of one file.', status)
  if (stats.size > patchBytesMax) throw tooLarge('file', status)

  // A lone dash would be git's own input.
  const name = path === '-' ? './-' : path
  const args = ['--no-index', `-U${contextLines}`, '--', '/dev/null', name]
  const patch = await readDiff({ ...place, projectRoot: repoRoot }, args, status).catch(
    async (error: unknown) => {
      const isGone = await lstat(join(repoRoot, path)).then(
        () => false,
        () => true,
      )
      if (!isGone || place.signal.aborted) throw error
      throw new NoPatch('vanished', 'The file was gone before git could read it.', status)
    },
  )
  if (patch === undefined) throw new NoPatch('unreadable', 'Git shows nothing of this file.', status)
  return { ok: true, status, is_binary: false, patch: path === '-' ? withoutDotSlash(patch) : patch }
}

function tooLarge(what: 'file' | 'patch', status: DiffFile['status']): NoPatch {
  return new NoPatch(
    'too_large',
    `The ${what} has more than ${patchBytesMax.toLocaleString('en')} bytes.`,
    status,
  )
}

const patchArgs = [
  '--literal-pathspecs',
  '-c',
  'core.quotePath=false',
  '-c',
  'diff.suppressBlankEmpty=false',
  'diff',
  '--patch',
  '--no-color',
  ...always,
  '--submodule=short',
  '--src-prefix=a/',
  '--dst-prefix=b/',
  '--inter-hunk-context=0',
]

/**
 * Reads one file's patch.
 * @returns undefined when git printed none.
 * @throws {NoPatch} `binary`, `too_large`. @throws {GitError} when git failed.
 */
async function readDiff(
  place: GitPlace,
  args: readonly string[],
  status: DiffFile['status'],
): Promise<string | undefined> {
  const bytes = await readGit(place, [...patchArgs, ...args], patchBytesMax)
  const patch = bytes?.toString()
  if (patch === undefined || Buffer.byteLength(patch) > patchBytesMax) throw tooLarge('patch', status)
  switch (kindOfPatch(patch)) {
    case 'text':
      return patch
    case 'binary':
      throw new NoPatch('binary', 'Git sees no text in this file.', status)
    case 'none':
      return undefined
  }
}
