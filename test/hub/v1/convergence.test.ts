import t from 'tap'
import fc from 'fast-check'
import { messagesOf } from '../../../lib/hub/v1/messages-of.js'
import { printJson } from '../../../lib/wire/encode.js'
import { counts, diffIn, diffOf, fileOf, tasksIn, type Fields } from './payloads.js'
import type { PulsePlayer } from './pulse-player.js'
import { V1Stage } from './stage.js'
import type { V1Player } from './v1-player.js'

/** What a v1 subscriber knows: the last message of each kind, as it came. */
class View {
  readonly status = new Map<string, Fields>()
  readonly diffs = new Map<string, string>()
  readonly tasks = new Map<string, string>()
  /** What it was told although it knew it. */
  readonly twice: string[] = []
  /** Agents that may have been away: who comes again says all again. */
  readonly away = new Set<string>()

  constructor(readonly player: V1Player) {}

  read(): void {
    for (const { type, payload } of this.player.sent()) {
      const id = String(payload['agent_id'])
      if (type === 'agent_status') {
        const isSame = printJson(this.status.get(id) ?? 0) === printJson(payload)
        if (isSame && !this.away.has(id)) this.twice.push(printJson(payload))
        this.status.set(id, payload)
        if (payload['status'] === 'offline') this.away.add(id)
      } else if (type === 'diff_summary') this.#put(this.diffs, id, id, payload)
      else if (type === 'task_summary') this.#put(this.tasks, `${id} ${String(payload['tag'])}`, id, payload)
    }
  }

  #put(map: Map<string, string>, key: string, id: string, payload: Fields): void {
    const printed = printJson(payload)
    if (map.get(key) === printed && !this.away.has(id)) this.twice.push(printed)
    map.set(key, printed)
  }
}

type Step =
  | { do: 'upsert'; pane: number; lifecycle: string; diff: number; tags: number[]; size: number }
  | { do: 'remove' | 'cut'; pane: number }
  | { do: 'status' | 'diff' | 'tasks' | 'beat' | 'come' | 'go'; agent: number; value: number; size: number }
  | { do: 'join'; isStuck: boolean }
  | { do: 'leave' | 'stick' | 'unstick' | 'one' | 'garbage'; who: number }
  | { do: 'turn' }
  | { do: 'wait'; ms: number }

const size = fc.constantFrom(0, 0, 3_000)
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('upsert' as const),
      pane: fc.nat(2),
      lifecycle: fc.constantFrom('running', 'idle', 'needs_input', 'offline'),
      diff: fc.nat(2),
      tags: fc.uniqueArray(fc.nat(2), { maxLength: 3 }),
      size,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('remove' as const, 'cut' as const), pane: fc.nat(2) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'status' as const,
        'diff' as const,
        'tasks' as const,
        'beat' as const,
        'come' as const,
        'go' as const,
      ),
      agent: fc.nat(1),
      value: fc.nat(2),
      size,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('join' as const), isStuck: fc.boolean() }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'leave' as const,
        'stick' as const,
        'unstick' as const,
        'one' as const,
        'garbage' as const,
      ),
      who: fc.nat(5),
    }),
  },
  { weight: 5, arbitrary: fc.constant({ do: 'turn' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(500, 3_000, 31_000) }),
  },
)

const words = ['idle', 'running', 'error'] as const

