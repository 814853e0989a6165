import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { startHub, type Candidate } from './candidates.js'
import { makeTempDir } from './children.js'
import { benchSession } from './names.js'
import { Terminal } from './terminal.js'

const wrapperProgram = fileURLToPath(new URL('../bin/aoc-agent-wrap.js', import.meta.url))

/** After this long a wrapper has loaded all that it will, is connected and has read git. */
export const settledMs = 1_500

/** Under a wrapper, on a bare terminal, or under script(1). */
export type WrappedSide = 'ours' | 'bare' | 'script'

/** Where commands run, bare and wrapped: a git repository with changes, and a hub that hears of them. */
export interface Workplace {
  dir: string
  /** For what lives as long as the session; outside the repository, of whose changes wrappers tell. */
  runtimeDir: string
  hub: Candidate
  /** Starts a command on a terminal of its own; pane 7 when none is given. */
  run: (side: WrappedSide, command: string[], pane?: string) => Terminal
  /** The same with a command of the shell. */
  start: (side: WrappedSide, script: string, ...args: string[]) => Terminal
}

export async function openWorkplace(): Promise<Workplace> {
  const dir = makeTempDir()
  makeRepository(dir)
  const hub = await startHub()
  const { path: socket } = hub.address as { path: string }
  const runtimeDir = makeTempDir()
  const env = { ...plainEnv(), XDG_RUNTIME_DIR: runtimeDir, CLAUDE_CONFIG_DIR: runtimeDir }
  const flags = ['--session', benchSession, '--pulse-socket-path', socket, '--no-hub-start']
  const run: Workplace['run'] = (side, command, pane = '7') => {
    const argv = {
      ours: [process.execPath, wrapperProgram, ...flags, '--pane-id', pane, '--', ...command],
      bare: command,
      script: ['script', '-qfc', command.map(quoted).join(' '), '/dev/null'],
    }
    return new Terminal(argv[side], { cwd: dir, env })
  }
  return {
    dir,
    runtimeDir,
    hub,
    run,
    start: (side, script, ...args) => run(side, ['sh', '-c', script, 'sh', ...args]),
  }
}

/** As one word of a shell's command. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}

/** This process's environment without what would say which session and pane it is in, or how hooks may be sent. */
function plainEnv(): Record<string, string> {
  const isPlain = (name: string): boolean =>
    !/^(AOC|TMUX|ZELLIJ|GIT|CLAUDE|CLAUDECODE)(_|$)/.test(name) && !/_proxy$/i.test(name)
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (pair): pair is [string, string] => isPlain(pair[0]) && pair[1] !== undefined,
    ),
  )
}

function makeRepository(dir: string): void {
  const git = (...args: string[]): void =>
    void execFileSync('git', ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost', ...args], {
      cwd: dir,
      env: plainEnv(),
      stdio: 'ignore',
    })
  const write = (index: number, text: string): void =>
    fs.writeFileSync(path.join(dir, `file-${index}.txt`), text)
  git('init', '-q')
  fs.writeFileSync(path.join(dir, '.gitignore'), '*.out\n')
  for (let index = 0; index < 50; index++) write(index, 'as it was\n')
  git('add', '-A')
  git('commit', '-qm', 'start')
  for (let index = 0; index < 10; index++) write(index, 'as it is\nand one line more\n')
}
