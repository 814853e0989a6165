import { lstat, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { readRegularFile } from '../../project/regular-file.js'
import { agentFolder, parseAgentFile, whyFolderNotTrusted } from '../../wire/agent-file.js'
import { agentFileBytesMax, agentsMax } from '../../wire/limits.js'
import type { AgentState } from '../../wire/messages.js'
import { isAlive, lifeOf } from '../../wire/process-life.js'

/** All files together; more are not read. */
const filesBytesMax = 64 * 1_024 * 1_024

/**
 * Reads the states that wrappers have written down while no hub has them, and takes away what those left that were
 * killed. What is no such file is passed over and stays.
 * @throws {Error} when the folder is somebody else's, or open to others.
 */
export async function readAgentFiles(socketPath: string, sessionId: string): Promise<AgentState[]> {
  const folder = agentFolder(socketPath)
  const fault = whyFolderNotTrusted(folder)
  if (fault !== null) throw new Error(fault)
  const states: AgentState[] = []
  let bytes = 0
  for (const name of (await namesIn(folder)).slice(0, agentsMax)) {
    const file = path.join(folder, name)
    if (name.endsWith('.tmp')) await removeHalf(file)
    if (!name.endsWith('.json')) continue
    const found = await readOne(file, name, sessionId)
    if (found === null) continue
    bytes += found.bytes
    if (bytes > filesBytesMax) break
    states.push(found.state)
  }
  return states
}

async function readOne(
  file: string,
  name: string,
  sessionId: string,
): Promise<{ state: AgentState; bytes: number } | null> {
  const before = await lstat(file, { bigint: true }).catch(() => null)
  if (before === null || !before.isFile() || before.uid !== BigInt(process.getuid?.() ?? 0)) return null
  const text = await readRegularFile(file, agentFileBytesMax, { followLink: false }).catch(() => null)
  const parsed = text === null ? null : parseAgentFile(text, name, sessionId)
  if (text === null || parsed === null) return null
  const life = await lifeOf(parsed.wrapper_pid, parsed.wrapper_start)
  if (life === 'alive') return { state: parsed.state, bytes: text.length }
  if (life === 'gone') await removeIfSame(file, before.ino)
  return null
}

/** Another wrapper of the pane may have put its own there meanwhile. */
async function removeIfSame(file: string, inode: bigint): Promise<void> {
  const now = await lstat(file, { bigint: true }).catch(() => null)
  if (now?.ino === inode) await rm(file, { force: true }).catch(() => {})
}

/** Removes what a wrapper was writing when it was killed: `<name>.<pid>.tmp`. */
async function removeHalf(file: string): Promise<void> {
  const pid = /\.json\.(\d{1,10})\.tmp$/.exec(file)?.[1]
  if (pid !== undefined && !isAlive(Number(pid))) await rm(file, { force: true }).catch(() => {})
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).toSorted()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw error
  }
}
