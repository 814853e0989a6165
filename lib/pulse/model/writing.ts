import type { CommandResult } from '../../wire/messages.js'
import { printable } from '../text.js'
import type { Intent } from './intent.js'
import { findAgent, type Agent, type Model, type Overlay } from './model.js'
import { command, nameOf, same, wordOf, type Step } from './step.js'
import { edited, emptyLine, textOf } from './text-line.js'

type Writing = Model & { overlay: Extract<Overlay, { kind: 'write' }> }
type Stopping = Model & { overlay: Extract<Overlay, { kind: 'stop' }> }

/** Rows of the agent's terminal that are asked for: a dialog with its choices. */
const screenRows = 12

/** Opens the dialog that writes to an agent, and asks for what it shows. */
export function openWrite(model: Model, sessionId: string, agent: Agent): Step {
  const { row, state } = agent
  const overlay: Writing['overlay'] = {
    kind: 'write',
    sessionId,
    agentId: state.agent_id,
    launchId: row.launchId,
    name: nameOf(agent),
    screen: null,
    screenId: null,
    sinceMs: row.askedMs,
    isMenu: isMenu(agent),
    line: emptyLine,
    message: reachFault(model, sessionId) ?? v1Fault(model, agent, 'write to', 'type'),
    commandId: null,
  }
  return overlay.message === null ? askedScreen({ ...model, overlay }) : same({ ...model, overlay })
}

export function openStop(model: Model, sessionId: string, agent: Agent): Model {
  const { row, state } = agent
  const about = { sessionId, agentId: state.agent_id, launchId: row.launchId, name: nameOf(agent) }
  const message = reachFault(model, sessionId) ?? v1Fault(model, agent, 'stop', 'end it')
  return { ...model, overlay: { kind: 'stop', ...about, message, commandId: null } }
}

/** Why nothing can be passed on to an agent of a session; null when it can be. */
function reachFault(model: Model, sessionId: string): ReturnType<typeof wordOf> | null {
  const isLive = model.sessions.get(sessionId)?.link.kind === 'live'
  return isLive ? null : wordOf(model, 'failed', 'no hub runs that could pass it on; start one with: aoc-hub')
}

/** An agent of v1 would refuse it; better said before anything is typed. */
function v1Fault(
  model: Model,
  { row }: Agent,
  what: string,
  instead: string,
): ReturnType<typeof wordOf> | null {
  const text = `nobody can ${what} it by the v1 protocol, which it speaks; ${instead} in its pane`
  return row.isV1 ? wordOf(model, 'failed', text) : null
}

/** A script may ask for a word; what coding agents ask, they ask with a menu. */
function isMenu({ row }: Agent): boolean {
  const isAsking = row.lifecycle === 'needs_input' && row.attention !== ''
  return isAsking && (row.profile !== 'any' || row.attention !== 'question')
}

/** Asks for what the agent's terminal shows: what it asks is to be in view. */
function askedScreen(model: Writing): Step {
  const { overlay } = model
  const { sessionId, agentId: target } = overlay
  const given = { sessionId, command: 'get_screen', target, args: { rows: screenRows } }
  const { model: next, effects, commandId } = command(model, overlay.name, given)
  return { model: { ...next, overlay: { ...overlay, screenId: commandId } }, effects }
}

/** What it shows has come. An agent that cannot tell leaves the dialog without it. */
export function withScreen(model: Writing, result: CommandResult | null): Model {
  const lines = (result?.['result'] as { lines?: unknown } | null | undefined)?.lines
  const screen = Array.isArray(lines) ? lines.filter((line) => typeof line === 'string').map(printable) : null
  return { ...model, overlay: { ...model.overlay, screenId: null, screen: screen ?? model.overlay.screen } }
}

/** The agent asks something else, or shows something else, than when the dialog was opened: looks again. */
export function followed(before: Model, model: Model): Step {
  const { overlay } = model
  if (overlay?.kind !== 'write' || overlay.screenId !== null) return same(model)
  const [old, now] = [findAgent(before, overlay), findAgent(model, overlay)]
  return old === null || now === null || old.row.askedMs === now.row.askedMs
    ? same(model)
    : askedScreen({ ...model, overlay })
}

export function obeyWrite(model: Writing, intent: Intent): Step {
  const { overlay } = model
  if (intent.kind === 'edit')
    return same({ ...model, overlay: { ...overlay, line: edited(overlay.line, intent.edit) } })
  if (intent.kind === 'cancel') return same({ ...model, overlay: null })
  const isSent = intent.kind === 'open' || intent.kind === 'open_otherwise'
  if (!isSent || overlay.commandId !== null) return same(model)
  const fault = whyNotWritten(model, intent.kind === 'open')
  if (fault !== null) return same(told(model, fault))
  const { sessionId, agentId: target, sinceMs } = overlay
  const args = {
    text: textOf(overlay.line),
    // Enter at a menu would take what is highlighted, whatever was typed before it.
    submit: (intent.kind === 'open') !== overlay.isMenu,
    // What it asks when this arrives may be another question than the one that is answered.
    ...(sinceMs !== null && { expected_since_ms: sinceMs }),
  }
  const given = { sessionId, command: 'send_input', target, args }
  const { model: next, effects, commandId } = command(model, overlay.name, given)
  const message = wordOf(model, 'busy', 'sending …')
  return { model: { ...next, overlay: { ...overlay, commandId, message } }, effects }
}

/** What is typed is for what the agent asked, or did not ask, when the dialog was opened. */
function whyNotWritten(model: Writing, isEnter: boolean): string | null {
  const { overlay } = model
  const agent = findAgent(model, overlay)
  if (agent === null) return 'it is gone'
  if (agent.row.launchId !== overlay.launchId) return anotherText
  if (agent.row.askedMs !== overlay.sinceMs)
    return overlay.sinceMs === null
      ? 'it asks something now: close this and look again'
      : 'what it asked has passed: close this and look again'
  const isNothing = overlay.isMenu && isEnter && overlay.line.characters.length === 0
  return isNothing ? 'nothing is typed; Ctrl-T now would be Enter alone' : null
}

export function obeyStop(model: Stopping, intent: Intent): Step {
  const { overlay } = model
  if (intent.kind === 'cancel') return same({ ...model, overlay: null })
  if (intent.kind !== 'confirm' || overlay.commandId !== null) return same(model)
  const agent = findAgent(model, overlay)
  if (agent === null) return same(told(model, 'it is gone'))
  if (agent.row.launchId !== overlay.launchId) return same(told(model, anotherText))
  const { sessionId, agentId: target } = overlay
  const given = { sessionId, command: 'stop_agent', target, args: { reason: 'asked for in Pulse' } }
  const { model: next, effects, commandId } = command(model, overlay.name, given)
  const message = wordOf(model, 'busy', 'stopping …')
  return { model: { ...next, overlay: { ...overlay, commandId, message } }, effects }
}

const anotherText = 'another agent has been started in its place; close this and look again'

/** Why it was not done, in the dialog. */
function told(model: Writing | Stopping, text: string): Model {
  return { ...model, overlay: { ...model.overlay, message: wordOf(model, 'failed', text) } }
}
