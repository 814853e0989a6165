import { readFileSync } from 'node:fs'

/** This package's version, from the nearest package.json above this file (the build keeps the tree's shape). */
export const version: string = readVersion(new URL('.', import.meta.url))

function readVersion(dir: URL): string {
  try {
    const found = JSON.parse(readFileSync(new URL('package.json', dir), 'utf8')) as {
      name: string
      version: string
    }
    if (found.name === 'aoc-pulse') return found.version
  } catch {
    // Not here; look above.
  }
  const above = new URL('..', dir)
  return above.href === dir.href ? '0.0.0' : readVersion(above)
}
