import { watch } from 'node:fs'
import { lstat, opendir } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** What a tree watches and whom it tells. Paths are relative to the root, with `/`; the root is ''. */
export interface TreeOptions {
  /** Absolute; not a link. */
  root: string
  foldersMax: number
  /** Whether a folder is watched; asked for each but the root. */
  enters: (path: string) => boolean
  /**
   * Something happened to what is at this path: made, written, removed, or a folder that is watched from now on.
   * Not called for what is there when the tree starts.
   */
  onEvent: (path: string, tree: FolderTree) => void
  /** A folder was not entered. May come often. */
  onRefused: (cause: Refusal) => void
  /** Names that `onRead` is told of. */
  notable?: ReadonlySet<string>
  /** A folder has been read, its subfolders are not entered yet. @returns false to leave it again. */
  onRead?: (path: string, found: ReadonlySet<string>) => Promise<boolean>
  /** A folder is not watched any more. */
  onLeave?: (path: string) => void
  /** Node's, or a stand-in for tests. */
  watchFolder?: WatchFolder
}

/** There are more folders than `foldersMax`, or the system refused (`ENOSPC`, `EMFILE`, …). */
export type Refusal = 'too_many' | NodeJS.ErrnoException

/** The part of `fs.watch` that is used. */
export type WatchFolder = (
  path: string,
  onEvent: (kind: string, name: string | null) => void,
) => { close(): void; on(event: 'error', listener: () => void): unknown }

interface Folder {
  close(): void
  children: Set<string>
  /** Names in it that wait to be looked at. */
  looks: number
}

/** Names of one folder that are looked at one by one; past that it is cheaper to read the folder. */
const looksMax = 8
/** Subfolders of one folder that are remembered while it is read; ignored ones count, since rules come last. */
const subfoldersMax = 50_000

/**
 * Watches a folder and those below it with one system watch each, and none on files.
 *
 * A folder is watched first and read then, so that nothing falls between; what happens to a watched folder's name in the
 * folder above makes it be left and looked at anew, since a new folder of that name is another one for the system. For the
 * root, whose folder above is not watched, `reopen` does that.
 * Links are not followed. One thing at a time is looked at, with the event loop free in between.
 */
export class FolderTree {
  readonly #options: TreeOptions
  readonly #folders = new Map<string, Folder>()
  /** `look`: enter it if it is a folder. `read`: enter what is new in it. `refresh`: that, and leave what is ignored now. */
  readonly #queue = new Map<string, 'look' | 'read' | 'refresh'>()
  #working: Promise<void> | undefined
  #started = false
  #closed = false

  constructor(options: TreeOptions) {
    this.#options = options
  }

  /** Folders watched at the moment. */
  get size(): number {
    return this.#folders.size
  }

  /** Resolves when all that is there is watched. @returns false when the root cannot be. */
  async start(): Promise<boolean> {
    this.#enqueue('', 'look')
    await this.#working
    this.#started = true
    return this.#folders.has('')
  }

  /** Looks whether the root is there again, or is another one now. */
  reopen(): void {
    this.#leave('')
    this.#enqueue('', 'look')
  }

