import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive, pidNamespace } from '../../wire/process-life.js'

const namePattern = /^hooks-(\d{1,10})-(\d{1,10})-[A-Za-z0-9]{6}$/

/**
 * Makes a folder for the hooks of one launch, `hooks-<our namespace>-<our pid>-<random>`, which nobody else may enter.
 * @throws when `runtimeDir` cannot be written.
 */
export function makeSpoolFolder(runtimeDir: string): string {
  return mkdtempSync(join(runtimeDir, `hooks-${pidNamespace()}-${process.pid}-`))
}

/** Removes a spool folder with all that is in it; a link in it is removed, not followed. Never throws. */
export function removeSpoolFolder(folder: string): void {
  try {
    // A hook that runs just now may put a file into the folder while it is emptied.
    rmSync(folder, { recursive: true, force: true, maxRetries: 2, retryDelay: 1 })
  } catch {
    // It stays until the next launch finds that its process is gone.
  }
}

/**
 * Removes what launches left behind that could not clean up: real folders of this user whose process is gone. In a
 * container that shares the folder, pids are others: what another namespace's launches made is theirs.
 */
export function removeStaleFolders(runtimeDir: string): void {
  const uid = process.getuid?.()
  const ours = pidNamespace()
  for (const name of namesIn(runtimeDir)) {
    const [, space, pid] = namePattern.exec(name) ?? []
    if (space !== ours || isAlive(Number(pid))) continue
    const folder = join(runtimeDir, name)
    const stats = lstatSync(folder, { throwIfNoEntry: false })
    if (stats?.isDirectory() && stats.uid === uid) removeSpoolFolder(folder)
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
