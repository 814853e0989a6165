import { oneLine } from '../snippet.js'
import type { TraceEntry } from './entry.js'
import type { Shown } from './replay.js'

/** A status as a line for people: when, what, by which signal. */
export function statusLine({ at, lifecycle, status }: Shown): string {
  const { origin, confidence, evidence, detail, attention, background, blind } = status
  const seconds = (at / 1_000).toFixed(2).padStart(9)
  const told = [
    attention === 'none' ? '' : attention,
    detail ?? '',
    background > 0 ? `${background} in the background` : '',
    `[${origin} ${confidence}: ${evidence}]`,
    blind === null ? '' : `blind: ${blind}`,
  ]
  return `${seconds} s  ${lifecycle.padEnd(12)} ${told.map(oneLine).filter(Boolean).join('  ')}`
}

/** Statuses come this much later, or earlier, in a trace than they are judged again, milliseconds. */
const slackMs = 400

/**
 * Where a trace's own statuses differ from those judged again, a line each: the lifecycles and what they wait for, in
 * their order. Pure.
 */
export function differences(entries: readonly TraceEntry[], shown: readonly Shown[]): string[] {
  const told = runs(
    entries.flatMap((entry) =>
      entry.kind === 'status'
        ? [{ at: entry.at, word: wordOf(entry.lifecycle, entry.status.attention) }]
        : [],
    ),
  )
  const now = runs(
    shown.map(({ at, lifecycle, status }) => ({ at, word: wordOf(lifecycle, status.attention) })),
  )
  const found: string[] = []
  for (let i = 0; i < Math.max(told.length, now.length); i++) {
    const [before, after] = [told[i], now[i]]
    if (before?.word === after?.word && Math.abs(before!.at - after!.at) <= slackMs) continue
    const at = (before ?? after)!.at / 1_000
    found.push(`at ${at.toFixed(2)} s the trace has ${placed(before)}, the rules say ${placed(after)}`)
    // What comes after one difference is another story.
    break
  }
  return found
}

interface Placed {
  at: number
  word: string
}

function wordOf(lifecycle: string, attention: string): string {
  return attention === 'none' ? lifecycle : oneLine(`${lifecycle} (${attention})`)
}

function runs(all: Placed[]): Placed[] {
  return all.filter(({ word }, i) => word !== all[i - 1]?.word)
}

function placed(one: Placed | undefined): string {
  return one === undefined ? 'nothing more' : `${one.word} at ${(one.at / 1_000).toFixed(2)} s`
}
