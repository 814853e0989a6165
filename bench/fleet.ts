import { createInterface } from 'node:readline'
import { heartbeatMs } from '../lib/wire/limits.js'
import { fleetState, paneOf } from './fleet-states.js'
import { benchSession } from './names.js'
import { hubLine, hubPublisher } from './speech.js'
import { Tap } from './tap.js'

/**
 * A fleet of agents: `fleet.js <socket> <count>` joins a hub, publishes each agent once and prints `ready`. A line of
 * standard input says how many deltas a second it publishes from then on, spread over the agents; it answers with
 * `sent` and how many there were before. Each agent gives its heartbeats all the while.
 */

const [path = '', count = '0'] = process.argv.slice(2)
const agents = Number(count)
const stepMs = 5
const startedMs = Date.now()

const taps: Tap[] = []
const steps = Array.from({ length: agents }, (_, index) => index)
let next = 0
let rate = 0
let sinceMs = 0
let sent = 0

for (let i = 0; i < agents; i++) {
  const { bytes, isReady } = hubPublisher(paneOf(i))
  taps.push(await Tap.open({ path }, bytes, isReady))
  publish(i)
}
setInterval(() => {
  const due = Math.floor(((performance.now() - sinceMs) / 1_000) * rate)
  for (; sent < due; sent++) {
    // Neighbours do not come one behind the other: that no row is next to the one before.
    next = (next + 197) % agents
    publish(next)
  }
}, stepMs)
let beating = 0
setInterval(() => {
  const payload = { agent_id: `${benchSession}::${paneOf(beating)}`, last_heartbeat_ms: Date.now() }
  taps[beating]!.write(hubLine('heartbeat', payload))
  beating = (beating + 1) % agents
}, heartbeatMs / agents)
console.log('ready')

createInterface({ input: process.stdin }).on('line', (line) => {
  console.log(`sent ${sent}`)
  rate = Number(line)
  sinceMs = performance.now()
  sent = 0
})

function publish(index: number): void {
  const state = fleetState(index, steps[index]!++, startedMs, Date.now())
  const { agent_id } = state
  taps[index]!.write(hubLine('delta', { changes: [{ op: 'upsert', agent_id, state }] }))
}
