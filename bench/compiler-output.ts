import fs from 'node:fs'

const reset = '\u001b[0m'
const bold = '\u001b[1m'
const red = '\u001b[31m'
const yellow = '\u001b[33m'
const blue = '\u001b[34m'
const words = ['parser', 'cache', 'history', 'outbox', 'stream', 'publisher', 'lifecycle', 'screen']

/** What a build with many warnings shows: file names, colors, source lines, some text that is not ASCII. */
function coloredLines(index: number): string {
  const word = words[index % words.length]!
  const [line, column] = [(index * 7) % 900, (index * 3) % 80]
  const [color, kind] = index % 5 === 0 ? [red, 'error'] : [yellow, 'warning']
  return [
    `${bold}src/${word}/${word}-${index % 100}.rs:${line}:${column}: ${color}${kind}${reset}${bold}: unused value ‘${word}’${reset}`,
    `${blue}${String(line).padStart(5)} |${reset}     let ${word} = self.${words[(index + 3) % words.length]!}.take(${index});`,
    `${blue}      |${reset}         ${color}${'^'.repeat(4 + (index % 12))}${reset} help: prefix it with an underscore`,
    '',
  ].join('\n')
}

function plainLine(index: number): string {
  return `${String(index).padStart(8)}  ${words[index % words.length]!} of step ${index % 1_000} took ${(index * 37) % 5_000} ms and wrote 17 files\n`
}

/** A file of output to be shown, and how many bytes a terminal makes of it: it ends lines with `\r\n`. */
export interface Output {
  file: string
  shownBytes: number
}

/** Writes a file of at least `bytes` bytes of output. */
export function writeOutput(file: string, kind: 'colored' | 'plain', bytes: number): Output {
  const make = kind === 'colored' ? coloredLines : plainLine
  const parts: string[] = []
  for (let index = 0, length = 0; length < bytes; index++) {
    const part = make(index)
    parts.push(part)
    length += Buffer.byteLength(part)
  }
  const text = parts.join('')
  fs.writeFileSync(file, text)
  return { file, shownBytes: Buffer.byteLength(text.replaceAll('\n', '\r\n')) }
}
