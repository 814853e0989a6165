import type { CommandResult, HubHealth, LayoutState, StateChange } from '../../wire/messages.js'
import type { Check } from '../local/checks.js'
import type { LocalFound } from '../local/local-source.js'
import type { Intent } from './intent.js'
import type { Link } from './model.js'

/** What happens to Pulse. */
export type Event =
  | { kind: 'session'; sessionId: string; socketPath: string }
  | { kind: 'session_gone'; sessionId: string }
  | { kind: 'link'; sessionId: string; link: Link }
  | {
      kind: 'changes'
      sessionId: string
      changes: readonly StateChange[]
      seq: number
      epoch: string | null
    }
  | { kind: 'heartbeat'; sessionId: string; agentId: string; atMs: number; latencyMs: number | null }
  | { kind: 'health'; sessionId: string; health: HubHealth }
  | { kind: 'layout'; sessionId: string; layout: LayoutState | null }
  | { kind: 'local'; sessionId: string; found: LocalFound | null }
  | { kind: 'checks'; checks: readonly Check[] }
  | { kind: 'intent'; intent: Intent }
  | { kind: 'resize'; columns: number; rows: number }
  /** Something to be said that no command has led to. */
  | { kind: 'trouble'; text: string }
  /** Time has passed. */
  | { kind: 'tick' }
  /** The patch that a command asks for comes in parts; this one is asked for. */
  | { kind: 'progress'; commandId: number; part: number; parts: number }
  /** A command has ended; null when the hub was lost before it said so. */
  | { kind: 'result'; commandId: number; result: CommandResult | null }

/** What is to be done for the person. */
export type Effect =
  | {
      kind: 'command'
      commandId: number
      sessionId: string
      command: string
      target: string | null
      args: Record<string, unknown>
    }
  /** Nobody waits for what comes of a command any more. */
  | { kind: 'give_up'; commandId: number }
  | { kind: 'copy'; text: string }
  | { kind: 'suspend' }
  | { kind: 'redraw' }
  | { kind: 'quit' }
