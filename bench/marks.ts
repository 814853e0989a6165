const prefix = 'mark-'
const digits = 6
const markChars = prefix.length + digits
/** So many marks there are. */
export const marksMax = 10 ** digits

/** A word that a frame carries from its publisher to its subscribers, whatever protocol they speak. */
export function markOf(number: number): string {
  return `${prefix}${String(number).padStart(digits, '0')}`
}

/** Finds marks in what one connection hears, each once. Nothing else is read: so all protocols cost the bench alike. */
export class Marks {
  readonly #seen: Uint8Array
  #rest = ''
  #left: number

  /** Looks for the marks `first` to `first + count - 1`. */
  constructor(
    private readonly first: number,
    count: number,
  ) {
    this.#seen = new Uint8Array(count)
    this.#left = count
  }

  /** How many have not come. */
  get left(): number {
    return this.#left
  }

  /** @param found is told each that comes, the first time. */
  take(chunk: Buffer, length: number, found: (number: number) => void): void {
    const text = this.#rest + chunk.toString('latin1', 0, length)
    for (let at = text.indexOf(prefix); at !== -1; at = text.indexOf(prefix, at + 1)) {
      if (at + markChars > text.length) break
      const number = Number(text.slice(at + prefix.length, at + markChars))
      if (this.#seen[number - this.first] !== 0) continue
      this.#seen[number - this.first] = 1
      this.#left--
      found(number)
    }
    // One that is cut in two is found with the next chunk; too short to hold one that was found.
    this.#rest = text.slice(1 - markChars)
  }
}
