import type { CommandResult } from '../../wire/messages.js'
import { explanationLines, stateLines } from '../explain.js'
import { topMaxOf } from '../view/overlay.js'
import { patchLines } from '../view/patch.js'
import type { Intent } from './intent.js'
import { findAgent, type Agent, type Model, type Overlay } from './model.js'
import { obeyPatch } from './patch-reading.js'
import { scrollOf } from './scroll-of.js'
import { command, nameOf, same, say, wordOf, type Step } from './step.js'
import { edited, oneLine, textOf } from './text-line.js'
import { obeyStop, obeyWrite, withScreen } from './writing.js'

type Over<K extends Overlay['kind']> = Model & { overlay: Extract<Overlay, { kind: K }> }

/** Asks why an agent's status is what it is; what comes back is shown. */
export function openExplain(model: Model, sessionId: string, agent: Agent): Step {
  const target = agent.state.agent_id
  const name = nameOf(agent)
  const given = command(model, name, { sessionId, command: 'explain', target, args: {} })
  const { commandId } = given
  const overlay: Overlay = {
    kind: 'explain',
    sessionId,
    agentId: target,
    name,
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
  const top = Math.max(0, Math.min(overlay.top + by, topMaxOf(overlay, model)))
  return { ...model, overlay: { ...overlay, top } }
}

function obeyFilter(model: Over<'filter'>, intent: Intent): Model {
  const { overlay } = model
  if (intent.kind === 'edit') {
    const line = edited(overlay.line, oneLine(intent.edit))
    return { ...model, filter: textOf(line).trim(), overlay: { ...overlay, line } }
  }
  if (intent.kind === 'open') return closed(model)
  return intent.kind === 'cancel' ? closed({ ...model, filter: overlay.before }) : model
}

/** A part of a patch has come. */
export function withProgress(model: Model, commandId: number, part: number, parts: number): Model {
  const { overlay } = model
  if (overlay?.kind !== 'patch' || overlay.commandId !== commandId || overlay.message === null) return model
  const text = `fetching the patch, part ${part} of ${parts} …`
  return { ...model, overlay: { ...overlay, message: { ...overlay.message, text } } }
}

/** Takes what came of a command, and says it where the command was given, or in the last row. */
export function withResult(model: Model, commandId: number, result: CommandResult | null): Model {
  const { overlay, message } = model
  const given = model.open.get(commandId)
  if (given === undefined) return model
  const open = new Map(model.open)
  open.delete(commandId)
  const next = { ...model, open }
  if (overlay?.kind === 'write' && overlay.screenId === commandId)
    return withScreen({ ...next, overlay }, result)
  const outcome = outcomeOf(result)
  if (overlay !== null && 'commandId' in overlay && overlay.commandId === commandId)
    return withOverlayResult({ ...next, overlay }, given.name, result, outcome)
  if (message?.commandId === commandId) return say(next, outcome.tone, outcome.text)
  // Its dialog was closed before. What was only to be looked at is not missed; what was to be done is.
  const isDeed = given.command === 'send_input' || given.command === 'stop_agent'
  if (!isDeed && outcome.tone === 'done') return next
  return given.command === 'get_screen' ? next : say(next, outcome.tone, `${given.name}: ${outcome.text}`)
}

function withOverlayResult(
  model: Over<'write' | 'stop' | 'explain' | 'patch'>,
  name: string,
  result: CommandResult | null,
  outcome: { tone: 'done' | 'failed'; text: string },
): Model {
  const { overlay } = model
  const failed = { commandId: null, message: wordOf(model, 'failed', outcome.text) }
  if (outcome.tone === 'failed') {
    // What its state says is shown instead; that is why its own account is missing.
    const agent = overlay.kind === 'explain' ? findAgent(model, overlay) : null
    if (overlay.kind !== 'explain' || agent === null || result?.error?.code !== 'unsupported_command')
      return { ...model, overlay: { ...overlay, ...failed } }
    const lines = stateLines(agent.state, model.nowMs)
    const message = wordOf(model, 'done', outcome.text)
    return { ...model, overlay: { ...overlay, commandId: null, lines, message } }
  }
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
