import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  opendirSync,
  openSync,
  readSync,
  unlinkSync,
  watch,
} from 'node:fs'
import { join } from 'node:path'

import { parseEvent } from './event-json.js'
import { completeSuffix } from './hook-line.js'
import { makeSpoolFolder, removeSpoolFolder, removeStaleFolders } from './spool-folder.js'

/** Bytes that are read of an event; of a longer one its first fields are taken. */
const eventBytesMax = 262_144
/** Events that may wait; of more the oldest are dropped, because the newest say how things are. */
const waitingMax = 1_000
/** Of marks, and of other names, so many are taken in by one look, and so many entries are gone through for them. */
const namesMax = 4_096
const entriesMax = 16_384
/** Between two turns of the event loop so much is read, so that the terminal never waits for long. */
const eventsPerTurn = 32
const bytesPerTurn = 524_288
/** How often the folder is looked at without being told; the second when the system does not tell. */
const lookMs = 2_000
const lookUntoldMs = 250
/** What a hook began and did not end in this time is removed; the second while the folder is full of such. */
const unfinishedMs = 60_000
const unfinishedFullMs = 1_000

export interface SpoolOptions {
  /** A folder that only this user may enter. */
  runtimeDir: string
  onEvent: (source: string, pid: number, body: unknown) => void
  onBad: (why: string) => void
  /** Tells which name in a folder changed, null when that is not known; throws when it cannot. Node's, or a stand-in. */
  watchFolder?: (folder: string, onChange: (name: string | null) => void) => { close(): void }
}

/** A private folder where shell hooks leave their events; see `hookLine`. */
export interface Spool {
  readonly dir: string
  /** Removes the folder; no event comes after that. */
  close(): void
}

/**
 * Makes the folder, removes those of launches that are gone, and reads each event once, in the order in which they were
 * complete. It keeps no process alive.
 * @throws when the folder cannot be made.
 */
export function openSpool(options: SpoolOptions): Spool {
  removeStaleFolders(options.runtimeDir)
  const reader = new SpoolReader(makeSpoolFolder(options.runtimeDir), options)
  return {
    dir: reader.dir,
    close() {
      reader.close()
      removeSpoolFolder(reader.dir)
    },
  }
}

function watchFolder(folder: string, onChange: (name: string | null) => void): { close(): void } {
  const watcher = watch(folder, { persistent: false }, (_, name) => onChange(name))
  return watcher.on('error', () => watcher.close())
}

/** A complete event that was found: the names of its file and of the mark beside it. */
interface Found {
  mark: string
  file: string
  source: string
  pid: number
  hookPid: number
  completeNs: bigint
}

const markPattern = /^(([a-z][a-z0-9-]{0,31})\.(\d{1,10})\.(\d{1,10}))\.done$/

class SpoolReader {
  readonly #watcher: { close(): void } | null
  readonly #timer: NodeJS.Timeout
  #queue: Found[] = []
  #nextTurn: NodeJS.Immediate | null = null
  #mustLook = false
  #isClosed = false

  constructor(
    readonly dir: string,
    readonly options: Omit<SpoolOptions, 'runtimeDir'>,
  ) {
    this.#watcher = this.#watch()
    this.#timer = setInterval(() => this.#lookSoon(), this.#watcher ? lookMs : lookUntoldMs).unref()
  }

  close(): void {
    this.#isClosed = true
    this.#watcher?.close()
    clearInterval(this.#timer)
    if (this.#nextTurn) clearImmediate(this.#nextTurn)
  }

  #watch(): { close(): void } | null {
    try {
      return (this.options.watchFolder ?? watchFolder)(this.dir, (name) => {
        if (name === null || name.endsWith(completeSuffix)) this.#lookSoon()
      })
    } catch {
      return null
    }
  }

  #lookSoon(): void {
    this.#mustLook = true
    this.#goOnSoon()
  }

