import t from 'tap'
import { messagesOf } from '../../../lib/hub/v1/messages-of.js'
import type { AgentState } from '../../../lib/wire/messages.js'

const stateOf = (kind: string, attention: string): AgentState => ({
  agent_id: 's::1',
  session_id: 's',
  pane_id: '1',
  lifecycle: 'offline',
  source: {
    kind,
    status: { attention, detail: 'exited with 3' },
    agent_status: { status: 'error', message: 'exited with 3' },
  },
})

void t.test('an agent that has ended: why, when that was a failure', async (t) => {
  const table: [string, string, string | undefined][] = [
    ['wrapper', 'error', 'exited with 3'],
    ['wrapper', 'none', undefined],
    // It was lost while it had an error; that it has ended with one nobody knows.
    ['v1', 'error', undefined],
  ]
  for (const [kind, attention, message] of table) {
    const { status } = messagesOf(stateOf(kind, attention))
    t.equal(status.status, 'offline')
    t.equal(status.message, message, `${kind} ${attention}`)
  }
})
