import fc from 'fast-check'
import t from 'tap'
import { YargsArguments } from '../../../lib/wrapper/profiles/yargs-arguments.js'

const read = (...args: string[]): YargsArguments => new YargsArguments(args, new Set(['-d', '--debug']))

void t.test('switches, wherever and however they stand', async (t) => {
  for (const [expected, ...args] of [
    [true, '-s'],
    [true, 'word', '--sandbox'],
    [true, '-ysd'],
    [true, '--sandbox=true'],
    [true, '--sandbox', 'true'],
    [true, '--sandbox', 'word'],
    [true, '--prompt', '-s'],
    [true, '--no-sandbox', '-s'],
    [true, '--no-sandbox=false'],
    [false, '-s', '--no-sandbox'],
    [false, '--sandbox=false'],
    [false, '-s=false'],
    [false, '-s', 'false'],
    [false, '--sandbox=yes'],
    [null],
    [null, '--', '-s'],
    [null, '--prompt=-s'],
    [null, '-'],
    [null, '--sandboxed'],
  ] as [boolean | null, ...string[]][])
    t.equal(read(...args).switchedOn('-s', '--sandbox'), expected, args.join(' '))
  t.equal(read('--listSessions').switchedOn('--list-sessions'), true)
  t.equal(read('--attach=x').has('--attach'), true)
  t.equal(read('attach').has('--attach'), false)
})

void t.test('the first word', async (t) => {
  for (const [expected, ...args] of [
    ['mcp', 'mcp', 'list'],
    ['mcp', '-d', 'mcp'],
    ['mcp', '-yd', 'mcp'],
    ['mcp', '--model', 'x', 'mcp'],
    ['mcp', '--model=x', 'mcp'],
    ['mcp', '--model', '-1', 'mcp'],
    ['mcp', '--agent', '--model', 'x', 'mcp'],
    ['mcp', '-d', 'false', 'mcp'],
    ['list', '-y', 'mcp', 'list'],
    ['-', '-'],
    ['', ''],
    [null, '-m', 'mcp'],
    [null, '-d', '--', 'mcp'],
  ] as [string | null, ...string[]][])
    t.equal(read(...args).firstWord, expected, args.join(' '))
})

void t.test('no arguments make it throw', async () => {
  const word = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('-', '=', 'a', '1', 'N', ' ', '\n') }))
  fc.assert(
    fc.property(fc.array(word), (args) => {
      const all = read(...args)
      return !all.has('') && [true, false, null].includes(all.switchedOn('-a', '--a'))
    }),
  )
})
