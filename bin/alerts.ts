import type { Env } from '../lib/wire/identity.js'
import type { Log } from '../lib/wire/log.js'
import type { Alerts } from '../lib/wire/notice/alerts.js'
import { isPaneFocused } from '../lib/wire/notice/focus.js'
import type { NoticeSetting } from '../lib/wire/notice/ways.js'

/** Who tells the person that an agent needs them; undefined when nobody is to. */
export async function openAlerts(
  setting: NoticeSetting,
  env: Env,
  log: Log,
  writeTerminal: (bytes: string) => void,
): Promise<Alerts | undefined> {
  if (setting.ways.length === 0 && setting.command === null) return undefined
  const { Alerts } = await import('../lib/wire/notice/alerts.js')
  return new Alerts({ ...setting, env, writeTerminal, isFocused: (pane) => isPaneFocused(pane, env), log })
}
