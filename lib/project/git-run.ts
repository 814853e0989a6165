import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import split2 from 'split2'

import type { DiffReason } from '../wire/source.js'

/** A git that has not ended by then is killed. */
export const gitTimeoutMs = 30_000
/** Characters of one NUL-terminated record; git's longest are two paths. */
const recordCharsMax = 1_024 * 1_024
/** Characters of what git says besides, from the end: the reason for a failure is its last line. */
const complaintCharsMax = 8_192
const messageCharsMax = 500

/** A git that gave no answer. `code` is the `reason` of a diff summary, `message` is for the person. */
export class GitError extends Error {
  override readonly name = 'GitError'
  readonly code: DiffReason

  constructor(code: DiffReason, message: string) {
    super(message)
    this.code = code
  }
}

/** Where and how git runs. */
export interface GitPlace {
  projectRoot: string
  env: NodeJS.ProcessEnv
  /** Kills git and all it started; its reason, a {@link GitError}, is what `runGit` then throws. */
  signal: AbortSignal
}

/** Variables that say where configuration is, and how far up a repository is looked for; all other `GIT_*` go. */
const keptVariables = /^GIT_(CONFIG_.+|CEILING_DIRECTORIES|DISCOVERY_ACROSS_FILESYSTEM|EXEC_PATH)$/

/**
 * The environment of every git that the wrapper starts: none of the surroundings' repository, no index lock,
 * English, no question, no network (a partial clone fetches what a diff lacks), and no `git` from a relative folder of
 * PATH, which would be one that the repository brings along.
 */
export function gitEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !name.startsWith('GIT_') || keptVariables.test(name))
  const path = (env.PATH ?? '').split(':').filter((folder) => isAbsolute(folder))
  return {
    ...Object.fromEntries(kept),
    // An empty PATH would be the folder git runs in.
    PATH: path.length === 0 ? '/usr/bin:/bin' : path.join(':'),
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_ALLOW_PROTOCOL: 'none',
    LC_ALL: 'C',
  }
}

/**
 * Against settings of a repository that would run its programs or give other output than the parsers know; and, since
 * `git diff` takes the index lock in spite of GIT_OPTIONAL_LOCKS when files only look changed, against that.
 */
const settings = [
  'core.fsmonitor=false',
  'diff.autoRefreshIndex=false',
  'diff.relative=false',
  'diff.orderFile=/dev/null',
  'diff.renameLimit=1000',
  'status.renameLimit=1000',
].flatMap((setting) => ['-c', setting])

/** How a git ended; `code` is why it could not be started. */
interface Ending {
  code?: string | undefined
  exitCode: number | null
  signal: string | null
}

/** One git that runs; its output is to be read. */
interface RunningGit {
  child: ChildProcessByStdio<null, Readable, Readable>
  /** How it ended. */
  ended: Promise<Ending>
  /** Ends it and all that it started. */
  kill: () => void
  /** The end of what it has said besides. */
  complaint: () => string
  /** To be called when it has ended. */
  release: () => void
}

async function startGit(place: GitPlace, args: readonly string[]): Promise<RunningGit> {
  await checkFolder(place.projectRoot)
  place.signal.throwIfAborted()
  const child = spawnGit(place, args)
  const ended = new Promise<Ending>((resolve) => {
    child.once('error', ({ code }: NodeJS.ErrnoException) => resolve({ code, exitCode: null, signal: null }))
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal }))
  })
  // Without a file descriptor to spare there are no pipes, whatever the types say.
  if ((child.stderr as Readable | undefined) === undefined)
    throw new GitError('error', `git could not be started (${(await ended).code}).`)
  const kill = () => {
    killGroup(child.pid)
    child.stdout.destroy()
    child.stderr.destroy()
  }
  place.signal.addEventListener('abort', kill, { once: true })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-complaintCharsMax)
  })
  const release = () => place.signal.removeEventListener('abort', kill)
  return { child, ended, kill, complaint: () => complaint, release }
}

function spawnGit(place: GitPlace, args: readonly string[]): RunningGit['child'] {
  try {
    return spawn('git', ['--no-pager', ...settings, ...args], {
      cwd: place.projectRoot,
      env: gitEnvironment(place.env),
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group and a session of its own: no terminal to ask on, and one signal reaches all that it started.
      detached: true,
    })
  } catch (error) {
    throw new GitError('error', `git could not be started: ${(error as Error).message}`)
  }
}

