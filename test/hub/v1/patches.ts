import type { CommandResult, HubFrame } from '../../../lib/wire/messages.js'
import type { V1Message } from '../../../lib/wire/v1.js'
import { diffOf, fileOf, type Fields } from './payloads.js'
import type { PulsePlayer } from './pulse-player.js'
import type { V1Stage } from './stage.js'
import type { V1Player } from './v1-player.js'

/** Who asks for patches, and who gives them. */

/** A wrapper's agent in pane 1, which answers nothing by itself. */
export function wrapperIn(stage: V1Stage, pane = '1'): PulsePlayer {
  const wrapper = stage.pulse().hello(`wrapper-${pane}`, pane)
  wrapper.upsert(pane, {
    lifecycle: 'running',
    source: { diff_summary: { agent_id: '?', ...diffOf(fileOf('new.ts', { status: 'added' })) } },
  })
  stage.turn()
  return wrapper
}

export function ask(watcher: V1Player, payload: Fields = {}, requestId?: string): void {
  const wanted = { agent_id: 's::1', path: 'a.ts', ...payload }
  watcher.send('diff_patch_request', wanted, requestId === undefined ? {} : { request_id: requestId })
}

export function commandsTo(stage: V1Stage, wrapper: PulsePlayer): HubFrame<'command'>[] {
  stage.turn()
  return wrapper.frames().filter((frame) => frame.type === 'command')
}

export function resultsOf(stage: V1Stage, pulse: PulsePlayer): CommandResult[] {
  stage.turn()
  return pulse
    .frames()
    .flatMap((frame) =>
      frame.type === 'command_result' && frame.payload.status !== 'accepted' ? [frame.payload] : [],
    )
}

export const responsesTo = (watcher: V1Player): V1Message<'diff_patch_response'>[] =>
  watcher.messages().filter((message) => message.type === 'diff_patch_response')
export const requestsTo = (publisher: V1Player): V1Message<'diff_patch_request'>[] =>
  publisher.messages().filter((message) => message.type === 'diff_patch_request')

export const ok = (result: Fields = {}): Fields => ({
  command: 'get_diff_patch',
  status: 'ok',
  message: 'modified: a.ts',
  result: { agent_id: 's::1', path: 'a.ts', status: 'modified', is_binary: false, patch: '+x\n', ...result },
})
export const failed = (code: string, message: string, result?: unknown): Fields => ({
  command: 'get_diff_patch',
  status: 'error',
  message,
  error: { code, message },
  result,
})
