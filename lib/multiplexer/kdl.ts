/** A node of a KDL document (kdl.dev, versions 1 and 2): its name, its properties as text, its children. */
export interface KdlNode {
  name: string
  args: string[]
  props: Map<string, string>
  children: KdlNode[]
}

/** Deeper than any layout a person looks at. */
const levelsMax = 64

const blank = /(?:[^\S\n\r\u2028\u2029]|\ufeff|\\[^\S\n\r]*(?:\/\/[^\n]*)?(?:\r?\n|$))+/y
const lineEnd = /[\n\r;\u2028\u2029]+/y
const lineComment = /\/\/[^\n]*/y
const quoted = /"([^"\\]*(?:\\[^][^"\\]*)*)"/y
const rawStart = /r?(#+)"|r"/y
const word = /[^\s"\\{}()=;]+/y
const annotation = /\([^)\n]*\)/y
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', s: ' ' }

/**
 * Reads so much of KDL as a layout is written in: nodes, arguments, properties, children, strings of all kinds and
 * comments; numbers and words are given as they are written. Pure; takes time in proportion to the text.
 * @throws {SyntaxError} for what is none.
 */
export function parseKdl(text: string): KdlNode[] {
  const root: KdlNode = { name: '', args: [], props: new Map(), children: [] }
  const open = [root]
  let node: KdlNode | null = null
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found) at = pattern.lastIndex
    return found
  }
  const value = (): string | null => {
    const string = take(quoted)
    if (string) return unescaped(string[1]!)
    const verbatim = take(rawStart)
    if (!verbatim) return take(word)?.[0] ?? null
    const start = at
    const mark = `"${verbatim[1] ?? ''}`
    const end = text.indexOf(mark, start)
    if (end < 0) throw new SyntaxError(`KDL: a string that starts at ${start} has no end`)
    at = end + mark.length
    return text.slice(start, end)
  }
  const entry = (): void => {
    const first = value()
    if (first === null) throw new SyntaxError(`KDL: unexpected ${JSON.stringify(text[at])} at ${at}`)
    if (node === null) {
      node = { name: first, args: [], props: new Map(), children: [] }
      open.at(-1)!.children.push(node)
    } else if (text[at] === '=') {
      at++
      take(annotation)
      node.props.set(first, value() ?? '')
    } else node.args.push(first)
  }
  while (at < text.length) {
    if (take(blank) || take(lineComment)) continue
    if (take(lineEnd)) node = null
    else if (text.startsWith('/*', at)) at = afterComment(text, at)
    else if (text[at] === '{' && node !== null) {
      if (open.push(node) > levelsMax) throw new SyntaxError(`KDL: nested deeper than ${levelsMax} levels`)
      node = null
      at++
    } else if (text[at] === '}' && open.length > 1) {
      open.pop()
      node = null
      at++
    } else if (!take(annotation)) entry()
  }
  if (open.length > 1) throw new SyntaxError(`KDL: it ends inside of ${open.at(-1)!.name}`)
  return root.children
}

/** Where the comment that starts at `at` ends; comments nest. */
function afterComment(text: string, at: number): number {
  const edge = /\/\*|\*\//g
  edge.lastIndex = at
  let depth = 0
  for (let found = edge.exec(text); found; found = edge.exec(text)) {
    depth += found[0] === '/*' ? 1 : -1
    if (depth === 0) return edge.lastIndex
  }
  return text.length
}

function unescaped(text: string): string {
  if (!text.includes('\\')) return text
  return text.replaceAll(/\\(?:u\{([0-9a-fA-F]{1,6})\}|\s+|([^]))/g, (_, hex?: string, letter?: string) => {
    if (hex === undefined) return letter === undefined ? '' : (escapes[letter] ?? letter)
    const code = Number.parseInt(hex, 16)
    return code > 0x10ffff ? '\ufffd' : String.fromCodePoint(code)
  })
}
