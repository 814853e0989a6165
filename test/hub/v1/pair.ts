import type { HubFrame } from '../../../lib/wire/messages.js'
import { resultsOf } from './patches.js'
import type { Fields } from './payloads.js'
import type { PulsePlayer } from './pulse-player.js'
import { V1Stage } from './stage.js'
import type { V1Player } from './v1-player.js'

/** Two v1 publishers of one agent. */
export interface Pair {
  stage: V1Stage
  /** Says status and diff. */
  wrapper: V1Player
  /** Says what there is to do. */
  tasks: V1Player
}

export function pair(): Pair {
  const stage = new V1Stage()
  return {
    stage,
    wrapper: stage.publisher({ client_id: 'v1-wrapper' }),
    tasks: stage.publisher({ client_id: 'v1-tasks', capabilities: ['task_summary', 'task_update'] }),
  }
}

/** A task_update of the agent. */
export const update = {
  agent_id: 'agent-1',
  tag: 'master',
  action: 'update',
  task: { id: '1', title: 'One' },
}

/** An answer to a request for a patch. */
export const patchOf = (patch: string, request: string | null | undefined): Fields => ({
  agent_id: 'agent-1',
  path: 'a.ts',
  status: 'modified',
  is_binary: false,
  patch,
  request_id: request,
})

/** Pulse's own publisher of the same agent, as a wrapper is one. */
export function pulseWrapper(stage: V1Stage): { pulse: PulsePlayer; say: (lifecycle: string) => void } {
  const { pulse, say } = stage.wrapper('pane-3')
  return { pulse, say: (lifecycle) => say({ kind: 'wrapper', label: 'claude' }, { lifecycle }) }
}

/** Gives a command for the agent. @returns its last result, if there is one already. */
export function command(
  stage: V1Stage,
  asker: PulsePlayer,
  name: string,
  id: string,
  args: Fields = {},
): unknown {
  asker.say('command', { command: name, target_agent_id: 's::pane-3', args }, id)
  return resultsOf(stage, asker).at(-1)
}

/** The commands that have come since it was last asked. */
export const commandsOf = (pulse: PulsePlayer): HubFrame<'command'>[] =>
  pulse.frames().filter((frame) => frame.type === 'command')
