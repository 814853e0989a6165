import type { CommandResult } from '../wire/messages.js'
import { Burst } from './burst.js'
import type { Effect, Event } from './model/event.js'
import { intentOf } from './model/intent-of.js'
import type { Key } from './model/key.js'
import { findAgent } from './model/model.js'
import { newModel, reduce } from './model/reduce.js'
import type { SessionSource } from './sources/session-source.js'
import type { Terminal } from './terminal/terminal.js'
import { drawPicture, hitAt } from './view/frame.js'
import type { Picture } from './view/picture.js'

export interface ScreenOptions {
  /** Takes the terminal. */
  openTerminal: (told: {
    onKey: (key: Key) => void
    onResize: (size: { columns: number; rows: number }) => void
    onGone: () => void
    onPasteCut: (lost: number) => void
  }) => Terminal
  /** Opens the sources; what they say comes as events. */
  openSources: (onEvent: (event: Event) => void) => {
    of(sessionId: string): SessionSource | undefined
    close(): Promise<void>
  }
  hasOverview: boolean
  isAll: boolean
  /** Puts text into the person's clipboard. */
  copy: (text: string) => void
}

export interface Screen {
  /** Resolves when the person has quit, or the terminal is gone. */
  readonly ended: Promise<void>
  /** Gives the terminal back. */
  close(): Promise<void>
}

/** Pictures come no faster. */
const pictureMs = 1_000 / 30
/** Those that only follow the agents come at half that pace: so one that answers a key is due sooner. */
const followMs = 2 * pictureMs
/** Ages change. */
const tickMs = 1_000

/** The full-screen Pulse, joined: sources and keys into the reducer, its model onto the terminal, its effects done. */
export function openScreen(options: ScreenOptions): Screen {
  let resolveEnded: () => void = () => {}
  const ended = new Promise<void>((resolve) => {
    resolveEnded = resolve
  })
  let isClosed = false
  const burst = new Burst()
  let picture: Picture | null = null
  let drawnMs = 0
  let drawing: { dueMs: number; cancel: () => void } | null = null
  /** Commands that have not ended, by their ids. */
  const giving = new Map<number, AbortController>()

  const terminal = options.openTerminal({
    onKey: (key) => press(key),
    onResize: ({ columns, rows }) => take({ kind: 'resize', columns, rows }),
    onGone: () => resolveEnded(),
    onPasteCut: (lost) =>
      take({ kind: 'trouble', text: `the paste was too long: ${lost} bytes of it are left out` }),
  })
  const { hasOverview, isAll } = options
  let model = newModel({ nowMs: Date.now(), ...terminal.size, hasOverview, isAll })

  const take = (event: Event): void => {
    if (isClosed) return
    if (burst.add(event)) {
      // Of signs of life the next tick is soon enough to tell.
      if (event.kind === 'changes') drawSoon(followMs)
      return
    }
    // Whatever else comes finds taken what came before it.
    takeBurst()
    takeNow(event)
    drawSoon()
  }
  const takeBurst = (): void => {
    for (const event of burst.take()) takeNow(event)
  }
  const takeNow = (event: Event): void => {
    const step = reduce(model, event, Date.now())
    model = step.model
    for (const effect of step.effects) perform(effect)
  }
  const press = (key: Key): void => {
    const intent = key.kind === 'press' ? picture && hitAt(picture, key.x, key.y) : intentOf(key, model)
    if (intent !== null) take({ kind: 'intent', intent })
  }
  const drawSoon = (paceMs = pictureMs): void => {
    const dueMs = drawnMs + paceMs
    if (isClosed || (drawing !== null && drawing.dueMs <= dueMs)) return
    drawing?.cancel()
    // Not in the midst of a burst of frames: what has arrived is taken first.
    drawing = { dueMs, cancel: later(draw, dueMs - performance.now()) }
  }
  const draw = (): void => {
    drawing = null
    if (isClosed) return
    takeBurst()
    model = reduce(model, { kind: 'tick' }, Date.now()).model
    picture = drawPicture(model)
    terminal.draw(picture)
    drawnMs = performance.now()
  }
  const perform = (effect: Effect): void => {
    switch (effect.kind) {
      case 'command':
        return void follow(effect)
      case 'give_up':
        giving.get(effect.commandId)?.abort()
        return
      case 'copy':
        return options.copy(effect.text)
      case 'suspend':
        return terminal.suspend()
      case 'redraw':
        return terminal.redraw()
      case 'quit':
        return resolveEnded()
    }
  }
  const follow = async (effect: Extract<Effect, { kind: 'command' }>): Promise<void> => {
    const { commandId } = effect
    const ending = new AbortController()
    giving.set(commandId, ending)
    const result = await giveCommand(effect, ending.signal)
    giving.delete(commandId)
    if (!ending.signal.aborted) take({ kind: 'result', commandId, result })
  }
  const giveCommand = async (
    effect: Extract<Effect, { kind: 'command' }>,
    signal: AbortSignal,
  ): Promise<CommandResult | null> => {
    const { commandId, command, sessionId, target, args } = effect
    const agent = target === null ? null : (findAgent(model, { sessionId, agentId: target })?.state ?? null)
    if (target !== null && agent === null) return failed(command, 'publisher_missing', `${target} is gone`)
    const source = sources.of(sessionId)
    if (source === undefined) return failed(command, 'publisher_missing', `session ${sessionId} is gone`)
    try {
      return await source.request(command, agent, args, {
        signal,
        onPart: (part, parts) => take({ kind: 'progress', commandId, part, parts }),
      })
    } catch (error) {
      return failed(command, 'invalid_args', (error as Error).message)
    }
  }

  const sources = options.openSources(take)
  const ticker = setInterval(() => drawSoon(), tickMs)
  draw()
  return {
    ended,
    async close() {
      isClosed = true
      clearInterval(ticker)
      drawing?.cancel()
      await Promise.all([terminal.close(), sources.close()])
    },
  }
}

/** Calls something so many milliseconds later, but not at once. @returns what keeps it from being called. */
function later(call: () => void, waitMs: number): () => void {
  if (waitMs > 0) {
    const timer = setTimeout(call, waitMs)
    return () => clearTimeout(timer)
  }
  const immediate = setImmediate(call)
  return () => clearImmediate(immediate)
}

function failed(command: string, code: string, message: string): CommandResult {
  return { command, status: 'error', message, error: { code, message } }
}
