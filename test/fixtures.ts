import { readFileSync } from 'node:fs'

/** The cases of a fixture file, one a line; blank lines and lines that start with # are comments. */
export function cases<T>(name: string): T[] {
  const text = readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => JSON.parse(line) as T)
}
