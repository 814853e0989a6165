import net from 'node:net'
import { makeTempDir, startChild, startHubChild, stopChild } from './children.js'
import { interleave, type Bench, type Row } from './suite.js'

const retryMs = 2
const limitMs = 10_000

/** From the start of `aoc-hub` to the first connection that it takes. */
export const startup: Bench = {
  name: 'startup',
  about: 'time from spawn to a successful connect, beside a Node that does nothing',
  async run({ rounds, say }) {
    const row: Row = {
      name: 'start to first connection',
      unit: 'ms',
      rounds: { ours: [], bare: [] },
      // On this kind of machine, at rest, a bare Node takes some 77 ms.
      target: { kind: 'value', below: 250, belowBare: 250 / 77 },
      note: 'bare: node -e 0, start to end',
    }
    say('start')
    await timeHub()
    await interleave(rounds * 2, ['ours', 'bare'] as const, async (side) => {
      row.rounds[side]!.push(await (side === 'ours' ? timeHub() : timeBare()))
    })
    return [row]
  },
}

async function timeHub(): Promise<number> {
  const dir = makeTempDir()
  const beginMs = performance.now()
  const { child, socket } = startHubChild(dir)
  try {
    for (;;) {
      if (await connects(socket)) return performance.now() - beginMs
      if (performance.now() - beginMs > limitMs || child.exitCode !== null)
        throw new Error('the hub did not start')
      await new Promise((resolve) => setTimeout(resolve, retryMs))
    }
  } finally {
    await stopChild(child)
  }
}

function connects(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ path: socketPath })
    const done = (isUp: boolean): void => {
      socket.destroy()
      resolve(isUp)
    }
    socket.once('connect', () => done(true))
    socket.once('error', () => done(false))
  })
}

function timeBare(): Promise<number> {
  return new Promise((resolve, reject) => {
    const beginMs = performance.now()
    const child = startChild(process.execPath, ['-e', '0'])
    child.once('error', reject)
    child.once('exit', () => resolve(performance.now() - beginMs))
  })
}
