import { readFileSync } from 'node:fs'

/** What a hub sent to a Pulse; see record-session.mjs. */
const recording = new URL('../../fixtures/screen/session.ndjson', import.meta.url)

/**
 * Plays the recorded session through Pulse as `lib/pulse/screen.ts` does, in the recording's own time, and takes
 * pictures of it.
 * @param base the folder that has `lib`, as a URL: what is built, or the sources where they can be loaded.
 */
export async function openFilm(base) {
  const load = (name) => import(new URL(`lib/${name}.js`, base))
  const { decodeHubLine } = await load('wire/decode')
  const { slug } = await load('wire/identity')
  const { Replica } = await load('wire/replica')
  const { Settling } = await load('pulse/settle')
  const { newModel, reduce } = await load('pulse/model/reduce')
  const { intentOf } = await load('pulse/model/intent-of')
  const { drawPicture } = await load('pulse/view/frame')
  const palettes = await load('pulse/terminal/palette')
  const entries = readRecording().map(({ at_ms: atMs, frame }) => ({
    atMs,
    frame: decodeHubLine(Buffer.from(JSON.stringify(frame))),
  }))
  const begunMs = Date.parse(entries[0].frame.timestamp) - entries[0].atMs
  const sessionId = entries[0].frame.session_id
  const socketPath = `/run/user/1000/aoc/${slug(sessionId)}/pulse.sock`
  const answers = new Map()
  const told = []
  for (const { atMs, frame } of entries)
    if (frame.type !== 'command_result') told.push({ nowMs: begunMs + atMs, frame })
    else if (frame.payload.status !== 'accepted') answers.set(frame.request_id, frame.payload)

  return {
    palettes,
    /**
     * The picture of a screen of that size at the end, after these keys: a key's name or letter, `{ type: text }`,
     * `{ downTo: what is on a row below }`.
     */
    shoot({ columns, rows, keys = [] }) {
      const nowMs = told.at(-1).nowMs
      let model = newModel({ nowMs: begunMs, columns, rows, hasOverview: true, isAll: false })
      const take = (event, atMs) => {
        const step = reduce(model, event, atMs)
        model = step.model
        for (const effect of step.effects)
          if (effect.kind === 'command') take({ kind: 'result', ...answerTo(effect) }, atMs)
      }
      for (const [event, atMs] of eventsOf(told, new Replica(), new Settling())) take(event, atMs)
      take({ kind: 'tick' }, nowMs)
      const press = (key) => {
        const intent = intentOf(key, model)
        if (intent === null) throw new Error(`${JSON.stringify(key)} means nothing here`)
        take({ kind: 'intent', intent }, nowMs)
        take({ kind: 'tick' }, nowMs)
      }
      for (const key of keys) {
        if (typeof key === 'string') press(keyOf(key))
        else if ('type' in key) for (const letter of key.type) press(keyOf(letter))
        else
          for (let row = ''; !row.includes(key.downTo);) {
            press(keyOf('down'))
            const next = selectedRow(drawPicture(model).grid)
            if (next === row) throw new Error(`no row below has ${key.downTo}`)
            row = next
          }
      }
      return drawPicture(model)
    },
  }

  function* eventsOf(told, replica, settling) {
    yield [{ kind: 'session', sessionId, socketPath }, begunMs]
    for (const { nowMs, frame } of told) {
      const { type, payload, timestamp } = frame
      if (type === 'snapshot' || type === 'delta') {
        const applied = replica.apply(frame)
        if (applied.kind === 'gap') throw new Error(`a delta is missing before ${payload.seq}`)
        if (applied.kind === 'nothing') continue
        const changes = settling.take(applied, nowMs)
        const { seq, token } = replica
        yield [{ kind: 'changes', sessionId, changes, seq, epoch: token.epoch }, nowMs]
        if (type === 'snapshot')
          yield [{ kind: 'link', sessionId, link: { kind: 'live', laggedMs: null } }, nowMs]
      } else if (type === 'heartbeat') {
        const { agent_id: agentId, last_heartbeat_ms: atMs } = payload
        const latencyMs = Math.max(0, nowMs - Date.parse(timestamp))
        yield [{ kind: 'heartbeat', sessionId, agentId, atMs, latencyMs }, nowMs]
      } else if (type === 'health') yield [{ kind: 'health', sessionId, health: payload }, nowMs]
      else if (type === 'layout_state') yield [{ kind: 'layout', sessionId, layout: payload }, nowMs]
    }
  }

  function answerTo({ commandId, command, target, args }) {
    const id = [command, target, ...Object.values(args)].join(' ')
    const result = answers.get(id)
    if (result === undefined)
      throw new Error(`${id}: not in the recording, which answers ${[...answers.keys()].join(', ')}`)
    return { commandId, result }
  }
}

export function readRecording() {
  return readFileSync(recording, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

/** One letter is a text; all else is a key's name. */
function keyOf(key) {
  return key.length === 1 ? { kind: 'text', text: key } : { kind: 'key', name: key }
}

/** The row under the cursor; the modes in the rows above the lists are marked as well. */
function selectedRow(grid) {
  const rows = Array.from({ length: grid.rows }, (_, y) => y)
  return grid.line(
    rows.findLast((y) => grid.styleAt(0, y).selected && grid.styleAt(grid.columns - 1, y).selected) ?? 0,
  )
}
