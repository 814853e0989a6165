import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { seqBlock, socketPathBytesMax } from '../wire/limits.js'
import { makeFolders } from '../wire/make-folders.js'

/**
 * The hub's socket file, from the claim to its end.
 *
 * Who may listen is decided by *life files* beside the socket, `<socket>.life-<n>`: whoever makes number n+1 (a hard
 * link, so it appears whole and once) is the hub; the others see it and leave. A life file is kept after its hub's
 * end, because it also says how far seqs were given out; the next life removes it. So no file whose number could
 * be taken twice is ever removed, and a hub that died at any moment leaves nothing that needs repair.
 * design: Socket file; seq, epoch, resume.
 */

/** What a hub writes down of itself. */
interface Life {
  session_id: string
  epoch: string
  pid: number
  /** No seq above this was ever emitted by this life or one before. */
  seq: number
}

/** Why the hub cannot have the socket. */
export class SocketFileError extends Error {
  override readonly name = 'SocketFileError'
  constructor(
    readonly code: 'hub_is_running' | 'unsafe_folder' | 'not_a_socket' | 'path_too_long' | 'cannot_listen',
    message: string,
    readonly pid?: number,
  ) {
    super(message)
  }
}

/** A socket that is ours, listening. */
export interface ClaimedSocket {
  /** The seq to go on from: none above it was given out before. */
  seqStart: number
  /** Seqs up to here may be emitted. */
  seqReserved: number
  /** Writes down that seqs up to `seq` may be emitted. @throws when it cannot be written. */
  reserve(seq: number): void
  /** Whether the file at the path is still the socket that we listen on. */
  isOurs(): boolean
  /** Removes the file, if it is still ours, and then stops listening: in this order nobody finds it dead. */
  close(): Promise<void>
}

const startingMs = 5_000
const retryMs = 40

/**
 * Takes the socket for this process, or says which hub has it.
 * @throws {SocketFileError}
 */
