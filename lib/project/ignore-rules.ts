import { join } from 'node:path'

import ignore, { type Ignore } from 'ignore'

import { readRegularFile } from './regular-file.js'

/** Bytes of one ignore file; a larger one is not used. */
const fileBytesMax = 256 * 1_024
/** Rules of one ignore file; the rest is left out. */
const rulesMax = 1_000
/** What one rule may hold; each star is one more place to try, and `**` between folders tries every depth. */
const ruleCharsMax = 256
const starsMax = 16
const midStarstarsMax = 1
/** After so many tests a matcher's memory of earlier ones, which only grows, is dropped. */
const testsMax = 10_000
/** A file whose tests take longer than that in sum, over `testsMax` of them, is not used any more. */
const testsBudgetMs = 2_000

/** Names that are never looked into, whatever the rules say. */
const always: ReadonlySet<string> = new Set(['.git', '.aoc'])

/**
 * The ignore rules of one work tree, as far as they have been loaded: its `.gitignore` files and `info/exclude`, not the
 * person's global ones. Paths are relative to the work tree's root, with `/`, the root being ''.
 * Rules that take long to test are left out: then more is watched, and nothing else changes.
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
  #spentMs = 0

  constructor(text: string) {
    const lines = text.split('\n').map((line) => line.replace(/\r$/, ''))
    this.#rules = newRules().add(lines.filter((line) => isQuick(line)).slice(0, rulesMax))
  }

  /** @returns undefined when no rule is about the path. */
  test(path: string): boolean | undefined {
    const startMs = performance.now()
    const { ignored, unignored } = this.#rules.test(path)
    this.#spentMs += performance.now() - startMs
    if (this.#spentMs > testsBudgetMs) this.#rules = newRules()
    else if (++this.#tests > testsMax) {
      this.#rules = newRules().add(this.#rules)
      this.#tests = 0
      this.#spentMs = 0
    }
    return ignored ? true : unignored ? false : undefined
  }
}

function newRules(): Ignore {
  return ignore({ ignorecase: process.platform === 'darwin', allowRelativePaths: true })
}

/** Whether a line is a rule that is tested in little time on any path. */
function isQuick(line: string): boolean {
  if (line === '' || line.startsWith('#') || line.length > ruleCharsMax) return false
  const stars = line.split('*').length - 1
  const midStarstars = line.match(/(?<=.)\/\*{2,}(?=\/)/g)?.length ?? 0
  return stars <= starsMax && midStarstars <= midStarstarsMax
}

async function readMatcher(path: string): Promise<Matcher | undefined> {
  try {
    return new Matcher(await readRegularFile(path, fileBytesMax, { followLink: false }))
  } catch {
    return undefined
  }
}
