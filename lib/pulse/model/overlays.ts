import type { CommandResult } from '../../wire/messages.js'
import { explanationLines } from '../explain.js'
import { patchLines } from '../view/patch.js'
import type { Intent } from './intent.js'
import { agentsOf, type Agent, type Model, type Overlay } from './model.js'
import { obeyPatch } from './patch-reading.js'
import { scrollOf } from './scroll-of.js'
import { command, nameOf, same, say, wordOf, type Step } from './step.js'
import { edited, emptyLine, oneLine, textOf } from './text-line.js'

type Over<K extends Overlay['kind']> = Model & { overlay: Extract<Overlay, { kind: K }> }

export function openWrite(model: Model, sessionId: string, agent: Agent): Model {
  const { row, state } = agent
  // A script may ask for a word; what coding agents ask, they ask with a menu.
  const isAsking = row.lifecycle === 'needs_input' && row.attention !== ''
  const isMenu = isAsking && (row.profile !== 'any' || row.attention !== 'question')
  const about = { sessionId, agentId: state.agent_id, launchId: row.launchId, sinceMs: row.askedMs, isMenu }
  return { ...model, overlay: { kind: 'write', ...about, line: emptyLine, message: null, commandId: null } }
}

export function openStop(model: Model, sessionId: string, agent: Agent): Model {
  const about = { sessionId, agentId: agent.state.agent_id, launchId: agent.row.launchId }
  return { ...model, overlay: { kind: 'stop', ...about, message: null, commandId: null } }
}

/** Asks why an agent's status is what it is; what comes back is shown. */
export function openExplain(model: Model, sessionId: string, agent: Agent): Step {
  const target = agent.state.agent_id
  const given = command(model, { sessionId, command: 'explain', target, args: {} })
  const { commandId } = given
  const overlay: Overlay = {
    kind: 'explain',
    sessionId,
    agentId: target,
    lines: null,
    message: wordOf(model, 'busy', 'asking …'),
    commandId,
    top: 0,
  }
  return { model: { ...given.model, overlay }, effects: given.effects }
}

/** Does what the person wants while something lies on top. Pure. */
export function obeyOverlay(model: Over<Overlay['kind']>, intent: Intent): Step {
  if (intent.kind === 'suspend' || intent.kind === 'redraw')
    return { model, effects: [{ kind: intent.kind }] }
  const { overlay } = model
  switch (overlay.kind) {
    case 'help':
      return same(obeyScrolling({ ...model, overlay }, intent))
    case 'explain':
      return same(obeyScrolling({ ...model, overlay }, intent))
    case 'filter':
      return same(obeyFilter({ ...model, overlay }, intent))
    case 'write':
      return obeyWrite({ ...model, overlay }, intent)
    case 'stop':
      return obeyStop({ ...model, overlay }, intent)
    case 'patch':
      return obeyPatch({ ...model, overlay }, intent)
  }
}

function closed(model: Model): Model {
  return { ...model, overlay: null }
}

function obeyScrolling(model: Over<'help' | 'explain'>, intent: Intent): Model {
  const by = scrollOf(model, intent)
  if (by === null) {
    const isOver = ['cancel', 'open', 'help', 'explain', 'quit'].includes(intent.kind)
    return isOver ? closed(model) : model
  }
  const { overlay } = model
  const count = overlay.kind === 'explain' ? (overlay.lines?.length ?? 0) : helpLinesMax
  return { ...model, overlay: { ...overlay, top: Math.max(0, Math.min(overlay.top + by, count - 1)) } }
}

/** No help is longer. */
const helpLinesMax = 60

function obeyFilter(model: Over<'filter'>, intent: Intent): Model {
  const { overlay } = model
  if (intent.kind === 'edit') {
    const line = edited(overlay.line, oneLine(intent.edit))
    return { ...model, filter: textOf(line).trim(), overlay: { ...overlay, line } }
  }
  if (intent.kind === 'open') return closed(model)
  return intent.kind === 'cancel' ? closed({ ...model, filter: overlay.before }) : model
}

