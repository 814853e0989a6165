import fs from 'node:fs'
import path from 'node:path'

/**
 * Makes a folder and those above it, each for this user alone; one that is there stays as it is. One after the other:
 * Node's own `recursive` never returns from some places, such as /proc (Node 20).
 * @throws {NodeJS.ErrnoException}
 */
export function makeFolders(dir: string): void {
  if (fs.existsSync(dir)) return
  if (path.dirname(dir) !== dir) makeFolders(path.dirname(dir))
  try {
    fs.mkdirSync(dir, { mode: 0o700 })
  } catch (error) {
    // Another process may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
