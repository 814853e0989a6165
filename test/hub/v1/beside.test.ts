import t from 'tap'
import { command, commandsOf, pair, pulseWrapper, update, type Pair } from './pair.js'
import { resultsOf } from './patches.js'
import { counts, diffOf, fileOf } from './payloads.js'
import { V1Stage } from './stage.js'
import { onlyState } from './states.js'

/** A v1 client of an agent that a Pulse publisher has too: it gives way, and comes back. */

void t.test('beside a wrapper of Pulse', async (t) => {
  const stage = new V1Stage()
  const { pulse, say } = pulseWrapper(stage)
  say('needs_input')
  const watcher = stage.subscriber('w')
  const asker = stage.pulse().hello('asker')
  const publisher = stage.publisher()
  watcher.messages()
  const before = stage.core.states()
  const { seq } = stage.core.health()

  const table: [string, () => void][] = [
    ['agent_status', () => publisher.status('idle')],
    ['diff_summary', () => publisher.diff(diffOf(fileOf('a')))],
    ['task_summary', () => publisher.tasks('master')],
  ]
  for (const [type, send] of table) {
    send()
    t.match(publisher.told(), [['error', { code: 'agent_id_mismatch', fatal: false, context: { type } }]])
  }
  publisher.beat()
  t.strictSame(publisher.messages(), [], 'a heartbeat is not worth a word')
  t.strictSame(watcher.messages(), [], 'nor passed on')
  t.equal(stage.core.health().seq, seq)
  t.strictSame(stage.core.states(), before)
  publisher.send('error', { code: 'oops', message: 'm' })
  publisher.send('task_update', update)
  t.strictSame(publisher.messages(), [])
  t.strictSame(
    watcher.told().map(([type]) => type),
    ['error', 'task_update'],
    'what is not its state is passed on',
  )
  t.strictSame(stage.core.states(), before)

  pulse.frames()
  command(stage, asker, 'stop_agent', 'c1')
  const [stop] = commandsOf(pulse)
  t.match(stop, { payload: { command: 'stop_agent' } })
  pulse.say('command_result', { command: 'stop_agent', status: 'ok' }, stop?.request_id ?? '')
  t.match(resultsOf(stage, asker), [{ command: 'stop_agent', status: 'ok' }])

  pulse.leave()
  stage.wait(500)
  publisher.beat()
  t.match(onlyState(stage), { lifecycle: 'idle', source: { kind: 'v1' } }, 'what it had said last')
  t.match(command(stage, asker, 'stop_agent', 'c2'), { error: { code: 'unsupported_command' } })
  t.strictSame(publisher.codes(), [])
})

void t.test('a wrapper of Pulse that comes later takes over', async (t) => {
  const { stage, wrapper, tasks } = pair()
  const asker = stage.pulse().hello('asker')
  wrapper.status('running')
  tasks.tasks('master')
  const { pulse, say } = pulseWrapper(stage)
  const shown = { lifecycle: 'needs_input', source: { kind: 'wrapper' } }
  const stopped = (id: string): void => {
    pulse.frames()
    command(stage, asker, 'stop_agent', id)
    t.match(commandsOf(pulse), [{ payload: { command: 'stop_agent' } }], id)
  }
  say('needs_input')
  t.match(onlyState(stage), shown)
  stopped('before they have spoken')
  tasks.tasks('master', { counts: counts(1) })
  wrapper.status('idle')
  for (const each of [wrapper, tasks]) {
    t.strictSame(each.codes(), ['agent_id_mismatch'])
    each.beat()
    t.strictSame(each.codes(), [])
  }
  t.match(onlyState(stage), shown)
  stopped('after they have')
  const late = stage.publisher({ client_id: 'late' })
  late.beat()
  stopped('after another one has')
  t.match(onlyState(stage), shown)
})

void t.test('a wrapper of Pulse comes and goes, and nothing of it stays', async (t) => {
  const words: [string, (all: Pair) => void, string][] = [
    ['a heartbeat', ({ wrapper }) => wrapper.beat(), 'idle'],
    ['the same status again', ({ wrapper }) => wrapper.status('idle'), 'idle'],
    ['another status', ({ wrapper }) => wrapper.status('running'), 'running'],
    ['tasks', ({ tasks }) => tasks.tasks('master'), 'idle'],
  ]
  for (const [name, speak, lifecycle] of words)
    for (const isRemoved of [false, true]) {
      const all = pair()
      const { stage, wrapper, tasks } = all
      wrapper.beat()
      wrapper.status('idle')
      tasks.tasks('master')
      const { pulse, say } = pulseWrapper(stage)
      say('needs_input')
      if (isRemoved) pulse.remove('pane-3')
      pulse.leave()
      speak(all)
      t.match(onlyState(stage), { lifecycle, source: { kind: 'v1', task_summaries: { master: {} } } }, name)
      t.strictSame([...wrapper.codes(), ...tasks.codes()], [], name)
    }
})

void t.test('a wrapper of Pulse that has said no more than hello has the commands', async (t) => {
  const stage = new V1Stage()
  const asker = stage.pulse().hello('asker')
  const first = stage.publisher({ client_id: 'first' })
  first.status('running')
  const { pulse, say } = pulseWrapper(stage)
  const second = stage.publisher({ client_id: 'second' })
  second.beat()
  say('idle')
  pulse.frames()
  command(stage, asker, 'stop_agent', 'c1')
  t.equal(commandsOf(pulse).length, 1)
})
