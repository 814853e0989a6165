import { kept } from '../details.js'
import { widthOf } from '../text.js'

/** A line of a patch: what it is, and where it stands in the old and in the new file, from 1. */
export interface PatchLine {
  readonly kind: 'header' | 'hunk' | 'context' | 'added' | 'removed' | 'note'
  readonly old: number | null
  readonly new: number | null
}

/** More lines than this are left out, and so is what a line has beyond so many characters. */
export const patchLinesMax = 50_000
export const patchCharsMax = 2_000

/** The text of `get_diff_patch` as lines that can be shown: tabs are blanks, and no other control character is itself. */
export function patchLines(patch: string): string[] {
  const lines: string[] = []
  let from = 0
  let hasBegun = false
  const header = new HeaderReader()
  while (from < patch.length && lines.length < patchLinesMax) {
    const found = patch.indexOf('\n', from)
    const to = found < 0 ? patch.length : found
    // What git says before the first hunk stands in the title already.
    if (!hasBegun && /^(diff --git |index |--- |\+\+\+ )/.test(patch.slice(from, from + 11))) {
      from = to + 1
      continue
    }
    hasBegun ||= patch.startsWith('@@', from)
    const isLong = to - from > patchCharsMax
    const line =
      visible(patch.slice(from, isLong ? from + patchCharsMax : to).toWellFormed()) + (isLong ? '…' : '')
    const told = hasBegun ? line : header.told(line)
    if (told !== null) lines.push(told)
    from = to + 1
  }
  if (from < patch.length)
    lines.push(`\\ More than ${patchLinesMax.toLocaleString('en')} lines: the rest is left out`)
  return lines
}

/** What git says of a file before its first hunk, in words. Git documentation, "Generating patch text with -p". */
class HeaderReader {
  #oldMode = ''
  #alike = ''
  #from = ''

  /** A line in words; null when it is told with one that follows. Any other line stays as it is. */
  told(line: string): string | null {
    const [, name = '', value = ''] = headerLine.exec(line) ?? []
    switch (name) {
      case 'old mode':
        this.#oldMode = value
        return null
      case 'new mode':
        return modeChange(this.#oldMode, value)
      case 'new file mode':
        return `New ${kinds[value] ?? `file of mode ${value}`}`
      case 'deleted file mode':
        return `Deleted ${kinds[value] ?? `file of mode ${value}`}`
      case 'similarity index':
      case 'dissimilarity index':
        this.#alike = name === 'similarity index' ? value : ''
        return null
      case 'rename from':
      case 'copy from':
        this.#from = value
        return null
      case 'rename to':
      case 'copy to': {
        const what = `${name === 'rename to' ? 'Renamed' : 'Copied'}: ${this.#from} → ${value}`
        if (this.#alike === '') return what
        return `${what}, ${this.#alike === '100%' ? 'with the same content' : `${this.#alike} alike`}`
      }
      default:
        return line
    }
  }
}

const headerLine =
  /^((?:old|new|new file|deleted file) mode(?= \d{6}$)|(?:dis)?similarity index(?= \d{1,3}%$)|(?:rename|copy) (?:from|to)) (.+)$/

/** What git calls by a mode. */
const kinds: Readonly<Record<string, string>> = {
  '100644': 'file',
  '100755': 'executable file',
  '120000': 'symbolic link',
  '160000': 'submodule',
}

function modeChange(old: string, now: string): string {
  if (old === '100644' && now === '100755') return 'Made executable'
  if (old === '100755' && now === '100644') return 'No longer executable'
  return `Mode: ${kinds[old] ?? old} → ${kinds[now] ?? now}`
}

/** A tab goes on to the next of these columns, counted behind the mark of an added or removed line. */
const tabColumns = 8

function visible(line: string): string {
  if (/^[ -~]*$/.test(line)) return line
  const mark = /^[-+ ]/.test(line) ? line[0]! : ''
  const shown = line.slice(mark.length).replaceAll(/(?!\t)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, nameOf)
  return mark + (shown.includes('\t') ? withoutTabs(shown) : shown)
}

/** Control characters as `^[` and `<202E>`: a patch that hides something shows it. What joins emoji is left. */
function nameOf(character: string): string {
  const code = character.codePointAt(0)!
  if (character === '\u200c' || character === '\u200d' || code >= 0xe_0000) return character
  if (code < 0x20) return `^${String.fromCodePoint(code + 0x40)}`
  return code === 0x7f ? '^?' : `<${code.toString(16).toUpperCase().padStart(4, '0')}>`
}

function withoutTabs(text: string): string {
  let out = ''
  let column = 0
  for (const part of text.split(/(\t)/)) {
    const width = part === '\t' ? tabColumns - (column % tabColumns) : widthOf(part)
    out += part === '\t' ? ' '.repeat(width) : part
    column += width
  }
  return out
}

/** What each line of a patch is; kept with the lines. */
export const lineKindsOf: (lines: readonly string[]) => readonly PatchLine[] = kept(readKinds)

function readKinds(lines: readonly string[]): PatchLine[] {
  /** Marks at the beginning of each line: one, or one per parent of a merge; 0 before the first hunk. */
  let marks = 0
  let old = 0
  let now = 0
  return lines.map((line): PatchLine => {
    const hunk = /^(@@+) -(\d{1,9})(?:,\d+)? .*?\+(\d{1,9})(?:,\d+)? @@/.exec(line)
    if (hunk !== null) {
      marks = hunk[1]!.length - 1
      old = Number(hunk[2])
      now = Number(hunk[3])
      return { kind: 'hunk', old: null, new: null }
    }
    if (marks === 0 || line.startsWith('diff --')) {
      marks = 0
      return { kind: 'header', old: null, new: null }
    }
    if (line.startsWith('\\')) return { kind: 'note', old: null, new: null }
    const mark = line.slice(0, marks)
    const kind = mark.includes('-') ? 'removed' : mark.includes('+') ? 'added' : 'context'
    if (marks > 1) return { kind, old: null, new: null }
    return { kind, old: kind === 'added' ? null : old++, new: kind === 'removed' ? null : now++ }
  })
}