  /** Asks `enters` and `onRead` again for a folder and all below it. */
  refresh(path: string): void {
    if (this.#folders.has(path)) this.#enqueue(path, 'refresh')
  }

  /** Ends all watches at once; nothing is called any more. Resolves when what was under way has ended. */
  async close(): Promise<void> {
    this.#closed = true
    this.#queue.clear()
    this.#leave('')
    await this.#working
  }

  #enqueue(path: string, task: 'look' | 'read' | 'refresh'): void {
    if (this.#closed) return
    // A look is asked for when the folder is not watched, so that it makes up for the others; a refresh is more than a read.
    if (task === 'read' && this.#queue.has(path)) return
    if (task === 'refresh' && this.#queue.get(path) === 'look') return
    const parent = task === 'look' && this.#queue.get(path) !== 'look' ? this.#parent(path) : undefined
    if (parent !== undefined) parent.looks++
    this.#queue.set(path, task)
    this.#working ??= this.#work()
  }

  async #work(): Promise<void> {
    // The loop goes on with what is queued meanwhile.
    for (const [path, task] of this.#queue) {
      this.#queue.delete(path)
      if (task !== 'look') {
        await this.#read(path, task === 'refresh')
        continue
      }
      const parent = this.#parent(path)
      if (parent !== undefined) parent.looks--
      if (await this.#enter(path)) await this.#read(path, false)
    }
    this.#working = undefined
  }

  #parent(path: string): Folder | undefined {
    return path === '' ? undefined : this.#folders.get(above(path))
  }

  /** @returns whether the path is a folder that is watched now and was not before. */
  async #enter(path: string): Promise<boolean> {
    const full = join(this.#options.root, path)
    const stats = await lstat(full).catch(() => undefined)
    if (this.#closed || stats?.isDirectory() !== true || this.#folders.has(path)) return false
    const parent = this.#parent(path)
    // Left meanwhile: then so is all that was in it.
    if (path !== '' && parent === undefined) return false
    if (this.#folders.size >= this.#options.foldersMax) {
      this.#options.onRefused('too_many')
      return false
    }
    try {
      const watchFolder = this.#options.watchFolder ?? watch
      const watcher = watchFolder(full, (kind, name) => this.#heard(path, kind, name))
      watcher.on('error', () => this.#leave(path))
      this.#folders.set(path, { close: () => watcher.close(), children: new Set(), looks: 0 })
      parent?.children.add(path)
      return true
    } catch (error) {
      this.#failed(error as NodeJS.ErrnoException)
      return false
    }
  }

  /** A folder that is gone again, or is not ours to read, has nothing to tell; all else is a limit of the system. */
  #failed(error: NodeJS.ErrnoException): void {
    const harmless = ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM']
    if (!harmless.includes(error.code ?? '')) this.#options.onRefused(error)
  }

  async #read(path: string, refresh: boolean): Promise<void> {
    const folder = this.#folders.get(path)
    if (folder === undefined) return
    const { root, notable, onRead, enters, onEvent, onRefused } = this.#options
    const found = new Set<string>()
    const inside: string[] = []
    try {
      for await (const entry of await opendir(join(root, path), { bufferSize: 512 })) {
        if (this.#folders.get(path) !== folder) return
        if (notable?.has(entry.name) === true) found.add(entry.name)
        if (entry.isDirectory()) inside.push(below(path, entry.name))
        if (inside.length >= subfoldersMax) {
          onRefused('too_many')
          break
        }
      }
    } catch (error) {
      this.#failed(error as NodeJS.ErrnoException)
    }
    const stays = onRead === undefined || (await onRead(path, found))
    if (this.#folders.get(path) !== folder) return
    if (!stays) return this.#leave(path)
    for (const child of inside) {
      if (!enters(child)) this.#leave(child)
      else if (!this.#folders.has(child)) this.#enqueue(child, 'look')
      else if (refresh) this.#enqueue(child, 'refresh')
    }
    // What happened in it before it was watched was not heard.
    if (this.#started) onEvent(path, this)
  }

  #heard(path: string, kind: string, name: string | null): void {
    if (this.#closed) return
    if (name === null) {
      this.#enqueue(path, 'read')
      return
    }
    const subject = below(path, name)
    if (kind === 'rename') {
      this.#leave(subject)
      if (this.#options.enters(subject)) {
        const looks = this.#folders.get(path)?.looks ?? 0
        if (looks < looksMax) this.#enqueue(subject, 'look')
        else this.#enqueue(path, 'read')
      }
    }
    this.#options.onEvent(subject, this)
  }

  #leave(path: string): void {
    const folder = this.#folders.get(path)
    if (folder === undefined) return
    this.#folders.delete(path)
    this.#parent(path)?.children.delete(path)
    folder.close()
    this.#options.onLeave?.(path)
    for (const child of folder.children) this.#leave(child)
  }
}

function below(path: string, name: string): string {
  return path === '' ? name : `${path}/${name}`
}

function above(path: string): string {
  const folder = dirname(path)
  return folder === '.' ? '' : folder
}
