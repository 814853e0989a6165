import type { Notice } from './notice.js'

const script = [
  'on run argv',
  // Counted from the end: whether `--` is among them is osascript's own matter.
  'display notification (item -1 of argv) with title (item -2 of argv)',
  'end run',
]

/**
 * The program that shows a notice on the desktop, and its arguments: no shell reads them, and no text of a notice is
 * taken for an option or a part of a script. Pure.
 *
 * notify-send (libnotify): the body is markup (Desktop Notifications Specification, "Markup") and notify-send reads
 * `\n` and the like in it. macOS: osascript(1) gives what follows the script to its run handler.
 */
export function desktopProgram(notice: Notice, platform: NodeJS.Platform): [program: string, args: string[]] {
  const { title, text } = notice
  if (platform === 'darwin')
    return ['osascript', [...script.flatMap((line) => ['-e', line]), '--', title, text]]
  const body = text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\\', '\\\\')
  return ['notify-send', ['--app-name=aoc-pulse', '--', title, ...(body === '' ? [] : [body])]]
}
