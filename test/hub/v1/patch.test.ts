import t from 'tap'
import { commandDeadlineMs, openCommandsPerClientMax } from '../../../lib/wire/limits.js'
import { ask, commandsTo, failed, ok, requestsTo, responsesTo, resultsOf, wrapperIn } from './patches.js'
import type { Fields } from './payloads.js'
import { V1Stage } from './stage.js'

/** A patch of one file, from who asks for it to who has it. */

void t.test('a patch of a wrapped agent', async (t) => {
  const stage = new V1Stage()
  const wrapper = wrapperIn(stage)
  const watcher = stage.subscriber('mission-control')
  const other = stage.subscriber('other')
  for (const each of [watcher, other]) each.messages()
  ask(watcher, { context_lines: 7, include_untracked: false, request_id: 'req-1' }, 'req-1')
  const commands = commandsTo(stage, wrapper)
  t.match(commands, [
    {
      sender_id: 'mission-control',
      payload: {
        command: 'get_diff_patch',
        target_agent_id: 's::1',
        args: { path: 'a.ts', context_lines: 7, include_untracked: false },
      },
    },
  ])
  t.notOk('part' in (commands[0]?.payload.args ?? {}), 'in one piece')
  t.strictSame(watcher.messages(), [], 'nothing is said yet')
  wrapper.say('command_result', { ...ok(), status: 'accepted' }, commands[0]?.request_id ?? '')
  wrapper.say('command_result', ok({ old_path: 'b.ts' }), commands[0]?.request_id ?? '')
  wrapper.say('command_result', ok({ patch: 'again' }), commands[0]?.request_id ?? '')
  const responses = watcher.messages()
  t.match(responses, [
    {
      version: '1',
      type: 'diff_patch_response',
      session_id: 's',
      sender_id: 's::1',
      request_id: 'req-1',
      payload: {
        agent_id: 's::1',
        path: 'a.ts',
        status: 'modified',
        is_binary: false,
        patch: '+x\n',
        old_path: 'b.ts',
        request_id: 'req-1',
      },
    },
  ])
  t.notOk('error' in responses[0]!.payload)
  t.notOk('parts' in responses[0]!.payload)
  t.strictSame(other.messages(), [], 'only to the one that asked')
})

void t.test('what the defaults are, and which request_id counts', async (t) => {
  const stage = new V1Stage()
  const wrapper = wrapperIn(stage)
  const watcher = stage.subscriber('w')
  const table: [Fields, string | undefined, string | undefined][] = [
    [{}, undefined, undefined],
    [{ request_id: 'in' }, undefined, 'in'],
    [{}, 'out', 'out'],
    [{ request_id: 'in' }, 'out', 'in'],
    [{ request_id: null, context_lines: null, include_untracked: null }, undefined, undefined],
  ]
  for (const [payload, requestId, wanted] of table) {
    watcher.messages()
    ask(watcher, payload, requestId)
    const [command] = commandsTo(stage, wrapper)
    t.strictSame(command?.payload.args, { path: 'a.ts' }, 'what is not said the wrapper knows')
    wrapper.say('command_result', ok(), command?.request_id ?? '')
    const [response] = responsesTo(watcher)
    t.equal(response?.request_id ?? undefined, wanted)
    t.equal(response?.payload.request_id ?? undefined, wanted)
  }
})

void t.test('two clients ask with the same request_id', async (t) => {
  const stage = new V1Stage()
  const wrapper = wrapperIn(stage)
  const clients = [stage.subscriber('same'), stage.subscriber('same')]
  for (const client of clients) {
    ask(client, {}, 'req-1')
    ask(client, { path: 'b.ts' }, 'req-1')
  }
  const commands = commandsTo(stage, wrapper)
  t.equal(commands.length, 4)
  t.equal(new Set(commands.map(({ request_id: id }) => id)).size, 4)
  for (const { request_id: id, payload } of commands.toReversed())
    wrapper.say('command_result', ok({ patch: String(payload.args?.['path']) }), id ?? '')
  for (const client of clients)
    t.match(
      responsesTo(client).map(({ request_id: id, payload }) => [id, payload.path, payload.patch]),
      [
        ['req-1', 'b.ts', 'b.ts'],
        ['req-1', 'a.ts', 'a.ts'],
      ],
    )
})

