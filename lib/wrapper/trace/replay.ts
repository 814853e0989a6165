import type { Judged } from '../lifecycle/judge.js'
import { Observer } from '../observer.js'
import { profileNamed } from '../profiles/profiles.js'
import { outputTail, renderedScreen } from '../signals/screen.js'
import { TraceError, type TraceEntry, type TraceLaunch } from './entry.js'
import { VirtualClock } from './virtual-clock.js'

/** The status from a time on, milliseconds since the launch. */
export interface Shown extends Judged {
  at: number
}

/**
 * Judges a trace again, in the time of the trace.
 * @param onStatus is told of each status that differs from the one before in more than its evidence.
 * @param beforeEntry is told of each entry when its time has come, with what stands by then.
 */
export async function replay(
  [launch, ...entries]: [TraceLaunch, ...TraceEntry[]],
  onStatus: (shown: Shown) => void,
  beforeEntry: (entry: TraceEntry, observer: Observer) => void | Promise<void> = () => {},
): Promise<void> {
  const profile = profileNamed(launch.profile)
  if (profile === undefined) throw new TraceError(`no profile ${launch.profile}`)
  const clock = new VirtualClock()
  let last = ''
  let isOpen = false
  const tell = (): void => {
    if (!isOpen) return
    const judged = observer.judge()
    const { lifecycle, status } = judged
    const seen = JSON.stringify([lifecycle, { ...status, evidence: '' }])
    if (seen === last) return
    last = seen
    onStatus({ at: clock.now(), ...judged })
  }
  const observer = new Observer({
    profile,
    blind: launch.blind,
    hasScreen: launch.terminal,
    wantsSnippet: false,
    hidesText: false,
    clock,
    onChange: tell,
    openScreen: (isAlternate) =>
      launch.terminal ? renderedScreen(launch.columns, launch.rows, isAlternate) : outputTail(),
  })
  isOpen = true
  const settled = (): Promise<void> => observer.idle()
  for (const entry of entries) {
    await clock.advance(entry.at, settled)
    await beforeEntry(entry, observer)
    feed(observer, entry, clock.now())
    await settled()
  }
  observer.close()
}

function feed(observer: Observer, entry: TraceEntry, atMs: number): void {
  switch (entry.kind) {
    case 'output':
      return observer.output(Buffer.from(entry.text))
    case 'keys':
      return observer.typed(Buffer.from(entry.text))
    case 'event':
      return observer.event({ source: entry.source, pid: entry.pid, body: entry.body })
    case 'report':
      return observer.see({ kind: 'report', lifecycle: entry.lifecycle, detail: entry.detail, atMs })
    case 'size':
      return observer.resize(entry.columns, entry.rows)
    case 'process':
      return observer.see({ kind: entry.is, atMs })
    case 'exited':
      return observer.see({
        kind: 'exited',
        code: entry.code,
        signal: entry.signal,
        asked: entry.asked,
        atMs,
      })
    case 'launch':
    case 'status':
    case 'end':
      return
  }
}
