/** What an event's sender may call itself: the last part of a url, the first part of a spooled file's name. */
export const sourcePattern = /^[a-z][a-z0-9-]{0,31}$/

/** Behind the name of an event's file: what is in the file is all of it. */
export const completeSuffix = '.done'

/** Where the hooks of one launch put their events. */
export interface HookTarget {
  spoolDir: string
  /** The process that reads them; without it nothing is written. */
  wrapperPid: number
  source: string
}

/**
 * The line that an agent runs as a hook: it takes the event's JSON from standard input and leaves it in the spool as
 * `<source>.<agent's pid>.<own pid>`, then makes the empty file that says so. It says nothing, exits 0 whatever happens
 * and needs /bin/sh and cat. Any shell may be given it: Codex takes the person's own (`$SHELL -lc`, which may be fish),
 * Gemini CLI takes bash. openai/codex, hooks/src/engine/command_runner.rs; gemini-cli, core/src/hooks/hookRunner.ts.
 *
 * Standard input is read to its end, even when nobody wants it: Codex shows a hook that does not as failed. An agent
 * that never closes it is ended by the hook's own timeout, which the agent keeps.
 * @throws {RangeError} for a source or pid that cannot be one.
 */
export function hookLine(target: HookTarget): string {
  return `exec ${shell.join(' ')} ${[fromInput, ...words(target)].map(quote).join(' ')}`
}

/**
 * The same as a program and its arguments, for an agent that appends the event's JSON as the last argument and gives no
 * standard input. Codex's `notify`: hooks/src/legacy_notify.rs.
 * @throws {RangeError} as `hookLine`.
 */
export function hookArgv(target: HookTarget): string[] {
  return [...shell, fromArgument, ...words(target)]
}

const shell = ['/bin/sh', '-c']

// A failed redirection of a special built-in such as `:` would end the shell with 2, which forbids the tool call in
// some agents: therefore `true`, and a trap that makes every end a 0.
const before = 'trap "exit 0" EXIT; set -C; f="$1/$3.$PPID.$$"; kill -0 "$2"'
const complete = `true >"$f${completeSuffix}"`

/**
 * An event longer than 512 blocks (256 KiB, twice that in some shells) is cut there, as is one that the disk has no room
 * for: `cat` fails and a second one takes the rest. The last `cat` takes all when nothing can be written.
 */
const fromInput = `{ trap "" XFSZ; ulimit -f 512; ${before} && { cat || cat >/dev/null; true; } >"$f" && ${complete} || cat; } >/dev/null 2>&1; exit 0`

const fromArgument = `{ ${before} && printf %s "$4" >"$f" && ${complete}; } >/dev/null 2>&1; exit 0`

/** What the scripts know as $0 to $3. */
function words({ spoolDir, wrapperPid, source }: HookTarget): string[] {
  if (!sourcePattern.test(source)) throw new RangeError(`${JSON.stringify(source)} is no name of a source`)
  if (!Number.isSafeInteger(wrapperPid) || wrapperPid < 1) throw new RangeError(`${wrapperPid} is no pid`)
  return ['aoc', spoolDir, String(wrapperPid), source]
}

function quote(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
