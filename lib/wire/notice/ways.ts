import type { Env } from '../identity.js'

/** How a person is told: BEL, a notification by the terminal (OSC 9, 99 or 777), one by the desktop. */
export type Way = 'bell' | 'osc' | 'desktop'
export const noticeWays: readonly Way[] = ['bell', 'osc', 'desktop']

/** What tells a person; nothing does when `ways` is empty and `command` null. */
export interface NoticeSetting {
  ways: readonly Way[]
  /** A shell line of the person's own. */
  command: string | null
}

export interface NoticeFlags {
  /** `--notify <ways>`; false for `--no-notify`. */
  notify?: string | boolean | undefined
  /** `--notify-command <line>` */
  notifyCommand?: string | undefined
}

/** A setting that cannot be used; `message` says what to do. */
export class NoticeSettingError extends Error {
  override readonly name = 'NoticeSettingError'
  readonly code = 'invalid_notify'
}

/**
 * The setting: `--notify`, else `AOC_NOTIFY`, else `byDefault`; `--notify-command`, else `AOC_NOTIFY_COMMAND`.
 *
 * - One switch turns all of it off, the command too: `--no-notify`, `--notify off` or `AOC_NOTIFY=off`. A flag is
 *   stronger than the environment: `--notify bell` rings in spite of `AOC_NOTIFY=off`.
 * - A command takes the place of `byDefault`; who wants both names the ways.
 *
 * @throws {NoticeSettingError} for a word that is no way.
 */
export function noticeSetting(flags: NoticeFlags, env: Env, byDefault: readonly Way[]): NoticeSetting {
  const off: NoticeSetting = { ways: [], command: null }
  if (flags.notify === false) return off
  const flag = typeof flags.notify === 'string' ? flags.notify : undefined
  const said = flag ?? (env['AOC_NOTIFY'] || undefined)
  const ways = said === undefined ? null : waysOf(said, flag === undefined ? 'AOC_NOTIFY' : '--notify')
  if (ways === 'off') return off
  const command = (flags.notifyCommand || env['AOC_NOTIFY_COMMAND'] || '').trim() || null
  return { ways: ways ?? (command === null ? byDefault : []), command }
}

function waysOf(list: string, from: string): Way[] | 'off' {
  const words = list.split(',').map((word) => word.trim().toLowerCase())
  if (words.length === 1 && words[0] === 'off') return 'off'
  const unknown = words.find((word) => !isWay(word))
  if (unknown === undefined) return noticeWays.filter((way) => words.includes(way))
  const wrong =
    unknown === 'off' ? '"off" stands alone' : `${JSON.stringify(unknown.slice(0, 40))} is no way to notify`
  throw new NoticeSettingError(
    `${from}: ${wrong}. Give ${noticeWays.join(', ')}, several of them with commas, or off.`,
  )
}

function isWay(word: string): word is Way {
  return (noticeWays as readonly string[]).includes(word)
}
