import { hello } from './speech.js'
import { Tap, type Address } from './tap.js'

/** Connects a subscriber that gets nothing before it subscribes. @returns it, and the seq that the hub stands at. */
export async function openWatcher(address: Address): Promise<{ tap: Tap; seq: number }> {
  const greeting = hello({ role: 'subscriber', capabilities: ['hello', 'subscribe'] })
  const tap = await Tap.open(address, greeting, (heard) => heard.endsWith('\n'))
  const { payload } = JSON.parse(tap.answer) as { payload: { seq: number } }
  return { tap, seq: payload.seq }
}

/** The seq that a hub stands at. */
export async function seqOf(address: Address): Promise<number> {
  const { tap, seq } = await openWatcher(address)
  tap.close()
  return seq
}
