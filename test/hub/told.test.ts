import t from 'tap'
import type { LayoutState } from '../../lib/wire/messages.js'
import { Stage } from './script.js'

const layout = (...names: string[]): LayoutState => ({
  multiplexer: 'tmux',
  tabs: names.map((name, i) => ({
    index: i + 1,
    name,
    active: i === 0,
    panes: [{ pane_id: `%${i}`, focused: true }],
  })),
})

const capabilities = ['subscribe', 'layout_state']
const see = (stage: Stage, seen: LayoutState | null): void =>
  void stage.core.step({ kind: 'layout', layout: seen }, stage.nowMs)
const subscribe = (stage: Stage, conn: number, topics = ['layout_state']): void =>
  stage.frame(conn, 'subscribe', { topics })

void t.test('the layout is told when it is known, and when it has changed', async (t) => {
  const stage = new Stage()
  stage.hello(1, { capabilities })
  t.notOk(stage.core.isLayoutWanted)
  subscribe(stage, 1)
  t.ok(stage.core.isLayoutWanted)
  t.strictSame(stage.toldTo(1), [], 'nothing is known yet')
  see(stage, layout('api'))
  t.strictSame(stage.toldTo(1), [['layout_state', layout('api')]])
  see(stage, layout('api'))
  t.strictSame(stage.toldTo(1), [], 'nothing has changed')
  stage.hello(2, { capabilities })
  subscribe(stage, 2)
  t.strictSame(stage.toldTo(2), [['layout_state', layout('api')]], 'who comes later gets the last one')
  see(stage, layout('api', 'tests'))
  see(stage, layout('api', 'docs'))
  for (const conn of [1, 2])
    t.strictSame(stage.toldTo(conn), [['layout_state', layout('api', 'docs')]], 'the newest only')
  subscribe(stage, 1)
  t.strictSame(stage.toldTo(1), [['layout_state', layout('api', 'docs')]], 'once for each subscribe')
  stage.wait(60_000)
  t.strictSame([stage.toldTo(1), stage.toldTo(2)], [[], []])
})

void t.test('who is told the layout', async (t) => {
  const stage = new Stage()
  const told = (conn: number): string[] => stage.framesOf(conn).map(({ type }) => type)
  stage.hello(1, { capabilities: ['subscribe'] })
  subscribe(stage, 1)
  t.notOk(stage.core.isLayoutWanted, 'a frame that a client must know')
  stage.hello(2, { capabilities: ['layout_state'] })
  stage.hello(3, { capabilities })
  subscribe(stage, 3, ['agent_state'])
  t.notOk(stage.core.isLayoutWanted, 'a topic that a client must ask for')
  stage.hello(4, { capabilities })
  subscribe(stage, 4)
  stage.hello(5, { capabilities })
  subscribe(stage, 5, ['layout_state', 'weather'])
  for (const conn of [1, 2, 3, 4, 5]) stage.toldTo(conn)
  see(stage, layout('api'))
  t.strictSame([1, 2, 3, 4, 5].map(told), [[], [], [], ['layout_state'], ['layout_state']])
  subscribe(stage, 4, ['agent_state'])
  t.ok(stage.core.isLayoutWanted)
  stage.close(5)
  t.notOk(stage.core.isLayoutWanted, 'until the last one leaves')
  see(stage, layout('tests'))
  t.strictSame(told(4), ['snapshot'])
})

void t.test('an old layout is not told as if it were one', async (t) => {
  const stage = new Stage()
  for (const conn of [1, 2]) stage.hello(conn, { capabilities })
  subscribe(stage, 1)
  see(stage, layout('api'))
  t.equal(stage.toldTo(1).length, 1)
  see(stage, null)
  subscribe(stage, 2)
  t.strictSame(stage.toldTo(2), [])
  see(stage, layout('api'))
  t.strictSame(stage.toldTo(2), [['layout_state', layout('api')]])
  t.strictSame(stage.toldTo(1), [], 'for who was told, nothing has changed')
})

void t.test('who reads slowly gets the newest layout, and nothing piles up', async (t) => {
  const stage = new Stage({ subscriberBudgetBytes: 4_096 })
  stage.hello(1, { capabilities })
  subscribe(stage, 1)
  stage.stuck.add(1)
  const wide = (i: number): LayoutState => layout(`${i} ${'x'.repeat(3_000)}`)
  for (let i = 1; i <= 100; i++) {
    see(stage, wide(i))
    stage.flush()
  }
  t.strictSame(stage.toldTo(1), [['layout_state', wide(1)]], 'one waits in its socket')
  stage.unstick(1)
  stage.wait(250)
  t.strictSame(stage.toldTo(1), [['layout_state', wide(100)]])
})

void t.test('the hub says that it watches the layout when it does', async (t) => {
  for (const watchesLayout of [true, false]) {
    const stage = new Stage({ watchesLayout })
    stage.hello(1, { capabilities: ['hello', 'subscribe'] })
    const [, hello] = stage.toldTo(1)[0]!
    t.equal((hello['capabilities'] as string[]).includes('layout_state'), watchesLayout)
  }
})
