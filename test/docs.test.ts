import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { agentCommandNames, hubCommandNames } from '../lib/wire/commands.js'
import { cases } from './fixtures.js'

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')

/** The frames in a page's json blocks: a block is one frame, or one a line. */
function framesOf(page: string): unknown[] {
  return [...page.matchAll(/^```json\n(.*?)^```/gms)].flatMap(([, block = '']) => {
    try {
      return [JSON.parse(block) as unknown]
    } catch {
      return block
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown)
    }
  })
}

void t.test('every example of PROTOCOL.md is a fixture', async (t) => {
  const known = new Set<string>()
  for (const folder of ['wire', 'sessions', 'v1'])
    for (const name of readdirSync(new URL(`../fixtures/${folder}`, import.meta.url)))
      for (const { frame } of cases<{ frame?: unknown }>(`${folder}/${name}`))
        known.add(JSON.stringify(frame))
  const examples = framesOf(read('docs/PROTOCOL.md'))
  t.ok(examples.length >= 15)
  for (const example of examples)
    t.ok(known.has(JSON.stringify(example)), JSON.stringify(example).slice(0, 120))
})

void t.test('PROTOCOL.md names every code and command', async (t) => {
  const page = read('docs/PROTOCOL.md')
  const codes = [...read('lib/wire/errors.ts').matchAll(/^ {2}\| '(\w+)'$/gm)].map(([, code]) => code!)
  t.ok(codes.length > 20)
  for (const word of [...codes, ...agentCommandNames, ...hubCommandNames])
    t.ok(page.includes(`\`${word}\``), word)
})
