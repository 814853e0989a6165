/** What a command line of Claude Code says, as far as it matters here. Claude Code docs, CLI reference (2.1.285). */
export interface ClaudeArguments {
  /** False for subcommands, `--version` and whatever else opens no conversation in this terminal. */
  isConversation: boolean
  /** `-p`: it answers and ends, and nobody can be asked. */
  isPrint: boolean
  /** It was asked to run without hooks. */
  isBare: boolean
  /** Only managed settings and `--settings` are loaded. */
  isRestricted: boolean
  /** The value of the last `--settings`, which is the one that counts; null when there is none. */
  settings: string | null
  /** The kinds of settings files that are loaded; null for all. */
  settingSources: string | null
  /** The arguments without any `--settings`. */
  others: string[]
}

const subcommands = new Set(
  `agents attach auth auto-mode config daemon doctor gateway import install kill logs mcp plugin plugins project purge
  remote-control respawn rm self-hosted-runner setup-token stop ultrareview update upgrade`.split(/\s+/),
)

/** These print something, or open the conversation elsewhere. */
const elsewhere = new Set(
  `--version --help --bg --background --exec --desktop --init-only --cloud --remote --environment --tmux --update
  --upgrade --mcp-cli --ripgrep --claude-in-chrome-mcp --chrome-native-host`.split(/\s+/),
)

const takeOne = new Set(
  `--advisor --agent --agents --append-subagent-system-prompt --append-subagent-system-prompt-file
  --append-system-prompt --append-system-prompt-file --autocompact --debug-file --effort --environment --exec
  --fallback-model --input-format --json-schema --max-budget-usd --max-thinking-tokens --max-turns --model --name
  --output-format --permission-mode --permission-prompt-tool --permission-prompts --plugin-dir --plugin-url --ref
  --remote-control-session-name-prefix --session-id --setting-sources --settings --system-prompt
  --system-prompt-file --system-prompt-snapshot --teammate-mode`.split(/\s+/),
)
const mayTakeOne = new Set(
  '--debug --resume --worktree --from-pr --remote-control --rc --teleport --cloud --remote'.split(' '),
)
const takeMany = new Set(
  `--add-dir --allowedTools --allowed-tools --betas --channels --dangerously-load-development-channels
  --disallowedTools --disallowed-tools --file --mcp-config --tools`.split(/\s+/),
)
const short: Readonly<Record<string, string>> = {
  p: '--print',
  c: '--continue',
  v: '--version',
  h: '--help',
  d: '--debug',
  r: '--resume',
  n: '--name',
  w: '--worktree',
}

/** Reads a command line of Claude Code; one that it would refuse is read somehow. */
export function readClaudeArguments(args: readonly string[]): ClaudeArguments {
  const read: ClaudeArguments = {
    isConversation: true,
    isPrint: false,
    isBare: false,
    isRestricted: false,
    settings: null,
    settingSources: null,
    others: [],
  }
  let isFirstWord = true
  for (let i = 0; i < args.length;) {
    const arg = args[i]!
    if (arg === '--') {
      read.others.push(...args.slice(i))
      break
    }
    if (!arg.startsWith('-') || arg === '-') {
      // A prompt, unless it is a subcommand.
      if (isFirstWord && subcommands.has(arg)) read.isConversation = false
      isFirstWord = false
      read.others.push(arg)
      i++
      continue
    }
    const [name, inline] = optionOf(arg)
    const values = inline === null ? valuesOf(name, args, i + 1) : []
    note(read, name, inline ?? values[0] ?? null)
    if (inline === null && /^-[a-z]{2,}$/.test(arg))
      for (const letter of arg.slice(2)) note(read, short[letter] ?? '', null)
    if (name !== '--settings') read.others.push(arg, ...values)
    i += 1 + values.length
  }
  return read
}

/** An option's long name, and its value where that is part of the same word. */
function optionOf(arg: string): [name: string, inline: string | null] {
  if (!arg.startsWith('--')) {
    const name = short[arg[1]!] ?? arg
    const takesValue = takeOne.has(name) || mayTakeOne.has(name)
    return [name, takesValue && arg.length > 2 ? arg.slice(2) : null]
  }
  const end = arg.indexOf('=')
  return end === -1 ? [arg, null] : [arg.slice(0, end), arg.slice(end + 1)]
}

/** The words after an option that are its values. */
function valuesOf(name: string, args: readonly string[], from: number): string[] {
  if (takeOne.has(name)) return args.slice(from, from + 1)
  const isOption = (arg: string | undefined): boolean => arg === undefined || arg.startsWith('-')
  if (mayTakeOne.has(name)) return isOption(args[from]) ? [] : args.slice(from, from + 1)
  if (!takeMany.has(name)) return []
  let end = from
  while (!isOption(args[end])) end++
  return args.slice(from, end)
}

function note(read: ClaudeArguments, name: string, value: string | null): void {
  if (elsewhere.has(name)) read.isConversation = false
  else if (name === '--print') read.isPrint = true
  else if (name === '--bare' || name === '--safe-mode') read.isBare = true
  else if (name === '--restricted') read.isRestricted = true
  else if (name === '--setting-sources') read.settingSources = value
  // Measured: since 2.1.169 the last one wins, and the others count for nothing.
  else if (name === '--settings') read.settings = value ?? ''
}
