import fc from 'fast-check'
import t from 'tap'
import { openClaudeReader } from '../../../lib/wrapper/profiles/claude-events.js'

/** What a reader says of some events. */
function said(...bodies: unknown[]): unknown[] {
  const read = openClaudeReader()
  const all = bodies.map((body) => read({ source: 'claude', pid: 7, body }))
  return all.at(-1)!.map(({ meaning }) => meaning)
}

const event = (name: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  hook_event_name: name,
  session_id: 's1',
  ...more,
})
const notice = (type: string, message = 'm'): Record<string, unknown> =>
  event('Notification', { notification_type: type, message })

void t.test('what each event means', async (t) => {
  const call = { tool_name: 'Bash', tool_input: { command: 'ls' } }
  const rows: [about: string, bodies: unknown[], meanings: unknown[]][] = [
    ['a start', [event('SessionStart', { source: 'startup' })], [{ says: 'began' }]],
    ['after /clear', [event('SessionStart', { source: 'clear' })], [{ says: 'began' }]],
    ['compaction in a turn', [event('SessionStart', { source: 'compact' })], []],
    [
      'a start that comes late',
      [event('UserPromptSubmit'), event('SessionStart', { source: 'startup' })],
      [],
    ],
    [
      'another session of the same process',
      [event('UserPromptSubmit'), event('SessionStart', { source: 'clear', session_id: 's2' })],
      [{ says: 'began' }],
    ],
    ['a prompt', [event('UserPromptSubmit', { prompt: 'x', source: 'user' })], [{ says: 'prompted' }]],
    [
      'a task has ended',
      [event('UserPromptSubmit', { prompt: '<task-notification>' })],
      [{ says: 'working' }],
    ],
    ['a loop', [event('UserPromptSubmit', { prompt: 'x', source: 'loop_wakeup' })], [{ says: 'working' }]],
    ['a tool', [event('PreToolUse', { ...call, tool_use_id: 't1' })], [{ says: 'working' }]],
    [
      'a question',
      [
        event('PreToolUse', {
          tool_name: 'AskUserQuestion',
          tool_use_id: 't1',
          tool_input: { questions: [{ question: 'Which?' }] },
        }),
      ],
      [{ says: 'working' }, { says: 'asks', attention: 'question', id: 't1', detail: 'Which?' }],
    ],
    [
      'a permission of the call it is for',
      [event('PreToolUse', { ...call, tool_use_id: 't1' }), event('PermissionRequest', call)],
      [{ says: 'asks', attention: 'permission', id: 't1', detail: 'Bash: ls' }],
    ],
    [
      'not of another agent with the same call',
      [event('PreToolUse', { ...call, tool_use_id: 't1', agent_id: 'a1' }), event('PermissionRequest', call)],
      [{ says: 'asks', attention: 'permission', id: /^\/Bash\// }],
    ],
    [
      'of the last one where two are alike',
      [
        event('PreToolUse', { ...call, tool_use_id: 't1' }),
        event('PreToolUse', { ...call, tool_use_id: 't2' }),
        event('PermissionRequest', call),
      ],
      [{ says: 'asks', id: 't2' }],
    ],
    [
      'where permissions are bypassed',
      [event('PermissionRequest', { ...call, permission_mode: 'bypassPermissions' })],
      [],
    ],
    [
      'but a plan is shown there too',
      [
        event('PermissionRequest', {
          tool_name: 'ExitPlanMode',
          tool_input: { plan: '## Do it\nso' },
          permission_mode: 'bypassPermissions',
        }),
      ],
      [{ says: 'asks', attention: 'plan', detail: 'Do it' }],
    ],
    [
      'the end of a tool',
      [event('PostToolUse', { ...call, tool_use_id: 't1' })],
      [{ says: 'answered', id: 't1' }, { says: 'answered' }, { says: 'working' }],
    ],
    [
      'a tool that was broken off',
      [event('PostToolUseFailure', { ...call, tool_use_id: 't1', is_interrupt: true })],
      [{ says: 'answered', id: 't1' }, { says: 'answered' }],
    ],
    [
      'all calls are over',
      [event('PostToolBatch', { tool_calls: [] })],
      [{ says: 'answered', id: null }, { says: 'working' }],
    ],
    ['the end', [event('Stop')], [{ says: 'done', background: 0 }]],
    [
      'a plan that only one of the events has in full',
      [
        event('PreToolUse', { tool_name: 'ExitPlanMode', tool_use_id: 't1', tool_input: {} }),
        event('PreToolUse', { tool_name: 'ExitPlanMode', tool_use_id: 't2', tool_input: {}, agent_id: 'a1' }),
        event('PermissionRequest', { tool_name: 'ExitPlanMode', tool_input: { plan: '# Do it' } }),
      ],
      [{ says: 'asks', attention: 'plan', id: 't1', detail: 'Do it' }],
    ],
    [
      'auto mode says no',
      [event('PermissionDenied', { ...call, tool_use_id: 't1', reason: 'r' })],
      [{ says: 'answered', id: 't1' }, { says: 'answered' }, { says: 'working' }],
    ],
    [
      'an end with tasks and a loop behind it',
      [
        event('Stop', {
          background_tasks: [{ status: 'running' }, { status: 'pending' }, { status: 'failed' }, {}, null],
          session_crons: [{}],
        }),
      ],
      [{ says: 'done', background: 4 }],
    ],
    [
      'a failure',
      [event('StopFailure', { error: 'overloaded', last_assistant_message: 'API Error:\n529' })],
      [{ says: 'failed', detail: 'overloaded: API Error: 529' }],
    ],
    ['a failure without a word', [event('StopFailure')], [{ says: 'failed', detail: 'unknown' }]],
    [
      'an interrupt',
      [event('StopFailure', { error: 'user_interrupted' })],
      [{ says: 'done', background: 0 }],
    ],
    [
      'the end of a subagent, which may be on its own list still',
      [event('SubagentStop', { agent_id: 'a1', background_tasks: [{ id: 'a1' }, { id: 'a2' }] })],
      [
        { says: 'done', background: 0 },
        { says: 'background', count: 1 },
      ],
    ],
    ['the end of a session', [event('SessionEnd', { reason: 'clear' })], [{ says: 'done', background: 0 }]],
    ['compaction by hand', [event('PreCompact', { trigger: 'manual' })], [{ says: 'working' }]],
    ['compaction by hand is over', [event('PostCompact', { trigger: 'manual' })], [{ says: 'done' }]],
    ['compaction in a turn', [event('PostCompact', { trigger: 'auto' })], []],
    [
      'a form',
      [event('Elicitation', { mcp_server_name: 'db', message: 'Which?' })],
      [{ says: 'asks', attention: 'question', id: 'mcp/db/', detail: 'Which?' }],
    ],
    [
      'a form is filled in',
      [event('ElicitationResult', { mcp_server_name: 'db', action: 'cancel' })],
      [{ says: 'answered', id: 'mcp/db/' }, { says: 'working' }],
    ],
    ['nothing goes on', [notice('idle_prompt')], [{ says: 'waits' }]],
    ['a reminder of what asked already', [event('PermissionRequest', call), notice('permission_prompt')], []],
    [
      'a reminder of what did not',
      [event('PermissionRequest', call), event('Stop'), notice('permission_prompt', 'Claude needs you')],
      [{ says: 'asks', attention: 'permission', id: null, detail: 'Claude needs you' }],
    ],
    [
      'the network, of which nothing else tells',
      [event('PermissionRequest', call), notice('permission_prompt', 'allow network access?')],
      [{ says: 'asks', attention: 'permission', id: null }],
    ],
    ['a teammate asks', [notice('worker_permission_prompt')], [{ says: 'asks', attention: 'permission' }]],
    ['a reminder of a form', [event('Elicitation', {}), notice('elicitation_dialog')], []],
    ['a form that did not tell', [notice('elicitation_dialog')], [{ says: 'asks', attention: 'question' }]],
    ['the limit is over', [notice('quota_auto_resume_fired')], [{ says: 'working' }]],
    [
      'the limit is over, long ago',
      [notice('quota_auto_resume_stale')],
      [{ says: 'asks', attention: 'question' }],
    ],
    ['it will not go on', [notice('quota_auto_resume_disabled')], [{ says: 'failed', detail: 'm' }]],
    ['of other conversations', [notice('agent_needs_input')], []],
    ['of a later version', [event('Teleported'), event('constructor')], []],
  ]
  for (const [about, bodies, meanings] of rows) {
    const found = said(...bodies)
    t.equal(found.length, meanings.length, about)
    t.match(found, meanings, about)
  }
})

void t.test('events of a subagent carry its id, and the type alone means nothing', async (t) => {
  const read = openClaudeReader()
  const body = event('PreToolUse', { agent_id: 'a1', agent_type: 'Explore' })
  t.match(read({ source: 'claude', pid: 3, body }), [
    { thread: '', subagent: 'a1', pid: null, name: 'PreToolUse' },
  ])
  const main = event('PreToolUse', { agent_type: 'Explore' })
  t.match(read({ source: 'claude', pid: 3, body: main }), [{ subagent: null }])
})

void t.test('events of another session are of a subagent', async (t) => {
  const of = (session_id: string, name: string, more = {}): object => event(name, { session_id, ...more })
  const start = (session: string, source: string): object => of(session, 'SessionStart', { source })
  const typed = (session: string): object => of(session, 'UserPromptSubmit', { prompt: 'x', source: 'user' })
  const tasks = { background_tasks: [{ id: 'x', status: 'running' }] }
  const rows: [about: string, bodies: object[], subagent: string | null, says: string[]][] = [
    ['an end', [typed('a'), of('b', 'Stop', tasks)], 'b', ['done']],
    [
      'the end of its own subagent',
      [typed('a'), of('b', 'SubagentStop', { agent_id: 'x', ...tasks })],
      'b',
      [],
    ],
    ['the end of it', [typed('a'), of('b', 'SessionEnd', { reason: 'other' })], 'b', ['done']],
    ['then the first one goes on', [typed('a'), of('b', 'SessionEnd'), of('a', 'Stop')], null, ['done']],
    ['a failure', [typed('a'), of('b', 'StopFailure')], 'b', ['failed']],
    ['a wake-up', [typed('a'), of('b', 'UserPromptSubmit', { source: 'system' })], 'b', ['working']],
    ['the first one', [of('a', 'UserPromptSubmit', { source: 'system' })], null, ['working']],
    ['a person types', [typed('a'), typed('b'), of('b', 'Stop')], null, ['done']],
    ['a start', [typed('a'), start('b', 'clear'), of('b', 'Stop')], null, ['done']],
    ['after the end of the first one', [typed('a'), of('a', 'SessionEnd'), of('b', 'Stop')], null, ['done']],
    [
      'late, after its end',
      [typed('a'), of('a', 'SessionEnd'), of('a', 'PostToolBatch')],
      'a',
      ['answered', 'working'],
    ],
    [
      'a start, late, after its end',
      [typed('a'), of('a', 'SessionEnd'), typed('b'), start('a', 'startup')],
      null,
      [],
    ],
    [
      'it is resumed',
      [typed('a'), of('a', 'SessionEnd'), start('a', 'resume'), of('a', 'Stop')],
      null,
      ['done'],
    ],
    ['without a name', [typed('a'), { hook_event_name: 'Stop' }], null, ['done']],
  ]
  for (const [about, bodies, subagent, says] of rows) {
    const read = openClaudeReader()
    const found = bodies.map((body) => read({ source: 'claude', pid: null, body })).at(-1)!
    t.same(
      found.map(({ meaning }) => meaning.says),
      says,
      about,
    )
    t.ok(
      found.every((one) => one.subagent === subagent),
      about,
    )
  }
  const read = openClaudeReader()
  for (const body of [typed('a'), of('a', 'Stop', tasks), of('b', 'Stop')])
    read({ source: 'claude', pid: null, body })
  const [waits] = read({ source: 'claude', pid: null, body: of('a', 'PostCompact', { trigger: 'manual' }) })
  t.match(waits, { subagent: null, meaning: { says: 'done', background: 1 } }, 'what runs here still does')
})

void t.test('with -p nothing is asked', async (t) => {
  const body = event('PermissionRequest', { tool_name: 'Bash' })
  t.same(openClaudeReader()({ source: 'claude-print', pid: null, body }), [])
})

void t.test('no body breaks the reader, and texts stay short', async (t) => {
  const words = (text: string): fc.Arbitrary<string> => fc.constantFrom(...text.split(/\s+/))
  const names = words(
    `SessionStart UserPromptSubmit PreToolUse PermissionRequest PostToolUse PostToolBatch PostToolUseFailure
    Notification Stop StopFailure SubagentStop SessionEnd PreCompact PostCompact Elicitation ElicitationResult
    PermissionDenied __proto__`,
  )
  const fields = words(
    `tool_name tool_input tool_use_id agent_id session_id source prompt message error notification_type
    background_tasks session_crons trigger permission_mode elicitation_id`,
  )
  const value = fc.oneof(
    fc.anything(),
    fc.constantFrom(
      'AskUserQuestion',
      'ExitPlanMode',
      'constructor',
      'permission_prompt',
      'manual',
      'x'.repeat(5_000),
    ),
  )
  const body = fc.oneof(
    fc.anything(),
    fc.tuple(names, fc.dictionary(fields, value)).map(([name, rest]) => ({ ...rest, hook_event_name: name })),
  )
  fc.assert(
    fc.property(fc.array(body, { maxLength: 20 }), (bodies) => {
      const read = openClaudeReader()
      return bodies.every((one) =>
        read({ source: 'claude', pid: null, body: one }).every(
          ({ meaning, name, subagent }) =>
            Array.from('detail' in meaning ? (meaning.detail ?? '') : '').length <= 140 &&
            name.length <= 300 &&
            (subagent ?? '').length <= 128,
        ),
      )
    }),
  )
  let deep: unknown = 1
  for (let i = 0; i < 20_000; i++) deep = [deep]
  t.match(said(event('PermissionRequest', { tool_name: 'X', tool_input: deep })), [{ says: 'asks' }])
})