/**
 * Runs one git in the project and hands over its NUL-terminated records as they come: memory does not grow with them.
 * @throws {GitError} as soon as it is clear that there will be no answer; records may have been handed over before.
 */
export async function runGit(
  place: GitPlace,
  args: readonly string[],
  onRecord: (record: string) => void,
): Promise<void> {
  const { child, ended, kill, complaint, release } = await startGit(place, args)
  try {
    const read = pipeline(child.stdout, split2('\0', { maxLength: recordCharsMax }), async (records) => {
      for await (const record of records) onRecord(record as string)
    })
    // What breaks the reading must not leave git running.
    const broken = await read.then(
      () => undefined,
      (error: Error) => error,
    )
    if (broken !== undefined) kill()
    const result = await ended
    place.signal.throwIfAborted()
    if (broken !== undefined) throw new GitError('error', `git's answer could not be read: ${broken.message}`)
    if (result.exitCode !== 0) throw await failure(place.projectRoot, complaint(), result)
  } finally {
    release()
  }
}

/**
 * Runs one git in the project whose answer is a single text.
 * @returns what it printed; undefined as soon as that is more than `bytesMax`, and then git is killed.
 * @throws {GitError} when it failed. Exit code 1 with an answer is none: so `--no-index` says that files differ.
 */
export async function readGit(
  place: GitPlace,
  args: readonly string[],
  bytesMax: number,
): Promise<Buffer | undefined> {
  const { child, ended, kill, complaint, release } = await startGit(place, args)
  const chunks: Buffer[] = []
  let length = 0
  child.stdout.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > bytesMax) kill()
    else chunks.push(chunk)
  })
  try {
    const result = await ended
    place.signal.throwIfAborted()
    if (length > bytesMax) return undefined
    // A file that --no-index cannot open gives 1 as well: but then nothing is printed, and a complaint is.
    if (result.exitCode === 0 || (result.exitCode === 1 && length > 0)) return Buffer.concat(chunks)
    throw await failure(place.projectRoot, complaint(), result)
  } finally {
    release()
  }
}

/**
 * Hands `use` a place whose signal says when to end, then lets go of the clock.
 * By hand: Node 20 may collect `AbortSignal.any` of an `AbortSignal.timeout` before it has fired.
 */
export async function withDeadline<T>(
  {
    projectRoot,
    env,
    signal,
    timeoutMs = gitTimeoutMs,
  }: { projectRoot: string; env: NodeJS.ProcessEnv; signal?: AbortSignal; timeoutMs?: number },
  use: (place: GitPlace) => Promise<T>,
): Promise<T> {
  const ending = new AbortController()
  const stop = () => ending.abort(new GitError('error', 'git was stopped.'))
  if (signal?.aborted === true) stop()
  signal?.addEventListener('abort', stop, { once: true })
  const timer = setTimeout(() => {
    const seconds = timeoutMs / 1_000
    ending.abort(new GitError('error', `git did not answer within ${seconds} seconds and was stopped.`))
  }, timeoutMs)
  try {
    return await use({ projectRoot, env, signal: ending.signal })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
}

/** A missing folder gives the same ENOENT as a missing git: it is looked at first, and again after such a failure. */
async function checkFolder(projectRoot: string): Promise<void> {
  const stats = await stat(projectRoot).catch((error: NodeJS.ErrnoException) => error)
  if (stats instanceof Error)
    throw new GitError('error', `The project folder cannot be read (${stats.code}).`)
  if (!stats.isDirectory()) throw new GitError('error', 'The project root is not a folder.')
}

async function failure(projectRoot: string, complaint: string, result: Ending): Promise<GitError> {
  if (result.code === 'ENOENT') {
    await checkFolder(projectRoot)
    return new GitError('git_missing', 'There is no git on PATH.')
  }
  const message = firstLine(complaint)
  if (/^fatal: not a git repository \(or any /m.test(complaint)) {
    return new GitError('not_git_repo', message)
  }
  if (message !== '') return new GitError('error', message)
  const end = result.code ?? (result.signal === null ? `code ${result.exitCode}` : result.signal)
  return new GitError('error', `git ended with ${end}.`)
}

/** The line that says what failed, else the first; safe to show in a terminal. */
function firstLine(complaint: string): string {
  const lines = complaint.split('\n')
  const line = lines.find((text) => /^(fatal|error): /.test(text)) ?? lines[0] ?? ''
  return line
    .replaceAll(/\p{Cc}+/gu, ' ')
    .slice(0, messageCharsMax)
    .trim()
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}