export async function claimSocket(
  server: net.Server,
  file: string,
  who: { sessionId: string; epoch: string },
): Promise<ClaimedSocket> {
  const dir = path.dirname(file)
  const temporary = path.join(dir, `.${process.pid.toString(36)}.tmp`)
  for (const name of [file, temporary])
    if (Buffer.byteLength(name) > socketPathBytesMax)
      throw new SocketFileError('path_too_long', `${name} has more than ${socketPathBytesMax} bytes`)
  makeSafeDir(dir)

  const before = await claimLife(file, who)
  const seqStart = before.seqStart
  const life: Life = {
    session_id: who.sessionId,
    epoch: who.epoch,
    pid: process.pid,
    seq: seqStart + seqBlock,
  }
  replaceFile(before.lifeFile, JSON.stringify(life))

  await listenAt(server, temporary)
  // Held up for longer than `startingMs`, it was given up and another has the socket.
  if (isOvertaken(file, before.number)) {
    fs.rmSync(temporary, { force: true })
    await new Promise<void>((resolve) => server.close(() => resolve()))
    throw isRunning(file)
  }
  const { ino, dev } = fs.statSync(temporary)
  fs.renameSync(temporary, file)
  removeLives(file, before.number)

  const isOurs = (): boolean => {
    try {
      const now = fs.statSync(file)
      return now.ino === ino && now.dev === dev
    } catch {
      return false
    }
  }
  return {
    seqStart,
    seqReserved: life.seq,
    reserve(seq) {
      life.seq = seq
      replaceFile(before.lifeFile, JSON.stringify(life))
    },
    isOurs,
    async close() {
      if (isOurs()) fs.rmSync(file, { force: true })
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

async function claimLife(
  file: string,
  who: { sessionId: string; epoch: string },
): Promise<{ lifeFile: string; number: number; seqStart: number }> {
  for (;;) {
    const last = lastLife(file)
    const state = await probe(file)
    // Who was last before the probe may be gone: the one that answered has made its life since.
    if (state === 'live') throw isRunning(file)
    if (state === 'other')
      throw new SocketFileError('not_a_socket', `${file} is there and is no socket; move it away`)
    if (last !== null && isStarting(last)) {
      await new Promise((resolve) => setTimeout(resolve, retryMs))
      continue
    }
    const number = (last?.number ?? 0) + 1
    const lifeFile = `${file}.life-${number}`
    // A life that cannot be read counts as having given out more seqs than any hub ever would.
    // One is left out between two lives: who stands at the last seq of the one before has not seen this one.
    const seqStart = last === null ? 0 : (last.life?.seq ?? Date.now()) + 1
    const life: Life = { session_id: who.sessionId, epoch: who.epoch, pid: process.pid, seq: seqStart }
    if (!linkNew(lifeFile, JSON.stringify(life))) continue
    if (!isOvertaken(file, number)) return { lifeFile, number, seqStart }
    // Held up since it looked, it got a number that was used up long ago: it does not count.
    fs.rmSync(lifeFile, { force: true })
  }
}

/** Whether a later life than `number` has begun. The highest life file is never removed, so this is certain. */
function isOvertaken(file: string, number: number): boolean {
  return lifeNumbers(file).some((other) => other > number)
}

function isRunning(file: string): SocketFileError {
  const pid = lastLife(file)?.life?.pid
  const name = pid === undefined ? 'a hub' : `a hub (pid ${pid})`
  return new SocketFileError('hub_is_running', `${name} listens on ${file} already`, pid)
}

interface LastLife {
  number: number
  life: Life | null
  ageMs: number
}

function lastLife(file: string): LastLife | null {
  const numbers = lifeNumbers(file)
  if (numbers.length === 0) return null
  const number = Math.max(...numbers)
  try {
    const name = `${file}.life-${number}`
    const ageMs = Date.now() - fs.statSync(name).mtimeMs
    const life = JSON.parse(fs.readFileSync(name, 'utf8')) as Life
    const isSound = Number.isSafeInteger(life.seq) && life.seq >= 0 && Number.isSafeInteger(life.pid)
    return { number, life: isSound ? life : null, ageMs }
  } catch {
    return { number, life: null, ageMs: Number.POSITIVE_INFINITY }
  }
}

/** Whether another process has claimed this life a moment ago and is about to listen. */
function isStarting({ life, ageMs }: LastLife): boolean {
  if (life === null || life.pid === process.pid || ageMs > startingMs) return false
  try {
    process.kill(life.pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function lifeNumbers(file: string): number[] {
  const prefix = `${path.basename(file)}.life-`
  return fs
    .readdirSync(path.dirname(file))
    .filter((name) => name.startsWith(prefix) && /^\d{1,9}$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
}

/** Removes earlier lives, and what writers of theirs left that were killed before the rename. */
function removeLives(file: string, below: number): void {
  const prefix = `${path.basename(file)}.life-`
  for (const name of fs.readdirSync(path.dirname(file))) {
    const number = name.startsWith(prefix)
      ? /^(\d{1,9})(\.\d+)?$/.exec(name.slice(prefix.length))?.[1]
      : undefined
    if (number !== undefined && Number(number) < below)
      fs.rmSync(path.join(path.dirname(file), name), { force: true })
  }
}

/** Makes a file that was not there, whole. @returns false when it is there. */
function linkNew(file: string, text: string): boolean {
  const temporary = `${file}.${process.pid}`
  fs.writeFileSync(temporary, text, { mode: 0o600 })
  try {
    fs.linkSync(temporary, file)
    return true
  } catch (error) {
    // ENOENT: a later life has swept up what we just wrote.
    if (['EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) return false
    throw error
  } finally {
    fs.rmSync(temporary, { force: true })
  }
}

function replaceFile(file: string, text: string): void {
  const temporary = `${file}.${process.pid}`
  fs.writeFileSync(temporary, text, { mode: 0o600 })
  fs.renameSync(temporary, file)
}

/** What answers at a socket's path. */
export function probe(file: string): Promise<'live' | 'dead' | 'absent' | 'other'> {
  return new Promise((resolve) => {
    const socket = net.connect({ path: file })
    const done = (state: 'live' | 'dead' | 'absent' | 'other'): void => {
      socket.destroy()
      resolve(state)
    }
    socket.once('connect', () => done('live'))
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return done('absent')
      // A full backlog is a hub that is alive and busy, or stopped.
      if (error.code === 'EAGAIN') return done('live')
      if (error.code === 'ENOTSOCK' || !isSocket(file)) return done('other')
      return done('dead')
    })
  })
}

function isSocket(file: string): boolean {
  try {
    return fs.lstatSync(file).isSocket()
  } catch {
    return true
  }
}

/** Listens with mode 0600 from birth: `listen` on a path binds before it returns. */
async function listenAt(server: net.Server, file: string): Promise<void> {
  fs.rmSync(file, { force: true })
  await new Promise<void>((resolve, reject) => {
    const failed = (error: Error): void =>
      reject(new SocketFileError('cannot_listen', `cannot listen on ${file}: ${error.message}`))
    server.once('error', failed)
    const umask = process.umask(0o177)
    try {
      server.listen(file, () => {
        server.off('error', failed)
        resolve()
      })
    } finally {
      process.umask(umask)
    }
  })
}

/**
 * Makes the folder 0700, or checks that the one there is: ours, no link, closed to others; and that nobody else
 * can put another in its place.
 * @throws {SocketFileError} `unsafe_folder`
 */
export function makeSafeDir(dir: string): void {
  const uid = process.getuid?.() ?? 0
  const unsafe = (why: string): SocketFileError =>
    new SocketFileError('unsafe_folder', `the socket's folder ${dir} ${why}; the hub needs one of its own`)
  const found = fs.lstatSync(dir, { throwIfNoEntry: false })
  if (found === undefined) makeFolders(dir)
  const stat = found ?? fs.lstatSync(dir)
  if (!stat.isDirectory()) throw unsafe('is a link or no folder')
  if (stat.uid !== uid) throw unsafe(`belongs to uid ${stat.uid}`)
  if ((stat.mode & 0o077) !== 0)
    throw unsafe(
      `is open to others (mode ${(stat.mode & 0o777).toString(8)}; chmod 700 it, or give another path)`,
    )
  for (let at = path.dirname(dir); ; at = path.dirname(at)) {
    const above = fs.statSync(at)
    if (above.uid !== uid && above.uid !== 0) throw unsafe(`lies in ${at}, which belongs to uid ${above.uid}`)
    if ((above.mode & 0o022) !== 0 && (above.mode & 0o1000) === 0)
      throw unsafe(`lies in ${at}, where others may move it`)
    if (path.dirname(at) === at) return
  }
}