  #goOnSoon(): void {
    if (this.#isClosed) return
    this.#nextTurn ??= setImmediate(() => {
      this.#nextTurn = null
      this.#turn()
    }).unref()
  }

  #turn(): void {
    if (this.#queue.length === 0 && this.#mustLook) {
      this.#mustLook = false
      this.#queue = this.#look()
    }
    let bytes = 0
    for (let events = 0; events < eventsPerTurn && bytes < bytesPerTurn && !this.#isClosed; events++) {
      const found = this.#queue.shift()
      if (found === undefined) break
      bytes += this.#take(found)
    }
    if (this.#queue.length > 0 || this.#mustLook) this.#goOnSoon()
  }

  /** @returns what is complete, the first first. */
  #look(): Found[] {
    const { marks, others } = this.#names()
    const found: Found[] = []
    for (const name of marks) {
      const one = this.#identify(name)
      if (one) found.push(one)
    }
    const isFull = others.size >= namesMax
    let removed = 0
    for (const name of others)
      if (!marks.has(name + completeSuffix) && this.#removeUnfinished(name, isFull)) removed++
    // What they hid may be seen now.
    if (isFull && removed > 0) this.#mustLook = true
    // The system's clock ticks only every few milliseconds; hooks that follow each other have rising pids.
    found.sort((a, b) => Number(a.completeNs - b.completeNs) || a.hookPid - b.hookPid)
    const tooMany = found.splice(0, Math.max(0, found.length - waitingMax))
    if (tooMany.length > 0)
      this.options.onBad(`more than ${waitingMax} events waited, the oldest were dropped`)
    for (const one of tooMany) this.#remove(one)
    return found
  }

  /** The marks of complete events, and everything else, so that neither hides the other. */
  #names(): { marks: Set<string>; others: Set<string> } {
    const marks = new Set<string>()
    const others = new Set<string>()
    try {
      const folder = opendirSync(this.dir)
      try {
        for (let seen = 0, entry; seen < entriesMax && (entry = folder.readSync()); seen++) {
          const names = markPattern.test(entry.name) ? marks : others
          if (names.size < namesMax) names.add(entry.name)
        }
      } finally {
        folder.closeSync()
      }
    } catch {
      this.options.onBad('the folder of the hooks cannot be read')
    }
    return { marks, others }
  }

  #identify(name: string): Found | null {
    const parts = markPattern.exec(name)
    if (parts === null) return null
    const stats = lstatSync(join(this.dir, name), { bigint: true, throwIfNoEntry: false })
    if (!stats?.isFile()) return null
    const [, file = '', source = '', pid, hookPid] = parts
    return { mark: name, file, source, pid: Number(pid), hookPid: Number(hookPid), completeNs: stats.ctimeNs }
  }

  #removeUnfinished(name: string, isFull: boolean): boolean {
    const file = join(this.dir, name)
    const stats = lstatSync(file, { throwIfNoEntry: false })
    if (!stats || stats.isDirectory()) return false
    return Date.now() - stats.mtimeMs > (isFull ? unfinishedFullMs : unfinishedMs) && tryUnlink(file)
  }

  /** @returns how many bytes were read. */
  #take(found: Found): number {
    const text = readEvent(join(this.dir, found.file))
    // What cannot be removed would come again: it is as if it had not come.
    if (!this.#remove(found)) return 0
    const body = text === null ? undefined : parseEvent(text)
    if (body === undefined) this.options.onBad('a hook left something that is no event')
    else this.options.onEvent(found.source, found.pid, body)
    return text?.length ?? 0
  }

  #remove({ mark, file }: Found): boolean {
    tryUnlink(join(this.dir, file))
    return tryUnlink(join(this.dir, mark))
  }
}

/** @returns the beginning of a regular file as text; null for everything else. */
function readEvent(file: string): string | null {
  let descriptor: number | undefined
  try {
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants
    descriptor = openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
    const stats = fstatSync(descriptor)
    if (!stats.isFile()) return null
    const bytes = Buffer.allocUnsafe(Math.min(stats.size, eventBytesMax))
    return bytes.toString('utf8', 0, readSync(descriptor, bytes))
  } catch {
    return null
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

function tryUnlink(file: string): boolean {
  try {
    unlinkSync(file)
    return true
  } catch {
    return false
  }
}
