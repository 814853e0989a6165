import path from 'node:path'
import { any } from './any.js'
import { claude } from './claude.js'
import { codex } from './codex.js'
import { gemini } from './gemini.js'
import { opencode } from './opencode.js'
import type { Profile } from './profile.js'

const known: readonly Profile[] = [claude, codex, gemini, opencode, any]

/** The names `--profile` takes. */
export const profileNames = known.map(({ name }) => name)

/** The profile of a name; undefined when there is none. */
export function profileNamed(name: string): Profile | undefined {
  return known.find((profile) => profile.name === name)
}

/** The profile of a command, by its file's name. */
export function profileOf(command: string): Profile {
  const name = path.basename(command)
  return known.find(({ commands }) => commands.includes(name)) ?? any
}