void t.test('no patch: as it came, and with what is known', async (t) => {
  const stage = new V1Stage()
  const wrapper = wrapperIn(stage)
  const watcher = stage.subscriber('w')
  const known = { agent_id: 's::1', path: 'a.ts', status: 'untracked', is_binary: true, patch: null }
  const table: [Fields, Fields][] = [
    [
      failed('patch_unavailable', 'binary: no text', known),
      {
        status: 'untracked',
        is_binary: true,
        patch: null,
        error: { code: 'patch_unavailable', message: 'binary: no text' },
      },
    ],
    [
      failed('patch_unavailable', 'too_large: 2 MB'),
      {
        status: 'modified',
        is_binary: false,
        patch: null,
        error: { code: 'patch_unavailable', message: 'too_large: 2 MB' },
      },
    ],
    [
      failed('patch_unavailable', 'outside: ..', { status: 'odd', is_binary: 'no', patch: 7 }),
      { status: 'modified', patch: null },
    ],
    [failed('patch_unavailable', 'gone', 'no result'), { status: 'modified', patch: null }],
    [
      { command: 'get_diff_patch', status: 'ok' },
      { patch: null, error: { code: 'patch_unavailable', message: /./ } },
    ],
    [ok({ patch: 7 }), { patch: null, error: { code: 'patch_unavailable' } }],
    [ok({ patch: '' }), { patch: '' }],
    [
      { ...failed('patch_unavailable', 'x'), result: ok()['result'] },
      { patch: null, error: { code: 'patch_unavailable', message: 'x' } },
    ],
  ]
  for (const [result, wanted] of table) {
    watcher.messages()
    ask(watcher)
    const [command] = commandsTo(stage, wrapper)
    wrapper.say('command_result', result, command?.request_id ?? '')
    t.match(
      responsesTo(watcher).map(({ payload }) => payload),
      [wanted],
    )
  }
  ask(watcher, { path: 'new.ts' })
  wrapper.say(
    'command_result',
    failed('patch_unavailable', 'x'),
    commandsTo(stage, wrapper)[0]?.request_id ?? '',
  )
  t.match(responsesTo(watcher), [{ payload: { status: 'added' } }], 'as it stands in the diff')
})

void t.test('nobody can give it', async (t) => {
  const stage = new V1Stage()
  const wrapper = wrapperIn(stage)
  const watcher = stage.subscriber('w')
  const codes = (): unknown[] =>
    responsesTo(watcher).map(({ payload }) => [payload.agent_id, payload.patch, payload.error?.code])
  for (const id of ['nobody', 'x::9', 's::nobody', 's::', 'y'.repeat(256)]) {
    ask(watcher, { agent_id: id })
    t.strictSame(codes(), [[id, null, 'publisher_missing']])
  }
  ask(watcher)
  t.strictSame(codes(), [])
  stage.wait(commandDeadlineMs + 500)
  t.strictSame(codes(), [['s::1', null, 'timeout']])
  const [late] = commandsTo(stage, wrapper)
  wrapper.say('command_result', ok(), late?.request_id ?? '')
  t.strictSame(codes(), [], 'too late')
  ask(watcher)
  stage.turn()
  wrapper.leave()
  t.strictSame(codes(), [['s::1', null, 'publisher_gone']])
  ask(watcher)
  t.strictSame(codes(), [['s::1', null, 'publisher_missing']])
  t.strictSame(watcher.codes(), [], 'those are answers, not errors')
})

