import t from 'tap'
import { lineBytesMax } from '../../../lib/wire/limits.js'
import type { HubFrame } from '../../../lib/wire/messages.js'
import { ask, commandsTo, failed, ok, requestsTo, responsesTo, wrapperIn } from './patches.js'
import { timestamp } from './payloads.js'
import type { PulsePlayer } from './pulse-player.js'
import { V1Stage } from './stage.js'

/** Patches in parts, patches as large as they may be, and who does not read them. */

/** A wrapper that has a patch in so many parts, and answers when it is told to. */
function answerPart(
  wrapper: PulsePlayer,
  command: HubFrame<'command'> | undefined,
  parts: number,
  piece = 'x',
): void {
  const part = command?.payload.args?.['part'] as number
  const result = { patch: `${part}${piece}`, part, parts, patch_id: 'p1' }
  wrapper.say('command_result', ok(result), command?.request_id ?? '')
}

void t.test('a patch in parts, to a client that takes them', async (t) => {
  const stage = new V1Stage()
  const wrapper = wrapperIn(stage)
  const watcher = stage.subscriber('w', { capabilities: ['diff_patch_parts'] })
  watcher.messages()
  ask(watcher, { context_lines: 1 }, 'r-1')
  for (let part = 1; part <= 3; part++) {
    const commands = commandsTo(stage, wrapper)
    t.strictSame(
      commands.map(({ payload }) => payload.args),
      [{ path: 'a.ts', context_lines: 1, part, ...(part > 1 && { patch_id: 'p1' }) }],
    )
    answerPart(wrapper, commands[0], 3)
    t.match(responsesTo(watcher), [{ request_id: 'r-1', payload: { patch: `${part}x`, part, parts: 3 } }])
  }
  t.strictSame(commandsTo(stage, wrapper), [], 'that was the last')

  ask(watcher)
  answerPart(wrapper, commandsTo(stage, wrapper)[0], 1)
  const [whole] = responsesTo(watcher)
  t.notOk('parts' in whole!.payload, 'one part is a whole patch')

  ask(watcher)
  answerPart(wrapper, commandsTo(stage, wrapper)[0], 2)
  const [second] = commandsTo(stage, wrapper)
  wrapper.say('command_result', failed('patch_unavailable', 'changed: …'), second?.request_id ?? '')
  t.match(responsesTo(watcher), [
    { payload: { patch: '1x', part: 1, parts: 2 } },
    { payload: { patch: null, error: { message: /changed/ } } },
  ])
  t.strictSame(commandsTo(stage, wrapper), [])
})

void t.test('a client that reads slowly is sent one part at a time', async (t) => {
  const stage = new V1Stage()
  const wrapper = wrapperIn(stage)
  const watcher = stage.subscriber('w', { capabilities: ['diff_patch_parts'] })
  watcher.messages()
  watcher.socket.isStuck = true
  ask(watcher)
  answerPart(wrapper, commandsTo(stage, wrapper)[0], 3)
  stage.wait(5_000)
  t.strictSame(commandsTo(stage, wrapper), [])
  watcher.socket.takeOne()
  t.match(commandsTo(stage, wrapper), [{ payload: { args: { part: 2 } } }])
  watcher.leave()
  t.strictSame(commandsTo(stage, wrapper), [], 'who is gone is not asked for')
})

void t.test('a wrapper that counts wrongly does not go on for ever', async (t) => {
  const stage = new V1Stage()
  const wrapper = wrapperIn(stage)
  const watcher = stage.subscriber('w', { capabilities: ['diff_patch_parts'] })
  watcher.messages()
  ask(watcher)
  // It says part 1 of 3, whatever it is asked for.
  const [first] = commandsTo(stage, wrapper)
  const result = ok({ part: 1, parts: 3, patch_id: 'p1' })
  let [at, asked] = [first, 0]
  while (at !== undefined && asked < 50) {
    wrapper.say('command_result', result, at.request_id ?? '')
    watcher.messages()
    at = commandsTo(stage, wrapper)[0]
    asked++
  }
  t.ok(asked < 50, `asked ${asked} times`)
})

