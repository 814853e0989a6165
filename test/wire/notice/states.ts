import type { AgentState, Lifecycle } from '../../../lib/wire/messages.js'
import { noticeOf, type Notice, type NoticeKind } from '../../../lib/wire/notice/notice.js'

/** A state as a wrapper publishes it; `status` null for a publisher that says nothing but the lifecycle. */
export function stateOf(
  lifecycle: Lifecycle,
  status: Record<string, unknown> | null,
  more: { agentId?: string; snippet?: string; label?: string } = {},
): AgentState {
  const { agentId = 'shop::%3', snippet, label = 'claude' } = more
  return {
    agent_id: agentId,
    session_id: 'shop',
    pane_id: agentId.replace(/^.*::/, ''),
    lifecycle,
    ...(snippet !== undefined && { snippet }),
    source: { label, ...(status !== null && { status }) },
  }
}

export function aNotice(
  kind: NoticeKind = 'needs_input',
  agentId = 'shop::%3',
  more: { snippet?: string; label?: string } = {},
): Notice {
  const lifecycle = kind === 'finished' ? 'idle' : kind
  return noticeOf(
    kind,
    stateOf(lifecycle, { attention: 'permission', detail: 'Bash: rm -rf build' }, { agentId, ...more }),
  )
}