/** Plays steps, and checks at their end that everybody knows what the core holds. */
function play(all: Step[]): void {
  const stage = new V1Stage({ subscriberBudgetBytes: 6_000 })
  const wrappers: (PulsePlayer | null)[] = [null, null, null]
  const agents: (V1Player | null)[] = [null, null]
  let views: View[] = []
  const wrapperOf = (pane: number): PulsePlayer =>
    (wrappers[pane] ??= stage.pulse().hello(`wrapper-${pane}`, `${pane}`))
  const join = (isStuck: boolean): void => {
    if (views.length > 5) return
    const player = stage.open(isStuck)
    player.hello({ client_id: `w${views.length}`, role: 'subscriber', capabilities: [] })
    views.push(new View(player))
  }
  const big = (bytes: number): Fields => ({ more: 'x'.repeat(bytes) })
  const agentOf = (agent: number): V1Player =>
    (agents[agent] ??= stage.publisher({
      client_id: `p${agent}`,
      agent_id: `a${agent}`,
      pane_id: `v${agent}`,
    }))
  join(false)
  for (const step of all) {
    if (step.do === 'upsert') {
      const { pane, lifecycle, tags } = step
      const source = {
        status: { detail: `at ${step.diff}` },
        diff_summary: { ...diffIn(`${step.diff}`), ...big(step.size) },
        task_summaries: Object.fromEntries(tags.map((tag) => [`${tag}`, tasksIn(`${tag}`, step.diff)])),
      }
      wrapperOf(pane).upsert(`${pane}`, { lifecycle, source })
    } else if (step.do === 'remove') wrapperOf(step.pane).remove(`${step.pane}`)
    else if (step.do === 'cut') {
      wrappers[step.pane]?.leave()
      wrappers[step.pane] = null
    } else if (step.do === 'status') agentOf(step.agent).status(words[step.value]!, big(step.size))
    else if (step.do === 'diff')
      agentOf(step.agent).diff({
        ...diffIn(`${step.value}`),
        ...big(step.size),
        agent_id: `a${step.agent}`,
      })
    else if (step.do === 'tasks') agentOf(step.agent).tasks(`${step.value}`, { counts: counts(step.size) })
    else if (step.do === 'beat') agentOf(step.agent).beat({ pid: step.value })
    else if (step.do === 'come') agentOf(step.agent)
    else if (step.do === 'go') {
      agents[step.agent]?.leave()
      agents[step.agent] = null
    } else if (step.do === 'join') join(step.isStuck)
    else if (step.do === 'turn') stage.turn()
    else if (step.do === 'wait') stage.wait(step.ms)
    else if ('who' in step) {
      const view = views[step.who]
      if (view === undefined) continue
      if (step.do === 'leave') {
        view.player.leave()
        views = views.filter((other) => other !== view)
      } else if (step.do === 'stick') view.player.socket.isStuck = true
      else if (step.do === 'unstick') view.player.unstick()
      else if (step.do === 'one') view.player.socket.takeOne()
      else view.player.write('garbage')
    }
  }
  for (const { player } of views) player.unstick()
  stage.turn()
  join(false)
  for (const view of views) {
    view.read()
    const others = new Set(view.status.keys())
    for (const state of stage.core.states()) {
      const id = state.agent_id
      others.delete(id)
      const { status, diff: diffNow, tasks } = messagesOf(state)
      same(printJson(view.status.get(id) ?? null), printJson(status), `${id}: its status`)
      if (status.status === 'offline') continue
      if (diffNow !== undefined) same(view.diffs.get(id), printJson(diffNow), `${id}: its diff`)
      for (const [tag, summary] of tasks)
        same(view.tasks.get(`${id} ${tag}`), printJson(summary), `${id}: its tag ${tag}`)
      for (const [key, printed] of view.tasks) {
        const [agent, tag = ''] = key.split(' ')
        if (agent === id && !tasks.has(tag)) same(/"total":0/.exec(printed)?.[0], '"total":0', `${key}: gone`)
      }
    }
    for (const id of others) same(String(view.status.get(id)?.['status']), 'offline', `${id}: gone`)
  }
}

function same(given: string | undefined, wanted: string, what: string): void {
  if (given !== wanted) throw new Error(`${what} is ${given?.slice(0, 300)}, not ${wanted.slice(0, 300)}`)
}

void t.test('whatever happens, who has read all knows what the hub holds', async (t) => {
  fc.assert(
    fc.property(fc.array(steps, { minLength: 5, maxLength: 80 }), (all) => play(all)),
    { numRuns: 400 },
  )
  t.pass('everybody does')
})

void t.test('who keeps up is told nothing twice', async (t) => {
  fc.assert(
    fc.property(fc.array(steps, { minLength: 5, maxLength: 60 }), (all) => {
      const stage = new V1Stage()
      const view = new View(stage.subscriber('w'))
      const publisher = stage.publisher()
      const { pulse } = stage.wrapper('0')
      for (const step of all) {
        if (step.do === 'upsert')
          pulse.upsert('0', { lifecycle: step.lifecycle, source: { diff_summary: diffIn(`${step.diff}`) } })
        else if (step.do === 'remove') pulse.remove('0')
        else if (step.do === 'status') publisher.status(words[step.value]!)
        else if (step.do === 'diff') publisher.diff(diffOf(fileOf(`${step.value}`)))
        else if (step.do === 'tasks') publisher.tasks(`${step.value}`, { counts: counts(step.size) })
        else if (step.do === 'turn') view.read()
      }
      view.read()
      if (view.twice.length > 0) throw new Error(`twice: ${view.twice[0]}`)
    }),
    { numRuns: 200 },
  )
  t.pass('nobody is')
})
