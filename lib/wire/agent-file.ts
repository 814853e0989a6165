import { lstatSync } from 'node:fs'
import * as z from 'zod'
import { nestsDeeper } from './decode.js'
import { agentId, slug } from './identity.js'
import { agentFileBytesMax, jsonLevelsMax } from './limits.js'
import { AgentState } from './messages.js'
import { whyNotTrusted } from './socket-owner.js'

/**
 * Where a wrapper keeps its agent's state while no hub has it, so that it can be seen all the same: one file for each
 * agent, in a folder of their own beside the hub's socket. docs/PROTOCOL.md, "Without a hub".
 */

const AgentFile = z.looseObject({
  version: z.literal(1),
  wrapper_pid: z.int().min(1),
  /** Tells the wrapper from a later process of the same pid: `startToken` of `process-life.ts`. */
  wrapper_start: z.string().min(1).max(128),
  state: AgentState,
})
export type AgentFile = z.infer<typeof AgentFile>

/** The folder of the files of a session, by its hub's socket. */
export function agentFolder(socketPath: string): string {
  return `${socketPath}.agents`
}

/** The name of an agent's file in that folder. */
export function agentFileName(paneId: string): string {
  return `${slug(paneId)}.json`
}

/**
 * Prints a file: a state that is too large for it goes without its diff and its tasks.
 * @throws {Error} when it is too large even then.
 */
export function printAgentFile(file: AgentFile): string {
  const whole = JSON.stringify(file)
  if (fits(whole)) return whole
  const {
    diff_summary: _,
    task_summaries: __,
    ...source
  } = (file.state.source ?? {}) as Record<string, unknown>
  const less = JSON.stringify({ ...file, state: { ...file.state, source } })
  if (fits(less)) return less
  throw new Error(`the agent's state has ${Buffer.byteLength(less)} bytes; ${agentFileBytesMax} are taken`)
}

function fits(text: string): boolean {
  return Buffer.byteLength(text) <= agentFileBytesMax
}

/**
 * Reads a file's text. Pure.
 * @param name the file's name: a state is taken from the file of its own pane only.
 * @returns null for anything but an agent's state of this session.
 */
export function parseAgentFile(text: string, name: string, sessionId: string): AgentFile | null {
  if (!fits(text)) return null
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null || nestsDeeper(value, jsonLevelsMax)) return null
  const parsed = AgentFile.safeParse(value)
  if (!parsed.success) return null
  const { session_id: session, pane_id: pane, agent_id: agent } = parsed.data.state
  const isOwn = session === sessionId && agent === agentId(sessionId, pane) && name === agentFileName(pane)
  return isOwn ? parsed.data : null
}

/** Why the folder is not to be trusted, or null: it must be ours alone. One that is not there is no danger. */
export function whyFolderNotTrusted(folder: string): string | null {
  const stat = lstatSync(folder, { throwIfNoEntry: false })
  if (stat === undefined) return null
  if (!stat.isDirectory()) return `${folder} is a link or no folder`
  if ((stat.mode & 0o077) !== 0)
    return `${folder} is open to others (mode ${(stat.mode & 0o777).toString(8)})`
  return whyNotTrusted(folder)
}
