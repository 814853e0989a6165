import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Env } from '../../wire/identity.js'

const answerMs = 1_500
const answerBytesMax = 65_536

/** Where a program is on PATH, or null. Folders that are relative to the working directory do not count. */
export async function findProgram(name: string, env: Env): Promise<string | null> {
  for (const folder of foldersOf(env)) {
    const file = path.join(folder, name)
    try {
      await access(file, constants.X_OK)
      if ((await stat(file)).isFile()) return file
    } catch {
      // Not here.
    }
  }
  return null
}

function foldersOf(env: Env): string[] {
  return (env['PATH'] ?? '').split(':').filter((folder) => path.isAbsolute(folder))
}

/** The first line a program prints; null when it fails, or does not answer in time. No shell reads it. */
export function firstLineOf(
  file: string,
  args: string[],
  around: Env,
  signal: AbortSignal,
): Promise<string | null> {
  return new Promise((resolve) => {
    const env = { ...around, PATH: foldersOf(around).join(':') || '/usr/bin:/bin', LC_ALL: 'C' }
    const bounds = { timeout: answerMs, killSignal: 'SIGKILL', maxBuffer: answerBytesMax } as const
    execFile(file, args, { env, cwd: '/', signal, ...bounds }, (error, stdout) =>
      resolve(error === null ? (stdout.split('\n', 1)[0] ?? '') : null),
    )
  })
}
