import type { Memory } from './memory.js'
import { endReports, hooked, reported, withdrawn } from './said.js'
import { notified, seen, titled, typed } from './shown.js'
import type { Signal } from './signal.js'

/** Takes one signal into the memory. Pure but for the memory itself: the signal carries its time. */
export function remember(memory: Memory, signal: Signal): void {
  const wereAsks = memory.asks.length > 0
  take(memory, signal)
  if (wereAsks && memory.asks.length === 0) memory.asksEndedMs = signal.atMs
}

function take(memory: Memory, signal: Signal): void {
  switch (signal.kind) {
    case 'started':
      memory.startedMs = signal.atMs
      return
    case 'stopped':
    case 'continued':
    case 'exited':
      memory.process = signal
      return
    case 'report':
      return reported(memory, signal)
    case 'hook':
      return hooked(memory, signal)
    case 'title':
      return titled(memory, signal)
    case 'notification':
      return notified(memory, signal)
    case 'progress': {
      const { isActive, text: evidence } = signal
      memory.progress = {
        isActive,
        evidence,
        atMs: since(memory.progress?.isActive === isActive, memory.progress, signal),
      }
      return
    }
    case 'prompt': {
      const { isRunning, text: evidence } = signal
      // What a program has announced goes with it, but for its failure: Program Status Protocol, rev 0.3, "Lifetime".
      withdrawn(memory, '', isRunning)
      if (!isRunning) endReports(memory)
      memory.prompt = {
        isRunning,
        evidence,
        atMs: since(memory.prompt?.isRunning === isRunning, memory.prompt, signal),
      }
      return
    }
    case 'bell':
      memory.bellMs = signal.atMs
      return
    case 'key':
      return typed(memory, signal)
    case 'screen':
      return seen(memory, signal)
    case 'output':
      memory.outputMs = signal.atMs
      return
  }
}

/** What is said again is so since it was said first. */
function since(isSame: boolean, before: { atMs: number } | null, { atMs }: Signal): number {
  return isSame && before !== null ? before.atMs : atMs
}
