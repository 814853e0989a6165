import { readdirSync } from 'node:fs'
import t from 'tap'
import type { HubEnvelope } from '../../lib/wire/messages.js'
import { cases } from '../fixtures.js'
import { Stage } from './script.js'

/** fixtures/sessions: who says what, and what must come of it; nothing else may. */
type Step =
  | { do: 'connect' | 'close' | 'ended'; conn: number }
  | { do: 'wait'; ms: number }
  | { in: number; line?: string; frame?: object }
  | { out: number; frame: object }

const sessions = readdirSync(new URL('../../fixtures/sessions', import.meta.url)).filter((name) =>
  name.endsWith('.ndjson'),
)

for (const name of sessions)
  void t.test(name, async (t) => {
    const stage = new Stage()
    const waiting = new Map<number, HubEnvelope[]>()
    const framesOf = (conn: number): HubEnvelope[] => {
      const frames = [...(waiting.get(conn) ?? []), ...stage.framesOf(conn)]
      waiting.set(conn, frames)
      return frames
    }
    for (const step of cases<Step>(`sessions/${name}`)) {
      if ('in' in step) {
        stage.flush()
        stage.say(step.in, step.frame ?? step.line!)
      } else if ('out' in step)
        t.match(framesOf(step.out).shift() ?? 'nothing came', step.frame, JSON.stringify(step))
      else if (step.do === 'wait') stage.wait(step.ms)
      else if (step.do === 'connect') stage.connect(step.conn)
      else if (step.do === 'close') stage.close(step.conn)
      else {
        stage.flush()
        t.ok(stage.ended.has(step.conn), JSON.stringify(step))
      }
    }
    for (const conn of waiting.keys()) t.strictSame(framesOf(conn), [], `nothing more came to ${conn}`)
  })
