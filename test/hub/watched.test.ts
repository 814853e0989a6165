import t from 'tap'
import { stalledMs } from '../../lib/wire/limits.js'
import { HubCore } from '../../lib/hub/core.js'
import type { Effect } from '../../lib/hub/machine.js'
import { coreOptions } from './script.js'

/** A connection that a door watches is ended by the door, not by the core: a door may be more patient. */

const hello = {
  version: '1',
  type: 'hello',
  session_id: 's',
  sender_id: 'w',
  timestamp: '2026-01-28T18:42:00Z',
  payload: { client_id: 'w', role: 'subscriber', capabilities: ['hello'] },
} as const

for (const isWatched of [true, false])
  void t.test(`an answer waits unread, ${isWatched ? 'watched' : 'not watched'}`, async (t) => {
    const core = new HubCore(coreOptions)
    core.step({ kind: 'connected', conn: 1, isWatched }, 0)
    core.step({ kind: 'frame', conn: 1, envelope: { ...hello } as never, line: Buffer.alloc(0) }, 0)
    const effects: Effect[] = core.flush(0)
    const bytes = effects.flatMap((effect) => (effect.kind === 'write' ? effect.lines : [])).length
    t.ok(bytes > 0, 'it was sent something that it never takes')
    for (let nowMs = 1_000; nowMs <= stalledMs + 5_000; nowMs += 1_000) {
      core.step({ kind: 'tick' }, nowMs)
      effects.push(...core.flush(nowMs))
    }
    t.equal(
      effects.some(({ kind }) => kind === 'destroy'),
      !isWatched,
    )
    t.equal(core.health().subscribers, isWatched ? 1 : 0)
  })
