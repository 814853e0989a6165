import type { Test } from 'tap'
import type { AgentState } from '../../lib/wire/messages.js'
import { LineClient, newRoom, run, startHub, until, type HubProcess, type Room } from './processes.js'
import { newSession, portOfSession, type V1Client, type V1Message } from './v1-client.js'

/** A hub of a session whose port was free, in a room of its own. */
export interface V1Room {
  room: Room
  session: string
  hub: HubProcess
  port: number
}

/** A room whose hubs let v1 clients in where the seed says, whatever is the rule for the rooms of other tests. */
export function newV1Room(t: Test): Room {
  const room = newRoom(t)
  return { ...room, env: { ...room.env, AOC_HUB_ADDR: '', AOC_HUB_URL: '' } }
}

export async function openV1Room(t: Test, args: string[] = []): Promise<V1Room> {
  const room = newV1Room(t)
  const session = await newSession()
  const hub = await startHub(t, room, session, args)
  return { room, session, hub, port: portOfSession(session) }
}

/** A state as tests look at it. */
export type Shown = AgentState & {
  source?: { task_summaries?: Record<string, unknown>; diff_summary?: Record<string, unknown> }
}

/** What Pulse prints of a session when it is asked once, by agent id. */
export async function printedByPulse(t: Test, { room, session }: V1Room): Promise<Map<string, Shown>> {
  const args = ['--once', '--json', '--session', session, '--no-hub-start']
  const { code, stdout, stderr } = await run(t, room, 'aoc-pulse', args)
  if (code !== 0 || stderr !== '') throw new Error(`aoc-pulse ended with ${code}: ${stderr}`)
  const records = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { op: string; agent_id: string; state: Shown })
  return new Map(records.map(({ agent_id: id, state }) => [id, state]))
}

/** A subscriber of the Unix socket that has the states as they are now. */
export class PulseWatcher {
  private constructor(readonly client: LineClient) {}

  static async open(t: Test, { hub }: V1Room): Promise<PulseWatcher> {
    const watcher = new PulseWatcher(await LineClient.subscriber(t, hub))
    await watcher.client.until('snapshot')
    return watcher
  }

  /** All states of an agent that were told, in order; null where it was removed. */
  told(agent: string): (Shown | null)[] {
    return this.client.frames.flatMap(({ type, payload }) => {
      if (type === 'snapshot') {
        const found = (payload['states'] as Shown[]).find(({ agent_id: id }) => id === agent)
        return found === undefined ? [] : [found]
      }
      if (type !== 'delta') return []
      return (payload['changes'] as { op: string; agent_id: string; state?: Shown }[])
        .filter(({ agent_id: id }) => id === agent)
        .map(({ state }) => state ?? null)
    })
  }

  /** Waits until an agent is shown as asked for. @returns its state. @throws with all that was told of it. */
  async sees(agent: string, what: string, isSo: (state: Shown) => boolean): Promise<Shown> {
    const last = (): Shown | null | undefined => this.told(agent).at(-1)
    await until(`${agent} ${what}`, () => {
      const state = last()
      return state !== undefined && state !== null && isSo(state)
    }).catch((error: Error) => {
      const all = this.told(agent).map((state) => JSON.stringify(state))
      throw new Error(`${error.message}\ntold of it:\n${all.join('\n')}`)
    })
    return last()!
  }
}

/** The seed's example of a diff_summary, of an agent. */
export const diffOf = (agent: string, additions = 8): Record<string, unknown> => ({
  agent_id: agent,
  repo_root: '/home/user/dev/shop',
  git_available: true,
  summary: {
    staged: { files: 0, additions: 0, deletions: 0 },
    unstaged: { files: 2, additions, deletions: 1 },
    untracked: { files: 1 },
  },
  files: [
    {
      path: 'docs/mission-control.md',
      status: 'modified',
      additions,
      deletions: 1,
      staged: false,
      untracked: false,
    },
    {
      path: 'notes/todo.txt',
      status: 'untracked',
      additions: 0,
      deletions: 0,
      staged: false,
      untracked: true,
    },
  ],
})

/** The seed's example of a task_summary, of an agent. */
export const tasksOf = (agent: string, tag: string, total = 9): Record<string, unknown> => ({
  agent_id: agent,
  tag,
  counts: { total, pending: total, in_progress: 0, done: 0, blocked: 0 },
  active_tasks: [
    {
      id: '43',
      title: 'Define the architecture',
      status: 'pending',
      priority: 'high',
      active_agent: false,
    },
  ],
})

export const statusOf = (
  agent: string,
  pane: string,
  status: string,
  message?: string,
): Record<string, unknown> => ({
  agent_id: agent,
  status,
  pane_id: pane,
  project_root: '/home/user/dev/shop',
  ...(message !== undefined && { message }),
})

/** What a message is about, in a word: `task_summary s::1 web`. */
export const topicOf = ({ type, payload }: V1Message): string =>
  [type, payload['agent_id'], payload['tag']].filter((word) => typeof word === 'string').join(' ')

let markers = 0

/**
 * Waits until a subscriber has whatever was told before now: an agent that is new now is told after it.
 * @returns what it received since `from`, without the news of that agent.
 */
export async function allUntilNow(
  t: Test,
  { hub, session }: V1Room,
  client: V1Client,
  from = 0,
): Promise<V1Message[]> {
  const pane = `marker-${++markers}`
  const marker = await LineClient.publisher(t, hub, pane)
  marker.upsert(pane, { lifecycle: 'idle' })
  await client.get('agent_status', ({ payload }) => payload['agent_id'] === `${session}::${pane}`)
  return client.received
    .slice(from)
    .filter(({ payload }) => !String(payload['agent_id']).startsWith(`${session}::marker-`))
}
