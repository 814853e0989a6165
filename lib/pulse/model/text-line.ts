import { clusters } from '../text.js'
import type { Edit } from './intent.js'

/** A line that is being typed, as characters, with the cursor before the character `at`. */
export interface TextLine {
  readonly characters: readonly string[]
  readonly at: number
}

export const emptyLine: TextLine = { characters: [], at: 0 }

/** Characters that a line takes. */
const charactersMax = 16_384

/** A line with its text, the cursor at the end. */
export function lineOf(text: string): TextLine {
  const characters = [...clusters(text)]
  return { characters, at: characters.length }
}

export function textOf(line: TextLine): string {
  return line.characters.join('')
}

/** A line after an edit. Pure. */
export function edited(line: TextLine, edit: Edit): TextLine {
  const { characters, at } = line
  switch (edit.kind) {
    case 'insert': {
      const added = [...clusters(typeable(edit.text))].slice(0, charactersMax - characters.length)
      return { characters: characters.toSpliced(at, 0, ...added), at: at + added.length }
    }
    case 'backspace':
      return at === 0 ? line : { characters: characters.toSpliced(at - 1, 1), at: at - 1 }
    case 'delete':
      return { characters: characters.toSpliced(at, 1), at }
    case 'delete_word': {
      let from = at
      while (from > 0 && isBlank(characters[from - 1]!)) from--
      while (from > 0 && !isBlank(characters[from - 1]!)) from--
      return { characters: characters.toSpliced(from, at - from), at: from }
    }
    case 'clear':
      return emptyLine
    case 'move':
      return { characters, at: moved(at, characters.length, edit.to) }
  }
}

/** The same edit for a line that has no line breaks. */
export function oneLine(edit: Edit): Edit {
  return edit.kind === 'insert' ? { ...edit, text: edit.text.replaceAll(/\s*\n\s*/g, ' ') } : edit
}

function moved(at: number, length: number, to: Extract<Edit, { kind: 'move' }>['to']): number {
  switch (to) {
    case 'left':
      return Math.max(0, at - 1)
    case 'right':
      return Math.min(length, at + 1)
    case 'start':
      return 0
    case 'end':
      return length
  }
}

function isBlank(character: string): boolean {
  return /^\s*$/.test(character)
}

/** What may be typed or pasted into a line: line breaks stay, as \n; tabs are blanks; no other controls. */
function typeable(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll('\t', ' ')
    .replaceAll(/(?!\n)[\p{Cc}\u2028\u2029]/gu, '')
}