function obeyWrite(model: Over<'write'>, intent: Intent): Step {
  const { overlay } = model
  if (intent.kind === 'edit')
    return same({ ...model, overlay: { ...overlay, line: edited(overlay.line, intent.edit) } })
  if (intent.kind === 'cancel') return same(closed(model))
  const isSent = intent.kind === 'open' || intent.kind === 'open_otherwise'
  if (!isSent || overlay.commandId !== null) return same(model)
  if (isAnother(model)) return same(told(model, anotherText))
  const { sessionId, agentId: target, sinceMs } = overlay
  const text = textOf(overlay.line)
  if (overlay.isMenu && intent.kind === 'open' && text === '') {
    return same(told(model, 'nothing is typed; Ctrl-T now would be Enter alone'))
  }
  const args = {
    text,
    // Enter at a menu would take what is highlighted, whatever was typed before it.
    submit: (intent.kind === 'open') !== overlay.isMenu,
    // What it asks now may be another question than the one that is being answered.
    ...(sinceMs !== null && { expected_since_ms: sinceMs }),
  }
  const {
    model: next,
    effects,
    commandId,
  } = command(model, { sessionId, command: 'send_input', target, args })
  const message = wordOf(model, 'busy', 'sending …')
  return { model: { ...next, overlay: { ...overlay, commandId, message } }, effects }
}

const anotherText = 'another agent has been started in its place; close this and look again'

/** Whether what runs in the pane now is not what the dialog was opened for. */
function isAnother({ overlay, sessions }: Over<'write' | 'stop'>): boolean {
  const session = sessions.get(overlay.sessionId)
  const agent = session && agentsOf(session).get(overlay.agentId)
  return agent !== undefined && agent.row.launchId !== overlay.launchId
}

/** Why it was not done, in the dialog. */
function told(model: Over<'write' | 'stop'>, text: string): Model {
  return { ...model, overlay: { ...model.overlay, message: wordOf(model, 'failed', text) } }
}

function obeyStop(model: Over<'stop'>, intent: Intent): Step {
  const { overlay } = model
  if (intent.kind === 'cancel') return same(closed(model))
  if (intent.kind !== 'confirm' || overlay.commandId !== null) return same(model)
  if (isAnother(model)) return same(told(model, anotherText))
  const { sessionId, agentId: target } = overlay
  const args = { reason: 'asked for in Pulse' }
  const {
    model: next,
    effects,
    commandId,
  } = command(model, { sessionId, command: 'stop_agent', target, args })
  const message = wordOf(model, 'busy', 'stopping …')
  return { model: { ...next, overlay: { ...overlay, commandId, message } }, effects }
}

/** Takes what came of a command, and says it where the command was given. */
export function withResult(model: Model, commandId: number, result: CommandResult | null): Model {
  const { overlay, message } = model
  const outcome = outcomeOf(result)
  if (overlay !== null && 'commandId' in overlay && overlay.commandId === commandId)
    return withOverlayResult({ ...model, overlay }, result, outcome)
  if (message?.commandId === commandId) return say(model, outcome.tone, outcome.text)
  // It was closed before: what came of it is told in the last row, unless it was only to be looked at.
  return outcome.tone === 'failed' && message === null ? say(model, 'failed', outcome.text) : model
}

function withOverlayResult(
  model: Over<'write' | 'stop' | 'explain' | 'patch'>,
  result: CommandResult | null,
  outcome: { tone: 'done' | 'failed'; text: string },
): Model {
  const { overlay } = model
  const failed = { commandId: null, message: wordOf(model, 'failed', outcome.text) }
  if (outcome.tone === 'failed') return { ...model, overlay: { ...overlay, ...failed } }
  const name = overlay.agentId === null ? '' : nameOf(model, overlay.agentId)
  switch (overlay.kind) {
    case 'write':
      return say(closed(model), 'done', `sent to ${name}`)
    case 'stop':
      return say(closed(model), 'done', `${name}: ${outcome.text}`)
    case 'explain':
      return {
        ...model,
        overlay: { ...overlay, commandId: null, message: null, lines: explained(result, model) },
      }
    case 'patch': {
      const patch = (result?.['result'] as { patch?: unknown } | null | undefined)?.patch
      const lines = patchLines(typeof patch === 'string' ? patch : '')
      const message = lines.length === 0 ? wordOf(model, 'done', outcome.text) : null
      return { ...model, overlay: { ...overlay, commandId: null, message, lines } }
    }
  }
}

function explained(result: CommandResult | null, model: Model): string[] {
  try {
    return explanationLines(result?.['result'], model.nowMs)
  } catch {
    return ['its explanation cannot be read: another version of aoc-agent-wrap']
  }
}

function outcomeOf(result: CommandResult | null): { tone: 'done' | 'failed'; text: string } {
  if (result === null) return { tone: 'failed', text: 'the hub was lost before it answered' }
  const { status, message, error } = result
  if (status === 'error')
    return { tone: 'failed', text: message || error?.message || error?.code || 'it failed' }
  return { tone: 'done', text: message || 'done' }
}
