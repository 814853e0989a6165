import t from 'tap'
import { Holding } from '../../../lib/pulse/local/holding.js'
import type { AgentState } from '../../../lib/wire/messages.js'

/** `w`: as its wrapper tells it, `p`: as its process does; then the pane, the pid and what it does. */
function stateOf(word: string): AgentState {
  const [kind, pane = '', pid, lifecycle = 'running'] = word.split(' ')
  return {
    agent_id: `s::${pane}`,
    session_id: 's',
    pane_id: pane,
    lifecycle: lifecycle as AgentState['lifecycle'],
    source: { kind: kind === 'p' ? 'process' : 'wrapper', pid: Number(pid) },
  }
}
const wordOf = ({ pane_id: pane, lifecycle, source }: AgentState): string => {
  const { kind, pid } = source as { kind: string; pid: number }
  return `${kind === 'process' ? 'p' : 'w'} ${pane} ${pid} ${lifecycle}`
}

void t.test('what was said last holds for a moment, while its process lives', async (t) => {
  type Step = [atMs: number, kept: string[], found: string[], dead: number[], wanted: string[]]
  const table: [string, Step[]][] = [
    [
      'from the hub into files',
      [
        [0, ['w 1 7 needs_input'], [], [], ['w 1 7 needs_input']],
        [1_000, [], ['p 1 7 running'], [], ['w 1 7 needs_input']],
        [2_000, [], ['w 1 7 idle'], [], ['w 1 7 idle']],
      ],
    ],
    [
      'no file comes: in the end there is its process',
      [
        [0, ['w 1 7 needs_input'], ['p 1 7 running'], [], ['w 1 7 needs_input']],
        [4_999, [], ['p 1 7 running'], [], ['w 1 7 needs_input']],
        [5_000, [], ['p 1 7 running'], [], ['p 1 7 running']],
        [5_001, [], [], [], []],
      ],
    ],
    [
      'a file that is gone',
      [
        [0, ['w 1 7 idle'], ['w 1 7 idle'], [], ['w 1 7 idle']],
        [60_000, ['w 1 7 error'], ['w 1 7 error'], [], ['w 1 7 error']],
        [62_000, [], [], [], ['w 1 7 error']],
        [65_000, [], [], [], []],
      ],
    ],
    [
      'its process is gone',
      [
        [0, ['w 1 7 idle', 'w 2 8 idle'], [], [], ['w 1 7 idle', 'w 2 8 idle']],
        [1_000, [], [], [7], ['w 2 8 idle']],
        [2_000, [], [], [], ['w 2 8 idle']],
      ],
    ],
    [
      'another agent in its pane',
      [
        [0, ['w 1 7 idle'], [], [], ['w 1 7 idle']],
        [1_000, [], ['p 1 9 running'], [7], ['p 1 9 running']],
      ],
    ],
    ['its process under another name', [[0, ['w 1 7 idle'], ['p pid-7 7 running'], [], ['w 1 7 idle']]]],
    ['other processes stay', [[0, ['w 1 7 idle'], ['p 2 9 running'], [], ['w 1 7 idle', 'p 2 9 running']]]],
    ['what is known by its process is not held', [[0, ['p 1 7 running'], [], [], []]]],
    ['pids that are none', [[0, ['w 1 0', 'w 2 -1', 'w 3 1.5', 'w 4 x', 'w 5 1', 'w 6 1e300'], [], [], []]]],
  ]
  for (const [what, steps] of table) {
    const holding = new Holding()
    for (const [atMs, kept, found, dead, wanted] of steps) {
      holding.keep(kept.map(stateOf), atMs)
      const states = holding.join(found.map(stateOf), (pid) => !dead.includes(pid), atMs)
      t.strictSame(states.map(wordOf), wanted, `${what}, at ${atMs}`)
    }
  }
})

void t.test('states with any source, or none', async (t) => {
  const holding = new Holding()
  const odd = [undefined, null, 7, 'x', [], { pid: '7' }].map((source, i) => ({
    ...stateOf(`w ${i} 7`),
    source,
  }))
  holding.keep(odd, 0)
  t.strictSame(
    holding.join([], () => true, 0),
    [],
  )
  t.equal(holding.join(odd, () => true, 0).length, odd.length)
})
