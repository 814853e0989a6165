/** An option as it was given: its long name or its letter, with dashes. */
interface Given {
  name: string
  /** What stands behind its `=`; null when nothing does. */
  value: string | null
  /** The word behind it, when that is no option: it belongs to it where it takes one. */
  next: string | null
}

/**
 * The arguments of a command that yargs reads, as do Gemini CLI and opencode. Measured with gemini 0.61.0 and opencode
 * 1.18.33: options may stand anywhere before `--`, letters may be joined (`-ys`), and what begins with a dash is an
 * option wherever it stands, also behind one that takes a value (`--prompt -v` shows the version).
 */
export class YargsArguments {
  readonly #given: Given[] = []
  /** The first word that is no option nor, for what yargs knows then, the value of one; it may be a subcommand. */
  readonly firstWord: string | null = null

  /** @param booleans the options known before the subcommand is: of all others yargs takes the next word for a value. */
  constructor(args: readonly string[], booleans: ReadonlySet<string>) {
    const end = args.indexOf('--')
    const words = end === -1 ? args : args.slice(0, end)
    let isValue = false
    for (const [i, word] of words.entries()) {
      if (!isOption(word)) {
        if (!isValue) this.firstWord ??= word
        isValue = false
        continue
      }
      const following = words[i + 1]
      const next = following === undefined || isOption(following) ? null : following
      this.#given.push(...optionsIn(word, next))
      const { name = '', value = null } = this.#given.at(-1) ?? {}
      isValue = value === null && (!booleans.has(name) || next === 'true' || next === 'false')
    }
  }

  /** Whether one of these is given, whatever its value. */
  has(...names: string[]): boolean {
    return this.#given.some(({ name }) => names.includes(name))
  }

  /** Whether the last of these switches is on; null when none is given. `--no-x` switches `--x` off. */
  switchedOn(...names: string[]): boolean | null {
    const last = this.#given.findLast(({ name }) => names.includes(name.replace(/^--no-/, '--')))
    if (last === undefined) return null
    const { name, value, next } = last
    const isOn = value === null ? next !== 'false' : value === 'true'
    return names.includes(name) ? isOn : !isOn
  }
}

/** A negative number is a value. yargs-parser, `negative`. */
function isOption(word: string): boolean {
  return /^-./s.test(word) && !/^-\d/.test(word)
}

function optionsIn(word: string, next: string | null): Given[] {
  if (word.startsWith('--')) {
    const at = word.indexOf('=')
    const name = at === -1 ? word : word.slice(0, at)
    // `--listSessions` is as good. yargs-parser, `camel-case-expansion`.
    const kebab = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    return [{ name: kebab, value: at === -1 ? null : word.slice(at + 1), next }]
  }
  const [, letters = '', rest = ''] = /^-([a-z]*)(.*)$/is.exec(word) ?? []
  return letters.split('').map((letter, i) => {
    const isLast = i === letters.length - 1
    return {
      name: `-${letter}`,
      value: isLast && rest !== '' ? rest.replace(/^=/, '') : null,
      next: isLast ? next : null,
    }
  })
}