void t.test('too many at once', async (t) => {
  const stage = new V1Stage()
  const wrapper = wrapperIn(stage)
  const watcher = stage.subscriber('w')
  watcher.messages()
  for (let i = 0; i < 200; i++) ask(watcher, {}, `r-${i}`)
  const told = responsesTo(watcher)
  t.equal(told.length, 200 - openCommandsPerClientMax)
  t.ok(told.every(({ payload }) => payload.error?.code === 'too_many_commands'))
  const commands = commandsTo(stage, wrapper)
  t.equal(commands.length, openCommandsPerClientMax)
  for (const { request_id: id } of commands) wrapper.say('command_result', ok(), id ?? '')
  t.equal(responsesTo(watcher).length, openCommandsPerClientMax)
  ask(watcher)
  t.equal(commandsTo(stage, wrapper).length, 1, 'then it goes on')
})

void t.test('a v1 agent is asked, by each of its names', async (t) => {
  const stage = new V1Stage()
  const publisher = stage.publisher()
  publisher.status('idle')
  const watcher = stage.subscriber('w')
  watcher.messages()
  for (const [i, id] of ['agent-1', 's::pane-3', 'pane-3'].entries()) {
    ask(watcher, { agent_id: id, context_lines: i, request_id: `r-${i}` })
    const [request] = requestsTo(publisher)
    const { request_id: requestId } = request!
    t.match(request, {
      sender_id: 'aoc-hub',
      payload: {
        agent_id: 'agent-1',
        path: 'a.ts',
        context_lines: i,
        include_untracked: true,
        request_id: requestId,
      },
    })
    t.type(requestId, 'string')
    const answer = { agent_id: 'agent-1', path: 'a.ts', status: 'deleted', is_binary: false, patch: `-${i}` }
    publisher.send('diff_patch_response', answer, { request_id: requestId })
    t.match(responsesTo(watcher), [
      {
        request_id: `r-${i}`,
        sender_id: 's::pane-3',
        payload: { agent_id: id, status: 'deleted', patch: `-${i}` },
      },
    ])
  }
  ask(watcher, { agent_id: 'agent-1' })
  t.match(requestsTo(publisher), [{ payload: { context_lines: 3, include_untracked: true } }])
  publisher.leave()
  t.match(responsesTo(watcher), [{ payload: { agent_id: 'agent-1', error: { code: 'publisher_gone' } } }])
  ask(watcher, { agent_id: 'agent-1' })
  t.match(responsesTo(watcher), [{ payload: { error: { code: 'publisher_missing' } } }])
})

void t.test('two agents of one name: the newest has it, then the other', async (t) => {
  const stage = new V1Stage()
  const old = stage.publisher({ pane_id: 'old' })
  const fresh = stage.publisher({ pane_id: 'new' })
  for (const each of [old, fresh]) each.status('idle')
  const watcher = stage.subscriber('w')
  ask(watcher, { agent_id: 'agent-1' })
  t.equal(requestsTo(fresh).length, 1)
  t.equal(requestsTo(old).length, 0)
  fresh.leave()
  ask(watcher, { agent_id: 'agent-1' })
  t.equal(requestsTo(old).length, 1)
})