void t.test('a client that takes no parts is given the whole, or none', async (t) => {
  const stage = new V1Stage()
  const wrapper = wrapperIn(stage)
  const watcher = stage.subscriber('w')
  watcher.messages()
  ask(watcher)
  const [command] = commandsTo(stage, wrapper)
  t.notOk('part' in (command?.payload.args ?? {}))
  wrapper.say('command_result', failed('patch_unavailable', 'too_large: …'), command?.request_id ?? '')
  t.match(responsesTo(watcher), [
    { payload: { patch: null, error: { code: 'patch_unavailable', message: /^too_large/ } } },
  ])
})

void t.test('a patch as large as a message can be', async (t) => {
  for (const room of [0, 20, 60, 100, 150, 200, 300, 500, 1_000, 4_000])
    for (const inParts of [false, true]) {
      const stage = new V1Stage()
      const publisher = stage.publisher()
      publisher.status('idle')
      const capabilities = inParts ? ['diff_patch_parts'] : []
      const watcher = stage.subscriber('w', { capabilities })
      watcher.messages()
      // Its answer carries this twice.
      ask(watcher, { agent_id: 'agent-1' }, 'é'.repeat(256))
      const requestId = requestsTo(publisher)[0]?.payload.request_id
      const payload = {
        agent_id: 'agent-1',
        path: 'a.ts',
        status: 'added',
        is_binary: false,
        request_id: requestId,
      }
      const head = {
        version: '1',
        type: 'diff_patch_response',
        session_id: 's',
        sender_id: 'agent-1',
        timestamp,
      }
      const bare = JSON.stringify({ ...head, payload: { ...payload, patch: '' } })
      publisher.send('diff_patch_response', {
        ...payload,
        patch: 'x'.repeat(lineBytesMax - bare.length - room),
      })
      const told = responsesTo(watcher)
      t.equal(told.length, 1, `${room} bytes of room: one answer, and at once`)
      if (told[0]?.payload.patch === null) t.match(told[0].payload.error, { code: /./, message: /./ })
    }
})

void t.test('who asks for much and reads nothing is ended', async (t) => {
  const budget = 300_000
  const stage = new V1Stage({ subscriberBudgetBytes: budget })
  const wrapper = wrapperIn(stage)
  const greedy = stage.subscriber('greedy')
  const watcher = stage.subscriber('w')
  stage.turn()
  greedy.socket.isStuck = true
  for (let i = 0; i < 50 && !greedy.socket.isTerminated; i++) {
    ask(greedy)
    for (const { request_id: id } of commandsTo(stage, wrapper))
      wrapper.say('command_result', ok({ patch: 'x'.repeat(200_000) }), id ?? '')
    stage.turn()
  }
  t.ok(greedy.socket.isTerminated)
  t.ok(greedy.socket.mostUnsent <= 2 * budget + lineBytesMax, `${greedy.socket.mostUnsent} bytes`)
  ask(watcher)
  wrapper.say('command_result', ok(), commandsTo(stage, wrapper)[0]?.request_id ?? '')
  t.equal(responsesTo(watcher).length, 1, 'others are served')
})

void t.test('an agent reads nothing: who asked is told', async (t) => {
  const stage = new V1Stage()
  const publisher = stage.publisher()
  publisher.status('idle')
  publisher.socket.isStuck = true
  const watcher = stage.subscriber('w')
  watcher.messages()
  ask(watcher, { agent_id: 'agent-1' })
  stage.wait(31_000)
  t.match(responsesTo(watcher), [{ payload: { error: { code: 'timeout' } } }])
  publisher.unstick()
  ask(watcher, { agent_id: 'agent-1' })
  t.equal(requestsTo(publisher).length, 2, 'then it is asked again')
})
