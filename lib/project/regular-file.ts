import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'

/** Why a file was not read: it is not there, it is no regular file, it is too large, or the system refused. */
export type UnreadableCode = 'missing' | 'not_regular' | 'too_large' | 'unreadable'

/** A file that was not read; `message` says what it was, without its path. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError'
  readonly code: UnreadableCode

  constructor(code: UnreadableCode, message: string) {
    super(message)
    this.code = code
  }
}

/**
 * Reads a small file that somebody else owns, without ever waiting for it: a FIFO or a terminal in its place is refused.
 * @param bytesMax a larger file is refused, also when it grows while it is read.
 * @returns the text; bytes that are not UTF-8 become U+FFFD, a byte order mark is dropped.
 * @throws {UnreadableError}
 */
export async function readRegularFile(
  path: string,
  bytesMax: number,
  { followLink = true }: { followLink?: boolean } = {},
): Promise<string> {
  const flags =
    constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | (followLink ? 0 : constants.O_NOFOLLOW)
  let handle: FileHandle | undefined
  try {
    handle = await open(path, flags)
    const stats = await handle.stat()
    if (!stats.isFile()) throw new UnreadableError('not_regular', `it is ${kindOf(stats)}, not a file`)
    const bytes = await readUpTo(handle, stats.size, bytesMax)
    return new TextDecoder().decode(bytes)
  } catch (error) {
    throw asUnreadable(error)
  } finally {
    await handle?.close()
  }
}

async function readUpTo(handle: FileHandle, sizeBytes: number, bytesMax: number): Promise<Uint8Array> {
  const tooLarge = new UnreadableError(
    'too_large',
    `it is larger than ${bytesMax.toLocaleString('en')} bytes`,
  )
  if (sizeBytes > bytesMax) throw tooLarge
  let bytes = Buffer.allocUnsafe(sizeBytes + 1)
  let length = 0
  for (;;) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, null)
    if (bytesRead === 0) return bytes.subarray(0, length)
    length += bytesRead
    if (length > bytesMax) throw tooLarge
    // One byte more than there should be was asked for: the file has grown, or says 0 as those of /proc do.
    if (length === bytes.length) {
      bytes = Buffer.concat([bytes], Math.min(Math.max(length * 2, 65_536), bytesMax + 1))
    }
  }
}

function kindOf(stats: Awaited<ReturnType<FileHandle['stat']>>): string {
  if (stats.isDirectory()) return 'a directory'
  if (stats.isFIFO()) return 'a named pipe'
  if (stats.isCharacterDevice() || stats.isBlockDevice()) return 'a device'
  return 'something else'
}

function asUnreadable(error: unknown): UnreadableError {
  if (error instanceof UnreadableError) return error
  const code = (error as NodeJS.ErrnoException).code ?? String(error)
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new UnreadableError('missing', 'it does not exist')
    case 'ENXIO':
      return new UnreadableError('not_regular', 'it is a socket, not a file')
    case 'EACCES':
    case 'EPERM':
      return new UnreadableError('unreadable', 'it may not be read (permission denied)')
    default:
      return new UnreadableError('unreadable', `it cannot be read (${code})`)
  }
}
