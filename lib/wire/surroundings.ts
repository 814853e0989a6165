import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { projectRoot, type Env, type SessionFlags, type Surroundings } from './identity.js'

/**
 * Finds out what `identity.ts` needs to know: reads the file system, and asks tmux for its session's name when
 * nothing stronger names one.
 */
export function lookAround(flags: SessionFlags, env: Env, cwd = process.cwd()): Surroundings {
  const uid = process.getuid?.() ?? 0
  const named = flags.session || env['ZELLIJ_SESSION_NAME'] || env['AOC_SESSION_ID']
  const root = projectRoot(flags, env, cwd)
  return {
    uid,
    cwd,
    tmpdir: os.tmpdir(),
    tmuxSession: !named && env['TMUX'] ? askTmux(env) : undefined,
    projectKey: gitCommonDir(root) ?? realPath(root),
    runUserIsOurs: isOurDirectory(`/run/user/${uid}`, uid),
  }
}

function askTmux(env: Env): string | undefined {
  const target = env['TMUX_PANE'] ? ['-t', env['TMUX_PANE']] : []
  try {
    const answer = execFileSync('tmux', ['display-message', '-p', ...target, '#S'], {
      encoding: 'utf8',
      timeout: 1_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return answer.replace(/\n$/, '') || undefined
  } catch {
    return undefined
  }
}

function isOurDirectory(dir: string, uid: number): boolean {
  try {
    const stat = fs.lstatSync(dir)
    return stat.isDirectory() && stat.uid === uid
  } catch {
    return false
  }
}

function realPath(file: string): string {
  try {
    return fs.realpathSync(file)
  } catch {
    return path.resolve(file)
  }
}

/**
 * The git common directory of the repository that holds `dir`, or null. Read from the files that git itself
 * reads (gitrepository-layout(5): `.git` as a directory or a `gitdir:` line, `commondir`), without starting git.
 */
export function gitCommonDir(dir: string): string | null {
  for (let at = realPath(dir); ; at = path.dirname(at)) {
    const found = gitDirAt(path.join(at, '.git'))
    if (found !== null) return found
    if (path.dirname(at) === at) return null
  }
}

function gitDirAt(dotGit: string): string | null {
  try {
    const gitDir = fs.statSync(dotGit).isDirectory() ? dotGit : linkedGitDir(dotGit)
    if (gitDir === null || !fs.existsSync(path.join(gitDir, 'HEAD'))) return null
    return realPath(path.resolve(gitDir, firstLine(path.join(gitDir, 'commondir')) ?? '.'))
  } catch {
    return null
  }
}

function linkedGitDir(dotGit: string): string | null {
  const link = /^gitdir: (.+)$/.exec(firstLine(dotGit) ?? '')
  return link?.[1] === undefined ? null : path.resolve(path.dirname(dotGit), link[1])
}

/** The first line of a small file, or null: never more than one page of it is read. */
function firstLine(file: string): string | null {
  try {
    const fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK)
    try {
      const page = Buffer.alloc(4_096)
      return page.toString('utf8', 0, fs.readSync(fd, page)).split(/\r?\n/, 1)[0] ?? null
    } finally {
      fs.closeSync(fd)
    }
  } catch {
    return null
  }
}
