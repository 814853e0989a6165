import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { TraceEntry, type TraceLaunch } from '../../lib/wrapper/trace/entry.js'

/** A scenario under fixtures/agents/scenarios: what an agent and a person do, and what has to be shown. */
export interface Scenario {
  file: string
  /** What it is about, in a sentence. */
  about: string
  agent: string
  /** The lifecycles shown, in order, from the start to the end: no other may flicker between. */
  lifecycles: string[]
  launch: TraceLaunch
  steps: Step[]
}

export type Step = { at: number } & (
  | { agent: string }
  | { person: string; text?: string }
  | { expect: Record<string, unknown> }
  | { process: 'started' | 'stopped' | 'continued' }
  | { report: { lifecycle: string; detail?: string } }
  | { until: true }
)

type Act = { print: string } | { post: object } | { exit: number } | { signal: string }
interface StandIn {
  open: (around: { args: string[]; env: object; columns: number; rows: number }) => {
    does: Record<string, (step: object) => Act[]>
    keys?: (text: string) => Act[]
  }
}

export const agentsDir = fileURLToPath(new URL('../../fixtures/agents', import.meta.url))

/** What a person types, by its name. */
const keyBytes: Record<string, string> = {
  enter: '\r',
  esc: '\u001b',
  'kitty-esc': '\u001b[27u',
  'ctrl-c': '\u0003',
  'ctrl-z': '\u001a',
  up: '\u001b[A',
  down: '\u001b[B',
  tab: '\t',
}

/** The bytes of a step of the person: a named key, one character, or `type` with its text. */
export function keysOf(step: { person: string; text?: string }): string {
  if (step.person === 'type') return step.text ?? ''
  if (step.person === 'paste') return `\u001b[200~${step.text ?? ''}\u001b[201~`
  const bytes = keyBytes[step.person] ?? (step.person.length === 1 ? step.person : undefined)
  if (bytes === undefined) throw new Error(`no key ${step.person}`)
  return bytes
}

export async function scenarios(): Promise<Scenario[]> {
  const dir = path.join(agentsDir, 'scenarios')
  const files = (await readdir(dir, { recursive: true })).filter((file) => file.endsWith('.ndjson'))
  return files.toSorted().map((file) => readScenarioFile(path.join(dir, file)))
}

export function readScenarioFile(file: string): Scenario {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  const [{ scenario, agent, lifecycles, ...launch } = {}, ...steps] = lines
  if (typeof scenario !== 'string' || typeof agent !== 'string' || !Array.isArray(lifecycles))
    throw new Error(`${file}: the first line has scenario, agent and lifecycles`)
  const entry = { at: 0, kind: 'launch', trace: 1, profile: agent, ...launch }
  return {
    file: path.relative(agentsDir, file),
    about: scenario,
    agent,
    lifecycles: lifecycles as string[],
    launch: TraceEntry.parse(entry) as TraceLaunch,
    steps: steps as unknown as Step[],
  }
}

/** An entry of a trace, or what must be so when its time has come. */
export type Played = TraceEntry | { at: number; kind: 'expect'; expect: Record<string, unknown> }

/** What happens in a scenario, as its agent's stand-in does it, without a process or a wait. */
export async function playedBy(scenario: Scenario): Promise<Played[]> {
  const { agent, launch, steps } = scenario
  const module = (await import(path.join(agentsDir, `${agent}.mjs`))) as StandIn
  const { columns, rows } = launch
  const standIn = module.open({ args: [], env: {}, columns, rows })
  const played: Played[] = [{ at: 0, kind: 'process', is: 'started' }]
  const add = (at: number, acts: Act[]): void => {
    for (const act of acts) played.push(entryOf(at, act))
  }
  for (const step of steps) {
    const { at } = step
    if ('expect' in step) played.push({ at, kind: 'expect', expect: step.expect })
    else if ('agent' in step) add(at, verbOf(scenario, standIn.does, step)(step))
    else if ('person' in step) {
      played.push({ at, kind: 'keys', text: keysOf(step) })
      add(at, standIn.keys?.(keysOf(step)) ?? [])
    } else if ('process' in step) played.push({ at, kind: 'process', is: step.process })
    else if ('report' in step) played.push(TraceEntry.parse({ at, kind: 'report', ...step.report }))
    else played.push({ at, kind: 'end' })
  }
  return played
}

function verbOf(
  { file }: Scenario,
  does: Record<string, (step: object) => Act[]>,
  { agent: verb }: { agent: string },
): (step: object) => Act[] {
  const act = does[verb]
  if (act === undefined)
    throw new Error(`${file}: the stand-in knows no ${verb}; it knows ${Object.keys(does).join(', ')}`)
  return act
}

function entryOf(at: number, act: Act): TraceEntry {
  if ('print' in act) return { at, kind: 'output', text: act.print }
  if ('exit' in act) return { at, kind: 'exited', code: act.exit, signal: null, asked: false }
  if ('signal' in act) return { at, kind: 'exited', code: 0, signal: act.signal, asked: false }
  return TraceEntry.parse({ at, kind: 'event', ...act.post })
}
