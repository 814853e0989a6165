import path from 'node:path'

/** The agents that are known by their processes. */
export const agentNames = ['claude', 'codex', 'gemini', 'opencode'] as const
export type AgentName = (typeof agentNames)[number]

/** What each one's program is called, and where it lies when it is called otherwise. */
const programs: Record<AgentName, { files: readonly string[]; path: RegExp }> = {
  // Each version of the native one is a file of its own, named for its number.
  claude: { files: ['claude'], path: /\/@anthropic-ai\/claude-code\/|\/claude\/versions\/[^/]+$/ },
  codex: { files: ['codex', 'codex.js'], path: /\/@openai\/codex\// },
  gemini: { files: ['gemini', 'gemini.js'], path: /\/@google\/gemini-cli\// },
  // What npm installs starts `.opencode` beside it.
  opencode: { files: ['opencode', '.opencode'], path: /\/opencode-ai\/|\/@opencode\/cli\// },
}
const wrapperFiles = ['aoc-agent-wrap', 'aoc-agent-wrap.js']
const runtimes = new Set(['node', 'nodejs', 'bun'])
/** Options of node(1) and bun that take the next argument. */
const valuedOptions = new Set(
  '-r --require --import --loader --experimental-loader -C --conditions --env-file'.split(' '),
)
/** With these there is no script: the program stands in the arguments, or nothing runs. */
const scriptless = new Set('-e --eval -p --print -h --help -v --version'.split(' '))

/** First words with which an agent's program is no conversation: servers, and what is done and ends. */
const otherCommands = new Set(
  `mcp mcp-server app-server exec-server acp serve web auth login logout doctor update upgrade install config completion
  --version --help`.split(/\s+/),
)

/** Which agent a process is by its arguments, or our wrapper; null for anything else. Pure. */
export function commandOf(argv: readonly string[]): AgentName | 'wrapper' | null {
  const [first = '', ...rest] = argv
  if (!runtimes.has(path.basename(first))) return named(first, rest)
  const at = scriptAt(rest)
  return at === -1 ? null : named(rest[at]!, rest.slice(at + 1))
}

function named(file: string, args: readonly string[]): AgentName | 'wrapper' | null {
  const base = path.basename(file)
  if (wrapperFiles.includes(base)) return 'wrapper'
  const found = agentNames.find(
    (name) => programs[name].files.includes(base) || programs[name].path.test(file),
  )
  return found === undefined || otherCommands.has(args[0] ?? '') ? null : found
}

/** Where a runtime's script is among its arguments, or -1. */
function scriptAt(args: readonly string[]): number {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (scriptless.has(arg)) return -1
    if (valuedOptions.has(arg)) i++
    else if (!arg.startsWith('-') && !(i === 0 && arg === 'run')) return i
  }
  return -1
}
