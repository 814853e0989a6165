import { join } from 'node:path'

import ignore, { type Ignore } from 'ignore'

import { readRegularFile } from './regular-file.js'

/** Bytes of one ignore file; a larger one is not used. */
const fileBytesMax = 256 * 1_024
const linesMax = 2_000
const lineCharsMax = 512
/** `**` between folders is tried at every depth, so that each further one multiplies the time of a test. */
const starstarsMax = 2
/** Tests after which a matcher's memory of earlier ones, which only grows, is dropped. */
const testsMax = 10_000

/** Names that are never looked into, whatever the rules say. */
const always: ReadonlySet<string> = new Set(['.git', '.aoc'])

/**
 * The ignore rules of one work tree, as far as they have been loaded: its `.gitignore` files and `info/exclude`, not the
 * person's global ones. Paths are relative to the work tree's root, with `/`, the root being ''.
 * A rule that could take long to test is left out: then more is watched, and nothing else changes.
 */
export class IgnoreRules {
  readonly #root: string
  readonly #levels = new Map<string, Matcher>()
  #exclude: Matcher | undefined

  constructor(root: string) {
    this.#root = root
  }

  /** Reads `info/exclude`, whose rules come after all others. Never throws: what cannot be read holds no rules. */
  async loadExclude(commonDir: string): Promise<void> {
    this.#exclude = await readMatcher(join(commonDir, 'info/exclude'))
  }

  /** Reads the folder's own `.gitignore`, as `loadExclude` does. */
  async load(folder: string): Promise<void> {
    const matcher = await readMatcher(join(this.#root, folder, '.gitignore'))
    if (matcher === undefined) this.#levels.delete(folder)
    else this.#levels.set(folder, matcher)
  }

  /** Drops the folder's own rules. */
  forget(folder: string): void {
    this.#levels.delete(folder)
  }

  /**
   * Whether git leaves this path alone unless it is tracked. The folders above are taken not to be ignored: nobody looks
   * into those that are.
   */
  ignores(path: string, kind: 'file' | 'folder'): boolean {
    if (always.has(path.slice(path.lastIndexOf('/') + 1))) return true
    const subject = kind === 'folder' ? `${path}/` : path
    // The deepest file that says something about the path decides.
    for (let end = path.lastIndexOf('/'); ; end = path.lastIndexOf('/', end - 1)) {
      const folder = end === -1 ? '' : path.slice(0, end)
      const verdict = this.#levels.get(folder)?.test(end === -1 ? subject : subject.slice(end + 1))
      if (verdict !== undefined) return verdict
      if (end <= 0) break
    }
    return this.#exclude?.test(subject) ?? false
  }
}

/** One ignore file. */
class Matcher {
  #rules: Ignore
  #tests = 0

  constructor(text: string) {
    const lines = text.split('\n').slice(0, linesMax)
    this.#rules = newRules().add(lines.filter((line) => isQuick(line)).map((line) => line.replace(/\r$/, '')))
  }

  /** @returns undefined when no rule is about the path. */
  test(path: string): boolean | undefined {
    if (++this.#tests > testsMax) {
      this.#rules = newRules().add(this.#rules)
      this.#tests = 0
    }
    const { ignored, unignored } = this.#rules.test(path)
    return ignored ? true : unignored ? false : undefined
  }
}

function newRules(): Ignore {
  return ignore({ ignorecase: process.platform === 'darwin', allowRelativePaths: true })
}

function isQuick(line: string): boolean {
  return line.length <= lineCharsMax && line.split('**').length - 1 <= starstarsMax
}

async function readMatcher(path: string): Promise<Matcher | undefined> {
  try {
    return new Matcher(await readRegularFile(path, fileBytesMax, { followLink: false }))
  } catch {
    return undefined
  }
}
