import { setMaxListeners } from 'node:events'
import type { Env } from '../identity.js'
import type { Log } from '../log.js'
import { desktopProgram } from './desktop.js'
import { terminalBytes } from './escape.js'
import { noticeJson, type Notice } from './notice.js'
import { runProgram, type ProgramEnd } from './program.js'
import { plain } from './text.js'
import { Turns } from './turns.js'
import type { NoticeSetting } from './ways.js'

export interface RingerOptions extends NoticeSetting {
  env: Env
  /** Writes to the person's terminal, between sequences of others'. Not called without `bell` or `osc`. */
  writeTerminal: (bytes: string) => void
  /** Whether the person looks at that pane; null when that is not known. */
  isFocused: (paneId: string) => Promise<boolean | null>
  log: Log
  platform?: NodeJS.Platform
  /** How long a command or the desktop's program may take, milliseconds. Default: 10,000. */
  programMs?: number
}

export interface Ringer {
  /** Tells the person, unless it is about the pane that has the focus. Resolves when all is done; never throws. */
  ring(notice: Notice): Promise<void>
  /** Takes no more notices, waits for what is under way at most so long, and kills the rest. */
  close(withinMs?: number): Promise<void>
}

const commandsAtOnceMax = 4
const commandsWaitingMax = 16
const desktopsAtOnceMax = 8
const desktopsWaitingMax = 32
/** Longer than the asking takes by itself: a guard, not a deadline. */
const focusMs = 2_000
/** Notices rung at once, and how many more each second after: whoever publishes may publish anything. */
const noticeBurstMax = 20
const noticesPerSecond = 1

/** Tells a person by the ways of the setting. */
export function openRinger(options: RingerOptions): Ringer {
  const { ways, command, env, writeTerminal, isFocused, log } = options
  const { platform = process.platform, programMs = 10_000 } = options
  const ending = new AbortController()
  // Each program that runs listens; how many that are is bounded below.
  setMaxListeners(0, ending.signal)
  const underWay = new Set<Promise<void>>()
  const commands = new Turns(commandsAtOnceMax, commandsWaitingMax)
  const desktops = new Turns(desktopsAtOnceMax, desktopsWaitingMax)
  /** The agents whose notice the desktop is being given, and the one to come after it. */
  const shown = new Map<string, Notice | null>()
  const budget = new Budget()
  let isDesktopMissing = false
  let isClosed = false

  const run = (
    program: string,
    args: readonly string[],
    more: { env: Env; input?: string },
  ): Promise<ProgramEnd> => runProgram(program, args, { ...more, withinMs: programMs, signal: ending.signal })

  const runCommand = async (line: string, notice: Notice): Promise<void> => {
    const job = async (): Promise<void> => {
      // What is said of the agent is data for the command, never a part of its line.
      const more = { env: { ...env, ...noticeEnv(notice) }, input: `${noticeJson(notice)}\n` }
      const end = await run('/bin/sh', ['-c', line], more)
      if (!end.ok) log('warn', 'notice_failed', { way: 'command', reason: end.reason })
    }
    if (!(await commands.run(job)))
      log('warn', 'notice_dropped', { way: 'command', reason: 'too many at once' })
  }

  const showOnDesktop = async (notice: Notice): Promise<void> => {
    if (isDesktopMissing) return
    const [program, args] = desktopProgram(notice, platform)
    const end = await run(program, args, { env })
    if (end.ok) return
    if (end.isMissing) isDesktopMissing = true
    const reason = end.isMissing ? `${program} is not installed` : end.reason
    log('warn', 'notice_failed', { way: 'desktop', reason })
  }

  const runDesktop = async (notice: Notice): Promise<void> => {
    const { agentId } = notice
    const isBusy = shown.has(agentId)
    shown.set(agentId, isBusy ? notice : null)
    if (isBusy) return
    const job = async (): Promise<void> => {
      for (let next: Notice | null = notice; next !== null; next = shown.get(agentId) ?? null) {
        shown.set(agentId, null)
        await showOnDesktop(next)
      }
    }
    try {
      if (!(await desktops.run(job)))
        log('warn', 'notice_dropped', { way: 'desktop', reason: 'too many at once' })
    } finally {
      shown.delete(agentId)
    }
  }

  const tell = async (notice: Notice): Promise<void> => {
    if ((await unlessSlow(isFocused(notice.paneId))) === true || ending.signal.aborted) return
    const bytes = terminalBytes(notice, ways, env)
    const jobs: Promise<void>[] = []
    if (bytes !== '') jobs.push(Promise.resolve(bytes).then(writeTerminal))
    if (ways.includes('desktop')) jobs.push(runDesktop(notice))
    if (command !== null) jobs.push(runCommand(command, notice))
    // One way that fails leaves the others.
    for (const result of await Promise.allSettled(jobs))
      if (result.status === 'rejected') log('warn', 'notice_failed', { reason: String(result.reason) })
  }

  const ring = async (notice: Notice): Promise<void> => {
    if (isClosed || (ways.length === 0 && command === null)) return
    const room = budget.take(performance.now())
    if (room === 'first over') log('warn', 'notice_dropped', { reason: 'too many notices' })
    if (room !== 'taken') return
    const told = tell(notice).catch((error: unknown) => {
      log('warn', 'notice_failed', { reason: String(error) })
    })
    underWay.add(told)
    await told
    underWay.delete(told)
  }

  return {
    ring,
    async close(withinMs = 1_000) {
      isClosed = true
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, withinMs)
      })
      await Promise.race([Promise.all(underWay), late])
      clearTimeout(timer)
      ending.abort()
    },
  }
}

/** So many at once, so many more with time. */
class Budget {
  #left = noticeBurstMax
  #atMs = Number.NEGATIVE_INFINITY
  #isOver = false

  take(nowMs: number): 'taken' | 'first over' | 'over' {
    this.#left = Math.min(noticeBurstMax, this.#left + ((nowMs - this.#atMs) / 1_000) * noticesPerSecond)
    this.#atMs = nowMs
    if (this.#left >= 1) {
      this.#left -= 1
      this.#isOver = false
      return 'taken'
    }
    if (this.#isOver) return 'over'
    this.#isOver = true
    return 'first over'
  }
}

function noticeEnv({ kind, agentId, paneId, label, title, text }: Notice): Env {
  return {
    AOC_NOTICE_KIND: kind,
    AOC_NOTICE_AGENT_ID: plain(agentId, 256),
    AOC_NOTICE_PANE_ID: plain(paneId, 256),
    AOC_NOTICE_LABEL: label,
    AOC_NOTICE_TITLE: title,
    AOC_NOTICE_TEXT: text,
  }
}

async function unlessSlow(answer: Promise<boolean | null>): Promise<boolean | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, focusMs, null)
  })
  try {
    return await Promise.race([answer, late])
  } catch {
    return null
  } finally {
    clearTimeout(timer)
  }
}