void t.test('however a v1 agent answers, whoever asked gets one result', async (t) => {
  const stage = new V1Stage()
  const publisher = stage.publisher()
  publisher.status('idle')
  const pulse = stage.pulse().hello('pulse')
  resultsOf(stage, pulse)
  let count = 0
  const give = (args: Fields = { path: 'a.ts' }): string => {
    pulse.say('command', { command: 'get_diff_patch', target_agent_id: 's::pane-3', args }, `p-${++count}`)
    return requestsTo(publisher)[0]?.payload.request_id ?? ''
  }
  const answer = (more: Fields, head: Fields = {}): void =>
    publisher.send(
      'diff_patch_response',
      { agent_id: 'agent-1', path: 'a.ts', status: 'modified', is_binary: false, patch: '+x', ...more },
      head,
    )
  const good = {
    status: 'ok',
    result: { agent_id: 's::pane-3', path: 'a.ts', status: 'modified', patch: '+x' },
  }
  const bad = { status: 'error', error: { code: 'patch_unavailable' }, result: { patch: null } }

  answer({ request_id: give() })
  t.match(resultsOf(stage, pulse), [good], 'its id in the payload')
  answer({}, { request_id: give() })
  t.match(resultsOf(stage, pulse), [good], 'its id in the envelope')
  give()
  answer({})
  t.match(resultsOf(stage, pulse), [good], 'no id: the file says which')
  answer({ agent_id: 's::pane-3', request_id: give() })
  t.match(resultsOf(stage, pulse), [good], 'by its other name')

  const id = give()
  answer({ request_id: 'another' })
  answer({ path: 'other.ts' })
  t.strictSame(resultsOf(stage, pulse), [], 'nobody asked for that')
  answer({ request_id: id })
  answer({ request_id: id, patch: 'again' })
  t.match(resultsOf(stage, pulse), [good], 'the first answer counts')

  answer({ request_id: give(), patch: null, error: { code: 'patch_unavailable', message: 'too_large' } })
  t.match(resultsOf(stage, pulse), [{ ...bad, error: { message: 'too_large' } }])
  answer({ request_id: give(), patch: null, is_binary: true })
  t.match(resultsOf(stage, pulse), [{ ...bad, error: { message: /binary/ }, result: { is_binary: true } }])
  answer({ request_id: give(), patch: null, error: {} })
  t.match(resultsOf(stage, pulse), [{ ...bad, error: { message: /./ } }])
  answer({ request_id: give(), patch: '+x', error: { code: 'odd', message: 'half of it' } })
  t.match(resultsOf(stage, pulse), [{ ...bad, error: { message: 'half of it' } }])
  answer({ request_id: give({ path: 'a.ts', part: 1 }) })
  t.match(resultsOf(stage, pulse), [{ status: 'ok', result: { part: 1, parts: 1, patch_id: /./ } }])
  t.strictSame(publisher.codes(), [])

  give({ path: 'a.ts', part: 2, patch_id: 'whole' })
  t.match(resultsOf(stage, pulse), [{ status: 'error', error: { code: 'invalid_args' } }])
  const lost = give()
  stage.wait(commandDeadlineMs + 500)
  t.match(resultsOf(stage, pulse), [{ error: { code: 'timeout' } }])
  answer({ request_id: lost })
  t.strictSame(resultsOf(stage, pulse), [])
  t.strictSame(publisher.codes(), [])
})

void t.test('a v1 agent does nothing else', async (t) => {
  const stage = new V1Stage()
  const publisher = stage.publisher()
  publisher.status('idle')
  const pulse = stage.pulse().hello('pulse')
  const table: [string, Fields][] = [
    ['stop_agent', {}],
    ['send_input', { text: 'y' }],
    ['get_screen', {}],
    ['refresh', {}],
    ['explain', {}],
    ['report', { lifecycle: 'idle' }],
  ]
  for (const [command, args] of table) {
    pulse.say('command', { command, target_agent_id: 's::pane-3', args }, command)
    t.match(
      resultsOf(stage, pulse),
      [{ command, status: 'error', error: { code: 'unsupported_command', message: command } }],
      command,
    )
    t.strictSame(publisher.messages(), [], 'it hears nothing of it')
  }
})

void t.test('what a client asks for is checked by the core as well', async (t) => {
  const stage = new V1Stage()
  const wrapper = wrapperIn(stage)
  const watcher = stage.subscriber('w')
  const names = [
    '-rf',
    '../../etc/passwd',
    '/etc/passwd',
    'a b',
    '"',
    "'",
    'a\nb',
    '\u0000',
    '\ud800',
    'ü',
    'x'.repeat(4_096),
  ]
  for (const path of names) {
    watcher.messages()
    ask(watcher, { path })
    const [command] = commandsTo(stage, wrapper)
    t.equal(
      command?.payload.args?.['path'],
      path.replace('\ud800', '\ufffd'),
      'as it came: the wrapper judges it',
    )
    wrapper.say('command_result', failed('patch_unavailable', 'outside'), command?.request_id ?? '')
    t.match(responsesTo(watcher), [{ payload: { path: path.replace('\ud800', '\ufffd'), patch: null } }])
  }
})
