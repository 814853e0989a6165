import { lstat, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { agentFileName, agentFolder, printAgentFile, whyFolderNotTrusted } from '../wire/agent-file.js'
import { agentFileIntervalMs, agentFileUrgentMs } from '../wire/limits.js'
import type { Log } from '../wire/log.js'
import { makeFolders } from '../wire/make-folders.js'
import type { AgentState } from '../wire/messages.js'
import { startToken } from '../wire/process-life.js'

export interface RuntimeFileOptions {
  /** The hub's socket: the file lies beside it. */
  socketPath: string
  paneId: string
  /** The agent's state now; asked for whenever it is written. */
  state: () => AgentState
  log: Log
}

/** A hub has the agent when it has not gone again, or sent the wrapper away, within this long. */
const takenAfterMs = 500
/** What could not be written is tried again after this long. */
const againMs = 5_000
/** How long the end waits for a file system that does not answer. */
const endMs = 500

/**
 * The agent's state in a file, kept while no hub has it and gone else. Nothing here throws or is waited for; what
 * fails is logged once.
 */
export class RuntimeFile {
  readonly #folder: string
  readonly #file: string
  #isKept = false
  #isEnded = false
  #takenTimer: NodeJS.Timeout | null = null
  #writeTimer: NodeJS.Timeout | null = null
  #dueMs = 0
  #writtenMs = 0
  #last = ''
  #start: string | null = null
  /** The file that was written last; another wrapper of this pane may have put its own in its place. */
  #inode: bigint | null = null
  #work = Promise.resolve()
  #isFaultTold = false

  constructor(private readonly options: RuntimeFileOptions) {
    this.#folder = agentFolder(options.socketPath)
    this.#file = path.join(this.#folder, agentFileName(options.paneId))
  }

  /** No hub has the agent: its state is kept from now on. */
  lost(): void {
    if (this.#takenTimer !== null) clearTimeout(this.#takenTimer)
    this.#takenTimer = null
    if (this.#isKept || this.#isEnded) return
    this.#isKept = true
    this.#writeIn(0)
  }

  /** A hub was told of the agent. */
  taken(): void {
    if (!this.#isKept || this.#isEnded) return
    this.#takenTimer ??= setTimeout(() => {
      this.#takenTimer = null
      this.#stop()
    }, takenAfterMs)
  }

  /** The state may be another one now. */
  changed(isUrgent: boolean): void {
    if (!this.#isKept || this.#isEnded) return
    const intervalMs = isUrgent ? agentFileUrgentMs : agentFileIntervalMs
    // A clock that was set back must not hold it up.
    this.#writeIn(Math.min(intervalMs, this.#writtenMs + intervalMs - Date.now()))
  }

  /** Removes the file, for good. */
  async end(): Promise<void> {
    this.#isEnded = true
    if (this.#takenTimer !== null) clearTimeout(this.#takenTimer)
    this.#stop()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, endMs)
    })
    await Promise.race([this.#work, late])
    clearTimeout(timer)
  }

  #stop(): void {
    this.#isKept = false
    if (this.#writeTimer !== null) clearTimeout(this.#writeTimer)
    this.#writeTimer = null
    this.#queue(() => this.#remove())
  }

  #writeIn(waitMs: number): void {
    const dueMs = Date.now() + waitMs
    if (this.#writeTimer !== null) {
      if (this.#dueMs <= dueMs) return
      clearTimeout(this.#writeTimer)
    }
    this.#dueMs = dueMs
    this.#writeTimer = setTimeout(
      () => {
        this.#writeTimer = null
        this.#writtenMs = Date.now()
        this.#queue(() => this.#write())
      },
      Math.max(0, waitMs),
    )
  }

  /** One after the other: the last state wins. */
  #queue(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch((error: unknown) => {
      if (!this.#isFaultTold)
        this.options.log('warn', 'runtime_file_failed', { message: (error as Error).message })
      this.#isFaultTold = true
      if (this.#isKept) this.#writeIn(againMs)
    })
  }

  async #write(): Promise<void> {
    if (!this.#isKept) return
    const state = this.options.state()
    const shown = JSON.stringify({ ...state, last_heartbeat_ms: 0, updated_at_ms: 0 })
    if (shown === this.#last) return
    this.#start ??= await startToken(process.pid)
    if (this.#start === null) throw new Error('this process could not be found')
    const text = printAgentFile({
      version: 1,
      wrapper_pid: process.pid,
      wrapper_start: this.#start,
      state,
    })
    makeFolder(this.#folder)
    const temporary = `${this.#file}.${process.pid}.tmp`
    try {
      await writeFile(temporary, text, { mode: 0o600 })
      const { ino } = await lstat(temporary, { bigint: true })
      await rename(temporary, this.#file)
      this.#inode = ino
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {})
      throw error
    }
    this.#last = shown
  }

  async #remove(): Promise<void> {
    const inode = this.#inode
    this.#inode = null
    this.#last = ''
    if (inode === null) return
    const found = await lstat(this.#file, { bigint: true }).catch(() => null)
    if (found?.ino === inode) await rm(this.#file, { force: true })
  }
}

/** Makes the folder, for this user alone. @throws when the one there is somebody else's, or open to others. */
function makeFolder(folder: string): void {
  const fault = whyFolderNotTrusted(folder)
  if (fault !== null) throw new Error(fault)
  makeFolders(folder)
  const now = whyFolderNotTrusted(folder)
  if (now !== null) throw new Error(now)
}
