import { setTimeout as wait } from 'node:timers/promises'
import { startHub, stopCandidates } from './candidates.js'
import { startChild, stopChild } from './children.js'
import { cpuMs, residentBytes } from './machine.js'
import { hello } from './speech.js'
import type { Bench, Row } from './suite.js'
import { Tap } from './tap.js'
import { openWatcher } from './watcher.js'

const idleConnections = 1_000
const idleClients = 10

/** What a hub costs that does nothing: memory, memory per connection, processor time. */
export const footprint: Bench = {
  name: 'footprint',
  about: 'resident memory beside a bare Node, memory per idle connection, processor time when idle',
  async run({ isQuick, say }) {
    const resident: Row = {
      name: 'resident memory',
      unit: 'bytes',
      rounds: { ours: [], bare: [] },
      target: { kind: 'ratio', to: 'bare', below: 1.6 },
      note: 'bare: node -e with a timer',
    }
    const connection: Row = { name: 'memory per idle connection', unit: 'bytes', rounds: { ours: [] } }
    const idle: Row = {
      name: `processor time, ${idleClients} idle clients`,
      unit: 'percent',
      rounds: { ours: [] },
      target: { kind: 'value', below: 0.5 },
    }
    for (let round = 0; round < (isQuick ? 1 : 3); round++) {
      say('memory')
      const bare = startChild(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'])
      const hub = await startHub()
      const taps: Tap[] = []
      try {
        // A client has come and gone, so the hub has done once all that it does.
        ;(await openWatcher(hub.address)).tap.close()
        await wait(700)
        resident.rounds.bare!.push(await residentBytes(bare.pid!))
        const before = await residentBytes(hub.child.pid!)
        resident.rounds.ours.push(before)
        for (let i = 0; i < idleConnections; i++)
          taps.push(
            await Tap.open(hub.address, hello({ role: 'subscriber' }), (heard) => heard.endsWith('\n')),
          )
        await wait(700)
        connection.rounds.ours.push(((await residentBytes(hub.child.pid!)) - before) / idleConnections)
      } finally {
        for (const tap of taps) tap.close()
        await Promise.all([stopChild(bare), stopCandidates([hub])])
      }
    }

    say('idle')
    const hub = await startHub()
    const taps: Tap[] = []
    try {
      for (let i = 0; i < idleClients; i++)
        taps.push(await Tap.open(hub.address, hello({ role: 'subscriber' }), (heard) => heard.endsWith('\n')))
      await wait(500)
      const windowMs = isQuick ? 4_000 : 6_000
      const before = await cpuMs(hub.child.pid!)
      await wait(windowMs)
      idle.rounds.ours.push((((await cpuMs(hub.child.pid!)) - before) / windowMs) * 100)
    } finally {
      for (const tap of taps) tap.close()
      await stopCandidates([hub])
    }
    return [resident, connection, idle]
  },
}
