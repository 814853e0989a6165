import { fileURLToPath } from 'node:url'
import type { ChildProcess } from 'node:child_process'
import { startHub, stopCandidates, type Candidate } from './candidates.js'
import { makeTempDir, startChild, stopChild, waitForOutput } from './children.js'
import { benchSession } from './names.js'
import { Screen, type Size } from './screen.js'

const pulseProgram = fileURLToPath(new URL('../bin/aoc-pulse.js', import.meta.url))
const fleetProgram = fileURLToPath(new URL('fleet.js', import.meta.url))

/** A hub, a fleet of agents that publish to it, and screens on which it is looked at. */
export class FleetPlace {
  readonly dir = makeTempDir()
  readonly #screens: Screen[] = []

  static async open(agents: number): Promise<FleetPlace> {
    const hub = await startHub()
    const { path: socket } = hub.address as { path: string }
    const fleet = startChild(process.execPath, [fleetProgram, socket, String(agents)], {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const place = new FleetPlace(hub, fleet)
    await waitForOutput(fleet, 'ready', 30_000)
    return place
  }

  private constructor(
    private readonly hub: Candidate,
    private readonly fleet: ChildProcess,
  ) {}

  get socket(): string {
    return (this.hub.address as { path: string }).path
  }

  /** Has the fleet publish so many deltas a second. @returns how many it has published since the last time. */
  async publish(rate: number): Promise<number> {
    const answer = new Promise<string>((resolve) => {
      this.fleet.stdout!.once('data', (said: Buffer) => resolve(said.toString()))
    })
    this.fleet.stdin!.write(`${rate}\n`)
    return Number(/sent (\d+)/.exec(await answer)?.[1])
  }

  /** Starts Pulse, or another program, on a terminal of its own. */
  show(size: Size, argv: readonly string[] = this.pulse): Screen {
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: this.dir,
      LANG: 'C.UTF-8',
      TERM: 'xterm-256color',
      XDG_RUNTIME_DIR: this.dir,
      AOC_LOG_DIR: this.dir,
    }
    const screen = new Screen(argv, { ...size, cwd: this.dir, env })
    this.#screens.push(screen)
    return screen
  }

  /** How Pulse is started, as a person does. */
  get pulse(): readonly string[] {
    const flags = ['--session', benchSession, '--pulse-socket-path', this.socket, '--no-hub-start']
    return [process.execPath, pulseProgram, ...flags]
  }

  async hide(screen: Screen): Promise<void> {
    this.#screens.splice(this.#screens.indexOf(screen), 1)
    await screen.close()
  }

  async close(): Promise<void> {
    await Promise.all(this.#screens.map((screen) => screen.close()))
    await stopChild(this.fleet)
    await stopCandidates([this.hub])
  }
}
