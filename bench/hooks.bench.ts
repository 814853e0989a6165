import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { publishesPerSecond } from '../lib/wire/limits.js'
import { startRelay, stopCandidates, type Candidate } from './candidates.js'
import { arrival, openTap, startBare, startWrapped, writeAgent, type Hooked } from './hooked.js'
import { median, quantile } from './stats.js'
import { interleave, type Bench, type Effort, type Row } from './suite.js'
import { openWorkplace, settledMs, type Workplace } from './wrapped.js'

const sides = ['ours', 'bare'] as const

/** So many agents a side: they take turns, so that none says more than its wrapper publishes at once. */
const panes = ['7', '8', '9']

/** A wrapper that published less than this long ago may wait before it publishes again. */
const quietMs = 1_000 / publishesPerSecond + 20

/** Between two events of one agent lie at least five pauses: sides change their order from turn to turn. */
const pauseMs = quietMs / (2 * panes.length - 1)

/** After a hook that is a command, its wrapper reads what it has left. */
const commandPauseMs = 15

type Agents = Record<(typeof sides)[number], Hooked[]>

/** What an agent's own events cost it, and how soon a subscriber knows. */
export const hooks: Bench = {
  name: 'hooks',
  about: "from an agent's event to a subscriber's delta, and what a hook costs the agent",
  async run(effort) {
    const place = await openWorkplace()
    const relay = await startRelay()
    try {
      return await measure(place, relay, effort)
    } finally {
      await stopCandidates([place.hub, relay])
    }
  },
}

async function measure(place: Workplace, relay: Candidate, effort: Effort): Promise<Row[]> {
  effort.say('agents with hooks')
  const agent = writeAgent(place.runtimeDir)
  const [ours, bare] = await Promise.all([openTap(place.hub), openTap(relay)])
  const starting = panes.flatMap((pane) => [
    startWrapped(place, pane, ours, agent),
    startBare(place, relay, pane, bare, agent),
  ])
  const started = await Promise.allSettled(starting)
  const agents = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  try {
    await Promise.all(starting)
    await wait(settledMs)
    const bySide = { ours: agents.filter((_, i) => i % 2 === 0), bare: agents.filter((_, i) => i % 2 === 1) }
    return [...(await measurePosts(bySide, effort)), await measureCommand(place, bySide.ours[0]!, effort)]
  } finally {
    for (const tap of [ours, bare]) tap.close()
    await Promise.all(agents.map((one) => one.close()))
  }
}

/** Events that are posted, one at a time. */
async function measurePosts(agents: Agents, { isQuick, rounds, say }: Effort): Promise<Row[]> {
  const p50: Row = {
    name: 'event to delta, p50',
    unit: 'us',
    rounds: { ours: [], bare: [] },
    target: { kind: 'value', below: 20_000 },
    note: 'posted by an agent, by its wrapper and the hub to a subscriber; bare: by an HTTP server and a relay of Node',
  }
  const p99: Row = {
    name: 'event to delta, p99',
    unit: 'us',
    rounds: { ours: [], bare: [] },
    note: 'of all rounds together',
  }
  const answered: Row = {
    name: 'hook over HTTP, to its answer',
    unit: 'us',
    rounds: { ours: [], bare: [] },
    target: { kind: 'value', below: 5_000 },
    note: 'on a connection that is kept open; medians',
  }
  const all = { ours: [] as number[], bare: [] as number[] }
  const time = async (side: 'ours' | 'bare', turn: number) => {
    const times = await timePost(agents[side][turn % panes.length]!)
    await wait(pauseMs)
    return times
  }
  say('event to delta')
  // The first ones open the connections.
  const warmUps = 2 * panes.length
  await interleave(warmUps, sides, async (side, turn) => void (await time(side, turn)))
  const perRound = isQuick ? 34 : 60
  for (let round = 0; round < rounds; round++) {
    const times = { ours: [] as Timed[], bare: [] as Timed[] }
    await interleave(perRound, sides, async (side, turn) => void times[side].push(await time(side, turn)))
    for (const side of sides) {
      if (times[side].some(({ wasOpen }) => !wasOpen)) throw new Error(`${side} did not keep its connection`)
      const deltas = times[side].map(({ deltaUs }) => deltaUs)
      all[side].push(...deltas)
      p50.rounds[side]!.push(median(deltas))
      answered.rounds[side]!.push(median(times[side].map(({ answerUs }) => answerUs)))
    }
  }
  for (const side of sides) p99.rounds[side]!.push(quantile(all[side], 0.99))
  return [p50, p99, answered]
}

interface Timed {
  deltaUs: number
  answerUs: number
  wasOpen: boolean
}

async function timePost({ next, post, tap }: Hooked): Promise<Timed> {
  const { body, isArrival } = next()
  const [arrivedUs, { beganUs, answeredUs, wasOpen }] = await Promise.all([
    arrival(tap, isArrival, `nothing was told of ${body}`),
    post(body),
  ])
  return { deltaUs: arrivedUs - beganUs, answerUs: answeredUs - beganUs, wasOpen }
}

/** A hook that is a command, beside a shell that does nothing; the agent waits for either to end. */
async function measureCommand(
  { runtimeDir }: Workplace,
  { hookLine, next, tap }: Hooked,
  { isQuick, rounds, say }: Effort,
): Promise<Row> {
  const row: Row = {
    name: 'hook that is a command',
    unit: 'us',
    rounds: { ours: [], bare: [] },
    target: { kind: 'added', below: 5_000 },
    note: 'bare: sh -c :',
  }
  if (hookLine === '') throw new Error('the agent was given no hook that is a command')
  say('hook that is a command')
  const file = path.join(runtimeDir, 'event.json')
  const time = async (side: 'ours' | 'bare'): Promise<number> => {
    if (side === 'ours') fs.writeFileSync(file, next().body)
    const us = timeShell(side === 'ours' ? hookLine : ':', file)
    await wait(commandPauseMs)
    return us
  }
  for (let i = 0; i < 4; i++) for (const side of sides) await time(side)
  for (let round = 0; round < rounds; round++) {
    const times = { ours: [] as number[], bare: [] as number[] }
    await interleave(isQuick ? 15 : 40, sides, async (side) => void times[side].push(await time(side)))
    for (const side of sides) row.rounds[side]!.push(median(times[side]))
  }
  // A line that hands nothing over is quick.
  await wait(quietMs)
  const { body, isArrival } = next()
  fs.writeFileSync(file, body)
  const told = arrival(tap, isArrival, 'nothing was told of a hook that is a command')
  timeShell(hookLine, file)
  await told
  return row
}

/** @returns microseconds until it has ended. */
function timeShell(line: string, input: string): number {
  const descriptor = fs.openSync(input, 'r')
  try {
    const beginMs = performance.now()
    const { status } = spawnSync('sh', ['-c', line], { stdio: [descriptor, 'ignore', 'ignore'] })
    const us = (performance.now() - beginMs) * 1_000
    if (status !== 0) throw new Error(`sh -c ${line} ended with ${status}`)
    return us
  } finally {
    fs.closeSync(descriptor)
  }
}
