import { markWords } from './marks.js'

/** What of a text's numbers and single letters the rules read. */
const parts =
  /(?<option>(?=\d)(?<=(?:^|[\r\n])[ \t]*(?:[│┃|❯›>●][ \t]*)*)\d{1,2}\.(?=\s|$))|(?<count>(?<![\p{L}\p{N}])\d{1,3}(?= background\b))|(?<time>(?<![\p{L}\p{N}])\d{1,6}[hmsL](?![\p{L}\p{N}]))|(?<version>\bv(?=\d))|(?<word>\p{L}[\p{L}\p{M}\p{N}'’]*)|(?<number>\p{N}+)/gu
const wide = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]/u

/**
 * Letters become x and digits 0, but for words that agents' dialogs are made of, the numbers of their options and of
 * what runs in the background, and the units of times (`12s`) and of lines (`40L`). Widths and symbols stay. Pure.
 */
export function blankText(text: string): string {
  return text.replaceAll(parts, (part: string, ...rest: unknown[]) => {
    const found = rest.at(-1) as Partial<Record<string, string>>
    if (found['option'] ?? found['count'] ?? found['version']) return part
    if (found['time']) return `${'0'.repeat(part.length - 1)}${part.at(-1)!}`
    if (found['number']) return blankNumber(part)
    return markWords.has(part.toLowerCase().replaceAll('’', "'")) ? part : blankWord(part)
  })
}

function blankWord(word: string): string {
  return Array.from(word, (character) => {
    if (/\p{M}/u.test(character)) return ''
    return wide.test(character) ? '一' : 'x'
  }).join('')
}

function blankNumber(number: string): string {
  return Array.from(number, (digit) => (wide.test(digit) ? '０' : '0')).join('')
}
