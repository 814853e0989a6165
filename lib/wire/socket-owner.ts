import { lstatSync, statSync } from 'node:fs'
import path from 'node:path'

/**
 * Why a socket is not to be trusted, or null: somebody else could have put it there, and would be told, and could
 * type into, all that goes over it. A socket that is not there is no danger.
 */
export function whyNotTrusted(socketPath: string): string | null {
  const uid = process.getuid?.() ?? 0
  try {
    const folder = path.dirname(socketPath)
    const { uid: folderOwner, mode } = statSync(folder)
    if (folderOwner !== uid && folderOwner !== 0) return `${folder} belongs to uid ${folderOwner}`
    const isOpen = (mode & 0o022) !== 0 && (mode & 0o1000) === 0
    if (isOpen) return `${folder} can be written by others`
    const { uid: owner } = lstatSync(socketPath)
    return owner === uid ? null : `${socketPath} belongs to uid ${owner}`
  } catch {
    return null
  }
}
