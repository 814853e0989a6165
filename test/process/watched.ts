import type { Test } from 'tap'
import { LineClient, newRoom, start, startHub, until, type Room, type Running } from './processes.js'
import { TestTerminal, wrapper } from './terminal.js'

/** What is told of a wrapped agent, as far as tests look at it. */
export interface Told {
  lifecycle: string
  snippet?: string
  source: {
    pid?: number
    status: { since_ms: number; detail: string | null; evidence: string; origin: string }
  }
}

/** One change, as the hub sends it. */
export interface Change {
  op: string
  agent_id: string
  state?: Told
}

/** A room with a hub, and somebody who watches the wrapped agents in it and gives them commands. */
export class Watched {
  #commands = 0

  private constructor(
    readonly t: Test,
    readonly room: Room,
    readonly watcher: LineClient,
  ) {}

  static async open(t: Test): Promise<Watched> {
    const room = newRoom(t)
    const hub = await startHub(t, room)
    const watcher = await LineClient.subscriber(t, hub)
    await watcher.until('snapshot')
    return new Watched(t, room, watcher)
  }

  static args(pane: string, command: string[], flags: string[] = []): string[] {
    return ['--session', 's', '--pane-id', pane, '--no-hub-start', ...flags, '--', ...command]
  }

  /** Runs a script in a terminal of its own. */
  inTerminal(
    pane: string,
    script: string,
    flags: string[] = [],
    more: Record<string, string> = {},
  ): TestTerminal {
    const args = [wrapper, ...Watched.args(pane, ['sh', '-c', script], flags)]
    const { dir: cwd, env } = this.room
    const terminal = new TestTerminal(process.execPath, args, { cwd, env: { ...env, ...more } })
    this.t.teardown(() => terminal.kill())
    return terminal
  }

  /** Runs a command without a terminal. */
  onPipes(pane: string, command: string[], flags: string[] = [], env: Record<string, string> = {}): Running {
    return start(this.t, this.room, 'aoc-agent-wrap', Watched.args(pane, command, flags), { env })
  }

  changes(): Change[] {
    return this.watcher.payloads('delta').flatMap(({ changes }) => changes as Change[])
  }

  /** All states of a pane, as they were told. */
  told(pane: string): Told[] {
    return this.changes().flatMap(({ agent_id: id, state }) => (id === `s::${pane}` && state ? [state] : []))
  }

  /** Waits until a pane is told to be so. @returns the state that says it. */
  async becomes(pane: string, lifecycle: string): Promise<Told> {
    const isSo = () => this.told(pane).at(-1)?.lifecycle === lifecycle
    await until(`${pane} is ${lifecycle}`, isSo)
    return this.told(pane).at(-1)!
  }

  /** Gives a command over the hub and waits for what came of it. */
  async command(command: string, pane: string, args: object = {}): Promise<Record<string, unknown>> {
    const id = `r${++this.#commands}`
    this.watcher.say('command', { command, target_agent_id: `s::${pane}`, args }, id)
    const results = () =>
      this.watcher.frames.filter(
        ({ type, request_id: of, payload }) =>
          type === 'command_result' && of === id && payload['status'] !== 'accepted',
      )
    await until(`a result of ${command}`, () => results().length > 0)
    return results()[0]!.payload
  }
}
