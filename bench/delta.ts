import { benchSession } from './names.js'

/** Bytes of one delta line without its newline; what every candidate carries. */
export const deltaBytes = 650

/** The agent that the benches publish. */
export const benchAgent = `${benchSession}::7`

/**
 * Delta lines as a wrapper prints them, each of exactly `deltaBytes` bytes and no two alike: the clock goes on by one
 * step a line, and with it the numbers and the snippet.
 */
export function deltaLines(count: number, pane = '7'): Buffer[] {
  return Array.from({ length: count }, (_, index) => deltaLine(pane, index))
}

function deltaLine(pane: string, index: number): Buffer {
  const nowMs = 1_763_718_409_123 + index * 250
  const agent_id = `${benchSession}::${pane}`
  const frame = {
    version: '1',
    type: 'delta',
    session_id: benchSession,
    sender_id: `wrapper-${pane}`,
    timestamp: new Date(nowMs).toISOString(),
    payload: {
      changes: [
        {
          op: 'upsert',
          agent_id,
          state: {
            agent_id,
            session_id: benchSession,
            pane_id: pane,
            lifecycle: 'running',
            snippet: '',
            last_heartbeat_ms: nowMs,
            last_activity_ms: nowMs - 40,
            updated_at_ms: nowMs,
            source: {
              agent_status: { agent_id, status: 'running', pane_id: pane, project_root: '/home/ada/engine' },
              task_summary: {
                agent_id,
                tag: 'master',
                counts: { total: 12, pending: 6, in_progress: 1, done: 5, blocked: 0 },
              },
            },
          },
        },
      ],
    },
  }
  const bare = Buffer.byteLength(JSON.stringify(frame))
  const snippet = `Edit lib/engine/step-${String(index % 1_000).padStart(3, '0')}.ts, then run its tests again`
  frame.payload.changes[0]!.state.snippet = snippet.padEnd(deltaBytes - bare, '.').slice(0, deltaBytes - bare)
  const line = Buffer.from(JSON.stringify(frame))
  if (line.length !== deltaBytes) throw new Error(`a line of ${line.length} bytes instead of ${deltaBytes}`)
  return line
}
