import t from 'tap'
import { parseKdl, type KdlNode } from '../../lib/multiplexer/kdl.js'

/** A node in short: its name, what stands on its line, its children. */
const short = ({ name, args, props, children }: KdlNode): unknown[] => [
  name,
  ...args,
  ...[...props].map(([key, value]) => `${key}=${value}`),
  ...(children.length > 0 ? [children.map(short)] : []),
]

void t.test('nodes, arguments, properties, children', async (t) => {
  const table: [string, unknown[]][] = [
    ['', []],
    ['// nothing\n/* and /* still */ nothing */\n', []],
    ['pane', [['pane']]],
    ['pane; pane; pane', [['pane'], ['pane'], ['pane']]],
    ['pane size=1 borderless=true "x"', [['pane', 'x', 'size=1', 'borderless=true']]],
    ['a { b { c; }; d }; e', [['a', [['b', [['c']]], ['d']]], ['e']]],
    ['a {\r\n  b 1 // c\r\n}\r\n', [['a', [['b', '1']]]]],
    ['tab \\\n  name="x" \\ // more\n  focus=#true', [['tab', 'name=x', 'focus=#true']]],
    ['"a b" "c=d"="e"', [['a b', 'c=d=e']]],
    ['(type)a (u8)1 b=(u8)2', [['a', '1', 'b=2']]],
    [String.raw`a "\"q\" \\ \n \u{1f980} \/"`, [['a', '"q" \\ \n 🦀 /']]],
    ['a "two\nlines { } ; //"', [['a', 'two\nlines { } ; //']]],
    ['a r"\\n" r##"x"# y"## #"z"# b="1"', [['a', '\\n', 'x"# y', 'z', 'b=1']]],
    ['a "\\u{110000}"', [['a', '\ufffd']]],
  ]
  for (const [text, expected] of table) t.strictSame(parseKdl(text).map(short), expected, text)
})

void t.test('what is none is said to be none', async (t) => {
  for (const text of [
    '{',
    'a {',
    'a }',
    '}',
    'a "open',
    'a r#"open"',
    '= 1',
    'a '.repeat(3) + '"\\',
    'a (b\n',
  ])
    t.throws(() => parseKdl(text), SyntaxError, text)
  t.throws(() => parseKdl('a {'.repeat(100_000)), { message: /deeper than 64/ })
})

void t.test('a long text is read in one go', async (t) => {
  t.equal(parseKdl('pane command="x" { args "y"; }\n'.repeat(20_000)).length, 20_000)
  t.equal(parseKdl(`a "${'\\n'.repeat(500_000)}"`)[0]?.args[0]?.length, 500_000)
  t.equal(parseKdl(' '.repeat(1_000_000)).length, 0)
  t.equal(parseKdl('/* '.repeat(300_000)).length, 0)
})
