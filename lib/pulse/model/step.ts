import type { Effect } from './event.js'
import type { Agent, Message, Model } from './model.js'

/** The model after an event, and what is to be done. */
export interface Step {
  model: Model
  effects: readonly Effect[]
}

/** A model with nothing to do. */
export function same(model: Model): Step {
  return { model, effects: [] }
}

/** A word on what was done, in the last row. */
export function say(model: Model, tone: Message['tone'], text: string, commandId?: number): Model {
  const message = { ...wordOf(model, tone, text), ...(commandId !== undefined && { commandId }) }
  return { ...model, message }
}

/** A word on something, said now. */
export function wordOf(model: Model, tone: Message['tone'], text: string): Message {
  return { tone, text, atMs: model.nowMs }
}

/** Gives a command about an agent, by its name; its id is the model's `commandCount` from then on. */
export function command(
  model: Model,
  name: string,
  given: Omit<Extract<Effect, { kind: 'command' }>, 'kind' | 'commandId'>,
): { model: Model; effects: readonly Effect[]; commandId: number } {
  const commandId = model.commandCount + 1
  const open = new Map(model.open).set(commandId, { command: given.command, name })
  return {
    model: { ...model, commandCount: commandId, open },
    effects: [{ kind: 'command', commandId, ...given }],
    commandId,
  }
}

/** What a person calls an agent: by its label, and its pane where labels may be equal. */
export function nameOf({ row }: Agent): string {
  return row.label === row.paneId ? row.label : `${row.label} (${row.paneId})`
}

/** Copies a text, unless it could do something where it is pasted. */
export function copied(model: Model, text: string): Step {
  if (/\p{Cc}/u.test(text))
    return same(say(model, 'failed', 'not copied: there are control characters in it'))
  return { model: say(model, 'done', `copied ${text}`), effects: [{ kind: 'copy', text }] }
}
